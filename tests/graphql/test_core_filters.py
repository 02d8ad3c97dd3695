"""Filters: every operator that the schema shows is one that fields take, and no other one is."""

from collections.abc import Iterator
from typing import Any

import graphql
import httpx
import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLList, GraphQLSchema

from tests.graphql.calls import ask, create, fail, message, nodes, one, send
from threescore.model.fields import TYPES

OPTIONS = [{"label": value.title(), "value": value, "color": "red", "position": n} for n, value in enumerate("AB")]
ROCKET: list[dict[str, Any]] = [
    *({"type": kind} for kind in ("TEXT", "NUMBER", "BOOLEAN", "DATE", "DATE_TIME", "UUID", "ARRAY", "RAW_JSON")),
    *({"type": kind} for kind in ("LINKS", "EMAILS", "PHONES", "CURRENCY", "FULL_NAME", "ADDRESS", "ACTOR", "RATING")),
    {"type": "NUMBER", "name": "whole", "settings": {"dataType": "int"}},
    {"type": "NUMBER", "name": "big", "settings": {"dataType": "bigint"}},
    {"type": "SELECT", "options": OPTIONS},
    {"type": "MULTI_SELECT", "options": OPTIONS},
    {"type": "FILES", "settings": {"maxNumberOfValues": 3}},
    {"type": "RICH_TEXT"},
]

VALUES: dict[str, Any] = {
    "String": "a",
    "UUID": "20202020-0000-4000-8000-000000000001",
    "ID": "20202020-0000-4000-8000-000000000001",
    "Int": 1,
    "Float": 1.5,
    "BigInt": 2,
    "BigFloat": 1.5,
    "Boolean": True,
    "Date": "2026-01-02",
    "DateTime": "2026-01-02T03:04:05.678Z",
    "FilterIs": "NOT_NULL",
}
Conditions = list[dict[str, Any]]


@pytest.fixture
def rockets(api: httpx.Client) -> GraphQLSchema:
    """The introspected schema of a workspace with an object that has fields of every type a caller can create."""
    names = {"nameSingular": "rocket", "namePlural": "rockets", "labelSingular": "Rocket", "labelPlural": "Rockets"}
    rocket = api.post("/rest/metadata/objects", json=names).json()["id"]
    for field in ROCKET:
        name = field.get("name") or "the" + field["type"].title().replace("_", "")
        body = {"objectMetadataId": rocket, "name": name, "label": name, **field}
        response = api.post("/rest/metadata/fields", json=body)
        assert response.status_code == 201, response.text
    return graphql.build_client_schema(ask(api, graphql.get_introspection_query()))


def filter_of(schema: GraphQLSchema, name: str) -> GraphQLInputObjectType:
    type_ = schema.type_map[name]
    assert isinstance(type_, GraphQLInputObjectType)
    return type_


def value_of(type_: Any) -> Any:
    if isinstance(type_, GraphQLList):
        return [value_of(graphql.get_nullable_type(type_.of_type))]
    return next(iter(type_.values)) if isinstance(type_, GraphQLEnumType) else VALUES[type_.name]


def is_operators(type_: GraphQLInputObjectType) -> bool:
    """Whether a filter type is one of operators, rather than one of fields."""
    return not type_.name.endswith("FilterInput")


def conditions(type_: GraphQLInputObjectType, *, hops: int = 1) -> Iterator[dict[str, Any]]:
    """One condition for each operator of each field; with a hop, of the records that relations lead to as well."""
    for name, field in type_.fields.items():
        below = field.type
        if name in ("and", "or"):
            yield {name: [{}, {}]}
            continue
        assert isinstance(below, GraphQLInputObjectType)
        if is_operators(below):
            for operator, operand in below.fields.items():
                yield {name: {operator: value_of(operand.type)}}
        elif name != "not" and ("and" not in below.fields or hops):
            yield from ({name: inner} for inner in conditions(below, hops=hops - 1))


def test_every_operator_that_the_schema_shows_is_taken(api: httpx.Client, rockets: GraphQLSchema) -> None:
    assert rockets.query_type
    tried = 0
    for plural, field in rockets.query_type.fields.items():
        shown = field.args.get("filter")
        if not str(field.type).endswith("Connection") or shown is None or plural == "search":
            continue
        assert isinstance(shown.type, GraphQLInputObjectType)
        chosen = list(conditions(shown.type, hops=1 if plural in ("rockets", "people", "noteTargets") else 0))
        tried += len(chosen)
        # A filter holds a limited number of regular expressions, so that some are tried together.
        for start in range(0, len(chosen), 100):
            parts = [chosen[place : place + 5] for place in range(start, min(start + 100, len(chosen)), 5)]
            names = [f"f{place}" for place in range(len(parts))]
            declared = ", ".join(f"${name}: {shown.type.name}" for name in names)
            asked = " ".join(f"{name}: {plural}(filter: ${name}) {{ totalCount }}" for name in names)
            variables = {name: {"or": part} for name, part in zip(names, parts, strict=True)}
            assert ask(api, f"query({declared}) {{ {asked} }}", variables), plural
    assert tried > 4000


def test_operators_that_the_schema_does_not_show_are_refused(api: httpx.Client, rockets: GraphQLSchema) -> None:
    known = {
        operator for kind in TYPES.values() for part in (kind, *kind.sub_fields.values()) for operator in part.operators
    }
    refused = 0
    for name, field in filter_of(rockets, "RocketFilterInput").fields.items():
        type_ = field.type
        if not isinstance(type_, GraphQLInputObjectType) or name in ("and", "or", "not"):
            continue
        parts = {} if "and" in type_.fields else {k: f.type for k, f in type_.fields.items()}
        leaves = {(): type_} if is_operators(type_) else {(k,): t for k, t in parts.items()}
        for path, leaf in leaves.items():
            assert isinstance(leaf, GraphQLInputObjectType)
            others = sorted(known - leaf.fields.keys())
            filters: Conditions = []
            for operator in others:
                tree: dict[str, Any] = {operator: ["a"] if operator in ("in", "containsAny") else "a"}
                for key in (*path, name):
                    tree = {key: tree}
                filters.append(tree)
            names = [f"f{n}" for n in range(len(filters))]
            asked = " ".join(f"{n}: rockets(filter: ${n}) {{ totalCount }}" for n in names)
            if not names:
                continue
            declared = ", ".join(f"${n}: RocketFilterInput" for n in names)
            body = send(api, f"query({declared}) {{ {asked} }}", dict(zip(names, filters, strict=True)))
            assert body["data"] == dict.fromkeys(names), (name, path, body["data"])
            for error, operator in zip(body["errors"], others, strict=True):
                assert f'Operator "{operator}" is not valid for field' in error["message"]
                assert error["extensions"]["subCode"] == "INVALID_ARGS_FILTER"
            refused += len(names)
    assert refused > 300


@pytest.fixture
def crm(api: httpx.Client) -> httpx.Client:
    create(api, "companies", [{"name": name} for name in ("Café Röster Ltd.", "Röster & Sons", "acme-works", "")])
    return api


def found(api: httpx.Client, filter: dict[str, Any]) -> list[str]:
    query = "query($f: CompanyFilterInput) { companies(filter: $f) { edges { node { name } } } }"
    return sorted(node["name"] for node in nodes(one(api, query, {"f": filter})))


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("roster", ["Café Röster Ltd.", "Röster & Sons"]),
        ("RÖST cafe", ["Café Röster Ltd."]),
        ("works acme", ["acme-works"]),
        ("acme-work", ["acme-works"]),
        ("roster ghost", []),
        ("':* | !x", []),
        # No words at all: whatever has words, as the search over several objects takes it.
        ("--", ["", "Café Röster Ltd.", "Röster & Sons", "acme-works"]),
    ],
)
def test_search_in_filters_finds_records_with_every_word(crm: httpx.Client, words: str, names: list[str]) -> None:
    assert found(crm, {"searchVector": {"search": words}}) == names
    parameters = {"filter": f"searchVector[search]:{words!r}", "order_by": "name"}
    rest = crm.get("/rest/companies", params=parameters).json()
    assert [company["name"] for company in rest["data"]["companies"]] == names


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ({"regex": "^R.ster"}, ["Röster & Sons"]),
        ({"regex": "röster"}, []),
        ({"iregex": "röster"}, ["Café Röster Ltd.", "Röster & Sons"]),
        ({"regex": r"\mLtd\M|-"}, ["Café Röster Ltd.", "acme-works"]),
        ({"regex": r"\\1"}, []),
        ({"eq": ""}, [""]),
        ({"like": ""}, [""]),
        ({"eq": "acme-works"}, ["acme-works"]),
    ],
)
def test_regular_expressions_and_the_empty_text(crm: httpx.Client, condition: Any, names: list[str]) -> None:
    assert found(crm, {"name": condition}) == names


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(", "is not well-formed"),
        ("a{2,1}", "is not well-formed"),
        ("((a{1,100}){1,100}){1,10}", "is too complex"),
        ("a" * 501, "has 501 characters; 500 is the most"),
        (r"(.*)(.*)\1", r"refers back to a part of itself (\1)"),
        ("a\x00", "NUL"),
    ],
)
def test_bad_regular_expressions_are_refused(crm: httpx.Client, pattern: str, words: str) -> None:
    query = "query($f: CompanyFilterInput) { companies(filter: $f) { totalCount } }"
    error = fail(crm, query, {"f": {"name": {"regex": pattern}}})
    assert words in error["message"]
    assert error["extensions"]["subCode"] == "INVALID_ARGS_FILTER"
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    response = crm.get("/rest/companies", params={"filter": f'name[iregex]:"{pattern}"'})
    assert response.status_code == 400
    assert words in response.json()["messages"][0]


def test_a_filter_holds_a_limited_number_of_regular_expressions(crm: httpx.Client) -> None:
    def filter(count: int) -> dict[str, Any]:
        return {"f": {"or": [{"name": {"regex": f"x{n}"}} for n in range(count)]}}

    query = "query($f: CompanyFilterInput) { companies(filter: $f) { totalCount } }"
    assert one(crm, query, filter(10)) == {"totalCount": 0}
    assert message(crm, query, filter(11)) == "A filter may hold at most 10 regular expressions"
