"""SQL that gives the data model its tables and columns.

Every function is pure and returns statements, in the order to run, with unqualified quoted names: run them in one
transaction after `SET LOCAL search_path` to the workspace's schema. None of them takes parameters, so that the
statements of a change can be joined by `;` and sent at once.

Adding a field never rewrites nor reads the table, unless each record must have an id of its own in it. Constraints
on existing tables are added NOT VALID: they hold for every write from then on, and what is there already satisfies
them. `validate_field` has the database confirm that, in a transaction of its own that blocks nobody.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from threescore.catalog import search_words
from threescore.catalog.names import belonging
from threescore.catalog.search_words import is_volatile
from threescore.model.fields.base import Leaf
from threescore.model.objects import Field, Index, Model, ObjectType, index_leaves
from threescore.sql import quote_identifier, quote_literal

_ON_DELETE: Mapping[Any, str] = {"CASCADE": "CASCADE", "SET_NULL": "SET NULL"}


def create_workspace_tables() -> list[str]:
    """The workspace's own tables.

    `_state` with its one row, the logs `_event` and `_audit`, `_forgotten`, `_idempotency`, those of the webhooks.
    """
    return [
        'CREATE TABLE "_state" ("one" boolean PRIMARY KEY DEFAULT true CHECK ("one"), '
        '"model" bigint NOT NULL, "access" bigint NOT NULL)',
        'INSERT INTO "_state" ("model", "access") VALUES (1, 1)',
        'CREATE TABLE "_event" ('
        '"id" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, '
        '"transaction" xid8 NOT NULL DEFAULT pg_current_xact_id(), '
        '"at" timestamptz(3) NOT NULL DEFAULT now(), '
        '"object_id" uuid NOT NULL, '
        '"object" text NOT NULL, '
        '"record_id" uuid NOT NULL, '
        "\"operation\" text NOT NULL CHECK (\"operation\" IN ('created','updated','deleted','restored','destroyed')), "
        '"before" json, '
        '"after" json, '
        "\"changed\" text[] NOT NULL DEFAULT '{}', "
        '"actor" json)',
        # How far events were removed: the highest id and transaction among them. No row while none was.
        'CREATE TABLE "_forgotten" ("one" boolean PRIMARY KEY DEFAULT true CHECK ("one"), '
        '"id" bigint NOT NULL, "transaction" xid8 NOT NULL)',
        # Answers to requests with an Idempotency-Key. Caller: the API key or membership.
        'CREATE TABLE "_idempotency" ("caller" uuid NOT NULL, "key" text NOT NULL, "request" bytea NOT NULL, '
        '"status" smallint NOT NULL, "body" bytea NOT NULL, "at" timestamptz NOT NULL DEFAULT now(), '
        'PRIMARY KEY ("caller", "key"))',
        'CREATE INDEX "_idempotency_at" ON "_idempotency" ("at")',
        'CREATE TABLE "_audit" ("id" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, '
        '"at" timestamptz(3) NOT NULL DEFAULT now(), "actor" json, "action" text NOT NULL, "subject_id" uuid NOT NULL, '
        '"subject_name" text NOT NULL, "before" json, "after" json, "address" text, "user_agent" text)',
        'CREATE INDEX "_audit_at" ON "_audit" ("at")',
        # Who reads the log finds by it what has been committed since; see events/log.py.
        'CREATE INDEX "_event_transaction" ON "_event" ("transaction", "id")',
        # The history of a record.
        'CREATE INDEX "_event_record" ON "_event" ("record_id", "id")',
        *_webhook_tables(),
    ]


def _webhook_tables() -> list[str]:
    """`_webhook`; `_dispatch`, how far the event log was read for them; `_delivery`, their queue and its log."""
    return [
        'CREATE TABLE "_webhook" ('
        '"id" uuid PRIMARY KEY, '
        '"target_url" text NOT NULL, '
        '"operations" text[] NOT NULL, '
        '"description" text, '
        # The secrets and the header of the caller's own, encrypted.
        '"sealed" bytea NOT NULL, '
        '"previous_secret_until" timestamptz(3), '
        '"updated_fields" text[], '
        '"filter" json, '
        '"is_paused" boolean NOT NULL DEFAULT false, '
        # What was committed before is none of the webhook's business.
        '"since" pg_snapshot NOT NULL DEFAULT pg_current_snapshot(), '
        '"failing_since" timestamptz(3), '
        '"hold_until" timestamptz(3), '
        '"switched_off_at" timestamptz(3), '
        '"switched_off_reason" text, '
        '"created_at" timestamptz(3) NOT NULL DEFAULT now(), '
        '"updated_at" timestamptz(3) NOT NULL DEFAULT now())',
        'CREATE TABLE "_dispatch" ('
        '"one" boolean PRIMARY KEY DEFAULT true CHECK ("one"), '
        '"since" pg_snapshot NOT NULL DEFAULT pg_current_snapshot(), '
        '"until" pg_snapshot, '
        '"next" bigint NOT NULL DEFAULT 0, '
        # Moved on by every change of a webhook.
        '"version" bigint NOT NULL DEFAULT 1)',
        'INSERT INTO "_dispatch" DEFAULT VALUES',
        'CREATE TABLE "_delivery" ('
        '"id" uuid PRIMARY KEY, '
        '"event_id" bigint NOT NULL, '
        '"webhook_id" uuid NOT NULL, '
        '"record_id" uuid, '
        '"event_name" text NOT NULL, '
        "\"status\" text NOT NULL DEFAULT 'pending' CHECK (\"status\" IN ('pending','succeeded','failed')), "
        '"attempts" integer NOT NULL DEFAULT 0, '
        '"tries" integer NOT NULL DEFAULT 0, '
        '"next_attempt_at" timestamptz, '
        '"claim" uuid, '
        '"body" json, '
        '"response_status" integer, '
        '"error" text, '
        '"duration" integer, '
        "\"log\" jsonb NOT NULL DEFAULT '[]', "
        '"created_at" timestamptz(3) NOT NULL DEFAULT now(), '
        '"completed_at" timestamptz(3))'
        # It is a queue: what is done must leave the indexes of what is pending soon.
        " WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05)",
        'CREATE INDEX "_delivery_webhook" ON "_delivery" ("webhook_id", "id")',
        # With a condition that no statement fulfils but those about what is due. The planner would read it as a whole
        # to find what is pending of a record, where next to nothing was pending when statistics were taken.
        'CREATE INDEX "_delivery_due" ON "_delivery" ("webhook_id", "next_attempt_at", "event_id")'
        ' WHERE "status" = \'pending\' AND "next_attempt_at" IS NOT NULL',
        'CREATE INDEX "_delivery_record" ON "_delivery" ("record_id", "event_id") WHERE "status" = \'pending\'',
        'CREATE INDEX "_delivery_failed" ON "_delivery" ("id") WHERE "status" = \'failed\'',
    ]


def create_model(model: Model) -> list[str]:
    """Every table of a new model with its indexes and foreign keys.

    A foreign key comes with its table where the other table is there already: of a table that it makes itself,
    PostgreSQL knows that no row is at odds with the key, and runs no query, which takes longer than all the rest.
    """
    statements: list[str] = []
    later: list[str] = []
    made: set[UUID] = set()
    for object_type in _targets_first(model):
        made.add(object_type.id)
        fields = object_type.fields
        there = [field for field in fields if field.target_object_id in made]
        statements.extend(_table(object_type, _foreign_keys(model, there)))
        keys = _foreign_keys(model, (field for field in fields if field.target_object_id not in made))
        later.extend(f"ALTER TABLE {quote_identifier(object_type.table)} ADD {key}" for key in keys)
    return statements + later


def _targets_first(model: Model) -> list[ObjectType]:
    """All objects, each after those that its relations lead to, unless these lead back to it."""
    begun: set[UUID] = set()
    ordered: list[ObjectType] = []

    def visit(object_type: ObjectType) -> None:
        if object_type.id not in begun:
            begun.add(object_type.id)
            for field in object_type.fields:
                if field.is_many_to_one:
                    visit(model.target(field))
            ordered.append(object_type)

    for object_type in model.objects:
        visit(object_type)
    return ordered


def create_table(model: Model, object_type: ObjectType) -> list[str]:
    """The table of one new object with its indexes and foreign keys. The tables it refers to exist, or are itself.

    Columns that its relations add to other tables are not part of it: see `add_field`.
    """
    return _table(object_type, _foreign_keys(model, object_type.fields))


def drop_table(object_type: ObjectType) -> list[str]:
    """Drops the object's table with its records and indexes.

    The join columns of other tables that refer to it stay; they lose their foreign key. Drop those fields before.
    """
    return [f"DROP TABLE {quote_identifier(object_type.table)} CASCADE", *search_words.drop_function(object_type)]


def rename_table(old: ObjectType, new: ObjectType) -> list[str]:
    """Gives the table its new name, if it changed. Indexes keep theirs: see `rename_index`."""
    if old.table == new.table:
        return []
    return [
        f"ALTER TABLE {quote_identifier(old.table)} RENAME TO {quote_identifier(new.table)}",
        *search_words.rename_function(old, new),
    ]


def add_field(model: Model, object_type: ObjectType, field: Field) -> list[str]:
    """Adds a field's columns to a table that may be large and in use; nothing for the one-to-many side of a relation.

    `model` is the one after the change: it has the target of a relation. Neither indexes (`create_index`) nor the
    words of a searchable field (`search_words`) are part of it. Existing rows get the default value, or NULL where
    each new row shall have another (`uuid`); `fill_field` is for those that take no NULL.
    """
    table = quote_identifier(object_type.table)
    if not field.leaves:
        return []
    parts: list[str] = []
    for leaf in field.leaves:
        if is_volatile(leaf):
            parts.append(f"ADD COLUMN {quote_identifier(leaf.column)} {leaf.type.column_type(leaf)}")
        else:
            parts.append(f"ADD COLUMN {_column(leaf)}")
    parts.extend(f"ADD {check} NOT VALID" for check in _checks(field))
    parts.extend(f"ADD {key} NOT VALID" for key in _foreign_keys(model, (field,)))
    return [
        f"ALTER TABLE {table} {', '.join(parts)}",
        *(change_default(object_type, field) if any(map(is_volatile, field.leaves)) else ()),
    ]


def fill_field(object_type: ObjectType, field: Field) -> list[str]:
    """Gives each existing row its own value in a new field of ids that takes no NULL. Writes every row anew."""
    table = quote_identifier(object_type.table)
    statements: list[str] = []
    for leaf in filter(is_volatile, field.leaves):
        if leaf.type.column_required(leaf):
            column = quote_identifier(leaf.column)
            statements.append(f"UPDATE {table} SET {column} = {leaf.type.column_default(leaf)}")
            statements.append(f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL")
    return statements


def validate_field(object_type: ObjectType, field: Field) -> list[str]:
    """Confirms a field's constraints after they were added or changed.

    Reads the whole table while others read and write it. To be run in a later transaction than the change itself,
    whose locks would otherwise be held that long. Without it the constraints work just the same.
    """
    kinds = [(leaf, "check") for leaf in field.leaves if _check(leaf)]
    kinds += [(leaf, "fkey") for leaf in field.leaves if field.is_many_to_one]
    return [
        f"ALTER TABLE {quote_identifier(object_type.table)} VALIDATE CONSTRAINT {belonging(leaf.column, kind)}"
        for leaf, kind in kinds
    ]


def drop_field(object_type: ObjectType, field: Field) -> list[str]:
    """Drops a field's columns with every index over them. Its words are kept no more (`search_words.keep`)."""
    if not field.leaves:
        return []
    drops = ", ".join(f"DROP COLUMN {quote_identifier(leaf.column)}" for leaf in field.leaves)
    return [f"ALTER TABLE {quote_identifier(object_type.table)} {drops}"]


def rename_field(object_type: ObjectType, old: Field, new: Field) -> list[str]:
    """Gives a field's columns, and the constraints named after them, their new names."""
    table = quote_identifier(object_type.table)
    statements: list[str] = []
    for leaf in old.leaves:
        column = new.leaf_by_sub_field[leaf.sub_field].column
        if column == leaf.column:
            continue
        statements.append(
            f"ALTER TABLE {table} RENAME COLUMN {quote_identifier(leaf.column)} TO {quote_identifier(column)}"
        )
        kinds = ["check"] if _check(leaf) else []
        kinds += ["fkey"] if old.is_many_to_one else []
        statements.extend(
            f"ALTER TABLE {table} RENAME CONSTRAINT {belonging(leaf.column, kind)} TO {belonging(column, kind)}"
            for kind in kinds
        )
    return statements


def change_options(object_type: ObjectType, old: Field, new: Field) -> list[str]:
    """Lets records have the new options, and no others.

    Options are the same option where their id is the same, else where their value is. Records that have an option
    which is gone get the field's default value, or NULL (a list of options: lose it). `new` has the old name, or
    its columns are renamed already.
    """
    table = quote_identifier(object_type.table)
    statements: list[str] = []
    for leaf in new.leaves:
        check = _check(leaf)
        if check:
            statements.append(f"ALTER TABLE {table} DROP CONSTRAINT {belonging(leaf.column, 'check')}")
            statements.extend(_replace_options(table, leaf, _moved_options(old, new)))
            statements.append(f"ALTER TABLE {table} ADD {check} NOT VALID")
    return statements


def change_default(object_type: ObjectType, field: Field) -> list[str]:
    """Gives a field's columns their defaults anew. Existing records keep their values."""
    actions = []
    for leaf in field.leaves:
        default = leaf.type.column_default(leaf)
        action = "DROP DEFAULT" if default is None else f"SET DEFAULT {default}"
        actions.append(f"ALTER COLUMN {quote_identifier(leaf.column)} {action}")
    return [f"ALTER TABLE {quote_identifier(object_type.table)} {', '.join(actions)}"] if actions else []


def change_nullable(object_type: ObjectType, field: Field) -> list[str]:
    """Lets a field be empty, or not, as `field.is_nullable` says. Fails in the database when empty values exist."""
    actions = [
        f"ALTER COLUMN {quote_identifier(leaf.column)} {'SET' if leaf.type.column_required(leaf) else 'DROP'} NOT NULL"
        for leaf in field.leaves
        if leaf.sub_field is None
    ]
    return [f"ALTER TABLE {quote_identifier(object_type.table)} {', '.join(actions)}"] if actions else []


def change_type(object_type: ObjectType, old: Field, new: Field) -> list[str]:
    """Changes the type of the columns whose type depends on settings that changed. Rewrites the table if any did.

    Values that the new type cannot hold whole are rounded, as a cast does; those out of its range make it fail.
    """
    actions = []
    for leaf in new.leaves:
        before, after = old.leaf_by_sub_field[leaf.sub_field], leaf.type.column_type(leaf)
        if before.type.column_type(before) != after:
            column = quote_identifier(leaf.column)
            actions.append(f"ALTER COLUMN {column} DROP DEFAULT")
            actions.append(f"ALTER COLUMN {column} TYPE {after} USING {column}::{after}")
    if not actions:
        return []
    return [
        f"ALTER TABLE {quote_identifier(object_type.table)} {', '.join(actions)}",
        *change_default(object_type, new),
    ]


def create_index(object_type: ObjectType, index: Index, *, is_of_new_column: bool = False) -> list[str]:
    """Builds an index. Blocks writers of the table, not readers, for as long as it takes.

    Readers wait, too, where its column was added in the same transaction. Such a column is empty as a rule, and its
    index leaves empty values out: sorting a million of them takes several times as long as passing over them.
    """
    unique = "UNIQUE " if index.is_unique else ""
    columns = [quote_identifier(leaf.column) for leaf in index_leaves(object_type, index)]
    conditions = [index.where] if index.where else []
    if is_of_new_column and len(columns) == 1:
        conditions.append(f"{columns[0]} IS NOT NULL")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return [
        f"CREATE {unique}INDEX {quote_identifier(index.name)} ON {quote_identifier(object_type.table)}"
        f" USING {index.type} ({', '.join(columns)}){where}"
    ]


def drop_index(index: Index) -> list[str]:
    """Drops an index, if it is still there: the last of its columns may have taken it along."""
    return [f"DROP INDEX IF EXISTS {quote_identifier(index.name)}"]


def rename_index(old: Index, new: Index) -> list[str]:
    """Gives an index its new name, if it changed."""
    if old.name == new.name:
        return []
    return [f"ALTER INDEX {quote_identifier(old.name)} RENAME TO {quote_identifier(new.name)}"]


def _table(object_type: ObjectType, foreign_keys: Iterable[str]) -> list[str]:
    parts = [_column(leaf) for field in object_type.fields for leaf in field.leaves]
    parts.append('PRIMARY KEY ("id")')
    parts.extend(check for field in object_type.fields for check in _checks(field))
    parts.extend(foreign_keys)
    return [
        f"CREATE TABLE {quote_identifier(object_type.table)} ({', '.join(parts)})",
        *(sql for index in object_type.indexes for sql in create_index(object_type, index)),
        *search_words.keep(object_type),
    ]


def _column(leaf: Leaf) -> str:
    """A column as CREATE TABLE and ADD COLUMN take it, without its CHECK."""
    sql = f"{quote_identifier(leaf.column)} {leaf.type.column_type(leaf)}"
    default = leaf.type.column_default(leaf)
    if default is not None:
        sql += f" DEFAULT {default}"
    return sql + (" NOT NULL" if leaf.type.column_required(leaf) else "")


def _checks(field: Field) -> Iterator[str]:
    return filter(None, (_check(leaf) for leaf in field.leaves))


def _check(leaf: Leaf) -> str | None:
    condition = leaf.type.column_check(leaf, quote_identifier(leaf.column))
    return f"CONSTRAINT {belonging(leaf.column, 'check')} CHECK ({condition})" if condition else None


def _foreign_keys(model: Model, fields: Iterable[Field]) -> Iterator[str]:
    for field in fields:
        if not field.is_many_to_one:
            continue
        action = _ON_DELETE[(field.settings or {}).get("onDelete") or "SET_NULL"]
        column = field.leaf.column
        yield (
            f"CONSTRAINT {belonging(column, 'fkey')} FOREIGN KEY ({quote_identifier(column)})"
            f' REFERENCES {quote_identifier(model.target(field).table)} ("id") ON DELETE {action}'
        )


def _moved_options(old: Field, new: Field) -> dict[str, str | None]:
    """What becomes of the old option values that do not stay as they are: their new value, or None."""
    by_id = {option.id: option.value for option in new.options or ()}
    values = set(by_id.values())
    moved: dict[str, str | None] = {}
    for option in old.options or ():
        value = by_id.get(option.id, option.value if option.value in values else None)
        if value != option.value:
            moved[option.value] = value
    return moved


def _replace_options(table: str, leaf: Leaf, moved: Mapping[str, str | None]) -> list[str]:
    if not moved:
        return []
    column = quote_identifier(leaf.column)
    gone = "ARRAY[" + ", ".join(quote_literal(value) for value in moved) + "]"
    cases = " ".join(
        f"WHEN {quote_literal(value)} THEN {'NULL' if target is None else quote_literal(target)}"
        for value, target in moved.items()
    )
    default = leaf.type.column_default(leaf) or "NULL"
    if leaf.type.column_type(leaf).endswith("[]"):
        kept = f"CASE value {cases} ELSE value END"
        return [
            f"UPDATE {table} SET {column} = coalesce((SELECT array_agg(kept ORDER BY place) FROM"
            f" (SELECT {kept} AS kept, place FROM unnest({column}) WITH ORDINALITY AS part (value, place)) AS parts"
            f" WHERE kept IS NOT NULL), {default}) WHERE {column} && {gone}"
        ]
    return [
        f"UPDATE {table} SET {column} = coalesce(CASE {column} {cases} END, {default}) WHERE {column} = ANY ({gone})"
    ]
