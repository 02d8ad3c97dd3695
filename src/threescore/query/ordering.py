"""Orders and cursors: from paths and directions to order terms, from a decoded cursor to a place in that order."""

from collections.abc import Iterable, Mapping
from typing import Any

from threescore.errors import BadRequest
from threescore.model.fields.base import Leaf
from threescore.model.objects import Field, Model, ObjectType
from threescore.query.plan import Cursor, OrderTerm

DIRECTIONS: Mapping[str, tuple[bool, bool]] = {
    "AscNullsFirst": (False, True),
    "AscNullsLast": (False, False),
    "DescNullsFirst": (True, True),
    "DescNullsLast": (True, False),
}
"""Each direction as (descending, nulls first)."""


def bind_order(
    model: Model, object_type: ObjectType, asked: Iterable[tuple[tuple[str, ...], str]]
) -> tuple[OrderTerm, ...]:
    """Order terms for (path, direction) pairs, ended by the id: the order is total, and nothing after it matters.

    Raises BadRequest for paths that lead nowhere.
    """
    terms: list[OrderTerm] = []
    for path, direction in asked:
        descending, nulls_first = DIRECTIONS[direction]
        relation, leaf = _resolve(model, object_type, path)
        terms.append(OrderTerm(leaf.column, descending, nulls_first, relation))
    for place, term in enumerate(terms):
        if term.column == "id" and term.relation is None:
            return tuple(terms[: place + 1])
    return (*terms, OrderTerm("id"))


def _resolve(model: Model, object_type: ObjectType, path: tuple[str, ...]) -> tuple[str | None, Leaf]:
    name, rest = path[0], path[1:]
    field = object_type.field_called.get(name)
    if field is None:
        field = object_type.join_called.get(name)
        if field is None:
            object_type.refuse_hidden(name)
            raise BadRequest(f'Field "{name}" does not exist or is not sortable', code="FIELD_NOT_FOUND")
        return None, _leaf(field, rest)
    if not field.is_relation:
        return None, _leaf(field, rest)
    if not rest:
        raise BadRequest(
            f'Relation field "{name}" requires nested field ordering (e.g., {{ {name}: {{ fieldName: '
            "'AscNullsFirst' } })",
            code="INVALID_QUERY_INPUT",
        )
    if field.is_one_to_many:
        raise BadRequest(
            f'Cannot order by "{name}", which leads to many records; order by a field of this object or of a '
            "many-to-one relation",
            code="INVALID_QUERY_INPUT",
        )
    target = model.target(field)
    nested = target.field_called.get(rest[0]) or target.join_called.get(rest[0])
    if nested is None or (nested.is_relation and rest[0] in target.field_called):
        if nested is not None:
            raise BadRequest(
                f'Cannot order by "{".".join(path)}": orders reach no further than one relation',
                code="INVALID_QUERY_INPUT",
            )
        target.refuse_hidden(rest[0])
        raise BadRequest(
            f'Nested field "{rest[0]}" not found in target object "{target.name_singular}"', code="FIELD_NOT_FOUND"
        )
    return field.name, _leaf(nested, rest[1:])


def _leaf(field: Field, rest: tuple[str, ...]) -> Leaf:
    if field.is_composite:
        if not rest:
            raise BadRequest(
                f'Composite field "{field.name}" requires subfield ordering (e.g., {{ {field.name}: '
                "{ subFieldName: 'AscNullsFirst' } })",
                code="INVALID_QUERY_INPUT",
            )
        leaf = field.leaf_by_sub_field.get(rest[0])
        if leaf is None or len(rest) > 1:
            raise BadRequest(f"Sub field metadata not found for composite type: {field.type}", code="FIELD_NOT_FOUND")
        return leaf
    if rest:
        raise BadRequest(
            f'Scalar field "{field.name}" requires a direction value ({", ".join(DIRECTIONS)})',
            code="INVALID_QUERY_INPUT",
        )
    return field.leaf


def bind_cursor(
    model: Model,
    object_type: ObjectType,
    order: tuple[OrderTerm, ...],
    decoded: Mapping[str, Any],
    arguments: list[Any],
) -> Cursor:
    """The place that a decoded cursor names; its values are appended to `arguments`.

    Raises BadRequest with code INVALID_CURSOR where it was made for another order.
    """
    slots: list[int | None] = []
    names: set[str | None] = set()
    for term in order:
        owner = object_type if term.relation is None else model.target(object_type.field_by_name[term.relation])
        leaf = owner.leaf_by_column[term.column]
        path = [leaf.field.name, leaf.sub_field] if leaf.sub_field else [leaf.name]
        try:
            value = leaf.type.from_cursor(leaf, _lookup(decoded, [term.relation, *path] if term.relation else path))
        except (KeyError, BadRequest) as error:
            raise _invalid() from error
        names.add(term.relation or path[0])
        if value is None:
            slots.append(None)
        else:
            arguments.append(value)
            slots.append(len(arguments) - 1)
    if slots[-1] is None or names != set(decoded):
        raise _invalid()
    return Cursor(tuple(slots))


def _lookup(decoded: Any, path: Iterable[str | None]) -> Any:
    for name in path:
        if not isinstance(decoded, Mapping):
            raise KeyError(name)
        decoded = decoded[name]
    return decoded


def _invalid() -> BadRequest:
    return BadRequest("Invalid cursor", code="INVALID_CURSOR")
