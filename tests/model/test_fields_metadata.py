"""What a field's definition may say: settings, default values, which types can be created."""

from typing import Any

import pytest

from tests.model.field_factory import make_field
from threescore.model.fields import TYPES, Row

MAX_FILES = "maxNumberOfValues must be defined in settings and be a number greater than 0 and less than or equal to 60"


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        ("TEXT", None, None),
        ("TEXT", {"displayedMaxRows": 99}, None),
        ("TEXT", {"displayedMaxRows": 101}, "displayedMaxRows must be a whole number from 0 to 100"),
        ("NUMBER", {"dataType": "int", "decimals": 0, "type": "number"}, None),
        ("NUMBER", {"dataType": "short"}, "dataType must be one of float, int, bigint"),
        ("NUMBER", {"decimals": -1}, "decimals must be a whole number of at least 0"),
        ("NUMBER", {"type": "money"}, "type must be one of number, percentage, shortNumber"),
        ("DATE", {"displayFormat": "RELATIVE"}, None),
        ("DATE_TIME", {"displayFormat": "x"}, "displayFormat must be one of RELATIVE, USER_SETTINGS, CUSTOM"),
        ("FILES", None, MAX_FILES),
        ("FILES", {"maxNumberOfValues": 3}, None),
        ("FILES", {"maxNumberOfValues": 11}, None),
        ("FILES", {"maxNumberOfValues": 60}, None),
        ("FILES", {"maxNumberOfValues": 61}, MAX_FILES),
        ("FILES", {"maxNumberOfValues": 0}, MAX_FILES),
        ("FILES", {"maxNumberOfValues": True}, MAX_FILES),
        ("EMAILS", {"maxNumberOfValues": 0}, "maxNumberOfValues must be a whole number greater than 0"),
        ("PHONES", {"clickAction": "X"}, "clickAction must be one of COPY, OPEN_LINK, OPEN_IN_APP"),
        ("LINKS", {"maxNumberOfValues": 1, "type": "domain"}, None),
        ("LINKS", {"type": "x"}, "type must be one of url, domain"),
        ("CURRENCY", {"format": "full", "decimals": 2}, None),
        ("CURRENCY", {"format": "x"}, "format must be one of short, full"),
        ("ADDRESS", {"subFields": ["addressCity"]}, None),
        ("BOOLEAN", {"anything": 1}, None),
    ],
)
def test_settings(kind: str, settings: dict[str, Any] | None, message: str | None) -> None:
    assert TYPES[kind].check_settings(settings) == message


def test_address_settings_name_the_sub_fields() -> None:
    message = TYPES["ADDRESS"].check_settings({"subFields": ["city"]})
    assert message is not None
    assert "addressCity" in message


QUOTED = "Default value should be as quoted string"
STATUS = ("IDLE", "READY")


@pytest.mark.parametrize(
    ("kind", "default", "message"),
    [
        ("TEXT", None, None),
        ("TEXT", "'Up'", None),
        ("TEXT", "''", None),
        ("TEXT", "Up", QUOTED),
        ("TEXT", 1, QUOTED),
        ("NUMBER", 3, None),
        ("NUMBER", 1.5, None),
        ("NUMBER", "3", "Default value should be a number"),
        ("BOOLEAN", False, None),
        ("BOOLEAN", "false", "Invalid boolean value 'false' for field \"value\""),
        ("DATE", "now", None),
        ("DATE", "2024-01-31", None),
        ("DATE_TIME", "now", None),
        ("DATE_TIME", "'2024-01-31'", None),
        (
            "DATE",
            "soon",
            "Invalid value 'soon' for date field \"value\". Expected format: 'YYYY-MM-DD'",
        ),
        ("UUID", "uuid", None),
        ("UUID", "'44444444-4444-4444-8444-444444444444'", None),
        ("UUID", "44444444-4444-4444-8444-444444444444", QUOTED),
        ("SELECT", "'IDLE'", None),
        ("SELECT", "IDLE", QUOTED),
        ("SELECT", "'X'", "Default value \"'X'\" must be one of the option values"),
        ("RATING", "'RATING_3'", None),
        ("MULTI_SELECT", ["'IDLE'", "'READY'"], None),
        ("MULTI_SELECT", [], "Default value should be a non-empty array of quoted strings"),
        ("MULTI_SELECT", ["IDLE"], QUOTED),
        ("MULTI_SELECT", ["'X'"], "Default value \"'X'\" must be one of the option values"),
        ("MULTI_SELECT", ["'IDLE'", "'IDLE'"], "Default values must be different from each other"),
        ("ARRAY", ["'a'"], None),
        ("ARRAY", ["a"], QUOTED),
        ("ARRAY", "'a'", "Default value should be an array of quoted strings"),
        ("CURRENCY", {"amountMicros": "1000", "currencyCode": "'USD'"}, None),
        ("CURRENCY", {"amountMicros": None, "currencyCode": None}, None),
        ("CURRENCY", {"currencyCode": "USD"}, f"{QUOTED} (sub-field currencyCode)"),
        (
            "CURRENCY",
            {"amountMicros": True},
            "Default value should be a number or a numeric string (sub-field amountMicros)",
        ),
        (
            "CURRENCY",
            {"amount": 1},
            'Default value has an unknown sub-field "amount": expected amountMicros, currencyCode',
        ),
        ("CURRENCY", 5, "Default value should be an object with the sub-fields amountMicros, currencyCode"),
        ("ACTOR", {"name": "'System'", "source": "'MANUAL'", "context": None, "workspaceMemberId": None}, None),
        ("EMAILS", {"primaryEmail": "'a@b.example'", "additionalEmails": None}, None),
        ("RAW_JSON", {"a": 1}, None),
        ("POSITION", 0, None),
        ("POSITION", "first", "Default value should be a number"),
        (
            "POSITION",
            10**309,
            'Number value 1e+309 for field "value" is out of range: '
            "it must be between -1.7976931348623157e+308 and 1.7976931348623157e+308",
        ),
        ("FILES", [], "Fields of type FILES cannot have a default value"),
        ("TS_VECTOR", "x", "Fields of type TS_VECTOR cannot have a default value"),
        ("RELATION", "x", "Fields of type RELATION cannot have a default value"),
    ],
)
def test_default_values(kind: str, default: Any, message: str | None) -> None:
    options = STATUS if kind in ("SELECT", "MULTI_SELECT") else ()
    field = make_field(kind, options=options, default_value=default)
    assert field.kind.check_default(field) == message


def test_a_default_must_fit_the_settings() -> None:
    field = make_field("NUMBER", settings={"dataType": "int"}, default_value=1.5)
    assert field.kind.check_default(field) == (
        'Invalid number value 1.5 for field "value" - a whole number is expected'
    )


@pytest.mark.parametrize(
    ("kind", "default", "expression", "row"),
    [
        ("TEXT", "'Up'", "'Up'", {"value": "Up"}),
        ("TEXT", "'it''s \\'", "E'it''''s \\\\'", {"value": "it''s \\"}),
        ("TEXT", "''", None, {}),
        ("TEXT", None, None, {}),
        ("NUMBER", 3, "3", {"value": 3}),
        ("NUMBER", 1.5, "1.5", {"value": 1.5}),
        ("BOOLEAN", False, "false", {"value": False}),
        ("DATE", "now", "(now() AT TIME ZONE 'UTC')::date", {}),
        ("DATE", "2024-01-31", "'2024-01-31'::date", {"value": "2024-01-31"}),
        ("DATE_TIME", "now", "now()", {}),
        (
            "DATE_TIME",
            "2024-01-31",
            "'2024-01-31T00:00:00.000Z'::timestamptz(3)",
            {"value": "2024-01-31T00:00:00.000Z"},
        ),
        ("UUID", "uuid", "gen_random_uuid()", {}),
        (
            "UUID",
            "'44444444-4444-4444-8444-444444444444'",
            "'44444444-4444-4444-8444-444444444444'::uuid",
            {"value": "44444444-4444-4444-8444-444444444444"},
        ),
        ("SELECT", "'IDLE'", "'IDLE'", {"value": "IDLE"}),
        ("MULTI_SELECT", ["'IDLE'", "'READY'"], "ARRAY['IDLE', 'READY']::text[]", {"value": ["IDLE", "READY"]}),
        ("ARRAY", ["'a'"], "ARRAY['a']::text[]", {"value": ["a"]}),
        ("RAW_JSON", {"a": "it's"}, "'{\"a\":\"it''s\"}'::jsonb", {"value": {"a": "it's"}}),
        ("POSITION", 0, "0", {}),
        ("FILES", None, None, {}),
        ("TS_VECTOR", None, None, {}),
    ],
)
def test_defaults_in_the_database_and_in_rows(kind: str, default: Any, expression: str | None, row: Row) -> None:
    options = STATUS if kind in ("SELECT", "MULTI_SELECT") else ()
    field = make_field(kind, options=options, default_value=default)
    assert field.kind.column_default(field.leaf) == expression
    found: Row = {}
    field.kind.default_row(field, found)
    assert found == row


def test_defaults_of_composite_fields_are_by_sub_field() -> None:
    field = make_field("ACTOR", "captain", default_value={"source": "'MANUAL'", "name": "'System'", "context": None})
    assert {leaf.column: leaf.type.column_default(leaf) for leaf in field.leaves} == {
        "captainSource": "'MANUAL'",
        "captainWorkspaceMemberId": None,
        "captainName": "'System'",
        "captainContext": None,
    }
    row: Row = {}
    field.kind.default_row(field, row)
    assert row == {"captainSource": "MANUAL", "captainName": "System"}


def test_a_default_amount_is_a_number() -> None:
    field = make_field("CURRENCY", "price", default_value={"amountMicros": "1000", "currencyCode": "'USD'"})
    assert [leaf.type.column_default(leaf) for leaf in field.leaves] == ["1000", "'USD'"]


def test_types_that_callers_cannot_create() -> None:
    refusals = {name: kind.refuse_creation("value") for name, kind in TYPES.items() if not kind.creatable}
    assert refusals == {
        "NUMERIC": "Field type NUMERIC is not supported for field creation. Use NUMBER instead.",
        "POSITION": 'Field type POSITION must be named "position", got "value"',
        "TS_VECTOR": "TS Vector is not supported for field creation",
    }
    assert TYPES["POSITION"].refuse_creation("position") == "Field type POSITION must be a system field"
    assert all(kind.refuse_creation("value") is None for kind in TYPES.values() if kind.creatable)


def test_which_types_can_be_unique_and_searchable() -> None:
    assert {name for name, kind in TYPES.items() if not kind.takes_unique} == {
        "ACTOR", "ADDRESS", "CURRENCY", "FILES", "FULL_NAME", "MORPH_RELATION", "POSITION", "RELATION", "RICH_TEXT",
        "TS_VECTOR",
    }  # fmt: skip
    assert {name for name, kind in TYPES.items() if kind.searchable} == {
        "ADDRESS", "EMAILS", "FULL_NAME", "LINKS", "PHONES", "RICH_TEXT", "TEXT", "UUID",
    }  # fmt: skip
    assert all(kind.unique_sub_fields for kind in TYPES.values() if kind.sub_fields and kind.takes_unique)


def test_columns_of_a_required_field() -> None:
    text = make_field("TEXT", is_nullable=False)
    name = make_field("FULL_NAME", is_nullable=False)
    assert text.kind.column_required(text.leaf)
    assert not any(leaf.type.column_required(leaf) for leaf in name.leaves)
