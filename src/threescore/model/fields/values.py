"""Small helpers that the field types share: how messages show values, what PostgreSQL can store, quoted defaults."""

import math
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec

from threescore.errors import BadRequest
from threescore.sql import quote_literal

Json = None | bool | int | float | str | list[Any] | dict[str, Any]
"""A decoded JSON value."""

MAX_SHOWN = 200
"""How many characters of a value a message shows."""

MAX_DEPTH = 200
"""How deeply a JSON value may be nested; deeper ones would exhaust the stack of one of the parsers on the way."""

MAX_FLOAT = 1.7976931348623157e308

_KEY = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")


def plain(text: str) -> str:
    """Text for a message: cut to a readable length, always valid Unicode."""
    if len(text) > MAX_SHOWN:
        text = text[:MAX_SHOWN] + "…"
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def show(value: object) -> str:
    """How messages show a value: `'text'`, `12`, `true`, `null`, `[ 'a' ]`, `{ a: 1 }`."""
    return plain(_show(value, 0))


def _show(value: object, depth: int) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _show_text(value[: MAX_SHOWN + 1])
    if isinstance(value, int):
        return str(value) if abs(value) < 10**MAX_SHOWN else f"{Decimal(value).normalize():e}"
    if isinstance(value, float):
        if not math.isfinite(value):
            return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
        return str(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(value)
    if isinstance(value, list):
        if not value:
            return "[]"
        return "[ " + _show_items(_show(item, depth + 1) for item in value) + " ]" if depth <= 2 else "[Array]"
    if isinstance(value, dict):
        if not value:
            return "{}"
        if depth > 2:
            return "[Object]"
        items = (f"{_show_key(str(key))}: {_show(item, depth + 1)}" for key, item in value.items())
        return "{ " + _show_items(items) + " }"
    return str(value)


def _show_items(items: Iterable[str]) -> str:
    """Joins as many items as a message can hold anyway."""
    shown: list[str] = []
    length = 0
    for item in items:
        shown.append(item)
        length += len(item)
        if length > MAX_SHOWN:
            break
    return ", ".join(shown)


def _show_text(text: str) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\x00", "\\x00")
    if "'" not in text:
        return f"'{text}'"
    if '"' not in text:
        return f'"{text}"'
    return "'" + text.replace("'", "\\'") + "'"


def _show_key(key: str) -> str:
    return key if _KEY.fullmatch(key) else _show_text(key)


def check_text(text: str, path: str) -> None:
    """Raises BadRequest for text that PostgreSQL cannot store: with a NUL character or half of a surrogate pair."""
    if "\x00" in text:
        raise BadRequest(f'Invalid string value for field "{path}": NUL characters cannot be stored')
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise BadRequest(f'Invalid string value for field "{path}": lone surrogates cannot be stored')


def check_json(value: list[Any] | dict[str, Any], path: str) -> None:
    """Raises BadRequest for a JSON value that PostgreSQL cannot store, or that is nested too deeply."""
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for item in level:
            if isinstance(item, str):
                check_text(item, path)
            elif isinstance(item, dict):
                for key in item:
                    check_text(key, path)
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
            elif isinstance(item, float) and not math.isfinite(item):
                raise BadRequest(f'Invalid number value {show(item)} in field "{path}"')
            elif isinstance(item, int) and abs(item) > MAX_FLOAT:
                raise BadRequest(f'A number in field "{path}" is out of range: it must be between ±{MAX_FLOAT}')
        if not below:
            return
        level = below
    raise BadRequest(f'The value of field "{path}" is nested deeper than {MAX_DEPTH} levels')


def parse_json(text: str) -> Json:
    """Decodes JSON text. Raises ValueError for anything that cannot be decoded."""
    try:
        decoded: Json = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise ValueError("not valid JSON") from error
    return decoded


def encode_json(value: Json) -> str:
    """Compact JSON text."""
    return msgspec.json.encode(value).decode()


NOT_QUOTED = "Default value should be as quoted string"


def unquote(value: object) -> str | None:
    """The text within a quoted default value, `'Up'`; None when it is not quoted."""
    if isinstance(value, str) and len(value) >= 2 and value[0] in "'\"" and value[-1] == value[0]:
        return value[1:-1]
    return None


def text_array(items: Iterable[str]) -> str:
    """An SQL array of text literals. For values of the model only: option values and defaults."""
    return "ARRAY[" + ", ".join(quote_literal(item) for item in items) + "]::text[]"
