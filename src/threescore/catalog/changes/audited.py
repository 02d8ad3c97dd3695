"""What the audit log says about a change of the data model."""

from collections.abc import Iterator
from typing import Any

from threescore.access.audit import Entry
from threescore.catalog.changes.plan import Plan
from threescore.catalog.wire import field_values, object_values
from threescore.model.objects import Field, Index, Model, ObjectType


def entries(old: Model, new: Model, plan: Plan) -> Iterator[Entry]:
    """An entry for each object, field and index that was made, changed or deleted.

    Fields and indexes that come and go with their object are not told of: the object is.
    """
    for object_id in plan.objects.deleted:
        yield _entry("objectMetadata", old, old.by_id[object_id], None, None)
    for item in plan.objects.inserted:
        yield _entry("objectMetadata", old, None, new, item)
    for item in plan.objects.updated:
        yield _entry("objectMetadata", old, old.by_id[item.id], new, item)
    for field_id in plan.fields.deleted:
        field = old.field_by_id[field_id]
        if field.object_id in new.by_id:
            yield _entry("fieldMetadata", old, field, None, None)
    for field in plan.fields.inserted:
        if field.object_id in old.by_id:
            yield _entry("fieldMetadata", old, None, new, field)
    for field in plan.fields.updated:
        yield _entry("fieldMetadata", old, old.field_by_id[field.id], new, field)
    before, after = _indexes(old), _indexes(new)
    for index_id in plan.indexes.deleted:
        if before[index_id].object_id in new.by_id:
            yield _entry("index", old, before[index_id], None, None)
    for index in plan.indexes.inserted:
        if index.object_id in old.by_id:
            yield _entry("index", old, None, new, after[index.id])
    for index in plan.indexes.updated:
        yield _entry("index", old, before[index.id], new, after[index.id])


Item = ObjectType | Field | Index


def _entry(kind: str, old: Model, before: Item | None, new: Model | None, after: Item | None) -> Entry:
    verb = "deleted" if after is None else "created" if before is None else "updated"
    item = after or before
    assert item is not None
    return Entry(
        action=f"{kind}.{verb}",
        subject_id=item.id,
        subject_name=item.name_singular if isinstance(item, ObjectType) else item.name,
        before=None if before is None else _values(old, before),
        after=None if after is None or new is None else _values(new, after),
    )


def _values(model: Model, item: Item) -> dict[str, Any]:
    if isinstance(item, ObjectType):
        return object_values(model, item)
    if isinstance(item, Field):
        return field_values(model, item)
    return {"name": item.name, "objectMetadataId": str(item.object_id), "isUnique": item.is_unique}


def _indexes(model: Model) -> dict[Any, Index]:
    return {index.id: index for object_type in model.objects for index in object_type.indexes}
