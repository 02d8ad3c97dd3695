"""What the field types say of their values in JSON Schema is true of what they take."""

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from tests.model.field_factory import ROCKET, make_field, written
from threescore.model.fields import TYPES

FORMATS = FormatChecker(("date", "uuid", "email"))
VALUES = {name: field for name, field in ROCKET.items() if not field.is_relation}


@pytest.mark.parametrize("name", VALUES)
def test_examples_are_taken_and_fit(name: str) -> None:
    field = VALUES[name]
    assert field.kind.usage
    examples = [field.kind.example(field, number) for number in (1, 2, 3, 204)]
    for use in ("create", "update", "read"):
        schema = field.kind.schema(field, use)
        Draft202012Validator.check_schema(schema)
        for example in examples:
            if example is not None and use != "read":
                Draft202012Validator(schema, format_checker=FORMATS).validate(example)
    if field.type in ("FILES", "TS_VECTOR", "POSITION"):
        assert examples == [None] * 4 or field.type == "POSITION"
        return
    rows = [written(field, example) for example in examples]
    assert all(rows)


@pytest.mark.parametrize("kind", ["TEXT", "UUID", "EMAILS", "LINKS", "PHONES", "NUMBER", "NUMERIC"])
def test_examples_of_what_can_be_unique_differ(kind: str) -> None:
    field = make_field(kind)
    examples = [repr(field.kind.example(field, number)) for number in range(1, 1000)]
    assert len(set(examples)) == len(examples)


def test_every_type_has_words() -> None:
    assert all(kind.usage.endswith(".") for kind in TYPES.values())


def test_null_is_said_where_it_can_be() -> None:
    number, text = make_field("NUMBER"), make_field("TEXT")
    assert number.kind.schema(number, "create") == {"type": "number"}
    assert number.kind.schema(number, "update") == {"type": ["number", "null"]}
    assert number.kind.schema(number, "read") == {"type": ["number", "null"]}
    assert text.kind.schema(text, "read") == {"type": "string"}
    choice = make_field("SELECT", options=("A", "B"))
    assert choice.kind.schema(choice, "read") == {"type": ["string", "null"], "enum": ["A", "B", None]}
    needed = make_field("NUMBER", is_nullable=False)
    assert needed.kind.schema(needed, "update") == {"type": "number"}
