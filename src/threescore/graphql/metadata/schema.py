"""The GraphQL schema of the door: `schema.graphql`, with the resolvers that its fields have. One for all workspaces."""

from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from graphql import GraphQLError, GraphQLObjectType, GraphQLScalarType, GraphQLSchema, build_schema

from threescore.access.operations import OPEN, check_operation
from threescore.catalog.changes.inputs import read_uuid
from threescore.catalog.wire import iso
from threescore.graphql.metadata import audit, auth, changes, keys, members, model, roles, webhooks, workspace
from threescore.graphql.metadata.context import Info


@cache
def metadata_sdl() -> bytes:
    """The schema as it is written down."""
    return b"\n".join(Path(__file__).with_name(name).read_bytes() for name in ("schema.graphql", "people.graphql"))


@cache
def metadata_schema() -> GraphQLSchema:
    """The schema, built when it is first asked for."""
    schema = build_schema(metadata_sdl().decode(), no_location=True)
    modules = (model, changes, workspace, keys, roles, audit, webhooks, auth, members)
    for resolvers in (module.RESOLVERS for module in modules):
        for type_name, of_type in resolvers.items():
            object_type = schema.type_map[type_name]
            assert isinstance(object_type, GraphQLObjectType)
            for name, resolve in of_type.items():
                object_type.fields[name].resolve = resolve
    for root in (schema.query_type, schema.mutation_type):
        assert root is not None
        for name, field in root.fields.items():
            field.resolve = _checked(name, field.resolve or resolve_value)
    _scalar(schema, "UUID").coerce_input_value = _uuid
    _scalar(schema, "DateTime").coerce_output_value = _moment
    _scalar(schema, "ConnectionCursor").coerce_input_value = _cursor
    return schema


def _checked(operation: str, resolve: Callable[..., Any]) -> Callable[..., Any]:
    """The resolver of an operation, for those who may use it."""

    def checked(root: Any, info: Info, **arguments: Any) -> Any:
        # Who is nobody in particular may do what is open to strangers; the door has seen to that.
        if operation not in OPEN or info.context.caller_or_none is not None:
            check_operation(info.context.caller, operation)
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
