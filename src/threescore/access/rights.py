"""Rights: what a role means for one data model. Derived once for each model and role; nothing here asks the database.

What a role cannot read does not exist for it: the `readable` model is the whole one without it, so whatever is read
against that model, such as filters, selections or schemas, cannot name it.
"""

from collections.abc import Mapping
from functools import cached_property
from uuid import UUID

import msgspec
from msgspec import Struct

from threescore.access.roles import ObjectRights, Role
from threescore.errors import BadRequest
from threescore.model.objects import Field, Model, ObjectType, index_leaves
from threescore.query.plan import EVERYTHING, Filter, Plan
from threescore.query.rules import NOTHING, RowRules, bind_rule

ALWAYS = frozenset({"id", "createdAt", "updatedAt", "deletedAt", "position"})
"""Fields that every role has which can read their object: pages, events and soft deletion rest on them."""


class Rights(Struct, frozen=True, dict=True, eq=False):
    """What callers with a role may see and do.

    `updatable`, `soft_deletable` and `destroyable` are the ids of objects, all of them readable; `locked` those of
    fields that cannot be written.
    """

    role: Role
    whole: Model
    readable: Model
    updatable: frozenset[UUID]
    soft_deletable: frozenset[UUID]
    destroyable: frozenset[UUID]
    locked: frozenset[UUID]
    rules: RowRules | None

    @cached_property
    def is_unrestricted(self) -> bool:
        """Whether records are seen and changed as if there were no roles."""
        everything = len(self.whole.objects)
        return (
            self.readable is self.whole
            and all(len(ids) == everything for ids in (self.updatable, self.soft_deletable, self.destroyable))
            and not self.locked
            and self.rules is None
        )

    @cached_property
    def statements(self) -> dict[tuple[Plan, int], tuple[str, tuple[int, ...]]]:
        """The SQL of plans that were found to be permitted, with the arguments of rules that it needs."""
        return {}


def rights_of(model: Model, role: Role) -> Rights:
    """The rights of a role, made once for each model as long as the role stays as it is."""
    known: dict[UUID, Rights] = model.__dict__.setdefault("rights", {})
    rights = known.get(role.id)
    if rights is None or (rights.role is not role and rights.role != role):
        rights = known[role.id] = derive_rights(model, role)
    return rights


def derive_rights(model: Model, role: Role) -> Rights:
    """What a role means for a model.

    A right about one object stands above the one about all. Without the right to read there is no other right.
    """
    by_object = {rights.object_id: rights for rights in role.object_rights}

    def holders(all_objects: bool, attribute: str) -> frozenset[UUID]:
        return frozenset(o.id for o in model.objects if _has(by_object, o, attribute, all_objects))

    readable = holders(role.can_read_all_object_records, "can_read")
    hidden = _hidden_fields(model, role, readable)
    shown = model if len(readable) == len(model.objects) and not hidden else _readable(model, readable, hidden)
    return Rights(
        role,
        model,
        shown,
        readable & holders(role.can_update_all_object_records, "can_update"),
        readable & holders(role.can_soft_delete_all_object_records, "can_soft_delete"),
        readable & holders(role.can_destroy_all_object_records, "can_destroy"),
        _locked_fields(model, role, hidden),
        _row_rules(model, role, readable),
    )


def _has(by_object: Mapping[UUID, ObjectRights], object_type: ObjectType, attribute: str, all_objects: bool) -> bool:
    own = by_object.get(object_type.id)
    right: bool | None = None if own is None else getattr(own, attribute)
    return all_objects if right is None else right


def _hidden_fields(model: Model, role: Role, readable: frozenset[UUID]) -> frozenset[UUID]:
    """The fields that do not exist for the role, of objects that do."""
    denied = {rights.field_id for rights in role.field_rights if rights.can_read is False}
    hidden: set[UUID] = set()
    for object_type in model.objects:
        if object_type.id not in readable:
            continue
        own = {field.id for field in object_type.fields if _is_hidden(field, denied, readable)}
        if any(field.id in own for field in object_type.fields if field.is_searchable):
            own |= {field.id for field in object_type.fields if field.type == "TS_VECTOR"}
        hidden |= own
    return frozenset(hidden)


def _is_hidden(field: Field, denied: set[UUID], readable: frozenset[UUID]) -> bool:
    if field.name in ALWAYS:
        return False
    if field.id in denied:
        return True
    # A relation is seen from both sides or not at all.
    return field.is_relation and (field.target_field_id in denied or field.target_object_id not in readable)


def _readable(model: Model, readable: frozenset[UUID], hidden: frozenset[UUID]) -> Model:
    # All objects are made anew, also those that stay as they are: what is derived from one includes its relations.
    objects = tuple(_readable_object(o, hidden) for o in model.objects if o.id in readable)
    return Model(workspace_id=model.workspace_id, schema=model.schema, version=model.version, objects=objects)


def _readable_object(object_type: ObjectType, hidden: frozenset[UUID]) -> ObjectType:
    fields = tuple(field for field in object_type.fields if field.id not in hidden)
    columns = {leaf.column for field in fields for leaf in field.leaves}
    label, image = object_type.label_identifier_field_id, object_type.image_identifier_field_id
    criteria = object_type.duplicate_criteria
    made = msgspec.structs.replace(
        object_type,
        fields=fields,
        indexes=tuple(
            index for index in object_type.indexes if not any(part.field_id in hidden for part in index.fields)
        ),
        label_identifier_field_id=None if label in hidden else label,
        image_identifier_field_id=None if image in hidden else image,
        duplicate_criteria=criteria and tuple(c for c in criteria if columns.issuperset(c)),
    )
    made.__dict__["hidden_fields"] = tuple(field for field in object_type.fields if field.id in hidden)
    return made


def _locked_fields(model: Model, role: Role, hidden: frozenset[UUID]) -> frozenset[UUID]:
    """The fields that the role cannot write, hidden ones too.

    Beside a hidden field in a unique index, a field cannot be written either: a refusal would tell the hidden value.
    """
    locked = set(hidden)
    for rights in role.field_rights:
        field = model.field_by_id.get(rights.field_id)
        if rights.can_update is False and field is not None and field.name not in ALWAYS:
            locked.add(field.id)
    for object_type in model.objects:
        for index in object_type.indexes:
            fields = {leaf.field.id for leaf in index_leaves(object_type, index)} if index.is_unique else set()
            if not hidden.isdisjoint(fields):
                locked |= fields
    return frozenset(locked)


def _row_rules(model: Model, role: Role, readable: frozenset[UUID]) -> RowRules | None:
    """The rules of objects that can be read. A rule that does not fit the model any more lets no row pass."""
    filters: dict[str, Filter] = {}
    arguments: list[object] = []
    for rule in role.row_rules:
        object_type = model.by_id.get(rule.object_id)
        if object_type is None or object_type.id not in readable:
            continue
        given = len(arguments)
        try:
            bound = bind_rule(model, object_type, rule.filter, arguments)
        except BadRequest:
            del arguments[given:]
            bound = NOTHING
        if bound != EVERYTHING:
            filters[object_type.name_singular] = bound
    return RowRules(filters, tuple(arguments)) if filters else None
