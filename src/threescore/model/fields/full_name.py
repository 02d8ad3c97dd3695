"""FULL_NAME: a first and a last name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from threescore.model.fields.base import FieldType
from threescore.model.fields.composite import Composite
from threescore.model.fields.text import Text
from threescore.model.fields.values import Json

if TYPE_CHECKING:
    from threescore.model.objects import Field

_NAMES = (("Ada", "Linden"), ("Ben", "Quill"), ("Cyd", "Marsh"), ("Dee", "Orchard"))


class FullName(Composite):
    name: ClassVar[str] = "FULL_NAME"
    sub_fields: ClassVar[Mapping[str, FieldType]] = MappingProxyType({"firstName": Text(), "lastName": Text()})
    searchable: ClassVar[bool] = True
    takes_unique: ClassVar[bool] = False
    usage: ClassVar[str] = "An object. Sub-fields that are not sent stay as they are."

    def example(self, field: "Field", number: int) -> Json:
        first, last = _NAMES[(number - 1) % len(_NAMES)]
        return {"firstName": first, "lastName": last}
