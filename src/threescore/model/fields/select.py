"""SELECT, RATING and MULTI_SELECT: values from the field's options."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from threescore.errors import BadRequest
from threescore.model.fields.base import COMPARISONS, FieldType, Leaf, Row
from threescore.model.fields.graphql_types import GraphqlTypes, value_types
from threescore.model.fields.json_schema import Schema, Use, list_of
from threescore.model.fields.values import NOT_QUOTED, Json, check_text, plain, show, text_array, unquote

if TYPE_CHECKING:
    from threescore.model.objects import Field


class Select(FieldType):
    """One of the options, ordered as the options are."""

    name: ClassVar[str] = "SELECT"
    operators: ClassVar[tuple[str, ...]] = (
        "eq", "neq", "gt", "gte", "lt", "lte", "in", "is", "isEmptyArray",
    )  # fmt: skip
    graphql: ClassVar[GraphqlTypes] = value_types("Options", "OptionsFilter")
    listed_only: ClassVar[tuple[str, ...]] = ("containsAny",)
    usage: ClassVar[str] = "The value (not the label) of one of the field's options."

    def value_schema(self, leaf: Leaf, use: Use) -> Schema:
        return _choice(self.options(leaf))

    def example(self, field: "Field", number: int) -> Json:
        return _nth(self.options(field.leaf), number)

    def options(self, leaf: Leaf) -> tuple[str, ...]:
        """The values that the leaf may have, in their order."""
        return leaf.field.option_values

    def column_type(self, leaf: Leaf) -> str:
        return "text"

    def column_check(self, leaf: Leaf, column: str) -> str | None:
        return f"{column} = ANY ({text_array(self.options(leaf))})"

    def accept(self, leaf: Leaf, value: Json) -> Json:
        return None if value is None else self.comparand(leaf, value)

    def comparand(self, leaf: Leaf, value: Json) -> str:
        if not isinstance(value, str):
            raise BadRequest(f'Invalid string value {show(value)} for text field "{leaf.path}"')
        options = self.options(leaf)
        if value not in options:
            raise BadRequest(
                f'Invalid value "{plain(value)}" for field "{leaf.path}". Valid values are: {", ".join(options)}'
            )
        return value

    def default(self, leaf: Leaf) -> Json:
        return unquote(leaf.default_value)

    def check_leaf_default(self, leaf: Leaf, value: Json) -> str | None:
        text = unquote(value)
        if text is None:
            return NOT_QUOTED
        if text not in self.options(leaf):
            return f'Default value "{plain(str(value))}" must be one of the option values'
        return None

    def check_operator(self, leaf: Leaf, operator: str) -> None:
        if operator in self.listed_only:
            # Older schemas show it to clients, but a field with one value has nothing to contain.
            raise BadRequest(
                f'Operator "containsAny" is not valid for field "{leaf.path}" of type {self.name}'
                ' - a field with one value can be compared with "in"'
            )
        super().check_operator(leaf, operator)

    def predicate(self, leaf: Leaf, operator: str, column: str, slot: str) -> str:
        if operator in ("gt", "gte", "lt", "lte"):
            return f"{self.sort_key(leaf, column)} {COMPARISONS[operator]} {self.sort_key(leaf, slot)}"
        if operator == "isEmptyArray":
            return f"({column} IS NULL) = {slot}"
        return super().predicate(leaf, operator, column, slot)

    def sort_key(self, leaf: Leaf, expression: str) -> str:
        return f"array_position({text_array(self.options(leaf))}, {expression})"


class Rating(Select):
    """One to five stars, as the generated options RATING_1 to RATING_5."""

    name: ClassVar[str] = "RATING"
    usage: ClassVar[str] = "One of `RATING_1` to `RATING_5`."


class MultiSelect(FieldType):
    """Any of the options, in the order given, repetitions kept. The empty list and NULL are the same thing."""

    name: ClassVar[str] = "MULTI_SELECT"
    operators: ClassVar[tuple[str, ...]] = ("containsAny", "is", "isEmptyArray")
    graphql: ClassVar[GraphqlTypes] = value_types("[Options]", "OptionsFilter")
    shown_empty: ClassVar[bool] = True
    usage: ClassVar[str] = "A list of values of the field's options. `null` is written like, and read as, `[]`."

    def value_schema(self, leaf: Leaf, use: Use) -> Schema:
        return list_of(_choice(leaf.field.option_values))

    def example(self, field: "Field", number: int) -> Json:
        value = _nth(field.option_values, number)
        return None if value is None else [value]

    def column_type(self, leaf: Leaf) -> str:
        return "text[]"

    def column_check(self, leaf: Leaf, column: str) -> str | None:
        return f"{column} <@ {text_array(leaf.field.option_values)}"

    def accept(self, leaf: Leaf, value: Json) -> Json:
        if value is None or value == []:
            return None
        items = value if isinstance(value, list) else [value]
        options = leaf.field.option_values
        if not all(isinstance(item, str) and item in options for item in items):
            raise BadRequest(f'Invalid value {show(value)} for multi select field "{leaf.path}"')
        return items

    def default(self, leaf: Leaf) -> Json:
        value = leaf.default_value
        if not isinstance(value, list):
            return None
        return [text for item in value if (text := unquote(item)) is not None] or None

    def check_leaf_default(self, leaf: Leaf, value: Json) -> str | None:
        if not isinstance(value, list) or not value:
            return "Default value should be a non-empty array of quoted strings"
        options = leaf.field.option_values
        texts = [unquote(item) for item in value]
        for item, text in zip(value, texts, strict=True):
            if text is None:
                return NOT_QUOTED
            if text not in options:
                return f'Default value "{plain(str(item))}" must be one of the option values'
        return "Default values must be different from each other" if len(set(texts)) < len(texts) else None

    def merge(self, field: "Field", rows: Sequence[Row], merged: Row) -> None:
        merge_lists(field, rows, merged)

    def json(self, leaf: Leaf, column: str) -> str:
        return f"coalesce({column}, '{{}}')"

    def comparand(self, leaf: Leaf, value: Json) -> str:
        """Text that is no option is none of the record's either: it just matches nothing."""
        if not isinstance(value, str):
            raise BadRequest(f'Invalid value {show(value)} for multi select field "{leaf.path}"')
        check_text(value, leaf.path)
        return value

    def predicate(self, leaf: Leaf, operator: str, column: str, slot: str) -> str:
        self.check_operator(leaf, operator)
        return f"{column} && {slot}" if operator == "containsAny" else f"({self.is_null(leaf, column)}) = {slot}"

    def is_null(self, leaf: Leaf, column: str) -> str:
        return f"({column} IS NULL OR {column} = '{{}}')"

    def sort_key(self, leaf: Leaf, expression: str) -> str:
        options = text_array(leaf.field.option_values)
        places = "array_agg(array_position(" + options + ", e.value) ORDER BY e.place)"
        return f"(SELECT {places} FROM unnest({expression}) WITH ORDINALITY AS e(value, place))"

    def from_cursor(self, leaf: Leaf, value: Json) -> Any:
        return array_from_cursor(leaf, value)


def _choice(options: Sequence[str]) -> Schema:
    return {"type": "string", "enum": list(options)} if options else {"type": "string"}


def _nth(options: Sequence[str], number: int) -> str | None:
    return options[(number - 1) % len(options)] if options else None


def merge_lists(field: "Field", rows: Sequence[Row], merged: Row) -> None:
    """A list field becomes every text that any row has, each once."""
    column = field.leaf.column
    texts: dict[Any, None] = {}
    for row in rows:
        texts.update(dict.fromkeys(cast("list[Json]", row[column] or [])))
    merged[column] = list(texts) or None


def array_from_cursor(leaf: Leaf, value: Json) -> list[str] | None:
    """The texts of an array in a cursor; None for NULL, which cursors hold as the empty array."""
    if value is None or value == []:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise BadRequest(f'Invalid value {show(value)} for field "{leaf.path}"')
    for item in value:
        check_text(item, leaf.path)
    return value
