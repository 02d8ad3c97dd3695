"""SQL for groupBy."""

from threescore.model.fields.base import Leaf
from threescore.model.objects import Model
from threescore.query.compile.scope import Projection, Scope, as_json, condition, order_by, placeholder, q, table
from threescore.query.plan import Aggregate, Dimension, Group

SAMPLE_SIZE = 10

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
    inner = [
        *listed,
        *(f"min({text}) AS {q(f'#o{place}')}" for place, text in enumerate(keys) if text),
        *(f"{_aggregate(scope, a)} AS {q(a.name)}" for a in (*plan.aggregates, *plan.order_aggregates)),
        'count(*) AS "#count"',
    ]
    # Without a dimension all records are one group, which is there only if there are records.
    grouping = ", ".join(str(place + 1) for place in range(len(dimensions))) or "()"
    groups = f"SELECT {', '.join(inner)} FROM {source} WHERE {where} GROUP BY {grouping} HAVING count(*) > 0"
    shown = [f"{_shown(scope, a, exact_as_text=plan.exact_as_text)} AS {q(a.name)}" for a in plan.aggregates]
    values = ", ".join(_value(scope, d, name) for d, name in zip(plan.dimensions, names, strict=True))
    shown.append(f'json_build_array({values}) AS "groupByDimensionValues"')
    samples, joined = "", ""
    if plan.sample is not None:
        samples = _samples(model, plan, scope, source, where, dimensions, names)
        shown.append("coalesce(x.records, '[]') AS records")
        joined = f" LEFT JOIN samples x ON x.key = {_key(names, 'g')}"
    return (
        f'WITH groups AS MATERIALIZED (SELECT *, row_number() OVER ({order}) AS "#" FROM ({groups}) g'
        f" {order} LIMIT {plan.limit}){samples}"
        f" SELECT s.model, s.access, coalesce((SELECT json_agg(row_to_json(j)) FROM"
        f" (SELECT {', '.join(shown)} FROM groups g{joined} ORDER BY g.\"#\") j), '[]') AS groups"
        f" FROM {table(model, '_state')} s"
    )


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


def _aggregate(scope: Scope, aggregate: Aggregate) -> str:
    leaves = [scope.leaf(name) for name in aggregate.columns]
    columns = [scope.column(name) for name in aggregate.columns]
    empty = " AND ".join(leaf.type.is_null(leaf, column) for leaf, column in zip(leaves, columns, strict=True))
    value = columns[0] if len(columns) == 1 else f"ROW({', '.join(columns)})"
    match aggregate.function:
        case "count":
            return "count(*)"
        case "countUniqueValues":
            return f"count(DISTINCT {value}) FILTER (WHERE NOT ({empty}))"
        case "countEmpty":
            return f"count(*) FILTER (WHERE {empty})"
        case "countNotEmpty":
            return f"count(*) FILTER (WHERE NOT ({empty}))"
        case "percentageEmpty":
            return f"count(*) FILTER (WHERE {empty})::numeric / nullif(count(*), 0)"
        case "percentageNotEmpty":
            return f"count(*) FILTER (WHERE NOT ({empty}))::numeric / nullif(count(*), 0)"
        case "countTrue":
            return f"count(*) FILTER (WHERE {value})"
        case "countFalse":
            return f"count(*) FILTER (WHERE NOT {value})"
        case function:
            return f"{function}({value})"


def _shown(scope: Scope, aggregate: Aggregate, *, exact_as_text: bool) -> str:
    """An aggregate as it is shown: as a string where the database computes exactly and the wire wants strings."""
    column = f"g.{q(aggregate.name)}"
    if aggregate.function not in ("min", "max", "avg", "sum"):
        return f"{column}::text" if exact_as_text else column
    leaf = scope.leaf(aggregate.columns[0])
    if leaf.type.column_type(leaf) == "numeric":
        return f"{column}::text" if exact_as_text else column
    return f"{column}::float8" if aggregate.function == "avg" else leaf.type.json(leaf, column)


def _key(names: list[str], alias: str) -> str:
    """One comparable value for all dimensions of a group, NULLs included."""
    listed = ", ".join(f"{alias}.{name}" for name in names)
    return f"ROW({listed})::text"


def _samples(
    model: Model, plan: Group, scope: Scope, source: str, where: str, dimensions: list[str], names: list[str]
) -> str:
    """A CTE with the first records of each group that is shown."""
    assert plan.sample is not None
    columns, joins = Projection(model).record(scope.object_type, plan.sample, "t")
    order = order_by(scope, plan.sample_order)
    listed = "".join(f", {text} AS {name}" for text, name in zip(dimensions, names, strict=True))
    partition = f"PARTITION BY {', '.join(dimensions)} " if dimensions else ""
    ranked = f'SELECT t.*{listed}, row_number() OVER ({partition}ORDER BY {order}) AS "#" FROM {source} WHERE {where}'
    return (
        f', samples AS (SELECT k.key, json_agg(k.record ORDER BY k."#") AS records FROM (SELECT'
        f' {_key(names, "t")} AS key, t."#", {as_json(columns)} AS record FROM ({ranked}) t{joins}'
        f' WHERE t."#" <= {SAMPLE_SIZE}'
        f" AND {_key(names, 't')} IN (SELECT {_key(names, 'g')} FROM groups g)) k GROUP BY k.key)"
    )
