"""Types whose fields are taken as they are made: graphql-core looks at each letter of each of thousands of names anew.

The names of a model's objects and fields were checked when they were given.
"""

from collections.abc import Callable
from functools import cached_property

from graphql import GraphQLField, GraphQLInputField, GraphQLInputObjectType, GraphQLObjectType


class LeanObjectType(GraphQLObjectType):
    """An object type; `make` is called once, when the fields are first asked for."""

    def __init__(self, name: str, make: Callable[[], dict[str, GraphQLField]], description: str | None = None) -> None:
        super().__init__(name, make, description=description)
        self._make = make

    @cached_property
    def fields(self) -> dict[str, GraphQLField]:
        return self._make()


class LeanInputType(GraphQLInputObjectType):
    """An input type; `make` is called once, when the fields are first asked for."""

    def __init__(
        self, name: str, make: Callable[[], dict[str, GraphQLInputField]], description: str | None = None
    ) -> None:
        super().__init__(name, make, description=description)
        self._make = make

    @cached_property
    def fields(self) -> dict[str, GraphQLInputField]:
        return self._make()
