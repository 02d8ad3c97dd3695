"""Row rules: records outside of them do not exist for a role, whatever the route, and none can be put there."""

from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest

from tests.access.roles import Office, Rules, names
from tests.graphql.calls import ask, fail, nodes, one
from tests.records.wire import (
    Record,
    create,
    create_many,
    get,
    ids_of,
    listed,
    message,
    page,
    refusal,
    soft_delete,
    total,
    update,
)
from threescore.access.tokens import Claims
from threescore.catalog.state import Workspaces
from threescore.db.pool import Database
from threescore.query import plan as plans
from threescore.records.caller import Caller
from threescore.records.service import Records
from threescore.sql import quote_identifier

SMALL = {"company": {"employees": {"lt": 100}}}
OUTSIDE = (
    "The role may not leave a record of company like this: it would be outside of the records that the role may see."
    " Nothing was changed."
)


@pytest.fixture
def firms(api: httpx.Client) -> dict[str, Record]:
    """Companies a and b are small, x and y large; each employs a person of its name."""
    sizes = {"a": 5, "b": 50, "x": 500, "y": 5000}
    made = create_many(api, "companies", [{"name": name, "employees": size} for name, size in sizes.items()])
    by_name = {company["name"]: company for company in made}
    create_many(api, "people", [{"jobTitle": name, "companyId": by_name[name]["id"]} for name in sizes])
    return by_name


def by_id(record: Record, plural: str = "companies") -> str:
    return f"/rest/{plural}/{record['id']}"


def test_reads(office: Office, firms: dict[str, Record], api: httpx.Client) -> None:
    with office.client(Rules(rows=SMALL)) as client:
        found = page(client, "companies")
        assert names(found["data"]["companies"]) == ["a", "b"]
        assert found["totalCount"] == 2
        assert refusal(client.get(by_id(firms["x"])), 404)
        assert get(client, "companies", firms["a"]["id"]) == firms["a"]
        assert total(client, "companies", filter="employees[gt]:10") == 1
        assert total(client, "companies", filter="not(employees[gt]:10)") == 1
        # A relation to a record that is not there leads nowhere; its id is a value of the record that holds it.
        people = listed(client, "people", depth=1, order_by="jobTitle")
        assert [(p["company"] or {}).get("name") for p in people] == ["a", "b", None, None]
        assert ids_of([{"id": p["companyId"]} for p in listed(client, "people", order_by="jobTitle")]) == [
            firms[name]["id"] for name in "abxy"
        ]
        assert total(client, "people", filter="company.name[is]:NULL") == 2
        assert total(client, "people", filter="company.employees[gte]:0") == 2
        ordered = listed(client, "people", order_by="company.name[DescNullsLast]")
        assert [p["jobTitle"] for p in ordered[:2]] == ["b", "a"]
        groups = client.get(
            "/rest/companies/groupBy?group_by=" + quote('[{"name":true}]') + "&aggregate=" + quote('["sumEmployees"]')
        ).json()
        assert [group["groupByDimensionValues"] for group in groups] == [["a"], ["b"]]
        answer = ask(
            client,
            """{ companies { totalCount maxEmployees edges { node { name people { totalCount } } } }
                 peopleGroupBy(groupBy: [{company: {name: true}}]) { groupByDimensionValues totalCount }
                 search(searchInput: "", limit: 9, includedObjectNameSingulars: "company") { edges { node { label } } }
            }""",
        )
        assert answer["companies"]["totalCount"] == 2
        assert answer["companies"]["maxEmployees"] == 50
        assert sorted(g["groupByDimensionValues"][0] or "" for g in answer["peopleGroupBy"]) == ["", "a", "b"]
        assert sorted(node["label"] for node in nodes(answer["search"])) == ["a", "b"]
        assert fail(client, '{ company(filter: {name: {eq: "x"}}) { id } }')["extensions"]["code"] == "NOT_FOUND"
    assert total(api, "companies") == 4


def test_a_rule_along_relations(office: Office, firms: dict[str, Record]) -> None:
    rules: dict[str, dict[str, Any]] = {
        "person": {"company": {"employees": {"lt": 100}}},
        "company": {"people": {"jobTitle": {"in": ["b", "x"]}}},
    }
    with office.client(Rules(rows=rules)) as client:
        assert sorted(p["jobTitle"] for p in listed(client, "people")) == ["a", "b"]
        assert names(listed(client, "companies")) == ["b", "x"]
        shown = one(
            client,
            "{ companies(orderBy: [{name: AscNullsLast}]) { edges { node { people { edges { node {"
            " jobTitle company { name } } } } } } } }",
        )
        assert nodes(nodes(shown)[0]["people"]) == [{"jobTitle": "b", "company": {"name": "b"}}]
        assert nodes(nodes(shown)[1]["people"]) == []
        changed = client.patch("/rest/people?filter=id[is]:NOT_NULL", json={"city": "Rome"})
        assert sorted(p["jobTitle"] for p in changed.json()["data"]["updatePeople"]) == ["a", "b"]


def test_what_is_not_there_cannot_be_changed(office: Office, firms: dict[str, Record], api: httpx.Client) -> None:
    with office.client(Rules(rows=SMALL)) as client:
        unknown = {"id": str(uuid4())}
        for record in (firms["x"], unknown):
            refusal(client.patch(by_id(record), json={"employees": 1}), 404)
            refusal(client.delete(by_id(record)), 404)
            refusal(client.delete(by_id(record) + "?soft_delete=true"), 404)
            refusal(client.patch(f"/rest/restore/companies/{record['id']}"), 404)
            body = {"ids": [firms["a"]["id"], record["id"]], "conflictPriorityIndex": 0}
            refusal(client.patch("/rest/companies/merge", json=body), 404)
        changed = client.patch("/rest/companies?filter=id[is]:NOT_NULL", json={"idealCustomerProfile": True})
        assert names(changed.json()["data"]["updateCompanies"]) == ["a", "b"]
        client.delete("/rest/companies?filter=id[is]:NOT_NULL&soft_delete=true")
        assert names(listed(api, "companies")) == ["x", "y"]
        client.patch("/rest/restore/companies?filter=id[is]:NOT_NULL")
        client.delete("/rest/companies?filter=id[is]:NOT_NULL")
    assert [(c["name"], c["idealCustomerProfile"]) for c in listed(api, "companies", order_by="name")] == [
        ("x", False),
        ("y", False),
    ]


def test_nothing_is_written_outside(office: Office, firms: dict[str, Record], api: httpx.Client, events: Any) -> None:
    with office.client(Rules(rows=SMALL)) as client:
        events()
        assert message(client.post("/rest/companies", json={"name": "z", "employees": 100})) == OUTSIDE
        assert message(client.post("/rest/companies", json={"name": "z"})) == OUTSIDE
        batch = client.post("/rest/batch/companies", json=[{"employees": 1}, {"employees": 200}, {"employees": 2}])
        assert refusal(batch)["index"] == 1
        assert message(client.patch(by_id(firms["a"]), json={"employees": 100})) == OUTSIDE
        assert message(client.patch("/rest/companies?filter=id[is]:NOT_NULL", json={"employees": None})) == OUTSIDE
        upsert = [{"id": firms["a"]["id"], "employees": 6}, {"id": firms["b"]["id"], "employees": 600}]
        assert refusal(client.post("/rest/batch/companies?upsert=true", json=upsert))["index"] == 1
        error = fail(client, "mutation { createCompany(data: {employees: 100}) { id } }")
        assert error["message"] == OUTSIDE
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert "subCode" not in error["extensions"]
        assert events() == []
        assert create(client, "companies", {"employees": 99})["employees"] == 99
        assert update(client, "companies", firms["a"]["id"], {"employees": 7})["employees"] == 7
        assert [
            c["employees"]
            for c in client.post(
                "/rest/batch/companies?upsert=true", json=[{"id": firms["b"]["id"], "employees": 8}, {"employees": 9}]
            ).json()["data"]["createCompanies"]
        ] == [8, 9]
    assert {c["name"]: c["employees"] for c in listed(api, "companies")}["x"] == 500


def test_restoring_is_held_to_the_rule(office: Office, api: httpx.Client) -> None:
    company = create(api, "companies", {"name": "a", "employees": 5})
    soft_delete(api, "companies", company["id"])
    with office.client(Rules(rows={"company": {"deletedAt": {"is": "NOT_NULL"}}})) as client:
        assert message(client.patch(f"/rest/restore/companies/{company['id']}")) == OUTSIDE


def test_an_upsert_does_not_find_what_is_not_there(office: Office, firms: dict[str, Record], api: httpx.Client) -> None:
    with office.client(Rules(rows=SMALL)) as client:
        refused = client.post("/rest/companies?upsert=true", json={"id": firms["x"]["id"], "employees": 3})
        assert message(refused) == "A duplicate entry was detected"
    assert get(api, "companies", firms["x"]["id"]) == firms["x"]


def test_relations_lead_only_to_what_is_there(office: Office, firms: dict[str, Record], api: httpx.Client) -> None:
    with office.client(Rules(rows=SMALL)) as client:
        for verb, path, kind in (("POST", "/rest/people", dict), ("POST", "/rest/people?upsert=true", dict)):
            texts = []
            for target in (firms["x"]["id"], str(uuid4())):
                answer = client.request(verb, path, json=kind(companyId=target))
                texts.append(message(answer).replace(target, "…"))
            assert texts == ['"companyId" must be the id of an existing record, but there is none with the id ….'] * 2
        people = {p["jobTitle"]: p for p in listed(client, "people")}
        refusal(client.patch(by_id(people["a"], "people"), json={"companyId": firms["x"]["id"]}))
        # What is there already stays.
        path = by_id(people["x"], "people")
        assert client.patch(path, json={"companyId": firms["x"]["id"], "city": "Rome"}).status_code == 200
        assert client.patch(path, json={"companyId": firms["a"]["id"]}).status_code == 200
        refusal(client.patch(path, json={"companyId": firms["x"]["id"]}))
        batch = [{"companyId": firms["b"]["id"]}, {"companyId": firms["y"]["id"]}]
        assert refusal(client.post("/rest/batch/people", json=batch))["index"] == 1
        update(api, "companies", firms["x"]["id"], {"domainName": {"primaryLinkUrl": "https://x.example"}})
        connect = '{connect: {where: {domainName: {primaryLinkUrl: "https://x.example"}}}}'
        error = fail(client, f"mutation {{ createPerson(data: {{company: {connect}}}) {{ id }} }}")
        assert "found 0" in error["message"]


def test_places_are_counted_among_what_is_there(office: Office, firms: dict[str, Record], api: httpx.Client) -> None:
    update(api, "companies", firms["x"]["id"], {"position": -1000})
    update(api, "companies", firms["y"]["id"], {"position": 1000})
    with office.client(Rules(rows=SMALL)) as client:
        shown = [company["position"] for company in listed(client, "companies")]
        assert create(client, "companies", {"employees": 1})["position"] == min(shown) - 1
        last = create(client, "companies", {"employees": 1, "position": "last"})["position"]
        assert last == max(*shown, 0) + 1
        assert create(client, "companies", {"employees": 1}, "?upsert=true")["position"] == min(shown) - 2


def test_events_are_found_only_by_what_is_there(office: Office, firms: dict[str, Record], api: httpx.Client) -> None:
    """A filter of the feed may follow relations. It finds out nothing about records that do not exist for the role."""

    def found(client: httpx.Client, filter: str) -> list[str]:
        asked = {"object": "person", "operation": "created", "filter": filter}
        answer = client.get("/rest/events", params=asked)
        assert answer.status_code == 200, answer.text
        return [event["record"]["jobTitle"] for event in answer.json()["data"]["events"]]

    assert found(api, "company.employees[gte]:0") == list("abxy")
    hidden = {("company", "employees"): {"read": False}}
    for rules in (Rules(rows=SMALL), Rules(rows=SMALL, fields=hidden)):
        with office.client(rules) as client:
            assert found(client, "company.name[in]:[a,x]") == ["a"]
            assert found(client, "or(company.name[eq]:b,jobTitle[eq]:y)") == ["b", "y"]


def test_a_rule_about_a_hidden_field(office: Office, firms: dict[str, Record]) -> None:
    rules = Rules(rows=SMALL, fields={("company", "employees"): {"read": False}})
    with office.client(rules) as client:
        [first, second] = listed(client, "companies")
        assert names([first, second]) == ["a", "b"]
        assert "employees" not in first


def test_a_rule_that_does_not_fit_the_model_lets_nothing_pass(office: Office, firms: dict[str, Record]) -> None:
    for filter in ({"gone": {"eq": 1}}, {"employees": {"like": "x"}}, {"id": {"neq": "me"}}):
        with office.client(Rules(rows={"company": filter})) as client:
            assert total(client, "companies") == 0
            assert total(client, "people") == 4


@pytest.mark.anyio
async def test_me(office: Office, api: httpx.Client, db: Database) -> None:
    ann, bob = uuid4(), uuid4()
    for record, name in ((ann, "ann"), (bob, "bob")):
        await db.execute(
            f'INSERT INTO {quote_identifier(office.workspace.schema)}."workspaceMember" (id, "userEmail", "userId")'
            " VALUES ($1, $2, $3)",
            record,
            f"{name}@example.com",
            uuid4(),
        )
    create_many(
        api,
        "companies",
        [{"name": "Ann's", "accountOwnerId": str(ann)}, {"name": "Bob's", "accountOwnerId": str(bob)}, {"name": "?"}],
    )
    rules = Rules(
        rows={
            "company": {"or": [{"accountOwnerId": {"in": ["me"]}}, {"name": {"eq": "?"}}]},
            "workspaceMember": {"id": {"eq": "me"}},
            "person": {"not": {"createdBy": {"workspaceMemberId": {"eq": "me"}}}},
        }
    )
    role = office.role(rules)
    members = [office.member(role, str(record)) for record in (ann, bob)]
    workspaces, records = Workspaces(db), Records(db, 60)

    async def seen(claims: Claims, singular: str, field: str) -> bytes:
        caller = Caller.of(await workspaces.present(claims.workspace_id), claims)
        found = await records.find_many(
            caller,
            caller.model.by_singular[singular],
            plans.Selection((plans.Scalar("v", field),)),
            filter=None,
            order=[(("id",), "AscNullsFirst")],
            limit=9,
        )
        return found.records

    for member, own in zip(members, (b"Ann", b"Bob"), strict=True):
        claims = Claims(office.workspace.id, member.id, 2e10, "ACCESS")
        shown = await seen(claims, "company", "name")
        assert shown.count(b"{") == 2
        assert own in shown
        assert (await seen(claims, "workspaceMember", "id")) == b'[{"v":"%b"}]' % str(
            member.workspace_member_id
        ).encode()
    # An API key is nobody: it is not this one, and not another one either.
    with office.client(role_id=role) as client:
        assert names(listed(client, "companies")) == ["?"]
        assert listed(client, "workspaceMembers") == []
        create(api, "people", {"jobTitle": "x"})
        assert listed(client, "people") == []
