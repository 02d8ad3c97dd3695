"""Whether data is what a schema promises for a selection: what a client with types of its own relies on."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import graphql
from graphql import (
    GraphQLEnumType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
)

from tests.graphql.random_documents import Chosen

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DATE_TIME = re.compile(r"\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_DATE = re.compile(r"\d{4,}-\d\d-\d\d")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_SCALARS: dict[str, Callable[[Any], Any]] = {
    "String": lambda v: isinstance(v, str),
    "ID": lambda v: isinstance(v, str),
    "Boolean": lambda v: isinstance(v, bool),
    "Int": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "Float": _is_number,
    "UUID": lambda v: isinstance(v, str) and _UUID.fullmatch(v),
    "DateTime": lambda v: isinstance(v, str) and (_DATE_TIME.fullmatch(v) or _DATE.fullmatch(v)),
    "Date": lambda v: isinstance(v, str) and _DATE.fullmatch(v),
    "BigFloat": lambda v: _is_number(v) or isinstance(v, str),
    "BigInt": lambda v: isinstance(v, int | str),
    "Position": _is_number,
    "Cursor": lambda v: isinstance(v, str),
    "ConnectionCursor": lambda v: isinstance(v, str),
    "TSVector": lambda v: isinstance(v, str),
    "JSON": lambda v: True,
}


def faults(schema: GraphQLSchema, type_name: str, fields: list[Chosen], data: Any, path: str = "") -> Iterator[str]:
    """What is wrong with the data of a selection on a type, each with its place."""
    type_ = schema.type_map[type_name]
    assert isinstance(type_, GraphQLObjectType)
    if not isinstance(data, dict):
        yield f"{path}: not an object"
        return
    if list(data) != list(dict.fromkeys(one.key for one in fields)):
        yield f"{path}: keys {list(data)}"
        return
    for one in fields:
        if one.name == "__typename":
            if data[one.key] != type_name:
                yield f"{path}.{one.key}: {data[one.key]} instead of {type_name}"
        else:
            yield from _value(schema, type_.fields[one.name].type, one, data[one.key], f"{path}.{one.key}")


def _value(schema: GraphQLSchema, type_: Any, chosen: Chosen, value: Any, path: str) -> Iterator[str]:
    if isinstance(type_, GraphQLNonNull):
        if value is None:
            yield f"{path}: null for {type_}"
            return
        type_ = type_.of_type
    if value is None:
        return
    if isinstance(type_, GraphQLList):
        if not isinstance(value, list):
            yield f"{path}: not a list"
            return
        for place, item in enumerate(value):
            yield from _value(schema, type_.of_type, chosen, item, f"{path}[{place}]")
    elif isinstance(type_, GraphQLObjectType):
        yield from faults(schema, type_.name, chosen.below or [], value, path)
    elif isinstance(type_, GraphQLEnumType):
        if value not in type_.values:
            yield f"{path}: {value!r} is none of {type_.name}"
    elif isinstance(type_, GraphQLScalarType) and not _SCALARS[type_.name](value):
        yield f"{path}: {value!r} is no {type_.name}"


def refusals(schema: GraphQLSchema, text: str) -> list[str]:
    """What a client that validates its documents says of one."""
    return [error.message for error in graphql.validate(schema, graphql.parse(text))]
