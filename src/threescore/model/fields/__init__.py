"""The field types: one class each, which says all that the type means."""

from collections.abc import Mapping
from types import MappingProxyType

from threescore.model.fields.actor import Actor
from threescore.model.fields.address import Address
from threescore.model.fields.array import Array
from threescore.model.fields.base import FieldType, Leaf, Row
from threescore.model.fields.boolean import Boolean
from threescore.model.fields.currency import Currency
from threescore.model.fields.emails import Emails
from threescore.model.fields.files import Files
from threescore.model.fields.full_name import FullName
from threescore.model.fields.identifier import Uuid
from threescore.model.fields.links import Links
from threescore.model.fields.number import Number, Numeric, Position
from threescore.model.fields.phones import Phones
from threescore.model.fields.raw_json import RawJson
from threescore.model.fields.relation import MorphRelation, Relation
from threescore.model.fields.rich_text import RichText
from threescore.model.fields.search_vector import SearchVector
from threescore.model.fields.select import MultiSelect, Rating, Select
from threescore.model.fields.temporal import Date, DateTime
from threescore.model.fields.text import Text
from threescore.model.fields.values import Json

__all__ = ["TYPES", "FieldType", "Json", "Leaf", "Row"]

TYPES: Mapping[str, FieldType] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            Actor(),
            Address(),
            Array(),
            Boolean(),
            Currency(),
            Date(),
            DateTime(),
            Emails(),
            Files(),
            FullName(),
            Links(),
            MorphRelation(),
            MultiSelect(),
            Number(),
            Numeric(),
            Phones(),
            Position(),
            Rating(),
            RawJson(),
            Relation(),
            RichText(),
            Select(),
            SearchVector(),
            Text(),
            Uuid(),
        )
    }
)
"""Every field type by its wire name."""
