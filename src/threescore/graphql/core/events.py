"""The root fields about events: what is asked for, and events and histories as selected."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
from graphql import FieldNode

from threescore.errors import BadRequest
from threescore.events.cursors import Place
from threescore.events.feed import Wanted, wanted
from threescore.events.history import MAX_ENTRIES, HistoryPage
from threescore.graphql.core.collect import Collector
from threescore.graphql.core.schema.events import CHANGE_FIELDS, ENTRY_FIELDS, EVENT_FIELDS
from threescore.graphql.core.shape import leaf, shape
from threescore.graphql.core.values import INVALID_INPUT, listed, mapping, number, required, text
from threescore.model.objects import Model, ObjectType
from threescore.records.caller import Caller

HISTORY_ARGUMENTS = ("objectNameSingular", "recordId", "first", "after")
EVENT_ARGUMENTS = ("objectNameSingular", "operations", "filter", "after")
DEFAULT_ENTRIES = 60


def wanted_events(caller: Caller, given: Mapping[str, Any]) -> Wanted:
    """Which events a subscription is for. Raises BadRequest."""
    operations = listed(given, "operations") or []
    if not all(isinstance(operation, str) for operation in operations):
        raise BadRequest('Invalid argument: "operations" must be a list of operations', code=INVALID_INPUT)
    return wanted(caller, text(given, "objectNameSingular"), operations, mapping(given, "filter"))


def history_limit(given: Mapping[str, Any]) -> int:
    """How many entries of a history are asked for. Raises BadRequest."""
    first = number(given, "first")
    if first is None:
        return DEFAULT_ENTRIES
    if not 1 <= first <= MAX_ENTRIES:
        raise BadRequest(f'"first" must be from 1 to {MAX_ENTRIES}', code=INVALID_INPUT)
    return first


def history_object(model: Model, given: Mapping[str, Any]) -> ObjectType:
    """The object that a history is asked of. Raises BadRequest."""
    name = required(given, "objectNameSingular", "string")
    object_type = model.by_singular.get(name) if isinstance(name, str) else None
    if object_type is None:
        raise BadRequest(f'There is no object "{str(name)[:100]}"', code=INVALID_INPUT)
    return object_type


def show_history(page: HistoryPage, nodes: Sequence[FieldNode], collector: Collector) -> dict[str, Any]:
    """A page of a history as selected. Raises InvalidSelection."""
    entries = [msgspec.json.decode(entry) for entry in page.entries]

    def change(values: Mapping[str, Any], fields: Sequence[FieldNode]) -> dict[str, Any]:
        return shape(fields, "RecordChange", collector, _leaves(values, CHANGE_FIELDS))

    def entry(values: Mapping[str, Any], fields: Sequence[FieldNode]) -> dict[str, Any]:
        changes = {"changes": lambda inner: [change(item, inner) for item in values["changes"]]}
        return shape(fields, "RecordHistoryEntry", collector, _leaves(values, ENTRY_FIELDS) | changes)

    known: dict[str, Callable[[Sequence[FieldNode]], Any]] = {
        "entries": lambda fields: [entry(values, fields) for values in entries],
        "hasNextPage": partial(leaf, lambda: page.has_more, "Boolean!"),
        "endCursor": partial(leaf, lambda: page.end_cursor, "String"),
    }
    return shape(nodes, "RecordHistory", collector, known)


def show_event(event: bytes, place: Place, nodes: Sequence[FieldNode], collector: Collector) -> dict[str, Any]:
    """An event as selected, with the place after it. Raises InvalidSelection."""
    values = msgspec.json.decode(event)
    values |= {"cursor": place.cursor, "objectNameSingular": values["objectMetadata"]["nameSingular"]}
    return shape(nodes, "RecordEvent", collector, _leaves(values, EVENT_FIELDS))


def check_event_selection(nodes: Sequence[FieldNode], collector: Collector) -> None:
    """Raises InvalidSelection for a selection that no event could be shown by."""
    shape(nodes, "RecordEvent", collector, _leaves(dict.fromkeys(EVENT_FIELDS), EVENT_FIELDS))


def _leaves(values: Mapping[str, Any], types: Mapping[str, str]) -> dict[str, Callable[[Sequence[FieldNode]], Any]]:
    return {name: partial(leaf, partial(values.get, name), type_name) for name, type_name in types.items()}
