"""CURRENCY: an amount of money in millionths of a currency's unit."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from threescore.model.fields.base import FieldType
from threescore.model.fields.composite import Composite
from threescore.model.fields.number import Amount
from threescore.model.fields.text import Code
from threescore.model.fields.values import Json

if TYPE_CHECKING:
    from threescore.model.objects import Field


class Currency(Composite):
    """`amountMicros` is a whole number; `currencyCode` is taken as it comes."""

    name: ClassVar[str] = "CURRENCY"
    sub_fields: ClassVar[Mapping[str, FieldType]] = MappingProxyType({"amountMicros": Amount(), "currencyCode": Code()})
    takes_unique: ClassVar[bool] = False
    usage: ClassVar[str] = (
        "An object: the amount in millionths of the currency's unit (a decimal string where it goes beyond 2^53 - 1), "
        "and its ISO 4217 code. Sub-fields that are not sent stay as they are."
    )

    def example(self, field: "Field", number: int) -> Json:
        return {"amountMicros": 1_500_000_000 * number, "currencyCode": "EUR"}

    def check_settings(self, settings: Mapping[str, Any] | None) -> str | None:
        settings = settings or {}
        if settings.get("format") not in (None, "short", "full"):
            return "format must be one of short, full"
        decimals = settings.get("decimals")
        if decimals is not None and (type(decimals) is not int or decimals < 0):
            return "decimals must be a whole number of at least 0"
        return None
