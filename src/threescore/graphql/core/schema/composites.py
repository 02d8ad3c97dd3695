"""The types of composite fields: the same in every workspace."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from graphql import (
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLObjectType,
)

from threescore.graphql.core.schema.events import EVENT_TYPE_NAMES
from threescore.graphql.core.schema.fixed import FIXED
from threescore.graphql.core.schema.notation import read_type
from threescore.graphql.core.schema.search import SEARCH_TYPE_NAMES
from threescore.model.fields import TYPES, FieldType
from threescore.model.fields.graphql_types import GraphqlTypes


def _types_of(kind: FieldType) -> tuple[GraphQLNamedType, ...]:
    """All types of a composite type."""
    parts = {name: part.graphql_types(None) for name, part in kind.sub_fields.items()}
    groupable = {name: part for name, part in parts.items() if kind.sub_fields[name].groupable}
    whole = kind.graphql_types(None)
    words = kind.name.lower().replace("_", " ")

    def inputs(
        name: str, chosen: Mapping[str, GraphqlTypes], which: Callable[[GraphqlTypes], str], description: str
    ) -> GraphQLInputObjectType:
        fields = {key: GraphQLInputField(read_type(which(types), FIXED)) for key, types in chosen.items()}
        return GraphQLInputObjectType(name, fields, description=description)

    return (
        GraphQLObjectType(
            whole.output,
            {name: GraphQLField(read_type(types.output, FIXED)) for name, types in parts.items()},
            description=f"A value of type {words}.",
        ),
        inputs(whole.create, parts, lambda types: types.create, f"A value of type {words} to create a record with."),
        inputs(whole.update, parts, lambda types: types.update, f"A value of type {words} to change a record with."),
        inputs(whole.filter, parts, lambda types: types.filter, f"Conditions on the parts of a value of type {words}."),
        inputs(whole.order, parts, lambda types: types.order, f"An order by parts of a value of type {words}."),
        inputs(whole.group, groupable, lambda types: types.group, f"The part of type {words} to group by."),
    )


COMPOSITES: Mapping[str, GraphQLNamedType] = MappingProxyType(
    {type_.name: type_ for kind in TYPES.values() if kind.sub_fields for type_ in _types_of(kind)}
)
"""The types of composite fields by name."""

RESERVED = frozenset(
    [
        *FIXED,
        *COMPOSITES,
        *SEARCH_TYPE_NAMES,
        *EVENT_TYPE_NAMES,
        "Query",
        "Mutation",
        "Subscription",
        "Time",
        "ID",
        "Upload",
    ]
)
"""Names that the types of objects cannot have."""
