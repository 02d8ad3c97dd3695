"""Documents of clients of all versions are valid for the schema of `/metadata`."""

import json
from typing import Any
from uuid import UUID

import msgspec
import pytest
from graphql import get_introspection_query

from tests.graphql.conftest import Door
from tests.graphql.tools_support import run

pytestmark = pytest.mark.anyio

DOCUMENTS = {
    "1.x": """query ObjectMetadataItems {
        objects(paging: {first: 1000}) { edges { node {
            id dataSourceId nameSingular namePlural labelSingular labelPlural description icon isCustom isRemote
            isActive isSystem createdAt updatedAt labelIdentifierFieldMetadataId imageIdentifierFieldMetadataId
            isLabelSyncedWithName shortcut duplicateCriteria
            indexMetadatas(paging: {first: 100}) { edges { node { id name indexWhereClause indexType isUnique
                indexFieldMetadatas(paging: {first: 100}) { edges { node { id order fieldMetadataId } } } } } }
            fields(paging: {first: 1000}) { edges { node { id type name label description icon isCustom isActive
                isSystem isNullable isUnique defaultValue options settings isLabelSyncedWithName
                relationDefinition { relationId direction sourceObjectMetadata { id } sourceFieldMetadata { id name }
                    targetObjectMetadata { id nameSingular } targetFieldMetadata { id name } } } } } } }
            pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }""",
    "2.4": """query { objects(paging: {first: 1000}, filter: {isCustom: {is: true}}) { edges { node {
            id universalIdentifier applicationId isCustom isUIReadOnly isSearchable
            standardOverrides { labelSingular labelPlural description icon color translations }
            fieldsList { id isCustom isUIReadOnly morphId standardOverrides { label description icon translations }
                relation { type targetObjectMetadata { id } } morphRelations { type targetFieldMetadata { name } } }
            indexMetadataList { id isCustom indexFieldMetadataList { id order } } } } }
        indexMetadatas(paging: {first: 5}, filter: {isCustom: {is: true}}) { edges { node { id
            objectMetadata { edges { node { id } } } } } } }""",
    "2.43": """query {
        objects(paging: {first: 1000}, filter: {isUIEditable: {is: true}, isUICreatable: {isNot: false}}) {
            edges { cursor node { id isUIEditable isUICreatable isUIReadOnly openRecordIn readability writability
                readabilityParentFieldUniversalIdentifiers color
                fieldsList { id isUIEditable writability isSearchable isAuditLogged object { id } }
                searchFieldMetadataList { id fieldMetadataId tsVectorFieldMetadataId position createdAt }
                indexMetadataList { indexFieldMetadataList { subFieldName } } } } }
        minimalMetadata { objectMetadataItems { id color } views { id type key objectMetadataId }
            collectionHashes { collectionName hash } }
        getApiKeyRoles { id } currentWorkspace { id defaultRole { id } featureFlags { key value } } }""",
}


@pytest.mark.parametrize("version", DOCUMENTS)
async def test_a_document_is_answered(door: Door, version: str) -> None:
    status, body = await door.ask(DOCUMENTS[version])
    assert status == 200
    assert "errors" not in body
    assert body["data"]


async def test_an_integration_sets_itself_up(door: Door) -> None:
    """The mutations of clients of all ages, with the names that they have for the types of their variables."""
    made = await door(
        """mutation CreateOneObjectMetadataItem($input: CreateOneObjectInput!) {
            createOneObject(input: $input) { id dataSourceId isCustom labelIdentifierFieldMetadataId } }""",
        input={
            "object": {
                "nameSingular": "listing",
                "namePlural": "listings",
                "labelSingular": "Listing",
                "labelPlural": "Listings",
                "isLabelSyncedWithName": True,
                "icon": "IconHome",
                "description": "",
            }
        },
    )
    assert made["isCustom"] is True
    options = [{"label": "New", "value": "NEW", "color": "blue", "position": 0}]
    field = await door(
        """mutation CreateOneFieldMetadataItem($input: CreateOneFieldMetadataInput!) {
            createOneField(input: $input) { id type isCustom options defaultValue } }""",
        input={
            "field": {
                "objectMetadataId": made["id"],
                "type": "SELECT",
                "name": "stage",
                "label": "Stage",
                "defaultValue": "'NEW'",
                "options": options,
                "isActive": True,
                "isCustom": True,
            }
        },
    )
    changed = await door(
        """mutation($idToUpdate: ID!, $updatePayload: UpdateFieldInputDTO!) {
            updateOneField(input: {id: $idToUpdate, update: $updatePayload}) { label description } }""",
        idToUpdate=field["id"],
        updatePayload={"label": "Step", "description": None, "isActive": False},
    )
    assert changed["label"] == "Step"
    for wanted in (False, True):
        shown = await door(
            """mutation($idToUpdate: UUID!, $updatePayload: UpdateObjectPayload!) {
                updateOneObject(input: {id: $idToUpdate, update: $updatePayload}) { isActive } }""",
            idToUpdate=made["id"],
            updatePayload={"isActive": wanted},
        )
        assert shown == {"isActive": wanted}
    assert (await door("mutation($id: ID!) { deleteOneField(input: {id: $id}) { id } }", id=field["id"])) == {
        "id": field["id"]
    }
    hook = await door(
        """mutation($input: CreateWebhookDTO!) { createWebhook(input: $input) {
            id targetUrl operations description secret applicationId createdAt updatedAt deletedAt } }""",
        input={
            "targetUrl": "http://127.0.0.1:9/",
            "operations": ["listing.created"],
            "description": "d",
            "secret": "s",
        },
    )
    await door(
        "mutation($input: UpdateWebhookDTO!) { updateWebhook(input: $input) { id } }",
        input={"id": hook["id"], "update": {"operations": ["*.*"]}},
    )
    assert (await door("mutation($id: String!) { deleteWebhook(id: $id) { id } }", id=hook["id"]))["id"] == hook["id"]
    roles = await door("query GetRoles { getRoles { id label } }")
    (admin,) = [role["id"] for role in roles if role["label"] == "Admin"]
    key = await door(
        "mutation($input: CreateApiKeyDTO!) { createApiKey(input: $input) { id expiresAt revokedAt role { id } } }",
        input={"name": "Sync", "expiresAt": "2100-01-01T00:00:00Z", "roleId": admin},
    )
    token = await door(
        """mutation($apiKeyId: ID!, $expiresAt: DateTime!) {
            generateApiKeyToken(apiKeyId: $apiKeyId, expiresAt: $expiresAt) { token } }""",
        apiKeyId=key["id"],
        expiresAt="2100-01-01T00:00:00.000Z",
    )
    assert door.tokens.verify(token["token"]).principal_id == UUID(key["id"])
    renamed = await door(
        "mutation($input: UpdateApiKeyDTO!) { updateApiKey(input: $input) { name revokedAt } }",
        input={"id": key["id"], "name": "Sync 2", "revokedAt": ""},
    )
    assert renamed == {"name": "Sync 2", "revokedAt": None}


async def test_javascript_finds_no_fault(door: Door) -> None:
    """The reference implementation reads the schema, and finds the documents valid for it."""
    _, body = await door.ask(get_introspection_query(input_value_deprecation=True))
    asked = {"introspection": body["data"], "documents": {**DOCUMENTS, "wrong": "{ objets { id } }"}}
    found: dict[str, Any] = json.loads(run("node", "check-schema.mjs", given=msgspec.json.encode(asked).decode()))
    assert found["schema"] == []
    # The server says it in the same words.
    _, ours = await door.ask("{ objets { id } }")
    assert found["documents"].pop("wrong") == [error["message"] for error in ours["errors"]]
    assert set(map(tuple, found["documents"].values())) == {()}
