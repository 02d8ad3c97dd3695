"""What a record looks like after others were merged into it."""

from collections.abc import Sequence

from threescore.model.fields.base import Row
from threescore.model.objects import ObjectType


def merged_row(object_type: ObjectType, rows: Sequence[Row], losers: frozenset[str]) -> Row:
    """The change to the survivor. `rows` are the stored rows, the survivor's first, then in the order that was given.

    System fields are left alone; each field type says how its values go together.
    """
    merged: Row = {}
    for field in object_type.fields:
        if field.leaves and field.kind.writable and not field.is_system:
            field.kind.merge(field, rows, merged)
            if field.join_column is not None and merged.get(field.join_column) in losers:
                merged[field.join_column] = None
    return merged
