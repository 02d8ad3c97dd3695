"""Indexes: how one is named, and which ones every object has."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from uuid import UUID, uuid5

from threescore.model.naming import index_name
from threescore.model.objects import Field, Index, IndexField, ObjectType

Part = tuple[Field, str | None]
"""A field to index, and the sub-field where it is one of a composite field."""

IdFor = Callable[[str], UUID]
"""Gives the id of a new part of the model, by a key such as `field:name` that tells it from its siblings."""


def new_index(
    object_type: ObjectType,
    parts: Sequence[Part],
    *,
    new_id: IdFor,
    now: datetime,
    is_unique: bool = False,
    is_custom: bool = False,
    type: str = "BTREE",
    where: str | None = None,
    universal_identifier: UUID | None = None,
) -> Index:
    """An index over fields of an object, named by its table and columns."""
    name = index_name(object_type.table, _columns(parts), is_unique=is_unique, where=where)
    return Index(
        id=new_id(f"index:{name}"),
        object_id=object_type.id,
        universal_identifier=universal_identifier or uuid5(object_type.universal_identifier, f"index:{name}"),
        name=name,
        fields=tuple(IndexField(field_id=field.id, sub_field=sub_field) for field, sub_field in parts),
        is_unique=is_unique,
        is_custom=is_custom,
        type=type,
        where=where,
        created_at=now,
        updated_at=now,
    )


def current_index_name(object_type: ObjectType, index: Index) -> str:
    """The name that an index has to have now: another one after its object, or a field that it covers, was renamed."""
    parts = [(object_type.field_by_id[part.field_id], part.sub_field) for part in index.fields]
    return index_name(object_type.table, _columns(parts), is_unique=index.is_unique, where=index.where)


def missing_indexes(object_type: ObjectType, *, new_id: IdFor, now: datetime) -> Iterator[Index]:
    """The indexes that every object has for its lists, relations and unique fields, as far as it lacks them.

    They are: (position, id, deletedAt) and createdAt, because lists sort by them; each join column; the unique columns
    of each unique field; and the search vector of an object that takes part in the search.
    """
    present = {(index.fields[0].field_id, index.type) for index in object_type.indexes if index.where is None}
    unique = {index.fields for index in object_type.indexes if index.is_unique}
    by_name = object_type.field_by_name

    def create(fields: Iterable[Field], *, type: str = "BTREE", is_unique: bool = False) -> Index:
        parts = [(field, None) for field in fields]
        return new_index(object_type, parts, new_id=new_id, now=now, type=type, is_unique=is_unique)

    for field in object_type.fields:
        if field.is_unique and (IndexField(field_id=field.id),) not in unique:
            yield create([field], is_unique=True)
        elif field.is_many_to_one and (field.id, "BTREE") not in present:
            yield create([field])
    if object_type.is_searchable and (by_name["searchVector"].id, "GIN") not in present:
        yield create([by_name["searchVector"]], type="GIN")
    # With deletedAt in it, live records are counted from this index alone.
    yield create([by_name["position"], by_name["id"], by_name["deletedAt"]])
    yield create([by_name["createdAt"]])


def _columns(parts: Sequence[Part]) -> list[str]:
    return [
        field.leaf_by_sub_field[sub_field].column if sub_field else field.join_column or field.name
        for field, sub_field in parts
    ]
