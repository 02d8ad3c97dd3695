"""SQL for search over several objects."""

from threescore.model.fields.words import text_query
from threescore.model.objects import Model, ObjectType
from threescore.query.compile.scope import Scope, condition, q, rows, table
from threescore.query.plan import Search, SearchIn
from threescore.query.search_vector import search_vector
from threescore.sql import quote_literal

_ALL = text_query("$1::text")
_ANY = text_query("$2::text")


def search(model: Model, plan: Search) -> str:
    """Rows, best first: model, access, object, id, label, image, rank_cd, rank. Always one, without an object if none.

    Records that hold all words (as prefixes) come before those that hold some. Where no record of an object holds any,
    those count whose label has the text somewhere within.
    """
    found = " UNION ALL ".join(_matches(model, plan, place, item) for place, item in enumerate(plan.objects))
    return (
        f"WITH found AS ({found}) SELECT s.model, s.access, f.object, f.id::text AS id, f.label, f.image,"
        # By way of text, so that a number has no more digits than it was ranked with.
        f" f.rank_cd::text::float8 AS rank_cd, f.rank::text::float8 AS rank"
        # PostgreSQL refuses parameters that it never sees, and a search for everything does not need the words.
        f" FROM {table(model, '_state')} s LEFT JOIN found f ON num_nulls($1::text, $2::text, $3::text) = 0"
        f" ORDER BY f.rank_cd DESC, f.rank DESC, f.place, f.id LIMIT $4::bigint"
    )


def _matches(model: Model, plan: Search, place: int, item: SearchIn) -> str:
    object_type = model.by_singular[item.object]
    scope = Scope(model, object_type, "t")
    stored = scope.column("searchVector")
    # The words of what the caller may read; the index is on the words of all.
    words = None if item.words is None else search_vector([object_type.field_by_name[name] for name in item.words])
    vector = words or stored
    label = _label(object_type, item)
    where = condition(scope, item.filter)
    rank_cd, rank = ("0::real", "0::real")
    hit = f"{stored} IS NOT NULL"
    if not plan.everything:
        rank_cd, rank = f"ts_rank_cd({vector}, {_ALL})", f"ts_rank({vector}, {_ANY})"
        some = _found("o", words)
        some = f"EXISTS (SELECT FROM {rows(model, object_type, 'o')} WHERE {some})"
        hit = f"{_found('t', words)} OR (NOT {some} AND {label} ILIKE $3::text)"
    listed = (
        f"SELECT {quote_literal(item.object)} AS object, {place} AS place, t.id, {label} AS label,"
        f" {_image(object_type, item)} AS image, {rank_cd} AS rank_cd, {rank} AS rank"
        f" FROM {scope.source} WHERE ({where}) AND ({hit})"
    )
    beyond = f" WHERE {_beyond(item)}" if plan.continued else ""
    return f"(SELECT * FROM ({listed}) r{beyond} ORDER BY r.rank_cd DESC, r.rank DESC, r.id LIMIT $4::bigint)"


def _beyond(item: SearchIn) -> str:
    equal = "FALSE"
    if item.after is not None:
        equal = f"r.id > ${item.after + 1}::uuid"
    elif item.includes_equal:
        equal = "TRUE"
    return f"r.rank_cd < $5::real OR (r.rank_cd = $5::real AND (r.rank < $6::real OR (r.rank = $6::real AND {equal})))"


def _found(alias: str, words: str | None) -> str:
    """SQL for "some word is found" in the row under an alias."""
    indexed = f'{alias}."searchVector" @@ {_ANY}'
    return indexed if words is None else f"({indexed} AND {words} @@ {_ANY})"


def _label(object_type: ObjectType, item: SearchIn) -> str:
    """What a record is called: the text of its label identifier."""
    field = object_type.field_by_name[item.label]
    return field.kind.label(field, {leaf.sub_field: f"t.{q(leaf.column)}" for leaf in field.leaves})


def _image(object_type: ObjectType, item: SearchIn) -> str:
    """The address of a record's picture, or the empty text."""
    if item.image is None:
        return "''"
    field = object_type.field_by_name[item.image]
    return field.kind.image(field, {leaf.sub_field: f"t.{q(leaf.column)}" for leaf in field.leaves})
