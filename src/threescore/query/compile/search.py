"""SQL for search over several objects."""

from threescore.model.fields.words import text_query
from threescore.model.objects import Model, ObjectType
from threescore.query.compile.scope import Scope, condition, q, table
from threescore.query.plan import Search, SearchIn
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
    vector = scope.column("searchVector")
    where = condition(scope, item.filter)
    rank_cd, rank = ("0::real", "0::real")
    hit = f"{vector} IS NOT NULL"
    if not plan.everything:
        rank_cd, rank = f"ts_rank_cd({vector}, {_ALL})", f"ts_rank({vector}, {_ANY})"
        some = f'EXISTS (SELECT FROM {table(model, object_type.table)} o WHERE o."searchVector" @@ {_ANY})'
        hit = f"{vector} @@ {_ANY} OR (NOT {some} AND {_label(object_type)} ILIKE $3::text)"
    rows = (
        f"SELECT {quote_literal(item.object)} AS object, {place} AS place, t.id, {_label(object_type)} AS label,"
        f" {_image(object_type)} AS image, {rank_cd} AS rank_cd, {rank} AS rank"
        f" FROM {scope.source} WHERE ({where}) AND ({hit})"
    )
    beyond = f" WHERE {_beyond(item)}" if plan.continued else ""
    return f"(SELECT * FROM ({rows}) r{beyond} ORDER BY r.rank_cd DESC, r.rank DESC, r.id LIMIT $4::bigint)"


def _beyond(item: SearchIn) -> str:
    equal = "FALSE"
    if item.after is not None:
        equal = f"r.id > ${item.after + 1}::uuid"
    elif item.includes_equal:
        equal = "TRUE"
    return f"r.rank_cd < $5::real OR (r.rank_cd = $5::real AND (r.rank < $6::real OR (r.rank = $6::real AND {equal})))"


def _label(object_type: ObjectType) -> str:
    """What a record is called: the text of its label identifier."""
    field = object_type.field_by_id.get(object_type.label_identifier_field_id or object_type.id)
    field = field or object_type.field_by_name["id"]
    return field.kind.label(field, {leaf.sub_field: f"t.{q(leaf.column)}" for leaf in field.leaves})


def _image(object_type: ObjectType) -> str:
    """The address of a record's picture, or the empty text."""
    field = object_type.field_by_id.get(object_type.image_identifier_field_id or object_type.id)
    if field is None:
        return "''"
    return field.kind.image(field, {leaf.sub_field: f"t.{q(leaf.column)}" for leaf in field.leaves})
