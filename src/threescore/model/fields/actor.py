"""ACTOR: who or what did something."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from threescore.model.fields.base import FieldType, Leaf, Row, Writer
from threescore.model.fields.composite import Composite
from threescore.model.fields.graphql_types import GraphqlTypes, value_types
from threescore.model.fields.identifier import Uuid
from threescore.model.fields.json_schema import Schema, Use, nullable
from threescore.model.fields.raw_json import RawJson
from threescore.model.fields.select import Select
from threescore.model.fields.text import Text
from threescore.model.fields.values import Json

if TYPE_CHECKING:
    from threescore.model.objects import Field

SOURCES = (
    "EMAIL", "CALENDAR", "WORKFLOW", "AGENT", "API", "IMPORT", "MANUAL", "SYSTEM", "WEBHOOK", "APPLICATION",
)  # fmt: skip


class Source(Select):
    """The way by which an actor came. Its options are the same for every field."""

    graphql: ClassVar[GraphqlTypes] = value_types("ActorSourceEnum", "ActorSourceEnumFilter")

    def options(self, leaf: Leaf) -> tuple[str, ...]:
        return SOURCES


class Context(RawJson):
    """What else there is to say of an actor, such as the provider of an e-mail account."""

    graphql: ClassVar[GraphqlTypes] = value_types("ActorContext", "RawJsonFilter", input="JSON")
    json_keys: ClassVar[tuple[str, ...]] = ("provider",)

    def value_schema(self, leaf: Leaf, use: Use) -> Schema:
        return {"type": "object", "additionalProperties": True}


class Actor(Composite):
    """A source and a name, and the workspace member if it was one."""

    name: ClassVar[str] = "ACTOR"
    sub_fields: ClassVar[Mapping[str, FieldType]] = MappingProxyType(
        {"source": Source(), "workspaceMemberId": Uuid(), "name": Text(), "context": Context()}
    )
    counted_sub_fields: ClassVar[tuple[str, ...]] = ("workspaceMemberId", "source")
    takes_unique: ClassVar[bool] = False
    usage: ClassVar[str] = (
        "An object that says who or what did something. `createdBy` and `updatedBy` are filled in by the server."
    )

    def schema(self, field: "Field", use: Use) -> Schema:
        whole = super().schema(field, use)
        return nullable(whole) if use == "read" and field.is_nullable else whole

    def example(self, field: "Field", number: int) -> Json:
        return {"source": "MANUAL", "name": "Ada Linden"}

    def writer(self, field: "Field") -> Writer:
        write_parts = super().writer(field)
        leaf = field.leaf_by_sub_field["source"]

        def write(value: Json, row: Row) -> None:
            write_parts(value, row)
            if not field.is_nullable and row.get(leaf.column, "") is None:
                raise self.null_refusal(leaf)

        return write

    def json_object(self, field: "Field", columns: Mapping[str | None, str]) -> str:
        """An object; null for a nullable field without anything in it."""
        whole = super().json_object(field, columns)
        absent = self.is_absent(field, columns)
        return whole if absent is None else f"CASE WHEN NOT ({absent}) THEN {whole} END"

    def is_absent(self, field: "Field", columns: Mapping[str | None, str]) -> str | None:
        if not field.is_nullable:
            return None
        return " AND ".join(f"{columns[leaf.sub_field]} IS NULL" for leaf in field.leaves)
