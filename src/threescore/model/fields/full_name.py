"""FULL_NAME: a first and a last name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from threescore.model.fields.base import FieldType
from threescore.model.fields.composite import Composite
from threescore.model.fields.text import Text


class FullName(Composite):
    name: ClassVar[str] = "FULL_NAME"
    sub_fields: ClassVar[Mapping[str, FieldType]] = MappingProxyType({"firstName": Text(), "lastName": Text()})
    searchable: ClassVar[bool] = True
    takes_unique: ClassVar[bool] = False
