"""Questions about the schema itself, answered without a general executor: the answers are those of graphql-core."""

from typing import Any

import graphql
import msgspec
import pytest
from graphql import FragmentDefinitionNode, GraphQLError, OperationDefinitionNode

from tests.graphql.models import plain_model, rocket_model
from threescore.errors import BadRequest
from threescore.graphql.core.schema import build_schema, introspect
from threescore.graphql.core.schema.introspection import CACHED_BYTES
from threescore.model.objects import Model


@pytest.fixture(scope="module")
def model() -> Model:
    return rocket_model()


def ask(model: Model, text: str, *keys: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    found = introspect(model, *parts(text), keys, variables or {})
    return {key: msgspec.json.decode(value) for key, value in found.items()}


def parts(text: str) -> tuple[OperationDefinitionNode, dict[str, FragmentDefinitionNode]]:
    definitions = graphql.parse(text).definitions
    [operation] = [node for node in definitions if isinstance(node, OperationDefinitionNode)]
    fragments = {node.name.value: node for node in definitions if isinstance(node, FragmentDefinitionNode)}
    return operation, fragments


FULL = graphql.get_introspection_query(
    specified_by_url=True, directive_is_repeatable=True, schema_description=True, input_value_deprecation=True
)

QUESTIONS = {
    "everything": (FULL, {}),
    "as older tools ask": (graphql.get_introspection_query(descriptions=False), {}),
    "several types": (
        '{ a: __type(name: "Rocket") { name } b: __type(name: "Nothing") { kind } __schema { __typename } }',
        {},
    ),
    "names of types": (
        '{ t: __type(name: "RocketStatusEnum") { __typename kind same: __typename'
        " values: enumValues { __typename name } } }",
        {},
    ),
    "fragments": (
        'query { ...Root } fragment Root on Query { t: __type(name: "Rocket") { ...Kind fields { type { ...Kind } } } }'
        " fragment Kind on __Type { kind ofType { name } ... on __Type { name } }",
        {},
    ),
    "one field in two places": (
        '{ t: __type(name: "Rocket") { fields { name } } t: __type(name: "Rocket") { kind fields { type { name } } } }',
        {},
    ),
    "variables": (
        "query ($name: String!, $no: Boolean = false) { t: __type(name: $name)"
        " { name @skip(if: $no) kind @include(if: $no) fields(includeDeprecated: $no) { name } } }",
        {"name": "Person"},
    ),
    "interfaces and possible types": (
        '{ t: __type(name: "Rocket") { interfaces { name } possibleTypes { name }'
        " inputFields { name } enumValues { name } } }",
        {},
    ),
    "names and descriptions in any order, or not at all": (
        '{ t: __type(name: "Person") { d: description fields { description a: name kind: __typename b: name'
        " type { name } description args { name description n: name } } }"
        ' i: __type(name: "PersonFilterInput") { inputFields { type { kind } } }'
        ' e: __type(name: "OrderByDirection") { enumValues { isDeprecated x: name } } }',
        {},
    ),
    "directives": ("{ __schema { directives { name locations args { name defaultValue type { kind } } } } }", {}),
}  # fmt: skip


@pytest.mark.parametrize("name", QUESTIONS)
def test_answers_are_those_of_graphql_core(model: Model, name: str) -> None:
    text, variables = QUESTIONS[name]
    result = graphql.graphql_sync(build_schema(model), text, variable_values=variables)
    assert result.errors is None
    assert result.data is not None
    keys = list(result.data)
    # The defaults of variables are filled in by who calls.
    found = ask(model, text, *keys, variables={"no": False, **variables})
    assert found == result.data
    assert msgspec.json.encode(found) == msgspec.json.encode(result.data)


def test_the_same_question_is_answered_once(model: Model) -> None:
    first = introspect(model, *parts(FULL), ["__schema"], {})
    again = introspect(model, *parts(FULL), ["__schema"], {})
    assert again["__schema"] is first["__schema"]
    text = "query ($n: String!) { __type(name: $n) { name } }"
    assert ask(model, text, "__type", variables={"n": "Person"}) == {"__type": {"name": "Person"}}
    assert ask(model, text, "__type", variables={"n": "Note"}) == {"__type": {"name": "Note"}}


def test_what_is_kept_is_bounded() -> None:
    model = plain_model()
    for number in range(12):
        introspect(model, *parts(f"# {number}\n{FULL}"), ["__schema"], {})
    kept = [bytes(raw) for answer in model.__dict__["introspection"]._known.values() for raw in answer.values()]
    assert 0 < sum(map(len, kept)) <= CACHED_BYTES


def test_only_the_keys_asked_for_are_answered(model: Model) -> None:
    text = '{ people { totalCount } one: __type(name: "Person") { name } two: __schema { foo } }'
    assert ask(model, text, "one") == {"one": {"name": "Person"}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{ k: __schema { typs { name } } }", 'Cannot query field "typs" on type "__Schema". Did you mean "types"?'),
        ("{ k: __schema { queryType { foo } } }", 'Cannot query field "foo" on type "__Type".'),
        ('{ k: __type(name: "Nothing") { foo } }', 'Cannot query field "foo" on type "__Type".'),
        ("{ k: __schema }", 'Field "k" of type "__Schema!" must have a selection of subfields.'),
        ("{ k: __schema { types } }", 'Field "types" of type "[__Type!]!" must have a selection of subfields.'),
        ('{ k: __type(name: "Person") { name { x } } }', 'Field "name" must not have a selection'),
        ("{ k: __type { name } }", 'Field "__type" argument "name" of type "String!" is required'),
        ("{ k: __type(name: 3) { name } }", 'Argument "name" of field "__type" must be a string.'),
        ("{ k: __schema(a: 1) { __typename } }", 'Unknown argument "a" on field "__schema".'),
        ('{ k: __type(name: "A") { ...F } }', 'Unknown fragment "F".'),
        ('{ k: __type(name: "A") { ...F } } fragment F on __Type { ...F }', 'Cannot spread fragment "F" within'),
        ('{ k: __type(name: "A") { ...F } } fragment F on __Field { name }', 'Fragment "F" cannot be spread here'),
        ('{ k: __type(name: "A") { ...F } } fragment F on __Type { ofType { ...F } }', "levels deep at most"),
        ('{ k: __type(name: "A") { name @upper } }', 'Unknown directive "@upper".'),
        ('{ k: __type(name: "A") { a: name a: kind } }', 'Fields "a" conflict'),
        ("mutation { k: __schema { __typename } }", 'Cannot query field "__schema" on type "Mutation".'),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(model: Model, text: str, message: str) -> None:
    with pytest.raises(GraphQLError) as raised:
        ask(model, text, "k")
    assert message.replace('Field "k"', 'Field "__schema"') in str(raised.value.message)
    assert raised.value.locations


def test_an_answer_that_explodes_is_refused(model: Model) -> None:
    text = "name"
    for _ in range(4):
        text = f"fields {{ type {{ fields {{ type {{ {text} }} }} ofType {{ ofType {{ ofType {{ {text} }} }} }} }} }}"
    text = f"{{ __schema {{ types {{ {text} }} }} }}"
    with pytest.raises(BadRequest, match="too large"):
        ask(model, text, "__schema")
