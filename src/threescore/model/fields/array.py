"""ARRAY: a list of texts."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from threescore.errors import BadRequest
from threescore.model.fields.base import FieldType, Leaf, Row
from threescore.model.fields.graphql_types import GraphqlTypes, value_types
from threescore.model.fields.json_schema import Schema, Use, list_of
from threescore.model.fields.select import array_from_cursor, merge_lists
from threescore.model.fields.settings import check_list_settings
from threescore.model.fields.values import NOT_QUOTED, Json, check_text, show, unquote

if TYPE_CHECKING:
    from threescore.model.objects import Field


class Array(FieldType):
    """Texts in their order. The empty list and NULL are the same thing; one text alone is a list of one."""

    name: ClassVar[str] = "ARRAY"
    operators: ClassVar[tuple[str, ...]] = ("containsIlike", "is", "isEmptyArray")
    graphql: ClassVar[GraphqlTypes] = value_types("[String]", "ArrayFilter")
    shown_empty: ClassVar[bool] = True
    usage: ClassVar[str] = "A list of strings. `null` is written like, and read as, `[]`."

    def column_type(self, leaf: Leaf) -> str:
        return "text[]"

    def accept(self, leaf: Leaf, value: Json) -> Json:
        if value is None or value == [] or value == "":
            return None
        items = value if isinstance(value, list) else [value]
        for item in items:
            if not isinstance(item, str):
                raise BadRequest(
                    f'Invalid value {show(value)} for field "{leaf.path} - Array values need to be string"'
                )
            check_text(item, leaf.path)
        return items

    def default(self, leaf: Leaf) -> Json:
        value = leaf.default_value
        if not isinstance(value, list):
            return None
        return [text for item in value if (text := unquote(item)) is not None] or None

    def check_leaf_default(self, leaf: Leaf, value: Json) -> str | None:
        if not isinstance(value, list):
            return "Default value should be an array of quoted strings"
        texts: list[Json] = [unquote(item) for item in value]
        return NOT_QUOTED if None in texts else super().check_leaf_default(leaf, texts)

    def check_settings(self, settings: Mapping[str, Any] | None) -> str | None:
        return check_list_settings(settings)

    def merge(self, field: "Field", rows: Sequence[Row], merged: Row) -> None:
        merge_lists(field, rows, merged)

    def json(self, leaf: Leaf, column: str) -> str:
        return f"coalesce({column}, '{{}}')"

    def value_schema(self, leaf: Leaf, use: Use) -> Schema:
        return list_of({"type": "string"})

    def example(self, field: "Field", number: int) -> Json:
        return [f"{field.label} {number}", "another"]

    def predicate(self, leaf: Leaf, operator: str, column: str, slot: str) -> str:
        self.check_operator(leaf, operator)
        if operator == "containsIlike":
            return f"EXISTS (SELECT FROM unnest({column}) AS item WHERE item ILIKE {slot})"
        return f"({self.is_null(leaf, column)}) = {slot}"

    def is_null(self, leaf: Leaf, column: str) -> str:
        return f"({column} IS NULL OR {column} = '{{}}')"

    def from_cursor(self, leaf: Leaf, value: Json) -> Any:
        return array_from_cursor(leaf, value)
