"""TEXT: one text column, where the empty text and NULL are the same thing."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from threescore.errors import BadRequest
from threescore.model.fields.base import FieldType, Leaf
from threescore.model.fields.graphql_types import GraphqlTypes, value_types
from threescore.model.fields.json_schema import Schema, Use
from threescore.model.fields.values import NOT_QUOTED, Json, check_text, show, unquote

if TYPE_CHECKING:
    from threescore.model.objects import Field

MAX_DISPLAYED_ROWS = 100

_MATCHES: Mapping[str, str] = MappingProxyType({"like": "LIKE", "ilike": "ILIKE", "regex": "~", "iregex": "~*"})


class Text(FieldType):
    """Text of any length. A nullable column holds NULL for the empty text; JSON shows it as `""`."""

    name: ClassVar[str] = "TEXT"
    operators: ClassVar[tuple[str, ...]] = (
        "eq", "neq", "gt", "gte", "lt", "lte", "in", "is", "like", "ilike", "startsWith", "endsWith", "regex", "iregex",
    )  # fmt: skip
    searchable: ClassVar[bool] = True
    graphql: ClassVar[GraphqlTypes] = value_types("String", "StringFilter")
    shown_empty: ClassVar[bool] = True
    usage: ClassVar[str] = 'A string; `null` is written like, and read as, `""`.'

    def column_type(self, leaf: Leaf) -> str:
        return "text"

    def image(self, field: "Field", columns: Mapping[str | None, str]) -> str:
        return f"coalesce({columns[None]}, '')"

    def accept(self, leaf: Leaf, value: Json) -> Json:
        if type(value) is str:
            if value:
                if not value.isascii() or "\x00" in value:
                    check_text(value, leaf.path)
                return value
            return self._empty(leaf)
        if value is None:
            return None
        raise BadRequest(f'Invalid string value {show(value)} for text field "{leaf.path}"')

    def _empty(self, leaf: Leaf) -> str | None:
        """What the empty text is stored as: only a required field that is empty by default holds it as such."""
        return "" if self.column_required(leaf) and unquote(leaf.default_value) == "" else None

    def default(self, leaf: Leaf) -> Json:
        value = leaf.default_value
        if not isinstance(value, str):
            return None
        text = unquote(value)
        return (value if text is None else text) or self._empty(leaf)

    def check_leaf_default(self, leaf: Leaf, value: Json) -> str | None:
        text = unquote(value)
        return NOT_QUOTED if text is None else super().check_leaf_default(leaf, text)

    def check_settings(self, settings: Mapping[str, Any] | None) -> str | None:
        rows = (settings or {}).get("displayedMaxRows")
        if rows is None or (type(rows) is int and 0 <= rows <= MAX_DISPLAYED_ROWS):
            return None
        return f"displayedMaxRows must be a whole number from 0 to {MAX_DISPLAYED_ROWS}"

    def json(self, leaf: Leaf, column: str) -> str:
        return f"coalesce({column}, '')"

    def value_schema(self, leaf: Leaf, use: Use) -> Schema:
        return {"type": "string"}

    def example(self, field: "Field", number: int) -> Json:
        return f"{field.label} {number}"

    def comparand(self, leaf: Leaf, value: Json) -> str:
        if value is None:
            return ""
        if not isinstance(value, str):
            raise BadRequest(f'Invalid string value {show(value)} for text field "{leaf.path}"')
        check_text(value, leaf.path)
        return value

    def predicate(self, leaf: Leaf, operator: str, column: str, slot: str) -> str:
        if operator in _MATCHES:
            return f"{column} {_MATCHES[operator]} {slot}"
        if operator == "startsWith":
            return f"starts_with({column}, {slot})"
        if operator == "endsWith":
            return f"right({column}, length({slot})) = {slot}"
        return super().predicate(leaf, operator, column, slot)

    def asks_for_null(self, operator: str, operand: Any) -> bool | None:
        """The empty text asks for no text: so every other comparison is a plain one, which an index can serve."""
        return True if operand == "" and operator in ("eq", "like") else None

    def is_null(self, leaf: Leaf, column: str) -> str:
        if self.column_required(leaf):
            return f"{column} = ''"
        return f"({column} IS NULL OR {column} = '')"

    def from_cursor(self, leaf: Leaf, value: Json) -> Any:
        if value is None or value == "":
            return self._empty(leaf)
        return self.comparand(leaf, value)


class Code(Text):
    """A text sub-field without the empty text: NULL is shown as null, as for a currency's code."""

    shown_empty: ClassVar[bool] = False

    def json(self, leaf: Leaf, column: str) -> str:
        return column
