"""The options of a SELECT, MULTI_SELECT or RATING field."""

import math
import re
from collections.abc import Sequence
from uuid import uuid4

from msgspec import UNSET, UnsetType

from threescore.catalog.changes.inputs import collapse, read_uuid
from threescore.catalog.changes.report import Issue
from threescore.model.fields.values import Json
from threescore.model.objects import Option

_COLORS = (
    "red ruby crimson tomato orange amber yellow lime grass green jade mint turquoise cyan sky blue iris violet purple "
    "plum pink bronze gold brown gray"
)
COLORS = frozenset(_COLORS.split())
MAX_OPTION_LENGTH = 63
MAX_OPTIONS = 1000

_CHOSEN = frozenset({"SELECT", "MULTI_SELECT"})
_RATINGS = 5
_UPPER_SNAKE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_?", re.ASCII)


class BadOptions(Exception):
    """The options are not good ones. `issue` says why."""

    def __init__(self, message: str, value: Json | UnsetType = UNSET) -> None:
        super().__init__(message)
        self.issue = Issue("INVALID_FIELD_INPUT", message, value=value)


def read_options(kind: str, sent: Json | UnsetType, present: Sequence[Option] = ()) -> tuple[Option, ...] | None:
    """The options for a field of the type, from what was sent. None for a type without options.

    An option that is sent without an id keeps the id of the present option with the same value.
    Raises BadOptions.
    """
    if kind == "RATING":
        return tuple(present) or _ratings()
    if kind not in _CHOSEN:
        if sent is UNSET or sent is None or sent == []:
            return None
        raise BadOptions(f"Fields of type {kind} have no options", sent)
    if sent is UNSET or sent is None or sent == []:
        raise BadOptions("Options are required for enum fields", [])
    if not isinstance(sent, list):
        raise BadOptions("Options must be a list", sent)
    if len(sent) > MAX_OPTIONS:
        raise BadOptions(f"A field has at most {MAX_OPTIONS} options")
    ids = {option.value: option for option in present}
    options = [_read_option(item, place, ids) for place, item in enumerate(sent)]
    for name in ("id", "value", "position"):
        seen: set[object] = set()
        for option in options:
            key = getattr(option, name)
            if key in seen:
                raise BadOptions(f"Duplicated option {name}", key if name == "position" else str(key))
            seen.add(key)
    return tuple(options)


def _read_option(item: Json, place: int, present: dict[str, Option]) -> Option:
    if not isinstance(item, dict):
        raise BadOptions("Option must be an object", item)
    value = _text(item, "value")
    if not _UPPER_SNAKE.fullmatch(value):
        raise BadOptions(f'Value must be in UPPER_CASE and follow snake_case "{value}"', value)
    label = collapse(_text(item, "label"))
    if "," in label:
        raise BadOptions("Label must not contain a comma", label)
    if not label:
        raise BadOptions("Option label is required", item.get("label"))
    position = item.get("position", place)
    if isinstance(position, bool) or not isinstance(position, int | float) or not math.isfinite(position):
        raise BadOptions("Option position must be a number", position)
    color = item.get("color")
    if color is not None and (not isinstance(color, str) or color not in COLORS):
        raise BadOptions(f"Option color is not one of the known colors: {', '.join(sorted(COLORS))}", color)
    sent_id = item.get("id")
    option_id = read_uuid(sent_id)
    if sent_id is not None and option_id is None:
        raise BadOptions("Option id must be a UUID", sent_id)
    if option_id is None:
        option_id = present[value].id if value in present else uuid4()
    return Option(id=option_id, color=color, label=label, value=value, position=position)


def _text(item: dict[str, Json], key: str) -> str:
    text = item.get(key)
    if not isinstance(text, str) or not text:
        raise BadOptions(f"Option {key} is required", text)
    if len(text) > MAX_OPTION_LENGTH:
        raise BadOptions(f"Option {key} exceeds {MAX_OPTION_LENGTH} characters", text)
    return text


def _ratings() -> tuple[Option, ...]:
    return tuple(
        Option(id=uuid4(), label=str(place + 1), value=f"RATING_{place + 1}", position=place)
        for place in range(_RATINGS)
    )
