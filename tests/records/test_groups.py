"""groupBy: dimensions of every kind, aggregates, orders, samples."""

import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.records.wire import Record, create_many, get, make_object, make_probe, refusal, send


def groups(api: httpx.Client, plural: str, by: Any, **parameters: Any) -> list[Any]:
    texts = {"group_by": json.dumps(by)} | {
        name: value if isinstance(value, str) else json.dumps(value) for name, value in parameters.items()
    }
    query = "&".join(f"{name}={quote(text, safe='')}" for name, text in texts.items())
    found = send(api, "GET", f"{plural}/groupBy?{query}")
    assert isinstance(found, list)
    return found


def values(found: list[Any]) -> list[Any]:
    return [group["groupByDimensionValues"] for group in found]


def counts(found: list[Any]) -> dict[Any, str]:
    return {tuple(group["groupByDimensionValues"]): group["totalCount"] for group in found}


def test_groups_by_relation(api: httpx.Client, crowd: dict[str, Record]) -> None:
    found = groups(api, "people", [{"company": {"name": True}}], aggregate=["totalCount"])
    assert counts(found) == {("a",): "2", ("b",): "1", ("gone",): "1", (None,): "1"}
    found = groups(api, "people", [{"companyId": True}, {"city": True}], aggregate=["totalCount"])
    assert counts(found)[crowd["a"]["id"], "Rome"] == "1"
    found = groups(
        api,
        "people",
        [{"company": {"address": {"addressCity": True}}}],
        aggregate=["totalCount", "countUniqueValuesCity"],
        order_by=[{"company": {"address": {"addressCity": "DescNullsLast"}}}],
    )
    assert values(found) == [["Rome"], ["Oslo"], [None]]
    assert [group["totalCount"] for group in found] == ["2", "1", "2"]
    assert [group["countUniqueValuesCity"] for group in found] == ["2", "1", "2"]
    found = groups(api, "people", [{"company": {"name": True}}], filter="city[eq]:Rome")
    assert values(found) == [["a"], ["b"]]


def test_groups_in_order_with_samples(api: httpx.Client, crowd: dict[str, Record]) -> None:
    found = groups(
        api,
        "people",
        [{"city": True}],
        order_by=[{"aggregate": {"totalCount": "DescNullsLast"}}, {"city": "DescNullsLast"}],
        include_records_sample="true",
        order_by_for_records="jobTitle[DescNullsLast]",
    )
    assert values(found) == [["Rome"], ["Paris"], ["Oslo"], ["Kyiv"]]
    assert found[0]["records"] == [get(api, "people", crowd[name]["id"]) for name in ("Rome b", "Rome a")]
    assert "totalCount" not in found[0]
    limited = groups(api, "people", [{"city": True}], limit=1, order_by=[{"city": "DescNullsFirst"}])
    assert values(limited) == [["Rome"]]
    create_many(api, "people", [{"city": "Rome"}] * 12)
    [group] = groups(api, "people", [{"city": True}], filter="city[eq]:Rome", include_records_sample="true")
    assert len(group["records"]) == 10
    by_company = groups(api, "people", [{"company": {"name": True}}], include_records_sample="true", limit=2)
    assert all(len(group["records"]) <= 10 for group in by_company)


MOMENTS = ["2024-01-01T00:30:00Z", "2024-02-29T12:00:00Z", "2024-03-31T00:30:00Z", "2024-12-31T23:30:00Z", None]


@pytest.fixture
def times(api: httpx.Client) -> None:
    made = make_object(api, "visit", {"name": "at", "type": "DATE_TIME"}, {"name": "on", "type": "DATE"})
    assert made
    create_many(api, "visits", [{"at": at, "on": at and at[:10]} for at in MOMENTS])


@pytest.mark.usefixtures("times")
def test_groups_by_every_granularity(api: httpx.Client) -> None:
    expected: dict[tuple[str, str], list[str | None]] = {
        ("DAY", "UTC"): ["2024-01-01", "2024-02-29", "2024-03-31", "2024-12-31", None],
        ("DAY", "America/New_York"): ["2023-12-31", "2024-02-29", "2024-03-30", "2024-12-31", None],
        ("DAY", "Europe/Paris"): ["2024-01-01", "2024-02-29", "2024-03-31", "2025-01-01", None],
        ("WEEK", "UTC"): ["2024-01-01", "2024-02-26", "2024-03-25", "2024-12-30", None],
        ("MONTH", "UTC"): ["2024-01-01", "2024-02-01", "2024-03-01", "2024-12-01", None],
        ("MONTH", "Europe/Paris"): ["2024-01-01", "2024-02-01", "2024-03-01", "2025-01-01", None],
        ("QUARTER", "UTC"): ["2024-01-01", "2024-10-01", None],
        ("YEAR", "UTC"): ["2024-01-01", None],
        ("YEAR", "America/New_York"): ["2023-01-01", "2024-01-01", None],
        ("DAY_OF_THE_WEEK", "UTC"): ["Monday", "Tuesday", "Thursday", "Sunday", None],
        ("MONTH_OF_THE_YEAR", "UTC"): ["January", "February", "March", "December", None],
        ("QUARTER_OF_THE_YEAR", "UTC"): ["Q1", "Q4", None],
    }
    for (granularity, zone), wanted in expected.items():
        by = [{"at": {"granularity": granularity, "timeZone": zone}}]
        found = groups(api, "visits", by, order_by=[{"at": {"granularity": granularity, "orderBy": "AscNullsLast"}}])
        assert [value for [value] in values(found)] == wanted, (granularity, zone)
        if zone == "UTC":
            same = groups(api, "visits", [{"on": {"granularity": granularity}}], order_by=[{"on": "AscNullsLast"}])
            assert [value for [value] in values(same)] == wanted, granularity
    for start, weeks in (
        ("MONDAY", ["2024-01-01", "2024-02-26", "2024-03-25", "2024-12-30"]),
        ("SUNDAY", ["2023-12-31", "2024-02-25", "2024-03-31", "2024-12-29"]),
        ("SATURDAY", ["2023-12-30", "2024-02-24", "2024-03-30", "2024-12-28"]),
    ):
        found = groups(
            api, "visits", [{"on": {"granularity": "WEEK", "weekStartDay": start}}], filter="on[is]:NOT_NULL"
        )
        assert [value for [value] in values(found)] == weeks, start
    assert len(groups(api, "visits", [{"at": {"granularity": "NONE"}}])) == 5
    assert len(groups(api, "visits", [{"at": True}])) == 5
    assert [value for [value] in values(groups(api, "visits", [{"on": True}], order_by=[{"on": "DescNullsLast"}]))] == [
        "2024-12-31",
        "2024-03-31",
        "2024-02-29",
        "2024-01-01",
        None,
    ]


AGGREGATES = """
    totalCount countNotEmptyId minSize maxSize sumSize avgSize minWhole maxWhole sumAmountAmountMicros
    maxAmountAmountMicros countTrueFlag countFalseFlag countEmptyFlag percentageEmptyFlag percentageNotEmptySize
    minDay maxDay minMoment countEmptyName countUniqueValuesName countEmptyWords countEmptyMails countNotEmptyAmount
    countUniqueValuesStage countEmptyTags
"""


def test_aggregates_of_every_type(api: httpx.Client) -> None:
    make_probe(api)
    create_many(
        api,
        "probes",
        [
            {"size": 1.5, "whole": 2**53 + 1, "amount": {"amountMicros": 10**30}, "flag": True, "day": "2024-01-01"},
            {"size": 2.5, "whole": 1, "amount": {"amountMicros": 1}, "flag": False, "name": "x", "words": ["a"]},
            {
                "stage": "A",
                "tags": ["A", "B"],
                "moment": "2024-01-01T00:00:00Z",
                "mails": {"primaryEmail": "a@x.example"},
            },
            {},
        ],
    )
    names = [
        "totalCount",
        "countNotEmptyId",
        "minSize",
        "maxSize",
        "sumSize",
        "avgSize",
        "minWhole",
        "maxWhole",
        "sumAmountAmountMicros",
        "maxAmountAmountMicros",
        "countTrueFlag",
        "countFalseFlag",
        "countEmptyFlag",
        "percentageEmptyFlag",
        "percentageNotEmptySize",
        "minDay",
        "maxDay",
        "minMoment",
        "countEmptyName",
        "countUniqueValuesName",
        "countEmptyWords",
        "countEmptyMails",
        "countNotEmptyAmount",
        "countUniqueValuesStage",
        "countEmptyTags",
    ]
    [found] = groups(api, "probes", [{"createdAt": {"granularity": "YEAR", "timeZone": "UTC"}}], aggregate=names)
    del found["groupByDimensionValues"]
    percentages = {name: float(found.pop(name)) for name in list(found) if name.startswith("percentage")}
    assert percentages == {"percentageEmptyFlag": 0.5, "percentageNotEmptySize": 0.5}
    assert found == {
        "totalCount": "4",
        "countNotEmptyId": "4",
        "minSize": 1.5,
        "maxSize": 2.5,
        "sumSize": 4,
        "avgSize": 2,
        "minWhole": 1,
        "maxWhole": str(2**53 + 1),
        "sumAmountAmountMicros": str(10**30 + 1),
        "maxAmountAmountMicros": str(10**30),
        "countTrueFlag": "1",
        "countFalseFlag": "1",
        "countEmptyFlag": "2",
        "minDay": "2024-01-01",
        "maxDay": "2024-01-01",
        "minMoment": "2024-01-01T00:00:00.000Z",
        "countEmptyName": "3",
        "countUniqueValuesName": "1",
        "countEmptyWords": "3",
        "countEmptyMails": "3",
        "countNotEmptyAmount": "2",
        "countUniqueValuesStage": "1",
        "countEmptyTags": "3",
    }
    assert refusal(api.get('/rest/probes/groupBy?group_by=[{"stage":true}]&aggregate=["nope"]'))


def test_groups_of_lists(api: httpx.Client) -> None:
    make_probe(api)
    create_many(api, "probes", [{"tags": ["A", "B"], "words": ["x"]}, {"tags": ["B"]}, {}])
    assert values(groups(api, "probes", [{"tags": True}], order_by=[{"tags": "AscNullsLast"}])) == [
        ["{B}"],
        ["{A,B}"],
        [None],
    ]
    found = groups(api, "probes", [{"tags": {"unnest": True}}], aggregate=["totalCount"])
    assert counts(found) == {("A",): "1", ("B",): "2", (None,): "1"}
    ordered = groups(
        api,
        "probes",
        [{"tags": {"unnest": True}}, {"stage": True}],
        order_by=[{"aggregate": {"totalCount": "DescNullsLast"}}],
        include_records_sample="true",
    )
    assert ordered[0]["groupByDimensionValues"] == ["B", None]
    assert len(ordered[0]["records"]) == 2
    assert counts(groups(api, "probes", [{"words": {"unnest": True}}], aggregate=["totalCount"])) == {
        ("x",): "1",
        (None,): "2",
    }
    assert values(groups(api, "probes", [{"tags": {"unnest": False}}]))


def test_groups_are_ordered_by_options_and_calendar(api: httpx.Client) -> None:
    stages = ["PROPOSAL", "NEW", "CUSTOMER", "MEETING", "SCREENING"]
    create_many(api, "opportunities", [{"stage": stage} for stage in stages])
    field = {"NEW": 0, "SCREENING": 1, "MEETING": 2, "PROPOSAL": 3, "CUSTOMER": 4}
    expected = sorted(stages, key=field.__getitem__)
    assert [value for [value] in values(groups(api, "opportunities", [{"stage": True}]))] == expected
    found = groups(api, "opportunities", [{"stage": True}], order_by=[{"stage": "DescNullsFirst"}])
    assert [value for [value] in values(found)] == expected[::-1]


def test_what_groups_refuse(api: httpx.Client) -> None:
    dimensions: tuple[Any, ...] = (
        [{"nope": True}],
        [{"name": True}],
        [{"name": {"nope": True}}],
        [{"city": {"x": True}}],
        [{"city": False}],
        [{"city": "x"}],
        [{"company": True}],
        [{"company": {"nope": True}}],
        [{"company": {"people": True}}],
        [{"company": {"accountOwner": {"name": True}}}],
        [{"noteTargets": True}],
        [{"noteTargets": {"id": True}}],
        [{"id": True}],
        [{"searchVector": True}],
        [{"position": True}],
        [{"createdBy": {"source": True}}],
        [{"deletedAt": True}],
        [{"createdAt": {"granularity": "DAY"}}],
        [{"createdAt": {"granularity": "X", "timeZone": "UTC"}}],
        [{"createdAt": {"granularity": "DAY", "timeZone": "Mars/Olympus"}}],
        [{"createdAt": {"granularity": "WEEK", "timeZone": "UTC", "weekStartDay": "FRIDAY"}}],
        [{"city": True, "jobTitle": True}],
        [{"emails": {"additionalEmails": True}}],
        [{}],
        "city",
        [["city"]],
        [{"city": True}] * 51,
    )
    for by in dimensions:
        refusal(api.get(f"/rest/people/groupBy?group_by={quote(json.dumps(by))}"))
    for order in (
        [{"jobTitle": "AscNullsFirst"}],
        [{"city": "Asc"}],
        [{"city": {"x": "AscNullsFirst"}}],
        [{"aggregate": {"nope": "AscNullsFirst"}}],
        [{"aggregate": "AscNullsFirst"}],
        [{"city": "AscNullsFirst", "aggregate": {"totalCount": "AscNullsFirst"}}],
        "city",
    ):
        url = f'/rest/people/groupBy?group_by=[{{"city":true}}]&order_by={quote(json.dumps(order))}'
        refusal(api.get(url))
