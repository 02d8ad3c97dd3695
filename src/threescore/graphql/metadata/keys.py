"""API keys and roles."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from msgspec import UNSET, UnsetType

from threescore.access import keys
from threescore.access.keys import ApiKey
from threescore.access.roles import Role
from threescore.catalog.wire import iso
from threescore.db.pool import Connection
from threescore.errors import AccessRefused, BadRequest, Forbidden, NotFound
from threescore.graphql.metadata.context import Context, Info
from threescore.model.fields.temporal import parse_moment

Input = Mapping[str, Any]
Values = dict[str, Any]
T = TypeVar("T")


def _in_transaction(context: Context, work: Callable[[Connection], Awaitable[T]]) -> T:
    async def run() -> T:
        async with context.services.database.transaction() as connection:
            return await work(connection)

    return context.wait(run())


def _all_keys(context: Context) -> list[ApiKey]:
    """All keys as they are now: a mutation may have changed them since the request began."""
    return _in_transaction(context, lambda connection: keys.list_keys(connection, context.model.workspace_id))


def _key_values(context: Context, key: ApiKey) -> Values:
    return {
        "id": str(key.id),
        "name": key.name,
        "expiresAt": iso(key.expires_at),
        "revokedAt": None if key.revoked_at is None else iso(key.revoked_at),
        "createdAt": iso(key.created_at),
        "updatedAt": iso(key.updated_at),
        "role": _role_values(_existing_role(context, str(key.role_id))),
    }


def _role_values(role: Role) -> Values:
    return {
        "id": str(role.id),
        "universalIdentifier": str(role.universal_identifier),
        "label": role.label,
        "description": role.description,
        "icon": role.icon,
        "isEditable": role.is_editable,
        "canBeAssignedToUsers": role.can_be_assigned_to_users,
        "canBeAssignedToAgents": role.can_be_assigned_to_agents,
        "canBeAssignedToApiKeys": role.can_be_assigned_to_api_keys,
        "canUpdateAllSettings": role.can_update_all_settings,
        "canAccessAllTools": role.can_access_all_tools,
        "canReadAllObjectRecords": role.can_read_all_object_records,
        "canUpdateAllObjectRecords": role.can_update_all_object_records,
        "canSoftDeleteAllObjectRecords": role.can_soft_delete_all_object_records,
        "canDestroyAllObjectRecords": role.can_destroy_all_object_records,
        "permissionFlags": [],
        "objectPermissions": [],
        "fieldPermissions": [],
    }


def _api_keys(_root: None, info: Info) -> list[Values]:
    return [_key_values(info.context, key) for key in _all_keys(info.context) if key.revoked_at is None]


def _api_key(_root: None, info: Info, *, input: Input) -> Values | None:
    key = _find_key(info.context, input["id"])
    return None if key is None else _key_values(info.context, key)


def _find_key(context: Context, key_id: str) -> ApiKey | None:
    return next((key for key in _all_keys(context) if str(key.id) == key_id), None)


def _keys_of_role(source: Values, info: Info) -> list[Values]:
    listed = [
        _key_values(info.context, key)
        for key in _all_keys(info.context)
        if key.revoked_at is None and str(key.role_id) == source["id"]
    ]
    info.context.count(len(listed))
    return listed


def _create_key(_root: None, info: Info, *, input: Input) -> Values:
    role = _assignable_role(info.context, input["roleId"])
    expires_at = _moment("expiresAt", input["expiresAt"])
    revoked_at = _moment_or_none("revokedAt", input.get("revokedAt"))
    workspace_id = info.context.model.workspace_id
    key = _in_transaction(
        info.context,
        lambda c: keys.create_key(
            c, workspace_id, input["name"], expires_at, revoked_at, role_id=role.id, origin=info.context.services.origin
        ),
    )
    return _key_values(info.context, key)


def _update_key(_root: None, info: Info, *, input: Input) -> Values | None:
    name: str | UnsetType = UNSET if input.get("name") is None else input["name"]
    expires_at: datetime | UnsetType = UNSET
    if input.get("expiresAt") is not None:
        expires_at = _moment("expiresAt", input["expiresAt"])
    revoked_at: datetime | UnsetType | None = UNSET
    if "revokedAt" in input:
        revoked_at = _moment_or_none("revokedAt", input["revokedAt"])
    return _changed(
        info,
        lambda connection: keys.update_key(
            connection,
            info.context.model.workspace_id,
            UUID(input["id"]),
            name=name,
            expires_at=expires_at,
            revoked_at=revoked_at,
            origin=info.context.services.origin,
        ),
    )


def _revoke_key(_root: None, info: Info, *, input: Input) -> Values | None:
    workspace_id, key_id = info.context.model.workspace_id, UUID(input["id"])
    origin = info.context.services.origin
    return _changed(info, lambda connection: keys.revoke_key(connection, workspace_id, key_id, origin=origin))


def _changed(info: Info, change: Callable[[Connection], Awaitable[ApiKey]]) -> Values | None:
    try:
        return _key_values(info.context, _in_transaction(info.context, change))
    except NotFound:
        return None


def _assign_role(_root: None, info: Info, *, apiKeyId: str, roleId: str) -> bool:
    key, role = _existing_key(info.context, apiKeyId), _assignable_role(info.context, roleId)
    workspace_id = info.context.model.workspace_id
    _in_transaction(
        info.context,
        lambda c: keys.update_key(c, workspace_id, key.id, role_id=role.id, origin=info.context.services.origin),
    )
    return True


def _generate_token(_root: None, info: Info, *, apiKeyId: str, expiresAt: str) -> Values:
    key = _existing_key(info.context, apiKeyId)
    expires_at = _moment("expiresAt", expiresAt)
    try:
        key.check()
    except AccessRefused as error:
        code = "API_KEY_REVOKED" if key.revoked_at is not None else "API_KEY_EXPIRED"
        raise Forbidden(error.message, code=code) from error
    if expires_at <= datetime.now(UTC):
        raise BadRequest("expiresAt must be in the future")
    return {"token": info.context.services.tokens.mint(key.workspace_id, key.id, expires_at)}


def _existing_key(context: Context, key_id: str) -> ApiKey:
    key = _find_key(context, key_id)
    if key is None:
        raise NotFound(f"This workspace has no API key {key_id}", code="API_KEY_NOT_FOUND")
    return key


def _roles(_root: None, info: Info) -> list[Values]:
    return [_role_values(role) for role in info.context.caller.state.roles.values()]


def _role(_root: None, info: Info, *, id: str) -> Values:
    return _role_values(_existing_role(info.context, id))


def _roles_of_keys(_root: None, info: Info) -> list[Values]:
    found = info.context.caller.state.roles.values()
    return [_role_values(role) for role in found if role.can_be_assigned_to_api_keys]


def _existing_role(context: Context, role_id: str) -> Role:
    for role in context.caller.state.roles.values():
        if str(role.id) == role_id:
            return role
    raise NotFound("Could not find role for given roleId", code="ROLE_NOT_FOUND")


def _assignable_role(context: Context, role_id: str) -> Role:
    role = _existing_role(context, role_id)
    if not role.can_be_assigned_to_api_keys:
        message = f'Role "{role.label}" cannot be assigned to API keys'
        raise BadRequest(message, code="ROLE_CANNOT_BE_ASSIGNED_TO_API_KEYS")
    return role


def _moment(name: str, text: str) -> datetime:
    moment = parse_moment(text)
    if moment is None:
        raise BadRequest(f'{name} must be a date and time as in "2100-01-01T00:00:00.000Z", not "{text[:100]}"')
    return moment


def _moment_or_none(name: str, text: str | None) -> datetime | None:
    return _moment(name, text) if text else None


RESOLVERS: Mapping[str, Mapping[str, Callable[..., Any]]] = {
    "Query": {
        "apiKeys": _api_keys,
        "apiKey": _api_key,
        "getRoles": _roles,
        "getRole": _role,
        "getApiKeyRoles": _roles_of_keys,
    },
    "Mutation": {
        "createApiKey": _create_key,
        "updateApiKey": _update_key,
        "revokeApiKey": _revoke_key,
        "assignRoleToApiKey": _assign_role,
        "generateApiKeyToken": _generate_token,
    },
    "Role": {"apiKeys": _keys_of_role},
}
