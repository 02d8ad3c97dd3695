"""Relations that older versions of the wire called otherwise: `person` of a note's target, now `targetPerson`."""

from typing import Any

import httpx
import pytest

from tests.graphql.calls import fail, one
from tests.records.wire import create, message


@pytest.fixture
def things(api: httpx.Client) -> dict[str, str]:
    """A note, a person, a company, by their objects' names."""
    plurals = {"note": "notes", "person": "people", "company": "companies"}
    return {name: create(api, plural, {})["id"] for name, plural in plurals.items()}


def listed(api: httpx.Client, query: str) -> list[Any]:
    answer = api.get(f"/rest/noteTargets?{query}")
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["data"]["noteTargets"]]


def test_rest(api: httpx.Client, things: dict[str, str]) -> None:
    made = create(api, "noteTargets", {"noteId": things["note"], "personId": things["person"]})
    assert (made["targetPersonId"], made["targetCompanyId"]) == (things["person"], None)
    other = create(
        api, "noteTargets", {"noteId": things["note"], "company": {"connect": {"where": {"id": things["company"]}}}}
    )
    assert other["targetCompanyId"] == things["company"]
    assert listed(api, f"filter=personId[eq]:{things['person']}") == [made["id"]]
    assert listed(api, "filter=company.id[is]:NOT_NULL") == [other["id"]]
    assert listed(api, "order_by=personId[AscNullsFirst]") == [other["id"], made["id"]]
    assert listed(api, "order_by=company.createdAt[AscNullsFirst]") == [made["id"], other["id"]]
    changed = api.patch(f"/rest/noteTargets/{made['id']}", json={"person": {"disconnect": True}})
    assert changed.json()["data"]["updateNoteTarget"]["targetPersonId"] is None


@pytest.mark.parametrize(
    "both",
    [
        ("personId", "targetPersonId"),
        ("targetPersonId", "personId"),
        ("person", "targetPersonId"),
        ("person", "targetPerson"),
        ("targetPerson", "personId"),
        ("person", "personId"),
    ],
)
def test_one_of_two_names(api: httpx.Client, things: dict[str, str], both: tuple[str, str]) -> None:
    person = things["person"]
    body = {name: person if name.endswith("Id") else {"connect": {"where": {"id": person}}} for name in both}
    assert "cannot be both provided" in message(api.post("/rest/noteTargets", json=body))


def test_graphql(api: httpx.Client, things: dict[str, str]) -> None:
    made = one(
        api,
        "mutation($data: NoteTargetCreateInput!)"
        " { createNoteTarget(data: $data) { id personId person { id } p: targetPersonId company { id } } }",
        {"data": {"noteId": things["note"], "personId": things["person"]}},
    )
    assert made["personId"] == made["p"] == made["person"]["id"] == things["person"]
    assert made["company"] is None
    found = one(
        api,
        "query($id: UUID) { noteTargets(filter: {personId: {eq: $id}, person: {id: {eq: $id}}},"
        " orderBy: [{person: {createdAt: AscNullsLast}}]) { edges { node { id } } } }",
        {"id": things["person"]},
    )
    assert [edge["node"]["id"] for edge in found["edges"]] == [made["id"]]
    groups = one(api, "{ noteTargetsGroupBy(groupBy: [{personId: true}]) { groupByDimensionValues } }")
    assert groups == [{"groupByDimensionValues": [things["person"]]}]


def test_a_name_that_is_taken_means_what_it_says(api: httpx.Client, things: dict[str, str]) -> None:
    """`note` of a target is the note; an attachment has none, so there it is the note that it hangs on."""
    made = one(api, f'mutation {{ createNoteTarget(data: {{noteId: "{things["note"]}"}}) {{ note {{ id }} }} }}')
    assert made["note"]["id"] == things["note"]
    made = one(api, f'mutation {{ createAttachment(data: {{noteId: "{things["note"]}"}}) {{ targetNoteId }} }}')
    assert made["targetNoteId"] == things["note"]
    objects = api.get("/rest/metadata/objects?limit=200").json()["data"]
    (target,) = [item["id"] for item in objects if item["nameSingular"] == "noteTarget"]
    field = {"objectMetadataId": target, "type": "TEXT", "name": "company", "label": "Company"}
    assert api.post("/rest/metadata/fields", json=field).status_code == 201
    assert create(api, "noteTargets", {"company": "Acme"})["company"] == "Acme"
    assert (
        "companyId"
        in fail(api, f'mutation {{ createNoteTarget(data: {{companyId: "{target}"}}) {{ id }} }}')["message"]
    )
