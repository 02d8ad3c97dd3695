"""The `Warning` header, which names what a request gave in vain."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from threescore.rest.grammar.path import Action

PARAMETERS: dict[Action, frozenset[str]] = {
    "findMany": frozenset(("depth", "limit", "filter", "order_by", "starting_after", "ending_before")),
    "findOne": frozenset(("depth",)),
    "createOne": frozenset(("depth", "upsert")),
    "createMany": frozenset(("depth", "upsert")),
    "updateOne": frozenset(("depth",)),
    "updateMany": frozenset(("depth", "filter")),
    "deleteOne": frozenset(("depth", "soft_delete")),
    "deleteMany": frozenset(("depth", "filter", "soft_delete")),
    "restoreOne": frozenset(("depth",)),
    "restoreMany": frozenset(("depth", "filter")),
    "findDuplicates": frozenset(("depth",)),
    "mergeMany": frozenset(("depth",)),
    "groupBy": frozenset(
        (
            "group_by",
            "aggregate",
            "order_by",
            "filter",
            "limit",
            "viewId",
            "view_id",
            "include_records_sample",
            "order_by_for_records",
        )
    ),
    "duplicateDashboard": frozenset(),
    "findEvents": frozenset(("after", "object", "operation", "filter", "limit", "wait")),
    "followEvents": frozenset(("after", "object", "operation", "filter")),
    "findHistory": frozenset(("limit", "after")),
}
"""The parameters that mean something, by what is done."""

MAX_WARNINGS = 10
MAX_NAME = 64

_PLAIN = "!#$&()*+,/:;<=>?@[]^`{|}~ "


@dataclass(frozen=True, slots=True)
class ParameterWarning:
    """One parameter that had no effect, and why."""

    text: str

    @property
    def header(self) -> str:
        """The value of a `Warning` header: code 299, which means miscellaneous and lasting."""
        return f'299 threescore "{self.text}"'


def unknown_parameters(action: Action, names: Iterable[str]) -> list[ParameterWarning]:
    """A warning for each name that means nothing to the action, with the nearest name that does; at most 10."""
    known = PARAMETERS[action]
    unknown = [name for name in names if name not in known]
    return [_unknown(known, name[:MAX_NAME]) for name in unknown[:MAX_WARNINGS]]


def repeated_parameters(action: Action, names: Iterable[str]) -> list[ParameterWarning]:
    """A warning for each name that means something to the action but was ignored for being repeated."""
    known = PARAMETERS[action]
    return [
        ParameterWarning(f"Parameter '{name}' was given more than once and ignored") for name in names if name in known
    ]


def silent_operations(patterns: Iterable[str]) -> list[ParameterWarning]:
    """A warning for each operation of a webhook that no event answers to; at most 10."""
    return [
        ParameterWarning(f"No event answers to the operation '{quote(pattern[:MAX_NAME], safe=_PLAIN)}'")
        for pattern in [*patterns][:MAX_WARNINGS]
    ]


def warning_header(warnings: Iterable[ParameterWarning]) -> str:
    """One `Warning` header for all; plain ASCII whatever the names were."""
    return ", ".join(warning.header for warning in warnings)


def _unknown(known: frozenset[str], name: str) -> ParameterWarning:
    by_letters = {_letters(candidate): candidate for candidate in sorted(known)}
    nearest = difflib.get_close_matches(_letters(name), by_letters, n=1)
    hint = f"; did you mean '{by_letters[nearest[0]]}'?" if nearest else ""
    return ParameterWarning(f"Unknown parameter '{quote(name, safe=_PLAIN)}' was ignored{hint}")


def _letters(name: str) -> str:
    """The name without what spellings differ in: `orderBy`, `order-by` and `order_by` are the same."""
    return name.lower().replace("_", "").replace("-", "")
