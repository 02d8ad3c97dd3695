"""Requests sent more than once with one Idempotency-Key count once: over both workers, through all doors."""

import asyncio
import json
import random
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import psutil
import pytest
from anyio.from_thread import BlockingPortal

from tests.records.wire import create, get, person, refusal, total
from tests.support import serving, wait_until
from threescore.catalog.workspaces import Workspace
from threescore.db.pool import Database

PERSON = person("Ada", "ada@example.com")


def keyed(key: str | None = None) -> dict[str, str]:
    return {"Idempotency-Key": key or str(uuid4())}


def same(first: httpx.Response, again: httpx.Response) -> None:
    """The second answer is the first one, byte for byte, and says that it is."""
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["content-type"] == first.headers["content-type"]
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"


@pytest.fixture
def sql(portal: BlockingPortal, shared_db: Database) -> Callable[..., Any]:
    """Runs a statement and gives its first value."""
    return lambda text, *arguments: portal.call(shared_db.fetchval, text, *arguments)


async def at_once(server: str, token: str, count: int, send: Callable[[httpx.AsyncClient, int], Any]) -> list[Any]:
    headers = {"Authorization": f"Bearer {token}"}
    limits = httpx.Limits(max_connections=count, max_keepalive_connections=count)
    async with httpx.AsyncClient(base_url=server, headers=headers, timeout=60, limits=limits) as client:
        return await asyncio.gather(*(send(client, number) for number in range(count)))


async def waits_for_lock(database: Database, workspace: Workspace) -> None:
    """Returns when a statement about the workspace's records waits for a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1"
    async with asyncio.timeout(30):
        while not await database.fetchval(waiting, f"%{workspace.schema}%"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


# What is repeated


def test_a_repeat_gets_the_first_answer(api: httpx.Client) -> None:
    headers = keyed()
    first = api.post("/rest/people", json=PERSON, headers=headers)
    assert first.status_code == 201
    same(first, api.post("/rest/people", json=PERSON, headers=headers))
    same(first, api.post("/rest/people", json=PERSON, headers=headers))
    assert total(api, "people") == 1


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "batch/companies", [{"name": "b"}, {"name": "c"}]),
        ("POST", "companies?upsert=true", {"name": "b"}),
        ("PATCH", "companies/{id}", {"employees": 3}),
        ("PATCH", "companies?filter=id[eq]:{id}", {"employees": 3}),
        ("DELETE", "companies/{id}", None),
        ("DELETE", "companies/{id}?soft_delete=true", None),
        ("DELETE", "companies?filter=id[eq]:{id}", None),
        ("PATCH", "restore/companies/{id}", None),
        ("PATCH", "companies/merge", {"ids": ["{id}", "{other}"], "conflictPriorityIndex": 0}),
    ],
)
def test_every_write_of_records_can_be_repeated(api: httpx.Client, method: str, path: str, body: Any) -> None:
    names = {"{id}": create(api, "companies", {"name": "a"})["id"], "{other}": create(api, "companies", {})["id"]}
    content = json.dumps(body)
    for name, value in names.items():
        path, content = path.replace(name, value), content.replace(name, value)
    headers = keyed() | {"Content-Type": "application/json"}
    first = api.request(method, f"/rest/{path}", content=None if body is None else content, headers=headers)
    assert first.status_code in (200, 201), first.text
    count = total(api, "companies")
    same(first, api.request(method, f"/rest/{path}", content=None if body is None else content, headers=headers))
    assert total(api, "companies") == count


def test_nested_creates_are_repeated(api: httpx.Client) -> None:
    body = {"jobTitle": "CTO", "company": {"create": {"name": "New"}}}
    headers = keyed()
    first = api.post("/rest/people", json=body, headers=headers)
    same(first, api.post("/rest/people", json=body, headers=headers))
    assert (total(api, "people"), total(api, "companies")) == (1, 1)


def test_reads_ignore_the_key(api: httpx.Client, workspace: Workspace, sql: Callable[..., Any]) -> None:
    headers = keyed()
    create(api, "companies", {"name": "a"})
    assert api.get("/rest/companies", headers=headers).json()["totalCount"] == 1
    create(api, "companies", {"name": "b"})
    assert api.get("/rest/companies", headers=headers).json()["totalCount"] == 2
    assert api.get("/rest/people", headers=headers).status_code == 200
    assert api.post("/rest/people/duplicates", json={"ids": []}, headers=headers).status_code == 200
    query = {"query": "{ companies { totalCount } }"}
    assert api.post("/graphql", json=query, headers=headers).json() == {"data": {"companies": {"totalCount": 2}}}
    assert api.post("/metadata", json={"query": "{ currentWorkspace { id } }"}, headers=keyed("x" * 300)).is_success
    assert sql(f'SELECT count(*) FROM "{workspace.schema}"._idempotency') == 0


# What is refused


def test_another_request_with_the_key_is_refused(api: httpx.Client) -> None:
    headers = keyed("a key")
    made = api.post("/rest/people", json=PERSON, headers=headers).json()["data"]["createPerson"]
    refused = [
        api.post("/rest/people", json=person("Bob"), headers=headers),
        api.post("/rest/people?depth=1", json=PERSON, headers=headers),
        api.post("/rest/companies", json=PERSON, headers=headers),
        api.patch(f"/rest/people/{made['id']}", json=PERSON, headers=headers),
        api.post("/rest/metadata/objects", json=PERSON, headers=headers),
    ]
    for response in refused:
        body = refusal(response, 422)
        assert body["code"] == "IDEMPOTENCY_KEY_REUSED"
    graphql = api.post("/graphql", json={"query": "mutation { createPerson(data: {}) { id } }"}, headers=headers)
    assert graphql.status_code == 422
    assert graphql.json()["errors"][0]["extensions"]["subCode"] == "IDEMPOTENCY_KEY_REUSED"
    assert total(api, "people") == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "ü", "a\tb"])
def test_a_malformed_key_is_refused(api: httpx.Client, key: str) -> None:
    response = api.post("/rest/people", json=PERSON, headers={b"Idempotency-Key": key.encode("latin-1")})
    assert "Idempotency-Key" in refusal(response)["messages"][0]
    graphql = api.post(
        "/graphql",
        json={"query": "mutation { createPerson(data: {}) { id } }"},
        headers={b"Idempotency-Key": key.encode("latin-1")},
    )
    assert "Idempotency-Key" in graphql.json()["errors"][0]["message"]
    assert total(api, "people") == 0


def test_the_longest_key(api: httpx.Client) -> None:
    headers = keyed("x" * 255)
    same(api.post("/rest/people", json={}, headers=headers), api.post("/rest/people", json={}, headers=headers))


def test_keys_belong_to_their_callers(
    api: httpx.Client, server: str, workspace: Workspace, new_token: Callable[[Workspace], str]
) -> None:
    headers = keyed()
    first = api.post("/rest/companies", json={"name": "a"}, headers=headers)
    other = {"Authorization": f"Bearer {new_token(workspace)}", **headers}
    second = httpx.post(f"{server}/rest/companies", json={"name": "a"}, headers=other)
    assert second.status_code == 201
    assert second.content != first.content
    assert total(api, "companies") == 2


def test_one_that_is_being_worked_on(
    api: httpx.Client, server: str, token: str, workspace: Workspace, database_url: str
) -> None:
    """A request waits for a locked table; meanwhile its repeats are told so; then it is answered."""

    async def scenario() -> None:
        database = await Database.connect(database_url, 2)
        headers = {"Authorization": f"Bearer {token}", **keyed()}
        async with httpx.AsyncClient(base_url=server, headers=headers, timeout=30) as client:
            async with database.transaction() as connection:
                await connection.execute(f'LOCK TABLE "{workspace.schema}".company IN ACCESS EXCLUSIVE MODE')
                first = asyncio.create_task(client.post("/rest/companies", json={"name": "a"}))
                await waits_for_lock(database, workspace)
                for path in ("/rest/companies", "/rest/people"):
                    refused = refusal(await client.post(path, json={"name": "a"}), 409)
                    assert refused["code"] == "IDEMPOTENCY_KEY_IN_USE"
            done = await first
            assert done.status_code == 201
            same(done, await client.post("/rest/companies", json={"name": "a"}))
        await database.close()

    asyncio.run(scenario())


def test_definite_refusals_are_repeated(api: httpx.Client) -> None:
    """Even where the same request would be fine by now: whoever asks again learns what became of the first one."""
    company_id = str(uuid4())
    headers, body = keyed(), {"companyId": company_id}
    first = api.post("/rest/people", json=body, headers=headers)
    refusal(first)
    create(api, "companies", {"id": company_id})
    same(first, api.post("/rest/people", json=body, headers=headers))
    missing = keyed()
    first = api.patch(f"/rest/people/{uuid4()}", json={}, headers=missing)
    refusal(first, 404)
    assert total(api, "people") == 0


def test_who_is_not_let_in_uses_up_no_key(api: httpx.Client, server: str) -> None:
    headers = keyed()
    assert httpx.post(f"{server}/rest/people", json=PERSON, headers=headers).status_code == 403
    assert api.post("/rest/people", json=PERSON, headers=headers).status_code == 201


def test_a_conflict_is_not_kept(api: httpx.Client, workspace: Workspace, sql: Callable[..., Any]) -> None:
    before = f'SELECT count(*) FROM "{workspace.schema}"._idempotency'
    api.post("/metadata", json={"query": RENAME, "variables": {"name": workspace.name}}, headers=keyed())
    assert sql(before) == 1
    taken = sql("SELECT name FROM threescore.workspace WHERE id <> $1 LIMIT 1", workspace.id)
    if taken is None:
        taken = sql(
            "INSERT INTO threescore.workspace (id, name, schema, version) VALUES ($1, $2, $2, 1) RETURNING name",
            uuid4(),
            f"Other {uuid4()}",
        )
    headers = keyed()
    refused = api.post("/metadata", json={"query": RENAME, "variables": {"name": taken}}, headers=headers)
    assert refused.json()["errors"][0]["extensions"]["code"] == "CONFLICT"
    assert sql(before) == 1


RENAME = "mutation($name: String) { updateWorkspace(data: {displayName: $name}) { displayName } }"


# Expiry


def test_answers_are_forgotten_after_a_day(api: httpx.Client, workspace: Workspace, sql: Callable[..., Any]) -> None:
    table = f'"{workspace.schema}"._idempotency'
    headers = keyed()
    for _ in range(25):
        api.post("/rest/companies", json={}, headers=keyed())
    api.post("/rest/companies", json={"name": "a"}, headers=headers)
    sql(f"UPDATE {table} SET at = now() - interval '23 hours 59 minutes'")
    again = api.post("/rest/companies", json={"name": "a"}, headers=headers)
    assert again.headers["idempotent-replayed"] == "true"
    sql(f"UPDATE {table} SET at = now() - interval '24 hours 1 second'")
    anew = api.post("/rest/companies", json={"name": "b"}, headers=headers)
    assert anew.status_code == 201
    assert "idempotent-replayed" not in anew.headers
    same(anew, api.post("/rest/companies", json={"name": "b"}, headers=headers))
    # Each new answer takes some old ones away.
    for _ in range(2):
        api.post("/rest/companies", json={}, headers=keyed())
    assert sql(f"SELECT count(*) FROM {table}") == 3


# GraphQL and the model


def test_graphql_mutations_are_repeated(api: httpx.Client) -> None:
    headers = keyed()
    body = {
        "query": """mutation($name: String) {
            one: createCompany(data: {name: $name}) { id people { totalCount } }
            two: createPerson(data: {jobTitle: $name}) { id }
        }""",
        "variables": {"name": "New"},
    }
    first = api.post("/graphql", json=body, headers=headers)
    assert "errors" not in first.json()
    same(first, api.post("/graphql", json=body, headers=headers))
    other = api.post("/graphql", json=body | {"variables": {"name": "Other"}}, headers=headers)
    assert other.status_code == 422
    assert (total(api, "people"), total(api, "companies")) == (1, 1)


def test_a_graphql_mutation_half_refused_is_repeated(api: httpx.Client) -> None:
    headers = keyed()
    body = {
        "query": f"""mutation {{
            fine: createCompany(data: {{name: "New"}}) {{ id }}
            refused: updatePerson(id: "{uuid4()}", data: {{}}) {{ id }}
            also: createCompany(data: {{name: "New too"}}) {{ id }}
            nobody: destroyPeople(filter: {{id: {{eq: "{uuid4()}"}}}}) {{ id }}
        }}"""
    }
    first = api.post("/graphql", json=body, headers=headers)
    assert first.json()["data"]["also"]
    assert len(first.json()["errors"]) == 1
    same(first, api.post("/graphql", json=body, headers=headers))
    assert total(api, "companies") == 2


def test_changes_of_the_model_are_repeated(api: httpx.Client) -> None:
    headers = keyed()
    body = {"nameSingular": "rocket", "namePlural": "rockets", "labelSingular": "Rocket", "labelPlural": "Rockets"}
    first = api.post("/rest/metadata/objects", json=body, headers=headers)
    assert first.status_code == 201, first.text
    same(first, api.post("/rest/metadata/objects", json=body, headers=headers))
    create(api, "rockets", {"name": "V2"})
    # Without the key the name is taken.
    refused = keyed()
    second = api.post("/rest/metadata/objects", json=body, headers=refused)
    assert second.status_code == 400
    same(second, api.post("/rest/metadata/objects", json=body, headers=refused))

    field = {"objectMetadataId": first.json()["id"], "name": "thrust", "label": "Thrust", "type": "NUMBER"}
    query = "mutation($f: CreateFieldInput!) { createOneField(input: {field: $f}) { id name } }"
    headers = keyed()
    made = api.post("/metadata", json={"query": query, "variables": {"f": field}}, headers=headers)
    assert "errors" not in made.json(), made.text
    same(made, api.post("/metadata", json={"query": query, "variables": {"f": field}}, headers=headers))
    create(api, "rockets", {"thrust": 5})


# All at once


def test_a_hundred_at_once_make_one(api: httpx.Client, server: str, token: str) -> None:
    headers = keyed()

    async def send(client: httpx.AsyncClient, _number: int) -> httpx.Response:
        answer = await client.post("/rest/people", json=PERSON, headers=headers)
        while answer.status_code == 409:
            await asyncio.sleep(0.05)
            answer = await client.post("/rest/people", json=PERSON, headers=headers)
        return answer

    answers = asyncio.run(at_once(server, token, 100, send))
    assert Counter(answer.status_code for answer in answers) == {201: 100}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    assert total(api, "people") == 1


@pytest.mark.parametrize("seed", range(4))
def test_any_mixture_makes_each_record_once(api: httpx.Client, server: str, token: str, seed: int) -> None:
    """Two requests for each key, over REST and GraphQL, with upserts and deletions between: one of them wins."""
    chance = random.Random(seed)
    keys = [f"{seed}-{number}" for number in range(12)]
    jobs = [(key, variant) for key in keys for variant in (0, 0, 0, 0, 1, 1)]
    chance.shuffle(jobs)

    async def send(client: httpx.AsyncClient, number: int) -> tuple[str, int, int]:
        key, variant = jobs[number]
        title = f"{key}/{variant}"
        await asyncio.sleep(chance.random() / 5)
        if int(key.split("-")[1]) % 2:
            query = f'mutation {{ createPerson(data: {{jobTitle: "{title}"}}) {{ id }} }}'
            answer = await client.post("/graphql", json={"query": query}, headers=keyed(key))
        else:
            answer = await client.post("/rest/people", json={"jobTitle": title}, headers=keyed(key))
        if chance.random() < 0.3:
            await client.delete(f"/rest/people?filter=jobTitle[eq]:nothing-{title}", headers=keyed(f"{key}-{number}"))
        return key, variant, answer.status_code

    answers = asyncio.run(at_once(server, token, len(jobs), send))
    for key in keys:
        fine = {variant for k, variant, status in answers if k == key and status in (200, 201)}
        assert len(fine) == 1, answers
        assert {status for k, _, status in answers if k == key} <= {200, 201, 409, 422}
    assert total(api, "people") == len(keys)


def test_collisions_of_different_keys_are_begun_again(api: httpx.Client, server: str, token: str) -> None:
    """Deletions of related records at the same time, each under REPEATABLE READ, and upserts of one record."""
    company = create(api, "companies", {"name": "a"})
    people = [create(api, "people", {"companyId": company["id"]}) for _ in range(12)]

    async def send(client: httpx.AsyncClient, number: int) -> int:
        if number == 3:
            path = f"/rest/companies/{company['id']}"
            return (await client.delete(path, headers=keyed())).status_code
        if number % 2:
            path = f"/rest/people/{people[number // 2]['id']}"
            return (await client.delete(path, headers=keyed())).status_code
        body = person("Ada", "one@example.com")
        return (await client.post("/rest/people?upsert=true", json=body, headers=keyed())).status_code

    answers = asyncio.run(at_once(server, token, 24, send))
    assert set(answers) == {200, 201}, answers
    assert total(api, "people", filter="emails.primaryEmail[eq]:one@example.com") == 1
    assert total(api, "people") == 2


# Sudden ends


@pytest.fixture
def fragile(database_url: str) -> Iterator[Any]:
    """A server of its own, whose workers may be killed."""
    with serving(THREESCORE_DATABASE_URL=database_url, THREESCORE_WORKERS="2") as running:
        yield running


def test_a_killed_server_leaves_no_key_in_use(
    fragile: Any, token: str, workspace: Workspace, database_url: str, api: httpx.Client
) -> None:
    headers = {"Authorization": f"Bearer {token}", **keyed()}

    async def scenario() -> None:
        database = await Database.connect(database_url, 2)
        async with (
            httpx.AsyncClient(base_url=fragile.url, headers=headers, timeout=30) as client,
            database.transaction() as connection,
        ):
            # The request has written its record and cannot keep its answer yet.
            await connection.execute(f'LOCK TABLE "{workspace.schema}"._event IN ACCESS EXCLUSIVE MODE')
            first = asyncio.create_task(client.post("/rest/companies", json={"name": "a"}))
            await waits_for_lock(database, workspace)
            for process in fragile.family()[1:]:
                process.send_signal(signal.SIGKILL)
            with pytest.raises(httpx.TransportError):
                await first
        await database.close()

    asyncio.run(scenario())
    wait_until(lambda: _status(fragile.url, headers) == 201)
    again = httpx.post(f"{fragile.url}/rest/companies", json={"name": "a"}, headers=headers)
    assert again.headers["idempotent-replayed"] == "true"
    assert total(api, "companies") == 1
    assert get(api, "companies", again.json()["data"]["createCompany"]["id"])["name"] == "a"


def _status(url: str, headers: dict[str, str]) -> int:
    try:
        return httpx.post(f"{url}/rest/companies", json={"name": "a"}, headers=headers, timeout=30).status_code
    except (httpx.TransportError, psutil.Error):
        return 0
