"""The values of variables, looked at before anything is executed, with messages that clients of the wire know."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    VariableDefinitionNode,
    is_leaf_type,
    is_required_input_field,
    type_from_ast,
)
from graphql.language.parser import MAX_NESTING_DEPTH
from graphql.pyutils import did_you_mean, suggestion_list

from threescore.graphql.errors import wire_text

MAX_PROBLEMS = 20
"""How many problems are told at once."""

Place = tuple[str | int, ...]


def check_variables(
    schema: GraphQLSchema, operation: OperationDefinitionNode, values: Mapping[str, Any]
) -> list[GraphQLError]:
    """All that is wrong with the values given for an operation's variables. Their types are known to exist."""
    problems: list[GraphQLError] = []
    for definition in operation.variable_definitions or ():
        for message, place in _of_variable(schema, definition, values):
            extensions = {"http": {"status": 400}, "code": "BAD_USER_INPUT", "inputPath": list(place)}
            problems.append(GraphQLError(message, definition, extensions=extensions))
            if len(problems) >= MAX_PROBLEMS:
                return problems
    return problems


def _of_variable(
    schema: GraphQLSchema, definition: VariableDefinitionNode, values: Mapping[str, Any]
) -> Iterator[tuple[str, Place]]:
    name = definition.variable.name.value
    kind: Any = type_from_ast(schema, definition.type)
    if name in values:
        yield from _problems(values[name], kind, (name,))
    elif isinstance(kind, GraphQLNonNull) and definition.default_value is None:
        yield f'Variable "${name}" of required type "{kind}" was not provided.', (name,)


def _problems(value: Any, kind: GraphQLInputType, place: Place) -> Iterator[tuple[str, Place]]:
    if len(place) > MAX_NESTING_DEPTH:
        yield "Variable values are nested too deeply.", place
    elif isinstance(kind, GraphQLNonNull):
        if value is None:
            yield f'Expected non-nullable type "{kind}" not to be null.', place
        else:
            yield from _problems(value, kind.of_type, place)
    elif value is None:
        return
    elif isinstance(kind, GraphQLList):
        items: Sequence[Any] = value if isinstance(value, list) else [value]
        for index, item in enumerate(items):
            yield from _problems(item, kind.of_type, (*place, index) if items is value else place)
    elif isinstance(kind, GraphQLInputObjectType):
        yield from _of_object(value, kind, place)
    elif is_leaf_type(kind):
        problem = _of_leaf(value, kind)
        if problem:
            yield problem, place


def _of_object(value: Any, kind: GraphQLInputObjectType, place: Place) -> Iterator[tuple[str, Place]]:
    if not isinstance(value, dict):
        yield f'Expected type "{kind}" to be an object.', place
        return
    for name, field in kind.fields.items():
        if name in value:
            yield from _problems(value[name], field.type, (*place, name))
        elif is_required_input_field(field):
            yield f'Field "{name}" of required type "{field.type}" was not provided.', place
    for name in value:
        if name not in kind.fields:
            hint = wire_text(did_you_mean(suggestion_list(name[:100], list(kind.fields))))
            yield f'Field "{name[:100]}" is not defined by type "{kind}".{hint}', place


def _of_leaf(value: Any, kind: GraphQLLeafType) -> str | None:
    if isinstance(kind, GraphQLEnumType):
        if not isinstance(value, str):
            return f'Enum "{kind}" cannot represent non-string value: {str(value)[:100]}.'
        if value not in kind.values:
            hint = wire_text(did_you_mean(suggestion_list(value[:100], list(kind.values)), "the enum value"))
            return f'Value "{value[:100]}" does not exist in "{kind}" enum.{hint}'
        return None
    try:
        kind.coerce_input_value(value)
    except GraphQLError as error:
        return wire_text(error.message)
    return None
