"""What GraphQL itself asks of `/metadata`: documents, variables, limits, introspection."""

from typing import Any
from uuid import uuid4

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    build_client_schema,
    get_introspection_query,
    get_named_type,
    is_leaf_type,
    print_schema,
    validate_schema,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.graphql.conftest import Door
from threescore.graphql import documents
from threescore.graphql.metadata.schema import metadata_schema
from threescore.graphql.request import GraphqlRequest

pytestmark = pytest.mark.anyio

PERSON = "{ objects(paging: {first: 1000}) { edges { node { id nameSingular } } } }"


async def person_id(door: Door) -> str:
    page = await door(PERSON)
    found: str = next(edge["node"]["id"] for edge in page["edges"] if edge["node"]["nameSingular"] == "person")
    return found


async def test_aliases_fragments_and_directives(door: Door) -> None:
    person = await person_id(door)
    found = await door(
        """query Q($id: UUID!, $with: Boolean!, $first: Int = 2) {
            one: object(id: $id) { ...Names ... on Object { kind: __typename } fieldsList @include(if: $with) { name } }
            two: object(id: $id) { name: namePlural label: labelPlural @skip(if: $with) }
            objects(paging: {first: $first}) { edges { node { ...Names } } }
        }
        fragment Names on Object { nameSingular ...More }
        fragment More on Object { plural: namePlural }""",
        id=person,
        **{"with": False},
    )
    assert found["one"] == {"nameSingular": "person", "plural": "people", "kind": "Object"}
    assert found["two"] == {"name": "people", "label": "People"}
    assert len(found["objects"]["edges"]) == 2


async def test_one_operation_of_several(door: Door) -> None:
    document = "query A { __typename } mutation B { __typename } query C { a: __typename }"
    assert (await door.ask(document, "A"))[1] == {"data": {"__typename": "Query"}}
    assert (await door.ask(document, "B"))[1] == {"data": {"__typename": "Mutation"}}
    for name, message in (
        (None, "Must provide operation name when document contains multiple operations."),
        ("D", 'Unknown operation named "D".'),
    ):
        _, body = await door.ask(document, name)
        assert [error["message"] for error in body["errors"]] == [message]
    _, body = await door.ask("fragment F on Object { id }")
    assert body["errors"]


async def test_a_request_that_may_only_read_changes_nothing(door: Door) -> None:
    query = 'mutation { updateWorkspace(data: {displayName: "Changed"}) { id } }'
    response = await door.door.execute(door.claims, GraphqlRequest(query, {}, read_only=True))
    assert b"send mutations with POST" in response.body
    assert not response.has_data
    assert (await door("{ currentWorkspace { displayName } }"))["displayName"] != "Changed"


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        ("ID!", str),
        ("String!", str),
        ("UUID!", str.upper),
    ],
)
async def test_ids_by_any_name(door: Door, declared: str, value: Any) -> None:
    person = await person_id(door)
    found = await door(f"query($id: {declared}) {{ object(id: $id) {{ nameSingular }} }}", id=value(person))
    assert found == {"nameSingular": "person"}


async def test_variables_with_types_of_other_versions(door: Door) -> None:
    person = await person_id(door)
    query = """query($objectFilter: objectFilter, $paging: Paging!, $type: String) {
        objects(filter: $objectFilter, paging: $paging) { edges { node { nameSingular } } } }"""
    _, body = await door.ask(query, objectFilter={"id": {"in": person}}, paging={"first": 5})
    assert [error["message"] for error in body["errors"]] == ['Variable "$type" is never used.']
    query = query.replace(", $type: String", "")
    wanted = {"edges": [{"node": {"nameSingular": "person"}}]}
    assert await door(query, objectFilter={"id": {"in": person}}, paging={"first": 5}) == wanted
    # One where a list stands.
    query = """query($id: ID!) { objects(filter: {id: {in: $id}}) { edges { node { nameSingular } } } }"""
    assert await door(query, id=person) == wanted
    # What was declared as nullable still is.
    query = "query($f: objectFilter) { objects(filter: $f, paging: {first: 1}) { edges { cursor } } }"
    assert len((await door(query))["edges"]) == 1
    # Names of types in variables that are right stay as they are.
    create = """mutation($name: String!, $type: String!, $object: ID!) {
        createOneField(input: {field: {objectMetadataId: $object, type: $type, name: $name, label: "X"}}) { type } }"""
    assert await door(create, name="xray", type="TEXT", object=person) == {"type": "TEXT"}


@pytest.mark.parametrize(
    ("value", "message", "path"),
    [
        ({}, 'Variable "$i" of required type "CreateOneFieldMetadataInput!" was not provided.', ["i"]),
        ({"i": None}, 'Expected non-nullable type "CreateOneFieldMetadataInput!" not to be null.', ["i"]),
        ({"i": 1}, 'Expected type "CreateOneFieldMetadataInput" to be an object.', ["i"]),
        ({"i": {}}, 'Field "field" of required type "CreateFieldInput!" was not provided.', ["i"]),
        (
            {"i": {"field": {"type": "TEX"}}},
            'Value "TEX" does not exist in "FieldMetadataType" enum. Did you mean the enum value "TEXT"?',
            ["i", "field", "type"],
        ),
        (
            {"i": {"field": {"type": 1}}},
            'Enum "FieldMetadataType" cannot represent non-string value: 1.',
            ["i", "field", "type"],
        ),
        ({"i": {"field": {"name": 1}}}, "String cannot represent a non string value: 1", ["i", "field", "name"]),
        (
            {"i": {"field": {"objectMetadataId": "x"}}},
            'Value "x" is not a valid UUID',
            ["i", "field", "objectMetadataId"],
        ),
        (
            {"i": {"field": {"labl": "x"}}},
            'Field "labl" is not defined by type "CreateFieldInput". Did you mean "label"?',
            ["i", "field"],
        ),
        (
            {"i": {"field": {"isActive": "yes"}}},
            'Boolean cannot represent a non boolean value: "yes"',
            ["i", "field", "isActive"],
        ),
        (
            {"i": {"field": {"morphRelationsCreationPayload": [{}, None]}}},
            'Expected non-nullable type "JSON!" not to be null.',
            ["i", "field", "morphRelationsCreationPayload", 1],
        ),
    ],
)
async def test_wrong_variables_are_named(door: Door, value: dict[str, Any], message: str, path: list[str]) -> None:
    query = "mutation($i: CreateOneFieldMetadataInput!) { createOneField(input: $i) { id } }"
    status, body = await door.ask(query, **value)
    assert status == 400
    assert "data" not in body
    (error,) = [error for error in body["errors"] if error["message"] == message]
    assert error["extensions"] == {
        "http": {"status": 400},
        "code": "BAD_USER_INPUT",
        "userFriendlyMessage": "An error occurred.",
        "inputPath": path,
    }
    assert error["locations"] == [{"line": 1, "column": 10}]


@pytest.mark.parametrize(
    ("document", "code", "message"),
    [
        ("", "GRAPHQL_PARSE_FAILED", "Syntax Error: Unexpected <EOF>."),
        ("{ objects(", "GRAPHQL_PARSE_FAILED", "Syntax Error: Expected Name, found <EOF>."),
        ("{ objects { } }", "GRAPHQL_PARSE_FAILED", 'Syntax Error: Expected Name, found "}".'),
        (
            "{ objets { edges { cursor } } }",
            "GRAPHQL_VALIDATION_FAILED",
            'Cannot query field "objets" on type "Query". Did you mean "objects" or "object"?',
        ),
        (
            "{ objects }",
            "GRAPHQL_VALIDATION_FAILED",
            'Field "objects" of type "ObjectConnection!" must have a selection of subfields.'
            ' Did you mean "objects { ... }"?',
        ),
        (
            "{ objects(sorting: []) { edges { cursor } } }",
            "GRAPHQL_VALIDATION_FAILED",
            'Unknown argument "sorting" on field "Query.objects".',
        ),
        (
            "type A { b: Int }",
            "GRAPHQL_VALIDATION_FAILED",
            "A document to execute holds operations and fragments only.",
        ),
        (
            "{ ...F } fragment F on Query { ...F }",
            "GRAPHQL_VALIDATION_FAILED",
            'Cannot spread fragment "F" within itself.',
        ),
        ("subscription { a }", "GRAPHQL_VALIDATION_FAILED", None),
    ],
)
async def test_documents_that_are_wrong(door: Door, document: str, code: str, message: str | None) -> None:
    status, body = await door.ask(document)
    assert status == 200
    assert "data" not in body
    error = body["errors"][0]
    assert error["extensions"]["code"] == code
    assert error["locations"]
    assert message is None or error["message"] == message


def nested(levels: int) -> str:
    return "{ object(id: $i) {" + " fieldsList { object {" * levels + " id " + "} }" * levels + "} }"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("query($i: UUID!)" + nested(10), "Too many levels requested: 22"),
        ("{" + "__typename " * 21 + "}", "Too many root resolvers requested: 21"),
        ("{" + " ".join(f"a{n}: getRoles {{ id }}" for n in range(30)) + "}", "Too many root resolvers requested: 30"),
        ("{ ...F }" + "fragment F on Query { " + "a: __typename " * 30 + "}", "Too many root resolvers requested: 30"),
        ("{ getRoles {" + "id " * 2001 + "} }", "Too many fields requested: 2002"),
        (
            "{ getRoles { " + " ".join("...F" for _ in range(50)) + "}} fragment F on Role {" + "id " * 50 + "}",
            "fields",
        ),
        ("{ getRoles { " + "id " * 10_001 + "} }", "Document contains more than 10000 tokens"),
        (
            "{ ...F0 }"
            + "".join(f"fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(1000))
            # A chain that is too long to follow.
            + "fragment F1000 on Query { __typename }",
            "nested too deeply",
        ),
        ("query($i: UUID!)" + nested(100), ""),
        ("{ " + "a { " * 5000, "nested too deeply"),
        ("query($a: " + "[" * 3000 + "Int" + "]" * 3000 + ") { __typename }", "nested too deeply"),
        ("{ objects(filter: " + "{and: " * 1000 + "{}" + "}" * 1000 + ") { edges { cursor } } }", "nested too deeply"),
    ],
)
async def test_too_much_is_refused(door: Door, document: str, message: str) -> None:
    _, body = await door.ask(document, i=str(uuid4()))
    assert "data" not in body
    assert message in body["errors"][0]["message"]
    # The door still works.
    assert await door("{ getRoles { label } }") == [{"label": "Admin"}, {"label": "Member"}]


async def test_answers_are_bounded(door: Door) -> None:
    """However small a document is, its answer cannot grow without end."""
    person = await person_id(door)
    document = "query($i: UUID!)" + nested(7)
    error = await door.refused(document, i=person)
    assert error["subCode"] == "TOO_COMPLEX_QUERY"
    assert "250000" in error["message"]


async def test_deep_variables_are_refused(door: Door) -> None:
    filter: dict[str, Any] = {}
    for _ in range(500):
        filter = {"and": [filter]}
    status, body = await door.ask("query($f: ObjectFilter!) { objects(filter: $f) { edges { cursor } } }", f=filter)
    assert (status, body["errors"][0]["message"]) == (400, "Variable values are nested too deeply.")


async def test_documents_are_remembered_and_forgotten(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "CACHE_LIMIT", 2)
    await door("{ getRoles { id } }")
    known = door.door._documents
    assert known is not None
    first = known.get("{ getRoles { id } }")
    assert known.get("{ getRoles { id } }") is first
    for name in ("a", "b"):
        await door(f"{{ {name}: getRoles {{ id }} }}")
    assert known.get("{ getRoles { id } }") is not first
    # Wrong ones are not kept, nor are very long ones.
    assert known.get("{ x }") is not known.get("{ x }")
    long = "{ getRoles { id } }" + " " * documents.CACHED_LENGTH
    assert known.get(long) is not known.get(long)


async def test_generators_can_read_the_schema(door: Door) -> None:
    for descriptions in (True, False):
        query = get_introspection_query(
            descriptions=descriptions,
            input_value_deprecation=True,
            directive_is_repeatable=True,
            schema_description=True,
        )
        _, body = await door.ask(query)
        schema = build_client_schema(body["data"])
        assert not validate_schema(schema)
        if descriptions:
            assert print_schema(schema) == print_schema(metadata_schema())


# Documents and variables made from the schema: nothing that fits it, and little that does not, is a fault of ours.

SCHEMA = metadata_schema()
KNOWN = "known:"
"""An id that exists, by its place in the list of them."""
TEXT = st.text(max_size=12) | st.sampled_from(["person", "name", "\x00", "'A'", "uuid", "a" * 300, "2100-01-01"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "UUID": st.integers(0, 50).map(lambda place: f"{KNOWN}{place}") | st.uuids().map(str),
    "Boolean": st.booleans(),
    "Int": st.integers(-2, 2000),
    "Float": st.floats(allow_nan=False, allow_infinity=False) | st.integers(-2, 2000),
    "String": TEXT,
    "ConnectionCursor": TEXT | st.just("YXJyYXljb25uZWN0aW9uOjM="),
    "DateTime": TEXT | st.just("2026-01-01T00:00:00.000Z"),
    "JSON": JSON,
}


def values(kind: Any, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values for an input type."""
    if isinstance(kind, GraphQLNonNull):
        return values(kind.of_type, depth)
    if isinstance(kind, GraphQLList):
        return st.lists(values(kind.of_type, depth + 1), max_size=2)
    if isinstance(kind, GraphQLEnumType):
        return st.sampled_from(list(kind.values))
    if isinstance(kind, GraphQLInputObjectType):
        if depth > 5:
            return st.just({})
        required, optional = {}, {}
        for name, field in kind.fields.items():
            if isinstance(field.type, GraphQLNonNull):
                required[name] = values(field.type, depth + 1)
            else:
                optional[name] = values(field.type, depth + 1) | st.none()
        return st.fixed_dictionaries(required, optional=optional)
    return SCALARS[str(kind)]


@st.composite
def selections(draw: st.DrawFn, kind: GraphQLObjectType, depth: int) -> str:
    """A selection that is valid for a type."""
    parts: list[str] = []
    for place, name in enumerate(draw(st.lists(st.sampled_from(sorted(kind.fields)), min_size=1, max_size=4))):
        below = get_named_type(kind.fields[name].type)
        alias = draw(st.sampled_from(["", f"a{place}: "]))
        guard = draw(st.sampled_from(["", "", " @include(if: true)", " @skip(if: true)"]))
        if is_leaf_type(below):
            parts.append(f"{alias}{name}{guard}")
        elif depth > 0:
            assert isinstance(below, GraphQLObjectType)
            parts.append(f"a{place}{depth}: {name}{guard} {{ {draw(selections(below, depth - 1))} }}")
    return " ".join([*parts, "__typename"])


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A valid document with one root field, and variables that mostly fit it."""
    operation = draw(st.sampled_from(["query", "mutation"]))
    root = SCHEMA.query_type if operation == "query" else SCHEMA.mutation_type
    assert root is not None
    # Nothing can be asked of a workspace that is gone.
    name = draw(st.sampled_from(sorted(root.fields.keys() - {"deleteCurrentWorkspace"})))
    field = root.fields[name]
    # A page that is told its size is not as easily a wrong one.
    fitting = {name: values(about.type) for name, about in field.args.items()}
    variables = {name: draw(strategy if draw(st.integers(0, 9)) else JSON) for name, strategy in fitting.items()}
    kind = get_named_type(field.type)
    below = f"{{ {draw(selections(kind, 4))} }}" if isinstance(kind, GraphQLObjectType) else ""
    declared = ", ".join(f"${argument}: {about.type}" for argument, about in field.args.items())
    passed = ", ".join(f"{argument}: ${argument}" for argument in field.args)
    header = f"{operation}({declared})" if declared else operation
    return f"{header} {{ {name}{f'({passed})' if passed else ''} {below} }}", variables


def with_known(value: Any, known: list[str]) -> Any:
    """The value with ids that exist."""
    if isinstance(value, dict):
        return {key: with_known(item, known) for key, item in value.items()}
    if isinstance(value, list):
        return [with_known(item, known) for item in value]
    if isinstance(value, str) and value.startswith(KNOWN):
        return known[int(value.removeprefix(KNOWN)) % len(known)]
    return value


@given(request=requests())
@settings(max_examples=200, suppress_health_check=list(HealthCheck))
async def test_no_valid_document_is_a_fault_of_ours(door: Door, request: tuple[str, dict[str, Any]]) -> None:
    """`ask` fails on every internal error."""
    known = [edge["node"]["id"] for edge in (await door(PERSON))["edges"]]
    fields = await door("{ fields(paging: {first: 10}, filter: {isSystem: {is: false}}) { edges { node { id } } } }")
    known += [edge["node"]["id"] for edge in fields["edges"]]
    document, variables = request
    status, body = await door.ask(document, **with_known(variables, known))
    assert status in (200, 400)
    assert all(error["message"] for error in body.get("errors", ()))
    if "data" not in body:
        assert status == 400, body


@given(text=st.text(max_size=60) | st.text(alphabet='{}()$:!@"\\ .onid objects[]', max_size=60))
@settings(max_examples=150, suppress_health_check=list(HealthCheck))
async def test_no_text_is_a_fault_of_ours(door: Door, text: str) -> None:
    await door.ask(text)
