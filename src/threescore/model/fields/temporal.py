"""DATE and DATE_TIME, and the formats in which people and programs write them."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from threescore.errors import BadRequest
from threescore.model.fields.base import FieldType, Leaf
from threescore.model.fields.graphql_types import GraphqlTypes, date_types
from threescore.model.fields.json_schema import Schema, Use
from threescore.model.fields.values import Json, show, unquote

if TYPE_CHECKING:
    from threescore.model.objects import Field

_COMPARISONS = ("eq", "neq", "gt", "gte", "lt", "lte", "in", "is")

_MONTH_NAMES = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}
_MONTHS.update({name[:3]: number for name, number in list(_MONTHS.items())})

_ISO_MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|z|[+-]\d{2}(?::?\d{2})?)?", re.ASCII
)

_is_normal_moment = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z", re.ASCII).fullmatch
"""How we write an instant: what programs send most, and what needs no change."""

_DAYS = tuple(
    re.compile(expression, re.ASCII)
    for expression in (
        r"(?P<year>\d{4})(?P<separator>[-./])(?P<month>\d{1,2})(?P=separator)(?P<day>\d{1,2})",
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})",
        r"(?P<month>\d{1,2})(?P<separator>[-./])(?P<day>\d{1,2})(?P=separator)(?P<year>\d{4})",
        r"(?P<name>[A-Za-z]{3,9}) (?P<day>\d{1,2}), (?P<year>\d{4})",
        r"(?P<day>\d{1,2}) (?P<name>[A-Za-z]{3,9}) (?P<year>\d{4})",
        r"(?P<day>\d{1,2})-(?P<name>[A-Za-z]{3})-(?P<year>\d{4})",
        r"(?P<year>\d{4})-(?P<name>[A-Za-z]{3})-(?P<day>\d{1,2})",
    )
)

_FAR_YEAR = re.compile(r"(?:[+-]\d{4,}|\d{5,}|0000)-\d", re.ASCII)


def parse_day(text: str) -> date | None:
    """The day that a text without a time names, in any accepted format; None when it is none."""
    for expression in _DAYS:
        match = expression.fullmatch(text)
        if match is None:
            continue
        parts = match.groupdict()
        month = int(parts["month"]) if parts.get("month") else _MONTHS.get((parts.get("name") or "").lower())
        if month is None:
            return None
        try:
            return date(int(parts["year"]), month, int(parts["day"]))
        except ValueError:
            return None
    return None


def parse_moment(text: str) -> datetime | None:
    """The instant that a text names, in UTC and whole milliseconds; without an offset it is read as UTC.

    A day alone is its midnight in UTC. None when the text names no instant.
    """
    if _ISO_MOMENT.fullmatch(text):
        try:
            moment = datetime.fromisoformat(text)
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            return None
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    day = parse_day(text)
    return None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC)


class _Temporal(FieldType):
    operators: ClassVar[tuple[str, ...]] = _COMPARISONS
    aggregates: ClassVar[tuple[str, ...]] = ("min", "max")
    words: ClassVar[str]
    expected: ClassVar[str]

    def _refused(self, leaf: Leaf, value: Json) -> BadRequest:
        message = f'Invalid value {show(value)} for {self.words} field "{leaf.path}". Expected format: {self.expected}'
        if isinstance(value, str) and _FAR_YEAR.match(value):
            message += ", years 0001 to 9999"
        return BadRequest(message)

    def comparand(self, leaf: Leaf, value: Json) -> Json:
        if value is None:
            raise self._refused(leaf, value)
        return self.accept(leaf, value)

    def slot_type(self, leaf: Leaf, operator: str, operand: Any = None) -> str:
        """Read from text by PostgreSQL: the driver would take the first and the last day there is for infinite ones."""
        return "text[]::" + super().slot_type(leaf, operator) if operator == "in" else "text::" + self.column_type(leaf)

    def default(self, leaf: Leaf) -> Json:
        """None for the word `now` too: the database knows what time it is."""
        value = leaf.default_value
        if value is None or value == "now":
            return None
        text = unquote(value)
        return self.accept(leaf, value if text is None else text)

    def check_leaf_default(self, leaf: Leaf, value: Json) -> str | None:
        if value == "now":
            return None
        text = unquote(value)
        return super().check_leaf_default(leaf, value if text is None else text)

    def check_settings(self, settings: Mapping[str, Any] | None) -> str | None:
        if (settings or {}).get("displayFormat") not in (None, "RELATIVE", "USER_SETTINGS", "CUSTOM"):
            return "displayFormat must be one of RELATIVE, USER_SETTINGS, CUSTOM"
        return None


class Date(_Temporal):
    """A day. A date-time is taken when it is in UTC; elsewhere it would not say whose day is meant."""

    name: ClassVar[str] = "DATE"
    words: ClassVar[str] = "date"
    expected: ClassVar[str] = "'YYYY-MM-DD'"
    graphql: ClassVar[GraphqlTypes] = date_types("Date", "DateFilter")
    usage: ClassVar[str] = (
        "`YYYY-MM-DD`. Other unambiguous forms (`2026/01/31`, `01/31/2026`, `31 January 2026`) are taken too."
    )

    def value_schema(self, leaf: Leaf, use: Use) -> Schema:
        return {"type": "string", "format": "date"}

    def example(self, field: "Field", number: int) -> Json:
        return f"2026-01-{(number - 1) % 28 + 1:02d}"

    def column_type(self, leaf: Leaf) -> str:
        return "date"

    def column_default(self, leaf: Leaf) -> str | None:
        return "(now() AT TIME ZONE 'UTC')::date" if leaf.default_value == "now" else super().column_default(leaf)

    def accept(self, leaf: Leaf, value: Json) -> Json:
        return None if value is None else self._read(leaf, value).isoformat()

    def _read(self, leaf: Leaf, value: Json) -> date:
        if type(value) is str:
            day = parse_day(value)
            if day is not None:
                return day
            if _ISO_MOMENT.fullmatch(value):
                try:
                    moment = datetime.fromisoformat(value)
                except ValueError:
                    raise self._refused(leaf, value) from None
                if not moment.utcoffset():
                    return moment.date()
        raise self._refused(leaf, value)


class DateTime(_Temporal):
    """An instant, in milliseconds."""

    name: ClassVar[str] = "DATE_TIME"
    words: ClassVar[str] = "date-time"
    expected: ClassVar[str] = "'YYYY-MM-DDTHH:mm:ssZ'"
    graphql: ClassVar[GraphqlTypes] = date_types("DateTime", "DateTimeFilter")
    usage: ClassVar[str] = (
        "ISO 8601, read in UTC with milliseconds: `2026-01-31T09:30:00.000Z`. Written without an offset it is UTC, "
        "without a time it is midnight."
    )

    def value_schema(self, leaf: Leaf, use: Use) -> Schema:
        return {"type": "string", "format": "date-time"}

    def example(self, field: "Field", number: int) -> Json:
        return f"2026-01-{(number - 1) % 28 + 1:02d}T09:30:00.000Z"

    def column_type(self, leaf: Leaf) -> str:
        return "timestamptz(3)"

    def column_default(self, leaf: Leaf) -> str | None:
        return "now()" if leaf.default_value == "now" else super().column_default(leaf)

    def accept(self, leaf: Leaf, value: Json) -> Json:
        if value is None:
            return None
        if type(value) is str and _is_normal_moment(value):
            try:
                datetime.fromisoformat(value)
            except ValueError:
                raise self._refused(leaf, value) from None
            return value
        return self._read(leaf, value).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"

    def _read(self, leaf: Leaf, value: Json) -> datetime:
        if type(value) is str:
            moment = parse_moment(value)
            if moment is not None:
                return moment
        raise self._refused(leaf, value)

    def json(self, leaf: Leaf, column: str) -> str:
        return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""
