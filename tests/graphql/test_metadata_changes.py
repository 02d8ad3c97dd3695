"""Changing the data model through `/metadata`."""

from typing import Any
from uuid import uuid4

import pytest

from tests.graphql.conftest import Door
from threescore.catalog.workspaces import Workspace
from threescore.db.pool import Database

pytestmark = pytest.mark.anyio

GIZMO = {"nameSingular": "gizmo", "namePlural": "gizmos", "labelSingular": "Gizmo", "labelPlural": "Gizmos"}

CREATE_OBJECT = """mutation($input: CreateOneObjectInput!) { createOneObject(input: $input) {
    id nameSingular isCustom isActive labelIdentifierFieldMetadataId fieldsList { id name type } } }"""
UPDATE_OBJECT = """mutation($input: UpdateOneObjectInput!) { updateOneObject(input: $input) {
    id nameSingular labelSingular description isActive standardOverrides { labelSingular } } }"""
UPDATE_OBJECTS = """mutation($inputs: [UpdateOneObjectInput!]!) { updateManyObjects(inputs: $inputs) {
    id nameSingular description } }"""
DELETE_OBJECT = "mutation($input: DeleteOneObjectInput!) { deleteOneObject(input: $input) { id fieldsList { name } } }"
CREATE_FIELD = """mutation($input: CreateOneFieldMetadataInput!) { createOneField(input: $input) {
    id name type isUnique options settings defaultValue object { nameSingular }
    relation { type targetObjectMetadata { nameSingular } targetFieldMetadata { name } }
    morphRelations { targetObjectMetadata { nameSingular } } } }"""
UPDATE_FIELD = """mutation($input: UpdateOneFieldMetadataInput!) { updateOneField(input: $input) {
    id name label isUnique isActive } }"""
DELETE_FIELD = """mutation($input: DeleteOneFieldInput!) { deleteOneField(input: $input) {
    id name relation { type } morphRelations { type } object { nameSingular } } }"""
CREATE_INDEX = """mutation($input: CreateOneIndexInput!) { createOneIndex(input: $input) {
    id name isCustom isUnique indexType indexFieldMetadataList { fieldMetadataId subFieldName } } }"""
NAMES = "{ objects(paging: {first: 1000}) { edges { node { id nameSingular description } } } }"


async def ids(door: Door) -> dict[str, str]:
    return {edge["node"]["nameSingular"]: edge["node"]["id"] for edge in (await door(NAMES))["edges"]}


async def gizmo(door: Door) -> dict[str, Any]:
    created: dict[str, Any] = await door(CREATE_OBJECT, input={"object": GIZMO})
    return created


async def test_the_life_of_an_object(door: Door, other_door: Door) -> None:
    created = await gizmo(door)
    assert (created["isCustom"], created["isActive"], len(created["fieldsList"])) == (True, True, 13)
    names = {field["id"]: field["name"] for field in created["fieldsList"]}
    assert names[created["labelIdentifierFieldMetadataId"]] == "name"
    # Another worker shows it at once, although it has read the model before.
    assert (await ids(other_door))["gizmo"] == created["id"]
    update = {"labelSingular": "Gadget", "description": "Does things", "isActive": False}
    changed = await door(UPDATE_OBJECT, input={"id": created["id"].upper(), "update": update})
    assert {key: changed[key] for key in update} == update
    deleted = await other_door(DELETE_OBJECT, input={"id": created["id"]})
    assert deleted["id"] == created["id"]
    assert len(deleted["fieldsList"]) == 13
    assert "gizmo" not in await ids(door)


async def test_an_object_without_name(door: Door) -> None:
    created = await door(CREATE_OBJECT, input={"object": {**GIZMO, "skipNameField": True}})
    names = {field["id"]: field["name"] for field in created["fieldsList"]}
    assert names[created["labelIdentifierFieldMetadataId"]] == "id"
    assert "name" not in names.values()


async def test_a_standard_object_is_relabelled_and_back(door: Door) -> None:
    company = (await ids(door))["company"]
    changed = await door(UPDATE_OBJECT, input={"id": company, "update": {"labelSingular": "Organisation"}})
    assert changed["labelSingular"] == changed["standardOverrides"]["labelSingular"] == "Organisation"
    changed = await door(UPDATE_OBJECT, input={"id": company, "update": {"labelSingular": "Company"}})
    assert (changed["labelSingular"], changed["standardOverrides"]) == ("Company", None)
    error = await door.refused(UPDATE_OBJECT, input={"id": company, "update": {"nameSingular": "org"}})
    assert error["message"] == "Cannot edit standard object metadata properties: nameSingular"
    assert (error["code"], error["subCode"]) == ("BAD_USER_INPUT", "INVALID_OBJECT_INPUT")
    assert error["userFriendlyMessage"] == "Invalid object input."


async def test_several_objects_change_at_once_or_none(door: Door) -> None:
    one = await gizmo(door)
    person = (await ids(door))["person"]
    inputs = [
        {"id": person, "update": {"description": "Somebody"}},
        {"id": one["id"], "update": {"description": "Something"}},
    ]
    changed = await door(UPDATE_OBJECTS, inputs=inputs)
    assert [(item["nameSingular"], item["description"]) for item in changed] == [
        ("person", "Somebody"),
        ("gizmo", "Something"),
    ]
    assert await door(UPDATE_OBJECTS, inputs=[]) == []
    for wrong, code in (
        ({"id": str(uuid4()), "update": {}}, "OBJECT_METADATA_NOT_FOUND"),
        ({"id": person, "update": {"description": "Twice"}}, "INVALID_OBJECT_INPUT"),
        ({"id": one["id"], "update": {"nameSingular": "gadget"}}, "INVALID_OBJECT_INPUT"),
        ({"id": one["id"], "update": {"labelIdentifierFieldMetadataId": str(uuid4())}}, "INVALID_OBJECT_INPUT"),
    ):
        error = await door.refused(UPDATE_OBJECTS, inputs=[{"id": person, "update": {"description": "No"}}, wrong])
        assert error["subCode"] == code
    shown = {edge["node"]["nameSingular"]: edge["node"]["description"] for edge in (await door(NAMES))["edges"]}
    assert (shown["person"], shown["gizmo"]) == ("Somebody", "Something")
    renamed = await door(UPDATE_OBJECTS, inputs=[{"id": one["id"], "update": {"nameSingular": "gadget"}}])
    assert renamed[0]["nameSingular"] == "gadget"
    # What does not change does not count as a change that has to go alone.
    again = [{"id": one["id"], "update": {"nameSingular": "gadget"}}, {"id": person, "update": {}}]
    assert len(await door(UPDATE_OBJECTS, inputs=again)) == 2


async def test_the_life_of_a_field(door: Door, other_door: Door) -> None:
    owner = await gizmo(door)
    options = [{"label": "New", "value": "NEW", "position": 0}, {"label": "Done", "value": "DONE", "position": 1}]
    field = {
        "objectMetadataId": owner["id"],
        "type": "SELECT",
        "name": "stage",
        "label": "Stage",
        "options": options,
        "defaultValue": "'NEW'",
    }
    created = await door(CREATE_FIELD, input={"field": field})
    assert (created["name"], created["defaultValue"]) == ("stage", "'NEW'")
    assert created["object"] == {"nameSingular": "gizmo"}
    assert [option["value"] for option in created["options"]] == ["NEW", "DONE"]
    assert created["relation"] is created["morphRelations"] is None
    shown = await other_door("query($i: UUID!) { field(id: $i) { name } }", i=created["id"])
    assert shown == {"name": "stage"}
    update = {"label": "Phase", "name": "phase", "isActive": False}
    changed = await door(UPDATE_FIELD, input={"id": created["id"], "update": update})
    assert {key: changed[key] for key in update} == update
    deleted = await door(DELETE_FIELD, input={"id": created["id"]})
    assert (deleted["name"], deleted["object"]) == ("phase", {"nameSingular": "gizmo"})
    error = await door.refused(DELETE_FIELD, input={"id": created["id"]})
    assert (error["code"], error["subCode"]) == ("NOT_FOUND", "FIELD_METADATA_NOT_FOUND")


async def test_relations(door: Door) -> None:
    owner = await gizmo(door)
    known = await ids(door)
    payload = {"type": "MANY_TO_ONE", "targetFieldLabel": "Gizmos", "targetFieldIcon": "IconX"}
    field = {"objectMetadataId": owner["id"], "type": "RELATION", "name": "owner", "label": "Owner"}
    field["relationCreationPayload"] = {**payload, "targetObjectMetadataId": known["person"]}
    created = await door(CREATE_FIELD, input={"field": field})
    assert created["relation"] == {
        "type": "MANY_TO_ONE",
        "targetObjectMetadata": {"nameSingular": "person"},
        "targetFieldMetadata": {"name": "gizmos"},
    }
    payloads = [{**payload, "targetObjectMetadataId": known[name], "targetFieldLabel": "Sponsored"} for name in known]
    morph = {"objectMetadataId": owner["id"], "type": "MORPH_RELATION", "name": "sponsor", "label": "Sponsor"}
    chosen = [item for item in payloads if item["targetObjectMetadataId"] in (known["person"], known["company"])]
    created_morph = await door(CREATE_FIELD, input={"field": {**morph, "morphRelationsCreationPayload": chosen}})
    assert len(created_morph["morphRelations"]) == 2
    assert created_morph["relation"] is None
    deleted = await door(DELETE_FIELD, input={"id": created_morph["id"]})
    assert deleted["morphRelations"] == []
    assert (await door(DELETE_FIELD, input={"id": created["id"]}))["relation"] is None
    # An object goes with its relations.
    await door(CREATE_FIELD, input={"field": field})
    await door(DELETE_OBJECT, input={"id": owner["id"]})
    query = "query($i: UUID!) { object(id: $i) { fieldsList { name relation { type } } } }"
    fields = (await door(query, i=known["person"]))["fieldsList"]
    assert "gizmos" not in {field["name"] for field in fields}


async def test_indexes(door: Door) -> None:
    owner = await gizmo(door)
    fields = {field["name"]: field["id"] for field in owner["fieldsList"]}
    index = {
        "objectMetadataId": owner["id"],
        "indexType": "BTREE",
        "fields": [
            {"fieldMetadataId": fields["name"]},
            {"fieldMetadataId": fields["createdBy"], "subFieldName": "name"},
        ],
    }
    created = await door(CREATE_INDEX, input={"index": index})
    assert (created["isCustom"], created["isUnique"], created["indexType"]) == (True, False, "BTREE")
    assert [part["subFieldName"] for part in created["indexFieldMetadataList"]] == [None, "name"]
    error = await door.refused(CREATE_INDEX, input={"index": {**index, "fields": []}})
    assert error["message"] == "fields must contain at least 1 elements, fields should not be empty"
    assert "subCode" not in error
    drop = "mutation($input: DeleteOneIndexInput!) { deleteOneIndex(input: $input) { id name } }"
    assert (await door(drop, input={"id": created["id"]}))["name"] == created["name"]
    assert (await door.refused(drop, input={"id": created["id"]}))["subCode"] == "INDEX_NOT_FOUND"


async def test_a_report_says_what_is_wrong_once(door: Door) -> None:
    await gizmo(door)
    error = await door.refused(CREATE_OBJECT, input={"object": GIZMO})
    assert error["message"] == "Multiple validation errors occurred while creating object"
    extensions = {key: error[key] for key in ("code", "summary", "userFriendlyMessage")}
    assert extensions == {
        "code": "METADATA_VALIDATION_FAILED",
        "summary": {"totalErrors": 1, "objectMetadata": 1},
        "userFriendlyMessage": "Object already exists",
    }
    (item,) = error["errors"]["objectMetadata"]
    assert (item["metadataName"], item["type"]) == ("objectMetadata", "create")
    assert item["flatEntityMinimalInformation"]["nameSingular"] == "gizmo"
    assert item["errors"] == [
        {
            "code": "OBJECT_ALREADY_EXISTS",
            "message": "Object already exists",
            "userFriendlyMessage": "Object already exists",
        }
    ]
    assert (error["path"], error["locations"]) == (["createOneObject"], [{"line": 1, "column": 43}])


async def test_mutations_run_in_series_and_fail_alone(db: Database, workspace: Workspace, door: Door) -> None:
    """The second needs what the first made; the third fails, and so the answer has no data: none may be null."""
    query = """mutation($a: CreateOneObjectInput!, $b: UUID!) {
        first: createOneObject(input: $a) { id }
        second: updateOneObject(input: {id: $b, update: {description: "Somebody"}}) { description }
        third: createOneObject(input: $a) { id }
    }"""
    person = (await ids(door))["person"]
    _, body = await door.ask(query, a={"object": GIZMO}, b=person)
    assert body["data"] is None
    assert [error["path"] for error in body["errors"]] == [["third"]]
    shown = {edge["node"]["nameSingular"]: edge["node"]["description"] for edge in (await door(NAMES))["edges"]}
    assert shown["person"] == "Somebody"
    assert shown["gizmo"] == ""
    version = await db.fetchval("SELECT version FROM threescore.workspace WHERE id = $1", workspace.id)
    assert version == workspace.version + 2


async def test_what_a_mutation_returns_is_the_model_after_it(door: Door) -> None:
    person = (await ids(door))["person"]
    query = """mutation($field: CreateFieldInput!) {
        createOneField(input: {field: $field}) { object { fieldsList { name } } } }"""
    field = {"objectMetadataId": person, "type": "TEXT", "name": "nickname", "label": "Nickname"}
    created = await door(query, field=field)
    assert "nickname" in {item["name"] for item in created["object"]["fieldsList"]}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"nameSingular": ""}, "nameSingular has failed the name validation check, nameSingular should not be empty"),
        ({"labelSingular": " \u0000"}, "labelSingular must not hold NUL characters or unpaired surrogates"),
    ],
)
async def test_input_of_a_wrong_shape(door: Door, wrong: dict[str, Any], message: str) -> None:
    error = await door.refused(CREATE_OBJECT, input={"object": {**GIZMO, **wrong}})
    assert (error["code"], error["message"]) == ("BAD_USER_INPUT", message)


async def test_a_key_that_was_revoked_changes_nothing(db: Database, door: Door) -> None:
    await ids(door)
    await db.execute("UPDATE threescore.api_key SET revoked_at = now() WHERE id = $1", door.claims.principal_id)
    schema = await db.fetchval("SELECT schema FROM threescore.workspace WHERE id = $1", door.claims.workspace_id)
    await db.execute(f'UPDATE "{schema}"._state SET access = access + 1')
    status, body = await door.ask(CREATE_OBJECT, input={"object": GIZMO})
    assert status == 200
    assert body == {
        "errors": [
            {
                "message": "This API Key is revoked",
                "extensions": {
                    "subCode": "FORBIDDEN_EXCEPTION",
                    "userFriendlyMessage": "You do not have permission to perform this action.",
                    "code": "FORBIDDEN",
                },
            }
        ]
    }


@pytest.mark.parametrize(
    ("update", "message"),
    [
        ({"readability": "PRIVATE"}, "readability must be one of the following values: OPEN"),
        (
            {"translations": [{"locale": "fr-FR", "property": "nameSingular", "value": "Personne"}]},
            "translations.0.property must be one of the following values: labelSingular, labelPlural, description,"
            " icon, color",
        ),
        (
            {"translations": [{"locale": "../etc", "property": "labelSingular", "value": "Personne"}]},
            "translations.0.locale must be the name of a locale, such as fr-FR",
        ),
    ],
)
async def test_what_there_is_not_is_refused(door: Door, update: dict[str, Any], message: str) -> None:
    """Rather than taken and forgotten."""
    person = (await ids(door))["person"]
    error = await door.refused(UPDATE_OBJECT, input={"id": person, "update": update})
    assert (error["code"], error["message"]) == ("BAD_USER_INPUT", message)
    nothing = {"readability": "OPEN", "translations": []}
    assert (await door(UPDATE_OBJECT, input={"id": person, "update": nothing}))["nameSingular"] == "person"


async def test_wordings_in_other_languages(door: Door) -> None:
    """They are kept beside the labels, and taken back one by one."""
    person = (await ids(door))["person"]
    shown = "query($id: UUID!) { object(id: $id) { labelSingular standardOverrides { labelSingular translations } } }"

    async def said(*translations: tuple[str, str, str | None], **update: Any) -> Any:
        listed = [{"locale": locale, "property": name, "value": value} for locale, name, value in translations]
        await door(UPDATE_OBJECT, input={"id": person, "update": {"translations": listed, **update}})
        found = await door(shown, id=person)
        return found["labelSingular"], found["standardOverrides"]

    french, german = ("fr-FR", "labelSingular", "Personne"), ("de-DE", "labelPlural", "Menschen")
    both = {"fr-FR": {"labelSingular": "Personne"}, "de-DE": {"labelPlural": "Menschen"}}
    assert await said(french, german) == ("Person", {"labelSingular": None, "translations": both})
    human = {"labelSingular": "Human", "translations": both}
    assert await said(labelSingular="Human") == ("Human", human)
    left = {"labelSingular": "Human", "translations": {"fr-FR": both["fr-FR"]}}
    assert await said((*german[:2], None)) == ("Human", left)
    assert await said((*french[:2], None), labelSingular="Person") == ("Person", None)


async def test_wordings_of_fields(door: Door) -> None:
    fields = await door(
        "query { objects(paging: {first: 100}) { edges { node { nameSingular fieldsList { id name } } } } }"
    )
    [people] = [e["node"]["fieldsList"] for e in fields["edges"] if e["node"]["nameSingular"] == "person"]
    by_name = {field["name"]: field["id"] for field in people}
    translations = [{"locale": "fr-FR", "property": "label", "value": "Poste"}]
    await door(UPDATE_FIELD, input={"id": by_name["jobTitle"], "update": {"translations": translations}})
    shown = "query($id: UUID!) { field(id: $id) { label standardOverrides { translations } } }"
    found = await door(shown, id=by_name["jobTitle"])
    assert found == {"label": "Job Title", "standardOverrides": {"translations": {"fr-FR": {"label": "Poste"}}}}
    error = await door.refused(
        UPDATE_FIELD, input={"id": by_name["createdAt"], "update": {"translations": translations}}
    )
    assert error["code"] == "METADATA_VALIDATION_FAILED"
