"""What is measured: requests, each to be sent to our server, to the minimal application and to pgbench."""

import random
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from bench import data
from bench.data import Sizes
from bench.statements import Statement, issued_for, pgbench_script, with_on_conflict
from threescore.config import Settings

BATCH = 60
PAGE = 60
_SERIAL = b"@SERIAL@"
_SERIALS = (10**11, 10**12 - 1)
"""Numbers of 12 digits, so that one fits into the last group of a UUID; drawn at random, so that none comes twice."""

Requests = Callable[[], bytes]
"""Makes the next request, as it goes over the wire."""

Overhear = Callable[..., Awaitable[Statement]]
"""Sends a request with each of the bodies given, and gives the statement of the last one."""


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of request, and how to send it to each of the three."""

    key: str
    title: str
    status: int
    least: Mapping[str, float]
    """The least that is wanted at concurrency 16, as a share of what the others reach."""
    statement: Statement
    varied: int
    """The place of the one argument that each request has for itself."""
    ours: Requests
    minimal: Requests
    script: str
    """For pgbench, with the variables `definitions`."""
    definitions: Mapping[str, str]


async def make_cases(url: str, settings: Settings, token: str, sizes: Sizes) -> list[Case]:
    """The cases, with the SQL that our server issues for them now."""

    async def overhear(method: str, target: str, *bodies: bytes) -> Statement:
        return (await issued_for(url, settings, token, method, target, *(bodies or (b"",))))[-1]

    wire = _Wire(token)
    person, city, serial = _any_person(sizes), data.CITIES[0], _any_serial()
    batch = _batch(sizes)
    one = await overhear("GET", _one(person))
    page = await overhear("GET", _list(city))
    create = await overhear("POST", "/rest/batch/people", batch.replace(_SERIAL, serial))
    rows_at = _place(create, lambda value: isinstance(value, bytes) and serial in value)
    rows = _with_ids(create.arguments[rows_at].replace(serial, _SERIAL))
    return [
        _case(
            "get",
            "get one person",
            {"pgbench": 0.35, "minimal": 0.65},
            one,
            _place(one, lambda value: value == person),
            ours=lambda: wire.get(_one(_any_person(sizes))),
            minimal=lambda: wire.get(f"/get/{_any_person(sizes)}"),
            preparation=f"\\set number random(1, {sizes.people})",
            expression="md5('person ' || :number::text)",
        ),
        _case(
            "list",
            f"list {PAGE} people of a city, sorted, depth 1",
            {"pgbench": 0.75},
            page,
            _place(page, lambda value: value == city),
            ours=lambda: wire.get(_list(random.choice(data.CITIES))),
            minimal=lambda: wire.get(f"/list/{random.choice(data.CITIES)}"),
            preparation=f"\\set number random(1, {len(data.CITIES)})",
            # In a sub-select it is computed once, as the value of a parameter is.
            expression="(SELECT (:cities::text[])[:number::int])",
            definitions={"cities": f"{{{','.join(data.CITIES)}}}"},
        ),
        _case(
            "create",
            f"create {BATCH} people in one batch",
            {"pgbench": 0.8},
            create,
            rows_at,
            ours=lambda: wire.post("/rest/batch/people", _numbered(batch)),
            minimal=lambda: wire.post("/create", _numbered(rows)),
            preparation=f"\\set serial random({_SERIALS[0]}, {_SERIALS[1]})",
            expression=f"replace(:rows, '{_SERIAL.decode()}', :serial::text)",
            definitions={"rows": rows.decode()},
            status=201,
        ),
        *await _graphql_cases(overhear, wire, sizes),
    ]


_PEOPLE = """query People($city: String) {
  people(first: 60, filter: {city: {eq: $city}}, orderBy: [{name: {lastName: AscNullsFirst}}]) {
    edges { cursor node { id name { firstName lastName } emails { primaryEmail } jobTitle city createdAt
      company { id name domainName { primaryLinkUrl } employees } } }
    pageInfo { hasNextPage endCursor } } }"""
_COMPANIES = """query Companies($city: String) {
  companies(first: 20, filter: {address: {addressCity: {eq: $city}}}, orderBy: [{name: AscNullsFirst}]) {
    edges { node { id name employees people(first: 10, orderBy: [{name: {lastName: AscNullsFirst}}]) {
      totalCount edges { node { id name { firstName lastName } emails { primaryEmail } jobTitle } } } } } } }"""
_CREATE = """mutation Create($data: [PersonCreateInput!]!, $upsert: Boolean) {
  createPeople(data: $data, upsert: $upsert) {
    id createdAt name { firstName lastName } emails { primaryEmail } jobTitle city companyId } }"""
_UPSERTED = 200
"""How many batches are upserted in turns."""


async def _graphql_cases(overhear: Overhear, wire: "_Wire", sizes: Sizes) -> list[Case]:
    def asked(query: str, **variables: Any) -> bytes:
        return msgspec.json.encode({"query": query, "variables": variables})

    city, serial = data.CITIES[0], _any_serial()
    people = msgspec.json.decode(_batch(sizes))
    create_body = asked(_CREATE, data=people)
    known = [{"id": _spread(place), **person} for place, person in enumerate(people)]
    upsert_body = asked(_CREATE, data=known, upsert=True)
    listed = await overhear("POST", "/graphql", asked(_PEOPLE, city=city))
    nested = await overhear("POST", "/graphql", asked(_COMPANIES, city=city))
    create = await overhear("POST", "/graphql", create_body.replace(_SERIAL, serial))
    # All batches exist before they are measured.
    serials = [b"%012d" % number for number in range(1, _UPSERTED + 1)]
    random.shuffle(serials)
    upsert = await overhear("POST", "/graphql", *(upsert_body.replace(_SERIAL, number) for number in serials))
    rows_at = _place(create, lambda value: isinstance(value, bytes) and serial in value)
    rows = _with_ids(create.arguments[rows_at].replace(serial, _SERIAL))
    upsert_at = _place(upsert, lambda value: isinstance(value, bytes) and serials[-1] in value)
    upsert_rows = upsert.arguments[upsert_at].replace(serials[-1], _SERIAL)
    any_city = f"\\set number random(1, {len(data.CITIES)})"
    that_city = "(SELECT (:cities::text[])[:number::int])"
    definitions = {"cities": f"{{{','.join(data.CITIES)}}}"}
    return [
        _case(
            "graphql-list",
            f"GraphQL: {PAGE} people of a city, sorted, with their company",
            {"pgbench": 0.75},
            listed,
            _place(listed, lambda value: value == city),
            ours=lambda: wire.post("/graphql", asked(_PEOPLE, city=random.choice(data.CITIES))),
            minimal=lambda: wire.get(f"/graphql-list/{random.choice(data.CITIES)}"),
            preparation=any_city,
            expression=that_city,
            definitions=definitions,
        ),
        _case(
            "graphql-nested",
            "GraphQL: 20 companies, each with 10 people and their count",
            {"pgbench": 0.75},
            nested,
            _place(nested, lambda value: value == city),
            ours=lambda: wire.post("/graphql", asked(_COMPANIES, city=random.choice(data.CITIES))),
            minimal=lambda: wire.get(f"/graphql-nested/{random.choice(data.CITIES)}"),
            preparation=any_city,
            expression=that_city,
            definitions=definitions,
        ),
        _case(
            "graphql-create",
            f"GraphQL: create {BATCH} people",
            {"pgbench": 0.6},
            create,
            rows_at,
            ours=lambda: wire.post("/graphql", _numbered(create_body)),
            minimal=lambda: wire.post("/graphql-create", _numbered(rows)),
            preparation=f"\\set serial random({_SERIALS[0]}, {_SERIALS[1]})",
            expression=f"replace(:rows, '{_SERIAL.decode()}', :serial::text)",
            definitions={"rows": rows.decode()},
        ),
        _case(
            "graphql-upsert",
            f"GraphQL: upsert {BATCH} people",
            {"pgbench": 0.5},
            upsert,
            upsert_at,
            ours=lambda: wire.post("/graphql", upsert_body.replace(_SERIAL, random.choice(serials))),
            minimal=lambda: wire.post("/graphql-upsert", upsert_rows.replace(_SERIAL, random.choice(serials))),
            preparation=f"\\set serial random(1, {_UPSERTED})",
            expression=f"replace(:rows, '{_SERIAL.decode()}', lpad(:serial::text, 12, '0'))",
            definitions={"rows": rows.decode()},
            # What it is held against takes less: it looks for ids alone, restores nothing, compares nothing.
            reference=(Statement(with_on_conflict(create.sql), create.arguments), rows_at),
        ),
    ]


def _place(statement: Statement, is_it: Callable[[Any], bool]) -> int:
    return next(place for place, value in enumerate(statement.arguments) if is_it(value))


def _case(
    key: str,
    title: str,
    least: Mapping[str, float],
    statement: Statement,
    varied: int,
    *,
    ours: Requests,
    minimal: Requests,
    preparation: str,
    expression: str,
    definitions: Mapping[str, str] | None = None,
    status: int = 200,
    reference: tuple[Statement, int] | None = None,
) -> Case:
    """A case. `expression` is what pgbench puts in the place of the varied argument, after the `preparation`.

    A `reference` is what pgbench runs instead of our statement, with the place of its varied argument.
    """
    held_against, place_there = reference or (statement, varied)
    expressions = {place_there: expression}
    variables = dict(definitions or {})
    for place, value in enumerate(held_against.arguments):
        if place != place_there:
            expressions[place] = f":argument{place}"
            variables[f"argument{place}"] = value.decode() if isinstance(value, bytes) else str(value)
    script = pgbench_script(held_against.sql, expressions, preparation)
    return Case(key, title, status, least, statement, varied, ours, minimal, script, variables)


class _Wire:
    """Requests as they go over the wire, the same headers on each."""

    def __init__(self, token: str) -> None:
        self._headers = f"HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\nAuthorization: Bearer {token}\r\n".encode()

    def get(self, target: str) -> bytes:
        return b"GET %b %b\r\n" % (target.encode(), self._headers)

    def post(self, target: str, body: bytes) -> bytes:
        head = b"POST %b %bContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        return head % (target.encode(), self._headers, len(body)) + body


def _any_person(sizes: Sizes) -> str:
    return _dashed(data.record_id("person", random.randint(1, sizes.people)))


def _one(record_id: str) -> str:
    return f"/rest/people/{_dashed(record_id)}"


def _dashed(digits: str) -> str:
    return digits if "-" in digits else "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _list(city: str) -> str:
    return f"/rest/people?filter=city[eq]:{city}&order_by=name.lastName&limit={PAGE}&depth=1"


def _batch(sizes: Sizes) -> bytes:
    """People as a client would send them; `_SERIAL` stands where a batch must differ from others."""
    serial = _SERIAL.decode()
    people: list[dict[str, Any]] = []
    for place in range(BATCH):
        first, last = data.FIRST_NAMES[place % 50], data.LAST_NAMES[place * 7 % 70]
        person: dict[str, Any] = {
            "name": {"firstName": first, "lastName": last},
            "emails": {"primaryEmail": f"{first}.{last}.{place}.{serial}@company{place}.example.com".lower()},
            "jobTitle": data.JOB_TITLES[place % len(data.JOB_TITLES)],
            "city": data.CITIES[place % len(data.CITIES)],
            "companyId": _dashed(data.record_id("company", place * 97 % sizes.companies + 1)),
            "linkedinLink": {"primaryLinkUrl": f"https://www.linkedin.com/in/{first}-{last}-{place}".lower()},
        }
        if place % 3 == 0:
            person["phones"] = {
                "primaryPhoneNumber": f"1512{place:07}",
                "primaryPhoneCountryCode": "DE",
                "primaryPhoneCallingCode": "+49",
            }
        people.append(person)
    # The serial is a text in capitals, which the addresses must not be.
    return msgspec.json.encode(people).replace(_SERIAL.lower(), _SERIAL)


def _with_ids(rows: bytes) -> bytes:
    """The rows that our server sent to the database, with ids that belong to the serial, too.

    The beginnings of the ids are spread, so that they fall on as many pages of the index as random ones do.
    """
    places = iter(range(BATCH))
    template, count = re.subn(
        rb'"id":"[^"]{32,36}"', lambda _found: b'"id":"%b"' % _spread(next(places)).encode(), rows
    )
    if count != BATCH:
        raise RuntimeError("the rows that the server sends to the database have ids no more")
    return template


def _spread(place: int) -> str:
    return f"{place * (2**32 // BATCH):08x}-0000-4000-8000-{_SERIAL.decode()}"


def _numbered(template: bytes) -> bytes:
    return template.replace(_SERIAL, _any_serial())


def _any_serial() -> bytes:
    return b"%d" % random.randint(*_SERIALS)
