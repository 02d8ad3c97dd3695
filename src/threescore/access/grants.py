"""What roles amount to, and whether one is more than another. Pure functions.

Nobody grants more than they hold: whoever makes, changes or hands out a role is asked `exceeds` first.
"""

from collections.abc import Iterator, Mapping
from uuid import UUID, uuid5

import msgspec
from msgspec import Struct

from threescore.access.flags import SETTINGS, TOOLS
from threescore.access.roles import FieldRights, ObjectRights, Role, RowRule
from threescore.access.row_rules import fields_used
from threescore.access.scope import Scope
from threescore.model.objects import Field, Model, ObjectType

RIGHTS = ("read", "update", "soft_delete", "destroy")
"""What may be done with the records of an object."""


class Effective(Struct, frozen=True, kw_only=True):
    """What a role may do with the records of one object. Nothing can be written that cannot be read."""

    read: bool
    update: bool
    soft_delete: bool
    destroy: bool


_INHERITED = ObjectRights(object_id=UUID(int=0))


def effective(role: Role, object_id: UUID) -> Effective:
    """What a role may do with the records of an object, by its rules about it and about all objects."""
    return _effective(role, next((rights for rights in role.object_rights if rights.object_id == object_id), None))


def _effective(role: Role, rights: ObjectRights | None) -> Effective:
    rights = rights or _INHERITED
    read = _said(rights.can_read, role.can_read_all_object_records)
    return Effective(
        read=read,
        update=read and _said(rights.can_update, role.can_update_all_object_records),
        soft_delete=read and _said(rights.can_soft_delete, role.can_soft_delete_all_object_records),
        destroy=read and _said(rights.can_destroy, role.can_destroy_all_object_records),
    )


def _said(of_object: bool | None, of_all: bool) -> bool:
    return of_all if of_object is None else of_object


def exceeds(candidate: Role, holder: Role, model: Model) -> str | None:
    """The first right that the candidate holds and the holder does not, in words; None when there is none.

    Rights to all objects count for themselves too: they reach objects that are yet to come.
    """
    return next(_excess(candidate, holder, model), None)


def _excess(candidate: Role, holder: Role, model: Model) -> Iterator[str]:
    for name, flags in (("can_update_all_settings", SETTINGS), ("can_access_all_tools", TOOLS)):
        if getattr(candidate, name) and not getattr(holder, name):
            yield "all settings" if flags is SETTINGS else "all tools"
        for flag in sorted(flags):
            if candidate.allows(flag) and not holder.allows(flag):
                yield f"the permission {flag}"
    for right in RIGHTS:
        name = f"can_{right}_all_object_records"
        reads = candidate.can_read_all_object_records
        if reads and getattr(candidate, name) and not (getattr(holder, name) and holder.can_read_all_object_records):
            yield f"to {_words(right)} the records of all objects"
    mine, theirs = _ByObject(candidate), _ByObject(holder)
    for item in model.objects:
        yield from _excess_of_object(model, item, mine, theirs)


class _ByObject:
    """The rules of a role, to be looked up by object or field."""

    def __init__(self, role: Role) -> None:
        self.role = role
        self.rights = {rights.object_id: rights for rights in role.object_rights}
        self.fields: dict[UUID, list[FieldRights]] = {}
        for rights in role.field_rights:
            self.fields.setdefault(rights.object_id, []).append(rights)
        self.rules: Mapping[UUID, RowRule] = {rule.object_id: rule for rule in role.row_rules}


def _excess_of_object(model: Model, item: ObjectType, mine: _ByObject, theirs: _ByObject) -> Iterator[str]:
    candidate, holder = (_effective(side.role, side.rights.get(item.id)) for side in (mine, theirs))
    for right in RIGHTS:
        if getattr(candidate, right) and not getattr(holder, right):
            yield f"to {_words(right)} {item.name_plural}"
    if not candidate.read:
        return
    rule, own = theirs.rules.get(item.id), mine.rules.get(item.id)
    if rule is not None and not _is_held_to(own, rule):
        yield f"to see {item.name_plural} that a row rule hides"
    if own is not None and own != rule:
        yield from _excess_of_rule(model, own, rule, theirs)
    kept = {rights.field_id: rights for rights in mine.fields.get(item.id, ())}
    for rights in theirs.fields.get(item.id, ()):
        field = item.field_by_id.get(rights.field_id)
        if field is None:
            continue
        own_rights = kept.get(field.id)
        if not may_read(rights) and may_read(own_rights):
            yield f'to read the field "{field.name}" of {item.name_plural}'
        elif not may_update(rights) and may_update(own_rights) and candidate.update:
            yield f'to change the field "{field.name}" of {item.name_plural}'


def _excess_of_rule(model: Model, own: RowRule, known: RowRule | None, theirs: _ByObject) -> Iterator[str]:
    """A rule tells what it looks at: which records it shows depends on it."""
    fields_known = {field.id for field in fields_used(model, known)} if known else set()
    for field in fields_used(model, own):
        owner = model.owner(field)
        if field.id in fields_known:
            continue
        hides_rows = owner.id != own.object_id and owner.id in theirs.rules
        if hides_rows or not _is_readable(model, field, theirs):
            yield f'a row rule that depends on the field "{field.name}" of {owner.name_plural}'


def _is_readable(model: Model, field: Field, side: _ByObject) -> bool:
    """Whether a role can read a field: a relation from both sides, a search vector with all that is in it."""

    def alone(one: Field) -> bool:
        rights = (rights for rights in side.fields.get(one.object_id, ()) if rights.field_id == one.id)
        return _effective(side.role, side.rights.get(one.object_id)).read and may_read(next(rights, None))

    if field.is_relation and not alone(model.inverse(field)):
        return False
    if field.type == "TS_VECTOR" and not all(alone(one) for one in model.owner(field).fields if one.is_searchable):
        return False
    return alone(field)


def may_read(rights: FieldRights | None) -> bool:
    """Whether rules about a field, where there are any, leave it readable."""
    return rights is None or rights.can_read is not False


def may_update(rights: FieldRights | None) -> bool:
    """Whether rules about a field, where there are any, leave it changeable; what cannot be read is not."""
    return rights is None or (rights.can_read is not False and rights.can_update is not False)


def _is_held_to(rule: RowRule | None, other: RowRule) -> bool:
    """Whether a rule certainly finds nothing that the other one hides: it is that one, or has it among its conditions.

    Other rules may be stricter too, but that would have to be proven.
    """
    if rule is None:
        return False
    if rule.filter == other.filter:
        return True
    demanded = rule.filter.get("and")
    return isinstance(demanded, list) and other.filter in demanded


def _words(right: str) -> str:
    return right.replace("_", "-") if right == "soft_delete" else right


def narrowed(role: Role, scope: Scope | None, model: Model) -> Role:
    """The role of a key that is meant for less: what both the role and the scope allow, and no settings.

    It has an id of its own, so that nothing remembered for the one role is taken for the other. Never exceeds `role`.
    """
    if scope is None:
        return role
    of_all = scope.of_all
    listed = {rights.object_id: rights for rights in role.object_rights}
    rights = []
    for item in model.objects:
        if item.id not in listed and item.id not in scope.by_object:
            continue
        allowed, access = _effective(role, listed.get(item.id)), scope.access(item.id)
        rights.append(
            ObjectRights(
                object_id=item.id,
                can_read=allowed.read and access.reads,
                can_update=allowed.update and access.writes,
                can_soft_delete=allowed.soft_delete and access.writes,
                can_destroy=allowed.destroy and access.writes,
            )
        )
    return msgspec.structs.replace(
        role,
        id=uuid5(role.id, msgspec.json.encode(scope).decode()),
        can_update_all_settings=False,
        flags=tuple(flag for flag in role.flags if flag in TOOLS),
        can_read_all_object_records=role.can_read_all_object_records and of_all.reads,
        can_update_all_object_records=role.can_update_all_object_records and of_all.writes,
        can_soft_delete_all_object_records=role.can_soft_delete_all_object_records and of_all.writes,
        can_destroy_all_object_records=role.can_destroy_all_object_records and of_all.writes,
        object_rights=tuple(rights),
    )
