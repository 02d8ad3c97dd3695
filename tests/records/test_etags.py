"""ETags of single records: what is unchanged is not sent again, what has changed is not written over."""

import asyncio
from collections import Counter

import httpx
import pytest

from tests.records.wire import MISSING, create, get, refusal, soft_delete, total, update


def tag(api: httpx.Client, record_id: str, query: str = "") -> str:
    response = api.get(f"/rest/companies/{record_id}{query}")
    assert response.status_code == 200
    found = response.headers["etag"]
    assert found.startswith('"'), "a strong one"
    return found


@pytest.fixture
def company_id(api: httpx.Client) -> str:
    record_id: str = create(api, "companies", {"name": "a", "employees": 1})["id"]
    return record_id


def test_an_unchanged_record_is_not_sent_again(api: httpx.Client, company_id: str) -> None:
    path, known = f"/rest/companies/{company_id}", tag(api, company_id)
    assert tag(api, company_id) == known
    for header in (known, f'"other", {known}', f"W/{known}", "*"):
        response = api.get(path, headers={"If-None-Match": header})
        assert (response.status_code, response.content) == (304, b""), header
        assert response.headers["etag"] == known
    update(api, "companies", company_id, {"employees": 2})
    response = api.get(path, headers={"If-None-Match": known})
    assert response.json()["data"]["company"]["employees"] == 2
    assert response.headers["etag"] != known


def test_a_changed_relation_is_sent_again(api: httpx.Client, company_id: str) -> None:
    """The record itself is the same, and what is shown of it is not."""
    shallow, deep = tag(api, company_id), tag(api, company_id, "?depth=1")
    assert shallow != deep
    create(api, "people", {"companyId": company_id})
    path = f"/rest/companies/{company_id}"
    assert api.get(path, headers={"If-None-Match": shallow}).status_code == 304
    again = api.get(f"{path}?depth=1", headers={"If-None-Match": deep})
    assert len(again.json()["data"]["company"]["people"]) == 1


@pytest.mark.parametrize("query", ["", "?depth=1"])
@pytest.mark.parametrize("weak", ["", "W/"])
def test_a_tag_of_any_representation_will_do(api: httpx.Client, company_id: str, query: str, weak: str) -> None:
    headers = {"If-Match": weak + tag(api, company_id, query)}
    changed = api.patch(f"/rest/companies/{company_id}", json={"employees": 2}, headers=headers)
    assert changed.json()["data"]["updateCompany"]["employees"] == 2
    late = refusal(api.patch(f"/rest/companies/{company_id}", json={"employees": 3}, headers=headers), 412)
    assert late["error"] == "PreconditionFailedException"
    assert "changed since" in late["messages"][0]
    assert get(api, "companies", company_id)["employees"] == 2


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "companies/{id}"),
        ("PUT", "companies/{id}"),
        ("DELETE", "companies/{id}"),
        ("DELETE", "companies/{id}?soft_delete=true"),
        ("PATCH", "restore/companies/{id}"),
    ],
)
def test_every_write_of_one_record(api: httpx.Client, company_id: str, method: str, path: str) -> None:
    old = tag(api, company_id)
    update(api, "companies", company_id, {"name": "b"})
    path = "/rest/" + path.replace("{id}", company_id)
    body = None if method == "DELETE" else {"name": "c"}
    before = get(api, "companies", company_id)
    for header in (old, '"nonsense"', "nonsense", ""):
        refusal(api.request(method, path, json=body, headers={"If-Match": header}), 412)
    assert get(api, "companies", company_id) == before
    header = f'"other", {tag(api, company_id)}'
    assert api.request(method, path, json=body, headers={"If-Match": header}).status_code == 200


def test_any_version(api: httpx.Client, company_id: str) -> None:
    anything = {"If-Match": "*"}
    assert api.patch(f"/rest/companies/{company_id}", json={}, headers=anything).status_code == 200
    refusal(api.patch(f"/rest/companies/{MISSING}", json={}, headers=anything), 404)
    refusal(api.patch(f"/rest/companies/{MISSING}", json={}, headers={"If-Match": '"1"'}), 404)
    refusal(api.delete(f"/rest/companies/{MISSING}", headers={"If-Match": '"1"'}), 404)


def test_a_deletion_is_a_change(api: httpx.Client, company_id: str) -> None:
    known = tag(api, company_id)
    soft_delete(api, "companies", company_id)
    refusal(api.patch(f"/rest/companies/{company_id}", json={"name": "b"}, headers={"If-Match": known}), 412)


def test_a_change_by_a_cascade_counts(api: httpx.Client, company_id: str) -> None:
    person_id = create(api, "people", {"companyId": company_id})["id"]
    known = api.get(f"/rest/people/{person_id}").headers["etag"]
    api.delete(f"/rest/companies/{company_id}")
    assert get(api, "people", person_id)["companyId"] is None
    refusal(api.patch(f"/rest/people/{person_id}", json={"city": "Rome"}, headers={"If-Match": known}), 412)


def test_writes_of_several_records_cannot_have_one(api: httpx.Client, company_id: str) -> None:
    headers = {"If-Match": tag(api, company_id)}
    path = f"/rest/companies?filter=id[eq]:{company_id}"
    for response in (api.patch(path, json={"name": "b"}, headers=headers), api.delete(path, headers=headers)):
        assert "If-Match" in refusal(response)["messages"][0]
    assert get(api, "companies", company_id)["name"] == "a"
    upserted = api.post("/rest/companies?upsert=true", json={"id": company_id, "name": "b"}, headers=headers)
    assert upserted.status_code == 201


def test_of_many_at_once_one_wins(api: httpx.Client, server: str, token: str, company_id: str) -> None:
    """Checked by the statement that writes, whichever worker runs it."""
    headers = {"Authorization": f"Bearer {token}", "If-Match": tag(api, company_id)}

    async def all_at_once() -> list[httpx.Response]:
        async with httpx.AsyncClient(base_url=server, headers=headers, timeout=30) as client:
            path = f"/rest/companies/{company_id}"
            return await asyncio.gather(*(client.patch(path, json={"employees": n}) for n in range(2, 42)))

    answers = asyncio.run(all_at_once())
    assert Counter(answer.status_code for answer in answers) == {200: 1, 412: 39}
    [winner] = [answer for answer in answers if answer.status_code == 200]
    assert get(api, "companies", company_id) == winner.json()["data"]["updateCompany"]
    assert total(api, "companies") == 1


def test_with_a_key_the_first_answer_stands(api: httpx.Client, company_id: str) -> None:
    headers = {"If-Match": tag(api, company_id), "Idempotency-Key": "one"}
    path = f"/rest/companies/{company_id}"
    first = api.patch(path, json={"employees": 5}, headers=headers)
    again = api.patch(path, json={"employees": 5}, headers=headers)
    assert (first.status_code, again.status_code, again.content) == (200, 200, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    other = headers | {"If-Match": tag(api, company_id)}
    assert api.patch(path, json={"employees": 5}, headers=other).status_code == 422


# GraphQL

WRITES = {
    "updateCompany": 'updateCompany(id: $id, data: {name: "mine"}) { id name }',
    "deleteCompany": "deleteCompany(id: $id) { id }",
    "destroyCompany": "destroyCompany(id: $id) { id }",
    "restoreCompany": "restoreCompany(id: $id) { id }",
}


def mutate(api: httpx.Client, field: str, record_id: str, if_match: str, **headers: str) -> httpx.Response:
    body = {"query": f"mutation($id: UUID!) {{ {field} }}", "variables": {"id": record_id}}
    return api.post("/graphql", json=body, headers={"If-Match": if_match, **headers})


@pytest.mark.parametrize("name", WRITES)
def test_a_mutation_does_not_write_over_another_version(api: httpx.Client, company_id: str, name: str) -> None:
    old = tag(api, company_id)
    update(api, "companies", company_id, {"name": "theirs"})
    for _ in range(2):
        [error] = mutate(api, WRITES[name], company_id, old).json()["errors"]
        assert "has been changed since" in error["message"]
        assert (error["extensions"]["code"], error["extensions"]["subCode"]) == (
            "BAD_USER_INPUT",
            "PRECONDITION_FAILED",
        )
    found = get(api, "companies", company_id)
    assert (found["name"], found["deletedAt"]) == ("theirs", None)
    for good in (f'"other", {tag(api, company_id)}', "*"):
        answer = mutate(api, WRITES["updateCompany"], company_id, good).json()
        assert answer["data"]["updateCompany"]["name"] == "mine"
    answer = mutate(api, WRITES[name], company_id, tag(api, company_id)).json()
    assert answer["data"][name]["id"] == company_id


@pytest.mark.parametrize(
    "fields",
    [
        'a: updateCompany(id: $id, data: {name: "x"}) { id } b: updateCompany(id: $id, data: {name: "y"}) { id }',
        'updateCompanies(filter: {id: {eq: $id}}, data: {name: "x"}) { id }',
        "deleteCompanies(filter: {id: {eq: $id}}) { id }",
        "destroyCompanies(filter: {id: {eq: $id}}) { id }",
        "mergeCompanies(ids: [$id, $id], conflictPriorityIndex: 0) { id }",
    ],
)
def test_a_mutation_of_several_records_has_no_if_match(api: httpx.Client, company_id: str, fields: str) -> None:
    answer = mutate(api, fields, company_id, tag(api, company_id)).json()
    assert "If-Match is about one record" in answer["errors"][0]["message"]
    assert get(api, "companies", company_id)["name"] == "a"


def test_the_if_match_of_a_mutation_belongs_to_its_idempotency_key(api: httpx.Client, company_id: str) -> None:
    known, key = tag(api, company_id), {"Idempotency-Key": f"etag-{company_id}"}
    first = mutate(api, WRITES["updateCompany"], company_id, known, **key)
    assert "errors" not in first.json()
    again = mutate(api, WRITES["updateCompany"], company_id, known, **key)
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    assert mutate(api, WRITES["updateCompany"], company_id, "*", **key).status_code == 422


def test_queries_and_creates_ignore_if_match(api: httpx.Client) -> None:
    assert "errors" not in mutate(api, "createCompany(data: {id: $id}) { id }", MISSING, '"x"').json()
    query = {"query": "{ companies { totalCount } people { totalCount } }"}
    assert api.post("/graphql", json=query, headers={"If-Match": '"x"'}).json()["data"]["companies"] == {
        "totalCount": 1
    }
