"""Connections at every depth against plain Python: pages, cursors, page info, counts, filters and orders."""

import base64
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import pytest

from threescore.catalog.workspaces import Workspace

from .calls import Record, ask, create, message, nodes, one

TITLES = (None, "CTO", "Dev", "cto", "Ops")
CITIES = (None, "Bern", "Rome")


@dataclass(frozen=True)
class World:
    """A workspace with people at companies and opportunities of both, and all of them as Python knows them."""

    api: httpx.Client
    companies: list[Record]
    people: list[Record]
    opportunities: list[Record]

    def people_of(self, company: Record) -> list[Record]:
        return [person for person in self.people if person["companyId"] == company["id"] and not person["gone"]]

    def opportunities_of(self, person: Record) -> list[Record]:
        return [item for item in self.opportunities if item["pointOfContactId"] == person["id"]]


def identifier(kind: int, number: int) -> str:
    """Ids in another order than the records were made in."""
    return str(UUID(int=(kind << 120) | (number * 7919 % 1009), version=4))


@pytest.fixture(scope="module")
def world(
    server: str, new_workspace: Callable[[], Workspace], new_token: Callable[[Workspace], str]
) -> Iterator[World]:
    dice = random.Random(60)
    companies = [{"id": identifier(1, n), "name": f"Company {n}"} for n in range(9)]
    people = [
        {
            "id": identifier(2, n),
            "jobTitle": dice.choice(TITLES),
            "city": dice.choice(CITIES),
            "position": dice.randrange(8),
            "companyId": dice.choice([None, *(company["id"] for company in companies[:8])]),
        }
        for n in range(130)
    ]
    opportunities = [
        {
            "id": identifier(3, n),
            "name": f"Deal {n}",
            "amount": {"amountMicros": dice.choice([None, 1_000_000, 2_500_000, 4_000_000]), "currencyCode": "EUR"},
            "pointOfContactId": dice.choice(people)["id"],
            "companyId": dice.choice(companies)["id"],
        }
        for n in range(110)
    ]
    headers = {"Authorization": f"Bearer {new_token(new_workspace())}"}
    with httpx.Client(base_url=server, headers=headers, timeout=30) as api:
        create(api, "companies", companies)
        create(api, "people", people)
        create(api, "opportunities", opportunities)
        gone = {person["id"] for person in people[::11]}
        one(api, f"mutation {{ deletePeople(filter: {{id: {{in: {json.dumps(sorted(gone))}}}}}) {{ id }} }}")
        yield World(api, companies, [{**p, "gone": p["id"] in gone} for p in people], opportunities)


def cursor(values: Record) -> str:
    return base64.b64encode(json.dumps(values, separators=(",", ":")).encode()).decode()


Key = Callable[[Record], Any]


@dataclass
class Asked:
    """Arguments of a connection of people, and what Python makes of them."""

    first: int | None = None
    last: int | None = None
    offset: int | None = None
    after: str | None = None
    before: str | None = None
    order: list[tuple[str, str]] = field(default_factory=list)
    city: str | None = None

    def arguments(self) -> str:
        given = {
            name: json.dumps(getattr(self, name))
            for name in ("first", "last", "offset", "after", "before")
            if getattr(self, name) is not None
        }
        if self.order:
            given["orderBy"] = "[" + ", ".join(f"{{{name}: {way}}}" for name, way in self.order) + "]"
        if self.city:
            given["filter"] = f'{{city: {{eq: "{self.city}"}}}}'
        return "(" + ", ".join(f"{name}: {value}" for name, value in given.items()) + ")" if given else ""

    def all(self, rows: list[Record]) -> list[Record]:
        """The whole set, in order."""
        rows = sorted((row for row in rows if self.city in (None, row["city"])), key=lambda row: str(row["id"]))
        for name, way in reversed(self.order):
            nulls = [row for row in rows if row[name] is None]
            rows = sorted(
                (row for row in rows if row[name] is not None),
                key=lambda row, name=name: row[name],  # type: ignore[misc]
                reverse=way.startswith("Desc"),
            )
            rows = nulls + rows if way.endswith("First") else rows + nulls
        return rows

    def place(self, row: Record) -> str:
        """The cursor of a row."""
        shown = {name: "" if row[name] is None and name != "position" else row[name] for name, _ in self.order}
        return cursor({**shown, "id": row["id"]})

    def expected(self, rows: list[Record], default: int) -> Record:
        rows = self.all(rows)
        count, skipped = len(rows), self.offset or 0
        places = [self.place(row) for row in rows]
        start = places.index(self.after) + 1 if self.after else 0
        end = places.index(self.before) if self.before else count
        wanted = self.first if self.first is not None else self.last
        size = default if wanted is None else wanted
        backward = self.before is not None or (self.first is None and self.last is not None)
        if backward:
            end = max(end - skipped, 0)
            start = max(end - size, 0)
        else:
            start += skipped
            end = min(start + size, count)
        shown = rows[start:end]
        passed = bool(self.after or self.before or skipped)
        return {
            "totalCount": count,
            "edges": [{"cursor": self.place(row), "node": {"id": row["id"]}} for row in shown],
            "pageInfo": {
                "hasNextPage": passed if backward else start + size < count,
                "hasPreviousPage": start > 0 if backward else passed,
                "startCursor": self.place(shown[0]) if shown else None,
                "endCursor": self.place(shown[-1]) if shown else None,
            },
        }


PARTS = "{ totalCount edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }"
WAYS = ("AscNullsFirst", "AscNullsLast", "DescNullsFirst", "DescNullsLast")


def anything(dice: random.Random, rows: list[Record]) -> Asked:
    """Random arguments that go together, with cursors of these rows."""
    asked = Asked(city=dice.choice([None, None, "Bern"]))
    names = dice.sample(["jobTitle", "city", "position"], dice.randrange(3))
    asked.order = [(name, dice.choice(WAYS)) for name in names]
    ordered = asked.all(rows)
    if dice.random() < 0.5:
        asked.first = dice.choice([None, 0, 1, 3, 7, 100])
        if ordered and dice.random() < 0.5:
            asked.after = asked.place(dice.choice(ordered))
    else:
        asked.last = dice.choice([1, 2, 5, 100])
        if ordered and dice.random() < 0.5:
            asked.before = asked.place(dice.choice(ordered))
    if dice.random() < 0.3:
        asked.offset = dice.choice([0, 1, 4])
    return asked


@pytest.mark.parametrize("seed", range(6))
def test_root_pages(world: World, seed: int) -> None:
    dice = random.Random(seed)
    live = [person for person in world.people if not person["gone"]]
    wanted = {f"a{n}": anything(dice, live) for n in range(15)}
    document = " ".join(f"{key}: people{asked.arguments()} {PARTS}" for key, asked in wanted.items())
    answer = ask(world.api, f"{{ {document} }}")
    for key, asked in wanted.items():
        assert answer[key] == asked.expected(live, default=200), asked


@pytest.mark.parametrize("seed", range(6))
def test_nested_pages(world: World, seed: int) -> None:
    """Each company shows several pages of its people, under one document's aliases."""
    dice = random.Random(100 + seed)
    for company in dice.sample(world.companies, 2):
        rows = world.people_of(company)
        wanted = {f"a{n}": anything(dice, rows) for n in range(12)}
        document = " ".join(f"{key}: people{asked.arguments()} {PARTS}" for key, asked in wanted.items())
        answer = one(world.api, f'{{ company(filter: {{id: {{eq: "{company["id"]}"}}}}) {{ {document} }} }}')
        for key, asked in wanted.items():
            assert answer[key] == asked.expected(rows, default=60), asked


def test_the_same_page_for_each_of_many_parents(world: World) -> None:
    asked = Asked(first=3, order=[("position", "DescNullsLast"), ("jobTitle", "AscNullsFirst")], city="Bern")
    document = f"{{ companies {{ edges {{ node {{ id people{asked.arguments()} {PARTS} }} }} }} }}"
    for node in nodes(one(world.api, document)):
        company = next(company for company in world.companies if company["id"] == node["id"])
        assert node["people"] == asked.expected(world.people_of(company), default=60)


def test_lists_below_lists(world: World) -> None:
    document = """{ companies(orderBy: {name: AscNullsLast}) { edges { node {
        id name people(orderBy: {position: AscNullsLast}) {
        totalCount
        edges { node {
            id
            deals: pointOfContactForOpportunities(first: 2, orderBy: {name: DescNullsLast}) {
                totalCount sumAmountAmountMicros pageInfo { hasNextPage } edges { node { name company { id name } } }
            }
        } }
    } } } } }"""
    names = {company["id"]: company["name"] for company in world.companies}
    expected = []
    for company in sorted(world.companies, key=lambda company: str(company["name"])):
        people = Asked(order=[("position", "AscNullsLast")]).all(world.people_of(company))
        shown = []
        for person in people[:60]:
            deals = sorted(world.opportunities_of(person), key=lambda deal: str(deal["name"]), reverse=True)
            amounts = [deal["amount"]["amountMicros"] for deal in deals]
            known = [amount for amount in amounts if amount is not None]
            shown.append(
                {
                    "id": person["id"],
                    "deals": {
                        "totalCount": len(deals),
                        "sumAmountAmountMicros": sum(known) if known else None,
                        "pageInfo": {"hasNextPage": len(deals) > 2},
                        "edges": [
                            {
                                "node": {
                                    "name": deal["name"],
                                    "company": {"id": deal["companyId"], "name": names[deal["companyId"]]},
                                }
                            }
                            for deal in deals[:2]
                        ],
                    },
                }
            )
        edges = [{"node": node} for node in shown]
        node = {"id": company["id"], "name": company["name"], "people": {"totalCount": len(people), "edges": edges}}
        expected.append({"node": node})
    assert one(world.api, document)["edges"] == expected


def test_lists_below_one_record_below_a_list(world: World) -> None:
    document = """{ people(first: 40, orderBy: {position: AscNullsLast}) { edges { node {
        id company { people(orderBy: {jobTitle: DescNullsLast}, last: 2) { totalCount edges { node { id } } } }
    } } } }"""
    by_id = {person["id"]: person for person in world.people}
    company_of = {company["id"]: company for company in world.companies}
    found = nodes(one(world.api, document))
    assert len(found) == 40
    for node in found:
        company_id = by_id[node["id"]]["companyId"]
        if company_id is None:
            assert node["company"] is None
            continue
        colleagues = Asked(order=[("jobTitle", "DescNullsLast")]).all(world.people_of(company_of[company_id]))
        assert node["company"]["people"]["totalCount"] == len(colleagues)
        assert [p["id"] for p in nodes(node["company"]["people"])] == [p["id"] for p in colleagues[-2:]]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("size", [1, 7])
def test_walks_visit_every_record_once_both_ways(world: World, way: str, size: int) -> None:
    """By a column of a related record, with nulls and ties."""
    names = {company["id"]: company["name"] for company in world.companies}
    live = [
        {**person, "key": names.get(person["companyId"])}
        for person in world.people
        if not person["gone"] and person["city"] == "Rome"
    ]
    ordered = [row["id"] for row in Asked(order=[("key", way)]).all(live)]
    document = f"""query($after: String, $before: String, $first: Int, $last: Int) {{
        people(filter: {{city: {{eq: "Rome"}}}}, orderBy: [{{company: {{name: {way}}}}}],
               first: $first, last: $last, after: $after, before: $before) {{
            edges {{ node {{ id }} }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}
        }}
    }}"""
    for count, start, more, edge in (
        ("first", "after", "hasNextPage", "endCursor"),
        ("last", "before", "hasPreviousPage", "startCursor"),
    ):
        seen: list[str] = []
        variables: Record = {count: size}
        while True:
            page = one(world.api, document, variables)
            ids = [node["id"] for node in nodes(page)]
            seen = seen + ids if count == "first" else ids + seen
            if not page["pageInfo"][more]:
                break
            variables[start] = page["pageInfo"][edge]
            assert len(seen) <= len(ordered)
        assert seen == ordered


def test_cursors_of_nested_pages_continue_them(world: World) -> None:
    company = max(world.companies, key=lambda company: len(world.people_of(company)))
    document = """query($id: UUID!, $after: String) { company(filter: {id: {eq: $id}}) {
        people(first: 4, after: $after, orderBy: {jobTitle: AscNullsFirst}) {
            edges { node { id } } pageInfo { hasNextPage endCursor }
        }
    } }"""
    seen: list[str] = []
    after = None
    while True:
        page = one(world.api, document, {"id": company["id"], "after": after})["people"]
        seen += [node["id"] for node in nodes(page)]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    rows = Asked(order=[("jobTitle", "AscNullsFirst")]).all(world.people_of(company))
    assert seen == [row["id"] for row in rows]


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        ("first: 1, last: 1", "Cannot provide both first and last", "ARGS_CONFLICT"),
        ('before: "a", after: "b"', "Cannot provide both before and after", "ARGS_CONFLICT"),
        ('before: "a", first: 1', "Cannot provide both before and first", "ARGS_CONFLICT"),
        ('after: "a", last: 1', "Cannot provide both after and last", "ARGS_CONFLICT"),
        ("first: -1", "First argument must be non-negative", "INVALID_ARGS_FIRST"),
        ("last: -1", "Last argument must be non-negative", "INVALID_ARGS_LAST"),
        ("offset: -1", "Offset argument must be non-negative", "INVALID_QUERY_INPUT"),
        ('after: "nonsense"', "Invalid cursor: nonsense", "INVALID_CURSOR"),
        ('after: "W10="', "Invalid cursor: W10=", "INVALID_CURSOR"),
        ("limit: 1", "Argument not allowed: limit", "INVALID_QUERY_INPUT"),
        ("orderBy: {foo: AscNullsLast}", 'Field "foo" does not exist or is not sortable', "FIELD_NOT_FOUND"),
        ("filter: {foo: {eq: 1}}", 'Object person doesn\'t have any "foo" field.', "INVALID_ARGS_FILTER"),
        ("filter: 1", 'Invalid argument: "filter" must be an object', "INVALID_QUERY_INPUT"),
        ("orderBy: 1", 'Invalid argument: "orderBy" must be an array', "INVALID_QUERY_INPUT"),
        ("first: {}", 'Invalid argument: "first" must be a number', "INVALID_QUERY_INPUT"),
        ("after: 1", 'Invalid argument: "after" must be a string', "INVALID_QUERY_INPUT"),
    ],
)
def test_refused_arguments_at_the_root_and_below(world: World, arguments: str, said: str, code: str) -> None:
    for document in (
        f"{{ people({arguments}) {{ totalCount }} }}",
        f"{{ companies {{ edges {{ node {{ people({arguments}) {{ totalCount }} }} }} }} }}",
    ):
        body = world.api.post("/graphql", json={"query": document}).json()
        [error] = body["errors"]
        assert error["message"] == said
        assert error["extensions"]["subCode"] == code
        assert set(body["data"].values()) == {None}


def test_a_cursor_of_another_order_is_refused(world: World) -> None:
    page = one(world.api, "{ people(first: 2, orderBy: {jobTitle: AscNullsLast}) { pageInfo { endCursor } } }")
    after = page["pageInfo"]["endCursor"]
    assert "ursor" in message(
        world.api, f'{{ people(after: "{after}", orderBy: {{city: AscNullsLast}}) {{ totalCount }} }}'
    )


def test_counts_and_pages_are_worked_out_only_from_what_is_selected(world: World) -> None:
    """Arguments that the selection does not need must not be missed by the database."""
    after = cursor({"id": world.people[0]["id"]})
    answer = ask(
        world.api,
        f"""{{
            count: people(first: 5, offset: 2, after: "{after}") {{ totalCount }}
            name: people(first: 5, offset: 2, after: "{after}") {{ __typename }}
            info: people(first: 0) {{ pageInfo {{ hasNextPage }} }}
            cursors: people(first: 1) {{ edges {{ cursor }} }}
            twice: people(first: 1) {{ one: edges {{ node {{ id }} }} two: edges {{ n: node {{ id }} c: cursor }} }}
        }}""",
    )
    live = [person for person in world.people if not person["gone"]]
    assert answer["count"] == {"totalCount": len(live)}
    assert answer["name"] == {"__typename": "PersonConnection"}
    assert answer["info"] == {"pageInfo": {"hasNextPage": True}}
    first = min(str(person["id"]) for person in live)
    assert answer["cursors"] == {"edges": [{"cursor": cursor({"id": first})}]}
    assert answer["twice"] == {
        "one": [{"node": {"id": first}}],
        "two": [{"n": {"id": first}, "c": cursor({"id": first})}],
    }


def test_a_page_has_200_records_unless_told(api: httpx.Client) -> None:
    create(api, "notes", [{"title": f"{n}"} for n in range(201)])
    assert len(nodes(one(api, "{ notes { edges { node { id } } } }"))) == 200
    assert len(nodes(one(api, "{ notes(first: 201) { edges { node { id } } } }"))) == 201


def test_a_nested_page_has_60_records_unless_told(api: httpx.Client) -> None:
    [company] = create(api, "companies", [{"name": "Large"}])
    create(api, "people", [{"companyId": company["id"]} for _ in range(61)])
    document = """query($id: UUID!) { company(filter: {id: {eq: $id}}) {
        people { totalCount edges { node { id } } pageInfo { hasNextPage } }
        all: people(first: 200) { edges { node { id } } pageInfo { hasNextPage } }
    } }"""
    answer = one(api, document, company)
    assert (len(answer["people"]["edges"]), answer["people"]["totalCount"]) == (60, 61)
    assert answer["people"]["pageInfo"]["hasNextPage"] is True
    assert (len(answer["all"]["edges"]), answer["all"]["pageInfo"]["hasNextPage"]) == (61, False)
