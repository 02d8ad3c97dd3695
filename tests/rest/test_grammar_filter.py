"""The grammar of `filter`."""

import contextlib
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from threescore.errors import BadRequest
from threescore.rest.grammar.filter import COMPARATORS, MAX_LENGTH, MAX_NESTING, parse_filter

ALLOWED = (
    "eq, neq, in, containsAny, is, gt, gte, lt, lte, startsWith, endsWith, like, ilike, regex, iregex, search,"
    " containsIlike, isEmptyArray"
)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        (
            'name.firstName[eq]:"Ann",createdAt[gte]:"2024-01-01"',
            {"and": [{"name": {"firstName": {"eq": "Ann"}}}, {"createdAt": {"gte": "2024-01-01"}}]},
        ),
        (
            'or(a[eq]:1,and(b[is]:NULL,not(c[in]:[x,"y z"])))',
            {"or": [{"a": {"eq": "1"}}, {"and": [{"b": {"is": "NULL"}}, {"not": {"c": {"in": ["x", "y z"]}}}]}]},
        ),
        (
            "a[eq]:1,or(b[eq]:2,c[eq]:3)",
            {"and": [{"a": {"eq": "1"}}, {"or": [{"b": {"eq": "2"}}, {"c": {"eq": "3"}}]}]},
        ),
        ("not(a[eq]:1)", {"not": {"a": {"eq": "1"}}}),
        ("or(a[eq]:1),and(b[eq]:2)", {"and": [{"or": [{"a": {"eq": "1"}}]}, {"and": [{"b": {"eq": "2"}}]}]}),
        ("and(or(a[eq]:1),or(b[eq]:2))", {"and": [{"or": [{"a": {"eq": "1"}}]}, {"or": [{"b": {"eq": "2"}}]}]}),
        ("orders[eq]:1", {"and": [{"orders": {"eq": "1"}}]}),
        (
            "company.domainName.primaryLinkUrl[like]:%a%",
            {"and": [{"company": {"domainName": {"primaryLinkUrl": {"like": "%a%"}}}}]},
        ),
        ("OR(a[eq]:1,b[eq]:2)", {"and": [{"OR(a": {"eq": "1,b[eq]:2)"}}]}),
        (" a[eq]:1, b[eq]: 2", {"and": [{" a": {"eq": "1"}}, {" b": {"eq": " 2"}}]}),
    ],
)
def test_tree(text: str, tree: object) -> None:
    assert parse_filter(text) == tree


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("Ann", "Ann"),
        ('"Ann"', "Ann"),
        ("'Ann'", "Ann"),
        ('""', ""),
        ('"', '"'),
        ('"Acme (UK), Ltd"', "Acme (UK), Ltd"),
        ('"(Q20"', "(Q20"),
        ('")"', ")"),
        ("Acme (UK, Ltd)", "Acme (UK, Ltd)"),
        ('"O\'Neil"', "O'Neil"),
        ("O'Neil", "O'Neil"),
        ("'s-Hertogenbosch", "'s-Hertogenbosch"),
        ('"say "hi" now"', 'say "hi" now'),
        ("2023-01-01T00:00:00Z", "2023-01-01T00:00:00Z"),
        ("x]:y", "x]:y"),
        (" Ann ", " Ann "),
        ("[a,b]", "[a,b]"),
        ("[a", "[a"),
        ("à(é)", "à(é)"),
    ],
)
def test_value(written: str, value: str) -> None:
    assert parse_filter(f"a[eq]:{written}") == {"and": [{"a": {"eq": value}}]}
    inside = parse_filter(f"or(b[eq]:1,a[eq]:{written},c[eq]:2)")
    if written.count(written[0]) != 1 or written[0] not in "'\"":
        assert inside == {"or": [{"b": {"eq": "1"}}, {"a": {"eq": value}}, {"c": {"eq": "2"}}]}


@pytest.mark.parametrize(
    ("written", "values"),
    [
        ("[x,y]", ["x", "y"]),
        ("[\"x\",'y',z]", ["x", "y", "z"]),
        ("[x, y]", ["x", " y"]),
        ("[]", [""]),
        ('[""]', [""]),
        ('["a,b","c]d","(e"]', ["a,b", "c]d", "(e"]),
        ("[O'Neil,D'Arcy]", ["O'Neil", "D'Arcy"]),
        ("['s,x]", ["'s", "x"]),
        ("[a),(b]", ["a)", "(b"]),
    ],
)
@pytest.mark.parametrize("comparator", ["in", "containsAny"])
def test_list(comparator: str, written: str, values: list[str]) -> None:
    assert parse_filter(f"a[{comparator}]:{written}") == {"and": [{"a": {comparator: values}}]}
    assert parse_filter(f"or(a[{comparator}]:{written})") == {"or": [{"a": {comparator: values}}]}


@pytest.mark.parametrize("comparator", [name for name in COMPARATORS if name not in ("in", "containsAny", "is")])
def test_every_comparator(comparator: str) -> None:
    assert parse_filter(f"a[{comparator}]:1") == {"and": [{"a": {comparator: "1"}}]}


@pytest.mark.parametrize("word", ["NULL", "NOT_NULL", '"NULL"'])
def test_is(word: str) -> None:
    assert parse_filter(f"a[is]:{word}") == {"and": [{"a": {"is": word.strip('"')}}]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "not(name.lastName[eq]:Q20,name.lastName[eq]:Q21)",
            "'filter' invalid. 'not' conjunction should contain only 1 condition. eg: not(field[eq]:1)",
        ),
        ("or(name.lastName[eq]:Q20", "'filter' invalid. 1 close bracket is missing in the query"),
        ("or(and(a[eq]:(Q20", "'filter' invalid. 3 close brackets are missing in the query"),
        ("name.lastName[eq]:Q20)", "'filter' invalid. 1 open bracket is missing in the query"),
        ('a[eq]:1)),b[eq]:")"', "'filter' invalid. 2 open brackets are missing in the query"),
        ("a[eq]:1)(", "'filter' invalid. 1 open bracket is missing in the query"),
        ("name.lastName[eq]:", "'filter' invalid for 'name.lastName[eq]:'. eg: price[gte]:10"),
        ("name.lastName[eq]", "'filter' invalid for 'name.lastName[eq]'. eg: price[gte]:10"),
        ("name.lastName", "'filter' invalid for 'name.lastName'. eg: price[gte]:10"),
        ("", "'filter' invalid for 'and()'. eg: price[gte]:10"),
        ("and()", "'filter' invalid for 'and()'. eg: price[gte]:10"),
        ("a[eq]:1,", "'filter' invalid for ''. eg: price[gte]:10"),
        ("a[eq]:1,,b[eq]:2", "'filter' invalid for ''. eg: price[gte]:10"),
        ("a,b[eq]:1", "'filter' invalid for 'a'. eg: price[gte]:10"),
        ("or(a[eq]:1)b[eq]:2", "'filter' invalid for 'b[eq]:2'. eg: price[gte]:10"),
        ("a[in]:[x", "'filter' invalid for '[x'. eg: price[gte]:10"),
        (
            'name.lastName[contains]:"Q3."',
            f"'filter' invalid for 'name.lastName[contains]:\"Q3.\"', comparator contains not in {ALLOWED}",
        ),
        (
            'nicknames[notContains]:"%n1%"',
            f"'filter' invalid for 'nicknames[notContains]:\"%n1%\"', comparator notContains not in {ALLOWED}",
        ),
        ("name.lastName[EQ]:Q20", f"'filter' invalid for 'name.lastName[EQ]:Q20', comparator EQ not in {ALLOWED}"),
        (
            "name.lastName[in]:Q20",
            "'filter' invalid for 'in' operator. Received 'Q20' but array value expected "
            "eg: 'field[in]:[value_1,value_2]'",
        ),
        (
            "name.lastName[in]:Q20,Q21",
            "'filter' invalid for 'in' operator. Received 'Q20' but array value expected "
            "eg: 'field[in]:[value_1,value_2]'",
        ),
        ("a[is]:null", 'Invalid filter value for "is" operator. Expected "NULL" or "NOT_NULL"'),
        ("a[is]:X", 'Invalid filter value for "is" operator. Expected "NULL" or "NOT_NULL"'),
    ],
)
def test_refused(text: str, message: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_filter(text)
    assert caught.value.message == message


def test_quotes_do_not_swallow_what_follows() -> None:
    assert parse_filter('a[eq]:"O\'Neil",b[eq]:"x"') == {"and": [{"a": {"eq": "O'Neil"}}, {"b": {"eq": "x"}}]}
    assert parse_filter("a[eq]:O'Neil,b[eq]:D'Arcy") == {"and": [{"a": {"eq": "O'Neil"}}, {"b": {"eq": "D'Arcy"}}]}


def test_nesting_is_limited() -> None:
    assert parse_filter("or(" * MAX_NESTING + "a[eq]:1" + ")" * MAX_NESTING)
    with pytest.raises(BadRequest, match="nested"):
        parse_filter("or(" * (MAX_NESTING + 1) + "a[eq]:1" + ")" * (MAX_NESTING + 1))
    with pytest.raises(BadRequest, match="names"):
        parse_filter(".".join("a" * 9) + "[eq]:1")


def test_length_is_limited() -> None:
    assert parse_filter("a[eq]:" + "x" * (MAX_LENGTH - 6))
    with pytest.raises(BadRequest, match="longer than"):
        parse_filter("a[eq]:" + "x" * (MAX_LENGTH - 5))


def test_messages_repeat_little_of_a_long_filter() -> None:
    with pytest.raises(BadRequest) as caught:
        parse_filter("x" * 50_000)
    assert len(caught.value.message) < 300


@pytest.mark.parametrize(
    "unit",
    [
        "a[eq]:'x,",
        'a[eq]:"x,',
        "a[eq]:'x,a[eq]:\"y,",
        "a[in]:['x,\"y],",
        "a[eq]:[x,",
        "a[eq]:(,",
        'a[eq]:"x"(,',
        "(",
        ")",
        "[",
        '"',
        "a[",
        ",",
        "a.",
    ],
)
def test_time_is_linear(unit: str) -> None:
    text = unit * (MAX_LENGTH // len(unit))
    start = time.perf_counter()
    with contextlib.suppress(BadRequest):
        parse_filter(text)
    assert time.perf_counter() - start < 2


pieces = st.lists(
    st.sampled_from(
        ["a", ".", "[", "]:", "eq", "in", "is", "NULL", '"', "'", ",", "(", ")", "and(", "not(", "é", " ", "\n", "]"]
    ),
    max_size=40,
).map("".join)


@given(st.one_of(st.text(), pieces))
@example("a[eq]:\ud800")
def test_any_text_is_a_filter_or_a_bad_request(text: str) -> None:
    try:
        tree = parse_filter(text)
    except BadRequest:
        return
    assert len(tree) == 1


names = st.text("abcXYZ0", min_size=1, max_size=8)
values = st.text(st.characters(exclude_characters='"', codec="utf-8"), max_size=20)
predicates = st.one_of(
    st.tuples(names, st.sampled_from(["eq", "like", "gt"]), values),
    st.tuples(names, st.sampled_from(["in", "containsAny"]), st.lists(values, min_size=1, max_size=4)),
)
trees = st.recursive(
    predicates.map(lambda p: {p[0]: {p[1]: p[2]}}),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, min_size=1, max_size=3)).map(lambda p: {p[0]: p[1]}),
        inner.map(lambda tree: {"not": tree}),
    ),
    max_leaves=12,
)


def written(tree: dict[str, object]) -> str:
    ((key, value),) = tree.items()
    if isinstance(value, list):
        return f"{key}({','.join(written(item) for item in value)})"
    assert isinstance(value, dict)
    if key == "not":
        return f"not({written(value)})"
    ((comparator, operand),) = value.items()
    quoted = "[" + ",".join(f'"{text}"' for text in operand) + "]" if isinstance(operand, list) else f'"{operand}"'
    return f"{key}[{comparator}]:{quoted}"


@given(trees)
def test_what_is_written_with_quotes_is_read_back(tree: dict[str, object]) -> None:
    expected = tree if set(tree) & {"and", "or", "not"} else {"and": [tree]}
    assert parse_filter(written(tree)) == expected
