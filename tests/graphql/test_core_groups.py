"""Aggregates and groups against plain Python."""

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.records.wire import make_field, make_object, object_id, options
from threescore.catalog.workspaces import Workspace

from .calls import Record, create, fail, nodes, one

STAGES = ("NEW", "SCREENING", "MEETING")
TAGS = ("HOT", "OLD", "BIG")


@dataclass(frozen=True)
class Deals:
    """A workspace with companies and opportunities, and both as Python knows them."""

    api: httpx.Client
    companies: dict[str, Record]
    rows: list[Record]


@pytest.fixture(scope="module")
def deals(
    server: str, new_workspace: Callable[[], Workspace], new_token: Callable[[Workspace], str]
) -> Iterator[Deals]:
    headers = {"Authorization": f"Bearer {new_token(new_workspace())}"}
    with httpx.Client(base_url=server, headers=headers, timeout=30) as api:
        opportunity = object_id(api, "opportunity")
        make_field(api, opportunity, type="MULTI_SELECT", name="tags", options=options(*TAGS))
        make_field(api, opportunity, type="BOOLEAN", name="won")
        make_field(api, opportunity, type="NUMBER", name="score")
        dice = random.Random(7)
        companies = create(api, "companies", [{"name": name} for name in ("Acme", "Beta", "Core")], "id name")
        start = datetime(2024, 1, 1, tzinfo=UTC)
        rows = [
            {
                "name": f"Deal {n:03}" if n % 7 else None,
                "stage": dice.choice(STAGES),
                "amount": {"amountMicros": dice.choice([None, 1_500_000, 2_000_000, 7_250_000])},
                "closeDate": (start + timedelta(hours=dice.randrange(24 * 500))).isoformat() if n % 5 else None,
                "companyId": dice.choice([None, *(company["id"] for company in companies)]),
                "tags": dice.choice([None, ["HOT"], ["HOT", "BIG"], list(TAGS)]),
                "won": dice.choice([None, True, False]),
                "score": dice.choice([None, 1, 2.5, -3]),
            }
            for n in range(150)
        ]
        for row, made in zip(rows, create(api, "opportunities", rows), strict=True):
            row |= made
        yield Deals(api, {company["id"]: company for company in companies}, rows)


def grouped(rows: Iterable[Record], key: Callable[[Record], Any]) -> dict[Any, list[Record]]:
    groups: dict[Any, list[Record]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


def amounts(rows: Iterable[Record]) -> list[int]:
    found = (row["amount"]["amountMicros"] for row in rows)
    return [amount for amount in found if amount is not None]


AGGREGATES = """
    totalCount countUniqueValuesStage countEmptyName countNotEmptyName percentageEmptyName percentageNotEmptyName
    countTrueWon countFalseWon minScore maxScore avgScore sumScore countEmptyScore
    minAmountAmountMicros maxAmountAmountMicros sumAmountAmountMicros avgAmountAmountMicros countEmptyTags
    minCloseDate maxCloseDate countUniqueValuesScore
"""


def aggregates(rows: list[Record]) -> Record:
    scores = [row["score"] for row in rows if row["score"] is not None]
    dates = sorted(row["closeDate"] for row in rows if row["closeDate"])
    empty, micros = sum(row["name"] is None for row in rows), amounts(rows)

    def instant(text: str) -> str:
        return datetime.fromisoformat(text).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    return {
        "totalCount": len(rows),
        "countUniqueValuesStage": len({row["stage"] for row in rows}),
        "countEmptyName": empty,
        "countNotEmptyName": len(rows) - empty,
        "percentageEmptyName": pytest.approx(empty / len(rows)),
        "percentageNotEmptyName": pytest.approx(1 - empty / len(rows)),
        "countTrueWon": sum(row["won"] is True for row in rows),
        "countFalseWon": sum(row["won"] is False for row in rows),
        "minScore": min(scores, default=None),
        "maxScore": max(scores, default=None),
        "avgScore": pytest.approx(sum(scores) / len(scores)) if scores else None,
        "sumScore": pytest.approx(sum(scores)) if scores else None,
        "countEmptyScore": len(rows) - len(scores),
        "minAmountAmountMicros": min(micros, default=None),
        "maxAmountAmountMicros": max(micros, default=None),
        "sumAmountAmountMicros": sum(micros) if micros else None,
        "avgAmountAmountMicros": pytest.approx(sum(micros) / len(micros)) if micros else None,
        "countEmptyTags": sum(row["tags"] is None for row in rows),
        "minCloseDate": instant(dates[0]) if dates else None,
        "maxCloseDate": instant(dates[-1]) if dates else None,
        "countUniqueValuesScore": len(set(scores)),
    }


def test_aggregates_of_the_root_and_of_each_parent(deals: Deals) -> None:
    """Whatever the page."""
    assert one(deals.api, f"{{ opportunities(first: 1, offset: 3) {{ {AGGREGATES} }} }}") == aggregates(deals.rows)
    document = f"{{ companies {{ edges {{ node {{ id opportunities(first: 2) {{ {AGGREGATES} }} }} }} }} }}"
    for node in nodes(one(deals.api, document)):
        assert node["opportunities"] == aggregates([row for row in deals.rows if row["companyId"] == node["id"]])


def test_aggregates_of_a_filter_and_of_nothing(deals: Deals) -> None:
    filter = "filter: {stage: {eq: NEW}, won: {eq: true}}"
    rows = [row for row in deals.rows if row["stage"] == "NEW" and row["won"]]
    assert one(deals.api, f"{{ opportunities({filter}) {{ {AGGREGATES} }} }}") == aggregates(rows)
    nothing = one(deals.api, f'{{ opportunities(filter: {{name: {{eq: "none"}}}}) {{ {AGGREGATES} }} }}')
    assert nothing.pop("totalCount") == 0
    assert set(nothing.values()) == {None}


def test_the_groups_of_each_kind_of_field(deals: Deals) -> None:
    def check(dimension: str, key: Callable[[Record], Any]) -> None:
        found = one(
            deals.api,
            f"{{ opportunitiesGroupBy(groupBy: [{dimension}], limit: 500) {{ groupByDimensionValues {AGGREGATES} }} }}",
        )
        groups = grouped(deals.rows, key)
        assert len(found) == len(groups)
        for group in found:
            [value] = group.pop("groupByDimensionValues")
            assert group == aggregates(groups[value])

    check("{stage: true}", lambda row: row["stage"])
    check("{name: true}", lambda row: row["name"])
    check("{won: true}", lambda row: row["won"])
    check("{score: true}", lambda row: row["score"])
    check("{amount: {amountMicros: true}}", lambda row: row["amount"]["amountMicros"])
    check("{companyId: true}", lambda row: row["companyId"])
    check("{company: {name: true}}", lambda row: deals.companies.get(row["companyId"], {}).get("name"))
    check("{company: {id: true}}", lambda row: row["companyId"])


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/New_York"])
@pytest.mark.parametrize(
    ("granularity", "cut"),
    [
        ("DAY", lambda at: at.strftime("%Y-%m-%d")),
        ("WEEK", lambda at: (at - timedelta(days=at.weekday())).strftime("%Y-%m-%d")),
        ("MONTH", lambda at: at.strftime("%Y-%m-01")),
        ("QUARTER", lambda at: f"{at.year}-{(at.month - 1) // 3 * 3 + 1:02}-01"),
        ("YEAR", lambda at: f"{at.year}-01-01"),
        ("DAY_OF_THE_WEEK", lambda at: at.strftime("%A")),
        ("MONTH_OF_THE_YEAR", lambda at: at.strftime("%B")),
        ("QUARTER_OF_THE_YEAR", lambda at: f"Q{(at.month - 1) // 3 + 1}"),
    ],
)
def test_dates_are_cut_where_the_time_zone_says(
    deals: Deals, zone: str, granularity: str, cut: Callable[[datetime], str]
) -> None:
    def key(row: Record) -> str | None:
        return row["closeDate"] and cut(datetime.fromisoformat(row["closeDate"]).astimezone(ZoneInfo(zone)))

    dimension = f'{{closeDate: {{granularity: {granularity}, timeZone: "{zone}"}}}}'
    found = one(
        deals.api,
        f"{{ opportunitiesGroupBy(groupBy: {dimension}, limit: 500) {{ groupByDimensionValues totalCount }} }}",
    )
    assert {group["groupByDimensionValues"][0]: group["totalCount"] for group in found} == {
        value: len(rows) for value, rows in grouped(deals.rows, key).items()
    }


@pytest.mark.parametrize(("day", "shift"), [("MONDAY", 0), ("SUNDAY", 1), ("SATURDAY", 2)])
def test_the_first_day_of_the_week(deals: Deals, day: str, shift: int) -> None:
    def key(row: Record) -> str | None:
        if not row["closeDate"]:
            return None
        at = datetime.fromisoformat(row["closeDate"])
        return (at - timedelta(days=(at.weekday() + shift) % 7)).strftime("%Y-%m-%d")

    dimension = f'{{closeDate: {{granularity: WEEK, weekStartDay: {day}, timeZone: "UTC"}}}}'
    found = one(deals.api, f"{{ opportunitiesGroupBy(groupBy: {dimension}, limit: 500) {{ groupByDimensionValues }} }}")
    assert {group["groupByDimensionValues"][0] for group in found} == {key(row) for row in deals.rows}


def test_a_group_for_each_element_of_a_list(deals: Deals) -> None:
    found = one(
        deals.api, "{ opportunitiesGroupBy(groupBy: {tags: {unnest: true}}) { groupByDimensionValues totalCount } }"
    )
    counts: dict[str | None, int] = {tag: sum(tag in (row["tags"] or ()) for row in deals.rows) for tag in TAGS}
    counts[None] = sum(row["tags"] is None for row in deals.rows)
    assert {group["groupByDimensionValues"][0]: group["totalCount"] for group in found} == counts


def test_several_dimensions_with_order_limit_and_records(deals: Deals) -> None:
    found = one(
        deals.api,
        """{ opportunitiesGroupBy(
            groupBy: [{stage: true}, {company: {name: true}}],
            orderBy: [{aggregate: {sumAmountAmountMicros: DescNullsLast}}, {stage: AscNullsLast}],
            orderByForRecords: [{name: DescNullsLast}], offsetForRecords: 1, limit: 7
        ) {
            key: groupByDimensionValues n: totalCount
            edges { cursor node { name company { name people { totalCount } } } }
            again: edges { node { id } }
        } }""",
    )
    groups = grouped(deals.rows, lambda row: (row["stage"], deals.companies.get(row["companyId"], {}).get("name")))
    order = sorted(groups.items(), key=lambda item: (-sum(amounts(item[1])), STAGES.index(item[0][0])))
    assert [tuple(group["key"]) for group in found] == [key for key, _ in order[:7]]
    for group, (key, rows) in zip(found, order, strict=False):
        named = sorted((row for row in rows if row["name"]), key=lambda row: str(row["name"]), reverse=True)
        unnamed = sorted((row for row in rows if not row["name"]), key=lambda row: str(row["id"]))
        shown = [*named, *unnamed][1:11]
        assert group["n"] == len(rows)
        assert [node["name"] for node in nodes(group)] == [row["name"] or "" for row in shown]
        assert [edge["node"]["id"] for edge in group["again"]] == [row["id"] for row in shown]
        company = {"name": key[1], "people": {"totalCount": 0}} if key[1] else None
        assert all(node["company"] == company for node in nodes(group))


@pytest.mark.parametrize("way", ["AscNullsFirst", "AscNullsLast", "DescNullsFirst", "DescNullsLast"])
def test_groups_in_the_order_of_their_values(deals: Deals, way: str) -> None:
    def values(dimension: str, order: str) -> list[Any]:
        found = one(
            deals.api,
            f"{{ opportunitiesGroupBy(groupBy: {dimension}, orderBy: {order}) {{ groupByDimensionValues }} }}",
        )
        return [group["groupByDimensionValues"][0] for group in found]

    def expected(known: list[Any]) -> list[Any]:
        ordered = known[::-1] if way.startswith("Desc") else known
        return [None, *ordered] if way.endswith("First") else [*ordered, None]

    assert values("{score: true}", f"{{score: {way}}}") == expected([-3, 1, 2.5])
    assert values("{company: {name: true}}", f"{{company: {{name: {way}}}}}") == expected(["Acme", "Beta", "Core"])
    months = [datetime(2024, month, 1, tzinfo=UTC).strftime("%B") for month in range(1, 13)]
    date = '{closeDate: {granularity: MONTH_OF_THE_YEAR, timeZone: "UTC"}}'
    assert values(date, f"{{closeDate: {{orderBy: {way}, granularity: MONTH_OF_THE_YEAR}}}}") == expected(months)
    options_order = values("{stage: true}", f"{{stage: {way}}}")
    assert options_order == (list(STAGES[::-1]) if way.startswith("Desc") else list(STAGES))


def test_groups_are_50_unless_told(deals: Deals) -> None:
    document = "{ opportunitiesGroupBy(groupBy: {name: true}%s) { totalCount } }"
    assert len(one(deals.api, document % "")) == 50
    assert len(one(deals.api, document % ", limit: 3")) == 3
    assert len(one(deals.api, document % ", limit: 500")) == len({row["name"] for row in deals.rows})


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        ("", 'Missing required argument: "groupBy" must be an array.', "INVALID_QUERY_INPUT"),
        ("groupBy: []", 'Missing required argument: "groupBy" must be an array.', "INVALID_QUERY_INPUT"),
        ("groupBy: [{foo: true}]", "Unidentified field in groupBy: foo", "INVALID_QUERY_INPUT"),
        ("groupBy: [{id: true}]", 'Field "id" is not supported in groupBy', "INVALID_QUERY_INPUT"),
        (
            "groupBy: [{stage: true, name: true}]",
            "You cannot provide multiple fields in one GroupByInput, split them into multiple GroupByInput",
            "INVALID_QUERY_INPUT",
        ),
        ("groupBy: [{stage: 1}]", 'Invalid groupBy definition for field "stage"', "INVALID_QUERY_INPUT"),
        (
            "groupBy: [{closeDate: {granularity: MONTH}}]",
            "Time zone should be specified for a group by date on Day, Week, Month, Quarter or Year",
            "MISSING_TIMEZONE_FOR_DATE_GROUP_BY",
        ),
        (
            'groupBy: [{closeDate: {granularity: MONTH, timeZone: "Mars"}}]',
            "Invalid timezone: Mars",
            "INVALID_TIMEZONE",
        ),
        (
            "groupBy: [{stage: true}], orderBy: [{name: AscNullsLast}]",
            "Cannot order by a field that is not an aggregate nor in groupBy criteria: name.",
            "INVALID_QUERY_INPUT",
        ),
        (
            "groupBy: [{stage: true}], orderBy: [{aggregate: {foo: AscNullsLast}}]",
            "Unknown aggregate field(s): foo",
            "INVALID_QUERY_INPUT",
        ),
        (
            "groupBy: [{stage: true}], limit: -1",
            'Invalid argument: "limit" must not be negative',
            "INVALID_QUERY_INPUT",
        ),
        ("groupBy: [{stage: true}], filter: {foo: {eq: 1}}", "Object opportunity doesn't have", "INVALID_ARGS_FILTER"),
        ('groupBy: [{stage: true}], viewId: "x"', 'Invalid argument: "viewId" must be a string', "INVALID_QUERY_INPUT"),
    ],
)
def test_groups_that_are_refused(deals: Deals, arguments: str, said: str, code: str) -> None:
    arguments = f"({arguments})" if arguments else ""
    error = fail(deals.api, f"{{ opportunitiesGroupBy{arguments} {{ totalCount }} }}")
    assert error["message"].startswith(said)
    assert (error["extensions"]["code"], error["extensions"]["subCode"]) == ("BAD_USER_INPUT", code)


def test_aggregates_of_large_whole_numbers_are_numbers_with_all_their_digits(api: httpx.Client) -> None:
    make_object(api, "counter")
    make_field(api, object_id(api, "counter"), type="NUMBER", name="ticks", settings={"dataType": "bigint"})
    create(api, "counters", [{"name": "a", "ticks": 2**60 + 1}, {"name": "b", "ticks": 2**60 + 3}])
    selection = "minTicks maxTicks sumTicks"
    expected = {"minTicks": 2**60 + 1, "maxTicks": 2**60 + 3, "sumTicks": 2**61 + 4}
    assert one(api, f"{{ counters {{ {selection} }} }}") == expected
    [group] = one(
        api,
        f'{{ countersGroupBy(groupBy: [{{createdAt: {{granularity: YEAR, timeZone: "UTC"}}}}]) {{ {selection} }} }}',
    )
    assert group == expected
    assert sorted(node["ticks"] for node in nodes(one(api, "{ counters { edges { node { ticks } } } }"))) == [
        str(2**60 + n) for n in (1, 3)
    ]
