"""What of the event log a caller may see: events of objects that it may read, with the fields that it may read."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from threescore.model.objects import ObjectType
from threescore.records.caller import Caller


class Visible(Struct, frozen=True):
    """Pieces of SQL about an event under the alias `e`.

    `join` follows the FROM clause; `condition` says whether the caller sees the event; `before`, `after` and `changed`
    are what it sees of the record.
    """

    join: str
    condition: str
    before: str
    after: str
    changed: str


_WHOLE = Visible("", "TRUE", "e.before", "e.after", "e.changed")


def visible(caller: Caller, arguments: list[Any]) -> Visible:
    """What the caller sees of an event; values are appended to `arguments`.

    A field that was renamed since stands in old events under a name that nobody has a right to any more: whoever may
    not read everything does not see it.
    """
    readable, whole = caller.model, caller.state.model
    if readable is whole:
        return _WHOLE
    arguments.append([object_type.id for object_type in readable.objects])
    objects = f"${len(arguments)}::uuid[]"
    partial = [o for o in readable.objects if len(o.fields) < len(whole.by_id[o.id].fields)]
    keys = [{"object_id": object_type.id, "keys": _keys(object_type)} for object_type in partial]
    arguments.append(msgspec.json.encode(keys))
    return Visible(
        join=f" LEFT JOIN json_to_recordset(${len(arguments)}::json) AS k(object_id uuid, keys text[])"
        " ON k.object_id = e.object_id",
        condition=f"e.object_id = ANY({objects})"
        " AND (k.keys IS NULL OR e.operation <> 'updated' OR e.changed && k.keys)",
        before=_part("e.before"),
        after=_part("e.after"),
        changed="CASE WHEN k.keys IS NULL THEN e.changed"
        " ELSE ARRAY(SELECT c FROM unnest(e.changed) c WHERE c = ANY(k.keys)) END",
    )


def _keys(object_type: ObjectType) -> Sequence[str]:
    return [field.join_column or field.name for field in object_type.fields]


def _part(record: str) -> str:
    shown = f"(SELECT json_object_agg(x.key, x.value) FROM json_each({record}) x WHERE x.key = ANY(k.keys))"
    return f"CASE WHEN k.keys IS NULL THEN {record} ELSE {shown} END"
