"""What happens to records that refer to records which are destroyed."""

from threescore.model.objects import Field, Model, ObjectType
from threescore.query.compile.scope import Projection, join_column, q, table
from threescore.query.compile.write import changed_fields, current, event, stored, target
from threescore.query.plan import Absorb, Destroy


def destroy(model: Model, plan: Destroy) -> str:
    """Columns: model, access, matched, records (by id, as they were).

    What hangs on a destroyed record is destroyed with it, or let go, as the relation's `onDelete` says. That is done
    here, with an event for each record, rather than left to the foreign keys, which would do it silently.
    """
    object_type = model.by_singular[plan.object]
    columns, joins = Projection(model).record(object_type, plan.selection, "t")
    return (
        f"WITH {target(model, object_type, plan.filter, plan.limit)},"
        f" gone AS MATERIALIZED (SELECT t.* FROM target t, allowed),"
        f" {', '.join(letting_go(model, object_type, 'gone'))}"
        f" SELECT s.model, s.access, (SELECT count(*) FROM target) AS matched,"
        f" (SELECT json_agg(row_to_json(j)) FROM (SELECT {columns} FROM gone t{joins} ORDER BY t.id) j) AS records"
        f" FROM {table(model, '_state')} s"
    )


def letting_go(model: Model, root: ObjectType, gone: str) -> list[str]:
    """CTEs that delete the rows of `gone` (a CTE of the object's rows) and settle all that refers to them.

    CASCADE relations delete further, in an order in which every table comes after those it hangs on; a cycle of such
    relations is cut where it closes, and left to the foreign keys.
    """
    order = _cascade_order(model, root)
    places = {o.name_singular: place for place, o in enumerate(order)}
    names = {name: f"gone_{place}" if place else gone for name, place in places.items()}
    ctes: list[str] = []
    freed: dict[str, tuple[ObjectType, list[tuple[Field, str]]]] = {}
    doomed: dict[str, list[tuple[Field, str]]] = {}
    for parent in order:
        source = names[parent.name_singular]
        if parent is not root:
            ctes.append(_gone(model, parent, doomed[parent.name_singular], source))
        ctes.append(
            f"deleted_{source} AS (DELETE FROM {table(model, parent.table)} t USING {source} o WHERE t.id = o.id)"
        )
        ctes.append(
            f"destroyed_{source} AS ("
            + event(model, parent, "destroyed", f"{source} e ORDER BY e.id", before=stored(model, parent, "e"))
            + ")"
        )
        for child, field in model.references_to(parent):
            if _cascades(field) and places[child.name_singular] > places[parent.name_singular]:
                doomed.setdefault(child.name_singular, []).append((field, source))
            elif _on_delete(field) == "SET_NULL":
                freed.setdefault(child.name_singular, (child, []))[1].append((field, source))
    for place, (child, fields) in enumerate(freed.values()):
        ctes.extend(_freed(model, child, fields, names.get(child.name_singular), place))
    return ctes


def _on_delete(field: Field) -> str:
    return str((field.settings or {}).get("onDelete") or "SET_NULL")


def _cascades(field: Field) -> bool:
    return _on_delete(field) == "CASCADE"


def _cascade_order(model: Model, root: ObjectType) -> list[ObjectType]:
    """The objects that CASCADE relations reach, each after the objects it hangs on (reverse postorder)."""
    seen: set[str] = set()
    finished: list[ObjectType] = []

    def visit(object_type: ObjectType) -> None:
        seen.add(object_type.name_singular)
        for child, field in model.references_to(object_type):
            if _cascades(field) and child.name_singular not in seen:
                visit(child)
        finished.append(object_type)

    visit(root)
    return finished[::-1]


def _refers(alias: str, fields: list[tuple[Field, str]]) -> str:
    return " OR ".join(f"{alias}.{q(join_column(field))} IN (SELECT p.id FROM {source} p)" for field, source in fields)


def _referring(name: str, fields: list[tuple[Field, str]]) -> str:
    """A condition that finds the referring rows through the indexes of their join columns, which an OR would not."""
    if len(fields) == 1:
        return _refers("t", fields)
    found = " UNION ".join(f"SELECT r.id FROM {name} r WHERE {_refers('r', [pair])}" for pair in fields)
    return f"t.id IN ({found})"


def _gone(model: Model, object_type: ObjectType, fields: list[tuple[Field, str]], name: str) -> str:
    rows = table(model, object_type.table)
    return f"{name} AS MATERIALIZED (SELECT t.* FROM {rows} t WHERE {_referring(rows, fields)} FOR UPDATE OF t)"


def _freed(
    model: Model, object_type: ObjectType, fields: list[tuple[Field, str]], gone: str | None, place: int
) -> list[str]:
    """CTEs that clear the join columns of rows which stay."""
    by_column: dict[str, list[tuple[Field, str]]] = {}
    for field, source in fields:
        by_column.setdefault(join_column(field), []).append((field, source))
    assignments = ", ".join(
        f"{q(column)} = CASE WHEN {_refers('t', pairs)} THEN NULL ELSE t.{q(column)} END"
        for column, pairs in by_column.items()
    )
    staying = f" AND NOT EXISTS (SELECT FROM {gone} g WHERE g.id = t.id)" if gone else ""
    name = table(model, object_type.table)
    unique = list({field.id: field for field, _ in fields}.values())
    return [
        f"held_{place} AS MATERIALIZED (SELECT t.* FROM {name} t"
        f" WHERE {_referring(name, fields)}{staying} FOR UPDATE OF t)",
        f"freed_{place} AS (UPDATE {name} t SET {assignments} FROM held_{place} o WHERE t.id = o.id RETURNING t.*)",
        f"let_go_{place} AS ("
        + event(
            model,
            object_type,
            "updated",
            f"freed_{place} e JOIN held_{place} o ON o.id = e.id ORDER BY e.id",
            before=stored(model, object_type, "o"),
            after=stored(model, object_type, "e"),
            changed=changed_fields(unique, "o", "e"),
        )
        + ")",
    ]


def absorb(model: Model, plan: Absorb) -> str:
    """Columns: model, access, gone (how many records were absorbed).

    Whatever refers to an absorbed record refers to the survivor afterwards. A row of a junction object that would then
    say the same as another one is destroyed instead.
    """
    object_type = model.by_singular[plan.object]
    name = table(model, object_type.table)
    by_owner: dict[str, list[Field]] = {}
    for owner, field in model.references_to(object_type):
        by_owner.setdefault(owner.name_singular, []).append(field)
    ctes = [
        current(model),
        f"gone AS MATERIALIZED (SELECT t.* FROM {name} t, allowed WHERE t.id = ANY($5::uuid[]) FOR UPDATE OF t)",
        f"deleted AS (DELETE FROM {name} t USING gone o WHERE t.id = o.id)",
        "destroyed AS ("
        + event(model, object_type, "destroyed", "gone e ORDER BY e.id", before=stored(model, object_type, "e"))
        + ")",
    ]
    for place, (name_singular, fields) in enumerate(by_owner.items()):
        owner = model.by_singular[name_singular]
        ctes.extend(_moved(model, owner, fields, place, itself=owner is object_type))
    return (
        f"WITH {', '.join(ctes)} SELECT s.model, s.access, (SELECT count(*) FROM gone) AS gone"
        f" FROM {table(model, '_state')} s"
    )


def _moved(model: Model, owner: ObjectType, fields: list[Field], place: int, *, itself: bool) -> list[str]:
    """CTEs that re-point one table's join columns from the absorbed records to the survivor."""
    name = table(model, owner.table)
    columns = [join_column(field) for field in fields]
    refers = " OR ".join(f"t.{q(column)} = ANY($5::uuid[])" for column in columns)
    others = " AND t.id <> ALL($5::uuid[]) AND t.id <> $4::uuid" if itself else ""

    def after(alias: str, column: str) -> str:
        value = f"{alias}.{q(column)}"
        return f"CASE WHEN {value} = ANY($5::uuid[]) THEN $4::uuid ELSE {value} END" if column in columns else value

    ctes = [
        f"held_{place} AS MATERIALIZED (SELECT t.* FROM {name} t, allowed WHERE ({refers}){others} FOR UPDATE OF t)"
    ]
    staying = ""
    if _is_junction(owner):
        links = [join_column(field) for field in owner.fields if field.is_many_to_one]
        held = ", ".join(f"{after('t', column)} AS {q(column)}" for column in links)
        kept = ", ".join(f"t.{q(column)}" for column in links)
        own = " OR ".join(f"t.{q(column)} = $4::uuid" for column in columns)
        ctes += [
            f"twins_{place} AS MATERIALIZED (SELECT o.* FROM held_{place} o JOIN (SELECT u.id, u.moved, row_number()"
            f" OVER (PARTITION BY {', '.join(q(column) for column in links)} ORDER BY u.moved, u.id) AS n FROM ("
            f'SELECT t.id, true AS moved, {held} FROM held_{place} t WHERE t."deletedAt" IS NULL'
            f" UNION ALL SELECT t.id, false, {kept} FROM {name} t"
            f' WHERE ({own}) AND t."deletedAt" IS NULL AND NOT EXISTS (SELECT FROM held_{place} h WHERE h.id = t.id)'
            f") u) r ON r.id = o.id WHERE r.moved AND r.n > 1)",
            f"untwinned_{place} AS (DELETE FROM {name} t USING twins_{place} o WHERE t.id = o.id)",
            f"twin_events_{place} AS ("
            + event(model, owner, "destroyed", f"twins_{place} e ORDER BY e.id", before=stored(model, owner, "e"))
            + ")",
        ]
        staying = f" AND NOT EXISTS (SELECT FROM twins_{place} w WHERE w.id = o.id)"
    assignments = ", ".join(f"{q(column)} = {after('t', column)}" for column in columns)
    return [
        *ctes,
        f"moved_{place} AS (UPDATE {name} t SET {assignments} FROM held_{place} o"
        f" WHERE t.id = o.id{staying} RETURNING t.*)",
        f"move_events_{place} AS ("
        + event(
            model,
            owner,
            "updated",
            f"moved_{place} e JOIN held_{place} o ON o.id = e.id ORDER BY e.id",
            before=stored(model, owner, "o"),
            after=stored(model, owner, "e"),
            changed=changed_fields(fields, "o", "e"),
        )
        + ")",
    ]


def _is_junction(object_type: ObjectType) -> bool:
    """Whether the object only links others: it has no name of its own."""
    return object_type.label_identifier_field_id == object_type.field_by_name["id"].id
