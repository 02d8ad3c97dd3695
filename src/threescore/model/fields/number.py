"""NUMBER, NUMERIC and POSITION, and the amounts of money."""

import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from threescore.errors import BadRequest
from threescore.model.fields.base import FieldType, Leaf
from threescore.model.fields.graphql_types import GraphqlTypes, value_types
from threescore.model.fields.json_schema import WHOLE, Schema, Use
from threescore.model.fields.values import MAX_FLOAT, Json, show

if TYPE_CHECKING:
    from threescore.model.objects import Field

MAX_SAFE_INTEGER = 9007199254740991
"""The largest integer that every JSON reader keeps exact (2^53 - 1). Larger ones are written as decimal strings."""

MAX_DIGITS = 400
"""How long the text of a number may be, and after how many places a fraction is as good as nothing."""

MIN_BIGINT, MAX_BIGINT = -(2**63), 2**63 - 1
MAX_AMOUNT = 10**38 - 1

_LEADING_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,6}(?!\d))?)", re.ASCII)
_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,6})?\s*", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d{1,400}", re.ASCII)

_GRAPHQL = {
    "float": value_types("Float", "FloatFilter"),
    "int": value_types("Int", "IntFilter"),
    "bigint": value_types("BigInt", "BigIntFilter"),
}
"""The GraphQL types of a NUMBER by its data type."""

_COMPARISONS = ("eq", "neq", "gt", "gte", "lt", "lte", "in", "is")


def exact_integer(column: str) -> str:
    """SQL for the JSON of a whole number: a number as long as every reader keeps it exact, else a decimal string."""
    return (
        f"CASE WHEN {column} BETWEEN -{MAX_SAFE_INTEGER} AND {MAX_SAFE_INTEGER}"
        f" THEN to_json({column}) ELSE to_json({column}::text) END"
    )


def _refused(leaf: Leaf, value: Json, hint: str = "") -> BadRequest:
    shown = "NaN" if isinstance(value, str) else show(value)
    return BadRequest(f'Invalid number value {shown} for field "{leaf.path}"{hint}')


def _out_of_range(leaf: Leaf, value: object, least: object, most: object) -> BadRequest:
    return BadRequest(
        f'Number value {show(value)} for field "{leaf.path}" is out of range: it must be between {least} and {most}'
    )


def _decimal(leaf: Leaf, text: str) -> Decimal:
    """The exact number of a text, within the range of numbers that JSON readers know. Raises BadRequest."""
    number = Decimal(text) if len(text) <= MAX_DIGITS else None
    if number is None or number.copy_abs() > MAX_FLOAT:
        raise _out_of_range(leaf, text, -MAX_FLOAT, MAX_FLOAT)
    return number if number.adjusted() > -MAX_DIGITS else Decimal(0)


class _Comparable(FieldType):
    """What the numeric types share: comparisons with numbers, and with the number that a text begins with."""

    operators: ClassVar[tuple[str, ...]] = _COMPARISONS

    def value_schema(self, leaf: Leaf, use: Use) -> Schema:
        return {"type": "number"}

    def example(self, field: "Field", number: int) -> Json:
        return number + 0.5

    def comparand(self, leaf: Leaf, value: Json) -> Decimal | float:
        """A Decimal, so that no digit is lost. `12abc` is 12, as clients know it."""
        if type(value) is str:
            match = _LEADING_NUMBER.match(value)
            if match is None:
                raise _refused(leaf, value)
            return _decimal(leaf, match[1])
        if type(value) is int and -MAX_FLOAT <= value <= MAX_FLOAT:
            return Decimal(value)
        if type(value) is int:
            raise _out_of_range(leaf, value, -MAX_FLOAT, MAX_FLOAT)
        if type(value) is float and math.isfinite(value):
            return Decimal(str(value))
        raise _refused(leaf, value)

    def slot_type(self, leaf: Leaf, operator: str, operand: Any = None) -> str:
        return "numeric[]" if operator == "in" else "numeric"


class _Float(_Comparable):
    """A double precision column."""

    def column_type(self, leaf: Leaf) -> str:
        return "double precision"

    def comparand(self, leaf: Leaf, value: Json) -> Decimal | float:
        return float(super().comparand(leaf, value))

    def slot_type(self, leaf: Leaf, operator: str, operand: Any = None) -> str:
        return "double precision[]" if operator == "in" else "double precision"

    def _float(self, leaf: Leaf, value: Json) -> Json:
        """A finite JSON number as it is."""
        if type(value) is float:
            if math.isfinite(value):
                return value
            raise _refused(leaf, value)
        if type(value) is int:
            if -MAX_FLOAT <= value <= MAX_FLOAT:
                return value
            raise _out_of_range(leaf, value, -MAX_FLOAT, MAX_FLOAT)
        raise BadRequest(f'Invalid number value {show(value)} for field "{leaf.path}"')


class Number(_Float):
    """A number: floating by default, whole (64 bits) when `settings.dataType` is int or bigint."""

    name: ClassVar[str] = "NUMBER"
    aggregates: ClassVar[tuple[str, ...]] = ("min", "max", "avg", "sum")
    usage: ClassVar[str] = (
        "A number. A field for whole numbers takes 64 bits; beyond ±(2^53 - 1) it is read as a decimal string, and may "
        "be written as one."
    )

    @staticmethod
    def data_type(leaf: Leaf) -> str:
        """float, int or bigint."""
        return _data_type(leaf.field.settings)

    def column_type(self, leaf: Leaf) -> str:
        return "double precision" if self.data_type(leaf) == "float" else "bigint"

    def accept(self, leaf: Leaf, value: Json) -> Json:
        if value is None:
            return None
        data_type = self.data_type(leaf)
        if data_type == "float":
            return self._float(leaf, value)
        if type(value) is int:
            number = value
        elif type(value) is float and value.is_integer():
            number = int(value)
        elif type(value) is float:
            raise _refused(leaf, value, " - a whole number is expected")
        elif type(value) is str and _INTEGER.fullmatch(value) and self._is_exact_form(data_type, value):
            number = int(value)
        else:
            raise BadRequest(f'Invalid number value {show(value)} for field "{leaf.path}"')
        if not MIN_BIGINT <= number <= MAX_BIGINT:
            raise _out_of_range(leaf, value, MIN_BIGINT, MAX_BIGINT)
        return number

    @staticmethod
    def _is_exact_form(data_type: str, text: str) -> bool:
        """Whether text may stand for the number: always for bigint; for int only where it is read as text too."""
        return data_type == "bigint" or abs(int(text)) > MAX_SAFE_INTEGER

    def value_schema(self, leaf: Leaf, use: Use) -> Schema:
        if self.data_type(leaf) == "float":
            return super().value_schema(leaf, use)
        return dict(WHOLE) if use == "read" else {"type": "integer", "format": "int64"}

    def example(self, field: "Field", number: int) -> Json:
        # Heads are counted whole, although most fields would hold fractions as well.
        has_fractions = self.data_type(field.leaf) == "float" and (field.settings or {}).get("decimals")
        return super().example(field, number) if has_fractions else number

    def graphql_types(self, settings: Mapping[str, Any] | None) -> GraphqlTypes:
        return _GRAPHQL[_data_type(settings)]

    def check_leaf_default(self, leaf: Leaf, value: Json) -> str | None:
        if isinstance(value, bool | str) and self.data_type(leaf) != "bigint":
            return "Default value should be a number"
        return super().check_leaf_default(leaf, value)

    def default(self, leaf: Leaf) -> Json:
        value = leaf.default_value
        return None if value is None else self.accept(leaf, value)

    def check_settings(self, settings: Mapping[str, Any] | None) -> str | None:
        settings = settings or {}
        if settings.get("dataType") not in (None, "float", "int", "bigint"):
            return "dataType must be one of float, int, bigint"
        decimals = settings.get("decimals")
        if decimals is not None and (type(decimals) is not int or decimals < 0):
            return "decimals must be a whole number of at least 0"
        if settings.get("type") not in (None, "number", "percentage", "shortNumber"):
            return "type must be one of number, percentage, shortNumber"
        return None

    def json(self, leaf: Leaf, column: str) -> str:
        return column if self.data_type(leaf) == "float" else exact_integer(column)

    def comparand(self, leaf: Leaf, value: Json) -> Decimal | float:
        if self.data_type(leaf) == "float":
            return super().comparand(leaf, value)
        number = _Comparable.comparand(self, leaf, value)
        return int(number) if MIN_BIGINT <= number <= MAX_BIGINT and number == int(number) else number

    def operand(self, leaf: Leaf, operator: str, value: Json) -> Any:
        found = super().operand(leaf, operator, value)
        if isinstance(found, list) and any(isinstance(item, Decimal) for item in found):
            return [Decimal(item) for item in found]
        return found

    def slot_type(self, leaf: Leaf, operator: str, operand: Any = None) -> str:
        """Whole numbers can be compared with 1.5 and with what is beyond their range, though no index serves that."""
        if self.data_type(leaf) == "float":
            return super().slot_type(leaf, operator)
        if isinstance(operand[0] if isinstance(operand, list) else operand, Decimal):
            return _Comparable.slot_type(self, leaf, operator)
        return "bigint[]" if operator == "in" else "bigint"

    def from_cursor(self, leaf: Leaf, value: Json) -> Any:
        if value is None or self.data_type(leaf) == "float":
            return super().from_cursor(leaf, value)
        if type(value) is str and _INTEGER.fullmatch(value):
            value = int(value)
        return self.accept(leaf, value)


def _data_type(settings: Mapping[str, Any] | None) -> str:
    return settings.get("dataType") or "float" if settings else "float"


class Numeric(_Comparable):
    """A number of any precision; a numeric text is taken too, and the empty text is NULL."""

    name: ClassVar[str] = "NUMERIC"
    creatable: ClassVar[bool] = False
    graphql: ClassVar[GraphqlTypes] = value_types("BigFloat", "BigFloatFilter")
    usage: ClassVar[str] = "A number of any precision; it may be written as a decimal string too."

    def column_type(self, leaf: Leaf) -> str:
        return "numeric"

    def accept(self, leaf: Leaf, value: Json) -> Json:
        if value is None or value == "":
            return None
        if type(value) is float and math.isfinite(value):
            return value
        if type(value) is int and -MAX_FLOAT <= value <= MAX_FLOAT:
            return value
        if type(value) is int:
            raise _out_of_range(leaf, value, -MAX_FLOAT, MAX_FLOAT)
        if type(value) is str and _NUMBER.fullmatch(value):
            text = format(_decimal(leaf, value), "f")
            return text.rstrip("0").rstrip(".") if "." in text else text
        raise _refused(leaf, value)

    def check_leaf_default(self, leaf: Leaf, value: Json) -> str | None:
        if isinstance(value, bool):
            return "Default value should be a number or a numeric string"
        return super().check_leaf_default(leaf, value)

    def default(self, leaf: Leaf) -> Json:
        value = leaf.default_value
        return None if value is None else self.accept(leaf, value)

    def to_cursor(self, leaf: Leaf, column: str) -> str:
        return f"{column}::text"

    def refuse_creation(self, name: str) -> str | None:
        return "Field type NUMERIC is not supported for field creation. Use NUMBER instead."


class Amount(Numeric):
    """Whole micros of a currency: exact, up to 38 digits."""

    aggregates: ClassVar[tuple[str, ...]] = ("min", "max", "avg", "sum")

    def value_schema(self, leaf: Leaf, use: Use) -> Schema:
        return dict(WHOLE) if use == "read" else {"type": "integer"}

    def column_check(self, leaf: Leaf, column: str) -> str | None:
        return f"{column} = trunc({column})"

    def accept(self, leaf: Leaf, value: Json) -> Json:
        if type(value) is int:
            number = value
        else:
            checked = super().accept(leaf, value)
            if checked is None:
                return None
            exact = Decimal(str(checked))
            number = int(exact)
            if number != exact:
                raise BadRequest(
                    f'Invalid number value {show(value)} for field "{leaf.path}" - a whole number is expected'
                )
        if not -MAX_AMOUNT <= number <= MAX_AMOUNT:
            raise _out_of_range(leaf, value, -MAX_AMOUNT, MAX_AMOUNT)
        return number

    def json(self, leaf: Leaf, column: str) -> str:
        return exact_integer(column)

    def to_cursor(self, leaf: Leaf, column: str) -> str:
        return self.json(leaf, column)


class Position(_Float):
    """Where a record stands among the others. `first` and `last` are kept: whoever writes the row resolves them."""

    name: ClassVar[str] = "POSITION"
    groupable: ClassVar[bool] = False
    creatable: ClassVar[bool] = False
    takes_unique: ClassVar[bool] = False
    graphql: ClassVar[GraphqlTypes] = value_types("Position", "FloatFilter")
    usage: ClassVar[str] = (
        'A number; records are shown to people in this order. The words `"first"` and `"last"` are taken too. '
        "A new record goes first."
    )

    def value_schema(self, leaf: Leaf, use: Use) -> Schema:
        if use == "read":
            return {"type": "number"}
        return {"anyOf": [{"type": "number"}, {"type": "string", "enum": ["first", "last"]}]}

    def accept(self, leaf: Leaf, value: Json) -> Json:
        if type(value) is int or type(value) is float:
            return self._float(leaf, value)
        if value == "first" or value == "last":
            return value
        raise BadRequest(f'Invalid position value {show(value)} for field "{leaf.path}"')

    def column_default(self, leaf: Leaf) -> str | None:
        value = leaf.default_value
        return str(self._float(leaf, value)) if type(value) in (int, float) else None

    def default(self, leaf: Leaf) -> Json:
        """None: a record without a position goes first, which depends on the other records."""
        return None

    def check_leaf_default(self, leaf: Leaf, value: Json) -> str | None:
        if type(value) not in (int, float):
            return "Default value should be a number"
        return super().check_leaf_default(leaf, value)

    def refuse_creation(self, name: str) -> str | None:
        if name != "position":
            return f'Field type POSITION must be named "position", got "{name}"'
        return "Field type POSITION must be a system field"
