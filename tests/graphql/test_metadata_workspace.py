"""The workspace as a whole through `/metadata`."""

from uuid import uuid4

import pytest

from tests.graphql.conftest import Door
from threescore.catalog.workspaces import Workspace, create_workspace
from threescore.db.pool import Database

pytestmark = pytest.mark.anyio

RENAME = "mutation($data: UpdateWorkspaceInput!) { updateWorkspace(data: $data) { id displayName subdomain } }"
HASHES = "{ minimalMetadata { collectionHashes { collectionName hash } } }"


async def test_the_workspace(door: Door, workspace: Workspace) -> None:
    found = await door(
        """{ currentWorkspace { id displayName subdomain activationStatus createdAt updatedAt metadataVersion
            databaseSchema featureFlags { key value } workspaceUrls { subdomainUrl customUrl }
            workspaceCustomApplicationId logo isPasswordAuthEnabled } }"""
    )
    assert (found["id"], found["displayName"]) == (str(workspace.id), workspace.name)
    assert (found["metadataVersion"], found["databaseSchema"]) == (workspace.version, workspace.schema)
    assert {"key": "IS_REST_METADATA_API_NEW_FORMAT_DIRECT", "value": True} in found["featureFlags"]
    assert found["workspaceUrls"] == {"subdomainUrl": "http://crm.example/", "customUrl": None}
    assert found["activationStatus"] == "ACTIVE"
    assert (found["logo"], found["isPasswordAuthEnabled"]) == (None, True)
    assert found["createdAt"] == found["updatedAt"]
    custom = "{ objects(paging: {first: 1}, filter: {isCustom: {is: false}}) { edges { node { applicationId } } } }"
    (standard,) = (await door(custom))["edges"]
    assert standard["node"]["applicationId"] != found["workspaceCustomApplicationId"]


async def test_another_name(db: Database, door: Door, other_door: Door) -> None:
    name = f"Ümlaut & Söhne {uuid4()}"
    renamed = await door(RENAME, data={"displayName": f" {name} "})
    assert renamed["displayName"] == name
    assert (await other_door("{ currentWorkspace { displayName } }"))["displayName"] == name
    assert (await door(RENAME, data={}))["displayName"] == name
    taken = await create_workspace(db, f"Taken {uuid4()}")
    assert (await door.refused(RENAME, data={"displayName": taken.name}))["code"] == "CONFLICT"
    for wrong in ("", " ", "x" * 201, "a\u0000b"):
        assert (await door.refused(RENAME, data={"displayName": wrong}))["code"] == "BAD_USER_INPUT"
    status, body = await door.ask(RENAME, data={"zebra": "x"})
    assert status == 400
    assert body["errors"][0]["message"] == 'Field "zebra" is not defined by type "UpdateWorkspaceInput".'
    assert (await door("{ currentWorkspace { displayName } }"))["displayName"] == name


async def test_a_key_is_no_person(door: Door) -> None:
    error = await door.refused("{ currentUser { id email workspaceMember { id name { firstName } } } }")
    assert error["message"] == "This endpoint is not available to this caller"
    assert error["code"] == "FORBIDDEN"


async def test_hashes_tell_what_changed(door: Door) -> None:
    async def hashes() -> dict[str, str]:
        found = (await door(HASHES))["collectionHashes"]
        return {item["collectionName"]: item["hash"] for item in found}

    before = await hashes()
    assert before == await hashes()
    assert {"objectMetadata", "fieldMetadata", "index"} <= before.keys()
    glance = await door("{ minimalMetadata { objectMetadataItems { id nameSingular } } }")
    (person,) = [item["id"] for item in glance["objectMetadataItems"] if item["nameSingular"] == "person"]
    change = """mutation($id: UUID!) {
        updateOneObject(input: {id: $id, update: {description: "Somebody"}}) { id } }"""
    await door(change, id=person)
    after = await hashes()
    # Of the fields nothing has changed.
    assert {name for name in before if before[name] != after[name]} == {"objectMetadata"}
    add = """mutation($id: UUID!) { createOneField(input: {
        field: {objectMetadataId: $id, type: TEXT, name: "nick", label: "Nick", isSearchable: true}}) { id } }"""
    await door(add, id=person)
    last = await hashes()
    assert {name for name in before if last[name] != after[name]} == {"fieldMetadata", "searchFieldMetadata"}


async def test_a_glance(door: Door) -> None:
    found = await door(
        """{ minimalMetadata { views { id type key objectMetadataId }
            objectMetadataItems { id nameSingular namePlural labelSingular labelPlural icon color isCustom isActive
                isSystem isRemote } } }"""
    )
    assert found["views"] == []
    (person,) = [item for item in found["objectMetadataItems"] if item["nameSingular"] == "person"]
    assert (person["namePlural"], person["isCustom"], person["isRemote"]) == ("people", False, False)


async def test_record_counts(db: Database, door: Door, workspace: Workspace) -> None:
    await db.execute(f'INSERT INTO "{workspace.schema}".person DEFAULT VALUES')
    await db.execute(f'INSERT INTO "{workspace.schema}".person ("deletedAt") VALUES (now())')
    counts = {
        item["objectNamePlural"]: item["totalCount"]
        for item in await door("{ objectRecordCounts { objectNamePlural totalCount } }")
    }
    assert (counts["people"], counts["companies"]) == (1, 0)
    assert len(counts) > 25
    # Of a table that is known to be large, PostgreSQL's estimate is taken.
    await db.execute(f"""UPDATE pg_class SET reltuples = 123456 WHERE oid = '"{workspace.schema}".person'::regclass""")
    counts = {
        item["objectNamePlural"]: item["totalCount"]
        for item in await door("{ objectRecordCounts { objectNamePlural totalCount } }")
    }
    assert (counts["people"], counts["companies"]) == (123456, 0)
