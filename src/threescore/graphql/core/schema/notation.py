"""Types from their notation."""

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLList, GraphQLNamedType, GraphQLNonNull


def read_type(text: str, named: Mapping[str, GraphQLNamedType]) -> Any:
    """The type that `[String!]!` stands for, with named types from `named`. Raises KeyError for an unknown name."""
    if text.endswith("!"):
        return GraphQLNonNull(read_type(text[:-1], named))
    if text.startswith("["):
        return GraphQLList(read_type(text[1:-1], named))
    return named[text]


def required(text: str) -> str:
    """The notation of a type whose values are never null; the items of a list are not null either."""
    return f"[{text[1:-1].rstrip('!')}!]!" if text.startswith("[") else f"{text}!"
