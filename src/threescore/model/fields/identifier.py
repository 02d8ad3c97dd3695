"""UUID, of any version."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from threescore.errors import BadRequest
from threescore.model.fields.base import FieldType, Leaf
from threescore.model.fields.graphql_types import GraphqlTypes, value_types
from threescore.model.fields.json_schema import UUID, Schema, Use
from threescore.model.fields.values import NOT_QUOTED, Json, show, unquote

if TYPE_CHECKING:
    from threescore.model.objects import Field

# Without IGNORECASE, which takes twice as long.
is_uuid = re.compile("[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}").fullmatch
"""Whether a text is a UUID of any version in its usual form."""


class Uuid(FieldType):
    """An id of another system, or a record's own. Read in any case, kept in lower case."""

    name: ClassVar[str] = "UUID"
    operators: ClassVar[tuple[str, ...]] = ("eq", "neq", "gt", "gte", "lt", "lte", "in", "is")
    searchable: ClassVar[bool] = True
    graphql: ClassVar[GraphqlTypes] = value_types("UUID", "UUIDFilter")
    usage: ClassVar[str] = "A UUID of any version, as a string."

    def column_type(self, leaf: Leaf) -> str:
        return "uuid"

    def search_texts(self, field: "Field", columns: Mapping[str | None, str]) -> tuple[str, ...]:
        return (f"{columns[None]}::text",)

    def accept(self, leaf: Leaf, value: Json) -> Json:
        if value is None:
            return None
        return self.comparand(leaf, value)

    def comparand(self, leaf: Leaf, value: Json) -> str:
        if type(value) is str and is_uuid(value):
            return value.lower()
        raise BadRequest(f'Invalid UUID value {show(value)} for field "{leaf.path}"')

    def value_schema(self, leaf: Leaf, use: Use) -> Schema:
        return dict(UUID)

    def example(self, field: "Field", number: int) -> Json:
        return f"20202020-e4a3-4f6b-8c55-{number:012d}"

    def column_default(self, leaf: Leaf) -> str | None:
        return "gen_random_uuid()" if leaf.default_value == "uuid" else super().column_default(leaf)

    def default(self, leaf: Leaf) -> Json:
        """None for the word `uuid` too: whoever writes the row makes the ids."""
        return unquote(leaf.default_value)

    def check_leaf_default(self, leaf: Leaf, value: Json) -> str | None:
        if value == "uuid":
            return None
        text = unquote(value)
        return NOT_QUOTED if text is None else super().check_leaf_default(leaf, text)
