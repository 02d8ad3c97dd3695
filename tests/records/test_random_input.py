"""Random records, filters, orders, groups and paths: taken or refused, never a 5xx, nothing written when refused."""

import json
import string
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.records.wire import ANYWHERE, MISSING, create, create_many, get, listed, make_probe, refusal, send, total
from threescore.catalog.workspaces import Workspace

JSON_TYPE = {"Content-Type": "application/json"}

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.text(alphabet="\x00\ud800'\"\\%_é𝔸 a1", max_size=5)
    | st.sampled_from(["A", "B", "RATING_1", "a@b.example", "+33612345678", "x.example", "https://x.example", MISSING])
    | st.dates().map(str)
    | st.datetimes().map(str)
    | st.sampled_from(["first", "last", "now", "[]", "{}", "[1]", '{"a":1}', "1e999", "9007199254740993"])
)

_FIELDS = (
    "id createdAt updatedAt deletedAt position name createdBy updatedBy searchVector size whole big amount flag day "
    "moment outer stage tags stars pilot mails calls sites place words data story must companyId company"
)
FIELDS = tuple(_FIELDS.split())

_PARTS = (
    "amountMicros currencyCode firstName lastName primaryEmail additionalEmails primaryPhoneNumber additionalPhones "
    "primaryPhoneCountryCode primaryPhoneCallingCode primaryLinkUrl primaryLinkLabel secondaryLinks addressCity "
    "addressLat source context workspaceMemberId blocknote markdown url label number connect disconnect where id"
)
PARTS = tuple(_PARTS.split())

VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(PARTS) | st.text(max_size=3), inner),
    max_leaves=6,
)

GOOD: dict[str, Any] = {
    "size": 1.5,
    "whole": 7,
    "big": "9007199254740993",
    "amount": {"amountMicros": 5, "currencyCode": "EUR"},
    "flag": True,
    "day": "2024-02-29",
    "moment": "2024-02-29T01:02:03Z",
    "outer": MISSING,
    "stage": "A",
    "tags": ["A", "B"],
    "stars": "RATING_2",
    "pilot": {"firstName": "P"},
    "mails": {"primaryEmail": "a@x.example"},
    "calls": {"primaryPhoneNumber": "+33612345678"},
    "sites": {"primaryLinkUrl": "https://x.example"},
    "place": {"addressLat": "48.1"},
    "words": ["a"],
    "data": {"a": 1},
    "story": {"markdown": "# a"},
    "position": "last",
    "deletedAt": "2024-01-01",
}

RECORDS = st.builds(
    lambda wild, tame: {**{name: GOOD[name] for name in tame}, **wild},
    st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=1),
    st.sets(st.sampled_from(sorted(GOOD)), max_size=4),
)

OFTEN = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def probes(
    server: str, new_workspace: Callable[[], Workspace], new_token: Callable[[Workspace], str]
) -> Iterator[httpx.Client]:
    """A client of a workspace with records that have fields of all types."""
    headers = {"Authorization": f"Bearer {new_token(new_workspace())}"}
    with httpx.Client(base_url=server, headers=headers, timeout=60) as api:
        make_probe(api)
        company = create(api, "companies", {"name": "A"})
        create_many(api, "probes", [{"name": "a", "stage": "A", "size": 1.5, "companyId": company["id"]}, {}])
        yield api


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


@OFTEN
@given(record=RECORDS, way=st.sampled_from(["create", "upsert", "batch", "update", "many", "duplicates"]))
def test_any_record_is_taken_or_refused(probes: httpx.Client, record: Any, way: str) -> None:
    before = total(probes, "probes", filter=ANYWHERE)
    last = listed(probes, "probes", order_by="updatedAt[DescNullsLast]", limit=5)
    if way == "create":
        response = probes.post("/rest/probes", content=encoded(record), headers=JSON_TYPE)
    elif way == "upsert":
        response = probes.post("/rest/probes?upsert=true", content=encoded(record), headers=JSON_TYPE)
    elif way == "batch":
        response = probes.post("/rest/batch/probes", content=encoded([{}, record]), headers=JSON_TYPE)
    elif way == "duplicates":
        response = probes.post("/rest/probes/duplicates", content=encoded({"data": [record]}), headers=JSON_TYPE)
    elif way == "update":
        response = probes.patch(f"/rest/probes/{last[0]['id']}", content=encoded(record), headers=JSON_TYPE)
    else:
        where = f"filter=id[eq]:{last[0]['id']}"
        response = probes.patch(f"/rest/probes?{where}", content=encoded(record), headers=JSON_TYPE)
    if response.status_code not in (200, 201):
        refusal(response)
        assert total(probes, "probes", filter=ANYWHERE) == before
        assert listed(probes, "probes", order_by="updatedAt[DescNullsLast]", limit=5) == last
    elif way in ("create", "upsert") and not response.json()["data"]["createProbe"]["deletedAt"]:
        shown = response.json()["data"]["createProbe"]
        assert get(probes, "probes", shown["id"]) == shown
        send(probes, "DELETE", f"probes/{shown['id']}")


PATHS = [
    *(name for name in FIELDS if name != "company"),
    *(f"{name}.{part}" for name, part in zip(FIELDS, PARTS, strict=False)),
    "amount.amountMicros",
    "amount.currencyCode",
    "pilot.firstName",
    "mails.primaryEmail",
    "mails.additionalEmails",
    "createdBy.source",
    "createdBy.context",
    "company.name",
    "company.address.addressCity",
    "company.probes.name",
    "company.id",
    "nope",
]
_OPERATORS = "eq neq in containsAny is gt gte lt lte startsWith endsWith like ilike isEmptyArray x"
OPERATORS = tuple(_OPERATORS.split())
TEXTS = st.text(alphabet=string.ascii_letters + string.digits + "%_\\'\"()[],.:- é", max_size=8)
OPERANDS = (
    TEXTS
    | st.sampled_from(["NULL", "NOT_NULL", "A", "true", "1", "1.5", "2024-01-01", MISSING, '""', "a\\", "%\\"])
    | st.lists(TEXTS, max_size=3).map(lambda items: f"[{','.join(items)}]")
    | st.integers().map(str)
    | st.floats().map(str)
)
PREDICATES = st.builds("{}[{}]:{}".format, st.sampled_from(PATHS), st.sampled_from(OPERATORS), OPERANDS)
FILTERS = st.recursive(
    PREDICATES,
    lambda inner: st.builds(
        lambda word, items: f"{word}({','.join(items)})",
        st.sampled_from(["and", "or", "not"]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=6,
)
ORDERS = st.lists(
    st.builds(
        "{}{}".format,
        st.sampled_from(PATHS),
        st.sampled_from(["", "[AscNullsFirst]", "[AscNullsLast]", "[DescNullsFirst]", "[DescNullsLast]", "[x]"]),
    ),
    max_size=3,
).map(",".join)


@OFTEN
@given(filter=FILTERS | TEXTS, order=ORDERS, depth=st.sampled_from(["", "0", "1"]), shape=st.booleans())
def test_any_filter_and_order_is_taken_or_refused(
    probes: httpx.Client, filter: str, order: str, depth: str, shape: bool
) -> None:
    query = f"filter={quote(filter, safe='')}&depth={depth}" + (f"&order_by={quote(order)}" if order else "")
    response = probes.get(f"/rest/probes?{query}")
    if response.status_code != 200:
        refusal(response)
        return
    body = response.json()
    assert body["totalCount"] >= len(body["data"]["probes"])
    negated = total(probes, "probes", filter=f"not({filter})") if shape and "deletedAt" not in filter else 0
    everything = total(probes, "probes")
    assert body["totalCount"] + negated <= everything or "deletedAt" in filter
    if body["pageInfo"]["endCursor"]:
        after = quote(body["pageInfo"]["endCursor"], safe="")
        rest = probes.get(f"/rest/probes?{query}&starting_after={after}")
        assert rest.status_code == 200, rest.text
        assert rest.json()["data"]["probes"] == []


DIMENSIONS = st.one_of(
    st.sampled_from(FIELDS).map(lambda name: {name: True}),
    st.builds(lambda name, part: {name: {part: True}}, st.sampled_from(FIELDS), st.sampled_from([*PARTS, "name"])),
    st.builds(
        lambda name, cut, zone, start: {name: {"granularity": cut, "timeZone": zone, "weekStartDay": start}},
        st.sampled_from(["day", "moment", "createdAt", "name", "deletedAt"]),
        st.sampled_from(["DAY", "WEEK", "MONTH", "QUARTER_OF_THE_YEAR", "DAY_OF_THE_WEEK", "NONE", "X"]),
        st.sampled_from(["UTC", "Europe/Paris", "Nowhere", None, 5]),
        st.sampled_from(["MONDAY", "SUNDAY", "X", None]),
    ),
    st.builds(lambda name, value: {name: {"unnest": value}}, st.sampled_from(FIELDS), st.booleans()),
    VALUES,
)
_FUNCTIONS = "countEmpty countUniqueValues min max avg sum percentageEmpty countTrue"
AGGREGATES = st.lists(
    st.builds(
        lambda function, name: function + name[0].upper() + name[1:],
        st.sampled_from(_FUNCTIONS.split()),
        st.sampled_from([*FIELDS, "amountAmountMicros", "placeAddressLat"]),
    )
    | st.just("totalCount"),
    max_size=4,
)


@OFTEN
@given(
    dimensions=st.lists(DIMENSIONS, max_size=3),
    aggregates=AGGREGATES,
    order=st.lists(DIMENSIONS | st.just({"aggregate": {"totalCount": "AscNullsLast"}}), max_size=2),
    sample=st.booleans(),
    inner=ORDERS,
)
def test_any_grouping_is_taken_or_refused(
    probes: httpx.Client, dimensions: Any, aggregates: Any, order: Any, sample: bool, inner: str
) -> None:
    parameters = {
        "group_by": json.dumps(dimensions),
        "aggregate": json.dumps(aggregates),
        "order_by": json.dumps(order),
        "include_records_sample": str(sample).lower(),
        "order_by_for_records": inner,
    }
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())
    response = probes.get(f"/rest/probes/groupBy?{query}")
    if response.status_code != 200:
        refusal(response)
    else:
        assert all(len(group["groupByDimensionValues"]) == len(dimensions) for group in response.json())


@OFTEN
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]),
    path=st.lists(
        st.sampled_from(
            ["people", "batch", "restore", "merge", "duplicates", "groupBy", "metadata", "objects", "fields", MISSING]
        )
        | st.text(max_size=5),
        max_size=4,
    ),
    body=st.none() | RECORDS | st.lists(RECORDS, max_size=2),
)
def test_any_path_is_answered(probes: httpx.Client, method: str, path: list[str], body: Any) -> None:
    target = "/rest/" + "/".join(quote(part, safe="", errors="surrogatepass") for part in path)
    content = None if body is None else encoded(body)
    response = probes.request(method, target, content=content, headers=JSON_TYPE)
    assert response.status_code < 500, response.text
