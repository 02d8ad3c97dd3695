"""The values that make up a workspace's data model: `Model`, `ObjectType`, `Field`, `Index`.

All are immutable. A `Model` is loaded from the catalog as a whole and replaced as a whole when it changes.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from msgspec import Struct

from threescore.errors import PermissionDenied

if TYPE_CHECKING:
    from threescore.model.fields.base import FieldType, Leaf, Writer

MANY_TO_ONE = "MANY_TO_ONE"
ONE_TO_MANY = "ONE_TO_MANY"


class Option(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One choice of a SELECT, MULTI_SELECT or RATING field."""

    id: UUID
    color: str | None = None
    label: str
    value: str
    position: int | float


class Field(Struct, frozen=True, dict=True, kw_only=True):
    """One field of an object. A relation is a field too; its other side is `target_field_id`."""

    id: UUID
    object_id: UUID
    universal_identifier: UUID
    name: str
    label: str
    type: str
    description: str | None = None
    icon: str | None = None
    is_active: bool = True
    is_system: bool = False
    is_custom: bool = True
    is_ui_editable: bool = True
    is_nullable: bool = True
    is_unique: bool = False
    is_searchable: bool = False
    is_audit_logged: bool = True
    is_label_synced_with_name: bool = False
    default_value: Any = None
    options: tuple[Option, ...] | None = None
    settings: dict[str, Any] | None = None
    target_object_id: UUID | None = None
    target_field_id: UUID | None = None
    morph_id: UUID | None = None
    overrides: dict[str, Any] | None = None
    created_at: datetime
    updated_at: datetime

    @cached_property
    def kind(self) -> "FieldType":
        """All that the field's type means."""
        from threescore.model.fields import TYPES

        return TYPES[self.type]

    @cached_property
    def leaves(self) -> tuple["Leaf", ...]:
        """The typed columns of the field, in order; empty for the one-to-many side of a relation."""
        return self.kind.leaves(self)

    @cached_property
    def leaf_by_sub_field(self) -> dict[str | None, "Leaf"]:
        """The leaves by sub-field name; a field with one column has its leaf under None."""
        return {leaf.sub_field: leaf for leaf in self.leaves}

    @cached_property
    def leaf(self) -> "Leaf":
        """The only leaf of a field that is not composite."""
        return self.leaf_by_sub_field[None]

    @cached_property
    def write(self) -> "Writer":
        """Checks a value that is sent for the field, and puts the columns that it changes into a row."""
        return self.kind.writer(self)

    @property
    def is_composite(self) -> bool:
        return bool(self.kind.sub_fields)

    @property
    def is_relation(self) -> bool:
        return self.target_object_id is not None

    @property
    def relation_type(self) -> str | None:
        """MANY_TO_ONE, ONE_TO_MANY, or None for a field that is no relation."""
        return self.settings.get("relationType") if self.is_relation and self.settings else None

    @property
    def is_many_to_one(self) -> bool:
        return self.relation_type == MANY_TO_ONE

    @property
    def is_one_to_many(self) -> bool:
        return self.relation_type == ONE_TO_MANY

    @property
    def join_column(self) -> str | None:
        """The column that holds the id of the target, on the many-to-one side."""
        return self.settings.get("joinColumnName") if self.is_many_to_one and self.settings else None

    @cached_property
    def option_values(self) -> tuple[str, ...]:
        """The option values in the order that people see, which is also their sort order."""
        return tuple(o.value for o in sorted(self.options or (), key=lambda o: o.position))


class IndexField(Struct, frozen=True, kw_only=True):
    """One column of an index: a field, or one sub-field of a composite one."""

    field_id: UUID
    sub_field: str | None = None


class Index(Struct, frozen=True, kw_only=True):
    """An index of an object's table. `where` is an SQL condition, written by us, never by a caller."""

    id: UUID
    object_id: UUID
    universal_identifier: UUID
    name: str
    fields: tuple[IndexField, ...]
    is_unique: bool = False
    is_custom: bool = False
    type: str = "BTREE"
    where: str | None = None
    created_at: datetime
    updated_at: datetime


_BRANCH = re.compile("target([A-Z])(.*)")


class ObjectType(Struct, frozen=True, dict=True, kw_only=True):
    """One object of the model: what a table is to a database."""

    id: UUID
    universal_identifier: UUID
    name_singular: str
    name_plural: str
    label_singular: str
    label_plural: str
    description: str | None = None
    icon: str | None = None
    shortcut: str | None = None
    color: str | None = None
    is_active: bool = True
    is_system: bool = False
    is_custom: bool = True
    is_searchable: bool = True
    is_ui_editable: bool = True
    is_ui_creatable: bool = True
    is_audit_logged: bool = True
    is_label_synced_with_name: bool = False
    open_record_in: str = "USER_CHOICE"
    label_identifier_field_id: UUID | None = None
    image_identifier_field_id: UUID | None = None
    duplicate_criteria: tuple[tuple[str, ...], ...] | None = None
    overrides: dict[str, Any] | None = None
    created_at: datetime
    updated_at: datetime
    fields: tuple[Field, ...] = ()
    indexes: tuple[Index, ...] = ()

    @property
    def table(self) -> str:
        """The name of the object's table in the workspace's schema."""
        return self.name_singular

    @cached_property
    def field_by_name(self) -> dict[str, Field]:
        return {field.name: field for field in self.fields}

    @cached_property
    def field_by_id(self) -> dict[UUID, Field]:
        return {field.id: field for field in self.fields}

    @cached_property
    def field_by_join_column(self) -> dict[str, Field]:
        return {field.join_column: field for field in self.fields if field.join_column}

    @cached_property
    def field_by_former_name(self) -> dict[str, Field]:
        """The branches `target…` of standard objects as older versions of the wire call them: `person`."""
        if self.is_custom:
            return {}
        branches = [field for field in self.fields if field.morph_id is not None and field.is_many_to_one]
        named = {found[1].lower() + found[2]: field for field in branches if (found := _BRANCH.fullmatch(field.name))}
        taken = {*self.field_by_name, *self.field_by_join_column, *self._hidden_names}
        return {name: field for name, field in named.items() if not {name, f"{name}Id"} & taken}

    @cached_property
    def field_called(self) -> dict[str, Field]:
        """Every field by the names that callers may use for it."""
        return self.field_by_former_name | self.field_by_name

    @cached_property
    def join_called(self) -> dict[str, Field]:
        """The same for join columns."""
        former = {f"{name}Id": field for name, field in self.field_by_former_name.items()}
        return former | self.field_by_join_column

    @cached_property
    def leaf_by_column(self) -> dict[str, "Leaf"]:
        """Every column of the table."""
        return {leaf.column: leaf for field in self.fields for leaf in field.leaves}

    @cached_property
    def hidden_fields(self) -> tuple[Field, ...]:
        """The fields that the object has, but not for the role whose readable model this object is part of."""
        return ()

    @cached_property
    def _hidden_names(self) -> dict[str, Field]:
        names = {field.name: field for field in self.hidden_fields}
        return names | {field.join_column: field for field in self.hidden_fields if field.join_column}

    def refuse_hidden(self, name: str, verb: Literal["read", "write"] = "read") -> None:
        """Raises PermissionDenied for the name of a hidden field: it is known, but not allowed."""
        field = self._hidden_names.get(name)
        if field is not None:
            raise PermissionDenied(f'no permission to {verb} field "{field.name}" on "{self.name_singular}"')

    @cached_property
    def type_name(self) -> str:
        """`Person` for `person`: the singular name with its first letter upper-cased."""
        return self.name_singular[0].upper() + self.name_singular[1:]

    @cached_property
    def type_name_plural(self) -> str:
        return self.name_plural[0].upper() + self.name_plural[1:]

    @cached_property
    def unique_keys(self) -> tuple[tuple["Leaf", ...], ...]:
        """The column groups by which a record can be found: the id, and each unique index without a condition."""
        keys: list[tuple[Leaf, ...]] = [(self.field_by_name["id"].leaf,)]
        for index in self.indexes:
            if index.is_unique and index.where is None:
                key = index_leaves(self, index)
                if key not in keys:
                    keys.append(key)
        return tuple(keys)


def index_leaves(object_type: ObjectType, index: Index) -> tuple["Leaf", ...]:
    """The columns that an index covers, in its order.

    A composite field without a named sub-field stands for those of its sub-fields that make it unique.
    """
    leaves: list[Leaf] = []
    for part in index.fields:
        field = object_type.field_by_id[part.field_id]
        if part.sub_field is not None:
            leaves.append(field.leaf_by_sub_field[part.sub_field])
        elif field.is_composite:
            leaves.extend(field.leaf_by_sub_field[name] for name in field.kind.unique_sub_fields)
        else:
            leaves.append(field.leaf)
    return tuple(leaves)


class Model(Struct, frozen=True, dict=True, kw_only=True):
    """A workspace's whole data model at one version."""

    workspace_id: UUID
    schema: str
    version: int
    objects: tuple[ObjectType, ...]

    @cached_property
    def by_singular(self) -> dict[str, ObjectType]:
        return {o.name_singular: o for o in self.objects}

    @cached_property
    def by_plural(self) -> dict[str, ObjectType]:
        return {o.name_plural: o for o in self.objects}

    @cached_property
    def by_id(self) -> dict[UUID, ObjectType]:
        return {o.id: o for o in self.objects}

    @cached_property
    def field_by_id(self) -> dict[UUID, Field]:
        return {field.id: field for o in self.objects for field in o.fields}

    def owner(self, field: Field) -> ObjectType:
        """The object that a field belongs to."""
        return self.by_id[field.object_id]

    def target(self, field: Field) -> ObjectType:
        """The object at the other side of a relation field."""
        assert field.target_object_id is not None
        return self.by_id[field.target_object_id]

    def inverse(self, field: Field) -> Field:
        """The field at the other side of a relation field."""
        assert field.target_field_id is not None
        return self.field_by_id[field.target_field_id]

    def references_to(self, object_type: ObjectType) -> Iterator[tuple[ObjectType, Field]]:
        """Every many-to-one field, with its owner, whose target is the object."""
        for field in object_type.fields:
            if field.is_one_to_many:
                yield self.target(field), self.inverse(field)
