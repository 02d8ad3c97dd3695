"""From a model to its schema."""

from collections.abc import Callable, Mapping

from graphql import GraphQLArgument, GraphQLField, GraphQLSchema, print_schema

from threescore.graphql.core.names import Action, RootField, root_fields
from threescore.graphql.core.schema.events import RECORD_EVENTS, RECORD_HISTORY
from threescore.graphql.core.schema.fixed import FIXED
from threescore.graphql.core.schema.inputs import add_input_types
from threescore.graphql.core.schema.lean import LeanObjectType
from threescore.graphql.core.schema.objects import add_object_types, page_arguments
from threescore.graphql.core.schema.registry import Registry
from threescore.graphql.core.schema.search import SEARCH
from threescore.model.objects import Model, ObjectType

_DATA = {"data": "{}CreateInput!", "upsert": "Boolean"}
_MANY_DATA = {"data": "[{}CreateInput!]!", "upsert": "Boolean"}
_ID = {"id": "UUID!"}
_FILTER = {"filter": "{}FilterInput!"}
_ROOTS: Mapping[Action, tuple[Mapping[str, str], str, Callable[[ObjectType], str]]] = {
    "findOne": (_FILTER, "{}", lambda o: f"The first {o.label_singular} record that the filter finds."),
    "findDuplicates": (
        {"ids": "[UUID]", "data": "[{}CreateInput]"},
        "[{}Connection!]",
        lambda o: f"For each of several {o.label_plural}, which exist or might be created, the ones like it.",
    ),
    "groupBy": (
        {
            "groupBy": "[{}GroupByInput!]!",
            "filter": "{}FilterInput",
            "orderBy": "[{}OrderByWithGroupByInput]",
            "orderByForRecords": "[{}OrderByInput]",
            "viewId": "UUID",
            "limit": "Int",
            "offsetForRecords": "Int",
        },
        "[{}GroupByConnection!]",
        lambda o: f"Groups of {o.label_plural} with aggregates over each.",
    ),
    "createOne": (_DATA, "{}", lambda o: f"Creates a {o.label_singular} record."),
    "createMany": (_MANY_DATA, "[{}!]", lambda o: f"Creates {o.label_plural}: all or none."),
    "updateOne": (_ID | {"data": "{}UpdateInput!"}, "{}", lambda o: f"Changes a {o.label_singular} record."),
    "updateMany": (
        {"data": "{}UpdateInput!", "filter": "{}FilterInput!"},
        "[{}!]",
        lambda o: f"Changes all {o.label_plural} that the filter finds.",
    ),
    "deleteOne": (_ID, "{}", lambda o: f"Puts a {o.label_singular} record aside, to be restored or destroyed."),
    "deleteMany": (_FILTER, "[{}!]", lambda o: f"Puts {o.label_plural} aside, to be restored or destroyed."),
    "destroyOne": (_ID, "{}", lambda o: f"Deletes a {o.label_singular} record for good."),
    "destroyMany": (_FILTER, "[{}!]", lambda o: f"Deletes {o.label_plural} for good."),
    "restoreOne": (_ID, "{}", lambda o: f"Brings a soft-deleted {o.label_singular} record back."),
    "restoreMany": (_FILTER, "[{}!]", lambda o: f"Brings soft-deleted {o.label_plural} back."),
    "mergeMany": (
        {"ids": "[UUID!]!", "conflictPriorityIndex": "Int!", "dryRun": "Boolean"},
        "{}",
        lambda o: f"Makes several {o.label_plural} one. The one at `conflictPriorityIndex` stays and wins conflicts.",
    ),
}
"""Arguments, result and description of the root fields, with `{}` for the name of the object's type."""

_WITHOUT_OBJECT: Mapping[Action, GraphQLField] = {
    "search": SEARCH,
    "recordHistory": RECORD_HISTORY,
    "recordEvents": RECORD_EVENTS,
}


def root_description(action: Action, object_type: ObjectType | None) -> str:
    """What a root field does. `object_type`: what it is about, None for a field about records of any object."""
    if object_type is None:
        return _WITHOUT_OBJECT[action].description or ""
    if action == "findMany":
        return f"A page of {object_type.label_plural}."
    return _ROOTS[action][2](object_type)


_WITH_CRITERIA = ("findDuplicates", "mergeMany")
"""Root fields that objects without criteria for duplicates do not show."""


def is_shown(action: Action, object_type: ObjectType) -> bool:
    """Whether the schema has a root field for an action on an object."""
    return bool(object_type.duplicate_criteria) or action not in _WITH_CRITERIA


def build_schema(model: Model) -> GraphQLSchema:
    """The schema of a model, made once for each. It has no resolvers and cannot be executed on records."""
    schema: GraphQLSchema | None = model.__dict__.get("graphql_schema")
    if schema is None:
        schema = model.__dict__["graphql_schema"] = _build(model)
    return schema


def schema_text(model: Model) -> bytes:
    """The schema in GraphQL's schema definition language, made once for each model."""
    text: bytes | None = model.__dict__.get("graphql_sdl")
    if text is None:
        text = model.__dict__["graphql_sdl"] = print_schema(build_schema(model)).encode()
    return text


def _build(model: Model) -> GraphQLSchema:
    registry = Registry(model)
    for object_type in model.objects:
        add_object_types(registry, object_type)
        add_input_types(registry, object_type)
    roots = root_fields(model)
    # Naming all types keeps graphql-core from following chains of relations by recursion.
    types = [type_ for name, type_ in registry.named.items() if name not in FIXED]
    return GraphQLSchema(
        query=LeanObjectType("Query", lambda: _fields(registry, roots.query)),
        mutation=LeanObjectType("Mutation", lambda: _fields(registry, roots.mutation)),
        subscription=LeanObjectType("Subscription", lambda: _fields(registry, roots.subscription)),
        types=types,
        assume_valid=True,
    )


def _fields(registry: Registry, roots: Mapping[str, RootField]) -> dict[str, GraphQLField]:
    fields: dict[str, GraphQLField] = {}
    for name, root in roots.items():
        object_type = root.object_type
        if object_type is None:
            fields[name] = _WITHOUT_OBJECT[root.action]
        elif is_shown(root.action, object_type):
            fields[name] = _field(registry, root.action, object_type)
    return fields


def _field(registry: Registry, action: Action, object_type: ObjectType) -> GraphQLField:
    name = registry.name(object_type)
    if action == "findMany":
        return GraphQLField(
            registry.type(f"{name}Connection"),
            page_arguments(registry, object_type),
            description=root_description(action, object_type),
        )
    given, result, _describe = _ROOTS[action]
    arguments = {key: GraphQLArgument(registry.type(text.format(name))) for key, text in given.items()}
    return GraphQLField(
        registry.type(result.format(name)), arguments, description=root_description(action, object_type)
    )
