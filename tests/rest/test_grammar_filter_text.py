"""Filters written in the words of the `filter` parameter."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threescore.rest.grammar.filter import COMPARATORS, parse_filter
from threescore.rest.grammar.filter_text import write_filter

LISTS = ("in", "containsAny")
names = st.from_regex(r"[a-z][a-zA-Z0-9]{0,8}", fullmatch=True).filter(lambda name: name not in ("and", "or", "not"))
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=12).filter(
    lambda text: not ('"' in text and "'" in text)
)
operations = st.one_of(
    st.tuples(st.sampled_from([word for word in COMPARATORS if word not in (*LISTS, "is")]), texts),
    st.tuples(st.just("is"), st.sampled_from(["NULL", "NOT_NULL"])),
    st.tuples(st.sampled_from(LISTS), st.lists(texts, min_size=1, max_size=4)),
)


@st.composite
def predicates(draw: st.DrawFn) -> dict[str, Any]:
    operator, value = draw(operations)
    tree: dict[str, Any] = {operator: value}
    for name in draw(st.lists(names, min_size=1, max_size=3)):
        tree = {name: tree}
    return tree


trees = st.recursive(
    predicates(),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"not": inner}),
        st.fixed_dictionaries({"or": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"and": st.lists(inner, min_size=1, max_size=3)}),
    ),
    max_leaves=8,
)


@given(st.lists(trees, min_size=1, max_size=3))
def test_what_is_written_is_read_again(parts: list[dict[str, Any]]) -> None:
    text = write_filter({"and": parts})
    assert text is not None
    alone = len(parts) == 1 and parts[0].keys() <= {"and", "or", "not"}
    assert parse_filter(text) == (parts[0] if alone else {"and": parts})


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        ({"accountOwnerId": {"eq": "me"}}, "accountOwnerId[eq]:me"),
        ({"employees": {"lt": 100}, "isIdeal": {"eq": True}}, "employees[lt]:100,isIdeal[eq]:true"),
        (
            {"or": [{"a": {"eq": "1"}, "b": {"eq": 1.5}}, {"c": {"in": ["x", "y z"]}}]},
            'or(and(a[eq]:1,b[eq]:1.5),c[in]:[x,"y z"])',
        ),
        ({"or": {"a": {"eq": 'Le "Mans"'}}}, "or(a[eq]:'Le \"Mans\"')"),
        ({"not": {"company": {"name": {"firstName": {"eq": ""}}}}}, 'not(company.name.firstName[eq]:"")'),
    ],
)
def test_what_json_says_otherwise(tree: dict[str, Any], text: str) -> None:
    assert write_filter(tree) == text


@pytest.mark.parametrize(
    "tree",
    [
        {},
        {"or": []},
        {"a": {}},
        {"a": "1"},
        {"a": {"eq": None}},
        {"a": {"in": []}},
        {"a": {"in": [["x"]]}},
        {"a": {"eq": "both ' and \""}},
        {"a": {"eq": "two\nlines"}},
        {"a": {"unknown": "1"}},
        {"a b": {"eq": "1"}},
        {"company": {"or": [{"name": {"eq": "x"}}, {"name": {"eq": "y"}}]}},
        {"company": {"name": {"eq": "x"}, "employees": {"eq": 1}}},
        {"and": [{"a": {"eq": "1"}}, {"not": {}}]},
    ],
)
def test_what_cannot_be_said(tree: dict[str, Any]) -> None:
    assert write_filter(tree) is None
