"""The service that changes roles. Every door to it obeys the same rules, because they are here.

Nobody raises a role above their own, touches one that is above it already, or changes the standard Admin. Whatever is
changed is in force for every worker when the call returns.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec

from threescore.access import role_store
from threescore.access.audit import COMMAND_LINE, Author, Entry, audit
from threescore.access.changing import changing, check_grant, existing_role
from threescore.access.grants import effective
from threescore.access.members import Member
from threescore.access.role_inputs import (
    Input,
    read_field_rights,
    read_flags,
    read_groups,
    read_object_rights,
    read_predicates,
    read_role,
    read_row_filter,
)
from threescore.access.roles import FieldRights, Role, RowRule, insert_role
from threescore.access.row_rules import check_rule, predicates_filter
from threescore.catalog.changes.report import Action, Issue, role_refusal
from threescore.db.pool import Connection, Database
from threescore.errors import BadRequest, Conflict, Forbidden, NotFound
from threescore.model.objects import Model, ObjectType
from threescore.records.caller import NO_PERMISSION, Caller

SYSTEM_FIELDS = ("id", "createdAt", "updatedAt", "deletedAt", "position")
"""Fields that no role can be kept from: records cannot be told apart, paged or ordered without them."""

_LABEL_TAKEN = Issue(
    "ROLE_LABEL_ALREADY_EXISTS",
    "A role with this label already exists",
    "A role with this label already exists.",
)
_NOT_EDITABLE = Issue(
    "ROLE_NOT_EDITABLE",
    "Role is not editable",
    "This role cannot be modified because it is a system role. Only custom roles can be edited.",
)
_WRITE_ONLY = "CANNOT_GIVE_WRITING_PERMISSION_WITHOUT_READING_PERMISSION"
_WRITE_ONLY_OBJECT = "CANNOT_GIVE_WRITING_PERMISSION_ON_NON_READABLE_OBJECT"


class RoleChanges:
    """Changes roles on behalf of callers, who need the permission ROLES for it.

    Every method raises Forbidden where the result would allow what the caller's own role does not, NotFound for a role
    of no workspace or of another one, and ValidationReport, BadRequest or InvalidInput for what cannot be.
    """

    def __init__(self, database: Database, author: Author = COMMAND_LINE) -> None:
        self._database = database
        self._author = author

    async def create(self, caller: Caller, body: Input) -> UUID:
        """Creates a role, which allows nothing but what is given. Gives its id."""
        given = read_role(body, creating=True)
        given.setdefault("id", uuid4())
        role = Role(universal_identifier=uuid4(), **{"can_be_assigned_to_agents": True, **given})
        async with changing(self._database, caller) as (connection, present):
            _check_label(present, role, "create")
            _check_consistent(present.state.model, role, "create")
            check_grant(present, role)
            try:
                await insert_role(connection, present.state.model.workspace_id, role)
            except asyncpg.UniqueViolationError as error:
                raise Conflict(f"There is a role with the id {role.id} already") from error
            await self._note(connection, present, "created", None, role)
        return role.id

    async def update(self, caller: Caller, role_id: UUID, body: Input) -> None:
        """Changes what is given of a role."""
        given = read_role(body, creating=False)
        async with self._editing(caller, role_id, lambda role, _: msgspec.structs.replace(role, **given)) as edit:
            _check_label(edit.caller, edit.role, "update")
            workspace_id = edit.caller.state.model.workspace_id
            is_default = role_id == await role_store.default_role_id(edit.connection, workspace_id)
            if is_default and not edit.role.can_be_assigned_to_users:
                raise BadRequest(
                    "The default role is for new members: choose another default role first",
                    code="ROLE_CANNOT_BE_ASSIGNED_TO_USERS",
                )
            await role_store.update_role(edit.connection, edit.role)

    async def delete(self, caller: Caller, role_id: UUID) -> None:
        """Deletes a role. Members who have it get the default role; API keys have none then, and are refused."""
        async with changing(self._database, caller) as (connection, present):
            role = existing_role(present, role_id)
            _check_editable(role, "delete")
            check_grant(present, role)
            default_id = await role_store.default_role_id(connection, present.state.model.workspace_id)
            if role_id == default_id:
                raise Forbidden(
                    "The default role cannot be deleted; choose another default role first",
                    code="DEFAULT_ROLE_CANNOT_BE_DELETED",
                )
            if any(member.role_id == role_id for member in present.state.members.values()):
                check_grant(present, existing_role(present, default_id))
            await role_store.delete_role(connection, role_id, default_id)
            await self._note(connection, present, "deleted", role, None)

    async def set_object_rights(self, caller: Caller, role_id: UUID, items: Iterable[Input]) -> None:
        """Replaces all that a role says about single objects."""
        rights = _each_once(read_object_rights(items), lambda item: item.object_id, "object")

        def changed(role: Role, model: Model) -> Role:
            for item in rights:
                _existing_object(model, item.object_id)
            return msgspec.structs.replace(role, object_rights=tuple(rights))

        async with self._editing(caller, role_id, changed) as edit:
            await role_store.replace_object_rights(edit.connection, role_id, rights)

    async def set_field_rights(self, caller: Caller, role_id: UUID, items: Iterable[Input]) -> None:
        """Sets what a role says about these fields; where all is null, it says nothing about the field any more."""
        rights = _each_once(read_field_rights(items), lambda item: item.field_id, "field")

        def changed(role: Role, model: Model) -> Role:
            for item in rights:
                _check_field_rights(model, item)
            merged = {item.field_id: item for item in (*role.field_rights, *rights)}
            kept = (item for item in merged.values() if not (item.can_read is None and item.can_update is None))
            return msgspec.structs.replace(role, field_rights=tuple(kept))

        async with self._editing(caller, role_id, changed) as edit:
            await role_store.replace_field_rights(edit.connection, role_id, edit.role.field_rights)

    async def set_flags(self, caller: Caller, role_id: UUID, keys: Iterable[str]) -> None:
        """Replaces the permission flags of a role."""
        flags = read_flags(keys)
        async with self._editing(caller, role_id, lambda role, _: msgspec.structs.replace(role, flags=flags)) as edit:
            await role_store.replace_flags(edit.connection, role_id, flags)

    async def set_row_rule(self, caller: Caller, role_id: UUID, object_id: UUID, filter: Any) -> None:
        """Holds a role to the records of an object that pass a filter; None gives it all of them again."""
        read = read_row_filter(filter)
        await self._set_rule(caller, role_id, object_id, lambda _model, _item: read or None, None)

    async def set_predicates(
        self, caller: Caller, role_id: UUID, object_id: UUID, predicates: Iterable[Input], groups: Iterable[Input]
    ) -> None:
        """Sets the row rule of a role for an object, as predicates. Without any, there is no rule."""
        read, read_in = read_predicates(predicates), read_groups(groups)
        await self._set_rule(
            caller,
            role_id,
            object_id,
            lambda model, item: predicates_filter(model, item, read, read_in) or None,
            role_store.Predicates(tuple(read), tuple(read_in)),
        )

    async def _set_rule(
        self,
        caller: Caller,
        role_id: UUID,
        object_id: UUID,
        make: Callable[[Model, ObjectType], dict[str, Any] | None],
        predicates: "role_store.Predicates | None",
    ) -> None:
        def changed(role: Role, model: Model) -> Role:
            filter = make(model, _existing_object(model, object_id))
            others = tuple(rule for rule in role.row_rules if rule.object_id != object_id)
            if filter is None:
                return msgspec.structs.replace(role, row_rules=others)
            rule = RowRule(object_id=object_id, filter=filter)
            check_rule(model, rule)
            return msgspec.structs.replace(role, row_rules=(*others, rule))

        async with self._editing(caller, role_id, changed) as edit:
            rule = next((rule for rule in edit.role.row_rules if rule.object_id == object_id), None)
            await role_store.replace_row_rule(edit.connection, role_id, object_id, rule, predicates)

    async def set_default(self, caller: Caller, role_id: UUID) -> None:
        """Makes a role the one that new members get, and those whose role is deleted."""
        async with changing(self._database, caller) as (connection, present):
            present.require("ROLES")
            role = existing_role(present, role_id)
            if not role.can_be_assigned_to_users:
                raise BadRequest(
                    f'Role "{role.label}" cannot be assigned to users', code="ROLE_CANNOT_BE_ASSIGNED_TO_USERS"
                )
            check_grant(present, role)
            await role_store.set_default_role(connection, present.state.model.workspace_id, role_id)
            await self._note(connection, present, "madeDefault", None, role)

    @asynccontextmanager
    async def _editing(
        self, caller: Caller, role_id: UUID, change: Callable[[Role, Model], Role]
    ) -> AsyncIterator["_Edit"]:
        """A transaction that changes a role, with all that every change of a role must keep to."""
        async with changing(self._database, caller) as (connection, present):
            role = existing_role(present, role_id)
            _check_editable(role, "update")
            check_grant(present, role)
            changed = change(role, present.state.model)
            _check_consistent(present.state.model, changed, "update")
            check_grant(present, changed)
            _check_own(present, changed)
            yield _Edit(connection, present, changed)
            await self._note(connection, present, "updated", role, changed)

    async def _note(
        self, connection: Connection, caller: Caller, verb: str, before: Role | None, after: Role | None
    ) -> None:
        """Tells the audit log of a change."""
        role = after or before
        assert role is not None
        entry = Entry(f"role.{verb}", role.id, role.label, _audited(before), _audited(after))
        await audit(connection, caller.state.model.schema, self._author, [entry])


class _Edit(msgspec.Struct, frozen=True):
    """A change of a role under way; `role` is what it will be."""

    connection: Connection
    caller: Caller
    role: Role


def _audited(role: Role | None) -> dict[str, Any] | None:
    return None if role is None else msgspec.to_builtins(role)


def _check_editable(role: Role, action: Action) -> None:
    if not role.is_editable:
        raise role_refusal(action, role.universal_identifier, role.label, _NOT_EDITABLE)


def _check_label(caller: Caller, role: Role, action: Action) -> None:
    if any(other.label == role.label and other.id != role.id for other in caller.state.roles.values()):
        raise role_refusal(action, role.universal_identifier, role.label, _LABEL_TAKEN)


def _check_consistent(model: Model, role: Role, action: Action) -> None:
    """Nothing is given that needs a right to read which is not given."""
    issues = []
    writes_all = (
        role.can_update_all_object_records
        or role.can_soft_delete_all_object_records
        or role.can_destroy_all_object_records
    )
    if writes_all and not role.can_read_all_object_records:
        issues.append(Issue(_WRITE_ONLY, "Cannot give writing permission without reading permission"))
    for rights in role.object_rights:
        writes = rights.can_update or rights.can_soft_delete or rights.can_destroy
        if writes and not effective(role, rights.object_id).read:
            name = model.by_id[rights.object_id].name_plural
            issues.append(
                Issue(_WRITE_ONLY_OBJECT, f"Cannot give writing permission on {name}, which are not readable")
            )
    if issues:
        raise role_refusal(action, role.universal_identifier, role.label, *issues)


def _check_own(caller: Caller, changed: Role) -> None:
    """A person does not lock themselves out; API keys may."""
    if isinstance(caller.principal, Member) and changed.id == caller.principal.role_id and not changed.allows("ROLES"):
        raise Forbidden(
            f"{NO_PERMISSION}: your own role would lose the right to change roles", code="CANNOT_UPDATE_SELF_ROLE"
        )


def _existing_object(model: Model, object_id: UUID) -> ObjectType:
    found = model.by_id.get(object_id)
    if found is None:
        raise NotFound(f"This workspace has no object {object_id}", code="OBJECT_METADATA_NOT_FOUND")
    return found


def _check_field_rights(model: Model, rights: FieldRights) -> None:
    owner = _existing_object(model, rights.object_id)
    field = owner.field_by_id.get(rights.field_id)
    if field is None:
        raise NotFound(f"{owner.name_plural} have no field {rights.field_id}", code="FIELD_METADATA_NOT_FOUND")
    if rights.can_read or rights.can_update:
        raise BadRequest(
            f'The field "{field.name}" can only be restricted: a right is false, or null to leave it to the object',
            code="ONLY_FIELD_RESTRICTION_ALLOWED",
        )
    restricted = rights.can_read is not None or rights.can_update is not None
    if restricted and field.name in SYSTEM_FIELDS:
        raise BadRequest(
            f'The field "{field.name}" cannot be restricted: every record shows it', code="SYSTEM_FIELD_RESTRICTION"
        )


def _each_once(items: Sequence[Any], key: Callable[[Any], UUID], what: str) -> list[Any]:
    """The items. Raises BadRequest when two are about the same thing."""
    seen: set[UUID] = set()
    for item in items:
        if key(item) in seen:
            raise BadRequest(f"The {what} {key(item)} is named twice", code="INVALID_ARG")
        seen.add(key(item))
    return list(items)
