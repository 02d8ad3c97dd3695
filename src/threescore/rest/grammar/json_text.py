"""Reading JSON from a parameter."""

from typing import cast

import msgspec

from threescore.model.fields.values import Json


def decode_json(text: str | bytes, depth: int) -> Json:
    """A JSON value with at most `depth` objects and arrays within one another.

    Raises ValueError for what is none, is nested more deeply, or holds a NUL character.

    PostgreSQL cannot hold NUL in text, so that no value with one can be meant.
    """
    try:
        value = cast(Json, msgspec.json.decode(text))
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError("not JSON") from error
    _check(value, depth)
    return value


def _check(value: Json, depth: int) -> None:
    """Raises ValueError for a NUL character in any text, and for nesting deeper than `depth`."""
    if isinstance(value, str):
        if "\x00" in value:
            raise ValueError("a NUL character")
    elif isinstance(value, dict | list):
        if depth == 0:
            raise ValueError("nested too deeply")
        for item in value:
            _check(item, depth - 1)
        if isinstance(value, dict):
            for item in value.values():
                _check(item, depth - 1)
