"""From groupBy arguments to the parts of a `Group` plan. The items are what a GraphQL client sends as JSON."""

import zoneinfo
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from threescore.errors import BadRequest
from threescore.model.fields.base import Leaf
from threescore.model.objects import Field, Model, ObjectType
from threescore.query.ordering import DIRECTIONS
from threescore.query.plan import Aggregate, Dimension, GroupOrder

Item = Mapping[str, Any]

GRANULARITIES = frozenset(
    ["DAY", "WEEK", "MONTH", "QUARTER", "YEAR", "DAY_OF_THE_WEEK", "MONTH_OF_THE_YEAR", "QUARTER_OF_THE_YEAR", "NONE"]
)
_ZONED = frozenset({"DAY", "WEEK", "MONTH", "QUARTER", "YEAR"})
_WEEK_STARTS = frozenset({"MONDAY", "SUNDAY", "SATURDAY"})
_COUNTS = ("countUniqueValues", "countEmpty", "countNotEmpty", "percentageEmpty", "percentageNotEmpty")
GROUPABLE_SYSTEM_FIELDS = frozenset({"createdAt", "updatedAt"})


def aggregates_of(object_type: ObjectType) -> dict[str, Aggregate]:
    """Every aggregate of an object by its name: `countEmptyName`, `sumAmountAmountMicros`, `totalCount`."""
    known: dict[str, Aggregate] | None = object_type.__dict__.get("aggregates")
    if known is None:
        known = {"totalCount": Aggregate("totalCount", "count")}
        for field in object_type.fields:
            known |= _aggregates_of_field(field)
        object_type.__dict__["aggregates"] = known
    return known


def _aggregates_of_field(field: Field) -> dict[str, Aggregate]:
    known: dict[str, Aggregate] = {}
    if field.is_relation:
        return known
    title = field.name[0].upper() + field.name[1:]
    columns = tuple(leaf.column for leaf in field.kind.counted_leaves(field))
    for function in _COUNTS:
        known[function + title] = Aggregate(function + title, function, columns)
    for leaf in field.leaves:
        suffix = title + (leaf.sub_field[0].upper() + leaf.sub_field[1:] if leaf.sub_field else "")
        for function in leaf.type.aggregates:
            known[function + suffix] = Aggregate(function + suffix, function, (leaf.column,))
    return known


def refuse_hidden_aggregate(object_type: ObjectType, name: str) -> None:
    """Raises PermissionDenied for the name of an aggregate over a hidden field."""
    for field in object_type.hidden_fields:
        if name in _aggregates_of_field(field):
            object_type.refuse_hidden(field.name)


def bind_aggregates(object_type: ObjectType, names: Sequence[str]) -> tuple[Aggregate, ...]:
    """The aggregates that names stand for. Raises BadRequest for unknown ones."""
    known = aggregates_of(object_type)
    unknown = [name for name in names if name not in known]
    for name in unknown:
        refuse_hidden_aggregate(object_type, name)
    if unknown:
        raise BadRequest(f"Unknown aggregate field(s): {', '.join(unknown)}")
    return tuple(known[name] for name in names)


def bind_dimensions(
    model: Model, object_type: ObjectType, items: Sequence[Item], arguments: list[Any]
) -> tuple[Dimension, ...]:
    """What to group by. Time zones are appended to `arguments`. Raises BadRequest."""
    return tuple(_dimension(model, object_type, item, arguments) for item in items)


def _dimension(model: Model, object_type: ObjectType, item: Item, arguments: list[Any]) -> Dimension:
    if len(item) != 1:
        raise BadRequest(
            "You cannot provide multiple fields in one GroupByInput, split them into multiple GroupByInput"
        )
    [(name, value)] = item.items()
    field = object_type.field_called.get(name)
    if field is None or (field.is_many_to_one and field.join_column == name):
        joined = object_type.join_called.get(name)
        if joined is None:
            object_type.refuse_hidden(name)
            raise BadRequest(f"Unidentified field in groupBy: {name}")
        return _plain(joined.leaf, value, name, arguments)
    if not field.is_relation:
        return _of_field(field, value, arguments)
    if field.is_one_to_many:
        raise BadRequest(f'Field "{name}" is not supported in groupBy')
    if not isinstance(value, Mapping) or len(value) != 1:
        raise BadRequest(f'Invalid groupBy definition for field "{name}"')
    [(nested_name, nested_value)] = value.items()
    target = model.target(field)
    nested = target.field_called.get(nested_name)
    if nested is None:
        joined = target.join_called.get(nested_name)
        if joined is None:
            target.refuse_hidden(nested_name)
            raise BadRequest(f"Unidentified field in groupBy: {name}.{nested_name}")
        dimension = _plain(joined.leaf, nested_value, nested_name, arguments)
    elif nested.is_relation:
        raise BadRequest(f"Cannot group by a relation field of the relation field: {name}.{nested_name}")
    else:
        dimension = _of_field(nested, nested_value, arguments, related=True)
    return Dimension(
        dimension.column,
        field.name,
        dimension.granularity,
        dimension.zone,
        dimension.week_start,
        dimension.unnest,
    )


def _of_field(field: Field, value: object, arguments: list[Any], *, related: bool = False) -> Dimension:
    allowed = not field.is_system or field.name in GROUPABLE_SYSTEM_FIELDS or (related and field.name == "id")
    if not allowed or not field.kind.groupable:
        raise BadRequest(f'Field "{field.name}" is not supported in groupBy')
    if not field.is_composite:
        return _plain(field.leaf, value, field.name, arguments)
    if not isinstance(value, Mapping) or not value:
        raise BadRequest(f'Invalid groupBy definition for field "{field.name}"')
    if len(value) > 1:
        raise BadRequest(
            "You cannot provide multiple subfields in one GroupByInput, split them into multiple GroupByInput"
        )
    [(name, inner)] = value.items()
    leaf = field.leaf_by_sub_field.get(name)
    if leaf is None or not leaf.type.groupable:
        raise BadRequest(f'Composite subfield "{name}" is not supported in groupBy for "{field.name}"')
    return _plain(leaf, inner, leaf.path, arguments)


def _plain(leaf: Leaf, value: object, name: str, arguments: list[Any]) -> Dimension:
    if value is True:
        return Dimension(leaf.column)
    kind = leaf.type.column_type(leaf)
    if not isinstance(value, Mapping):
        raise BadRequest(f'Invalid groupBy definition for field "{name}"')
    if kind.endswith("[]") and set(value) == {"unnest"} and isinstance(value["unnest"], bool):
        return Dimension(leaf.column, unnest=value["unnest"])
    if kind != "date" and not kind.startswith("timestamptz"):
        raise BadRequest(f'Field "{name}" does not support nested subfields in groupBy')
    return _date(leaf, value, name, arguments, timed=kind != "date")


def _date(leaf: Leaf, value: Item, name: str, arguments: list[Any], *, timed: bool) -> Dimension:
    granularity = value.get("granularity")
    if granularity is None:
        raise BadRequest(f"Missing date granularity for field {name}")
    if granularity not in GRANULARITIES:
        raise BadRequest(f'Field "{name}" does not support nested subfields in groupBy')
    week_start = value.get("weekStartDay") or "MONDAY"
    if week_start not in _WEEK_STARTS:
        raise BadRequest(f'weekStartDay of field "{name}" must be one of {", ".join(sorted(_WEEK_STARTS))}')
    zone = value.get("timeZone")
    if not timed:
        return Dimension(leaf.column, granularity=granularity, week_start=week_start)
    if zone is None and granularity in _ZONED:
        raise BadRequest(
            "Time zone should be specified for a group by date on Day, Week, Month, Quarter or Year",
            sub_code="MISSING_TIMEZONE_FOR_DATE_GROUP_BY",
        )
    slot = None
    if zone is not None:
        if not isinstance(zone, str) or zone not in _zones():
            raise BadRequest(f"Invalid timezone: {zone}", sub_code="INVALID_TIMEZONE")
        if granularity != "NONE":
            arguments.append(zone)
            slot = len(arguments) - 1
    return Dimension(leaf.column, granularity=granularity, zone=slot, week_start=week_start)


@cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def bind_group_order(
    items: Sequence[Item], grouped: Sequence[Item], aggregates: tuple[Aggregate, ...], object_type: ObjectType
) -> tuple[tuple[GroupOrder, ...], tuple[Aggregate, ...]]:
    """The order of the groups, and the aggregates that it needs beyond those asked for. Raises BadRequest."""
    order: list[GroupOrder] = []
    wanted = {aggregate.name: aggregate for aggregate in aggregates}
    extra: dict[str, Aggregate] = {}
    for item in items:
        if len(item) != 1:
            raise BadRequest("Please provide orderBy field criteria one by one in orderBy array")
        [(name, value)] = item.items()
        if name == "aggregate":
            if not isinstance(value, Mapping) or len(value) != 1:
                raise BadRequest("Please provide aggregate criteria one by one in orderBy array")
            [(aggregate_name, direction)] = value.items()
            [aggregate] = bind_aggregates(object_type, [aggregate_name])
            if aggregate_name not in wanted:
                extra[aggregate_name] = aggregate
            descending, nulls_first = _direction(direction)
            order.append(GroupOrder(None, aggregate_name, descending, nulls_first))
            continue
        place, direction = _grouped_at(name, value, grouped)
        descending, nulls_first = _direction(direction)
        order.append(GroupOrder(place, None, descending, nulls_first))
    return tuple(order), tuple(extra.values())


def _grouped_at(name: str, value: object, grouped: Sequence[Item]) -> tuple[int, object]:
    """The place of the dimension that an order speaks of, and the direction."""
    path, direction, granularity = _flatten(name, value)
    for place, item in enumerate(grouped):
        [(grouped_name, grouped_value)] = item.items()
        grouped_path, _, grouped_granularity = _flatten(grouped_name, grouped_value)
        if path != grouped_path:
            continue
        if granularity is not None and granularity != grouped_granularity:
            raise BadRequest(f"Cannot order by a date granularity that is not in groupBy criteria: {granularity}")
        return place, direction
    raise BadRequest(f"Cannot order by a field that is not an aggregate nor in groupBy criteria: {name}.")


def _flatten(name: str, value: object) -> tuple[tuple[str, ...], object, object]:
    """The path that a groupBy or orderBy item names, what stands at its end, and the granularity if there is one."""
    path = [name]
    while isinstance(value, Mapping):
        if "granularity" in value or "orderBy" in value or "unnest" in value:
            return tuple(path), value.get("orderBy"), value.get("granularity")
        if len(value) != 1:
            break
        [(inner, value)] = value.items()
        path.append(inner)
    return tuple(path), value, None


def _direction(value: object) -> tuple[bool, bool]:
    if not isinstance(value, str) or value not in DIRECTIONS:
        raise BadRequest(f"An order must be one of {', '.join(DIRECTIONS)}")
    return DIRECTIONS[value]
