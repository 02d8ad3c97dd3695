"""Comparing an answer with a recorded one.

A recorded value stands for itself, but for these: `<text>` is any text, `<time>` an instant with milliseconds in UTC,
`<number>` any number, `<any>` anything, an object `{"<keys>": [...]}` any object with at least those keys,
`{"<some>": {...}}` one that has those and whatever else, and `{"<length>": 3}` a list of so many items.
Ids that the recorded server made are bound to ours where they are first seen, and from then on must agree.
"""

import base64
import json
import math
import re
from collections.abc import Iterator
from typing import Any

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
NUMBER = re.compile(r"-?\d+(\.\d+)?")

# Fields that other versions of the wire have, which we serve as well: they may come beside the recorded ones.
MORE_KEYS = frozenset(
    (
        "city",
        "xLink",
        "employees",
        "idealCustomerProfile",
        "annualRecurringRevenue",
        "calendarEventTargets",
        "messageThreadTargets",
        # At depth 1; no activity of the recorded server's background worker is compared.
        "timelineActivities",
    )
)

OWN_ERROR_KEYS = frozenset(("index", "needs"))
"""What our errors say beside the keys of the wire: the record at fault, the permission that is lacking."""


class Ids:
    """Which of our ids stands for which recorded one."""

    def __init__(self) -> None:
        self.ours: dict[str, str] = {}
        self._recorded: dict[str, str] = {}

    def bind(self, recorded: str, ours: str) -> None:
        self.ours[recorded] = ours
        self._recorded[ours] = recorded

    def agree(self, recorded: str, ours: str) -> bool:
        """Whether the two are the same id; two that were never seen are so from now on."""
        if recorded == ours:
            return True
        if recorded not in self.ours and ours not in self._recorded:
            self.bind(recorded, ours)
        return self.ours.get(recorded) == ours

    def copy(self) -> "Ids":
        """What is known so far, to compare with without learning from it."""
        other = Ids()
        other.ours, other._recorded = dict(self.ours), dict(self._recorded)
        return other

    def replace(self, text: str) -> str:
        """The text with our ids in the place of recorded ones."""
        return UUID.sub(lambda found: self.ours.get(found[0], found[0]), text)


def differences(recorded: Any, ours: Any, ids: Ids, where: str = "") -> Iterator[str]:
    """What is wrong with our value, each with its place."""
    if isinstance(recorded, dict):
        if "<length>" in recorded and isinstance(ours, list):
            if len(ours) != recorded["<length>"]:
                yield f"{where}: {len(ours)} items instead of {recorded['<length>']}"
        elif isinstance(ours, dict):
            yield from _objects(recorded, ours, ids, where)
        else:
            yield f"{where}: {_brief(ours)} instead of an object"
    elif isinstance(recorded, list):
        if not isinstance(ours, list) or len(ours) != len(recorded):
            yield f"{where}: {_brief(ours)} instead of {len(recorded)} items {_brief(recorded)}"
        else:
            for index, (theirs, mine) in enumerate(zip(recorded, ours, strict=True)):
                yield from differences(theirs, mine, ids, f"{where}[{index}]")
    elif not _same(recorded, ours, ids):
        yield f"{where}: {_brief(ours)} instead of {_brief(recorded)}"


def _objects(recorded: dict[str, Any], ours: dict[str, Any], ids: Ids, where: str) -> Iterator[str]:
    if "<keys>" in recorded:
        missing = [key for key in recorded["<keys>"] if key not in ours]
        if missing:
            yield f"{where}: lacks {', '.join(missing)}"
        return
    some = "<some>" in recorded
    recorded = recorded["<some>"] if some else recorded
    for key, value in recorded.items():
        if key not in ours:
            yield f"{where}.{key}: is missing"
        elif key in ("startCursor", "endCursor", "cursor") and isinstance(value, str) and not value.startswith("<"):
            yield from cursor_differences(value, ours[key], ids, f"{where}.{key}")
        else:
            yield from differences(value, ours[key], ids, f"{where}.{key}")
    if "statusCode" in recorded:
        if [key for key in ours if key not in OWN_ERROR_KEYS] != list(recorded):
            yield f"{where}: keys {list(ours)} instead of {list(recorded)}"
    elif not some:
        more = [key for key in ours if key not in recorded and key not in MORE_KEYS]
        if more:
            yield f"{where}: has {', '.join(more)} as well"


def cursor_differences(recorded: str, ours: Any, ids: Ids, where: str) -> Iterator[str]:
    """What is wrong with a cursor, which is compared as what it holds."""
    try:
        values = json.loads(base64.b64decode(ours))
    except (TypeError, ValueError):
        yield f"{where}: {_brief(ours)} is no cursor"
        return
    yield from differences(json.loads(base64.b64decode(recorded)), values, ids, where)


def _same(recorded: Any, ours: Any, ids: Ids) -> bool:
    if recorded == "<any>":
        return True
    if isinstance(recorded, bool) or recorded is None:
        return recorded is ours
    if isinstance(recorded, int | float) or recorded == "<number>":
        if isinstance(ours, bool) or not isinstance(ours, int | float):
            return False
        return recorded == "<number>" or math.isclose(recorded, ours, rel_tol=1e-12)
    if not isinstance(ours, str):
        return False
    if recorded in ("<text>", ours):
        return True
    if recorded == "<time>":
        return TIME.fullmatch(ours) is not None
    if UUID.fullmatch(recorded):
        return UUID.fullmatch(ours) is not None and ids.agree(recorded, ours)
    if NUMBER.fullmatch(recorded) and NUMBER.fullmatch(ours):
        return math.isclose(float(recorded), float(ours), rel_tol=1e-12)
    return ids.replace(recorded) == ours


def _brief(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 160 else text[:160] + "…"


def row_differences(recorded: dict[str, Any], body: Any, ids: Ids) -> Iterator[str]:
    """What is wrong with a list of records, compared by the names of its rows, its count and its cursors.

    Of longer lists the first 25 names were recorded.
    """
    ((_, rows),) = body["data"].items()
    names = [_name(row, recorded.get("with")) for row in rows]
    wanted = recorded.get("names")
    if wanted is not None:
        compared = names[:25] if len(wanted) == 25 else names
        if compared != wanted:
            yield f"rows: {_brief(compared)} instead of {_brief(wanted)}"
    if "length" in recorded and len(rows) != recorded["length"]:
        yield f"rows: {len(rows)} instead of {recorded['length']}"
    if "totalCount" in recorded and body.get("totalCount") != recorded["totalCount"]:
        yield f"totalCount: {body.get('totalCount')} instead of {recorded['totalCount']}"
    if "start" in recorded:
        yield from cursor_differences(recorded["start"], body["pageInfo"]["startCursor"], ids, "startCursor")
    if "pageInfo" in recorded:
        yield from differences(recorded["pageInfo"], body["pageInfo"], ids, "pageInfo")


def _name(row: dict[str, Any], second: str | None) -> str:
    name = row["name"]
    text: str = name["lastName"] if isinstance(name, dict) else name
    return f"{text}/{row[second]}" if second else text


def group_differences(recorded: list[Any], body: Any, ids: Ids, limited: bool) -> Iterator[str]:
    """What is wrong with groups whose order was not asked for. Limited ones are any of all groups."""
    if not isinstance(body, list) or len(body) != len(recorded):
        yield f"groups: {_brief(body)} instead of {_brief(recorded)}"
        return
    if limited:
        return

    def key(group: dict[str, Any]) -> str:
        return json.dumps(group.get("groupByDimensionValues"))

    yield from differences(sorted(recorded, key=key), sorted(body, key=key), ids, "groups")


def type_differences(recorded: Any, ours: Any, where: str = "") -> Iterator[str]:
    """What is wrong with introspected types: all that was recorded is there, alike; there may be more."""
    if isinstance(recorded, list) and isinstance(ours, list) and all(isinstance(i, dict) for i in recorded):
        by_name = {item["name"]: item for item in ours}
        for item in recorded:
            if item["name"] not in by_name:
                yield f"{where}: lacks {item['name']}"
            else:
                yield from type_differences(item, by_name[item["name"]], f"{where}.{item['name']}")
    elif isinstance(recorded, dict) and isinstance(ours, dict):
        for key, value in recorded.items():
            yield from type_differences(value, ours.get(key), f"{where}.{key}")
    elif recorded != ours:
        yield f"{where}: {_brief(ours)} instead of {_brief(recorded)}"


# What tells the items of a list apart, whose order the wire does not fix.
_KEYS = ("name", "nameSingular", "node", "targetObjectMetadata", "label", "key")


def ordered_like(recorded: Any, ours: Any) -> Any:
    """Our answer, its lists in the order of the recorded ones and without what these do not have."""
    if isinstance(recorded, dict) and isinstance(ours, dict):
        return {key: ordered_like(recorded.get(key), value) for key, value in ours.items()}
    if not isinstance(recorded, list) or not isinstance(ours, list):
        return ours
    if recorded and all(isinstance(item, dict) for item in recorded) and name_of(recorded[0]) is not None:
        by_name = {name_of(item): item for item in ours}
        ours = [by_name[name_of(item)] for item in recorded if name_of(item) in by_name]
    return [ordered_like(theirs, mine) for theirs, mine in zip(recorded, ours, strict=False)] + ours[len(recorded) :]


def name_of(item: Any) -> str | None:
    """What tells an item apart."""
    if not isinstance(item, dict):
        return item if isinstance(item, str) and not item.startswith("<") else None
    return next((found for key in _KEYS if key in item and (found := name_of(item[key])) is not None), None)
