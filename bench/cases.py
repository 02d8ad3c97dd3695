"""What is measured: three requests, each to be sent to our server, to the minimal application and to pgbench."""

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from bench import data
from bench.data import Sizes
from bench.statements import Statement, issued_for, pgbench_script
from threescore.config import Settings

BATCH = 60
PAGE = 60
_SERIAL = b"@SERIAL@"
_SERIALS = (10**11, 10**12 - 1)
"""Numbers of 12 digits, so that one fits into the last group of a UUID; drawn at random, so that none comes twice."""

Requests = Callable[[], bytes]
"""Makes the next request, as it goes over the wire."""


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
    """The three cases, with the SQL that our server issues for them now."""

    async def overhear(method: str, target: str, body: bytes = b"") -> Statement:
        return await issued_for(url, settings, token, method, target, body)

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
) -> Case:
    """A case. `expression` is what pgbench puts in the place of the varied argument, after the `preparation`."""
    expressions = {varied: expression}
    variables = dict(definitions or {})
    for place, value in enumerate(statement.arguments):
        if place != varied:
            expressions[place] = f":argument{place}"
            variables[f"argument{place}"] = value.decode() if isinstance(value, bytes) else str(value)
    script = pgbench_script(statement.sql, expressions, preparation)
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
    spread = 2**32 // BATCH
    template, count = re.subn(
        rb'"id":"[^"]{36}"',
        lambda _found: b'"id":"%08x-0000-4000-8000-%b"' % (next(places) * spread, _SERIAL),
        rows,
    )
    if count != BATCH:
        raise RuntimeError("the rows that the server sends to the database have ids no more")
    return template


def _numbered(template: bytes) -> bytes:
    return template.replace(_SERIAL, _any_serial())


def _any_serial() -> bytes:
    return b"%d" % random.randint(*_SERIALS)
