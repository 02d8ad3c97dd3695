"""What a role allows, route by route: rights to objects and fields. The texts are those of the wire."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.access.roles import ALL, Office, Rules
from tests.graphql.calls import fail, nodes, one
from tests.records.wire import create, create_many, ids_of, listed, page, refusal, soft_delete

DENIED = "Entity performing the request does not have permission"
READ_ONLY = {"read": True, "update": False, "soft_delete": False, "destroy": False}


def denied(response: httpx.Response, detail: str = "") -> None:
    """REST refuses for want of a permission."""
    assert response.status_code == 400, response.text
    assert response.json() == {
        "statusCode": 400,
        "error": "Error",
        "messages": [DENIED + (f": {detail}" if detail else "")],
        "code": "PERMISSION_DENIED",
    }


def denied_graphql(client: httpx.Client, query: str, detail: str = "", variables: Any = None) -> None:
    """GraphQL refuses for want of a permission."""
    error = fail(client, query, variables)
    assert error["message"] == DENIED + (f": {detail}" if detail else "")
    assert error["extensions"]["code"] == "FORBIDDEN"
    assert error["extensions"]["subCode"] == "PERMISSION_DENIED"
    assert error["extensions"]["userFriendlyMessage"] == "User does not have permission."


OTHER = "11111111-1111-4111-8111-111111111111"
NO_REVENUE = 'no permission to read field "annualRecurringRevenue" on "company"'
NO_NAME = 'no permission to write field "name" on "company"'


@pytest.fixture
def limited(office: Office, api: httpx.Client) -> Iterator[httpx.Client]:
    """Reads all but opportunities; changes companies, but for their names; does not see their revenue."""
    create_many(
        api,
        "companies",
        [
            {"name": "Acme", "annualRecurringRevenue": {"amountMicros": 5, "currencyCode": "EUR"}},
            {"name": "Initech", "annualRecurringRevenue": {"amountMicros": 7, "currencyCode": "EUR"}},
        ],
    )
    rules = Rules(
        READ_ONLY,
        objects={"opportunity": {"read": False}, "company": {"update": True}},
        fields={
            ("company", "annualRecurringRevenue"): {"read": False},
            ("company", "name"): {"update": False},
        },
    )
    with office.client(rules) as client:
        yield client


def test_an_object_that_cannot_be_written(limited: httpx.Client, api: httpx.Client) -> None:
    person = create(api, "people", {"jobTitle": "x", "emails": {"primaryEmail": "a@b.example"}})
    path = f"/rest/people/{person['id']}"
    denied(limited.post("/rest/people", json={"jobTitle": "x"}))
    denied(limited.post("/rest/people?upsert=true", json={"jobTitle": "x"}))
    denied(limited.post("/rest/batch/people", json=[{"jobTitle": "x"}]))
    denied(limited.patch(path, json={"jobTitle": "x"}))
    denied(limited.patch("/rest/people?filter=id[is]:NOT_NULL", json={"jobTitle": "x"}))
    denied(limited.delete(f"{path}?soft_delete=true"))
    denied(limited.delete(path))
    denied(limited.delete("/rest/people?filter=id[is]:NOT_NULL"))
    denied(limited.patch(f"/rest/restore/people/{person['id']}"))
    denied(limited.patch("/rest/people/merge", json={"ids": [person["id"], OTHER], "conflictPriorityIndex": 0}))
    denied_graphql(limited, 'mutation { createPerson(data: {jobTitle: "x"}) { id } }')
    denied_graphql(limited, f'mutation {{ deletePerson(id: "{person["id"]}") {{ id }} }}')
    denied_graphql(limited, f'mutation {{ destroyPerson(id: "{person["id"]}") {{ id }} }}')
    denied_graphql(limited, f'mutation {{ restorePerson(id: "{person["id"]}") {{ id }} }}')
    assert [p["jobTitle"] for p in listed(api, "people")] == ["x"]


def test_an_object_that_cannot_be_read(limited: httpx.Client, api: httpx.Client) -> None:
    made = create(api, "opportunities", {"name": "Deal"})
    denied(limited.get("/rest/opportunities"))
    denied(limited.get(f"/rest/opportunities/{made['id']}"))
    denied(limited.get("/rest/opportunities/groupBy?group_by=" + quote('[{"name":true}]')))
    denied(limited.post("/rest/opportunities", json={"name": "x"}))
    denied(limited.delete(f"/rest/opportunities/{made['id']}"))
    denied_graphql(limited, "{ opportunities { totalCount } }")
    denied_graphql(limited, 'mutation { createOpportunity(data: {name: "x"}) { id } }')
    denied_graphql(
        limited,
        '{ search(searchInput: "", limit: 5, includedObjectNameSingulars: ["opportunity"]) '
        "{ edges { node { recordId } } } }",
    )
    # Relations that lead there are not there either.
    company = listed(limited, "companies", depth=1)[0]
    assert "opportunities" not in company
    assert "people" in company
    denied_graphql(
        limited,
        "{ companies { edges { node { opportunities { totalCount } } } } }",
        'no permission to read field "opportunities" on "company"',
    )
    refusal(limited.get("/rest/companies?filter=" + quote("opportunities.name[eq]:Deal")))
    found = one(limited, '{ search(searchInput: "Deal", limit: 5) { edges { node { recordId } } } }')
    assert found == {"edges": []}
    assert one(api, '{ search(searchInput: "Deal", limit: 5) { edges { node { recordId } } } }') != found


def test_a_field_that_cannot_be_read(limited: httpx.Client, api: httpx.Client) -> None:
    [first, _] = whole = page(limited, "companies")["data"]["companies"]
    assert "annualRecurringRevenue" not in first
    assert "annualRecurringRevenue" in listed(api, "companies")[0]
    assert limited.get(f"/rest/companies/{first['id']}").json()["data"]["company"] == first
    denied(limited.get("/rest/companies?filter=annualRecurringRevenue.amountMicros[gt]:5"), NO_REVENUE)
    denied(limited.get("/rest/people?filter=company.annualRecurringRevenue.amountMicros[gt]:5"), NO_REVENUE)
    denied(limited.get("/rest/companies?order_by=annualRecurringRevenue.amountMicros"), NO_REVENUE)
    denied(limited.get("/rest/people?order_by=company.annualRecurringRevenue.amountMicros"), NO_REVENUE)
    groups = "/rest/companies/groupBy?group_by="
    denied(
        limited.get(
            groups + quote('[{"name":true}]') + "&aggregate=" + quote('["sumAnnualRecurringRevenueAmountMicros"]')
        ),
        NO_REVENUE,
    )
    denied(limited.get(groups + quote('[{"annualRecurringRevenue":{"currencyCode":true}}]')), NO_REVENUE)
    people_groups = "/rest/people/groupBy?group_by="
    denied(
        limited.get(people_groups + quote('[{"company":{"annualRecurringRevenue":{"currencyCode":true}}}]')),
        NO_REVENUE,
    )
    denied_graphql(limited, "{ companies { edges { node { annualRecurringRevenue { amountMicros } } } } }", NO_REVENUE)
    denied_graphql(limited, "{ companies { sumAnnualRecurringRevenueAmountMicros } }", NO_REVENUE)
    denied_graphql(
        limited, "{ companies(filter: {annualRecurringRevenue: {amountMicros: {gt: 0}}}) { totalCount } }", NO_REVENUE
    )
    denied_graphql(
        limited,
        "mutation($id: UUID!) { updateCompany(id: $id, data: {employees: 3}) { annualRecurringRevenue { amountMicros"
        " } } }",
        NO_REVENUE,
        {"id": first["id"]},
    )
    assert listed(limited, "companies") == whole
    schema = one(limited, '{ __type(name: "Company") { fields { name } } }')
    assert "annualRecurringRevenue" not in {item["name"] for item in schema["fields"]}
    assert one(limited, '{ __type(name: "Opportunity") { name } }') is None


def test_a_field_that_cannot_be_written(limited: httpx.Client, api: httpx.Client) -> None:
    company = listed(api, "companies")[0]
    path = f"/rest/companies/{company['id']}"
    denied(limited.patch(path, json={"name": "x"}), NO_NAME)
    denied(limited.patch("/rest/companies?filter=id[is]:NOT_NULL", json={"name": "x"}), NO_NAME)
    denied(limited.post("/rest/companies", json={"name": "x"}), NO_NAME)
    denied(limited.post("/rest/batch/companies", json=[{"employees": 1}, {"name": "x"}]), NO_NAME)
    denied(limited.post("/rest/companies?upsert=true", json={"id": company["id"], "name": "x"}), NO_NAME)
    denied(
        limited.patch(path, json={"annualRecurringRevenue": {"amountMicros": 1}}),
        'no permission to write field "annualRecurringRevenue" on "company"',
    )
    denied_graphql(
        limited, f'mutation {{ updateCompany(id: "{company["id"]}", data: {{name: "x"}}) {{ id }} }}', NO_NAME
    )
    changed = limited.patch(path, json={"employees": 12}).json()["data"]["updateCompany"]
    assert changed["employees"] == 12
    assert "annualRecurringRevenue" not in changed
    made = limited.post("/rest/companies", json={"employees": 4})
    assert made.status_code == 201
    assert "annualRecurringRevenue" not in made.json()["data"]["createCompany"]


def test_fields_that_every_role_has(office: Office, api: httpx.Client) -> None:
    create(api, "companies", {"name": "Acme"})
    kept = ("id", "createdAt", "updatedAt", "deletedAt", "position")
    rules = Rules(fields={("company", name): {"read": False, "update": False} for name in kept})
    with office.client(rules) as client:
        assert listed(client, "companies") == listed(api, "companies")


def test_rights_about_one_object_stand_above_those_about_all(office: Office, api: httpx.Client) -> None:
    nothing = dict.fromkeys(ALL, False)
    with office.client(Rules(nothing, objects={"company": {"read": True, "soft_delete": True}})) as client:
        company = create(api, "companies", {"name": "Acme"})
        assert ids_of(listed(client, "companies")) == [company["id"]]
        denied(client.get("/rest/people"))
        denied(client.patch(f"/rest/companies/{company['id']}", json={"employees": 1}))
        assert soft_delete(client, "companies", company["id"])["deletedAt"]
    with office.client(Rules(nothing, objects={"company": {"update": True, "destroy": True}})) as client:
        # What cannot be read cannot be written.
        denied(client.post("/rest/companies", json={"employees": 1}))
        denied(client.delete(f"/rest/companies/{company['id']}"))


def test_search_by_what_is_read(office: Office, api: httpx.Client) -> None:
    create(api, "people", {"name": {"firstName": "Ada", "lastName": "Shared"}, "jobTitle": "Shared secretword"})
    create(api, "people", {"name": {"firstName": "Shared", "lastName": "Bob"}, "jobTitle": "secretword"})

    def search(client: httpx.Client, words: str) -> list[Any]:
        query = """query($words: String!) { search(searchInput: $words, limit: 9, includedObjectNameSingulars: "person")
            { edges { node { recordId label tsRank tsRankCD } } } }"""
        return nodes(one(client, query, {"words": words}))

    with office.client(Rules(fields={("person", "jobTitle"): {"read": False}})) as client:
        assert "searchVector" not in listed(client, "people")[0]
        assert search(client, "secretword") == []
        assert len(search(api, "secretword")) == 2
        # The rank says nothing of the hidden words either.
        found = search(client, "shared")
        assert {node["label"] for node in found} == {"Ada Shared", "Shared Bob"}
        assert len({(node["tsRank"], node["tsRankCD"]) for node in found}) == 1
        assert len({node["tsRank"] for node in search(client, "shared")}) == 1
        assert len({node["tsRank"] for node in search(api, "shared")}) == 2
    with office.client(Rules(fields={("person", "name"): {"read": False}})) as client:
        assert [node["label"] for node in search(client, "secretword")] == ids_of(listed(api, "people"))


def test_duplicates_by_what_is_read(office: Office, api: httpx.Client) -> None:
    for first in ("Ada", "Bob"):
        create(
            api,
            "people",
            {"name": {"firstName": first, "lastName": "X"}, "linkedinLink": {"primaryLinkUrl": "https://same.example"}},
        )
    ada, bob = sorted(listed(api, "people"), key=lambda person: str(person["name"]["firstName"]))
    query = f'{{ personDuplicates(ids: "{ada["id"]}") {{ totalCount edges {{ node {{ id }} }} }} }}'
    assert one(api, query)[0]["totalCount"] == 1
    with office.client(Rules(fields={("person", "linkedinLink"): {"read": False}})) as client:
        assert one(client, query)[0]["totalCount"] == 0
    rules = Rules(rows={"person": {"name": {"firstName": {"eq": "Ada"}}}})
    with office.client(rules) as client:
        assert one(client, query)[0]["totalCount"] == 0
        assert one(client, query.replace(ada["id"], bob["id"])) == []


def test_merging_needs_every_field(office: Office, api: httpx.Client) -> None:
    ids = [create(api, "people", {"jobTitle": "x"})["id"] for _ in range(2)]
    body = {"ids": ids, "conflictPriorityIndex": 0}
    for right in ("read", "update"):
        with office.client(Rules(fields={("person", "city"): {right: False}})) as client:
            for dry_run in (True, False):
                denied(
                    client.patch("/rest/people/merge", json={**body, "dryRun": dry_run}),
                    'no permission to write field "city" on "person"',
                )
    for lacking in ("update", "destroy"):
        with office.client(Rules(ALL | {lacking: False})) as client:
            denied(client.patch("/rest/people/merge", json=body))
    with office.client(Rules(ALL | {"soft_delete": False})) as client:
        assert client.patch("/rest/people/merge", json=body).status_code == 200


def test_nested_records_need_rights_of_their_own(office: Office, api: httpx.Client) -> None:
    with office.client(Rules(objects={"company": {"update": False}})) as client:
        denied_graphql(client, 'mutation { createPerson(data: {company: {create: {name: "Acme"}}}) { id } }')
        assert listed(api, "people") == []
        create(api, "companies", {"name": "Acme", "domainName": {"primaryLinkUrl": "https://acme.example"}})
        where = '{connect: {where: {domainName: {primaryLinkUrl: "https://acme.example"}}}}'
        assert one(client, f"mutation {{ createPerson(data: {{company: {where}}}) {{ company {{ name }} }} }}") == {
            "company": {"name": "Acme"}
        }
    with office.client(Rules(fields={("company", "domainName"): {"read": False}})) as client:
        denied_graphql(
            client,
            f"mutation {{ createPerson(data: {{company: {where}}}) {{ id }} }}",
            'no permission to read field "domainName" on "company"',
        )


def test_who_holds_a_value_is_told_only_to_who_sees_it(office: Office, api: httpx.Client) -> None:
    held = create(api, "people", {"jobTitle": "a", "emails": {"primaryEmail": "a@b.example"}})
    query = 'mutation { createPerson(data: {emails: {primaryEmail: "a@b.example"}}) { id } }'
    assert fail(api, query)["extensions"]["conflictingRecordId"] == held["id"]
    with office.client(Rules(rows={"person": {"jobTitle": {"neq": "a"}}})) as client:
        error = fail(client, query)
        assert error["message"] == "A duplicate entry was detected"
        assert "conflictingRecordId" not in error["extensions"]


def test_a_change_of_a_role_counts_at_once(office: Office, api: httpx.Client) -> None:
    create(api, "companies", {"name": "Acme"})
    role = office.role(Rules())
    with office.client(role_id=role) as client:
        for _ in range(4):
            office.change(role, Rules(objects={"company": {"read": False}}))
            for _ in range(4):
                denied(client.get("/rest/companies"))
            office.change(role, Rules(fields={("company", "employees"): {"read": False}}))
            for _ in range(4):
                assert "employees" not in listed(client, "companies")[0]
            office.change(role, Rules())
            for _ in range(4):
                assert "employees" in listed(client, "companies")[0]


def test_counts_of_records_are_of_what_is_seen(office: Office, api: httpx.Client) -> None:
    create_many(api, "companies", [{"name": name} for name in "abc"])
    rules = Rules(objects={"person": {"read": False}}, rows={"company": {"name": {"in": ["a", "b"]}}}, settings=True)
    with office.client(rules) as client:
        answer = client.post("/metadata", json={"query": "{ objectRecordCounts { objectNamePlural totalCount } }"})
        counts = {item["objectNamePlural"]: item["totalCount"] for item in answer.json()["data"]["objectRecordCounts"]}
        assert counts["companies"] == 2
        assert "people" not in counts
        assert counts["notes"] == 0
