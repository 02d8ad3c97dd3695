"""Cursors as text."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threescore.errors import BadRequest
from threescore.rest.grammar.cursor import decode_cursor, encode_cursor

ID = "11111111-1111-4111-8111-000000000022"


def test_encoding() -> None:
    assert encode_cursor({"name": {"lastName": "Q22"}, "id": ID}) == (
        "eyJuYW1lIjp7Imxhc3ROYW1lIjoiUTIyIn0sImlkIjoiMTExMTExMTEtMTExMS00MTExLTgxMTEtMDAwMDAwMDAwMDIyIn0="
    )
    assert base64.b64decode(encode_cursor({"name": "Zoë", "id": ID})).decode() == f'{{"name":"Zoë","id":"{ID}"}}'


def test_decoding() -> None:
    assert decode_cursor("eyJpZCI6IjExMTExMTExLTExMTEtNDExMS04MTExLTAwMDAwMDAwMDAyMCJ9") == {
        "id": "11111111-1111-4111-8111-000000000020"
    }
    assert decode_cursor("eyJyYXRpbmciOm51bGwsImlkIjoiMzMifQ==") == {"rating": None, "id": "33"}


def test_the_value_of_a_json_field_may_be_deep() -> None:
    deep: list[object] = []
    for _ in range(199):
        deep = [deep]
    text = base64.b64encode(f'{{"telemetry":{deep},"id":"{ID}"}}'.encode()).decode()
    assert decode_cursor(text) == {"telemetry": deep, "id": ID}


def test_either_alphabet_and_lost_padding() -> None:
    values = {"name": "?>~ü??>>~~ÿ", "id": ID}
    cursor = encode_cursor(values)
    assert "+" in cursor or "/" in cursor
    assert decode_cursor(cursor.replace("+", "-").replace("/", "_").rstrip("=")) == values
    assert decode_cursor(cursor.replace("+", " ")) == values


@pytest.mark.parametrize(
    "text",
    [
        ID,
        "nonsense",
        "",
        "eyJ",
        "é",
        base64.b64encode(b"1").decode(),
        base64.b64encode(b'["a"]').decode(),
        base64.b64encode(b'{"a":"\xff"}').decode(),
        base64.b64encode(b'{"a":"\\u0000"}').decode(),
        base64.b64encode(b'{"a":' * 10_000).decode(),
    ],
)
def test_refused(text: str) -> None:
    with pytest.raises(BadRequest) as caught:
        decode_cursor(text)
    assert caught.value.message.startswith(f"Invalid cursor: {text[:200]}")


@given(
    st.dictionaries(
        st.text("abc"),
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(-(2**63), 2**63),
            st.text(st.characters(exclude_characters="\x00", codec="utf-8")),
        ),
    )
)
def test_round_trip(values: dict[str, bool | int | str | None]) -> None:
    assert decode_cursor(encode_cursor(values)) == values


@given(st.one_of(st.text(), st.binary().map(lambda raw: base64.b64encode(raw).decode())))
def test_any_text_is_a_cursor_or_a_bad_request(text: str) -> None:
    try:
        values = decode_cursor(text)
    except BadRequest:
        return
    assert isinstance(values, dict)
