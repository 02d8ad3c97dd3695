"""The grammar of `order_by`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threescore.errors import BadRequest
from threescore.query.ordering import DIRECTIONS
from threescore.rest.grammar.order_by import MAX_ITEMS, parse_order_by


@pytest.mark.parametrize(
    ("text", "orders"),
    [
        ("name.lastName", [(("name", "lastName"), "AscNullsFirst")]),
        (
            "jobTitle[AscNullsLast],name.lastName[DescNullsLast]",
            [(("jobTitle",), "AscNullsLast"), (("name", "lastName"), "DescNullsLast")],
        ),
        ("company.domainName.primaryLinkUrl", [(("company", "domainName", "primaryLinkUrl"), "AscNullsFirst")]),
        ("a[DescNullsFirst], b", [(("a",), "DescNullsFirst"), ((" b",), "AscNullsFirst")]),
        ("jobTitle[AscNullsFirst", [(("jobTitle[AscNullsFirst",), "AscNullsFirst")]),
        ("a]", [(("a]",), "AscNullsFirst")]),
        ("", [(("",), "AscNullsFirst")]),
    ],
)
def test_orders(text: str, orders: object) -> None:
    assert parse_order_by(text) == orders


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_every_direction(direction: str) -> None:
    assert parse_order_by(f"a[{direction}]") == [(("a",), direction)]


@pytest.mark.parametrize("direction", ["asc", "ASC", "ascNullsFirst", "", "AscNullsFirst "])
def test_other_directions_are_refused(direction: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_order_by(f"jobTitle[{direction}]")
    assert caught.value.message == (
        f"'order_by' direction '{direction}' invalid. Allowed values are 'AscNullsFirst', 'AscNullsLast', "
        "'DescNullsFirst', 'DescNullsLast'. eg: ?order_by=field_1[AscNullsFirst],field_2[DescNullsLast],field_3"
    )


def test_limits() -> None:
    assert len(parse_order_by(",".join("a" * MAX_ITEMS))) == MAX_ITEMS
    with pytest.raises(BadRequest, match="At most 50"):
        parse_order_by("," * MAX_ITEMS)
    with pytest.raises(BadRequest, match="at most 8 names"):
        parse_order_by("." * 100_000)


@given(st.one_of(st.text(), st.text("a.[],", max_size=20)))
def test_any_text_is_an_order_or_a_bad_request(text: str) -> None:
    try:
        orders = parse_order_by(text)
    except BadRequest:
        return
    assert all(names and direction in DIRECTIONS for names, direction in orders)
