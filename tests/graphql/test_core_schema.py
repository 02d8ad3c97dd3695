"""The schema of a workspace: its types are those that clients know, and it is valid."""

import inspect
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import graphql
import msgspec
import pytest
from graphql import GraphQLInputObjectType, GraphQLObjectType, GraphQLSchema

from tests.graphql.models import plain_model, relate, rocket_model, with_fields, with_object
from tests.model.field_factory import make_field, make_options
from threescore.graphql.core.schema import build_schema
from threescore.graphql.core.schema.type_names import type_names
from threescore.model.fields import TYPES
from threescore.model.objects import Model

Members = dict[str, str]
"""The fields of a type, with their types in GraphQL's notation; the values of an enumeration."""

RECORDED = graphql.parse((Path(__file__).parent / "recorded.graphql").read_text())

DIFFERENCES: dict[str, tuple[str, Mapping[str, str | None]]] = {
    "Actor": (
        "newer versions type the context; a nullable field of this type may lack the rest",
        {"source": "ActorSourceEnum", "name": "String", "context": "ActorContext"},
    ),
    "ActorCreateInput": (
        "every part may be left out, and all that is accepted is shown",
        {"source": "ActorSourceEnum", "workspaceMemberId": "UUID", "name": "String"},
    ),
    "Phones": ("newer versions type the list", {"additionalPhones": "[AdditionalPhone!]"}),
    "PhonesCreateInput": ("newer versions type the list", {"additionalPhones": "[AdditionalPhoneInput!]"}),
    "PersonRelationInput": ("newer versions create through relations", {"create": "PersonCreateInput"}),
    "RocketFilterInput": (
        "newer versions filter by lists of related records",
        {
            "timelineActivities": "TimelineActivityFilterInput",
            "attachments": "AttachmentFilterInput",
            "noteTargets": "NoteTargetFilterInput",
            "taskTargets": "TaskTargetFilterInput",
            "crew": "PersonFilterInput",
        },
    ),
    "RocketStatusEnumFilter": (
        "the operators are those that the field takes",
        {"containsAny": None, **dict.fromkeys(("gt", "gte", "lt", "lte"), "RocketStatusEnum")},
    ),
}
"""Where the schema differs from the recorded one: why, and what it has instead or in addition; None for nothing."""

OURS = {"campaign", "ratio", "emails", "duties", "parts"}
"""Fields of the tests' rocket that the recorded one had not."""


@pytest.fixture(scope="module")
def model() -> Model:
    return rocket_model()


@pytest.fixture(scope="module")
def schema(model: Model) -> GraphQLSchema:
    return build_schema(model)


def members(schema: GraphQLSchema, name: str) -> Members:
    type_ = schema.type_map[name]
    if isinstance(type_, graphql.GraphQLEnumType):
        return dict.fromkeys(type_.values, "")
    assert isinstance(type_, GraphQLObjectType | GraphQLInputObjectType)
    return {key: str(field.type) for key, field in type_.fields.items()}


def recorded_types() -> dict[str, graphql.TypeDefinitionNode]:
    nodes = [node for node in RECORDED.definitions if isinstance(node, graphql.TypeDefinitionNode)]
    return {node.name.value: node for node in nodes}


def recorded_members(node: graphql.TypeDefinitionNode) -> Members:
    if isinstance(node, graphql.EnumTypeDefinitionNode):
        return {value.name.value: "" for value in node.values or ()}
    assert isinstance(node, graphql.ObjectTypeDefinitionNode | graphql.InputObjectTypeDefinitionNode)
    return {field.name.value: graphql.print_ast(field.type) for field in node.fields or ()}


def test_the_standard_schema_is_valid() -> None:
    assert_valid(build_schema(plain_model()))


def test_a_schema_with_fields_of_all_types_is_valid(model: Model, schema: GraphQLSchema) -> None:
    assert {field.type for field in model.by_singular["rocket"].fields} == set(TYPES)
    assert_valid(schema)


def assert_valid(schema: GraphQLSchema) -> None:
    """By rules that the schema itself skips when it is made, and by making it anew from its SDL."""
    parts: dict[str, Any] = {**schema.to_kwargs(), "assume_valid": False}
    checked = GraphQLSchema(**parts)
    assert graphql.validate_schema(checked) == []
    text = graphql.print_schema(schema)
    again = graphql.build_schema(text)
    assert graphql.validate_schema(again) == []
    assert graphql.find_schema_changes(schema, again) == []


@pytest.mark.parametrize("name", [name for name in recorded_types() if not name.startswith("Recorded")])
def test_types_are_as_recorded(schema: GraphQLSchema, name: str) -> None:
    expected = recorded_members(recorded_types()[name])
    found = {key: text for key, text in members(schema, name).items() if key not in OURS}
    _, changed = DIFFERENCES.get(name, ("", {}))
    assert found == {key: text for key, text in {**expected, **changed}.items() if text is not None}
    if not name.startswith("Rocket"):
        # The tests' rocket has its fields in an order of its own.
        assert [key for key in found if key in expected] == list(expected)


def test_every_difference_is_one(schema: GraphQLSchema) -> None:
    for name, (reason, changed) in DIFFERENCES.items():
        assert reason
        recorded = recorded_members(recorded_types()[name])
        assert all(recorded.get(key) != text for key, text in changed.items()), name
        assert all(key in recorded for key, text in changed.items() if text is None), name


@pytest.mark.parametrize("kind", ["Query", "Mutation"])
def test_root_fields_are_as_recorded(schema: GraphQLSchema, kind: str) -> None:
    node = recorded_types()[f"Recorded{kind}"]
    assert isinstance(node, graphql.ObjectTypeDefinitionNode)
    root = schema.type_map[kind]
    assert isinstance(root, GraphQLObjectType)
    for field in node.fields or ():
        expected = [argument.name.value for argument in field.arguments or ()]
        assert list(root.fields[field.name.value].args) == expected, field.name.value


def test_root_fields_of_person(schema: GraphQLSchema) -> None:
    expected = """
      people(first: Int, last: Int, offset: Int, before: String, after: String, filter: PersonFilterInput,
        orderBy: [PersonOrderByInput]): PersonConnection
      person(filter: PersonFilterInput!): Person
      personDuplicates(ids: [UUID], data: [PersonCreateInput]): [PersonConnection!]
      peopleGroupBy(groupBy: [PersonGroupByInput!]!, filter: PersonFilterInput,
        orderBy: [PersonOrderByWithGroupByInput], orderByForRecords: [PersonOrderByInput], viewId: UUID, limit: Int,
        offsetForRecords: Int): [PersonGroupByConnection!]
      createPerson(data: PersonCreateInput!, upsert: Boolean): Person
      createPeople(data: [PersonCreateInput!]!, upsert: Boolean): [Person!]
      updatePerson(id: UUID!, data: PersonUpdateInput!): Person
      updatePeople(data: PersonUpdateInput!, filter: PersonFilterInput!): [Person!]
      deletePerson(id: UUID!): Person
      deletePeople(filter: PersonFilterInput!): [Person!]
      destroyPerson(id: UUID!): Person
      destroyPeople(filter: PersonFilterInput!): [Person!]
      restorePerson(id: UUID!): Person
      restorePeople(filter: PersonFilterInput!): [Person!]
      mergePeople(ids: [UUID!]!, conflictPriorityIndex: Int!, dryRun: Boolean): Person
      search(searchInput: String!, limit: Int!, after: String, includedObjectNameSingulars: [String!],
        excludedObjectNameSingulars: [String!], filter: ObjectRecordFilterInput): SearchResultConnection
    """
    document = graphql.parse(f"type Expected {{ {expected} }}")
    [node] = document.definitions
    assert isinstance(node, graphql.ObjectTypeDefinitionNode)
    assert schema.query_type
    assert schema.mutation_type
    for field in node.fields or ():
        name = field.name.value
        found = (schema.query_type.fields | schema.mutation_type.fields)[name]
        assert str(found.type) == graphql.print_ast(field.type), name
        expected_arguments = {a.name.value: graphql.print_ast(a.type) for a in field.arguments or ()}
        assert {key: str(argument.type) for key, argument in found.args.items()} == expected_arguments, name


def test_objects_without_criteria_have_neither_duplicates_nor_merge(schema: GraphQLSchema) -> None:
    assert schema.query_type
    assert schema.mutation_type
    assert {name for name in schema.query_type.fields if name.endswith("Duplicates")} == {
        "personDuplicates",
        "companyDuplicates",
    }
    assert {name for name in schema.mutation_type.fields if name.startswith("merge")} == {
        "mergePeople",
        "mergeCompanies",
    }


def test_pages_and_groups(schema: GraphQLSchema) -> None:
    connection = members(schema, "RocketConnection")
    expected = {
        "totalCount": "Int",
        "countEmptyName": "Int",
        "countNotEmptyName": "Int",
        "countUniqueValuesName": "Int",
        "percentageEmptyName": "Float",
        "percentageNotEmptyName": "Float",
        "countTrueReusable": "Int",
        "minThrust": "Float",
        "avgStages": "Float",
        "sumPriceAmountMicros": "Float",
        "minBuiltOn": "DateTime",
        "maxCreatedAt": "DateTime",
        "edges": "[RocketEdge!]!",
        "pageInfo": "PageInfo!",
    }
    assert expected.items() <= connection.items()
    assert "sumRatio" not in connection
    assert "countEmptyCrew" not in connection
    group = {"groupByDimensionValues": "JSON!", **connection}
    del group["pageInfo"]
    assert members(schema, "RocketGroupByConnection") == group
    assert members(schema, "RocketEdge") == {"node": "Rocket!", "cursor": "Cursor!"}


def test_lists_of_related_records_take_arguments(schema: GraphQLSchema) -> None:
    rocket = schema.type_map["Rocket"]
    assert isinstance(rocket, GraphQLObjectType)
    assert {key: str(argument.type) for key, argument in rocket.fields["crew"].args.items()} == {
        "first": "Int",
        "last": "Int",
        "offset": "Int",
        "before": "String",
        "after": "String",
        "filter": "PersonFilterInput",
        "orderBy": "[PersonOrderByInput]",
    }


def test_values_that_are_never_null(schema: GraphQLSchema) -> None:
    rocket, create = members(schema, "Rocket"), members(schema, "RocketCreateInput")
    assert (rocket["serial"], create["serial"]) == ("String!", "String")
    assert (rocket["serialTwo"], create["serialTwo"]) == ("String!", "String!")
    assert (rocket["duties"], create["duties"]) == ("[RocketDutiesEnum!]!", "[RocketDutiesEnum]")
    assert (rocket["parts"], create["parts"]) == ("[String!]!", "[String!]!")
    update = graphql.get_nullable_type
    for field in schema.type_map["RocketUpdateInput"].fields.values():  # type: ignore[attr-defined]
        assert update(field.type) is field.type


def test_groups(schema: GraphQLSchema) -> None:
    order = members(schema, "RocketOrderByWithGroupByInput")
    assert order["aggregate"] == "RocketOrderByWithGroupByAggregateInput"
    assert order["builtOn"] == "OrderByDateGranularityInput"
    assert order["pilot"] == "FullNameOrderByInput"
    assert order["operator"] == "CompanyOrderByWithGroupByInput"
    assert order.keys() - {"aggregate"} == members(schema, "RocketGroupByInput").keys()
    aggregates = members(schema, "RocketOrderByWithGroupByAggregateInput")
    assert set(aggregates.values()) == {"OrderByDirection"}
    assert aggregates.keys() == members(schema, "RocketConnection").keys() - {"edges", "pageInfo"}


def test_options_are_enumerations_with_their_labels() -> None:
    options = tuple(
        msgspec.structs.replace(option, label=label)
        for option, label in zip(make_options(["B", "A", "2ND"]), ["Bee", "Ay", "Second"], strict=True)
    )
    field = msgspec.structs.replace(make_field("SELECT", "status", options=["X"]), options=options)
    schema = build_schema(with_fields(plain_model(), "note", [field]))
    enum = schema.type_map["NoteStatusEnum"]
    assert isinstance(enum, graphql.GraphQLEnumType)
    assert {name: value.description for name, value in enum.values.items()} == {
        "B": "Bee",
        "A": "Ay",
        "_2ND": "Second",
    }
    assert_valid(schema)


def test_names_follow_camel_case() -> None:
    schema = build_schema(with_object(plain_model(), "holdq9e9bc", "holdq9e9bcs"))
    assert schema.query_type
    assert schema.mutation_type
    assert {"holdq9E9Bc", "holdq9E9Bcs", "holdq9E9BcsGroupBy"} <= schema.query_type.fields.keys()
    assert {"createHoldq9E9Bc", "destroyHoldq9E9Bcs"} <= schema.mutation_type.fields.keys()
    assert "Holdq9E9BcFilterInput" in schema.type_map


def test_objects_named_like_types_of_the_schema_get_names_of_their_own() -> None:
    model = plain_model()
    for singular, plural in (
        ("actor", "actors"),
        ("date", "dates"),
        ("pageInfo", "pageInfos"),
        ("personConnection", "personConnections"),
        ("phonesFilterInput", "phonesFilterInputs"),
    ):
        model = with_object(model, singular, plural)
    model = with_fields(model, "actor", [make_field("SELECT", "source", options=("STAGE", "FILM"))])
    model = relate(model, "actor", "agent", "person", "clients")
    names = type_names(model)
    assert (names["actor"], names["date"], names["pageInfo"]) == ("ActorObject", "DateObject", "PageInfoObject")
    assert (names["person"], names["personConnection"]) == ("Person", "PersonConnectionObject")
    schema = build_schema(model)
    assert_valid(schema)
    assert members(schema, "ActorObject")["source"] == "ActorObjectSourceEnum"
    assert members(schema, "Person")["clients"] == "ActorObjectConnection"
    assert members(schema, "Person")["createdBy"] == "Actor!"


def test_enumerations_of_the_same_name_stay_apart() -> None:
    model = with_object(with_object(plain_model(), "air", "airs"), "airShip", "airShips")
    model = with_fields(model, "air", [make_field("SELECT", "shipKind", options=("A",))])
    model = with_fields(model, "airShip", [make_field("SELECT", "kind", options=("B",))])
    schema = build_schema(model)
    assert_valid(schema)
    first, second = members(schema, "Air")["shipKind"], members(schema, "AirShip")["kind"]
    assert (first, second) == ("AirShipKindEnum", "AirShipKindEnum2")
    assert (list(members(schema, first)), list(members(schema, second))) == (["A"], ["B"])


def test_a_long_chain_of_relations_is_no_harm() -> None:
    model = plain_model()
    for number in range(40):
        model = with_object(model, f"link{number}", f"links{number}")
    for number in range(39):
        model = relate(model, f"link{number}", "next", f"link{number + 1}", "previous")
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 60)
    try:
        schema = build_schema(model)
    finally:
        sys.setrecursionlimit(usual)
    assert "Link39Connection" in schema.type_map


def test_filters_have_the_operators_that_fields_take(schema: GraphQLSchema) -> None:
    checked = 0
    for kind in TYPES.values():
        for part in kind.sub_fields.values() or [kind]:
            for settings in ({}, {"dataType": "int"}, {"dataType": "bigint"}):
                name = part.graphql_types(settings).filter
                enum = "RocketTagsEnum" if part.name == "MULTI_SELECT" else "RocketStatusEnum"
                assert set(members(schema, name.replace("Options", enum))) == set(part.operators), (part.name, name)
                checked += 1
    assert checked > 60


def test_a_model_keeps_its_schema() -> None:
    model = plain_model()
    assert build_schema(model) is build_schema(model)
    text = graphql.print_schema(build_schema(model))
    assert text == graphql.print_schema(build_schema(msgspec.structs.replace(model)))
