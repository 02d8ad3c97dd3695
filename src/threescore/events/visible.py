"""What of the event log a caller may see: events of objects that it may read, with the fields that it may read."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from msgspec import Struct

from threescore.events.matching import holds
from threescore.model.objects import Model, ObjectType
from threescore.query.rules import Seen, Weaving
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


_RECORDS = "e.object NOT LIKE 'metadata.%'"
"""Events of settings are told to webhooks only."""


@contextmanager
def rows_seen(caller: Caller, arguments: list[Any]) -> Iterator[Model]:
    """The model to compile SQL with, in which only those rows exist that are there for the caller.

    The values that its rules need are appended to `arguments` at the end.
    """
    rules, model = caller.rights.rules, caller.state.model
    if rules is None:
        yield model
        return
    weaving = Weaving(rules, len(arguments))
    yield Seen.of(model, weaving)
    arguments.extend(caller.rule_arguments[place] for place in weaving.used)


def visible(caller: Caller, arguments: list[Any]) -> Visible:
    """What the caller sees of an event; values are appended to `arguments`.

    An event of an object with a row rule is seen where the record passes it, before the change and after it: of one
    that leaves or enters what the caller may see, neither side tells what the other one was. A field that was renamed
    since stands in old events under a name that nobody has a right to any more: whoever may not read everything does
    not see it.
    """
    conditions = [_RECORDS, *_rules(caller, arguments)]
    readable, whole = caller.model, caller.state.model
    if readable is whole:
        return Visible("", " AND ".join(conditions), "e.before", "e.after", "e.changed")
    arguments.append([object_type.id for object_type in readable.objects])
    conditions.append(f"e.object_id = ANY(${len(arguments)}::uuid[])")
    partial = [o for o in readable.objects if len(o.fields) < len(whole.by_id[o.id].fields)]
    keys = [{"object_id": object_type.id, "keys": _keys(object_type)} for object_type in partial]
    arguments.append(msgspec.json.encode(keys))
    conditions.append("(k.keys IS NULL OR e.operation <> 'updated' OR e.changed && k.keys)")
    return Visible(
        join=f" LEFT JOIN json_to_recordset(${len(arguments)}::json) AS k(object_id uuid, keys text[])"
        " ON k.object_id = e.object_id",
        condition=" AND ".join(conditions),
        before=_part("e.before"),
        after=_part("e.after"),
        changed="CASE WHEN k.keys IS NULL THEN e.changed"
        " ELSE ARRAY(SELECT c FROM unnest(e.changed) c WHERE c = ANY(k.keys)) END",
    )


def _rules(caller: Caller, arguments: list[Any]) -> Iterator[str]:
    """Conditions for the row rules of the caller's role."""
    rules, model = caller.rights.rules, caller.state.model
    if rules is None:
        return
    weaving = Weaving(rules, len(arguments))
    for name in rules.filters:
        object_type = model.by_singular[name]
        rule = weaving.filter(object_type)
        assert rule is not None
        sides = (
            f"(e.{side} IS NULL OR {holds(model, object_type, rule, f'e.{side}::jsonb')})"
            for side in ("before", "after")
        )
        yield f"CASE WHEN e.object_id = '{object_type.id}'::uuid THEN {' AND '.join(sides)} ELSE TRUE END"
    arguments.extend(caller.rule_arguments[place] for place in weaving.used)


def _keys(object_type: ObjectType) -> Sequence[str]:
    return [field.join_column or field.name for field in object_type.fields]


def _part(record: str) -> str:
    shown = f"(SELECT json_object_agg(x.key, x.value) FROM json_each({record}) x WHERE x.key = ANY(k.keys))"
    return f"CASE WHEN k.keys IS NULL THEN {record} ELSE {shown} END"
