"""What has to happen in the database so that it follows a model from one version to the next.

A plan is the difference of two models: nothing that a change forgets to say can be forgotten here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from threescore.catalog import ddl, search_words
from threescore.catalog.changes.report import Action, Issue, field_refusal, index_refusal, object_refusal
from threescore.errors import ValidationReport
from threescore.model.objects import Field, Index, Model, ObjectType
from threescore.sql import quote_identifier

T = TypeVar("T", ObjectType, Field, Index)


@dataclass(frozen=True, slots=True)
class Step:
    """One statement. `refusal` is the cause to report when the records that exist do not allow it.

    `too_long` is the cause when one of their values is too long for an index or for the search. A probe changes
    nothing: when it finds a row, its refusal is raised.
    """

    sql: str
    refusal: ValidationReport | None = None
    too_long: ValidationReport | None = None
    is_probe: bool = False


@dataclass(frozen=True, slots=True)
class Rows(Generic[T]):
    """Catalog rows of one kind: those to delete, to insert and to update."""

    deleted: tuple[UUID, ...]
    inserted: tuple[T, ...]
    updated: tuple[T, ...]

    def __bool__(self) -> bool:
        return bool(self.deleted or self.inserted or self.updated)


@dataclass(frozen=True, slots=True)
class Plan:
    """Catalog rows to write and statements to run, in order. `tables` are those that the statements work on."""

    objects: Rows[ObjectType]
    fields: Rows[Field]
    indexes: Rows[Index]
    steps: tuple[Step, ...]
    tables: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.objects or self.fields or self.indexes)


def plan_change(old: Model, new: Model) -> Plan:
    """The plan that leads from one model of a workspace to its next version."""
    steps = tuple(_steps(old, new))
    return Plan(
        objects=_object_rows(old, new),
        fields=_rows(old.field_by_id, new.field_by_id),
        indexes=_rows(_indexes(old), _indexes(new)),
        steps=steps,
        tables=tuple(o.table for o in old.objects if new.by_id.get(o.id) != o) if steps else (),
    )


def _object_rows(old: Model, new: Model) -> Rows[ObjectType]:
    def own(object_type: ObjectType) -> tuple[object, ...]:
        names = (name for name in object_type.__struct_fields__ if name not in ("fields", "indexes", "updated_at"))
        return tuple(getattr(object_type, name) for name in names)

    return Rows(
        deleted=tuple(o.id for o in old.objects if o.id not in new.by_id),
        inserted=tuple(o for o in new.objects if o.id not in old.by_id),
        updated=tuple(o for o in new.objects if o.id in old.by_id and own(o) != own(old.by_id[o.id])),
    )


def _rows(old: dict[UUID, T], new: dict[UUID, T]) -> Rows[T]:
    return Rows(
        deleted=tuple(key for key in old if key not in new),
        inserted=tuple(item for key, item in new.items() if key not in old),
        updated=tuple(item for key, item in new.items() if key in old and item != old[key]),
    )


def _indexes(model: Model) -> dict[UUID, Index]:
    return {index.id: index for object_type in model.objects for index in object_type.indexes}


def _steps(old: Model, new: Model) -> Iterator[Step]:
    kept = [(old.by_id[o.id], o) for o in new.objects if o.id in old.by_id]
    # What takes long comes while readers can still read: from the first change of a table on they wait for the end.
    for before, after in kept:
        yield from (Step(sql, None, _too_long_to_search(after)) for sql in search_words.refresh(before, after))
    # Old names make way first, so that all the rest speaks of tables and columns by their new names.
    for before, after in kept:
        yield from _plain(sql for index in _missing(before, after) for sql in ddl.drop_index(index))
        yield from _plain(ddl.rename_table(before, after))
        for field in before.fields:
            if field.id in after.field_by_id:
                yield from _plain(ddl.rename_field(after, field, after.field_by_id[field.id]))
        yield from _plain(_index_renames(before, after))
    for object_type in new.objects:
        if object_type.id not in old.by_id:
            yield from _plain(ddl.create_table(new, object_type))
    for before, after in kept:
        for field in after.fields:
            if field.id not in before.field_by_id:
                yield from (Step(sql, _no_value(after, field, "create")) for sql in ddl.add_field(new, after, field))
            elif field != (present := before.field_by_id[field.id]):
                yield from _alter(after, present, field)
        yield from _plain(_words(before, after))
        for field in after.fields:
            if field.id not in before.field_by_id:
                yield from _plain(ddl.fill_field(after, field))
    for before, after in kept:
        for field in before.fields:
            if field.id not in after.field_by_id:
                yield from _plain(ddl.drop_field(after, field))
    for object_type in old.objects:
        if object_type.id not in new.by_id:
            yield from _plain(ddl.drop_table(object_type))
    for before, after in kept:
        built = {index.id for index in before.indexes}
        for index in after.indexes:
            if index.id not in built:
                refusal, too_long = _not_unique(after, index), _too_long_to_index(after, index)
                is_new = all(part.field_id not in before.field_by_id for part in index.fields)
                statements = ddl.create_index(after, index, is_of_new_column=is_new)
                yield from (Step(sql, refusal, too_long) for sql in statements)


def _plain(statements: Iterable[str]) -> Iterator[Step]:
    return (Step(sql) for sql in statements)


def _missing(before: ObjectType, after: ObjectType) -> Iterator[Index]:
    kept = {index.id for index in after.indexes}
    return (index for index in before.indexes if index.id not in kept)


def _index_renames(before: ObjectType, after: ObjectType) -> Iterator[str]:
    by_id = {index.id: index for index in after.indexes}
    for index in before.indexes:
        if index.id in by_id:
            yield from ddl.rename_index(index, by_id[index.id])


def _words(before: ObjectType, after: ObjectType) -> list[str]:
    """The statements by which records are found by the fields that are searchable after a change."""
    present, next_ = search_words.keep(before), search_words.keep(after)
    if present and not next_:
        return search_words.keep_no_more(after)
    return next_ if next_ != present else []


def _alter(owner: ObjectType, old: Field, new: Field) -> Iterator[Step]:
    """The statements by which the columns of a field follow its settings, options, default and nullability."""
    yield from _lossless(owner, old, new)
    yield from (Step(sql, _wrong_values(owner, new)) for sql in ddl.change_type(owner, old, new))
    if old.options != new.options:
        yield from (Step(sql, _no_value(owner, new, "update")) for sql in ddl.change_options(owner, old, new))
    if old.default_value != new.default_value or old.options != new.options:
        yield from _plain(ddl.change_default(owner, new))
    if old.is_nullable != new.is_nullable:
        yield from (Step(sql, _no_value(owner, new, "update")) for sql in ddl.change_nullable(owner, new))


def _lossless(owner: ObjectType, old: Field, new: Field) -> Iterator[Step]:
    """Probes for values that a change of column types would round."""
    for leaf in new.leaves:
        before = old.leaf_by_sub_field[leaf.sub_field]
        old_type, new_type = before.type.column_type(before), leaf.type.column_type(leaf)
        if old_type != new_type:
            column = quote_identifier(leaf.column)
            sql = (
                f"SELECT 1 FROM {quote_identifier(owner.table)}"
                f" WHERE {column}::{new_type}::{old_type} IS DISTINCT FROM {column} LIMIT 1"
            )
            yield Step(sql, _wrong_values(owner, new), is_probe=True)


def _wrong_values(owner: ObjectType, field: Field) -> ValidationReport:
    message = f'Field "{field.name}" cannot change so: some records have values that would not fit or lose digits'
    return field_refusal("update", owner, field, Issue("INVALID_FIELD_INPUT", message))


def _no_value(owner: ObjectType, field: Field, action: Action) -> ValidationReport:
    message = (
        f'Field "{field.name}" cannot be required: some records have no value for it.'
        " Give it a default value, or fill it in first"
    )
    return field_refusal(action, owner, field, Issue("INVALID_FIELD_INPUT", message))


def _not_unique(owner: ObjectType, index: Index) -> ValidationReport:
    message = f"Field {_field_names(owner, index)} cannot be unique: some records share the same value"
    return index_refusal("creating index", index, Issue("INDEX_DUPLICATE_VALUES", message))


def _too_long_to_index(owner: ObjectType, index: Index) -> ValidationReport:
    message = f"Field {_field_names(owner, index)} cannot be indexed: some records have too long a value"
    return index_refusal("creating index", index, Issue("INDEX_VALUES_TOO_LONG", message))


def _too_long_to_search(owner: ObjectType) -> ValidationReport:
    message = f'Some records of object "{owner.name_singular}" have too much text to be searched'
    return object_refusal("update", owner, Issue("INVALID_OBJECT_INPUT", message))


def _field_names(owner: ObjectType, index: Index) -> str:
    return ", ".join(f'"{owner.field_by_id[part.field_id].name}"' for part in index.fields)
