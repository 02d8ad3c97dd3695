"""Pages of lists that are in the descending order of their ids."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

import msgspec

from threescore.catalog.changes.inputs import read_uuid
from threescore.errors import BadRequest

DEFAULT_SIZE = 10

_OFFSET = "arrayconnection:"
"""What the cursors of old versions begin with: after it comes a place in the list, counted from 0."""


class Identified(Protocol):
    """What can be in a list: it has an id."""

    @property
    def id(self) -> UUID: ...


def connection(nodes: Sequence[Identified], paging: Mapping[str, Any]) -> dict[str, Any]:
    """The page of the nodes that is asked for. Raises BadRequest for paging that makes no sense."""
    first, last = _size(paging, "first"), _size(paging, "last")
    after, before = paging.get("after"), paging.get("before")
    for one, other, both in (
        ("first", "last", first is not None and last is not None),
        ("first", "before", first is not None and before is not None),
        ("last", "after", last is not None and after is not None),
        ("after", "before", after is not None and before is not None),
    ):
        if both:
            raise BadRequest(f'"{one}" and "{other}" of the paging cannot be used together')
    ordered = sorted(nodes, key=lambda node: node.id, reverse=True)
    start, end = 0, len(ordered)
    if before is not None or last is not None:
        end = end if before is None else _place(ordered, before, beyond=False)
        start = max(end - (DEFAULT_SIZE if last is None else last), 0)
    else:
        start = 0 if after is None else _place(ordered, after, beyond=True)
        end = min(start + (DEFAULT_SIZE if first is None else first), end)
    edges = [{"node": node, "cursor": _cursor(node.id)} for node in ordered[start:end]]
    return {
        "edges": edges,
        "pageInfo": {
            "hasNextPage": end < len(ordered),
            "hasPreviousPage": start > 0,
            "startCursor": edges[0]["cursor"] if edges else None,
            "endCursor": edges[-1]["cursor"] if edges else None,
        },
    }


def _size(paging: Mapping[str, Any], name: str) -> int | None:
    size: int | None = paging.get(name)
    if size is not None and size < 0:
        raise BadRequest(f'"{name}" of the paging must not be negative')
    return size


def _cursor(item_id: UUID) -> str:
    return base64.b64encode(msgspec.json.encode({"id": item_id})).decode()


def _place(ordered: Sequence[Identified], cursor: str, *, beyond: bool) -> int:
    """How many items stand before the cursor's item, `beyond` it together with it. The item may be gone by now."""
    try:
        text = base64.b64decode(cursor, validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise _invalid(cursor) from error
    if text.startswith(_OFFSET):
        offset = text.removeprefix(_OFFSET)
        if not offset.isascii() or not offset.isdigit():
            raise _invalid(cursor)
        # Longer numbers are beyond the end of every list.
        return min(int(offset[:18]) + beyond, len(ordered))
    try:
        item = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _invalid(cursor) from error
    item_id = read_uuid(item.get("id")) if isinstance(item, dict) else None
    if item_id is None:
        raise _invalid(cursor)
    return sum(node.id >= item_id if beyond else node.id > item_id for node in ordered)


def _invalid(cursor: str) -> BadRequest:
    return BadRequest(f"Invalid cursor: {cursor[:100]}")
