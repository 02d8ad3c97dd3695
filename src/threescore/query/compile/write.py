"""SQL for writes. The records and their events are written by one statement.

Each statement writes only if `_state` still has the versions that the caller relied on (slots 0 and 1), so a worker
with a stale model or a revoked key changes nothing; it sees the current versions in the answer and starts again.

Records are shown, and kept in events, as REST shows them at depth 0.
"""

from collections.abc import Callable, Iterable

from threescore.model.objects import Field, Model, ObjectType
from threescore.query.compile.scope import (
    Projection,
    Scope,
    as_json,
    condition,
    join_column,
    q,
    row_rule,
    rows,
    standard_selection,
    table,
)
from threescore.query.plan import Create, Filter, Restore, Selection, SoftDelete, Update, Upsert
from threescore.sql import quote_literal

BOOKKEEPING = frozenset({"updatedAt", "updatedBy"})
"""Fields that change with every write and are no change in themselves."""

ACTOR = (
    "actor AS (SELECT * FROM json_to_record($3::json)"
    ' AS a(source text, "workspaceMemberId" uuid, name text, context jsonb))'
)


def actor_values(prefix: str) -> dict[str, str]:
    """The columns of an ACTOR field, filled from the actor of the request."""
    return {
        f"{prefix}Source": "a.source",
        f"{prefix}WorkspaceMemberId": 'a."workspaceMemberId"',
        f"{prefix}Name": "a.name",
        f"{prefix}Context": "a.context",
    }


def current(model: Model, also: str = "TRUE") -> str:
    """The CTE that has a row only if the write may happen."""
    return (
        f"allowed AS MATERIALIZED (SELECT FROM {table(model, '_state')} s"
        f" WHERE s.model = $1::bigint AND s.access = $2::bigint AND {also})"
    )


def stored(model: Model, object_type: ObjectType, alias: str) -> str:
    """The record under an alias as JSON, with all that it holds itself."""
    columns, joins = Projection(model).record(object_type, standard_selection(object_type), alias)
    assert not joins
    return as_json(columns)


def event(
    model: Model,
    object_type: ObjectType,
    operation: str,
    source: str,
    *,
    before: str = "NULL",
    after: str = "NULL",
    changed: str = "'{}'::text[]",
) -> str:
    """An INSERT of events. `source` is a FROM clause with the record's id as `e.id`."""
    return (
        f"INSERT INTO {table(model, '_event')} (object_id, object, record_id, operation, before, after, changed, actor)"
        f" SELECT {quote_literal(str(object_type.id))}::uuid, {quote_literal(object_type.name_singular)}, e.id,"
        f" {quote_literal(operation)}, {before}, {after}, {changed}, $3::json FROM {source}"
    )


def changed_fields(fields: Iterable[Field], old: str, new: str) -> str:
    """SQL for the names of those fields whose columns differ between two rows."""
    cases = []
    for field in fields:
        if field.name in BOOKKEEPING:
            continue
        differs = " OR ".join(
            f"{old}.{q(leaf.column)} IS DISTINCT FROM {new}.{q(leaf.column)}" for leaf in field.leaves
        )
        name = field.join_column or field.name
        cases.append(f"CASE WHEN {differs} THEN {quote_literal(name)} END")
    return f"array_remove(ARRAY[{', '.join(cases)}]::text[], NULL)"


def _fields_of(object_type: ObjectType, columns: Iterable[str]) -> list[Field]:
    """The fields that columns belong to, each once."""
    leaves = (object_type.leaf_by_column[column] for column in columns)
    return list({leaf.field.id: leaf.field for leaf in leaves}.values())


def _typed(object_type: ObjectType, columns: Iterable[str]) -> str:
    """A column definition list for json_to_record and its kin."""
    parts = []
    for column in columns:
        leaf = object_type.leaf_by_column.get(column)
        parts.append(f"{q(column)} {leaf.type.column_type(leaf) if leaf else 'double precision'}")
    return ", ".join(parts)


def answer(model: Model, object_type: ObjectType, selection: Selection, source: str, plain: str, order: str) -> str:
    """SQL for the JSON list of written records: `plain` where they are shown as stored, else selected anew.

    `source` is a FROM clause with the written rows as `t`.
    """
    if selection == standard_selection(object_type):
        return plain
    columns, joins = Projection(model).record(object_type, selection, "t")
    return f"(SELECT json_agg(row_to_json(j)) FROM (SELECT {columns} FROM {source}{joins} ORDER BY {order}) j)"


HIDDEN_TARGET, OUTSIDE = "hidden target", "outside"
"""Why `threescore.refuse` ends a statement: a relation leads to a row, or a row was written, that does not exist."""


def kept(
    model: Model,
    object_type: ObjectType,
    columns: Iterable[str],
    written: str,
    source: str,
    before: Callable[[str], str] | None = None,
) -> str:
    """A column of the answer that ends the statement where it left what exists for the caller; nothing without rules.

    Every written row must pass the rule of its object, and a relation that was set must lead to a row that passes
    its own. `written` is the CTE of the rows, `source` a FROM clause with them as `t`; `before` gives the SQL of a
    column as it was. What the rules read in other rows is as it was when the statement began.
    """
    cases = []
    for field in _fields_of(object_type, (column for column in columns if column not in PLACES)):
        if not field.is_many_to_one or row_rule(model, model.target(field), "x") is None:
            continue
        column = join_column(field)
        value = f"t.{q(column)}"
        changed = f"{value} IS DISTINCT FROM {before(column)} AND " if before else ""
        itself = f" AND {value} NOT IN (SELECT w.id FROM {written} w)" if model.target(field) is object_type else ""
        cases.append(
            f" WHEN {value} IS NOT NULL AND {changed}NOT EXISTS"
            f" (SELECT FROM {rows(model, model.target(field), 'x')} WHERE x.id = {value}){itself} THEN"
            f" threescore.refuse({quote_literal(HIDDEN_TARGET)}, format('Key (%s)=(%s) ', {quote_literal(column)},"
            f" {value}))"
        )
    rule = row_rule(model, object_type, "t")
    if rule is not None:
        cases.append(f" WHEN ({rule}) IS NOT TRUE THEN threescore.refuse({quote_literal(OUTSIDE)}, '')")
    if not cases:
        return ""
    return f", (SELECT bool_and(CASE{''.join(cases)} ELSE TRUE END) FROM {source}) AS kept"


PLACES = ("#first", "#last")
"""Pseudo-columns of input rows: how far before the first, or after the last record, to place a new one."""


def place_expression(model: Model, object_type: ObjectType, columns: tuple[str, ...], row: str) -> str:
    """SQL for the position of a new record: as given, else counted from the ends of what exists for the caller."""
    options = []
    if "position" in columns:
        options.append(f'{row}."position"')
    if "#last" in columns:
        given = '(SELECT max("position") FROM input)' if "position" in columns else "NULL"
        there = rows(model, object_type, "b")
        options.append(f'greatest((SELECT max("position") FROM {there}), {given}, 0) + {row}."#last"')
    if "#first" in columns:
        there = rows(model, object_type, "b")
        options.append(f'coalesce((SELECT min("position") FROM {there}), 1) + {row}."#first"')
    return f"coalesce({', '.join(options)})"


def create(model: Model, plan: Create) -> str:
    """Columns: model, access, records (in the order of the input)."""
    object_type = model.by_singular[plan.object]
    name = table(model, object_type.table)
    values = {c: f"i.{q(c)}" for c in plan.columns if c not in PLACES and c != "position"}
    values["position"] = place_expression(model, object_type, plan.columns, "i")
    if "createdBySource" not in plan.columns:
        values |= actor_values("createdBy")
    values |= actor_values("updatedBy")
    shown = answer(
        model,
        object_type,
        plan.selection,
        "created t JOIN input i ON i.id = t.id",
        "(SELECT json_agg(e.record ORDER BY e.place) FROM shown e)",
        "i.place",
    )
    return (
        f"WITH {current(model)}, {ACTOR},"
        f" input AS MATERIALIZED (SELECT * FROM ROWS FROM (json_to_recordset($4::json)"
        f" AS ({_typed(object_type, plan.columns)})) WITH ORDINALITY AS r({_names(plan.columns)}, place)),"
        f" created AS (INSERT INTO {name} ({_names(values)}) SELECT {', '.join(values.values())}"
        f" FROM input i, actor a, allowed ORDER BY i.place RETURNING *),"
        f" shown AS MATERIALIZED (SELECT i.place, t.id, {stored(model, object_type, 't')} AS record"
        f" FROM created t JOIN input i ON i.id = t.id),"
        f" events AS ({event(model, object_type, 'created', 'shown e ORDER BY e.place', after='e.record')})"
        f" SELECT s.model, s.access, {shown} AS records"
        f"{kept(model, object_type, plan.columns, 'created', 'created t')} FROM {table(model, '_state')} s"
    )


def _names(columns: Iterable[str]) -> str:
    return ", ".join(q(column) for column in columns)


def target(model: Model, object_type: ObjectType, where: Filter, limit: int) -> str:
    """The CTEs `target` (the records found, locked, one more than the limit) and `allowed`."""
    scope = Scope(model, object_type, "t")
    found = condition(scope, where)
    rule = row_rule(model, object_type, "t")
    # A sub-select in its place would be locked as a whole.
    found = found if rule is None else f"({found}) AND {rule}"
    return (
        f"target AS MATERIALIZED (SELECT t.* FROM {table(model, object_type.table)} t{scope.joins} WHERE {found}"
        f" ORDER BY t.id LIMIT {limit + 1} FOR UPDATE OF t),"
        f" {current(model, f'(SELECT count(*) FROM target) <= {limit}')}"
    )


def update(model: Model, plan: Update) -> str:
    """Columns: model, access, matched, records (by id)."""
    object_type = model.by_singular[plan.object]
    values = {c: f"c.{q(c)}" for c in plan.columns if c not in PLACES}
    if len(values) < len(plan.columns):
        values["position"] = place_expression(model, object_type, plan.columns, "c")
    fields = _fields_of(object_type, values)
    values.setdefault("updatedAt", "now()")
    values |= actor_values("updatedBy")
    typed = _typed(object_type, plan.columns) or '"#" text'
    change = f", change AS (SELECT * FROM json_to_record($4::json) AS c({typed}))"
    return _changing(
        model,
        object_type,
        plan.selection,
        before=f"WITH {ACTOR}, {target(model, object_type, plan.filter, plan.limit)}{change}",
        values=values,
        source="target o, actor a, change c, allowed",
        operation="updated",
        fields=fields,
        columns=plan.columns,
    )


def soft_delete(model: Model, plan: SoftDelete) -> str:
    """Columns: model, access, matched, records (by id)."""
    return _set_deleted_at(model, plan, "now()", "deleted")


def restore(model: Model, plan: Restore) -> str:
    """Columns: model, access, matched, records (by id)."""
    return _set_deleted_at(model, plan, "NULL", "restored")


def _set_deleted_at(model: Model, plan: SoftDelete | Restore, value: str, operation: str) -> str:
    object_type = model.by_singular[plan.object]
    return _changing(
        model,
        object_type,
        plan.selection,
        before=f"WITH {target(model, object_type, plan.filter, plan.limit)}",
        values={"deletedAt": value, "updatedAt": "now()"},
        source="target o, allowed",
        operation=operation,
        fields=[object_type.field_by_name["deletedAt"]],
        columns=() if operation == "restored" else None,
        along=_carried(model, object_type, value, operation),
    )


CARRIED = {"note": "noteTargets", "task": "taskTargets"}
"""The lists whose records are soft-deleted and restored along with the one that they belong to."""


def _carried(model: Model, object_type: ObjectType, value: str, operation: str) -> str:
    """CTEs for the records that go along. Those come back that went at the same time."""
    field = object_type.field_by_name.get(CARRIED.get(object_type.name_singular, ""))
    if field is None:
        return ""
    owner = model.target(field)
    name, column = table(model, owner.table), q(join_column(model.inverse(field)))
    chosen = 'x."deletedAt" IS NULL' if operation == "deleted" else 'x."deletedAt" = o."deletedAt"'
    events = event(
        model,
        owner,
        operation,
        "followed e JOIN carried o ON o.id = e.id ORDER BY e.id",
        before=stored(model, owner, "o"),
        after=stored(model, owner, "e"),
        changed="ARRAY['deletedAt']",
    )
    return (
        f", carried AS MATERIALIZED (SELECT x.* FROM {name} x JOIN changed t ON x.{column} = t.id"
        f" JOIN target o ON o.id = t.id WHERE {chosen} ORDER BY x.id FOR UPDATE OF x),"
        f' followed AS (UPDATE {name} x SET "deletedAt" = {value}, "updatedAt" = now()'
        f" FROM carried o WHERE x.id = o.id RETURNING x.*), followed_events AS ({events})"
    )


def _changing(
    model: Model,
    object_type: ObjectType,
    selection: Selection,
    *,
    before: str,
    values: dict[str, str],
    source: str,
    operation: str,
    fields: list[Field],
    columns: tuple[str, ...] | None,
    along: str = "",
) -> str:
    """`columns` are those that were given values; None where it does not matter whether the rows still exist after."""
    name = table(model, object_type.table)
    assignments = ", ".join(f"{q(column)} = {value}" for column, value in values.items())
    events = event(
        model,
        object_type,
        operation,
        "shown e WHERE cardinality(e.changed) > 0 ORDER BY e.id",
        before="e.old",
        after="e.record",
        changed="e.changed",
    )
    shown = answer(
        model, object_type, selection, "changed t", "(SELECT json_agg(e.record ORDER BY e.id) FROM shown e)", "t.id"
    )
    checked = ""
    if columns is not None:
        compared = "changed t JOIN target o ON o.id = t.id"
        checked = kept(model, object_type, columns, "changed", compared, lambda column: f"o.{q(column)}")
    return (
        f"{before}, changed AS (UPDATE {name} t SET {assignments} FROM {source} WHERE t.id = o.id RETURNING t.*),"
        f" shown AS MATERIALIZED (SELECT t.id, {stored(model, object_type, 't')} AS record,"
        f" {stored(model, object_type, 'o')} AS old, {changed_fields(fields, 'o', 't')} AS changed"
        f" FROM changed t JOIN target o ON o.id = t.id), events AS ({events}){along}"
        f" SELECT s.model, s.access, (SELECT count(*) FROM target) AS matched, {shown} AS records{checked}"
        f" FROM {table(model, '_state')} s"
    )


def upsert(model: Model, plan: Upsert) -> str:
    """Columns: model, access, ambiguous (places of records that match several), records.

    Rows are matched by any unique key, soft-deleted records included. Several rows that match one record are applied
    in their order. A match is changed and restored, the rest is created; the answer is in the order of the input.
    """
    object_type = model.by_singular[plan.object]
    name = table(model, object_type.table)
    settable = [c for c in plan.columns if c not in PLACES and c != "id" and not c.startswith("createdBy")]
    changes = {c: f"n.{q(c)}" for c in settable}
    changes.setdefault("updatedAt", "now()")
    changes["deletedAt"] = "NULL"
    changes |= actor_values("updatedBy")
    values = {c: f"p.{q(c)}" for c in plan.columns if c not in PLACES}
    there = rows(model, object_type, "b")
    values["position"] = (
        "coalesce((i.doc ->> 'position')::float8, (SELECT coalesce(max(\"position\"), 0)"
        f" FROM {there}) + (i.doc ->> '#last')::float8, (SELECT coalesce(min(\"position\"), 1) FROM {there})"
        " + row_number() OVER (ORDER BY i.place) - count(*) OVER () - 1)"
    )
    if "createdBySource" not in plan.columns:
        values |= actor_values("createdBy")
    values |= actor_values("updatedBy")
    keys = [key for key in object_type.unique_keys if all(leaf.column in plan.columns for leaf in key)]
    matches = " UNION ".join(
        f"SELECT i.place, t.id FROM input i JOIN {rows(model, object_type, 't')} ON "
        + " AND ".join(f"t.{q(leaf.column)} = i.{q(leaf.column)}" for leaf in key)
        for key in keys
    )
    # Two batches that create the same records at once would wait for each other, if each went its own way.
    order = ", ".join([*(f"p.{q(leaf.column)}" for key in keys for leaf in key), "i.place"])
    nothing = "SELECT 0 AS place, NULL::uuid AS id WHERE FALSE"
    fields = _fields_of(object_type, [*settable, "deletedAt"])
    created = event(model, object_type, "created", "shown e WHERE e.old IS NULL ORDER BY e.place", after="e.record")
    updated = event(
        model,
        object_type,
        "updated",
        "shown e WHERE e.old IS NOT NULL AND cardinality(e.changed) > 0 ORDER BY e.place",
        before="e.old",
        after="e.record",
        changed="e.changed",
    )
    shown = answer(
        model,
        object_type,
        plan.selection,
        "written t",
        "(SELECT json_agg(e.record ORDER BY e.place) FROM shown e)",
        "t.place",
    )
    row = stored(model, object_type, "t")
    checked = kept(
        model,
        object_type,
        plan.columns,
        "written",
        "written t LEFT JOIN old o ON o.id = t.id",
        lambda column: f"(o.row).{q(column)}",
    )
    return (
        f"WITH {ACTOR}, input AS MATERIALIZED (SELECT e.place, e.doc, p.* FROM jsonb_array_elements($4::json::jsonb)"
        f" WITH ORDINALITY AS e(doc, place), LATERAL jsonb_populate_record(NULL::{name}, e.doc) p),"
        f" chosen AS MATERIALIZED (SELECT m.place, min(m.id::text)::uuid AS id, count(*) AS matches"
        f" FROM ({matches or nothing}) m GROUP BY m.place),"
        f" {current(model, 'NOT EXISTS (SELECT FROM chosen c WHERE c.matches > 1)')},"
        f" old AS MATERIALIZED (SELECT t.id, t AS row FROM {name} t, allowed"
        f" WHERE t.id IN (SELECT c.id FROM chosen c) ORDER BY t.id FOR UPDATE OF t),"
        f" merged AS (SELECT c.id, min(c.place) AS place, jsonb_object_agg(d.key, d.value ORDER BY c.place)"
        f" FILTER (WHERE d.key IS NOT NULL) AS doc"
        f" FROM chosen c JOIN input i ON i.place = c.place LEFT JOIN LATERAL jsonb_each(i.doc) d ON TRUE"
        f" GROUP BY c.id),"
        f' changing AS MATERIALIZED (SELECT o.id AS "#", m.place, o.row, n.* FROM old o JOIN merged m ON m.id = o.id,'
        f" LATERAL jsonb_populate_record(o.row, coalesce(m.doc, '{{}}')) n),"
        f" changed AS (UPDATE {name} t SET {', '.join(f'{q(c)} = {v}' for c, v in changes.items())}"
        f' FROM changing n, actor a WHERE t.id = n."#" RETURNING t.*),'
        f" fresh AS MATERIALIZED (SELECT i.place, i.doc, $5::json::jsonb || i.doc AS whole,"
        f" coalesce(i.id, gen_random_uuid()) AS id FROM input i, allowed"
        # A record that was destroyed after it was chosen is created anew.
        f" WHERE NOT EXISTS (SELECT FROM chosen c JOIN old o ON o.id = c.id WHERE c.place = i.place)),"
        f" created AS (INSERT INTO {name} ({_names(['id', *(c for c in values if c != 'id')])})"
        f" SELECT i.id, {', '.join(v for c, v in values.items() if c != 'id')}"
        f" FROM fresh i CROSS JOIN LATERAL jsonb_populate_record(NULL::{name}, i.whole) p CROSS JOIN actor a"
        f" ORDER BY {order} RETURNING *),"
        f' written AS MATERIALIZED (SELECT n.place, t.* FROM changed t JOIN changing n ON n."#" = t.id'
        f" UNION ALL SELECT i.place, t.* FROM created t JOIN fresh i ON i.id = t.id),"
        f" shown AS MATERIALIZED (SELECT t.place, t.id, {row} AS record, o.old, o.changed FROM written t"
        f" LEFT JOIN LATERAL (SELECT {stored(model, object_type, 'x')} AS old,"
        f" {changed_fields(fields, 'x', 't')} AS changed FROM old b, LATERAL (SELECT (b.row).*) x WHERE b.id = t.id)"
        f" o ON TRUE), created_events AS ({created}), updated_events AS ({updated})"
        f" SELECT s.model, s.access, (SELECT array_agg(c.place ORDER BY c.place) FROM chosen c WHERE c.matches > 1)"
        f" AS ambiguous, {shown} AS records{checked} FROM {table(model, '_state')} s"
    )
