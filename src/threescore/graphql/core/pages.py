"""Page arguments of connections: first, last, offset, before, after, filter, orderBy."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from threescore.errors import BadRequest
from threescore.graphql.core.values import INVALID_INPUT, listed, mapping, number, text
from threescore.model.objects import Model, ObjectType
from threescore.query.filters import bind_filter, live_unless_asked
from threescore.query.ordering import DIRECTIONS, bind_cursor, bind_order
from threescore.query.plan import PageOf, at_most

PAGE_ARGUMENTS = ("first", "last", "offset", "before", "after", "filter", "orderBy")
DEFAULT_FIRST = 200
DEFAULT_NESTED = 60


def bind_page(
    model: Model,
    object_type: ObjectType,
    given: Mapping[str, Any],
    arguments: list[Any],
    *,
    default: int,
    maximum: int,
) -> tuple[PageOf, int]:
    """The page that arguments ask for, and its length. Values are appended to `arguments`. Raises BadRequest."""
    length, backward = _length(given, default)
    length = min(length, maximum)
    filter = mapping(given, "filter")
    bound = live_unless_asked(filter, bind_filter(model, object_type, filter, arguments))
    order = bind_order(model, object_type, order_paths(listed(given, "orderBy") or []))
    start = text(given, "before") if backward else text(given, "after")
    cursor = None
    if start is not None:
        cursor = bind_cursor(model, object_type, order, decode_cursor(start), arguments)
    offset = number(given, "offset")
    place = None
    if offset is not None:
        if not 0 <= offset < 2**63:
            raise BadRequest("Offset argument must be non-negative", code=INVALID_INPUT)
        arguments.append(offset)
        place = len(arguments) - 1
    arguments.append(length)
    return PageOf(bound, order, at_most(length), len(arguments) - 1, cursor, backward, place), length


def _length(given: Mapping[str, Any], default: int) -> tuple[int, bool]:
    """How many records, and whether they are the last ones (before a cursor, or of all)."""
    first, last = number(given, "first"), number(given, "last")
    before, after = given.get("before"), given.get("after")
    for one, other, present in (
        ("first", "last", first and last),
        ("before", "after", before is not None and after is not None),
        ("before", "first", before is not None and first),
        ("after", "last", after is not None and last),
    ):
        if present:
            raise BadRequest(f"Cannot provide both {one} and {other}", code="ARGS_CONFLICT")
    for name, value in (("First", first), ("Last", last)):
        if value is not None and value < 0:
            raise BadRequest(f"{name} argument must be non-negative", code=f"INVALID_ARGS_{name.upper()}")
    wanted = first if first is not None else last
    return (default if wanted is None else wanted), before is not None or (first is None and last is not None)


def order_paths(items: list[Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Paths and directions of an orderBy argument. Raises BadRequest."""
    for item in items:
        if not isinstance(item, dict):
            raise BadRequest('Invalid argument: "orderBy" must be an array', code=INVALID_INPUT)
        for name, value in item.items():
            yield from _paths((name,), value)


def _paths(path: tuple[str, ...], value: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, dict) and len(path) < 4:
        for name, inner in value.items():
            yield from _paths((*path, name), inner)
    elif value is not None:
        if not isinstance(value, str) or value not in DIRECTIONS:
            raise BadRequest(
                f'Scalar field "{path[-1]}" requires a direction value ({", ".join(DIRECTIONS)})', code=INVALID_INPUT
            )
        yield path, value


def decode_cursor(cursor: str) -> dict[str, Any]:
    """The values in a cursor. Raises BadRequest with code INVALID_CURSOR."""
    try:
        values = msgspec.json.decode(base64.b64decode(cursor + "=" * (-len(cursor) % 4), validate=True))
    except (binascii.Error, ValueError) as error:
        raise BadRequest(f"Invalid cursor: {cursor[:200]}", code="INVALID_CURSOR") from error
    if not isinstance(values, dict):
        raise BadRequest(f"Invalid cursor: {cursor[:200]}", code="INVALID_CURSOR")
    return values
