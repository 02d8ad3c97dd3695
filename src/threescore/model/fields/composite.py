"""What the composite types share: a value is an object, and each sub-field has its own column."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from threescore.errors import BadRequest
from threescore.model.fields.base import FieldType, Row, Writer
from threescore.model.fields.graphql_types import GraphqlTypes, composite_types
from threescore.model.fields.values import Json, plain, show

if TYPE_CHECKING:
    from threescore.model.objects import Field


class Composite(FieldType):
    """A field of several columns. Sub-fields that a value does not name keep what they have; null changes nothing."""

    @property
    def words(self) -> str:
        """The type's name in words, `full name`."""
        return self.name.lower().replace("_", " ")

    def writer(self, field: "Field") -> Writer:
        parts = {leaf.sub_field: (leaf, leaf.type.accept, leaf.column) for leaf in field.leaves}

        def write(value: Json, row: Row) -> None:
            given = self.given(field, value)
            if given is not None:
                for key, item in given.items():
                    leaf, accept, column = parts[key]
                    row[column] = accept(leaf, item)

        return write

    def graphql_types(self, settings: Mapping[str, Any] | None) -> GraphqlTypes:
        return composite_types(self.type_name)

    def given(self, field: "Field", value: Json) -> Mapping[str, Any] | None:
        """The sub-fields that were sent, all of them known; None for null. Raises BadRequest."""
        if type(value) is dict:
            for key in value:
                if key not in self.sub_fields:
                    raise BadRequest(f'Invalid subfield {plain(key)} for {self.words} field "{field.name}"')
            return value
        if value is None:
            return None
        raise BadRequest(f'Invalid object value {show(value)} for field "{field.name}"')


class Collection(Composite):
    """A composite of one primary value and a list of more: e-mail addresses, phones, links.

    `primary` are the sub-fields of the primary value, `keys` the keys of the same parts in an item of the list `more`;
    without keys an item is the value itself. The first key tells whether there is a value.
    """

    primary: ClassVar[tuple[str, ...]]
    keys: ClassVar[tuple[str, ...]] = ()
    more: ClassVar[str]

    def merge(self, field: "Field", rows: Sequence[Row], merged: Row) -> None:
        """The first primary value stays primary, all others of all rows become more, each once."""
        columns = [field.leaf_by_sub_field[name].column for name in self.primary]
        more = field.leaf_by_sub_field[self.more].column
        primary: list[Any] | None = None
        others: list[Any] = []
        for row in rows:
            values = [row[column] for column in columns]
            if values[0] and primary is None:
                primary = values
            elif values[0]:
                others.append(self._item(values))
            others.extend(cast("list[Any]", row[more] or []))
        if primary is None and not others:
            return
        unique: list[Any] = []
        for item in others:
            if item not in unique and (primary is None or item != self._item(primary)):
                unique.append(item)
        merged.update(dict(zip(columns, primary or [None] * len(columns), strict=True)))
        merged[more] = unique or None

    def _item(self, values: list[Any]) -> Any:
        if not self.keys:
            return values[0]
        return {key: "" if value is None else value for key, value in zip(self.keys, values, strict=True)}
