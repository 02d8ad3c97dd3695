"""SQL that keeps the column `searchVector`: a trigger, and its function, for each table whose records have words.

The function is in the workspace's schema, `"person_searchVector"`; the trigger runs it for new rows, and for changes
of the columns that have words, whoever makes them. A change of what is searchable puts another function in the place
of the present one, which is over at once. Rows that have other words then are written anew by `refresh`, which blocks
writers of the table for as long as it takes, but not readers: let it come before whatever keeps readers out.

Every function is pure and returns statements, as those of `threescore.catalog.ddl` are.
"""

from collections.abc import Iterable, Sequence

from threescore.catalog.names import belonging
from threescore.model.fields.base import Leaf
from threescore.model.objects import Field, ObjectType
from threescore.query.search_vector import search_texts, searchable_fields, vector_of
from threescore.sql import quote_identifier, quote_literal

SEARCH_VECTOR = "searchVector"

_TRIGGER = quote_identifier(SEARCH_VECTOR)
_INLINED = "threescore.unaccent_inline"


def keep(object_type: ObjectType) -> list[str]:
    """Has the database keep the words of the fields that are searchable now; nothing where there are none.

    The table has their columns. Takes the place of what was there.
    """
    fields = _fields(object_type)
    if not fields:
        return []
    texts = search_texts(fields, lambda leaf: _new(leaf.column))
    return _trigger(object_type.table, texts, fields)


def keep_no_more(object_type: ObjectType) -> list[str]:
    """Removes the trigger, if it is still there, and the function. Readers have to wait."""
    return [
        f"DROP TRIGGER IF EXISTS {_TRIGGER} ON {quote_identifier(object_type.table)}",
        *drop_function(object_type),
    ]


def drop_function(object_type: ObjectType) -> list[str]:
    """Removes what a table's trigger leaves behind when it goes with its table."""
    return [f"DROP FUNCTION IF EXISTS {_function(object_type.table)}()"]


def rename_function(old: ObjectType, new: ObjectType) -> list[str]:
    """Lets the function's name follow that of its table."""
    if old.table == new.table or not (_fields(old) or refresh(old, new)):
        return []
    return [f"ALTER FUNCTION {_function(old.table)}() RENAME TO {_function(new.table)}"]


def refresh(before: ObjectType, after: ObjectType) -> list[str]:
    """Gives the rows that are there the words that they will have after a change, in the table as it is before it.

    Only rows are touched whose text in a field counts now and will not, or the other way round. New columns take part
    with their defaults. What runs meanwhile sees nothing of it. `keep` has to follow when the columns are there.
    """
    if SEARCH_VECTOR not in before.field_by_name or SEARCH_VECTOR not in after.field_by_name:
        return []
    table, vector = quote_identifier(before.table), quote_identifier(SEARCH_VECTOR)
    changing = search_texts(_changing(before, after), lambda leaf: _present(leaf, before, ""))
    if not changing:
        return []
    fields = _fields(after)
    texts = search_texts(fields, lambda leaf: _present(leaf, before, "NEW."))
    there = [before.field_by_id[field.id] for field in fields if field.id in before.field_by_id]
    return [
        *_trigger(before.table, texts, there),
        # The trigger says what the vector is.
        f"UPDATE {table} SET {vector} = NULL WHERE coalesce({', '.join(changing)}) IS NOT NULL",
    ]


def _fields(object_type: ObjectType) -> list[Field]:
    return searchable_fields(object_type) if SEARCH_VECTOR in object_type.field_by_name else []


def _changing(before: ObjectType, after: ObjectType) -> list[Field]:
    """The fields whose texts in rows that are there begin, or cease, to count."""
    begin = [
        field
        for field in searchable_fields(after)
        if not (
            before.field_by_id[field.id].is_searchable
            if field.id in before.field_by_id
            else all(_constant(leaf) is None for leaf in field.leaves)
        )
    ]
    cease = [
        field
        for field in searchable_fields(before)
        if field.id not in after.field_by_id or not after.field_by_id[field.id].is_searchable
    ]
    return begin + cease


def _present(leaf: Leaf, before: ObjectType, row: str) -> str:
    """What a column will hold, in terms of the table as it is before a change."""
    field = before.field_by_id.get(leaf.field.id)
    if field is not None:
        return row + quote_identifier(field.leaf_by_sub_field[leaf.sub_field].column)
    return f"({_constant(leaf) or 'NULL'})::{leaf.type.column_type(leaf)}"


def _constant(leaf: Leaf) -> str | None:
    """The default that a new column has in all rows, or None."""
    default = leaf.type.column_default(leaf)
    return None if is_volatile(leaf) else default


def is_volatile(leaf: Leaf) -> bool:
    """Whether the default differs from row to row, so that adding it at once would rewrite the table."""
    return "gen_random_uuid" in (leaf.type.column_default(leaf) or "")


def _new(column: str) -> str:
    return f"NEW.{quote_identifier(column)}"


def _trigger(table: str, texts: Sequence[str], fields: Iterable[Field]) -> list[str]:
    """Function and trigger. The vector is one of the columns: a value that somebody writes there does not stay."""
    function = _function(table)
    columns = [leaf.column for field in fields for leaf in field.leaves]
    with_words = [column for column in columns if any(_new(column) in text for text in texts)]
    watched = ", ".join(map(quote_identifier, (*with_words, SEARCH_VECTOR)))
    body = f"BEGIN {_new(SEARCH_VECTOR)} := {vector_of(texts, _INLINED)}; RETURN NEW; END"
    return [
        f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS {quote_literal(body)}",
        # Keeps writers out until the end of the transaction: none may work by the function that was there before.
        f"CREATE OR REPLACE TRIGGER {_TRIGGER} BEFORE INSERT OR UPDATE OF {watched} ON {quote_identifier(table)}"
        f" FOR EACH ROW EXECUTE FUNCTION {function}()",
    ]


def _function(table: str) -> str:
    return belonging(table, SEARCH_VECTOR)
