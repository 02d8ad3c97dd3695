"""What `search` finds, in which order, and where it goes on."""

from typing import Any

import httpx
import pytest

from tests.graphql.calls import create, message, one

NAMES = ("Tri Cities Executive/Dinwiddie County", "Dinwiddie Mills", "Côte d'Ivoire Ltd.", "St.Louis", "100% Wool")


@pytest.fixture
def crm(api: httpx.Client) -> httpx.Client:
    create(api, "companies", [{"name": name} for name in NAMES])
    create(
        api,
        "people",
        [
            {
                "name": {"firstName": "Ada", "lastName": "Lovelace"},
                "emails": {"primaryEmail": "countess@engine-works.example"},
            },
            {"name": {"firstName": "Adam", "lastName": "County"}},
        ],
    )
    return api


def found(api: httpx.Client, words: str, rest: str = "limit: 20") -> list[str]:
    query = f"query($words: String!) {{ search(searchInput: $words, {rest}) {{ edges {{ node {{ label }} }} }} }}"
    return [edge["node"]["label"] for edge in one(api, query, {"words": words})["edges"]]


@pytest.mark.parametrize(
    ("words", "labels"),
    [
        ("ada lovelace", ["Ada Lovelace", "Adam County"]),
        ("LOVE", ["Ada Lovelace"]),
        ("cote ivoire", ["Côte d'Ivoire Ltd."]),
        ("IVOIRÉ", ["Côte d'Ivoire Ltd."]),
        ("louis", ["St.Louis"]),
        ("county/executive", ["Tri Cities Executive/Dinwiddie County", "Adam County"]),
        ("works", ["Ada Lovelace"]),
        ("countess@engine-works.example", ["Ada Lovelace"]),
        ("100%", ["100% Wool"]),
        # Nothing begins with these letters, so labels count that have them within.
        ("ill", ["Dinwiddie Mills"]),
        ("00%", ["100% Wool"]),
        ("https://engine-works.example", ["Ada Lovelace"]),
        ("nosuchplace", []),
    ],
)
def test_words_and_their_beginnings(crm: httpx.Client, words: str, labels: list[str]) -> None:
    assert found(crm, words) == labels


def test_records_with_all_words_come_before_those_with_some(crm: httpx.Client) -> None:
    labels = found(crm, "dinwiddie county", 'limit: 20, includedObjectNameSingulars: ["company"]')
    assert labels == ["Tri Cities Executive/Dinwiddie County", "Dinwiddie Mills"]


def test_objects_are_chosen(crm: httpx.Client) -> None:
    included = 'limit: 20, includedObjectNameSingulars: ["person"]'
    excluded = 'limit: 20, excludedObjectNameSingulars: ["person"]'
    assert found(crm, "county", included) == ["Adam County"]
    assert found(crm, "county", excluded) == ["Tri Cities Executive/Dinwiddie County"]


def test_deleted_records_are_found_only_when_asked_for(crm: httpx.Client) -> None:
    one(crm, 'mutation { deletePeople(filter: {name: {lastName: {eq: "Lovelace"}}}) { id } }')
    assert found(crm, "lovelace") == []
    assert found(crm, "lovelace", "limit: 20, filter: {deletedAt: {is: NotNull}}") == ["Ada Lovelace"]


@pytest.mark.parametrize("words", ["dinwiddie county", ""])
def test_pages_hold_each_result_once(crm: httpx.Client, words: str) -> None:
    query = """query($words: String!, $after: String, $limit: Int!) {
        search(searchInput: $words, limit: $limit, after: $after, includedObjectNameSingulars: ["company", "person"]) {
            edges { node { recordId } } pageInfo { hasNextPage endCursor } } }"""
    together = one(crm, query, {"words": words, "limit": 20})["edges"]
    walked: list[Any] = []
    after: str | None = None
    while True:
        page = one(crm, query, {"words": words, "limit": 1, "after": after})
        walked += page["edges"]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert walked == together
    assert len(together) > 2


def test_a_bad_cursor_and_an_unknown_object_are_named(crm: httpx.Client) -> None:
    query = '{ search(searchInput: "a", limit: 1, after: "x") { edges { cursor } } }'
    assert "Invalid cursor: x" in message(crm, query)
    query = '{ search(searchInput: "a", limit: 1, includedObjectNameSingulars: ["ghost"]) { edges { cursor } } }'
    assert "ghost" in message(crm, query)
