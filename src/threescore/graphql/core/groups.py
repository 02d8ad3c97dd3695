"""The arguments and the selection of groupBy fields."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from graphql import FieldNode

from threescore.errors import BadRequest
from threescore.graphql.core.collect import Collector
from threescore.graphql.core.pages import order_paths
from threescore.graphql.core.selections import Selections
from threescore.graphql.core.values import INVALID_INPUT, arguments_of, listed, mapping, number, switch
from threescore.graphql.limits import Limits
from threescore.model.objects import Model, ObjectType
from threescore.query.filters import bind_filter, live_unless_asked
from threescore.query.grouping import bind_dimensions, bind_group_order
from threescore.query.ordering import bind_order
from threescore.query.plan import Aggregate, Group, Total

DEFAULT_GROUPS = 50
MAX_GROUPS = 10_000
SAMPLE_SIZE = 10

_ARGUMENTS = (
    "groupBy",
    "filter",
    "orderBy",
    "orderByForRecords",
    "viewId",
    "limit",
    "offsetForRecords",
    "includeRecords",
)


def bind_groups(
    model: Model,
    object_type: ObjectType,
    nodes: Sequence[FieldNode],
    collector: Collector,
    arguments: list[Any],
    limits: Limits,
) -> Group:
    """The plan of a groupBy field; its values are appended to `arguments`. Raises BadRequest, InvalidSelection."""
    try:
        return _bind_groups(model, object_type, nodes, collector, arguments, limits)
    except BadRequest as error:
        if not error.about:
            error.sub_code = error.sub_code or INVALID_INPUT
        raise


def _bind_groups(
    model: Model,
    object_type: ObjectType,
    nodes: Sequence[FieldNode],
    collector: Collector,
    arguments: list[Any],
    limits: Limits,
) -> Group:
    given = arguments_of(nodes[0], collector.variables, _ARGUMENTS)
    switch(given, "includeRecords")
    _refuse_view(given.get("viewId"))
    items = listed(given, "groupBy")
    if not items or not all(isinstance(item, dict) for item in items):
        raise BadRequest('Missing required argument: "groupBy" must be an array.', code=INVALID_INPUT)
    filter = mapping(given, "filter")
    bound = live_unless_asked(filter, bind_filter(model, object_type, filter, arguments))
    dimensions = bind_dimensions(model, object_type, items, arguments)
    limit = number(given, "limit")
    if limit is not None and limit < 0:
        raise BadRequest('Invalid argument: "limit" must not be negative', code=INVALID_INPUT)
    limit = min(limit or DEFAULT_GROUPS, MAX_GROUPS)
    arguments.append(limit)
    limit_slot = len(arguments) - 1
    parts = Selections(model, collector, arguments, limits).group(object_type, nodes, rows=limit * SAMPLE_SIZE)
    shown = tuple(part.aggregate for part in parts if isinstance(part, Total))
    order, extra = bind_group_order(_items(listed(given, "orderBy")), items, shown, object_type)
    offset = number(given, "offsetForRecords")
    if offset is not None:
        arguments.append(max(offset, 0))
    return Group(
        object_type.name_singular,
        bound,
        dimensions,
        order,
        limit_slot,
        parts,
        order_aggregates=_each_once((*shown, *extra)),
        sample_size=SAMPLE_SIZE,
        sample_order=bind_order(model, object_type, order_paths(listed(given, "orderByForRecords") or [])),
        sample_offset=None if offset is None else len(arguments) - 1,
    )


def _each_once(aggregates: Sequence[Aggregate]) -> tuple[Aggregate, ...]:
    return tuple({aggregate.name: aggregate for aggregate in aggregates}.values())


def _items(items: list[Any] | None) -> list[dict[str, Any]]:
    for item in items or []:
        if not isinstance(item, dict):
            raise BadRequest('Invalid argument: "orderBy" must be an array', code=INVALID_INPUT)
    return items or []


def _refuse_view(view_id: object) -> None:
    if view_id is None:
        return
    try:
        UUID(view_id)  # type: ignore[arg-type]
    except (ValueError, AttributeError, TypeError) as error:
        raise BadRequest('Invalid argument: "viewId" must be a string', code=INVALID_INPUT) from error
    raise BadRequest(f'"viewId": this workspace has no view {view_id}', code=INVALID_INPUT)
