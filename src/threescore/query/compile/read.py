"""SQL for reads. Every statement also reads `_state`, which proves that it was made for the present model."""

from threescore.model.objects import Model, ObjectType
from threescore.query.compile.scope import Projection, Scope, as_json, beyond, condition, order_by, q, table
from threescore.query.plan import Duplicates, FindMany, FindOne, OrderTerm

BY_ID = (OrderTerm("id"),)


def find_one(model: Model, plan: FindOne) -> str:
    """Columns: model, access, record (NULL where there is none)."""
    object_type = model.by_singular[plan.object]
    columns, joins = Projection(model).record(object_type, plan.selection, "t")
    return (
        f"SELECT s.model, s.access, (SELECT row_to_json(j) FROM (SELECT {columns}"
        f" FROM {table(model, object_type.table)} t{joins}"
        f' WHERE t.id = $1::uuid AND t."deletedAt" IS NULL) j) AS record FROM {table(model, "_state")} s'
    )


def find_many(model: Model, plan: FindMany) -> str:
    """Columns: model, access, records, more, first and last (cursors), total.

    The page is cut first, relations are nested after: what is not shown costs nothing.
    """
    object_type = model.by_singular[plan.object]
    backward = plan.cursor is not None and plan.cursor.before
    scope = Scope(model, object_type, "t")
    where = condition(scope, plan.filter)
    if plan.cursor:
        where = f"({where}) AND ({beyond(scope, plan.order, plan.cursor)})"
    order = order_by(scope, plan.order, backward=backward)
    related = "".join(
        f", {scope.column(term.column, term.relation)} AS {_carried(place)}"
        for place, term in enumerate(plan.order)
        if term.relation
    )
    columns, joins = Projection(model).record(object_type, plan.selection, "t")
    cursor = _cursor(scope, plan.order)
    total = "NULL::bigint"
    if plan.count:
        counted = Scope(model, object_type, "t")
        filtered = condition(counted, plan.filter)
        total = f"(SELECT count(*) FROM {counted.source} WHERE {filtered})"
    nearest = f'(SELECT {cursor} FROM page t WHERE t."#" = 1 AND {plan.limit} > 0)'
    farthest = f'(SELECT {cursor} FROM page t WHERE t."#" <= {plan.limit} ORDER BY t."#" DESC LIMIT 1)'
    first, last = (farthest, nearest) if backward else (nearest, farthest)
    return (
        f'WITH page AS MATERIALIZED (SELECT t.*, row_number() OVER () AS "#" FROM (SELECT t.*{related}'
        f" FROM {scope.source} WHERE {where} ORDER BY {order} LIMIT {plan.limit + 1}) t)"
        f" SELECT s.model, s.access, (SELECT json_agg(row_to_json(j)) FROM (SELECT {columns} FROM page t{joins}"
        f' WHERE t."#" <= {plan.limit} ORDER BY t."#"{" DESC" if backward else ""}) j) AS records,'
        f" (SELECT count(*) FROM page) > {plan.limit} AS more, {first} AS first, {last} AS last, {total} AS total"
        f" FROM {table(model, '_state')} s"
    )


def _carried(place: int) -> str:
    return q(f"#{place}")


def _cursor(scope: Scope, order: tuple[OrderTerm, ...]) -> str:
    """SQL for a record's cursor: base64 of compact JSON with the values it is ordered by, nested as its fields."""
    tree: dict[str, object] = {}
    for place, term in enumerate(order):
        leaf = scope.leaf(term.column, term.relation)
        column = _carried(place) if term.relation else q(leaf.column)
        path = [leaf.field.name, leaf.sub_field] if leaf.sub_field else [leaf.name]
        node = tree
        for name in [term.relation, *path[:-1]] if term.relation else path[:-1]:
            node = node.setdefault(name, {})  # type: ignore[assignment]
        node[path[-1]] = leaf.type.json(leaf, f"t.{column}")
    encoded = f"encode(convert_to(({_object(tree)})::text, 'UTF8'), 'base64')"
    return f"translate({encoded}, E'\\n', '')"


def _object(tree: dict[str, object]) -> str:
    columns = ", ".join(
        f"{_object(value) if isinstance(value, dict) else value} AS {q(name)}" for name, value in tree.items()
    )
    return as_json(columns)


def duplicates(model: Model, plan: Duplicates) -> str:
    """Rows, one for each input in its order: model, access, records, total, first, last.

    A criterion counts only where each of its values has at least three characters.
    """
    object_type = model.by_singular[plan.object]
    columns, joins = Projection(model).record(object_type, plan.selection, "t")
    criteria = object_type.duplicate_criteria or ()
    alike = " OR ".join(
        "(" + " AND ".join(f"length(i.{q(c)}) >= 3 AND d.{q(c)} = i.{q(c)}" for c in criterion) + ")"
        for criterion in criteria
    )
    first, last = (
        f'(SELECT {_cursor(Scope(model, object_type, "t"), BY_ID)} FROM found t ORDER BY t."#" {direction} LIMIT 1)'
        for direction in ("ASC", "DESC")
    )
    return (
        f"WITH input AS MATERIALIZED ({_given(model, object_type, plan)})"
        f" SELECT s.model, s.access, i.place, f.* FROM {table(model, '_state')} s"
        f" LEFT JOIN input i ON TRUE LEFT JOIN LATERAL ("
        f'WITH found AS MATERIALIZED (SELECT d.*, row_number() OVER (ORDER BY d.id) AS "#"'
        f" FROM {table(model, object_type.table)} d"
        f' WHERE d."deletedAt" IS NULL AND d.id IS DISTINCT FROM i.id AND ({alike or "FALSE"})'
        f" ORDER BY d.id LIMIT {plan.limit})"
        f" SELECT coalesce((SELECT json_agg(row_to_json(j)) FROM (SELECT {columns} FROM found t{joins}"
        f""" ORDER BY t."#") j), '[]') AS records, (SELECT count(*) FROM found) AS total,"""
        f" {first} AS first, {last} AS last) f ON TRUE ORDER BY i.place"
    )


def _given(model: Model, object_type: ObjectType, plan: Duplicates) -> str:
    name = table(model, object_type.table)
    if plan.stored:
        return (
            f"SELECT t.*, u.place FROM unnest($1::uuid[]) WITH ORDINALITY AS u(id, place)"
            f' JOIN {name} t ON t.id = u.id WHERE t."deletedAt" IS NULL'
        )
    return (
        f"SELECT r.*, e.place FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS e(row, place),"
        f" LATERAL jsonb_populate_record(NULL::{name}, e.row) r"
    )
