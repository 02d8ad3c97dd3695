"""Relations between records: depth, connect, filters and orders through them, groups, duplicates, merges."""

import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.records.wire import (
    MISSING,
    Record,
    create,
    create_many,
    get,
    listed,
    make_field,
    make_object,
    make_probe,
    message,
    object_id,
    options,
    page,
    refusal,
    relation,
    send,
    total,
    update,
)

ANYWHERE = "or(deletedAt[is]:NULL,deletedAt[is]:NOT_NULL)"


def ids_of(records: list[Record]) -> list[str]:
    return [record["id"] for record in records]


def soft_delete(api: httpx.Client, plural: str, record_id: str) -> Record:
    [deleted] = send(api, "DELETE", f"{plural}/{record_id}?soft_delete=true")["data"].values()
    assert isinstance(deleted, dict)
    return deleted


# Depth


def test_depth_0_and_1(api: httpx.Client) -> None:
    company = create(api, "companies", {"name": "Acme"})
    person = create(api, "people", {"city": "Rome", "companyId": company["id"]})
    for query in ("", "?depth=0", "?depth="):
        flat = get(api, "people", person["id"], query)
        assert flat == person
        assert flat["companyId"] == company["id"]
        assert "company" not in flat
    deep = get(api, "people", person["id"], "?depth=1")
    assert {key: deep[key] for key in person} == person
    assert deep["company"] == company
    assert deep["noteTargets"] == []
    there = get(api, "companies", company["id"], "?depth=1")
    assert there["people"] == [person]
    assert "company" not in there["people"][0]
    assert there["accountOwner"] is None
    assert listed(api, "people", depth=1)[0] == deep
    assert create(api, "people", {"companyId": company["id"]}, "?depth=1")["company"] == company
    [changed] = send(api, "PATCH", f"people/{person['id']}?depth=1", {"city": "Oslo"})["data"].values()
    assert changed["company"] == company
    [found] = send(api, "POST", "people/duplicates?depth=1", {"ids": [person["id"]]})["data"]
    assert found["personDuplicates"] == []
    for depth in ("2", "-1", "x", "0.5"):
        assert "depth" in message(api.get(f"/rest/people?depth={depth}"))


def test_a_soft_deleted_target_is_null_at_depth_1(api: httpx.Client) -> None:
    company = create(api, "companies", {"name": "Acme"})
    person = create(api, "people", {"companyId": company["id"]})
    soft_delete(api, "companies", company["id"])
    assert get(api, "people", person["id"])["companyId"] == company["id"]
    deep = get(api, "people", person["id"], "?depth=1")
    assert (deep["companyId"], deep["company"]) == (None, None)
    send(api, "PATCH", f"companies/{company['id']}/restore")
    assert get(api, "people", person["id"], "?depth=1")["company"]["id"] == company["id"]


def test_soft_deleted_records_are_not_listed_in_a_relation(api: httpx.Client) -> None:
    company = create(api, "companies", {"name": "Acme"})
    people = create_many(api, "people", [{"companyId": company["id"]} for _ in range(3)])
    soft_delete(api, "people", people[1]["id"])
    shown = get(api, "companies", company["id"], "?depth=1")["people"]
    assert ids_of(shown) == sorted([people[0]["id"], people[2]["id"]])


def test_sixty_records_of_a_relation(api: httpx.Client) -> None:
    company = create(api, "companies", {"name": "Acme"})
    for _ in range(2):
        create_many(api, "people", [{"companyId": company["id"]}] * 35)
    assert len(get(api, "companies", company["id"], "?depth=1")["people"]) == 60


def test_morph_relations(api: httpx.Client) -> None:
    note = create(api, "notes", {"title": "N"})
    company = create(api, "companies", {"name": "Acme"})
    target = create(api, "noteTargets", {"noteId": note["id"], "targetCompanyId": company["id"]})
    assert (target["targetCompanyId"], target["targetPersonId"]) == (company["id"], None)
    deep = get(api, "noteTargets", target["id"], "?depth=1")
    assert deep["targetCompany"] == company
    assert deep["targetPerson"] is None
    assert deep["note"]["title"] == "N"
    assert total(api, "noteTargets", filter="targetCompany.name[eq]:Acme") == 1


# Writing


def test_connect_and_disconnect(api: httpx.Client) -> None:
    one, two = create_many(
        api, "companies", [{"name": n, "domainName": {"primaryLinkUrl": f"https://{n}.example"}} for n in "ab"]
    )
    person = create(api, "people", {"company": {"connect": {"where": {"id": one["id"].upper()}}}})
    assert person["companyId"] == one["id"]
    domain = {"domainName": {"primaryLinkUrl": "https://B.example/"}}
    assert update(api, "people", person["id"], {"company": {"connect": {"where": domain}}})["companyId"] == two["id"]
    assert update(api, "people", person["id"], {"company": {"disconnect": True}})["companyId"] is None
    assert update(api, "people", person["id"], {"companyId": one["id"]})["companyId"] == one["id"]
    assert update(api, "people", person["id"], {"company": None})["companyId"] is None
    [many] = send(api, "PATCH", "people?filter=id[is]:NOT_NULL", {"company": {"connect": {"where": domain}}})[
        "data"
    ].values()
    assert many[0]["companyId"] == two["id"]


def test_what_connect_refuses(api: httpx.Client) -> None:
    company = create(api, "companies", {"name": "a"})
    gone = create(api, "companies", {"name": "gone"})
    soft_delete(api, "companies", gone["id"])
    person = create(api, "people", {"companyId": company["id"]})
    where = {"id": company["id"]}
    wrong: tuple[Record, ...] = (
        {"company": {"connect": {"where": {"id": MISSING}}}},
        {"company": {"connect": {"where": {"id": gone["id"]}}}},
        {"company": {"connect": {"where": {"name": "a"}}}},
        {"company": {"connect": {"where": {"nope": "a"}}}},
        {"company": {"connect": {"where": {"id": 5}}}},
        {"company": {"connect": {"where": {"id": None}}}},
        {"company": {"connect": {"where": {}}}},
        {"company": {"connect": {}}},
        {"company": {"connect": {"where": where, "more": 1}}},
        {"company": {"connect": {"where": where}, "disconnect": True}},
        {"company": {"connect": {"where": where}}, "companyId": company["id"]},
        {"company": {"disconnect": False}},
        {"company": {}},
        {"company": []},
        {"company": company["id"]},
        {"company": company},
        {"noteTargets": []},
        {"companyId": "x"},
        {"companyId": MISSING},
    )
    for bad in wrong:
        refusal(api.post("/rest/people", json=bad))
        refusal(api.patch(f"/rest/people/{person['id']}", json=bad))
    assert listed(api, "people") == [person]


def test_a_relation_to_a_soft_deleted_record_may_be_kept(api: httpx.Client) -> None:
    company = create(api, "companies", {"name": "a"})
    person = create(api, "people", {"companyId": company["id"]})
    soft_delete(api, "companies", company["id"])
    assert update(api, "people", person["id"], {"companyId": company["id"]})["companyId"] == company["id"]


def test_places(api: httpx.Client) -> None:
    one, two, three = (create(api, "people", {"city": n}) for n in "abc")
    assert ids_of(listed(api, "people", order_by="position")) == ids_of([three, two, one])
    update(api, "people", one["id"], {"position": "first"})
    update(api, "people", three["id"], {"position": "last"})
    assert ids_of(listed(api, "people", order_by="position")) == ids_of([one, two, three])
    update(api, "people", two["id"], {"position": -100.5})
    update(api, "people", one["id"], {"position": "last"})
    assert ids_of(listed(api, "people", order_by="position")) == ids_of([two, three, one])
    [moved] = send(api, "PATCH", f"people?filter=id[eq]:{one['id']}", {"position": "first"})["data"].values()
    assert moved[0]["position"] == -101.5


# Filters and orders


@pytest.fixture
def crowd(api: httpx.Client) -> dict[str, Record]:
    """Companies a (Rome), b (Oslo, owned), c (nobody works there), gone (soft-deleted), and people of each."""
    companies = create_many(
        api,
        "companies",
        [
            {"name": "a", "employees": 5, "address": {"addressCity": "Rome"}},
            {"name": "b", "address": {"addressCity": "Oslo"}, "domainName": {"primaryLinkUrl": "https://b.example"}},
            {"name": "c", "employees": 50},
            {"name": "gone", "employees": 7},
        ],
    )
    by_name = {company["name"]: company for company in companies}
    for name, city in (("a", "Rome"), ("a", "Oslo"), ("b", "Rome"), ("gone", "Paris"), (None, "Kyiv")):
        company_id = by_name[name]["id"] if name else None
        person = create(api, "people", {"city": city, "companyId": company_id, "jobTitle": f"{city} {name}"})
        by_name[person["jobTitle"]] = person
    soft_delete(api, "companies", by_name["gone"]["id"])
    return by_name


def titles(api: httpx.Client, where: str, order: str = "jobTitle") -> list[str]:
    return [record["jobTitle"] for record in listed(api, "people", filter=where, order_by=order)]


def test_filters_through_a_to_one_relation(api: httpx.Client, crowd: dict[str, Record]) -> None:
    assert titles(api, "company.name[eq]:a") == ["Oslo a", "Rome a"]
    assert titles(api, "company.address.addressCity[eq]:Rome") == ["Oslo a", "Rome a"]
    assert titles(api, "company.employees[gt]:4,city[eq]:Oslo") == ["Oslo a"]
    assert titles(api, "or(company.name[eq]:b,city[eq]:Kyiv)") == ["Kyiv None", "Rome b"]
    assert titles(api, "not(company.name[eq]:a)") == ["Paris gone", "Rome b"]
    assert titles(api, "company.id[is]:NULL") == ["Kyiv None"]
    assert titles(api, f"companyId[eq]:{crowd['b']['id']}") == ["Rome b"]
    assert titles(api, f"companyId[in]:[{crowd['b']['id']},{crowd['a']['id']}]") == ["Oslo a", "Rome a", "Rome b"]
    assert titles(api, "companyId[is]:NULL") == ["Kyiv None"]
    assert titles(api, "company.domainName.primaryLinkUrl[like]:%b.example") == ["Rome b"]
    assert titles(api, "company.createdAt[gt]:2020-01-01,company.deletedAt[is]:NOT_NULL") == ["Paris gone"]


def test_filters_through_a_to_many_relation(api: httpx.Client, crowd: dict[str, Record]) -> None:
    def names(where: str) -> list[str]:
        return [record["name"] for record in listed(api, "companies", filter=where, order_by="name")]

    assert names("people.city[eq]:Rome") == ["a", "b"]
    assert names("people.city[in]:[Oslo,Kyiv]") == ["a"]
    assert names("not(people.city[eq]:Oslo)") == ["b", "c"]
    assert names("people.id[is]:NOT_NULL") == ["a", "b"]
    assert names("not(people.id[is]:NOT_NULL)") == ["c"]
    assert names("people.city[eq]:Rome,people.city[eq]:Oslo") == ["a"]
    assert names("people.name.firstName[is]:NULL,employees[gt]:1") == ["a"]
    soft_delete(api, "people", crowd["Oslo a"]["id"])
    assert names("people.city[eq]:Oslo") == []
    assert page(api, "companies", filter="people.city[eq]:Rome", limit=1)["totalCount"] == 2


def test_writes_through_relation_filters(api: httpx.Client, crowd: dict[str, Record]) -> None:
    [changed] = send(api, "PATCH", "people?filter=company.name[eq]:a", {"city": "Bern"})["data"].values()
    assert sorted(ids_of(changed)) == sorted([crowd["Rome a"]["id"], crowd["Oslo a"]["id"]])
    [deleted] = send(api, "DELETE", "companies?filter=people.city[eq]:Bern&soft_delete=true")["data"].values()
    assert ids_of(deleted) == [crowd["a"]["id"]]
    [gone] = send(api, "DELETE", "people?filter=company.name[eq]:b")["data"].values()
    assert gone == [{"id": crowd["Rome b"]["id"]}]


def test_what_a_relation_filter_refuses(api: httpx.Client) -> None:
    for where in (
        "company[eq]:x",
        f"company[eq]:{MISSING}",
        "company.accountOwner.name.firstName[eq]:x",
        "company.people.city[eq]:x",
        "company.address[eq]:x",
        "company.nope[eq]:x",
        "noteTargets.note.title[eq]:x",
    ):
        refusal(api.get(f"/rest/people?filter={where}"))


def test_orders_through_a_relation(api: httpx.Client, crowd: dict[str, Record]) -> None:
    everyone = "id[is]:NOT_NULL"
    assert titles(api, everyone, "company.name[DescNullsLast],city") == [
        "Paris gone",
        "Rome b",
        "Oslo a",
        "Rome a",
        "Kyiv None",
    ]
    assert titles(api, everyone, "company.address.addressCity[AscNullsLast],jobTitle[DescNullsLast]") == [
        "Rome b",
        "Rome a",
        "Oslo a",
        "Paris gone",
        "Kyiv None",
    ]
    by_id = titles(api, everyone, "companyId[AscNullsFirst],city")
    assert by_id[0] == "Kyiv None"
    assert [r["company"] and r["company"]["name"] for r in listed(api, "people", order_by="company.name", depth=1)] == [
        None,
        "a",
        "a",
        "b",
        None,
    ]


# Groups


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


# Duplicates


def test_duplicates(api: httpx.Client) -> None:
    def person(first: str, last: str, link: str = "", email: str = "") -> Record:
        return {
            "name": {"firstName": first, "lastName": last},
            "linkedinLink": {"primaryLinkUrl": link},
            "emails": {"primaryEmail": email},
        }

    one, two, three, short, trashed = create_many(
        api,
        "people",
        [
            person("Ann", "Lee", link="https://l.example/ann"),
            person("Ann", "Lee", email="ann@x.example"),
            person("Other", "Name", link="https://l.example/ann"),
            person("Al", "Lee"),
            person("Ann", "Lee"),
        ],
    )
    soft_delete(api, "people", trashed["id"])

    def found(body: Any) -> list[list[str]]:
        entries = send(api, "POST", "people/duplicates", body)["data"]
        for entry in entries:
            assert entry["totalCount"] == len(entry["personDuplicates"])
            assert (entry["pageInfo"]["startCursor"] is None) == (not entry["personDuplicates"])
        return [ids_of(entry["personDuplicates"]) for entry in entries]

    def ids(*records: Record) -> list[str]:
        return sorted(record["id"] for record in records)

    assert found({"ids": [one["id"], two["id"], three["id"], short["id"]]}) == [ids(two, three), ids(one), ids(one), []]
    assert found({"ids": [three["id"], MISSING, one["id"], trashed["id"]]}) == [ids(one), ids(two, three)]
    data = [person("Ann", "Lee"), person("", "", email="ANN@x.example"), person("Al", "Lee"), {}, {"city": "Rome"}]
    assert found({"data": data}) == [ids(one, two), ids(two), [], [], []]
    assert found({"data": [{**person("Ann", "Lee"), "id": one["id"]}]}) == [ids(two)]
    [entry] = send(api, "POST", "people/duplicates?depth=1", {"ids": [two["id"]]})["data"]
    assert entry["personDuplicates"] == [get(api, "people", one["id"], "?depth=1")]
    assert send(api, "POST", "people/duplicates", {"ids": []}) == {"data": []}
    wrong: list[Any] = [
        {},
        {"data": []},
        {"ids": [], "data": []},
        {"ids": "x"},
        {"ids": ["x"]},
        {"data": [{"nope": 1}]},
    ]
    for bad in [*wrong, []]:
        refusal(api.post("/rest/people/duplicates", json=bad))
    notes = create_many(api, "notes", [{"title": "same title"}] * 2)
    [entry] = send(api, "POST", "notes/duplicates", {"ids": [notes[0]["id"]]})["data"]
    assert entry["noteDuplicates"] == []


# Merge


def merged(api: httpx.Client, plural: str, records: list[Record], priority: int = 0, **more: Any) -> Record:
    body = {"ids": ids_of(records), "conflictPriorityIndex": priority, **more}
    [record] = send(api, "PATCH", f"{plural}/merge", body)["data"].values()
    assert isinstance(record, dict)
    return record


def test_merged_values_of_every_type(api: httpx.Client) -> None:
    company = object_id(api, "company")
    for field in (
        {"name": "words", "type": "ARRAY"},
        {"name": "tags", "type": "MULTI_SELECT", "options": options("A", "B", "C")},
        {"name": "data", "type": "RAW_JSON"},
        {"name": "flag", "type": "BOOLEAN"},
        {"name": "calls", "type": "PHONES"},
        {"name": "mails", "type": "EMAILS"},
        {"name": "story", "type": "RICH_TEXT"},
        {"name": "big", "type": "NUMBER", "settings": {"dataType": "bigint"}},
        {"name": "day", "type": "DATE"},
        {"name": "pilot", "type": "FULL_NAME"},
    ):
        make_field(api, company, **field)
    [one, two, three] = create_many(
        api,
        "companies",
        [
            {
                "name": "One",
                "words": ["a", "b"],
                "tags": ["B"],
                "mails": {"primaryEmail": "a@x.example", "additionalEmails": ["b@x.example"]},
                "calls": {"primaryPhoneNumber": "+33612345678"},
                "domainName": {"primaryLinkUrl": "https://one.example", "primaryLinkLabel": "One"},
                "employees": 0,
                "flag": False,
                "pilot": {"lastName": "L"},
            },
            {
                "name": "Two",
                "words": ["b", "c"],
                "tags": ["A", "B"],
                "mails": {"primaryEmail": "c@x.example", "additionalEmails": ["a@x.example", "d@x.example"]},
                "calls": {"primaryPhoneNumber": "+12025550123", "additionalPhones": [{"number": "+33612345679"}]},
                "domainName": {"primaryLinkUrl": "https://two.example"},
                "employees": 5,
                "flag": True,
                "data": {"b": 2},
                "address": {
                    "addressCity": "Rome",
                    "addressLat": "41.12345678901234567890",
                    "addressLng": 9007199254740993,
                },
                "big": "9007199254740993",
                "pilot": {"firstName": "F"},
            },
            {
                "data": {"c": 3},
                "story": {"markdown": "# Hi"},
                "annualRevenue": {"amountMicros": 10**30, "currencyCode": "EUR"},
                "day": "0001-01-01",
                "address": {"addressCity": "Oslo"},
                "linkedinLink": {"primaryLinkUrl": "https://l.example"},
                "createdAt": "2020-01-01T00:00:00Z",
            },
        ],
    )
    lat = "41.12345678901234567890"
    assert total(api, "companies", filter=f"address.addressLat[eq]:{lat}") == 1
    dry = merged(api, "companies", [one, two, three], dryRun=True)
    assert dry["id"] not in ids_of([one, two, three])
    assert dry["deletedAt"] is not None
    assert listed(api, "companies") == sorted([one, two, three], key=lambda record: record["id"])
    record = merged(api, "companies", [one, two, three])
    same = set(dry) - {"id", "deletedAt", "updatedAt"}
    assert {key: record[key] for key in same} == {key: dry[key] for key in same}
    assert record == get(api, "companies", one["id"])
    assert listed(api, "companies", filter=ANYWHERE) == [record]
    kept = ("id", "createdAt", "createdBy", "position", "deletedAt", "name", "employees", "flag")
    assert {key: record[key] for key in kept} == {key: one[key] for key in kept}
    assert record["words"] == ["a", "b", "c"]
    assert sorted(record["tags"]) == ["A", "B"]
    assert record["mails"] == {
        "primaryEmail": "a@x.example",
        "additionalEmails": ["b@x.example", "c@x.example", "d@x.example"],
    }
    assert record["calls"]["primaryPhoneNumber"] == "612345678"
    assert [phone["number"] for phone in record["calls"]["additionalPhones"]] == ["2025550123", "612345679"]
    assert record["domainName"] == {
        "primaryLinkUrl": "https://one.example",
        "primaryLinkLabel": "One",
        "secondaryLinks": [{"url": "https://two.example", "label": ""}],
    }
    assert record["data"] == {"b": 2}
    assert record["address"] == two["address"]
    assert total(api, "companies", filter=f"address.addressLat[eq]:{lat},address.addressLng[eq]:9007199254740993") == 1
    assert record["big"] == "9007199254740993"
    assert record["story"] == three["story"]
    assert record["annualRevenue"] == {"amountMicros": str(10**30), "currencyCode": "EUR"}
    assert record["day"] == "0001-01-01"
    assert record["linkedinLink"] == three["linkedinLink"]
    assert record["pilot"] == {"firstName": "", "lastName": "L"}


def test_the_priority_of_a_merge(api: httpx.Client) -> None:
    one, two = create_many(api, "people", [{"city": "Rome", "jobTitle": "x"}, {"city": "Oslo"}])
    record = merged(api, "people", [one, two], 1)
    assert (record["id"], record["city"], record["jobTitle"]) == (two["id"], "Oslo", "x")
    assert api.get(f"/rest/people/{one['id']}").status_code == 404


def test_a_merge_of_unique_values(api: httpx.Client) -> None:
    one, two = create_many(api, "people", [{}, {"emails": {"primaryEmail": "a@x.example"}}])
    assert merged(api, "people", [one, two])["emails"]["primaryEmail"] == "a@x.example"


def test_a_merge_moves_what_refers_to_the_losers(api: httpx.Client) -> None:
    make_object(
        api,
        "visit",
        {
            "name": "guest",
            "type": "RELATION",
            "relationCreationPayload": relation(object_id(api, "person"), "Visits"),
        },
        {"name": "host", "type": "RELATION", "relationCreationPayload": relation(object_id(api, "person"), "Hosted")},
    )
    make_field(
        api,
        object_id(api, "person"),
        name="boss",
        type="RELATION",
        relationCreationPayload=relation(object_id(api, "person"), "Reports"),
    )
    one, two, other = create_many(api, "people", [{"city": "a"}, {"city": "b"}, {"city": "c"}])
    update(api, "people", one["id"], {"bossId": two["id"]})
    update(api, "people", other["id"], {"bossId": two["id"]})
    visit = create(api, "visits", {"guestId": two["id"], "hostId": two["id"]})
    trashed = create(api, "visits", {"guestId": two["id"], "hostId": other["id"]})
    soft_delete(api, "visits", trashed["id"])
    record = merged(api, "people", [one, two])
    assert record["bossId"] is None
    assert get(api, "people", other["id"])["bossId"] == one["id"]
    now = get(api, "visits", visit["id"])
    assert (now["guestId"], now["hostId"]) == (one["id"], one["id"])
    [restored] = send(api, "PATCH", f"visits/{trashed['id']}/restore")["data"].values()
    assert (restored["guestId"], restored["hostId"]) == (one["id"], other["id"])


def test_what_a_merge_refuses(api: httpx.Client) -> None:
    one, two = create_many(api, "people", [{}, {}])
    trashed = create(api, "people", {})
    soft_delete(api, "people", trashed["id"])
    both = ids_of([one, two])
    for body, status in (
        ({"ids": both}, 404),
        ({"ids": both, "conflictPriorityIndex": 2}, 400),
        ({"ids": both, "conflictPriorityIndex": -1}, 400),
        ({"ids": both, "conflictPriorityIndex": 0.5}, 400),
        ({"ids": both, "conflictPriorityIndex": True}, 400),
        ({"ids": both, "conflictPriorityIndex": "0"}, 400),
        ({"ids": both, "conflictPriorityIndex": 0, "dryRun": "yes"}, 400),
        ({"ids": [one["id"], MISSING], "conflictPriorityIndex": 0}, 404),
        ({"ids": [one["id"], trashed["id"]], "conflictPriorityIndex": 0}, 404),
        ({"ids": [one["id"], one["id"]], "conflictPriorityIndex": 0}, 404),
        ({"ids": [one["id"], one["id"].upper()], "conflictPriorityIndex": 0}, 404),
        ({"ids": both[:1], "conflictPriorityIndex": 0}, 400),
        ({"ids": both * 5, "conflictPriorityIndex": 0}, 400),
        ({"ids": "x", "conflictPriorityIndex": 0}, 400),
        ({"conflictPriorityIndex": 0}, 400),
        ({}, 400),
        ([], 400),
    ):
        refusal(api.patch("/rest/people/merge", json=body), status)
    refusal(api.patch("/rest/notes/merge", json={"ids": both, "conflictPriorityIndex": 0}))
    assert total(api, "people", filter=ANYWHERE) == 3
