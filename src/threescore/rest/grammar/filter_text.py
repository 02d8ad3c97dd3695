"""A filter tree in the words of the `filter` parameter: what `parse_filter` reads, written."""

import re

from threescore.model.fields.values import Json
from threescore.rest.grammar.filter import COMPARATORS

_NAME = re.compile(r"\w+")
_PLAIN = re.compile(r"[\w.:@+%-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class _Unsayable(Exception):
    """The language has no words for a part of the tree."""


def write_filter(tree: Json) -> str | None:
    """The text of a filter; None for a tree that the language cannot say, such as conjunctions behind a relation.

    Numbers and truth values become the text that stands for them; several entries of one object become an `and`.
    """
    try:
        parts = tree["and"] if isinstance(tree, dict) and tree.keys() == {"and"} else None
        return ",".join(map(_one, parts) if isinstance(parts, list) and parts else _entries(tree))
    except _Unsayable:
        return None


def _one(tree: Json) -> str:
    entries = _entries(tree)
    return entries[0] if len(entries) == 1 else f"and({','.join(entries)})"


def _entries(tree: Json) -> list[str]:
    if not isinstance(tree, dict) or not tree:
        raise _Unsayable
    return [_entry(name, value) for name, value in tree.items()]


def _entry(name: str, value: Json) -> str:
    if name == "not":
        return f"not({_one(value)})"
    if name in ("and", "or"):
        parts = value if isinstance(value, list) else [value]
        if not parts:
            raise _Unsayable
        return f"{name}({','.join(map(_one, parts))})"
    return _predicate([name], value)


def _predicate(path: list[str], value: Json) -> str:
    while isinstance(value, dict):
        if len(value) != 1:
            raise _Unsayable
        [(name, value)] = value.items()
        path.append(name)
    *names, comparator = path
    known = all(_NAME.fullmatch(name) and name not in ("and", "or", "not") for name in names)
    if not names or not known or comparator not in COMPARATORS:
        raise _Unsayable
    return f"{'.'.join(names)}[{comparator}]:{_value(value)}"


def _value(value: Json) -> str:
    if not isinstance(value, list):
        return _text(value)
    if not value:
        raise _Unsayable
    return f"[{','.join(map(_text, value))}]"


def _text(value: Json) -> str:
    match value:
        case bool():
            text = "true" if value else "false"
        case str() | int() | float():
            text = str(value)
        case _:
            raise _Unsayable
    if _PLAIN.fullmatch(text):
        return text
    quote = next((quote for quote in "\"'" if quote not in text), None)
    if quote is None or _CONTROL.search(text):
        raise _Unsayable
    return f"{quote}{text}{quote}"
