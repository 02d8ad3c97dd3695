"""Query strings, limits, depths, and warnings."""

from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threescore.errors import BadRequest
from threescore.rest.grammar.parameters import parse_depth, parse_limit, parse_query_string
from threescore.rest.grammar.warnings import repeated_parameters, unknown_parameters, warning_header


def test_decoding() -> None:
    parameters = parse_query_string(b"filter=name%5Beq%5D%3A%22a+b%2B%C3%A9%22&limit=&&empty&x=a=b")
    assert parameters.values == {"filter": 'name[eq]:"a b+é"', "limit": "", "empty": "", "x": "a=b"}
    assert parse_query_string("filter=naïve".encode()).get("filter") == "naïve"
    assert parse_query_string(b"a=100%&b=%zz").values == {"a": "100%", "b": "%zz"}
    assert parse_query_string(b"").values == {}


@pytest.mark.parametrize("raw", [b"a=%ff", b"%ff=a", b"a=\xff", b"a=%ed%a0%80", b"a=%00", b"%00"])
def test_refused_query_strings(raw: bytes) -> None:
    with pytest.raises(BadRequest):
        parse_query_string(raw)


def test_repeated_parameters_count_as_absent() -> None:
    parameters = parse_query_string(b"filter=a&limit=1&filter=b&filter=c")
    assert parameters.get("filter") is None
    assert parameters.get("limit") == "1"
    assert parameters.repeated == ("filter",)
    assert warning_header(repeated_parameters("findMany", parameters.repeated)) == (
        "299 threescore \"Parameter 'filter' was given more than once and ignored\""
    )
    assert repeated_parameters("findOne", parameters.repeated) == []


@pytest.mark.parametrize(
    ("raw", "on"),
    [
        (b"upsert=true", True),
        (b"upsert=True", False),
        (b"upsert=1", False),
        (b"upsert", False),
        (b"", False),
        (b"upsert=true&upsert=true", False),
    ],
)
def test_switches(raw: bytes, on: bool) -> None:
    assert parse_query_string(raw).is_true("upsert") is on


@given(
    st.dictionaries(
        st.text(st.characters(exclude_characters="\x00", codec="utf-8")),
        st.text(st.characters(exclude_characters="\x00", codec="utf-8")),
    )
)
def test_what_a_client_encodes_is_read_back(values: dict[str, str]) -> None:
    raw = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in values.items()).encode()
    assert parse_query_string(raw).values == values


@given(st.binary())
def test_any_bytes_are_parameters_or_a_bad_request(raw: bytes) -> None:
    try:
        values = parse_query_string(raw).values
    except BadRequest:
        return
    assert isinstance(values, dict)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        (None, 60),
        ("", 60),
        ("0", 0),
        ("1", 1),
        ("1.4", 1),
        ("1.5", 2),
        (".5", 1),
        ("200", 200),
        ("201", 200),
        ("1000", 200),
        ("9" * 5000, 200),
    ],
)
def test_limit(text: str | None, limit: int) -> None:
    assert parse_limit(text, 60, 200) == limit


@pytest.mark.parametrize("text", ["-1", "abc", "nan", "inf", "1e999x", "٣", "1,5", "."])
def test_refused_limit(text: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_limit(text, 60, 200)
    assert caught.value.message == f"limit '{text}' is invalid. Should be an integer"


def test_depth() -> None:
    assert [parse_depth(text) for text in (None, "", "0", "1")] == [0, 0, 0, 1]
    for text in ("2", "-1", "abc"):
        with pytest.raises(BadRequest) as caught:
            parse_depth(text)
        assert caught.value.message == f"'depth={text}' parameter invalid. Allowed values are 0, 1"


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("order", "299 threescore \"Unknown parameter 'order' was ignored; did you mean 'order_by'?\""),
        ("orderBy", "299 threescore \"Unknown parameter 'orderBy' was ignored; did you mean 'order_by'?\""),
        ("Limit", "299 threescore \"Unknown parameter 'Limit' was ignored; did you mean 'limit'?\""),
        ("search", "299 threescore \"Unknown parameter 'search' was ignored\""),
        ('a"\\\r\né', "299 threescore \"Unknown parameter 'a%22%5C%0D%0A%C3%A9' was ignored\""),
    ],
)
def test_unknown_parameter(name: str, header: str) -> None:
    assert warning_header(unknown_parameters("findMany", ["limit", name])) == header


def test_warnings_fit_the_action() -> None:
    assert unknown_parameters("findMany", ["filter", "order_by"]) == []
    assert len(unknown_parameters("findOne", ["filter", "order_by", "depth"])) == 2
    assert unknown_parameters("groupBy", ["group_by", "viewId", "view_id"]) == []


def test_several_warnings_are_joined_and_limited() -> None:
    header = warning_header(unknown_parameters("findMany", ["offset", "page"]))
    assert header.count("299 threescore") == 2
    assert ", 299" in header
    assert len(unknown_parameters("findMany", [f"x{number}" for number in range(1000)])) == 10


@given(st.text())
def test_any_name_makes_a_plain_header(name: str) -> None:
    header = warning_header(unknown_parameters("findMany", [name, name * 100]))
    assert header.isascii()
    assert header.isprintable()
    assert len(header) < 2000
