"""Roles and what they allow. The rules are those of the one service; here is only what it is told and what is shown."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any
from uuid import UUID

from threescore.access.flags import FLAGS
from threescore.access.members import Person, list_people
from threescore.access.role_store import ObjectPredicates, list_predicates
from threescore.access.role_wire import role_values
from threescore.access.roles import Role
from threescore.access.row_rules import broken
from threescore.catalog.wire import application_id, iso
from threescore.errors import NotFound
from threescore.graphql.metadata.context import Context, Info

Input = Mapping[str, Any]
Values = dict[str, Any]


def existing_role(context: Context, role_id: UUID) -> Role:
    """A role of the workspace, as the request knows it. Raises NotFound."""
    role = context.state.roles.get(role_id)
    if role is None:
        raise NotFound("Could not find role for given roleId", code="ROLE_NOT_FOUND")
    return role


def _roles(_root: None, info: Info) -> list[Values]:
    info.context.count(len(info.context.state.roles))
    return [role_values(role) for role in info.context.state.roles.values()]


def _role(_root: None, info: Info, *, id: str) -> Values:
    return role_values(existing_role(info.context, UUID(id)))


def _roles_of_keys(_root: None, info: Info) -> list[Values]:
    return [role_values(role) for role in info.context.state.roles.values() if role.can_be_assigned_to_api_keys]


def _flags(_root: None, info: Info) -> list[Values]:
    application = application_id(info.context.model.workspace_id, is_custom=False)
    return [
        {
            "id": str(flag.id),
            "universalIdentifier": str(flag.id),
            "key": flag.key,
            "label": flag.label,
            "description": flag.description,
            "icon": flag.icon,
            "permissionType": "TOOL" if flag.is_tool else "SETTING",
            "applicationId": application,
            "createdAt": _BEGINNING,
            "updatedAt": _BEGINNING,
        }
        for flag in FLAGS.values()
    ]


_BEGINNING = "2026-01-01T00:00:00.000Z"
"""Flags come with the program; clients ask since when there are any."""


def _changed(info: Info, role_id: UUID, work: Callable[..., Awaitable[Any]], *arguments: Any) -> Values:
    """The role after a change."""
    context = info.context

    async def run() -> None:
        await work(context.caller, role_id, *arguments)

    context.wait(run())
    return role_values(context.renew().roles[role_id])


def _create(_root: None, info: Info, *, createRoleInput: Input) -> Values:
    context = info.context
    role_id = context.wait(context.services.roles.create(context.caller, createRoleInput))
    return role_values(context.renew().roles[role_id])


def _update(_root: None, info: Info, *, updateRoleInput: Input) -> Values:
    role_id = UUID(updateRoleInput["id"])
    return _changed(info, role_id, info.context.services.roles.update, updateRoleInput["update"])


def _delete(_root: None, info: Info, *, roleId: str) -> str:
    context = info.context
    context.wait(context.services.roles.delete(context.caller, UUID(roleId)))
    context.renew()
    return roleId


def _set_objects(_root: None, info: Info, *, upsertObjectPermissionsInput: Input) -> Any:
    given = upsertObjectPermissionsInput
    change = info.context.services.roles.set_object_rights
    shown = _changed(info, UUID(given["roleId"]), change, given["objectPermissions"])["objectPermissions"]
    return _in_order(shown, given["objectPermissions"], "objectMetadataId")


def _set_fields(_root: None, info: Info, *, upsertFieldPermissionsInput: Input) -> Any:
    given = upsertFieldPermissionsInput
    change = info.context.services.roles.set_field_rights
    shown = _changed(info, UUID(given["roleId"]), change, given["fieldPermissions"])["fieldPermissions"]
    return _in_order(shown, given["fieldPermissions"], "fieldMetadataId")


def _in_order(shown: list[Values], given: list[Input], key: str) -> list[Values]:
    """What was given, as it is now, in the order in which it was given."""
    by_id = {item[key]: item for item in shown}
    return [by_id[item[key]] for item in given if item[key] in by_id]


def _set_flags(_root: None, info: Info, *, upsertPermissionFlagsInput: Input) -> Any:
    given = upsertPermissionFlagsInput
    change = info.context.services.roles.set_flags
    return _changed(info, UUID(given["roleId"]), change, given["permissionFlagKeys"])["permissionFlags"]


def _set_predicates(_root: None, info: Info, *, input: Input) -> Values:
    role_id, object_id = UUID(input["roleId"]), UUID(input["objectMetadataId"])
    change = info.context.services.roles.set_predicates
    _changed(info, role_id, change, object_id, input["predicates"], input["predicateGroups"])
    found = [item for item in _predicates_of(info.context, str(role_id)) if item.object_id == object_id]
    return {"predicates": _predicates(found), "predicateGroups": _groups(found)}


def _set_rule(_root: None, info: Info, *, input: Input) -> list[Values]:
    change = info.context.services.roles.set_row_rule
    shown = _changed(info, UUID(input["roleId"]), change, UUID(input["objectMetadataId"]), input.get("filter"))
    return _rules(shown, info)


def _rules(source: Values, info: Info) -> list[Values]:
    context = info.context
    role = existing_role(context, UUID(source["id"]))
    return [
        {
            "objectMetadataId": str(rule.object_id),
            "filter": rule.filter,
            "problem": broken(context.state.model, rule),
        }
        for rule in role.row_rules
    ]


def _predicates_of(context: Context, role_id: str) -> list[ObjectPredicates]:
    async def load() -> list[ObjectPredicates]:
        async with context.services.database.acquire() as connection:
            return await list_predicates(connection, context.model.workspace_id)

    return [item for item in context.wait(load()) if str(item.role_id) == role_id]


def _predicates(found: list[ObjectPredicates]) -> list[Values]:
    return [
        {
            "id": str(item.id),
            "roleId": str(of.role_id),
            "objectMetadataId": str(of.object_id),
            "fieldMetadataId": str(item.field_id),
            "operand": item.operand,
            "value": item.value,
            "subFieldName": item.sub_field,
            "workspaceMemberFieldMetadataId": _text(item.member_field_id),
            "workspaceMemberSubFieldName": item.member_sub_field,
            "rowLevelPermissionPredicateGroupId": _text(item.group_id),
            "positionInRowLevelPermissionPredicateGroup": item.position,
        }
        for of in found
        for item in of.predicates.predicates
    ]


def _groups(found: list[ObjectPredicates]) -> list[Values]:
    return [
        {
            "id": str(item.id),
            "roleId": str(of.role_id),
            "objectMetadataId": str(of.object_id),
            "logicalOperator": item.operator,
            "parentRowLevelPermissionPredicateGroupId": _text(item.parent_id),
            "positionInRowLevelPermissionPredicateGroup": item.position,
        }
        for of in found
        for item in of.predicates.groups
    ]


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)


def _keys_of_role(source: Values, info: Info) -> list[Values]:
    _check_any(info.context, "ROLES", "API_KEYS_AND_WEBHOOKS")
    listed = [
        {
            "id": str(key.id),
            "name": key.name,
            "expiresAt": iso(key.expires_at),
            "revokedAt": None,
        }
        for key in info.context.state.keys.values()
        if key.revoked_at is None and str(key.role_id) == source["id"]
    ]
    info.context.count(len(listed))
    return listed


def _members_of_role(source: Values, info: Info) -> list[Values]:
    context = info.context
    _check_any(context, "ROLES", "WORKSPACE_MEMBERS")

    async def load() -> list[Person]:
        async with context.services.database.acquire() as connection:
            return await list_people(connection, context.model.workspace_id, UUID(source["id"]))

    found = context.wait(load())
    context.count(len(found))
    return [
        {
            "id": str(person.workspace_member_id),
            "name": {"firstName": person.first_name, "lastName": person.last_name},
            "userEmail": person.email,
            "colorScheme": "System",
        }
        for person in found
    ]


def _check_any(context: Context, *flags: str) -> None:
    """Raises Forbidden unless the caller's role holds one of these permissions."""
    if not any(context.caller.role.allows(flag) for flag in flags):
        context.caller.require(flags[0])


def _with_rights(resolve: Callable[[Values, Info], Any]) -> Callable[[Values, Info], Any]:
    """A resolver for those who may see what roles allow."""

    def checked(source: Values, info: Info) -> Any:
        _check_any(info.context, "ROLES", "API_KEYS_AND_WEBHOOKS")
        return resolve(source, info)

    return checked


def _shown(part: Callable[[list[ObjectPredicates]], list[Values]], source: Values, info: Info) -> list[Values]:
    return part(_predicates_of(info.context, source["id"]))


def _of_object(part: Callable[[list[ObjectPredicates]], list[Values]], source: Values, info: Info) -> list[Values]:
    found = _predicates_of(info.context, source["roleId"])
    return part([item for item in found if str(item.object_id) == source["objectMetadataId"]])


RESOLVERS: Mapping[str, Mapping[str, Callable[..., Any]]] = {
    "Query": {
        "getRoles": _roles,
        "getRole": _role,
        "getApiKeyRoles": _roles_of_keys,
        "getPermissionFlags": _flags,
    },
    "Mutation": {
        "createOneRole": _create,
        "updateOneRole": _update,
        "deleteOneRole": _delete,
        "upsertObjectPermissions": _set_objects,
        "upsertFieldPermissions": _set_fields,
        "upsertPermissionFlags": _set_flags,
        "upsertRowLevelPermissionPredicates": _set_predicates,
        "setRowRule": _set_rule,
    },
    "Role": {
        "apiKeys": _keys_of_role,
        "workspaceMembers": _members_of_role,
        "agents": lambda _source, _info: [],
        "rowRules": _with_rights(_rules),
        "rowLevelPermissionPredicates": _with_rights(partial(_shown, _predicates)),
        "rowLevelPermissionPredicateGroups": _with_rights(partial(_shown, _groups)),
    },
    "ObjectPermission": {
        "rowLevelPermissionPredicates": _with_rights(partial(_of_object, _predicates)),
        "rowLevelPermissionPredicateGroups": _with_rights(partial(_of_object, _groups)),
    },
}
