"""TS_VECTOR: the words of a record, for search. The database makes it from the searchable fields."""

from typing import Any, ClassVar

from threescore.errors import BadRequest
from threescore.model.fields.base import COMPARISONS, FieldType, Leaf
from threescore.model.fields.graphql_types import GraphqlTypes, value_types
from threescore.model.fields.json_schema import Schema, Use
from threescore.model.fields.values import Json, check_text, show
from threescore.model.fields.words import all_of, text_query, words_of


class SearchVector(FieldType):
    """A column that a trigger fills, read and compared as text, and searched for words."""

    name: ClassVar[str] = "TS_VECTOR"
    operators: ClassVar[tuple[str, ...]] = ("eq", "neq", "is", "search")
    groupable: ClassVar[bool] = False
    writable: ClassVar[bool] = False
    creatable: ClassVar[bool] = False
    takes_unique: ClassVar[bool] = False
    takes_default: ClassVar[bool] = False
    graphql: ClassVar[GraphqlTypes] = value_types("TSVector", "TSVectorFilter")

    usage: ClassVar[str] = "The words that the search finds a record by. It cannot be written."

    def value_schema(self, leaf: Leaf, use: Use) -> Schema:
        return {"type": "string"}

    def column_type(self, leaf: Leaf) -> str:
        return "tsvector"

    def column_default(self, leaf: Leaf) -> str | None:
        return None

    def accept(self, leaf: Leaf, value: Json) -> Json:
        raise self._refusal(leaf.path)

    def _refusal(self, path: str) -> BadRequest:
        return BadRequest(f"{path} {self.name}-typed field does not support write operations")

    def default(self, leaf: Leaf) -> Json:
        return None

    def refuse_creation(self, name: str) -> str | None:
        return "TS Vector is not supported for field creation"

    def json(self, leaf: Leaf, column: str) -> str:
        return f"{column}::text"

    def comparand(self, leaf: Leaf, value: Json) -> str:
        if not isinstance(value, str):
            raise BadRequest(f'Invalid string value {show(value)} for text field "{leaf.path}"')
        check_text(value, leaf.path)
        return value

    def operand(self, leaf: Leaf, operator: str, value: Json) -> Any:
        found = super().operand(leaf, operator, value)
        return all_of(words_of(found)) if operator == "search" else found

    def asks_for_null(self, operator: str, operand: Any) -> bool | None:
        """A search for no words finds whatever has words, as `search` over several objects does."""
        return False if operator == "search" and not operand else None

    def slot_type(self, leaf: Leaf, operator: str, operand: Any = None) -> str:
        return "text"

    def predicate(self, leaf: Leaf, operator: str, column: str, slot: str) -> str:
        self.check_operator(leaf, operator)
        if operator == "search":
            return f"{column} @@ {text_query(slot)}"
        return f"{column}::text {COMPARISONS[operator]} {slot}"

    def sort_key(self, leaf: Leaf, expression: str) -> str:
        """Text, like what a cursor holds: any text can be compared, but not any is a vector."""
        return f"{expression}::text"
