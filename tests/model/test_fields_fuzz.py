"""Whatever JSON comes in: a field type takes it or says BadRequest, and what it took can be stored."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.model.field_factory import ROCKET
from threescore.errors import BadRequest
from threescore.model.fields import Json, Row
from threescore.model.fields.blocks import blocks_from_markdown, markdown_from_blocks
from threescore.model.objects import Field

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**300, max_value=10**320)
    | st.floats()
    | st.text()
    | st.text(alphabet=st.characters(codec=None))
    | st.sampled_from(
        [
            "",
            "HEAVY",
            "READY",
            "a@b.example",
            "+33612345678",
            "x.example",
            "https://x.example",
            "now",
            "[]",
            "{}",
            "1e999",
        ]
    )
    | st.dates().map(str)
    | st.datetimes().map(str)
    | st.floats().map(str)
)

KEYS = st.sampled_from(
    sorted({name for field in ROCKET.values() for name in field.kind.sub_fields} | {"number", "label", "url", "fileId"})
)

VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(), inner, max_size=5),
    max_leaves=8,
)

FIELDS = sorted(ROCKET)


@given(st.sampled_from(FIELDS), VALUES)
def test_writing(name: str, value: Json) -> None:
    field: Field = ROCKET[name]
    row: Row = {}
    try:
        field.write(value, row)
    except BadRequest as error:
        if len(error.message.encode()) > 2000:
            pytest.fail("a message is no place for whole values")
        return
    assert set(row) <= {leaf.column for leaf in field.leaves}
    stored = json.dumps(row, allow_nan=False, ensure_ascii=False)
    stored.encode()
    assert "\\u0000" not in stored.replace("\\\\", "")


@given(st.sampled_from([name for name in FIELDS if ROCKET[name].kind.sub_fields]), st.dictionaries(KEYS, VALUES))
def test_writing_objects(name: str, value: Json) -> None:
    test_writing.hypothesis.inner_test(name, value)  # type: ignore[attr-defined]


@given(st.sampled_from(FIELDS), st.sampled_from(["eq", "gt", "in", "containsAny", "like", "isEmptyArray"]), VALUES)
def test_filtering(name: str, operator: str, value: Json) -> None:
    field = ROCKET[name]
    for leaf in field.leaves:
        with contextlib.suppress(BadRequest):
            leaf.type.operand(leaf, operator, value)
        with contextlib.suppress(BadRequest):
            leaf.type.from_cursor(leaf, value)


@given(st.sampled_from(FIELDS), VALUES)
def test_defaults(name: str, value: Json) -> None:
    from msgspec.structs import replace

    field = replace(ROCKET[name], default_value=value)
    if field.leaves and field.kind.check_default(field) is None:
        row: Row = {}
        field.kind.default_row(field, row)
        for leaf in field.leaves:
            leaf.type.column_default(leaf)


@given(st.text(alphabet="ab *_`~[]()<>#-1.\n>!\\&;:/|", max_size=200))
def test_markdown(text: str) -> None:
    blocks = blocks_from_markdown(text)
    assert isinstance(markdown_from_blocks(blocks), str)


@given(st.lists(VALUES))
def test_any_json_as_blocks(value: list[Any]) -> None:
    field = ROCKET["story"]
    try:
        text = json.dumps(value)
    except ValueError:
        pytest.fail("made of JSON values only")
    with contextlib.suppress(BadRequest):
        field.write({"blocknote": text}, {})
