"""What every field type has to say about itself.

A field type is one class with one instance. Everything that its type means is here: columns, accepted input,
JSON output, filter operators, ordering, aggregates. Nothing else in the code switches on a type's name.

Two levels: a *field* may be composite (`emails`), a *leaf* is one typed column (`emailsPrimaryEmail`). A field that
is not composite has exactly one leaf; a composite field has one for each sub-field; the one-to-many side of a
relation has none.

SQL that a type returns is built from an expression for the column (already quoted and qualified by the compiler)
and placeholders (`$3`); values never stand in it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from threescore.errors import BadRequest
from threescore.model.fields.graphql_types import GraphqlTypes
from threescore.model.fields.json_schema import Schema, Use, nullable, object_of
from threescore.model.fields.values import Json as Json
from threescore.model.fields.values import check_text, encode_json, show, text_array
from threescore.sql import quote_identifier, quote_literal

_ESCAPE = re.compile(r"\\.", re.DOTALL)

if TYPE_CHECKING:
    from threescore.model.objects import Field


REGEX_OPERATORS = frozenset(("regex", "iregex"))
"""Operators whose value is a regular expression, as PostgreSQL knows them."""

PATTERN_OPERATORS = frozenset(("like", "ilike", "startsWith", "endsWith", "containsIlike", "search")) | REGEX_OPERATORS
"""Operators whose value is text, whatever the column's type is."""

MAX_REGEX = 500
"""Characters of a regular expression."""

LIST_OPERATORS = frozenset(("in", "containsAny"))
"""Operators whose value is a list."""

COMPARISONS: Mapping[str, str] = MappingProxyType(
    {"eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
)

Row = dict[str, Json]
"""What one record writes: column name to a JSON value that PostgreSQL's `json_populate_record` can read."""

Writer = Callable[[Json, Row], None]
"""Checks a value sent for a field and puts the columns that it changes into the row.

Raises BadRequest with a message that names the field, the value and what would be right. A composite field leaves
columns untouched that the value does not speak of.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """One typed column of a field."""

    field: "Field"
    sub_field: str | None
    type: "FieldType"
    column: str

    @property
    def path(self) -> str:
        """How messages name it: `price.amountMicros`."""
        return f"{self.field.name}.{self.sub_field}" if self.sub_field else self.name

    @property
    def name(self) -> str:
        """The wire name of a leaf that is a whole field: the field's name, or the join column of a relation."""
        return self.field.join_column or self.field.name

    @property
    def default_value(self) -> Any:
        """The leaf's own part of the field's default value, in its encoded form (`'Up'`, `now`, 3)."""
        default = self.field.default_value
        if self.sub_field is None:
            return default
        return default.get(self.sub_field) if isinstance(default, dict) else None


class FieldType:
    """A field type. The defaults here suit a plain single-column type; subclasses override what differs."""

    name: ClassVar[str]

    sub_fields: ClassVar[Mapping[str, "FieldType"]] = MappingProxyType({})
    """The sub-fields of a composite type, in wire order, each with its own (leaf) type."""

    unique_sub_fields: ClassVar[tuple[str, ...]] = ()
    """For a composite type: the sub-fields that a unique constraint covers. Empty: cannot be unique."""

    counted_sub_fields: ClassVar[tuple[str, ...]] = ()
    """For a composite type: the sub-fields that make it empty or not in counts. Empty: all of them."""

    operators: ClassVar[tuple[str, ...]] = ()
    """Filter operators of the leaf, in the order in which messages list them."""

    listed_only: ClassVar[tuple[str, ...]] = ()
    """Those of `operators` that are listed but not taken."""

    aggregates: ClassVar[tuple[str, ...]] = ()
    """Besides the counts that every leaf has: any of min, max, avg, sum, countTrue, countFalse."""

    groupable: ClassVar[bool] = True
    """Whether groupBy takes it."""

    writable: ClassVar[bool] = True

    creatable: ClassVar[bool] = True
    """Whether a caller may create fields of the type; `refuse_creation` says why not."""

    searchable: ClassVar[bool] = False
    """Whether a field of the type can be part of the search vector."""

    takes_unique: ClassVar[bool] = True
    """Whether a field of the type may be unique (for a composite type: it has `unique_sub_fields`)."""

    takes_default: ClassVar[bool] = True

    graphql: ClassVar[GraphqlTypes]
    """The GraphQL types of values; `graphql_types` gives those of a field with settings."""

    shown_empty: ClassVar[bool] = False
    """Whether JSON shows a value that is not there as an empty one (`""`, `[]`) instead of null."""

    usage: ClassVar[str]
    """How values are written and read, in a sentence for those who call the API."""

    json_keys: ClassVar[tuple[str, ...]] = ()
    """The keys of a value that is a JSON column to us, or of each of its items. A client may select some of them."""

    @property
    def type_name(self) -> str:
        """The name of a composite type where names of types are shown: `FullName`."""
        return "".join(word.capitalize() for word in self.name.split("_"))

    # Columns

    def leaves(self, field: "Field") -> tuple[Leaf, ...]:
        """The typed columns of a field of this type."""
        if not self.sub_fields:
            return (Leaf(field, None, self, field.name),)
        return tuple(
            Leaf(field, name, kind, field.name + name[0].upper() + name[1:]) for name, kind in self.sub_fields.items()
        )

    def column_type(self, leaf: Leaf) -> str:
        """The PostgreSQL type of a leaf's column."""
        raise NotImplementedError

    def column_check(self, leaf: Leaf, column: str) -> str | None:
        """A CHECK condition over the (quoted) column that keeps the database itself honest, or None.

        The only place where option values stand in SQL; they are quoted as literals.
        """
        return None

    def column_required(self, leaf: Leaf) -> bool:
        """Whether the column is NOT NULL. The columns of composite fields are not: each part may be empty."""
        return leaf.sub_field is None and not leaf.field.is_nullable

    def column_default(self, leaf: Leaf) -> str | None:
        """The column's DEFAULT as an SQL expression (literals quoted), made from the field's default value, or None."""
        value = self.default(leaf)
        if value is None:
            return None
        column_type = self.column_type(leaf)
        if column_type == "jsonb":
            return quote_literal(encode_json(value)) + "::jsonb"
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, list):
            return text_array(value)
        if isinstance(value, str):
            literal = quote_literal(value)
            return literal if column_type == "text" else f"{literal}::{column_type}"
        return str(value)

    def search_texts(self, field: "Field", columns: Mapping[str | None, str]) -> tuple[str, ...]:
        """SQL for the texts of a searchable field that its record is found by. Each may be NULL.

        `columns` is the SQL of the field's columns by sub-field.
        """
        return tuple(columns[leaf.sub_field] for leaf in field.leaves if leaf.type.searchable)

    def counted_leaves(self, field: "Field") -> tuple[Leaf, ...]:
        """The leaves that say whether a field is empty, and which values it has, in counts."""
        if not self.counted_sub_fields:
            return field.leaves
        return tuple(field.leaf_by_sub_field[name] for name in self.counted_sub_fields)

    # Input

    def writer(self, field: "Field") -> Writer:
        """The writer of a field, with all that does not depend on the value settled: batches call it many times."""
        leaf, accept = field.leaf, self.accept
        column, is_nullable = leaf.column, field.is_nullable

        def write(value: Json, row: Row) -> None:
            accepted = accept(leaf, value)
            if accepted is None and not is_nullable:
                raise self.null_refusal(leaf)
            row[column] = accepted

        return write

    def null_refusal(self, leaf: Leaf) -> BadRequest:
        """The error for a missing or empty value where there must be one."""
        if leaf.default_value is None:
            return BadRequest(f"Field {leaf.path} is not nullable and has no default value.")
        return BadRequest(f"Field {leaf.path} is not nullable: send a value, or leave the field out.")

    def accept(self, leaf: Leaf, value: Json) -> Json:
        """Checks and normalises one leaf's value. None is what an empty value becomes. Raises BadRequest."""
        raise NotImplementedError

    def default_row(self, field: "Field", row: Row) -> None:
        """Puts into `row` what a record without a value for the field gets, where that is not NULL.

        Values that only the database can give (`now`) and generated ids are the caller's business.
        """
        for leaf in field.leaves:
            value = leaf.type.default(leaf)
            if value is not None:
                row[leaf.column] = value

    def default(self, leaf: Leaf) -> Json:
        """The leaf's default as a row holds it. None when there is none, or when only the database can make it."""
        value: Json = leaf.default_value
        return value

    def merge(self, field: "Field", rows: Sequence[Row], merged: Row) -> None:
        """Puts into `merged` what the field becomes when stored rows are merged into the first of them.

        By default the first row that has a value gives all of it.
        """
        for row in rows:
            if any(row[leaf.column] not in (None, "") for leaf in self.counted_leaves(field)):
                merged.update({leaf.column: row[leaf.column] for leaf in field.leaves})
                return

    # Output

    def json(self, leaf: Leaf, column: str) -> str:
        """SQL for the value as `row_to_json` shall show it, with this type's reading of NULL."""
        return column

    def json_object(self, field: "Field", columns: Mapping[str | None, str]) -> str:
        """SQL for the JSON of a whole field, from the expression for each of its columns by sub-field name.

        A composite field is an object of its sub-fields in wire order. Any other field is its leaf's `json`.
        """
        if not self.sub_fields:
            return self.json(field.leaf, columns[None])
        # A nested row is faster than json_build_object, and its JSON is compact.
        parts = ", ".join(
            f"{leaf.type.json(leaf, columns[leaf.sub_field])} AS {quote_identifier(str(leaf.sub_field))}"
            for leaf in field.leaves
        )
        return f"(SELECT v FROM (SELECT {parts}) v)"

    def is_absent(self, field: "Field", columns: Mapping[str | None, str]) -> str | None:
        """SQL for "the whole composite is shown as null"; None for types that are always shown as an object."""
        return None

    def label(self, field: "Field", columns: Mapping[str | None, str]) -> str:
        """SQL for the field as the text by which a record is called."""
        return f"coalesce(concat_ws(' ', {', '.join(f'{column}::text' for column in columns.values())}), '')"

    def image(self, field: "Field", columns: Mapping[str | None, str]) -> str:
        """SQL for the address of the picture that the field holds; the empty text where it holds none."""
        return "''"

    # Filters

    def check_operator(self, leaf: Leaf, operator: str) -> None:
        """Raises BadRequest for an operator that the leaf's type does not have."""
        if operator not in self.operators:
            raise BadRequest(
                f'Operator "{operator}" is not valid for field "{leaf.path}" of type {self.name}'
                f" - Allowed operators: {', '.join(self.operators)}"
            )

    def operand(self, leaf: Leaf, operator: str, value: Json) -> Any:
        """A filter's value, typed as asyncpg takes it for `slot_type`. `value` is text in REST, typed in GraphQL.

        Strings are parsed. `in` and `containsAny` take and give lists. `is` never comes here.
        Raises BadRequest with the wire's text (`Invalid UUID value 'abc' for field "id"`).
        """
        self.check_operator(leaf, operator)
        if operator in LIST_OPERATORS:
            if not isinstance(value, list):
                raise BadRequest(f'Filter operator "{operator}" requires an array value for field {leaf.path}')
            if not value:
                raise BadRequest(
                    f"Invalid filter value for field {leaf.path}. Expected non-empty array",
                    sub_code="INVALID_QUERY_INPUT",
                )
            return [self.comparand(leaf, item) for item in value]
        if operator in PATTERN_OPERATORS:
            return pattern(leaf, operator, value)
        if operator == "isEmptyArray":
            return truth(leaf, value)
        return self.comparand(leaf, value)

    def comparand(self, leaf: Leaf, value: Json) -> Any:
        """One value to compare the column with, as asyncpg takes it. Raises BadRequest."""
        raise NotImplementedError

    def slot_type(self, leaf: Leaf, operator: str, operand: Any = None) -> str:
        """The PostgreSQL type of a filter's placeholder: the column's, an array of it for lists, text for patterns.

        It may depend on the operand; without one, it suits whatever the column can hold.
        """
        if operator in PATTERN_OPERATORS:
            return "text"
        if operator == "isEmptyArray":
            return "boolean"
        base = self.column_type(leaf)
        return base + "[]" if operator in LIST_OPERATORS and not base.endswith("[]") else base

    def predicate(self, leaf: Leaf, operator: str, column: str, slot: str) -> str:
        """SQL for one comparison. `slot` is a placeholder with its cast, `$3::text`."""
        self.check_operator(leaf, operator)
        if operator == "in":
            return f"{column} = ANY({slot})"
        return f"{column} {COMPARISONS[operator]} {slot}"

    def asks_for_null(self, operator: str, operand: Any) -> bool | None:
        """Whether a comparison with this operand asks whether there is no value at all (true), or one (false).

        None for any other comparison. What it says depends on the value, so that it is known before the SQL is.
        """
        return None

    def is_null(self, leaf: Leaf, column: str) -> str:
        """SQL for "has no value", with this type's null equivalence (empty text, empty array)."""
        return f"{column} IS NULL"

    # Ordering and cursors

    def sort_key(self, leaf: Leaf, expression: str) -> str:
        """SQL to order by, for a column or a placeholder of the column's type."""
        return expression

    def to_cursor(self, leaf: Leaf, column: str) -> str:
        """SQL for the JSON value that a cursor holds: no digit may get lost when it is read."""
        return self.json(leaf, column)

    def from_cursor(self, leaf: Leaf, value: Json) -> Any:
        """The asyncpg value for what `to_cursor` once put into a cursor; None for NULL. Raises BadRequest."""
        if value is None:
            return None
        return self.operand(leaf, "eq", value)

    # Text

    def inputs_of(self, field: "Field") -> tuple[str, ...]:
        """The body keys that write the field."""
        return (field.name,)

    # JSON Schema

    def value_schema(self, leaf: Leaf, use: Use) -> Schema:
        """The JSON Schema of one leaf's value that is there."""
        raise NotImplementedError

    def leaf_schema(self, leaf: Leaf, use: Use) -> Schema:
        """The JSON Schema of one leaf's value. A new record is not said to take nulls: it leaves values out."""
        schema = self.value_schema(leaf, use)
        if use == "create" or self.column_required(leaf) or (use == "read" and self.shown_empty):
            return schema
        return nullable(schema)

    def schema(self, field: "Field", use: Use) -> Schema:
        """The JSON Schema of a field that has a value of its own."""
        if not self.sub_fields:
            return self.leaf_schema(field.leaf, use)
        parts = {str(leaf.sub_field): leaf.type.leaf_schema(leaf, use) for leaf in field.leaves}
        return object_of(parts, required=use == "read")

    def example(self, field: "Field", number: int) -> Json:
        """A value that a record may have; another one for each number from 1 on, as far as there are others.

        None where no value can be made up.
        """
        return None

    # GraphQL

    def graphql_types(self, settings: Mapping[str, Any] | None) -> GraphqlTypes:
        """The GraphQL types of a field of this type that has the settings."""
        return self.graphql

    # Metadata

    def refuse_creation(self, name: str) -> str | None:
        """Why a caller may not create a field of this type under the name; None when they may."""
        return None

    def check_settings(self, settings: Mapping[str, Any] | None) -> str | None:
        """What is wrong with a field's settings; None when they are fine. Keys that the type does not read are kept."""
        return None

    def check_default(self, field: "Field") -> str | None:
        """What is wrong with the field's default value, given its options and settings; None when it is fine."""
        value = field.default_value
        if value is None:
            return None
        if not self.takes_default:
            return f"Fields of type {self.name} cannot have a default value"
        if not self.sub_fields:
            return self.check_leaf_default(field.leaf, value)
        if not isinstance(value, dict):
            return f"Default value should be an object with the sub-fields {', '.join(self.sub_fields)}"
        for key, item in value.items():
            leaf = field.leaf_by_sub_field.get(key)
            if leaf is None:
                return f'Default value has an unknown sub-field "{key}": expected {", ".join(self.sub_fields)}'
            message = None if item is None else leaf.type.check_leaf_default(leaf, item)
            if message is not None:
                return f"{message} (sub-field {key})"
        return None

    def check_leaf_default(self, leaf: Leaf, value: Json) -> str | None:
        """What is wrong with one leaf's default, which is not None. By default: what a record may not hold either."""
        try:
            self.accept(leaf, value)
        except BadRequest as error:
            return error.message
        return None


def pattern(leaf: Leaf, operator: str, value: Json) -> str:
    """The text of a pattern operator, such that PostgreSQL can always match with it. Raises BadRequest."""
    if not isinstance(value, str):
        raise BadRequest(
            f'Filter operator "{operator}" requires a string value for field "{leaf.path}", got {_kind_of(value)}'
        )
    check_text(value, leaf.path)
    if operator in ("like", "ilike", "containsIlike") and (len(value) - len(value.rstrip("\\"))) % 2:
        # A pattern that ends within an escape is an error in PostgreSQL: the backslash then stands for itself.
        return value + "\\"
    if operator in REGEX_OPERATORS:
        _check_regex(leaf, operator, value)
    return value


def _check_regex(leaf: Leaf, operator: str, value: str) -> None:
    """Raises BadRequest for a regular expression that could keep the database busy for very long."""
    if len(value) > MAX_REGEX:
        raise BadRequest(
            f'The regular expression of "{operator}" for field "{leaf.path}" has {len(value)} characters;'
            f" {MAX_REGEX} is the most"
        )
    reference = next((pair for pair in _ESCAPE.findall(value) if pair[1].isdigit()), None)
    if reference is not None:
        # All else is matched in a time that grows with the text; what repeats itself can take for ever.
        raise BadRequest(
            f'The regular expression of "{operator}" for field "{leaf.path}" refers back to a part of itself'
            f" ({reference}), which is not supported"
        )


def truth(leaf: Leaf, value: Json) -> bool:
    """A boolean of a filter: true, false, or these words as text. Raises BadRequest."""
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise BadRequest(f'Invalid boolean value {show(value)} for field "{leaf.path}"')


def _kind_of(value: Json) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else "object"
