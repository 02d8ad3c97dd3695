"""The parameters of groupBy that are JSON: `group_by`, `aggregate`, and its own `order_by`."""

from threescore.errors import BadRequest
from threescore.model.fields.values import Json
from threescore.rest.grammar.json_text import decode_json

MAX_ITEMS = 50
"""Dimensions, orders, or aggregates of one request."""
MAX_DEPTH = 10
"""Objects and arrays within one another; sensible parameters have four at most."""

Item = dict[str, Json]
"""One key, and what is asked of it: `{"stage": true}`, `{"closeDate": {"granularity": "DAY"}}`."""


def parse_group_by(text: str | None) -> list[Item]:
    """The dimensions, each with one field. A single object counts as a list of one.

    Raises BadRequest for other JSON and for an item with several fields.
    """
    items = _items(
        text,
        "Invalid group_by query parameter - should be a valid array of objects - ex: "
        """[{"firstField": true}, {"secondField": {"subField": true}}, {"dateField": {"granularity": 'DAY'}}]""",
    )
    if any(len(item) > 1 for item in items):
        raise BadRequest(
            "You cannot provide multiple fields in one GroupByInput, split them into multiple GroupByInput"
        )
    return items


def parse_group_order_by(text: str | None) -> list[Item]:
    """The orders of the groups, each with one key; none when the parameter is absent.

    Raises BadRequest for other JSON and for an item with several keys.
    """
    if text is None:
        return []
    expected = (
        "Invalid order_by query parameter - should be a valid array of objects - ex: "
        """[{"firstField": "AscNullsFirst"}, {"aggregate": {"countNotEmptyId": "DescNullsLast"}}]"""
    )
    items = _items(text, expected)
    if any(len(item) > 1 for item in items):
        raise BadRequest(expected)
    return items


def parse_aggregate(text: str | None) -> list[str]:
    """The names of the wanted aggregates, each once, in the order given; none when the parameter is absent.

    Raises BadRequest for what is not a JSON array of texts.
    """
    if text is None:
        return []
    expected = (
        "Invalid aggregate query parameter - should be a valid array of string - ex: "
        """["countNotEmptyId", "countEmptyField"]"""
    )
    try:
        value = decode_json(text, MAX_DEPTH)
    except ValueError as error:
        raise BadRequest(expected) from error
    if not isinstance(value, list):
        raise BadRequest(expected)
    names: dict[str, None] = {}
    for name in value:
        if not isinstance(name, str):
            raise BadRequest(expected)
        names[name] = None
    return list(names)


def _items(text: str | None, expected: str) -> list[Item]:
    """A JSON array of objects that are not empty. Raises BadRequest with the text that says what is expected."""
    try:
        value = decode_json(text or "", MAX_DEPTH)
    except ValueError as error:
        raise BadRequest(expected) from error
    items: list[Item] = []
    for item in value if isinstance(value, list) else [value]:
        if not isinstance(item, dict) or not item:
            raise BadRequest(expected)
        items.append(item)
    if len(items) > MAX_ITEMS:
        raise BadRequest(f"{expected}, of at most {MAX_ITEMS}")
    return items
