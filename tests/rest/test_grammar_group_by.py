"""The grammars of groupBy's parameters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threescore.errors import BadRequest
from threescore.rest.grammar.group_by import parse_aggregate, parse_group_by, parse_group_order_by

GROUP_BY = (
    'Invalid group_by query parameter - should be a valid array of objects - ex: [{"firstField": true}, '
    """{"secondField": {"subField": true}}, {"dateField": {"granularity": 'DAY'}}]"""
)
AGGREGATE = (
    'Invalid aggregate query parameter - should be a valid array of string - ex: ["countNotEmptyId", "countEmptyField"]'
)


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ('[{"status":true}]', [{"status": True}]),
        ('{"status":true}', [{"status": True}]),
        (
            '[{"operator":{"name":true}}, {"launchAt":{"granularity":"MONTH","timeZone":"UTC"}}]',
            [{"operator": {"name": True}}, {"launchAt": {"granularity": "MONTH", "timeZone": "UTC"}}],
        ),
        ("[]", []),
    ],
)
def test_group_by(text: str, items: object) -> None:
    assert parse_group_by(text) == items


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "nonsense",
        "1",
        "null",
        '"status"',
        "[1]",
        "[{}]",
        "{}",
        '[["status"]]',
        "[" * 100_000,
        '[{"a":' * 100 + "1" + "}]" * 100,
        '[{"a\\u0000":true}]',
        "[NaN]",
    ],
)
def test_refused_group_by(text: str | None) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_group_by(text)
    assert caught.value.message == GROUP_BY


def test_one_field_per_item() -> None:
    with pytest.raises(BadRequest) as caught:
        parse_group_by('[{"status":true,"rating":true}]')
    assert caught.value.message == (
        "You cannot provide multiple fields in one GroupByInput, split them into multiple GroupByInput"
    )


def test_items_are_limited() -> None:
    with pytest.raises(BadRequest, match="at most 50"):
        parse_group_by("[" + ",".join(['{"a":true}'] * 51) + "]")


def test_order_by() -> None:
    assert parse_group_order_by(None) == []
    assert parse_group_order_by('[{"aggregate":{"totalCount":"DescNullsLast"}},{"stage":"AscNullsFirst"}]') == [
        {"aggregate": {"totalCount": "DescNullsLast"}},
        {"stage": "AscNullsFirst"},
    ]
    for text in ("", "stage", "[1]", '[{"a":"AscNullsFirst","b":"AscNullsFirst"}]'):
        with pytest.raises(BadRequest, match="Invalid order_by query parameter"):
            parse_group_order_by(text)


def test_aggregate() -> None:
    assert parse_aggregate(None) == []
    assert parse_aggregate('["totalCount","sumThrust","totalCount"]') == ["totalCount", "sumThrust"]


@pytest.mark.parametrize("text", ["", "foo", '"totalCount"', "[1]", '["a",null]', "{}"])
def test_refused_aggregate(text: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_aggregate(text)
    assert caught.value.message == AGGREGATE


@given(st.one_of(st.text(), st.text('[]{}":,atrue1\\u0', max_size=20)))
def test_any_text_is_understood_or_a_bad_request(text: str) -> None:
    for parse in (parse_group_by, parse_group_order_by, parse_aggregate):
        try:
            items = parse(text)
        except BadRequest:
            continue
        assert isinstance(items, list)
