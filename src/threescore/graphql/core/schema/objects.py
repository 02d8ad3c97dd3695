"""The types of one object: records, pages and groups of them."""

from functools import partial

from graphql import GraphQLArgument, GraphQLField

from threescore.graphql.core.schema.lean import LeanObjectType
from threescore.graphql.core.schema.notation import required
from threescore.graphql.core.schema.registry import Registry
from threescore.model.objects import Field, ObjectType
from threescore.query.grouping import aggregates_of
from threescore.query.plan import Aggregate


def add_object_types(registry: Registry, object_type: ObjectType) -> None:
    """Puts the types of an object's records into the registry. Their fields are made when they are asked for."""
    name = registry.name(object_type)
    label, plural = object_type.label_singular, object_type.label_plural
    registry.add(
        LeanObjectType(name, partial(_record, registry, object_type), description=object_type.description),
        LeanObjectType(f"{name}Edge", partial(_edge, registry, name), description=f"A {label} record of a page."),
        LeanObjectType(
            f"{name}Connection",
            partial(_connection, registry, object_type),
            description=f"A page of {plural}, with aggregates over all of them.",
        ),
        LeanObjectType(
            f"{name}GroupByConnection",
            partial(_group, registry, object_type),
            description=f"A group of {plural}, with aggregates over it.",
        ),
    )


def page_arguments(registry: Registry, object_type: ObjectType) -> dict[str, GraphQLArgument]:
    """The arguments of a page of an object's records."""
    name = registry.name(object_type)
    wanted = {
        "first": "Int",
        "last": "Int",
        "offset": "Int",
        "before": "String",
        "after": "String",
        "filter": f"{name}FilterInput",
        "orderBy": f"[{name}OrderByInput]",
    }
    return {key: GraphQLArgument(registry.type(text)) for key, text in wanted.items()}


def _record(registry: Registry, object_type: ObjectType) -> dict[str, GraphQLField]:
    fields: dict[str, GraphQLField] = {}
    for field in object_type.fields:
        if not field.is_relation:
            text = registry.with_options(field.kind.graphql_types(field.settings).output, object_type, field)
            text = text if field.is_nullable else required(text)
            fields[field.name] = registry.output(text, field.description or None)
        elif field.join_column:
            fields[field.join_column] = registry.output(field.kind.graphql.output, f"The id of {field.label}.")
    for field in object_type.fields:
        if field.is_relation:
            fields[field.name] = _related(registry, field)
    return fields


def _related(registry: Registry, field: Field) -> GraphQLField:
    target = registry.model.target(field)
    name = registry.name(target)
    if field.is_many_to_one:
        return registry.output(name, field.description or None)
    return GraphQLField(
        registry.type(f"{name}Connection"), page_arguments(registry, target), description=field.description or None
    )


def _edge(registry: Registry, name: str) -> dict[str, GraphQLField]:
    return {"node": registry.output(f"{name}!"), "cursor": registry.output("Cursor!")}


def _connection(registry: Registry, object_type: ObjectType) -> dict[str, GraphQLField]:
    fields = {
        name: registry.output(aggregate_type(object_type, aggregate))
        for name, aggregate in aggregates_of(object_type).items()
    }
    fields["edges"] = registry.output(f"[{registry.name(object_type)}Edge!]!")
    fields["pageInfo"] = registry.output("PageInfo!")
    return fields


def _group(registry: Registry, object_type: ObjectType) -> dict[str, GraphQLField]:
    values = registry.output("JSON!", "The values that the records of the group have in common, in the order asked.")
    fields = {"groupByDimensionValues": values, **_connection(registry, object_type)}
    # A group's records are a sample, not a page: nothing is known about what comes before or after them.
    del fields["pageInfo"]
    return fields


def aggregate_type(object_type: ObjectType, aggregate: Aggregate) -> str:
    """The notation of the type of an aggregate's value."""
    if aggregate.function.startswith("count"):
        return "Int"
    if aggregate.function.startswith("percentage"):
        return "Float"
    leaf = object_type.leaf_by_column[aggregate.columns[0]]
    return leaf.type.graphql_types(leaf.field.settings).aggregate
