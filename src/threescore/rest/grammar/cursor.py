"""Cursors: the values of the ordered fields of one row, as Base64 of compact JSON."""

import base64
import binascii
from collections.abc import Mapping

import msgspec

from threescore.errors import BadRequest
from threescore.model.fields.values import MAX_DEPTH, Json, plain
from threescore.rest.grammar.json_text import decode_json

_URL_SAFE = str.maketrans("-_ ", "+/+")


def encode_cursor(values: Mapping[str, Json]) -> str:
    """The cursor of a row: `{"name": {"lastName": "Lee"}, "id": "…"}`, in the order of the keys."""
    return base64.b64encode(msgspec.json.encode(values)).decode()


def decode_cursor(text: str) -> dict[str, Json]:
    """The values in a cursor. Both Base64 alphabets do, with or without padding; a space is a `+` that was not escaped.

    Raises BadRequest for what holds no JSON object. Whether its names fit the order is not asked here.
    """
    try:
        padded = text.translate(_URL_SAFE).rstrip("=")
        values = decode_json(base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True), MAX_DEPTH + 1)
    except (binascii.Error, ValueError) as error:
        raise BadRequest(f"Invalid cursor: {plain(text)}") from error
    if not isinstance(values, dict):
        raise BadRequest(f"Invalid cursor: {plain(text)}")
    return values
