"""Relations between records: depth, connect, filters and orders through them."""

import httpx

from tests.records.wire import (
    MISSING,
    Record,
    create,
    create_many,
    get,
    ids_of,
    listed,
    message,
    page,
    refusal,
    send,
    soft_delete,
    total,
    update,
)

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
    assert update(api, "people", person["id"], {"company": {"disconnect": False}})["companyId"] == two["id"]
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
