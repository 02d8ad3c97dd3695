"""SQL for aggregates."""

from threescore.model.fields.base import Leaf
from threescore.query.compile.scope import Scope
from threescore.query.plan import Aggregate


def aggregate(scope: Scope, wanted: Aggregate) -> str:
    """SQL for an aggregate over the rows of a scope. Over no rows it is NULL, but for the plain count."""
    leaves = [scope.leaf(name) for name in wanted.columns]
    columns = [scope.column(name) for name in wanted.columns]
    empty = " AND ".join(leaf.type.is_null(leaf, column) for leaf, column in zip(leaves, columns, strict=True))
    value = columns[0] if len(columns) == 1 else f"ROW({', '.join(columns)})"
    match wanted.function:
        case "count":
            return "count(*)"
        case "countUniqueValues":
            return _unless_empty(f"count(DISTINCT {value}) FILTER (WHERE NOT ({empty}))")
        case "countEmpty":
            return _unless_empty(f"count(*) FILTER (WHERE {empty})")
        case "countNotEmpty":
            return _unless_empty(f"count(*) FILTER (WHERE NOT ({empty}))")
        case "percentageEmpty":
            return f"count(*) FILTER (WHERE {empty})::numeric / nullif(count(*), 0)"
        case "percentageNotEmpty":
            return f"count(*) FILTER (WHERE NOT ({empty}))::numeric / nullif(count(*), 0)"
        case "countTrue":
            return _unless_empty(f"count(*) FILTER (WHERE {value})")
        case "countFalse":
            return _unless_empty(f"count(*) FILTER (WHERE NOT {value})")
        case function:
            return f"{function}({value})"


def _unless_empty(text: str) -> str:
    return f"CASE WHEN count(*) > 0 THEN {text} END"


def shown(leaf: Leaf | None, wanted: Aggregate, column: str, *, exact_as_text: bool = False) -> str:
    """SQL for an aggregate's value as it is shown; `leaf` is the leaf of its first column.

    `exact_as_text`: as a string where the database computes exactly. Without it, numbers are numbers, with all their
    digits: the schema of the caller promises no less and no more.
    """
    if leaf is None or wanted.function not in ("min", "max", "avg", "sum"):
        return f"{column}::text" if exact_as_text else column
    kind = leaf.type.column_type(leaf)
    if kind == "numeric":
        return f"{column}::text" if exact_as_text else column
    if kind == "bigint" and wanted.function != "avg" and not exact_as_text:
        return column
    return f"{column}::float8" if wanted.function == "avg" else leaf.type.json(leaf, column)
