"""Filter operators and their values: which there are, how text and typed values are read, what is refused."""

from decimal import Decimal
from typing import Any

import pytest

from tests.model.field_factory import ROCKET
from threescore.errors import BadRequest
from threescore.model.fields import Json, Leaf

COMPARE = "eq, neq, gt, gte, lt, lte, in, is"


def leaf_of(path: str) -> Leaf:
    name, _, sub_field = path.partition(".")
    return ROCKET[name].leaf_by_sub_field[sub_field or None]


@pytest.mark.parametrize(
    ("path", "type_name", "allowed"),
    [
        ("codeName", "TEXT", f"{COMPARE}, like, ilike, startsWith, endsWith, regex, iregex"),
        ("pilot.firstName", "TEXT", f"{COMPARE}, like, ilike, startsWith, endsWith, regex, iregex"),
        ("thrust", "NUMBER", COMPARE),
        ("ratio", "NUMERIC", COMPARE),
        ("price.amountMicros", "NUMERIC", COMPARE),
        ("position", "POSITION", COMPARE),
        ("reusable", "BOOLEAN", "eq, is"),
        ("builtOn", "DATE", COMPARE),
        ("launchAt", "DATE_TIME", COMPARE),
        ("extId", "UUID", COMPARE),
        ("company", "RELATION", COMPARE),
        ("captain.workspaceMemberId", "UUID", COMPARE),
        ("status", "SELECT", "eq, neq, gt, gte, lt, lte, in, is, isEmptyArray"),
        ("rating", "RATING", "eq, neq, gt, gte, lt, lte, in, is, isEmptyArray"),
        ("captain.source", "SELECT", "eq, neq, gt, gte, lt, lte, in, is, isEmptyArray"),
        ("tags", "MULTI_SELECT", "containsAny, is, isEmptyArray"),
        ("nicknames", "ARRAY", "containsIlike, is, isEmptyArray"),
        ("telemetry", "RAW_JSON", "is, like"),
        ("docs", "FILES", "is, like"),
        ("contactEmails.additionalEmails", "RAW_JSON", "is, like"),
        ("searchVector", "TS_VECTOR", "eq, neq, is, search"),
    ],
)
def test_other_operators_are_refused_with_those_that_are_allowed(path: str, type_name: str, allowed: str) -> None:
    leaf = leaf_of(path)
    message = f'Operator "foo" is not valid for field "{leaf.path}" of type {type_name} - Allowed operators: {allowed}'
    for call in (lambda: leaf.type.operand(leaf, "foo", "x"), lambda: leaf.type.predicate(leaf, "foo", "c", "$1")):
        with pytest.raises(BadRequest) as refusal:
            call()
        assert refusal.value.message == message


@pytest.mark.parametrize(
    ("path", "operator", "value", "operand"),
    [
        ("codeName", "eq", "Ann", "Ann"),
        ("codeName", "eq", "", ""),
        ("codeName", "eq", None, ""),
        ("codeName", "in", ["a", ""], ["a", ""]),
        ("codeName", "like", "Q3%", "Q3%"),
        ("codeName", "like", "ends with \\", "ends with \\\\"),
        ("codeName", "like", "a\\\\", "a\\\\"),
        ("codeName", "startsWith", "a\\", "a\\"),
        ("thrust", "eq", "1.5", 1.5),
        ("thrust", "eq", 3, 3.0),
        ("thrust", "in", ["1.5", "3"], [1.5, 3.0]),
        ("position", "eq", "12abc", 12.0),
        ("position", "eq", "21", 21.0),
        ("position", "eq", "1e", 1.0),
        ("stages", "eq", "1.5", Decimal("1.5")),
        ("stages", "gte", 6, 6),
        ("stages", "in", [6, "7"], [6, 7]),
        ("stages", "in", [6, "7.5"], [Decimal(6), Decimal("7.5")]),
        ("stages", "lt", 2**63, Decimal(2**63)),
        ("odometer", "gt", "9007199254740993", 9007199254740993),
        ("price.amountMicros", "gt", "5000000", Decimal(5000000)),
        ("price.amountMicros", "in", [1, "2"], [Decimal(1), Decimal(2)]),
        ("reusable", "eq", "true", True),
        ("reusable", "eq", False, False),
        ("builtOn", "eq", "2024-02-01", "2024-02-01"),
        ("builtOn", "in", ["2024-02-01", "Mar 1, 2024"], ["2024-02-01", "2024-03-01"]),
        ("launchAt", "lt", "2024-03-01", "2024-03-01T00:00:00.000Z"),
        ("launchAt", "eq", "Feb 1, 2024", "2024-02-01T00:00:00.000Z"),
        ("launchAt", "eq", "2024-02-01T00:00:00.001999Z", "2024-02-01T00:00:00.001Z"),
        (
            "extId",
            "eq",
            "44444444-4444-4444-8444-4444444444AA",
            "44444444-4444-4444-8444-4444444444aa",
        ),
        ("status", "eq", "READY", "READY"),
        ("status", "isEmptyArray", "true", True),
        ("captain.source", "in", ["API", "MANUAL"], ["API", "MANUAL"]),
        ("tags", "containsAny", ["HEAVY", "NOPE"], ["HEAVY", "NOPE"]),
        ("tags", "isEmptyArray", False, False),
        ("nicknames", "containsIlike", "%n1%", "%n1%"),
        ("telemetry", "like", "%3%", "%3%"),
        ("searchVector", "eq", "x", "x"),
        ("searchVector", "search", "St.Louis & co_op", "'St':* & 'Louis':* & 'co':* & 'op':*"),
        ("codeName", "regex", r"^a\\1\d+$", r"^a\\1\d+$"),
    ],
)
def test_operands(path: str, operator: str, value: Json, operand: Any) -> None:
    leaf = leaf_of(path)
    found = leaf.type.operand(leaf, operator, value)
    assert found == operand
    assert type(found) is type(operand)


@pytest.mark.parametrize(
    ("path", "operator", "value", "message"),
    [
        ("extId", "eq", "abc", "Invalid UUID value 'abc' for field \"extId\""),
        ("extId", "eq", None, 'Invalid UUID value null for field "extId"'),
        ("extId", "in", [], "Invalid filter value for field extId. Expected non-empty array"),
        ("codeName", "in", "x", 'Filter operator "in" requires an array value for field codeName'),
        ("codeName", "eq", 1, 'Invalid string value 1 for text field "codeName"'),
        ("codeName", "eq", "\x00", 'Invalid string value for field "codeName": NUL characters cannot be stored'),
        ("codeName", "like", {}, 'Filter operator "like" requires a string value for field "codeName", got object'),
        ("codeName", "ilike", 1, 'Filter operator "ilike" requires a string value for field "codeName", got number'),
        ("reusable", "eq", "True", "Invalid boolean value 'True' for field \"reusable\""),
        ("reusable", "eq", "1", "Invalid boolean value '1' for field \"reusable\""),
        ("position", "eq", "abc", 'Invalid number value NaN for field "position"'),
        ("position", "eq", True, 'Invalid number value true for field "position"'),
        ("position", "in", [1, "x"], 'Invalid number value NaN for field "position"'),
        (
            "thrust",
            "eq",
            "1e400",
            "Number value '1e400' for field \"thrust\" is out of range: "
            "it must be between -1.7976931348623157e+308 and 1.7976931348623157e+308",
        ),
        (
            "builtOn",
            "eq",
            "nonsense",
            "Invalid value 'nonsense' for date field \"builtOn\". Expected format: 'YYYY-MM-DD'",
        ),
        ("status", "eq", "NOPE", 'Invalid value "NOPE" for field "status". Valid values are: IDLE, READY, FLOWN'),
        ("tags", "containsAny", [1], 'Invalid value 1 for multi select field "tags"'),
        (
            "status",
            "containsAny",
            ["READY"],
            'Operator "containsAny" is not valid for field "status" of type SELECT'
            ' - a field with one value can be compared with "in"',
        ),
        ("tags", "isEmptyArray", "x", "Invalid boolean value 'x' for field \"tags\""),
        (
            "contactEmails.additionalEmails",
            "ilike",
            "%x%",
            'Operator "ilike" is not valid for field "contactEmails.additionalEmails" of type RAW_JSON'
            " - Allowed operators: is, like",
        ),
    ],
)
def test_refused_operands(path: str, operator: str, value: Json, message: str) -> None:
    leaf = leaf_of(path)
    with pytest.raises(BadRequest) as refusal:
        leaf.type.operand(leaf, operator, value)
    assert refusal.value.message == message


@pytest.mark.parametrize(
    ("path", "shown", "value"),
    [
        ("codeName", "", None),
        ("codeName", "x", "x"),
        ("campaign", "", ""),
        ("thrust", 1.5, 1.5),
        ("odometer", "9007199254740993", 9007199254740993),
        ("odometer", 12, 12),
        ("price.amountMicros", "9007199254740993", Decimal(9007199254740993)),
        ("builtOn", "2024-01-31", "2024-01-31"),
        ("launchAt", "2024-01-31T09:30:00.123Z", "2024-01-31T09:30:00.123Z"),
        ("tags", [], None),
        ("tags", ["GONE"], ["GONE"]),
        ("nicknames", ["a"], ["a"]),
        ("telemetry", {"a": 1}, '{"a":1}'),
        ("contactEmails.additionalEmails", [], None),
        ("searchVector", "'a':1", "'a':1"),
        ("status", None, None),
    ],
)
def test_cursor_values(path: str, shown: Json, value: Any) -> None:
    leaf = leaf_of(path)
    assert leaf.type.from_cursor(leaf, shown) == value


def test_selects_compare_and_sort_by_the_order_of_their_options() -> None:
    leaf = leaf_of("status")
    options = "ARRAY['IDLE', 'READY', 'FLOWN']::text[]"
    assert leaf.type.sort_key(leaf, "c") == f"array_position({options}, c)"
    assert leaf.type.predicate(leaf, "gt", "c", "$1::text") == (
        f"array_position({options}, c) > array_position({options}, $1::text)"
    )


@pytest.mark.parametrize(
    ("path", "columns"),
    [
        ("contactEmails", ["contactEmailsPrimaryEmail"]),
        ("website", ["websitePrimaryLinkUrl"]),
        ("price", ["priceAmountMicros", "priceCurrencyCode"]),
        ("captain", ["captainWorkspaceMemberId", "captainSource"]),
        ("codeName", ["codeName"]),
    ],
)
def test_what_makes_a_field_empty(path: str, columns: list[str]) -> None:
    field = ROCKET[path]
    assert sorted(leaf.column for leaf in field.kind.counted_leaves(field)) == sorted(columns)
