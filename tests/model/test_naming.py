"""Names: camel case, reserved words, names made of labels, names of indexes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threescore.errors import BadRequest
from threescore.model.naming import (
    RESERVED_WORDS,
    camel_case,
    check_name,
    index_name,
    is_camel_case,
    name_from_label,
    plural_name_from_label,
)


@pytest.mark.parametrize("name", ["a", "address1", "line2Name", "iPhone", "http2Server", "crm2", "a1B", "a" * 63])
def test_valid_names(name: str) -> None:
    assert check_name(name) is None
    assert is_camel_case(name)


@pytest.mark.parametrize("name", ["a1b", "aBC", "fooBAR", "test12b"])
def test_names_that_are_not_camel_case(name: str) -> None:
    assert check_name(name) == "Name should be in camelCase"


@pytest.mark.parametrize("name", ["my_object", "MyObject", "1abc", "été", "a b", "a\n", 'a"b', "a\x00"])
def test_names_with_wrong_characters(name: str) -> None:
    expected = "Name is not valid: it must start with lowercase letter and contain only alphanumeric letters"
    assert check_name(name) == expected


def test_length_of_names() -> None:
    assert check_name("") == "Name is too short"
    assert check_name("a" * 64) == "Name is too long"


@pytest.mark.parametrize("name", ["user", "users", "currency", "currencies", "fullNames", "index", "search", "types"])
def test_reserved_words(name: str) -> None:
    assert check_name(name) == 'This name is reserved. Use a different name or the system will add "Custom" suffix.'


def test_there_are_66_reserved_words_and_each_could_be_a_name() -> None:
    assert len(RESERVED_WORDS) == 66
    assert all(is_camel_case(word) for word in RESERVED_WORDS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("holdq9e9bc", "holdq9E9Bc"),
        ("createHoldq9e9bc", "createHoldq9E9Bc"),
        ("HTML parser", "htmlParser"),
        ("XMLHttpRequest", "xmlHttpRequest"),
        ("my1st time", "my1stTime"),
        ("the 21st of May", "the21stOfMay"),
        ("don't stop", "dontStop"),
        ("--foo-bar__", "fooBar"),
        ("", ""),
        ("--", ""),
    ],
)
def test_camel_case(text: str, expected: str) -> None:
    assert camel_case(text) == expected


@given(st.text())
def test_camel_case_of_anything_has_only_letters_and_digits(text: str) -> None:
    result = camel_case(text)
    assert result == "" or (result.isascii() and result.isalnum())


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("My Object", "myObject"),
        ("Été chaud", "eteChaud"),
        ("123 abc", "n123Abc"),
        ("日本語", "riBenYu"),
        ("user", "userCustom"),
        ("Full Names", "fullNamesCustom"),
        ("C++", "c"),
        ("Straße", "strasse"),
        ("Привет мир", "privetMir"),
        ("  spaced   out ", "spacedOut"),
        ("", ""),
    ],
)
def test_names_from_labels(label: str, name: str) -> None:
    assert name_from_label(label) == name


@pytest.mark.parametrize("label", ["++", "  ", "—"])
def test_a_label_without_letters_gives_no_name(label: str) -> None:
    with pytest.raises(BadRequest, match="Invalid label"):
        name_from_label(label)


@given(st.text(min_size=1))
def test_a_name_from_a_label_has_the_right_characters(label: str) -> None:
    try:
        name = name_from_label(label)
    except BadRequest:
        return
    assert check_name(name) in (None, "Name is too long", "Name should be in camelCase")
    assert name not in RESERVED_WORDS


def test_plural_names_from_labels() -> None:
    assert plural_name_from_label("Rockets", "rocket") == "rockets"
    assert plural_name_from_label("Sheep", "sheep") == "sheeps"
    assert plural_name_from_label("a" * 63, "a" * 63) == "a" * 62 + "s"


def test_index_names_are_those_that_clients_know() -> None:
    assert index_name("person", ["companyId"]) == "IDX_ae09ff97967369e0644bacc0fce"
    assert index_name("person", ["emails"], is_unique=True) == "IDX_UNIQUE_87914cd3ce963115f8cb943e2ac"
    where = '"deletedAt" IS NULL'
    name = index_name("messageListMember", ["personId", "listId"], is_unique=True, where=where)
    assert name == "IDX_UNIQUE_a4b191d45acc856a8561093dc3b"
