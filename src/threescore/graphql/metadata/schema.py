"""The GraphQL schema of the door: `schema.graphql`, with the resolvers that its fields have. One for all workspaces."""

from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from graphql import GraphQLError, GraphQLObjectType, GraphQLScalarType, GraphQLSchema, build_schema

from threescore.access.tokens import PLAYGROUND
from threescore.catalog.changes.inputs import read_uuid
from threescore.catalog.wire import iso
from threescore.errors import Forbidden
from threescore.graphql.metadata import auth, changes, keys, members, model, workspace
from threescore.graphql.metadata.context import Info
from threescore.graphql.metadata.openness import SESSION_ONLY


@cache
def metadata_schema() -> GraphQLSchema:
    """The schema, built when it is first asked for."""
    texts = (Path(__file__).with_name(name).read_text() for name in ("schema.graphql", "people.graphql"))
    schema = build_schema("\n".join(texts), no_location=True)
    parts = (model, changes, workspace, keys, auth, members)
    for resolvers in (part.RESOLVERS for part in parts):
        for type_name, of_type in resolvers.items():
            object_type = schema.type_map[type_name]
            assert isinstance(object_type, GraphQLObjectType)
            for name, resolve in of_type.items():
                object_type.fields[name].resolve = resolve
    assert schema.mutation_type is not None
    for name in SESSION_ONLY & schema.mutation_type.fields.keys():
        field = schema.mutation_type.fields[name]
        assert field.resolve is not None
        field.resolve = _outside_playgrounds(field.resolve)
    _scalar(schema, "UUID").coerce_input_value = _uuid
    _scalar(schema, "DateTime").coerce_output_value = _moment
    _scalar(schema, "ConnectionCursor").coerce_input_value = _cursor
    return schema


def _outside_playgrounds(resolve: Callable[..., Any]) -> Callable[..., Any]:
    """The resolver of an operation that the token of a playground does not open."""

    def checked(root: Any, info: Info, **arguments: Any) -> Any:
        claims = info.context.caller.claims
        if claims is not None and claims.type == PLAYGROUND:
            raise Forbidden("This endpoint requires a session access token", code="FORBIDDEN_EXCEPTION")
        return resolve(root, info, **arguments)

    return checked


def resolve_value(source: Any, info: Info, **_arguments: Any) -> Any:
    """Looks a field up in the values of its source: the resolver of all fields that have none of their own."""
    info.context.count()
    values = source if isinstance(source, dict) else source.values
    value = values.get(info.field_name)
    return value() if callable(value) else value


def _scalar(schema: GraphQLSchema, name: str) -> GraphQLScalarType:
    scalar = schema.type_map[name]
    assert isinstance(scalar, GraphQLScalarType)
    return scalar


def _uuid(value: Any) -> str:
    found = read_uuid(value)
    if found is None:
        raise GraphQLError(f'Value "{str(value)[:100]}" is not a valid UUID')
    return str(found)


def _moment(value: Any) -> str:
    return iso(value) if isinstance(value, datetime) else value


def _cursor(value: Any) -> str:
    if not isinstance(value, str):
        raise GraphQLError("A cursor is a text")
    return value
