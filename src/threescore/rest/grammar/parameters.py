"""The query string itself, and the parameters that are single words or numbers."""

import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from msgspec import Struct

from threescore.errors import BadRequest
from threescore.model.fields.values import plain

_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+")


class Parameters(Struct, frozen=True):
    """The parameters of a request. One that is given more than once counts as absent; `repeated` names it."""

    values: Mapping[str, str]
    repeated: tuple[str, ...] = ()

    def get(self, name: str) -> str | None:
        """The value of a parameter that is given exactly once, which may be empty."""
        return self.values.get(name)

    def is_true(self, name: str) -> bool:
        """Whether a switch is on; only the exact word `true` does that."""
        return self.values.get(name) == "true"


def parse_query_string(raw: bytes) -> Parameters:
    """The parameters of a query string: `+` is a space, `%XX` are bytes of UTF-8.

    Raises BadRequest for what is not UTF-8 and for NUL characters.
    """
    values: dict[str, str] = {}
    repeated: dict[str, None] = {}
    for part in raw.split(b"&"):
        if not part:
            continue
        name, _, value = part.partition(b"=")
        key = _decode(name)
        if key in values:
            repeated[key] = None
        values[key] = _decode(value)
    for key in repeated:
        del values[key]
    return Parameters(values, tuple(repeated))


def _decode(raw: bytes) -> str:
    if b"+" in raw:
        raw = raw.replace(b"+", b" ")
    if b"%" in raw:
        raw = unquote_to_bytes(raw)
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise BadRequest("The query string is not valid UTF-8") from error
    if "\x00" in text:
        raise BadRequest("The query string holds a NUL character, which no text can")
    return text


def parse_limit(text: str | None, default: int, maximum: int) -> int:
    """How many rows: absent or empty is the default, fractions are rounded, more than the maximum is the maximum.

    Raises BadRequest for what is no number, or below zero.
    """
    if not text:
        return default
    if not _NUMBER.fullmatch(text):
        raise BadRequest(f"limit '{plain(text)}' is invalid. Should be an integer")
    return int(min(float(text) + 0.5, maximum))


def parse_depth(text: str | None) -> int:
    """How many levels of relations come with a record: 0, also when absent or empty, or 1. Raises BadRequest."""
    if not text or text == "0":
        return 0
    if text == "1":
        return 1
    raise BadRequest(f"'depth={plain(text)}' parameter invalid. Allowed values are 0, 1")
