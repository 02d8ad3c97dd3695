"""BOOLEAN: true, false or nothing."""

from typing import TYPE_CHECKING, Any, ClassVar

from threescore.errors import BadRequest
from threescore.model.fields.base import FieldType, Leaf, truth
from threescore.model.fields.graphql_types import GraphqlTypes, value_types
from threescore.model.fields.json_schema import Schema, Use
from threescore.model.fields.values import Json, show

if TYPE_CHECKING:
    from threescore.model.objects import Field


class Boolean(FieldType):
    name: ClassVar[str] = "BOOLEAN"
    operators: ClassVar[tuple[str, ...]] = ("eq", "is")
    aggregates: ClassVar[tuple[str, ...]] = ("countTrue", "countFalse")
    graphql: ClassVar[GraphqlTypes] = value_types("Boolean", "BooleanFilter")
    usage: ClassVar[str] = "`true`, `false` or `null`."

    def column_type(self, leaf: Leaf) -> str:
        return "boolean"

    def accept(self, leaf: Leaf, value: Json) -> Json:
        if value is None or type(value) is bool:
            return value
        raise BadRequest(f'Invalid boolean value {show(value)} for field "{leaf.path}"')

    def value_schema(self, leaf: Leaf, use: Use) -> Schema:
        return {"type": "boolean"}

    def example(self, field: "Field", number: int) -> Json:
        return number % 2 == 1

    def comparand(self, leaf: Leaf, value: Json) -> Any:
        return truth(leaf, value)
