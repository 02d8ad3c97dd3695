"""SQL for pages: which records, what is nested in them, where the page lies, and numbers over the whole set."""

from threescore.model.objects import ObjectType
from threescore.query.compile.aggregates import aggregate, shown
from threescore.query.compile.scope import Projection, Scope, as_json, beyond, condition, order_by, q, table
from threescore.query.plan import (
    Aggregate,
    ConnectionPart,
    Constant,
    EdgeCursor,
    Edges,
    Node,
    OrderTerm,
    PageFact,
    PageInfo,
    PageOf,
    Total,
)
from threescore.sql import quote_literal

PLACE = '"#"'
"""The column that numbers a page's rows from 1, away from the cursor."""


def page_rows(scope: Scope, page: PageOf, also: str = "TRUE") -> str:
    """A SELECT of a page's rows, and one more if there is one, numbered in `PLACE`.

    `also` is a further condition. What a page nests comes later: rows that are not shown cost nothing. And only ids
    are sorted; the rows are looked up when it is known which.
    """
    alias = scope.alias
    where = f"({condition(scope, page.filter)}) AND ({also})"
    if page.cursor:
        where += f" AND ({beyond(scope, page.order, page.cursor, backward=page.backward)})"
    order = order_by(scope, page.order, backward=page.backward)
    carried = carried_values(scope, page.order)
    offset = f" OFFSET ${page.offset + 1}::bigint" if page.offset is not None else ""
    rest = f"WHERE {where} ORDER BY {order} LIMIT {page.at_most + 1}{offset}"
    if len(page.order) == 1:
        # By id alone: an index gives the rows in order, so that nothing is sorted.
        return (
            f"SELECT {alias}.*, row_number() OVER () AS {PLACE}"
            f" FROM (SELECT {alias}.* FROM {scope.source} {rest}) {alias} LIMIT {length(page)} + 1"
        )
    listed = "".join(f", {column} AS {name}" for name, column in carried.items())
    found = f"SELECT {alias}.id{listed} FROM {scope.source} {rest}"
    kept = "".join(f", k.{name}" for name in carried)
    return (
        f"SELECT {alias}.*, k.{PLACE}{kept} FROM (SELECT k.*, row_number() OVER () AS {PLACE} FROM ({found}) k"
        f" LIMIT {length(page)} + 1) k JOIN {table(scope.model, scope.object_type.table)} {alias} ON {alias}.id = k.id"
    )


def length(page: PageOf) -> str:
    """The parameter that holds the length of a page."""
    return f"${page.limit + 1}::bigint"


def shown_order(page: PageOf) -> str:
    """The ORDER BY list that puts a page's rows into the order in which they are shown."""
    return f"{PLACE} DESC" if page.backward else PLACE


def carried_values(scope: Scope, order: tuple[OrderTerm, ...]) -> dict[str, str]:
    """What rows must carry besides their own columns for their cursors to be made: column name to SQL."""
    return {
        _carried(place): scope.column(term.column, term.relation) for place, term in enumerate(order) if term.relation
    }


def _carried(place: int) -> str:
    return q(f"#v{place}")


def cursor(scope: Scope, order: tuple[OrderTerm, ...]) -> str:
    """SQL for a row's cursor: base64 of compact JSON with the values it is ordered by, nested as its fields."""
    tree: dict[str, object] = {}
    for place, term in enumerate(order):
        leaf = scope.leaf(term.column, term.relation)
        column = _carried(place) if term.relation else q(leaf.column)
        path = [leaf.field.name, leaf.sub_field] if leaf.sub_field else [leaf.name]
        node = tree
        for name in [term.relation, *path[:-1]] if term.relation else path[:-1]:
            node = node.setdefault(name, {})  # type: ignore[assignment]
        node[path[-1]] = leaf.type.to_cursor(leaf, f"{scope.alias}.{column}")
    encoded = f"encode(convert_to(({_object(tree)})::text, 'UTF8'), 'base64')"
    return f"translate({encoded}, E'\\n', '')"


def _object(tree: dict[str, object]) -> str:
    columns = ", ".join(
        f"{_object(value) if isinstance(value, dict) else value} AS {q(name)}" for name, value in tree.items()
    )
    return as_json(columns)


def end_cursors(scope: Scope, page: PageOf, rows: str) -> tuple[str, str]:
    """SQL for the cursors of the first and the last row as shown. `rows` is the name of the page's CTE."""
    encoded = cursor(scope, page.order)
    source = f"FROM {rows} {scope.alias} WHERE {scope.alias}.{PLACE}"
    nearest = f"(SELECT {encoded} {source} = 1 AND {length(page)} > 0)"
    farthest = f"(SELECT {encoded} {source} <= {length(page)} ORDER BY {scope.alias}.{PLACE} DESC LIMIT 1)"
    return (farthest, nearest) if page.backward else (nearest, farthest)


def connection(
    projection: Projection,
    object_type: ObjectType,
    page: PageOf,
    parts: tuple[ConnectionPart, ...],
    alias: str,
    also: str = "TRUE",
) -> str:
    """SQL for a connection as one JSON object. `also` is a condition on the records, such as whose they are."""
    scope = Scope(projection.model, object_type, alias)
    paged = [part for part in parts if isinstance(part, Edges | PageInfo)]
    rows = f"p_{alias}"
    with_rows = ""
    if len(paged) == 1 and isinstance(paged[0], Edges):
        rows = f"({page_rows(scope, page, also)})"
    elif paged:
        with_rows = f"WITH {rows} AS MATERIALIZED ({page_rows(scope, page, also)}) "
    columns = []
    aggregates: list[Aggregate] = []
    for part in parts:
        match part:
            case Constant(text=constant):
                text = f"{quote_literal(constant)}::text"
            case Edges(items=items):
                text = edges(projection, scope, page, items, rows)
            case PageInfo(items=items):
                text = _page_info(scope, page, items, rows)
            case Total(aggregate=wanted):
                leaf = object_type.leaf_by_column[wanted.columns[0]] if wanted.columns else None
                text = shown(leaf, wanted, f"a.{q(f'a{len(aggregates)}')}")
                aggregates.append(wanted)
        columns.append(f"{text} AS {q(part.key)}")
    source = ""
    if aggregates or not paged:
        counted = Scope(projection.model, object_type, alias)
        where = condition(counted, page.filter)
        if not paged:
            where = f"({where}) AND ({_mentioned(counted, page)} OR TRUE)"
        numbers = [f"{aggregate(counted, a)} AS {q(f'a{place}')}" for place, a in enumerate(aggregates)]
        listed = ", ".join(numbers or ["count(*)"])
        source = f" FROM (SELECT {listed} FROM {counted.source} WHERE ({where}) AND ({also})) a"
    return f"({with_rows}SELECT row_to_json(c) FROM (SELECT {', '.join(columns)}{source}) c)"


def _mentioned(scope: Scope, page: PageOf) -> str:
    """A condition of no consequence that names the page's parameters: PostgreSQL refuses those that it never sees."""
    parts = [f"{length(page)} > 0"]
    if page.offset is not None:
        parts.append(f"${page.offset + 1}::bigint > 0")
    if page.cursor:
        parts.append(f"({beyond(scope, page.order, page.cursor, backward=page.backward)})")
    return f"({' OR '.join(parts)})"


def edges(
    projection: Projection,
    scope: Scope,
    page: PageOf,
    items: tuple[Node | EdgeCursor | Constant, ...],
    rows: str,
) -> str:
    """SQL for the edges of a page as a JSON list. `rows` is a FROM item with the page's rows."""
    columns, joins = edge_columns(projection, scope, page.order, items)
    return (
        f"(SELECT coalesce(json_agg(row_to_json(j)), '[]') FROM (SELECT {columns} FROM {rows} {scope.alias}{joins}"
        f" WHERE {scope.alias}.{PLACE} <= {length(page)} ORDER BY {scope.alias}.{shown_order(page)}) j)"
    )


def edge_columns(
    projection: Projection,
    scope: Scope,
    order: tuple[OrderTerm, ...],
    items: tuple[Node | EdgeCursor | Constant, ...],
) -> tuple[str, str]:
    """The select list of an edge, and the joins that must follow its FROM."""
    columns: list[str] = []
    joins: list[str] = []
    for item in items:
        match item:
            case Constant(text=constant):
                text = f"{quote_literal(constant)}::text"
            case EdgeCursor():
                text = cursor(scope, order)
            case Node(selection=selection):
                inside, needed = projection.record(scope.object_type, selection, scope.alias)
                text = as_json(inside)
                joins.append(needed)
        columns.append(f"{text} AS {q(item.key)}")
    return ", ".join(columns), "".join(joins)


def _page_info(scope: Scope, page: PageOf, items: tuple[PageFact | Constant, ...], rows: str) -> str:
    first, last = end_cursors(scope, page, rows)
    more = f"(SELECT count(*) FROM {rows}) > {length(page)}"
    passed = "TRUE" if page.cursor else (f"${page.offset + 1}::bigint > 0" if page.offset is not None else "FALSE")
    facts = {
        "startCursor": first,
        "endCursor": last,
        "hasNextPage": passed if page.backward else more,
        "hasPreviousPage": more if page.backward else passed,
    }
    columns = ", ".join(
        f"{f'{quote_literal(item.text)}::text' if isinstance(item, Constant) else facts[item.name]} AS {q(item.key)}"
        for item in items
    )
    return as_json(columns)
