"""The `order_by` parameter of lists: `name.lastName,createdAt[DescNullsLast]`."""

from threescore.errors import BadRequest
from threescore.model.fields.values import plain
from threescore.query.ordering import DIRECTIONS

MAX_ITEMS = 50
MAX_NAMES = 8

Order = tuple[tuple[str, ...], str]
"""The names of a path, and a direction."""


def parse_order_by(text: str) -> list[Order]:
    """The orders in turn; without a direction, `AscNullsFirst`. Spaces belong to names.

    Whether the names exist is not asked here. Raises BadRequest for a direction that is none, more than 50 items,
    and a path of more than 8 names.
    """
    items = text.split(",", MAX_ITEMS)
    if len(items) > MAX_ITEMS:
        raise BadRequest(f"'order_by' invalid. At most {MAX_ITEMS} fields can be given")
    return [_order(item) for item in items]


def _order(item: str) -> Order:
    path, direction = item, "AscNullsFirst"
    if item.endswith("]"):
        name, bracket, word = item[:-1].partition("[")
        if bracket:
            path, direction = name, word
    if direction not in DIRECTIONS:
        allowed = ", ".join(f"'{word}'" for word in DIRECTIONS)
        raise BadRequest(
            f"'order_by' direction '{plain(direction)}' invalid. Allowed values are {allowed}. "
            "eg: ?order_by=field_1[AscNullsFirst],field_2[DescNullsLast],field_3"
        )
    names = tuple(path.split(".", MAX_NAMES))
    if len(names) > MAX_NAMES:
        raise BadRequest(f"'order_by' invalid for '{plain(path)}'. A path has at most {MAX_NAMES} names")
    return names, direction
