"""Arguments: what stands in a document, with variables filled in, as plain JSON. Declared types are not asked.

Clients were generated for schemas of many ages, so a variable may be declared with any type name; what counts is
whether its value makes sense where it is used.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from graphql import (
    ArgumentNode,
    BooleanValueNode,
    EnumValueNode,
    FieldNode,
    FloatValueNode,
    GraphQLError,
    IntValueNode,
    ListValueNode,
    NonNullTypeNode,
    ObjectFieldNode,
    ObjectValueNode,
    OperationDefinitionNode,
    StringValueNode,
    ValueNode,
    VariableNode,
    print_ast,
)

from threescore.errors import BadRequest
from threescore.graphql.errors import InvalidSelection

INVALID_INPUT = "INVALID_QUERY_INPUT"

MAX_DIGITS = 400
"""Digits of a whole number in a document: more than any field can hold, and far from what is slow to read."""


class _Absent:
    """A variable without a value."""


ABSENT: Final = _Absent()


def variables_of(operation: OperationDefinitionNode, given: Mapping[str, Any]) -> dict[str, Any]:
    """The variables of an operation: as given, else their defaults. Raises GraphQLError for a required one without."""
    values: dict[str, Any] = {}
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        if name in given:
            values[name] = given[name]
        elif definition.default_value is not None:
            values[name] = value_of(definition.default_value, {})
        elif isinstance(definition.type, NonNullTypeNode):
            raise GraphQLError(
                f'Variable "${name}" of required type "{print_ast(definition.type)}" was not provided.', definition
            )
    return values


def value_of(node: ValueNode, variables: Mapping[str, Any]) -> Any:
    """A value as plain JSON; enum values are strings. ABSENT for a variable that has no value.

    Raises InvalidSelection for what no value can be.
    """
    match node:
        case VariableNode():
            return variables.get(node.name.value, ABSENT)
        case ObjectValueNode():
            found = {field.name.value: value_of(field.value, variables) for field in node.fields or ()}
            if len(found) < len(node.fields or ()):
                raise _repeated("input field", node.fields or ())
            return {name: value for name, value in found.items() if value is not ABSENT}
        case ListValueNode():
            items = (value_of(item, variables) for item in node.values or ())
            return [None if item is ABSENT else item for item in items]
        case IntValueNode():
            if len(node.value) > MAX_DIGITS:
                raise InvalidSelection(f"A whole number may have {MAX_DIGITS} digits at most.", node)
            return int(node.value)
        case FloatValueNode():
            return float(node.value)
        case StringValueNode() | EnumValueNode():
            return node.value
        case BooleanValueNode():
            return node.value
        case _:
            return None


def arguments_of(node: FieldNode, variables: Mapping[str, Any], allowed: Iterable[str]) -> dict[str, Any]:
    """The arguments of a field; null and variables without a value count as not given.

    Raises BadRequest for an argument that the field does not have, InvalidSelection for one that is there twice.
    """
    found: dict[str, Any] = {}
    if len({argument.name.value for argument in node.arguments or ()}) < len(node.arguments or ()):
        raise _repeated("argument", node.arguments or ())
    for argument in node.arguments or ():
        name = argument.name.value
        if name not in allowed:
            raise BadRequest(f"Argument not allowed: {name}", code=INVALID_INPUT)
        value = value_of(argument.value, variables)
        if value is not ABSENT and value is not None:
            found[name] = value
    return found


def _repeated(what: str, nodes: Sequence[ArgumentNode | ObjectFieldNode]) -> InvalidSelection:
    """The error for a name that stands twice: which of its values is meant, nobody can know."""
    first: dict[str, ArgumentNode | ObjectFieldNode] = {}
    for node in nodes:
        name = node.name.value
        if name in first:
            return InvalidSelection(f'There can be only one {what} named "{name}".', [first[name], node])
        first[name] = node
    raise AssertionError("unreachable")


def number(arguments: Mapping[str, Any], name: str) -> int | None:
    """A whole number, also one given as text. Raises BadRequest."""
    value = arguments.get(name)
    if isinstance(value, str) and value.lstrip("-").isdigit() and len(value) < 20:
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise BadRequest(f'Invalid argument: "{name}" must be a number', code=INVALID_INPUT)
    return value


def text(arguments: Mapping[str, Any], name: str) -> str | None:
    """A string. Raises BadRequest."""
    value = arguments.get(name)
    if value is not None and not isinstance(value, str):
        raise BadRequest(f'Invalid argument: "{name}" must be a string', code=INVALID_INPUT)
    return value


def switch(arguments: Mapping[str, Any], name: str) -> bool:
    """A boolean, false when it is not given. Raises BadRequest."""
    value = arguments.get(name, False)
    if not isinstance(value, bool):
        raise BadRequest(f'Invalid argument: "{name}" must be a boolean', code=INVALID_INPUT)
    return value


def mapping(arguments: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """An object. Raises BadRequest."""
    value = arguments.get(name)
    if value is not None and not isinstance(value, dict):
        raise BadRequest(f'Invalid argument: "{name}" must be an object', code=INVALID_INPUT)
    return value


def listed(arguments: Mapping[str, Any], name: str) -> list[Any] | None:
    """A list; a single value where a list stands is a list of one."""
    value = arguments.get(name)
    return value if value is None or isinstance(value, list) else [value]


def required(arguments: Mapping[str, Any], name: str, kind: str) -> Any:
    """An argument that must be there. `kind` is how the message calls what is needed. Raises BadRequest."""
    value = arguments.get(name)
    if value is None:
        raise BadRequest(f'Missing required argument: "{name}" ({kind})', code=INVALID_INPUT)
    return value
