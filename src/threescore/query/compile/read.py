"""SQL for reads. Every statement also reads `_state`, which proves that it was made for the present model."""

from threescore.model.objects import Model, ObjectType
from threescore.query.compile.aggregates import aggregate, shown
from threescore.query.compile.page import (
    PLACE,
    connection,
    cursor,
    edge_columns,
    end_cursors,
    length,
    page_rows,
    shown_order,
)
from threescore.query.compile.scope import Projection, Scope, as_json, condition, q, row_rule, rows, table, version
from threescore.query.plan import (
    Connect,
    Constant,
    Duplicates,
    Edges,
    FindByIds,
    FindConnection,
    FindFirst,
    FindMany,
    FindOne,
    Holder,
    Lock,
    OrderTerm,
    PageInfo,
    Records,
    Total,
)
from threescore.sql import quote_literal

BY_ID = (OrderTerm("id"),)


def find_one(model: Model, plan: FindOne) -> str:
    """Columns: model, access, record (NULL where there is none), version."""
    object_type = model.by_singular[plan.object]
    columns, joins = Projection(model).record(object_type, plan.selection, "t")
    return (
        f"SELECT s.model, s.access, (SELECT row_to_json(j) FROM (SELECT {columns}"
        f" FROM {rows(model, object_type, 't')}{joins}"
        f' WHERE t.id = $1::uuid AND t."deletedAt" IS NULL) j) AS record,'
        f" (SELECT {version('t')} FROM {table(model, object_type.table)} t WHERE t.id = $1::uuid) AS version"
        f" FROM {table(model, '_state')} s"
    )


def find_first(model: Model, plan: FindFirst) -> str:
    """Columns: model, access, record (NULL where there is none)."""
    object_type = model.by_singular[plan.object]
    scope = Scope(model, object_type, "t")
    where = condition(scope, plan.filter)
    columns, joins = Projection(model).record(object_type, plan.selection, "t")
    return (
        f"SELECT s.model, s.access, (SELECT row_to_json(j) FROM (SELECT {columns}"
        f" FROM (SELECT t.* FROM {scope.source} WHERE {where} ORDER BY t.id LIMIT 1) t{joins}) j) AS record"
        f" FROM {table(model, '_state')} s"
    )


def find_by_ids(model: Model, plan: FindByIds) -> str:
    """Columns: model, access, records."""
    object_type = model.by_singular[plan.object]
    columns, joins = Projection(model).record(object_type, plan.selection, "t")
    return (
        f"SELECT s.model, s.access, (SELECT json_agg(row_to_json(j)) FROM (SELECT {columns}"
        f" FROM unnest($1::uuid[]) WITH ORDINALITY u(id, place)"
        f" JOIN {rows(model, object_type, 't')} ON t.id = u.id{joins} ORDER BY u.place) j) AS records"
        f" FROM {table(model, '_state')} s"
    )


def find_many(model: Model, plan: FindMany) -> str:
    """Columns: model, access, records, more, first and last (cursors), total."""
    object_type = model.by_singular[plan.object]
    page = plan.page
    scope = Scope(model, object_type, "t")
    paged = page_rows(scope, page)
    columns, joins = Projection(model).record(object_type, plan.selection, "t")
    first, last = end_cursors(scope, page, "page")
    counted = Scope(model, object_type, "t")
    filtered = condition(counted, page.filter)
    return (
        f"WITH page AS MATERIALIZED ({paged})"
        f" SELECT s.model, s.access, (SELECT json_agg(row_to_json(j)) FROM (SELECT {columns} FROM page t{joins}"
        f" WHERE t.{PLACE} <= {length(page)} ORDER BY t.{shown_order(page)}) j) AS records,"
        f" (SELECT count(*) FROM page) > {length(page)} AS more, {first} AS first, {last} AS last,"
        f" (SELECT count(*) FROM {counted.source} WHERE {filtered}) AS total FROM {table(model, '_state')} s"
    )


def find_connection(model: Model, plan: FindConnection) -> str:
    """Columns: model, access, connection (JSON)."""
    object_type = model.by_singular[plan.object]
    shown_as = connection(Projection(model), object_type, plan.page, plan.parts, "t")
    return f"SELECT s.model, s.access, {shown_as} AS connection FROM {table(model, '_state')} s"


def duplicates(model: Model, plan: Duplicates) -> str:
    """Rows, one for each input in its order: model, access, place, connection (JSON).

    A criterion counts only where each of its values has at least three characters.
    """
    object_type = model.by_singular[plan.object]
    alike = " OR ".join(
        "(" + " AND ".join(f"length(i.{q(c)}) >= 3 AND d.{q(c)} = i.{q(c)}" for c in criterion) + ")"
        for criterion in plan.criteria
    )
    columns = ", ".join(_duplicate_part(model, object_type, plan))
    return (
        f"WITH input AS MATERIALIZED ({_given(model, object_type, plan)})"
        f" SELECT s.model, s.access, i.place, f.connection FROM {table(model, '_state')} s"
        f" LEFT JOIN input i ON TRUE LEFT JOIN LATERAL ("
        f"WITH found AS MATERIALIZED (SELECT d.*, row_number() OVER (ORDER BY d.id) AS {PLACE}"
        f" FROM {rows(model, object_type, 'd')}"
        f' WHERE d."deletedAt" IS NULL AND d.id IS DISTINCT FROM i.id AND ({alike or "FALSE"})'
        f" ORDER BY d.id LIMIT {plan.limit})"
        f" SELECT row_to_json(c) AS connection FROM (SELECT {columns}) c) f ON TRUE ORDER BY i.place"
    )


def _duplicate_part(model: Model, object_type: ObjectType, plan: Duplicates) -> list[str]:
    """The parts of the connection over `found`, which holds all that was found: there are no further pages."""
    scope = Scope(model, object_type, "t")
    projection = Projection(model)
    encoded = cursor(scope, BY_ID)
    first, last = (f"(SELECT {encoded} FROM found t ORDER BY t.id {way} LIMIT 1)" for way in ("ASC", "DESC"))
    facts = {"startCursor": first, "endCursor": last, "hasNextPage": "FALSE", "hasPreviousPage": "FALSE"}
    parts = []
    for part in plan.parts:
        match part:
            case Constant(text=constant):
                text = f"{quote_literal(constant)}::text"
            case Total(aggregate=wanted):
                leaf = object_type.leaf_by_column[wanted.columns[0]] if wanted.columns else None
                value = shown(leaf, wanted, "a.value")
                text = f"(SELECT {value} FROM (SELECT {aggregate(scope, wanted)} AS value FROM found t) a)"
            case PageInfo(items=items):
                listed = ", ".join(
                    f"{f'{quote_literal(i.text)}::text' if isinstance(i, Constant) else facts[i.name]} AS {q(i.key)}"
                    for i in items
                )
                text = as_json(listed)
            case Records(selection=selection):
                columns, joins = Projection(model).record(object_type, selection, "t")
                text = _listed(columns, joins)
            case Edges(items=edge):
                columns, joins = edge_columns(projection, scope, BY_ID, edge)
                text = _listed(columns, joins)
        parts.append(f"{text} AS {q(part.key)}")
    return parts


def _listed(columns: str, joins: str) -> str:
    return (
        f"(SELECT coalesce(json_agg(row_to_json(j)), '[]') FROM (SELECT {columns} FROM found t{joins} ORDER BY t.id) j)"
    )


def _given(model: Model, object_type: ObjectType, plan: Duplicates) -> str:
    name = table(model, object_type.table)
    if plan.stored:
        return (
            f"SELECT t.*, u.place FROM unnest($1::uuid[]) WITH ORDINALITY AS u(id, place)"
            f" JOIN {rows(model, object_type, 't')} ON t.id = u.id"
            f' WHERE t."deletedAt" IS NULL'
        )
    return (
        f"SELECT r.*, e.place FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS e(row, place),"
        f" LATERAL jsonb_populate_record(NULL::{name}, e.row) r"
    )


def connect(model: Model, plan: Connect) -> str:
    """Rows, at least one: model, access, place (of the input row, from 1; NULL for none found), id."""
    object_type = model.by_singular[plan.object]
    same = " AND ".join(f"t.{q(column)} = r.{q(column)}" for column in plan.columns)
    return (
        f"SELECT s.model, s.access, f.place, f.id FROM {table(model, '_state')} s LEFT JOIN ("
        f"SELECT e.place, t.id::text AS id FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS e(row, place)"
        f" CROSS JOIN LATERAL jsonb_populate_record(NULL::{table(model, object_type.table)}, e.row) r"
        f' JOIN {rows(model, object_type, "t")} ON {same} WHERE t."deletedAt" IS NULL) f ON TRUE'
    )


def holder(model: Model, plan: Holder) -> str:
    """Columns: model, access, id (NULL where there is none)."""
    object_type = model.by_singular[plan.object]
    same = " AND ".join(f"t.{q(column)} = r.{q(column)}" for column in plan.columns)
    return (
        f"SELECT s.model, s.access, (SELECT t.id::text FROM {rows(model, object_type, 't')},"
        f" json_populate_record(NULL::{table(model, object_type.table)}, $1::json) r"
        f' WHERE {same} AND t."deletedAt" IS NULL LIMIT 1) AS id FROM {table(model, "_state")} s'
    )


def lock(model: Model, plan: Lock) -> str:
    """Rows, one for each record that is there: model, access, id, row (JSON)."""
    object_type = model.by_singular[plan.object]
    rule = row_rule(model, object_type, "t")
    return (
        f"SELECT s.model, s.access, t.id::text AS id, row_to_json(t) AS row"
        f" FROM {table(model, '_state')} s, {table(model, object_type.table)} t"
        f' WHERE t.id = ANY($1::uuid[]) AND t."deletedAt" IS NULL AND {rule or "TRUE"} ORDER BY t.id FOR UPDATE OF t'
    )
