"""ADDRESS: a postal address and where it is on the map."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from threescore.model.fields.base import FieldType
from threescore.model.fields.composite import Composite
from threescore.model.fields.number import Numeric
from threescore.model.fields.text import Text
from threescore.model.fields.values import Json

if TYPE_CHECKING:
    from threescore.model.objects import Field

_TEXT = Text()
_DEGREES = Numeric()


class Address(Composite):
    name: ClassVar[str] = "ADDRESS"
    sub_fields: ClassVar[Mapping[str, FieldType]] = MappingProxyType(
        {
            "addressStreet1": _TEXT,
            "addressStreet2": _TEXT,
            "addressCity": _TEXT,
            "addressPostcode": _TEXT,
            "addressState": _TEXT,
            "addressCountry": _TEXT,
            "addressLat": _DEGREES,
            "addressLng": _DEGREES,
        }
    )
    searchable: ClassVar[bool] = True
    takes_unique: ClassVar[bool] = False
    usage: ClassVar[str] = "An object. Sub-fields that are not sent stay as they are."

    def example(self, field: "Field", number: int) -> Json:
        return {
            "addressStreet1": f"{number} Korenmarkt",
            "addressCity": "Ghent",
            "addressPostcode": "9000",
            "addressCountry": "Belgium",
            "addressLat": 51.0543,
            "addressLng": 3.7174,
        }

    def check_settings(self, settings: Mapping[str, Any] | None) -> str | None:
        shown = (settings or {}).get("subFields")
        if shown is None or (
            isinstance(shown, list) and all(isinstance(n, str) and n in self.sub_fields for n in shown)
        ):
            return None
        return f"subFields must be a list of {', '.join(self.sub_fields)}"
