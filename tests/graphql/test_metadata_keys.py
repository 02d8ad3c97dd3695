"""API keys and roles through `/metadata`."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.graphql.conftest import Door
from threescore.access.tokens import Claims
from threescore.catalog.workspaces import create_workspace
from threescore.db.pool import Database

pytestmark = pytest.mark.anyio

KEY = "id name expiresAt revokedAt createdAt updatedAt role { id label }"
CREATE = f"mutation($input: CreateApiKeyInput!) {{ createApiKey(input: $input) {{ {KEY} }} }}"
UPDATE = f"mutation($input: UpdateApiKeyInput!) {{ updateApiKey(input: $input) {{ {KEY} }} }}"
REVOKE = f"mutation($input: RevokeApiKeyInput!) {{ revokeApiKey(input: $input) {{ {KEY} }} }}"
GET = f"query($input: GetApiKeyInput!) {{ apiKey(input: $input) {{ {KEY} }} }}"
TOKEN = "mutation($id: UUID!, $until: String!) { generateApiKeyToken(apiKeyId: $id, expiresAt: $until) { token } }"
ASSIGN = "mutation($key: UUID!, $role: UUID!) { assignRoleToApiKey(apiKeyId: $key, roleId: $role) }"
LATER = "2100-01-01T00:00:00.000Z"
WORKSPACE = "{ currentWorkspace { id } }"


async def admin(door: Door) -> str:
    role, _member = await door("{ getRoles { id } }")
    found: str = role["id"]
    return found


async def new_key(door: Door, **more: Any) -> dict[str, Any]:
    given = {"name": "Sync", "expiresAt": LATER, "roleId": await admin(door), **more}
    created: dict[str, Any] = await door(CREATE, input=given)
    return created


async def test_the_life_of_a_key(door: Door, other_door: Door) -> None:
    created = await new_key(door)
    assert (created["name"], created["expiresAt"], created["revokedAt"]) == ("Sync", LATER, None)
    assert created["role"]["label"] == "Admin"
    assert await door(GET, input={"id": created["id"]}) == created
    assert [key["name"] for key in await door("{ apiKeys { name } }")] == ["Tests", "Sync"]
    token = (await door(TOKEN, id=created["id"], until=LATER))["token"]
    theirs = Claims(door.claims.workspace_id, door.tokens.verify(token).principal_id, 9e12)
    other_door.claims = theirs
    assert str(theirs.principal_id) == created["id"]
    assert (await other_door(WORKSPACE))["id"] == str(door.claims.workspace_id)

    revoked = await door(REVOKE, input={"id": created["id"]})
    assert revoked["revokedAt"]
    # Another worker refuses its token at once.
    assert (await other_door.refused(WORKSPACE))["message"] == "This API Key is revoked"
    assert [key["name"] for key in await door("{ apiKeys { name } }")] == ["Tests"]
    assert (await door(GET, input={"id": created["id"]}))["revokedAt"] == revoked["revokedAt"]
    assert (await door.refused(TOKEN, id=created["id"], until=LATER))["subCode"] == "API_KEY_REVOKED"
    # Revoking it again changes nothing.
    assert (await door(REVOKE, input={"id": created["id"]}))["revokedAt"] == revoked["revokedAt"]

    assert (await door(UPDATE, input={"id": created["id"], "name": "Still off"}))["revokedAt"]
    changed = await door(UPDATE, input={"id": created["id"], "revokedAt": None, "name": "Back"})
    assert (changed["revokedAt"], changed["name"]) == (None, "Back")
    assert (await other_door(WORKSPACE))["id"]
    assert (await door(UPDATE, input={"id": created["id"], "revokedAt": LATER}))["revokedAt"] == LATER
    assert (await door(UPDATE, input={"id": created["id"], "revokedAt": ""}))["revokedAt"] is None


async def test_a_key_that_expired_has_no_tokens(door: Door, other_door: Door) -> None:
    created = await new_key(door, expiresAt="2020-01-01T00:00:00.000Z")
    assert (await door.refused(TOKEN, id=created["id"], until=LATER))["subCode"] == "API_KEY_EXPIRED"
    changed = await door(UPDATE, input={"id": created["id"], "expiresAt": "2050-01-01"})
    assert changed["expiresAt"] == "2050-01-01T00:00:00.000Z"
    token = (await door(TOKEN, id=created["id"], until=LATER))["token"]
    other_door.claims = door.tokens.verify(token)
    assert await other_door(WORKSPACE)
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    assert (await door.refused(TOKEN, id=created["id"], until=past))["message"] == "expiresAt must be in the future"
    await door(UPDATE, input={"id": created["id"], "expiresAt": past})
    assert (await other_door.refused(WORKSPACE))["code"] == "FORBIDDEN"


@pytest.mark.parametrize(
    "wrong", [{"name": " "}, {"name": "x" * 201}, {"name": "a\u0000"}, {"expiresAt": "soon"}, {"revokedAt": "never"}]
)
async def test_keys_that_cannot_be(door: Door, wrong: dict[str, Any]) -> None:
    given = {"name": "Sync", "expiresAt": LATER, "roleId": await admin(door)}
    assert (await door.refused(CREATE, input={**given, **wrong}))["code"] == "BAD_USER_INPUT"
    assert (await door.refused(UPDATE, input={"id": str(door.claims.principal_id), **wrong}))[
        "code"
    ] == "BAD_USER_INPUT"


async def test_keys_that_are_not_there(db: Database, door: Door) -> None:
    """Nor are those of other workspaces."""
    elsewhere = await create_workspace(db, f"Elsewhere {uuid4()}")
    theirs = await db.fetchval(
        "INSERT INTO threescore.api_key (id, workspace_id, name, expires_at)"
        " VALUES (gen_random_uuid(), $1, 'Theirs', now() + interval '1 day') RETURNING id::text",
        elsewhere.id,
    )
    for missing in (str(uuid4()), theirs):
        assert await door(GET, input={"id": missing}) is None
        assert await door(UPDATE, input={"id": missing, "name": "Mine"}) is None
        assert await door(REVOKE, input={"id": missing}) is None
        for query, variables in (
            (TOKEN, {"id": missing, "until": LATER}),
            (ASSIGN, {"key": missing, "role": await admin(door)}),
        ):
            error = await door.refused(query, **variables)
            assert (error["code"], error["subCode"]) == ("NOT_FOUND", "API_KEY_NOT_FOUND")
    row = await db.fetchrow("SELECT name, revoked_at FROM threescore.api_key WHERE id = $1::uuid", theirs)
    assert tuple(row or ()) == ("Theirs", None)


async def test_the_standard_roles(door: Door) -> None:
    role, member = await door(
        """{ getRoles { id universalIdentifier label isEditable canUpdateAllSettings canReadAllObjectRecords
            canBeAssignedToApiKeys apiKeys { id name } permissionFlags { flag } objectPermissions { objectMetadataId }
            fieldPermissions { fieldMetadataId } } }"""
    )
    assert (role["label"], role["isEditable"], role["canUpdateAllSettings"]) == ("Admin", False, True)
    assert [key["name"] for key in role["apiKeys"]] == ["Tests"]
    assert role["permissionFlags"] == role["objectPermissions"] == role["fieldPermissions"] == []
    assert (member["label"], member["isEditable"], member["canUpdateAllSettings"]) == ("Member", True, False)
    assert [found["id"] for found in await door("{ getApiKeyRoles { id } }")] == [role["id"]]
    assert await door("query($id: UUID!) { getRole(id: $id) { label } }", id=role["id"]) == {"label": "Admin"}
    created = await new_key(door)
    assert await door(ASSIGN, key=created["id"], role=role["id"]) is True
    nested = await door("{ apiKeys { role { apiKeys { name } } } }")
    assert nested[0]["role"]["apiKeys"] == [{"name": "Tests"}, {"name": "Sync"}]
    error = await door.refused(ASSIGN, key=created["id"], role=member["id"])
    assert error["message"] == 'Role "Member" cannot be assigned to API keys'
    assert error["code"] == "BAD_USER_INPUT"
    other = await door('mutation { createOneRole(createRoleInput: {label: "Sync"}) { id } }')
    assert await door(ASSIGN, key=created["id"], role=other["id"]) is True
    assert await door("{ apiKeys { name role { label } } }") == [
        {"name": "Tests", "role": {"label": "Admin"}},
        {"name": "Sync", "role": {"label": "Sync"}},
    ]


async def test_roles_that_are_not_there(door: Door) -> None:
    missing = str(uuid4())
    given = {"name": "Sync", "expiresAt": LATER, "roleId": missing}
    for query, variables in (
        (CREATE, {"input": given}),
        (ASSIGN, {"key": str(door.claims.principal_id), "role": missing}),
        ("query($id: UUID!) { getRole(id: $id) { label } }", {"id": missing}),
    ):
        error = await door.refused(query, **variables)
        assert (error["message"], error["subCode"]) == ("Could not find role for given roleId", "ROLE_NOT_FOUND")
    assert [key["name"] for key in await door("{ apiKeys { name } }")] == ["Tests"]


async def test_a_key_can_revoke_itself(door: Door) -> None:
    revoked = await door(REVOKE, input={"id": str(door.claims.principal_id)})
    assert revoked["revokedAt"]
    assert (await door.refused(WORKSPACE))["message"] == "This API Key is revoked"
