"""SQL for groupBy."""

from threescore.model.fields.base import Leaf
from threescore.model.objects import Model
from threescore.query.compile.aggregates import aggregate, shown
from threescore.query.compile.page import carried_values, edge_columns
from threescore.query.compile.scope import Projection, Scope, as_json, condition, order_by, placeholder, q, table
from threescore.query.plan import Aggregate, Constant, Dimension, Dimensions, Edges, Group, GroupPart, Records, Total
from threescore.sql import quote_literal

_TRUNCATIONS = {"DAY": "day", "WEEK": "week", "MONTH": "month", "QUARTER": "quarter", "YEAR": "year"}
_NAMES = {"DAY_OF_THE_WEEK": "FMDay", "MONTH_OF_THE_YEAR": "FMMonth", "QUARTER_OF_THE_YEAR": '"Q"Q'}
_CALENDAR = {"DAY_OF_THE_WEEK": "isodow", "MONTH_OF_THE_YEAR": "month", "QUARTER_OF_THE_YEAR": "quarter"}
_SHIFTS = {"MONDAY": 0, "SUNDAY": 1, "SATURDAY": 2}
"""By how many days a week starts before Monday."""


def group(model: Model, plan: Group) -> str:
    """Columns: model, access, groups (a JSON list of objects, each with `groupByDimensionValues`)."""
    object_type = model.by_singular[plan.object]
    scope = Scope(model, object_type, "t")
    where = condition(scope, plan.filter)
    unnested = "".join(
        f" LEFT JOIN LATERAL unnest({scope.column(d.column, d.relation)}) AS {_element(place)} ON TRUE"
        for place, d in enumerate(plan.dimensions)
        if d.unnest
    )
    dimensions = [_dimension(scope, d, place) for place, d in enumerate(plan.dimensions)]
    names = [f'"#{place}"' for place in range(len(dimensions))]
    keys = [_order_key(scope, plan, place) for place in range(len(dimensions))]
    order = _order(plan, keys)
    source = f"{scope.source}{unnested}"
    listed = [f"{text} AS {name}" for text, name in zip(dimensions, names, strict=True)]
    aggregates = _aggregates(plan)
    inner = [
        *listed,
        *(f"min({text}) AS {q(f'#o{place}')}" for place, text in enumerate(keys) if text),
        *(f"{aggregate(scope, a)} AS {q(name)}" for name, a in aggregates.items()),
        'count(*) AS "#count"',
    ]
    # Without a dimension all records are one group, which is there only if there are records.
    grouping = ", ".join(str(place + 1) for place in range(len(dimensions))) or "()"
    groups = f"SELECT {', '.join(inner)} FROM {source} WHERE {where} GROUP BY {grouping} HAVING count(*) > 0"
    samples, joined = "", ""
    sampled = [part for part in plan.parts if isinstance(part, Records | Edges)]
    if sampled:
        samples = _samples(model, plan, scope, unnested, where, dimensions, names, sampled)
        joined = f" LEFT JOIN samples x ON x.key = {_key(names, 'g')}"
    columns = ", ".join(_part(scope, plan, part, names) for part in plan.parts)
    return (
        f'WITH groups AS MATERIALIZED (SELECT *, row_number() OVER ({order}) AS "#" FROM ({groups}) g'
        f" {order} LIMIT ${plan.limit + 1}::bigint){samples}"
        f" SELECT s.model, s.access, coalesce((SELECT json_agg(row_to_json(j)) FROM"
        f" (SELECT {columns} FROM groups g{joined} ORDER BY g.\"#\") j), '[]') AS groups"
        f" FROM {table(model, '_state')} s"
    )


def _aggregates(plan: Group) -> dict[str, Aggregate]:
    """The aggregates that are shown or ordered by, each once."""
    wanted = [part.aggregate for part in plan.parts if isinstance(part, Total)]
    return {a.name: a for a in (*wanted, *plan.order_aggregates)}


def _part(scope: Scope, plan: Group, part: GroupPart, names: list[str]) -> str:
    match part:
        case Constant(text=constant):
            text = f"{quote_literal(constant)}::text"
        case Total(aggregate=wanted):
            leaf = scope.leaf(wanted.columns[0]) if wanted.columns else None
            text = shown(leaf, wanted, f"g.{q(wanted.name)}", exact_as_text=plan.exact_as_text)
        case Dimensions():
            values = (_value(scope, d, name) for d, name in zip(plan.dimensions, names, strict=True))
            text = f"json_build_array({', '.join(values)})"
        case Records(key=key) | Edges(key=key):
            text = f"coalesce(x.{q(key)}, '[]')"
    return f"{text} AS {q(part.key)}"


def _element(place: int) -> str:
    return f'"#u{place}"'


def _cuts(dimension: Dimension) -> bool:
    return dimension.granularity not in (None, "NONE")


def _dimension(scope: Scope, dimension: Dimension, place: int) -> str:
    """SQL for the value that a record is grouped by."""
    if dimension.unnest:
        return _element(place)
    column = scope.column(dimension.column, dimension.relation)
    if not _cuts(dimension):
        return column
    leaf = scope.leaf(dimension.column, dimension.relation)
    local = _local(leaf, column, dimension)
    granularity = dimension.granularity or ""
    if granularity in _NAMES:
        return f"to_char({local}, '{_NAMES[granularity]}')"
    unit = _TRUNCATIONS[granularity]
    shift = _SHIFTS[dimension.week_start] if unit == "week" else 0
    cut = f"date_trunc('{unit}', {local} + interval '{shift} days') - interval '{shift} days'"
    return f"to_char({cut}, 'YYYY-MM-DD')"


def _local(leaf: Leaf, column: str, dimension: Dimension) -> str:
    """A date or time as a timestamp in the wanted time zone."""
    if leaf.type.column_type(leaf) == "date":
        return f"{column}::timestamp"
    zone = placeholder(dimension.zone, "text") if dimension.zone is not None else "'UTC'"
    return f"({column} AT TIME ZONE {zone})"


def _value(scope: Scope, dimension: Dimension, name: str) -> str:
    """A dimension's value as it is shown. Whole arrays are shown as PostgreSQL writes them."""
    leaf = scope.leaf(dimension.column, dimension.relation)
    kind = leaf.type.column_type(leaf)
    if dimension.unnest or _cuts(dimension) or kind == "text":
        return name
    return f"{name}::text" if kind.endswith("[]") else leaf.type.json(leaf, name)


def _order_key(scope: Scope, plan: Group, place: int) -> str | None:
    """What a dimension sorts by, where that is not the value itself: option order, the calendar."""
    dimension = plan.dimensions[place]
    if dimension.unnest:
        return None
    leaf = scope.leaf(dimension.column, dimension.relation)
    column = scope.column(dimension.column, dimension.relation)
    if dimension.granularity in _CALENDAR:
        return f"extract({_CALENDAR[dimension.granularity]} FROM {_local(leaf, column, dimension)})"
    key = leaf.type.sort_key(leaf, column)
    return key if key != column and not _cuts(dimension) else None


def _order(plan: Group, keys: list[str | None]) -> str:
    """The ORDER BY of the groups: as asked, then by the dimensions, so that an answer is always the same."""
    parts = []
    for term in plan.order:
        place = term.dimension
        column = q(term.aggregate or "") if place is None else q(f"#o{place}" if keys[place] else f"#{place}")
        parts.append(f"{column}{' DESC' if term.descending else ''} NULLS {'FIRST' if term.nulls_first else 'LAST'}")
    asked = {term.dimension for term in plan.order}
    parts += [q(f"#o{place}" if key else f"#{place}") for place, key in enumerate(keys) if place not in asked]
    return f"ORDER BY {', '.join(parts)}" if parts else ""


def _key(names: list[str], alias: str) -> str:
    """One comparable value for all dimensions of a group, NULLs included."""
    listed = ", ".join(f"{alias}.{name}" for name in names)
    return f"ROW({listed})::text"


def _samples(
    model: Model,
    plan: Group,
    scope: Scope,
    unnested: str,
    where: str,
    dimensions: list[str],
    names: list[str],
    parts: list[Records | Edges],
) -> str:
    """A CTE with the first records of each group that is shown."""
    projection = Projection(model)
    order = order_by(scope, plan.sample_order)
    listed = "".join(f", {text} AS {name}" for text, name in zip(dimensions, names, strict=True))
    listed += "".join(f", {text} AS {name}" for name, text in carried_values(scope, plan.sample_order).items())
    partition = f"PARTITION BY {', '.join(dimensions)} " if dimensions else ""
    # Only now the scope knows all relations that the order of the samples leads through.
    source = f"{scope.source}{unnested}"
    ranked = f'SELECT t.*{listed}, row_number() OVER ({partition}ORDER BY {order}) AS "#" FROM {source} WHERE {where}'
    columns: list[str] = []
    joins: list[str] = []
    for part in parts:
        if isinstance(part, Records):
            inside, needed = projection.record(scope.object_type, part.selection, "t")
        else:
            inside, needed = edge_columns(projection, scope, plan.sample_order, part.items)
        columns.append(f"{as_json(inside)} AS {q(part.key)}")
        joins.append(needed)
    gathered = ", ".join(f'json_agg(k.{q(part.key)} ORDER BY k."#") AS {q(part.key)}' for part in parts)
    after = f"${plan.sample_offset + 1}::bigint" if plan.sample_offset is not None else "0"
    return (
        f', samples AS (SELECT k.key, {gathered} FROM (SELECT {_key(names, "t")} AS key, t."#", {", ".join(columns)}'
        f" FROM ({ranked}) t{''.join(joins)}"
        f' WHERE t."#" > {after} AND t."#" <= {after} + {plan.sample_size}'
        f" AND {_key(names, 't')} IN (SELECT {_key(names, 'g')} FROM groups g)) k GROUP BY k.key)"
    )
