"""One root field is one statement, and documents that differ only in values share its text."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
import pytest

from threescore.access.idempotency import KeptAnswers
from threescore.access.keys import signing_secret
from threescore.access.tokens import Claims, Tokens
from threescore.catalog.state import Stale, Workspaces
from threescore.db.pool import Connection, Database
from threescore.graphql.core.execute import CoreGraphql
from threescore.graphql.limits import Limits
from threescore.graphql.request import GraphqlRequest
from threescore.query.plan import FindByIds
from threescore.records.caller import Caller
from threescore.records.service import Records

pytestmark = pytest.mark.anyio

ACME = "22222222-2222-4222-8222-000000000001"
ADA = "11111111-1111-4111-8111-000000000001"
BOB = "11111111-1111-4111-8111-000000000002"
NOT_OURS = ("BEGIN", "COMMIT", "ROLLBACK", "WITH RECURSIVE typeinfo_tree", "SELECT\n ")
"""The ends of transactions, and what the driver asks once of each connection."""


class CountingDatabase(Database):
    """A pool that notes the statements that go over its connections."""

    def __init__(self, url: str, size: int = 10) -> None:
        super().__init__(url, size)
        self.statements: list[str] = []

    async def _take(self) -> Connection:
        connection = await super()._take()
        connection.add_query_logger(self._note)
        return connection

    async def said(self) -> int:
        """How many statements there were. The driver notes them in the loop's next turn."""
        await asyncio.sleep(0)
        return len(self.statements)

    def _note(self, logged: Any) -> None:
        if not logged.query.strip().startswith(NOT_OURS):
            self.statements.append(logged.query)


class Interrupted(Records):
    """Finds that the model has changed, once, between a write and the read that shows what was written."""

    interrupted = False

    async def find_by_ids(self, caller: Caller, plan: FindByIds, arguments: Sequence[Any]) -> bytes:
        if not self.interrupted:
            self.interrupted = True
            raise Stale
        return await super().find_by_ids(caller, plan, arguments)


class Worker:
    """A worker process's knowledge of one workspace, asked as the transport asks it."""

    def __init__(self, database: CountingDatabase, claims: Claims, records: type[Records] = Records) -> None:
        self.database = database
        self._claims = claims
        self._workspaces = Workspaces(database)
        answers = KeptAnswers(database, "s" * 32)
        self._graphql = CoreGraphql(database, self._workspaces, records(database, 60), Limits(), answers)

    async def ask(self, query: str, **variables: Any) -> Any:
        """The data of a request that must succeed."""
        answer = await self._graphql.execute(self._claims, GraphqlRequest(query, variables))
        body = msgspec.json.decode(answer.body)
        assert "errors" not in body, body["errors"]
        return body["data"]

    async def count(self, query: str, **variables: Any) -> int:
        """How many statements a request takes."""
        before = await self.database.said()
        await self.ask(query, **variables)
        return await self.database.said() - before

    async def plans(self) -> int:
        """How many texts of statements the worker keeps for the workspace."""
        state = await self._workspaces.get(self._claims.workspace_id)
        return len(state.model.__dict__["statements"])


@pytest.fixture
async def worker(database_url: str, token: str, anyio_backend: str) -> AsyncIterator[Worker]:
    database = CountingDatabase(database_url, 4)
    claims = Tokens(await signing_secret(database, None)).verify(token)
    worker = Worker(database, claims)
    await worker.ask(
        f"""mutation {{
            createCompany(data: {{
                id: "{ACME}", name: "Acme", domainName: {{primaryLinkUrl: "https://acme.example"}}
            }}) {{ id }}
            createPeople(data: [
                {{id: "{ADA}", companyId: "{ACME}", jobTitle: "CTO", emails: {{primaryEmail: "ada@acme.example"}}}}
                {{id: "{BOB}", companyId: "{ACME}"}}
            ]) {{ id }}
        }}"""
    )
    yield worker
    await database.close()


PERSON = f'filter: {{id: {{eq: "{ADA}"}}}}'


@pytest.mark.parametrize(
    "document",
    [
        "{ people { totalCount } }",
        """{ people(first: 60, filter: {jobTitle: {is: NOT_NULL}}, orderBy: {position: DescNullsLast}) {
            edges { node { id company { name } } }
        } }""",
        """{ companies {
            totalCount pageInfo { endCursor }
            edges { cursor node { people(first: 10) {
                totalCount pageInfo { hasNextPage endCursor } edges { node { id } }
            } } }
        } }""",
        """{ companies(first: 5) { edges { node { people(first: 5) { edges { node { company { people { edges { node {
            company { id people { totalCount } }
        } } } } } } } } } } }""",
        """{ companies { edges { node { opportunities { edges { node { pointOfContact { company { people {
            edges { node { id } }
        } } } } } } } } } }""",
        f"""{{ person({PERSON}) {{
            id company {{ accountOwner {{ name {{ firstName }} }} people {{ totalCount }} }}
        }} }}""",
        "{ people { countEmptyJobTitle maxCreatedAt percentageEmptyJobTitle countUniqueValuesJobTitle } }",
        "{ companies { sumAnnualRevenueAmountMicros edges { node { people { countEmptyJobTitle } } } } }",
        """{ peopleGroupBy(groupBy: [{company: {name: true}}]) {
            groupByDimensionValues totalCount edges { node { company { people { totalCount } } } }
        } }""",
        f'{{ personDuplicates(ids: ["{ADA}", "{BOB}"]) {{ totalCount edges {{ node {{ company {{ name }} }} }} }} }}',
        '{ personDuplicates(data: [{emails: {primaryEmail: "ada@acme.example"}}]) { totalCount } }',
        '{ search(searchInput: "ada", limit: 5) { edges { node { label } } } }',
        'mutation { createPerson(data: {jobTitle: "x"}) { id company { name people: id } } }',
        f'mutation {{ createPerson(data: {{companyId: "{ACME}"}}) {{ company {{ name accountOwner {{ id }} }} }} }}',
        f'mutation {{ updatePerson(id: "{ADA}", data: {{jobTitle: "y", position: "last"}}) {{ company {{ name }} }} }}',
        f'mutation {{ updatePeople({PERSON}, data: {{jobTitle: "y"}}) {{ company {{ name }} }} }}',
        f'mutation {{ deletePerson(id: "{ADA}") {{ id company {{ name }} }} }}',
        f"mutation {{ deletePeople({PERSON}) {{ id }} }}",
        f'mutation {{ restorePerson(id: "{ADA}") {{ id }} }}',
        f"mutation {{ restorePeople({PERSON}) {{ id }} }}",
        f'mutation {{ destroyPerson(id: "{ADA}") {{ id company {{ name }} }} }}',
        f"mutation {{ destroyPeople({PERSON}) {{ id }} }}",
        f'mutation {{ destroyCompany(id: "{ACME}") {{ people {{ edges {{ node {{ id }} }} }} }} }}',
    ],
)
async def test_a_root_field_is_one_statement(worker: Worker, document: str) -> None:
    assert await worker.count(document) == 1


async def test_batches_are_one_statement(worker: Worker) -> None:
    document = """mutation($data: [PersonCreateInput!]!, $upsert: Boolean) {
        createPeople(data: $data, upsert: $upsert) { id company { name } }
    }"""
    people = [{"emails": {"primaryEmail": f"{n}@batch.example"}, "companyId": ACME} for n in range(60)]
    assert await worker.count(document, data=people) == 1
    assert await worker.count(document, data=people, upsert=True) == 1


async def test_a_mutation_that_shows_lists_reads_once_more(worker: Worker) -> None:
    lists = "people { totalCount edges { node { company { people { totalCount } } } } } opportunities { totalCount }"
    for document in (
        f"mutation {{ createCompany(data: {{}}) {{ {lists} }} }}",
        f'mutation {{ updateCompany(id: "{ACME}", data: {{name: "A"}}) {{ {lists} }} }}',
        f"mutation {{ createCompanies(data: [{{}}, {{}}]) {{ {lists} }} }}",
        f'mutation {{ deleteCompany(id: "{ACME}") {{ {lists} }} }}',
    ):
        assert await worker.count(document) == 2


@pytest.mark.parametrize("verb", ['createCompany(data: {name: "New"})', 'createCompanies(data: [{name: "New"}])'])
async def test_a_model_that_changes_after_a_write_does_not_write_again(worker: Worker, token: str, verb: str) -> None:
    database = worker.database
    claims = Tokens(await signing_secret(database, None)).verify(token)
    other = Worker(database, claims, Interrupted)
    answer = await other.ask(f"mutation {{ made: {verb} {{ name people {{ totalCount }} }} }}")
    made = {"name": "New", "people": {"totalCount": 0}}
    assert answer["made"] in (made, [made])
    found = await worker.ask('{ companies(filter: {name: {eq: "New"}}) { totalCount } }')
    assert found == {"companies": {"totalCount": 1}}


async def test_connecting_looks_up_each_kind_of_key_once(worker: Worker) -> None:
    document = "mutation($data: [PersonCreateInput!]!) { createPeople(data: $data) { companyId } }"
    by_domain = {"company": {"connect": {"where": {"domainName": {"primaryLinkUrl": "https://acme.example"}}}}}
    assert await worker.count(document, data=[by_domain] * 60) == 2
    by_id = {"company": {"connect": {"where": {"id": ACME}}}}
    assert await worker.count(document, data=[by_domain, by_id] * 30) == 3


async def test_each_root_field_is_a_statement_of_its_own(worker: Worker) -> None:
    document = "{ a: people { totalCount } b: people { totalCount } companies { edges { node { id } } } __typename }"
    assert await worker.count(document) == 3


@pytest.mark.parametrize(
    "documents",
    [
        [f'{{ people(filter: {{jobTitle: {{eq: "{n}"}}}}) {{ totalCount }} }}' for n in range(5)],
        [f"{{ people(filter: {{position: {{gt: {n}}}}}) {{ totalCount }} }}" for n in (1, -1, 1.5, '"2"')],
        [
            f"{{ people(filter: {{jobTitle: {{in: {values}}}}}) {{ totalCount }} }}"
            for values in ('["a"]', '["a", "b", "c"]')
        ],
        [f"{{ people(first: {n}) {{ edges {{ node {{ id }} }} }} }}" for n in (11, 12, 20, 13)],
        [
            f"{{ companies {{ edges {{ node {{ people(first: {n}) {{ edges {{ node {{ id }} }} }} }} }} }} }}"
            for n in (6, 7, 10)
        ],
        [f"{{ people(offset: {n}) {{ edges {{ node {{ id }} }} }} }}" for n in (0, 1, 1000)],
        [f'{{ person(filter: {{id: {{eq: "{i}"}}}}) {{ id }} }}' for i in (ADA, BOB)],
        [f"{{ peopleGroupBy(groupBy: {{jobTitle: true}}, limit: {n}) {{ totalCount }} }}" for n in (5, 6, 500)],
        [
            f'{{ peopleGroupBy(groupBy: {{createdAt: {{granularity: DAY, timeZone: "{zone}"}}}}) {{ totalCount }} }}'
            for zone in ("UTC", "Europe/Paris")
        ],
        [f'{{ personDuplicates(ids: ["{i}"]) {{ totalCount }} }}' for i in (ADA, BOB)],
        [f'{{ search(searchInput: "{text}", limit: {n}) {{ edges {{ cursor }} }} }}' for n, text in enumerate("abc")],
        [f'mutation {{ createPerson(data: {{jobTitle: "{n}"}}) {{ id }} }}' for n in range(3)],
        [f"mutation {{ createPeople(data: [{', '.join(['{city: null}'] * n)}]) {{ id }} }}" for n in (1, 2, 60)],
        [
            f'mutation {{ createPerson(upsert: true, data: {{id: "{ADA}", jobTitle: "{n}"}}) {{ id }} }}'
            for n in range(3)
        ],
        [f'mutation {{ updatePerson(id: "{i}", data: {{jobTitle: "{i}"}}) {{ id }} }}' for i in (ADA, BOB)],
        [
            f'mutation {{ updatePeople(filter: {{city: {{eq: "{n}"}}}}, data: {{jobTitle: "{n}"}}) {{ id }} }}'
            for n in range(3)
        ],
        [f'mutation {{ deletePeople(filter: {{city: {{eq: "{n}"}}}}) {{ id }} }}' for n in range(3)],
        [f'mutation {{ destroyPerson(id: "{i}") {{ id }} }}' for i in (ADA, BOB)],
        ["{ people { totalCount } }", "query A { people { ...F } } fragment F on PersonConnection { totalCount }"],
    ],
)
async def test_documents_that_differ_only_in_values_share_a_statement(worker: Worker, documents: list[str]) -> None:
    before = await worker.plans()
    await worker.ask(documents[0])
    assert await worker.plans() == before + 1
    for document in documents[1:]:
        await worker.ask(document)
    assert await worker.plans() == before + 1


async def test_pages_of_any_length_need_few_statements(worker: Worker) -> None:
    before = await worker.plans()
    for length in range(1, 1001, 7):
        await worker.ask(f"{{ people(first: {length}) {{ edges {{ node {{ id }} }} }} }}")
    assert await worker.plans() - before <= 10


async def test_statements_that_are_very_long_are_not_kept(worker: Worker) -> None:
    before = await worker.plans()
    filter = {"or": [{"jobTitle": {"eq": f"{n}"}} for n in range(1990)]}
    await worker.ask("query($f: PersonFilterInput) { people(filter: $f) { totalCount } }", f=filter)
    assert await worker.plans() == before


async def test_root_fields_of_a_query_run_at_the_same_time(worker: Worker) -> None:
    """On connections of their own: where one has to wait, the others are answered meanwhile."""
    async with worker.database.acquire() as blocker, blocker.transaction():
        state = await worker._workspaces.get(worker._claims.workspace_id)
        await blocker.execute(f'LOCK TABLE "{state.model.schema}".company IN ACCESS EXCLUSIVE MODE')
        document = "{ companies { totalCount } people { totalCount } notes { totalCount } }"
        asked = asyncio.create_task(worker.ask(document))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(asked), 1)
        said = worker.database.statements[-2:]
        assert any('"person"' in statement for statement in said)
        assert any('"note"' in statement for statement in said)
    assert (await asked)["people"] == {"totalCount": 2}
