"""RAW_JSON: any JSON object or array; and the lists within composite fields."""

from typing import TYPE_CHECKING, Any, ClassVar

from threescore.errors import BadRequest
from threescore.model.fields.base import FieldType, Leaf
from threescore.model.fields.graphql_types import GraphqlTypes, value_types
from threescore.model.fields.json_schema import Schema, Use
from threescore.model.fields.values import Json, check_json, encode_json, parse_json, show

if TYPE_CHECKING:
    from threescore.model.objects import Field


def _decoded(value: Json) -> Json:
    """A value, or what the text holds that stands for it; None for a text that is not JSON."""
    if not isinstance(value, str):
        return value
    try:
        return parse_json(value)
    except ValueError:
        return None


class RawJson(FieldType):
    """An object or array, or a text that holds one. Empty ones are NULL, unless the field must have a value."""

    name: ClassVar[str] = "RAW_JSON"
    operators: ClassVar[tuple[str, ...]] = ("is", "like")
    groupable: ClassVar[bool] = False
    graphql: ClassVar[GraphqlTypes] = value_types("JSON", "RawJsonFilter")
    usage: ClassVar[str] = "Any JSON object or array. An empty one is written like, and read as, `null`."

    def column_type(self, leaf: Leaf) -> str:
        return "jsonb"

    def value_schema(self, leaf: Leaf, use: Use) -> Schema:
        return {"anyOf": [{"type": "object", "additionalProperties": True}, {"type": "array", "items": {}}]}

    def example(self, field: "Field", number: int) -> Json:
        return {"level": number, "labels": ["a", "b"]}

    def accept(self, leaf: Leaf, value: Json) -> Json:
        if value is None:
            return None
        decoded = _decoded(value)
        if not isinstance(decoded, dict | list):
            raise BadRequest(f'Invalid object value {show(value)} for field "{leaf.path}"')
        if not decoded:
            return decoded if self.column_required(leaf) else None
        check_json(decoded, leaf.path)
        return decoded

    def predicate(self, leaf: Leaf, operator: str, column: str, slot: str) -> str:
        self.check_operator(leaf, operator)
        return f"{column}::text LIKE {slot}"

    def from_cursor(self, leaf: Leaf, value: Json) -> Any:
        """asyncpg takes jsonb as JSON text."""
        if value is None:
            return None
        if not isinstance(value, dict | list):
            raise BadRequest(f'Invalid object value {show(value)} for field "{leaf.path}"')
        check_json(value, leaf.path)
        return encode_json(value)


class JsonList(RawJson):
    """A JSON sub-field that is a list: NULL is shown as the empty list."""

    shown_empty: ClassVar[bool] = True

    def json(self, leaf: Leaf, column: str) -> str:
        return f"coalesce({column}, '[]'::jsonb)"

    def items(self, leaf: Leaf, value: Json) -> list[Any]:
        """The list that was sent, also as JSON text; the empty list for null, one object stands for a list of it.

        Raises BadRequest.
        """
        if value is None or value == "":
            return []
        decoded = _decoded(value)
        if isinstance(decoded, dict):
            return [decoded]
        if not isinstance(decoded, list):
            raise BadRequest(f'Invalid object value {show(value)} for field "{leaf.path}"')
        return decoded

    def from_cursor(self, leaf: Leaf, value: Json) -> Any:
        return None if value == [] else super().from_cursor(leaf, value)
