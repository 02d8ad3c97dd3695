"""Walking all pages in any order, both ways, gives each record exactly once."""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.records.wire import (
    ANYWHERE,
    Record,
    create_many,
    ids_of,
    listed,
    make_probe,
    message,
    page,
    send,
)
from threescore.catalog.workspaces import Workspace

SOME_ID = "11111111-2222-4333-8444-555555555555"

DIRECTIONS = ("", "[AscNullsFirst]", "[AscNullsLast]", "[DescNullsFirst]", "[DescNullsLast]")

PATHS = (
    "createdAt",
    "updatedAt",
    "deletedAt",
    "position",
    "name",
    "createdBy.source",
    "createdBy.name",
    "createdBy.context",
    "createdBy.workspaceMemberId",
    "searchVector",
    "size",
    "whole",
    "big",
    "amount.amountMicros",
    "amount.currencyCode",
    "flag",
    "day",
    "moment",
    "outer",
    "stage",
    "tags",
    "stars",
    "pilot.firstName",
    "pilot.lastName",
    "mails.primaryEmail",
    "mails.additionalEmails",
    "calls.primaryPhoneNumber",
    "calls.additionalPhones",
    "sites.primaryLinkUrl",
    "sites.secondaryLinks",
    "place.addressCity",
    "place.addressLat",
    "words",
    "data",
    "story.markdown",
    "must",
    "companyId",
    "company.name",
    "company.employees",
    "company.createdAt",
    "company.domainName.primaryLinkUrl",
    "company.idealCustomerProfile",
    "company.accountOwnerId",
    "company.id",
)


def probe(n: int, company_id: str | None) -> Record:
    """Record number `n`: most values are shared with others or missing."""

    def some(*values: Any) -> Any:
        return values[n * 7 % len(values)]

    record: dict[str, Any] = {
        "name": some("a", "b", "", "ä", 'quote " and \\ and \n', "𝔸", "a"),
        "size": some(1.5, None, 1e-7, -1e300, None, 0.1, 3),
        "whole": some(1, None, 2**53 + 1, 2**53 + 2, -(2**63)),
        "big": some(None, "9007199254740993", 9007199254740992, None, -5),
        "amount": {"amountMicros": some(None, 10**38 - 1, 10**38 - 2, 1), "currencyCode": some("EUR", None)},
        "flag": some(True, False, None),
        "day": some(None, "2024-02-29", "0001-01-01", "9999-12-31"),
        "moment": some("2024-02-29T01:02:03.004Z", None, "2024-02-29T01:02:03.005Z", "0001-01-01T00:00:00Z"),
        "outer": some(None, "00000000-0000-0000-0000-000000000001", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
        "stage": some("B", None, "A", "C"),
        "tags": some(["B", "A"], [], ["A"], ["A", "B"], ["B"]),
        "stars": some(None, "RATING_3", "RATING_1"),
        "pilot": {"firstName": some("x", ""), "lastName": some("", "y", "z")},
        "mails": {"primaryEmail": some("", f"m{n % 3}@x.example"), "additionalEmails": some([], ["a@x.example"])},
        "calls": {
            "primaryPhoneNumber": some("", "+33612345678", "+12025550123"),
            "additionalPhones": some([], [{"number": "+33612345679"}]),
        },
        "sites": {
            "primaryLinkUrl": some("", "https://x.example", "y.example"),
            "secondaryLinks": some([], [{"url": "https://z.example", "label": "é"}]),
        },
        "place": {
            "addressCity": some("", "Rome"),
            "addressLat": some(None, "48.12345678901234567890", "48.12345678901234567891", 7),
        },
        "words": some([], ["a", "b"], ["a"], ["", "ü"], ["a", 'b,"c'], None),
        "data": some(None, {"a": 1.5}, {"a": [1, None, "ä"]}, [1, 2], {"a": 1e25}, {"a": 12345678901234567890}, [True]),
        "story": {"markdown": some("", "# Hi", "text")},
        "must": some("x", "y"),
        "companyId": company_id,
    }
    if n % 3 == 0:
        record["createdBy"] = {"source": some("IMPORT", "EMAIL"), "name": "N", "context": some(None, {"a": 1})}
    if n % 2:
        record["position"] = some(1, 2.5, -3)
    if n % 5 == 0:
        record["createdAt"] = "2020-01-01T00:00:00.000Z"
    return record


@pytest.fixture(scope="module")
def probes(
    server: str, new_workspace: Callable[[], Workspace], new_token: Callable[[Workspace], str]
) -> Iterator[httpx.Client]:
    """A client of a workspace with records of an object that has fields of all types. The tests only read them."""
    headers = {"Authorization": f"Bearer {new_token(new_workspace())}"}
    with httpx.Client(base_url=server, headers=headers, timeout=60) as api:
        make_probe(api)
        companies: list[Record] = [
            {"name": "A", "employees": 5, "domainName": {"primaryLinkUrl": "https://a.example"}},
            {"name": "B", "idealCustomerProfile": True},
            {"employees": 5},
            {"name": "A"},
        ]
        ids: list[str | None] = [record["id"] for record in create_many(api, "companies", companies)]
        send(api, "DELETE", f"companies/{ids[3]}?soft_delete=true")
        create_many(api, "probes", [probe(n, [*ids, None][n % 5]) for n in range(31)])
        yield api


def walk(api: httpx.Client, order: str, limit: int, start: str | None, *, backward: bool = False) -> list[str]:
    """The ids of all pages after (or before) a cursor, in the order of the list."""
    found: list[str] = []
    name = "ending_before" if backward else "starting_after"
    more = "hasPreviousPage" if backward else "hasNextPage"
    while True:
        answer = page(api, "probes", order_by=order, limit=limit, **({name: start} if start else {}))
        ids, info = ids_of(answer["data"]["probes"]), answer["pageInfo"]
        assert answer["totalCount"] == 31
        found = ids + found if backward else found + ids
        assert len(found) == len(set(found)), f"{order} gives a record twice"
        if not info[more]:
            return found
        assert len(ids) == limit
        assert info["startCursor"] != info["endCursor"] or limit == 1
        start = info["startCursor" if backward else "endCursor"]


@st.composite
def orders(draw: st.DrawFn) -> str:
    paths = draw(st.lists(st.sampled_from(PATHS), max_size=3, unique=True))
    if draw(st.booleans()):
        paths.insert(draw(st.integers(0, len(paths))), "id")
    return ",".join(path + draw(st.sampled_from(DIRECTIONS)) for path in paths)


PROPERTY = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@PROPERTY
@given(order=orders(), limit=st.integers(2, 33), turn=st.integers(0, 30))
def test_every_walk_gives_each_record_once(probes: httpx.Client, order: str, limit: int, turn: int) -> None:
    everything = page(probes, "probes", order_by=order, limit=200) if order else page(probes, "probes", limit=200)
    ids = ids_of(everything["data"]["probes"])
    assert len(set(ids)) == 31
    order = order or "id"
    if everything["pageInfo"]["startCursor"]:
        assert walk(probes, order, limit, None) == ids
    last = everything["pageInfo"]["endCursor"]
    assert walk(probes, order, limit, last, backward=True) == ids[:-1]
    # A cursor of a forward page, used backward, and one of that page, used forward again.
    there = page(probes, "probes", order_by=order, limit=turn + 1)["pageInfo"]["endCursor"]
    back = page(probes, "probes", order_by=order, limit=limit, ending_before=there)
    assert ids_of(back["data"]["probes"]) == ids[max(turn - limit, 0) : turn]
    if back["pageInfo"]["startCursor"]:
        again = page(probes, "probes", order_by=order, limit=200, starting_after=back["pageInfo"]["startCursor"])
        assert ids_of(again["data"]["probes"]) == ids[max(turn - limit, 0) + 1 :]


def test_every_path_in_both_directions(probes: httpx.Client) -> None:
    for path in PATHS:
        up = ids_of(listed(probes, "probes", order_by=f"{path}[AscNullsLast],id"))
        assert walk(probes, f"{path}[AscNullsLast],id", 8, None) == up, path
        down = ids_of(listed(probes, "probes", order_by=f"{path}[DescNullsFirst],id[DescNullsFirst]"))
        assert down == up[::-1], path


def value_at(record: Record, path: str) -> Any:
    value: Any = record
    for name in path.split("."):
        value = None if value is None else value[name]
    return value if value not in ("", []) else None


STAGES = ["C", "A", "B"]


KEYS: dict[str, Any] = {
    "name": str,
    "size": float,
    "whole": int,
    "big": int,
    "amount.amountMicros": int,
    "flag": bool,
    "day": str,
    "moment": str,
    "outer": str,
    "stage": STAGES.index,
    "pilot.firstName": str,
    "words": list,
    "place.addressLat": float,
    "company.name": str,
    "company.employees": float,
}


def test_the_order_is_right(probes: httpx.Client) -> None:
    records = listed(probes, "probes", limit=200)
    companies = {record["id"]: record for record in listed(probes, "companies", filter=ANYWHERE)}
    for record in records:
        record["company"] = companies.get(record["companyId"])
    for path, key in KEYS.items():
        values = {record["id"]: value_at(record, path) for record in records}
        present = [key(value) for value in values.values() if value is not None]
        nulls = [None] * (len(values) - len(present))
        for direction in DIRECTIONS[1:]:
            shown = [values[i] for i in ids_of(listed(probes, "probes", order_by=path + direction, limit=200))]
            expected = sorted(present, reverse="Desc" in direction)
            assert [None if value is None else key(value) for value in shown] == (
                nulls + expected if "NullsFirst" in direction else expected + nulls
            ), path + direction


def test_the_cursors_are_those_of_the_rows(probes: httpx.Client) -> None:
    answer = page(probes, "probes", order_by="pilot.firstName,stage[DescNullsLast],company.name,companyId", limit=5)
    for cursor, record in (("startCursor", 0), ("endCursor", -1)):
        decoded = json.loads(base64.b64decode(answer["pageInfo"][cursor], validate=True))
        shown = answer["data"]["probes"][record]
        assert list(decoded) == ["pilot", "stage", "company", "companyId", "id"]
        assert decoded["id"] == shown["id"]
        assert decoded["pilot"] == {"firstName": shown["pilot"]["firstName"]}
        assert (decoded["stage"], decoded["companyId"]) == (shown["stage"], shown["companyId"])


def test_a_page_of_no_rows(probes: httpx.Client) -> None:
    answer = page(probes, "probes", limit=0)
    assert answer["data"]["probes"] == []
    assert answer["totalCount"] == 31
    assert (answer["pageInfo"]["startCursor"], answer["pageInfo"]["endCursor"]) == (None, None)
    end = page(probes, "probes", limit=200)["pageInfo"]["endCursor"]
    answer = page(probes, "probes", starting_after=end)
    assert answer["pageInfo"] == {
        "startCursor": None,
        "endCursor": None,
        "hasNextPage": False,
        "hasPreviousPage": False,
    }


def test_pages_of_a_filter(probes: httpx.Client) -> None:
    parameters = {"filter": "or(stage[eq]:A,company.name[eq]:A)", "order_by": "company.name[DescNullsLast],day"}
    ids = ids_of(listed(probes, "probes", limit=200, **parameters))
    found: list[str] = []
    after: dict[str, str] = {}
    while len(found) < len(ids):
        answer = page(probes, "probes", limit=2, **parameters, **after)
        assert answer["totalCount"] == len(ids)
        found += ids_of(answer["data"]["probes"])
        after = {"starting_after": answer["pageInfo"]["endCursor"]}
    assert found == ids


def test_cursors_made_by_hand(probes: httpx.Client) -> None:
    """Some clients make them: any Base64 alphabet, with or without padding, ids of records that are gone."""
    ids = ids_of(listed(probes, "probes", limit=200))
    values = json.dumps({"id": ids[3]}).encode()
    for text in (base64.b64encode(values), base64.urlsafe_b64encode(values), base64.b64encode(values).rstrip(b"=")):
        assert ids_of(listed(probes, "probes", limit=2, starting_after=text.decode())) == ids[4:6]
    middle = str(UUID(int=UUID(ids[3]).int + 1))
    gone = base64.b64encode(json.dumps({"id": middle}).encode()).decode()
    assert ids_of(listed(probes, "probes", limit=2, starting_after=gone)) == ids[4:6]
    assert ids_of(listed(probes, "probes", limit=2, ending_before=gone)) == ids[2:4]


def bad(values: Any) -> str:
    return base64.b64encode(json.dumps(values).encode()).decode()


BAD_CURSORS = [
    ("id", "no Base64!"),
    ("id", base64.b64encode(b"no JSON").decode()),
    ("id", base64.b64encode(b"\xff\xfe").decode()),
    ("id", bad([])),
    ("id", bad("x")),
    ("id", bad({})),
    ("id", bad({"id": None})),
    ("id", bad({"id": 5})),
    ("id", bad({"id": "x"})),
    ("id", bad({"id": {"id": str(uuid4())}})),
    ("id", bad({"id": SOME_ID, "name": "a"})),
    ("name", bad({"id": SOME_ID})),
    ("name", bad({"name": 5, "id": SOME_ID})),
    ("name", bad({"name": ["a"], "id": SOME_ID})),
    ("name", bad({"name": "a\x00", "id": SOME_ID})),
    ("name", bad({"name": "\ud800", "id": SOME_ID})),
    ("size", bad({"size": "x", "id": SOME_ID})),
    ("size", bad({"size": {"a": 1}, "id": SOME_ID})),
    ("whole", bad({"whole": 1.5, "id": SOME_ID})),
    ("whole", bad({"whole": 10**30, "id": SOME_ID})),
    ("day", bad({"day": "2024-02-30", "id": SOME_ID})),
    ("moment", bad({"moment": 5, "id": SOME_ID})),
    ("stage", bad({"stage": "NOPE", "id": SOME_ID})),
    ("tags", bad({"tags": "A", "id": SOME_ID})),
    ("tags", bad({"tags": [1], "id": SOME_ID})),
    ("flag", bad({"flag": "maybe", "id": SOME_ID})),
    ("data", bad({"data": 5, "id": SOME_ID})),
    ("pilot.firstName", bad({"pilot": "x", "id": SOME_ID})),
    ("pilot.firstName", bad({"pilot": {"lastName": "x"}, "id": SOME_ID})),
    ("company.name", bad({"company": None, "id": SOME_ID})),
    ("company.name", bad({"company": {"id": "x"}, "id": SOME_ID})),
]


def test_bad_cursors(probes: httpx.Client) -> None:
    for order, cursor in BAD_CURSORS:
        for name in ("starting_after", "ending_before"):
            response = probes.get(f"/rest/probes?order_by={order}&{name}={quote(cursor, safe='')}")
            assert message(response).startswith("Invalid cursor"), (order, cursor)
    assert "NUL" in message(probes.get("/rest/probes?starting_after=%00"))
    assert len(listed(probes, "probes", starting_after="", limit=200)) == 31


def test_both_cursors_at_once(probes: httpx.Client) -> None:
    cursor = page(probes, "probes", limit=1)["pageInfo"]["endCursor"]
    message(probes.get(f"/rest/probes?starting_after={quote(cursor)}&ending_before={quote(cursor)}"))


BAD_ORDERS = [
    "",
    "nope",
    "name[Asc]",
    "name[ascNullsFirst]",
    "name[]",
    "pilot",
    "pilot.nope",
    "pilot.firstName.x",
    "name.x",
    "company",
    "company.nope",
    "company.people",
    "company.people.name",
    "company.name.x",
    "company.domainName",
    "people.name",
    "id.id",
    "name,",
    ",name",
    ",".join(["name"] * 51),
    "a." * 20 + "b",
]


def test_bad_orders(probes: httpx.Client) -> None:
    for order in BAD_ORDERS:
        assert message(probes.get(f"/rest/probes?order_by={quote(order)}")), order


def test_limits(probes: httpx.Client) -> None:
    for text, count in (("", 31), ("3", 3), ("2.6", 3), ("1000000", 31), ("9" * 400, 31)):
        assert len(listed(probes, "probes", limit=text)) == count
    for text in ("-1", "x", "1e3", "0x10", " 1", "NaN", "Infinity", "١"):
        message(probes.get(f"/rest/probes?limit={quote(text)}"))
