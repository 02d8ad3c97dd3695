"""BOOLEAN: true, false or nothing."""

from typing import Any, ClassVar

from threescore.errors import BadRequest
from threescore.model.fields.base import FieldType, Leaf, truth
from threescore.model.fields.graphql_types import GraphqlTypes, value_types
from threescore.model.fields.values import Json, show


class Boolean(FieldType):
    name: ClassVar[str] = "BOOLEAN"
    operators: ClassVar[tuple[str, ...]] = ("eq", "is")
    aggregates: ClassVar[tuple[str, ...]] = ("countTrue", "countFalse")
    graphql: ClassVar[GraphqlTypes] = value_types("Boolean", "BooleanFilter")

    def column_type(self, leaf: Leaf) -> str:
        return "boolean"

    def accept(self, leaf: Leaf, value: Json) -> Json:
        if value is None or type(value) is bool:
            return value
        raise BadRequest(f'Invalid boolean value {show(value)} for field "{leaf.path}"')

    def comparand(self, leaf: Leaf, value: Json) -> Any:
        return truth(leaf, value)
