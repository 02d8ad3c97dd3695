"""RELATION and MORPH_RELATION: references between records."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from threescore.errors import BadRequest
from threescore.model.fields.base import Leaf, Row, Writer
from threescore.model.fields.graphql_types import GraphqlTypes, value_types
from threescore.model.fields.identifier import Uuid
from threescore.model.fields.values import Json

if TYPE_CHECKING:
    from threescore.model.objects import Field


class Relation(Uuid):
    """The many-to-one side has one column, the id of the target record. The one-to-many side has none.

    `writer` takes the value of the join column. A value under the relation's own name is one for `parse_connection`.
    """

    name: ClassVar[str] = "RELATION"
    graphql: ClassVar[GraphqlTypes] = value_types("ID", "UUIDFilter")
    searchable: ClassVar[bool] = False
    takes_unique: ClassVar[bool] = False
    takes_default: ClassVar[bool] = False
    usage: ClassVar[str] = (
        "To one record: its id under the name with `Id` (`companyId`); read with `depth=1`, the record itself is under "
        "the name. To many: read with `depth=1`, a list of at most 60 records; written from the other side."
    )

    def leaves(self, field: "Field") -> tuple[Leaf, ...]:
        return (Leaf(field, None, self, field.join_column),) if field.join_column else ()

    def column_default(self, leaf: Leaf) -> str | None:
        return None

    def default(self, leaf: Leaf) -> Json:
        return None

    def writer(self, field: "Field") -> Writer:
        if field.leaves:
            return super().writer(field)

        def refuse(_value: Json, _row: Row) -> None:
            raise BadRequest(f"One-to-many relation {field.name} field does not support write operations.")

        return refuse

    def inputs_of(self, field: "Field") -> tuple[str, ...]:
        return (field.name, field.join_column) if field.join_column else (field.name,)


class MorphRelation(Relation):
    """A relation to one of several objects: a field for each target, all with the same `morph_id`."""

    name: ClassVar[str] = "MORPH_RELATION"


def parse_connection(field: "Field", value: Json) -> Mapping[str, Any] | None:
    """What is sent under the name of a many-to-one relation.

    Gives the `where` of `{"connect": {"where": {…}}}`, which has to name exactly one record, and None for
    `{"disconnect": true}`. Raises BadRequest for anything else.
    """
    if field.join_column is None:
        raise BadRequest(f"One-to-many relation {field.name} field does not support write operations.")
    refusal = BadRequest(f'Relation "{field.name}" requires connect or disconnect operation')
    if not isinstance(value, dict) or not value or not value.keys() <= {"connect", "disconnect"}:
        raise refusal
    if len(value) == 2:
        raise BadRequest(f"Cannot have both connect and disconnect for the same relation field {field.name}.")
    if "disconnect" in value:
        if value["disconnect"] is not True:
            raise refusal
        return None
    connect = value["connect"]
    if not isinstance(connect, dict) or connect.keys() != {"where"}:
        raise refusal
    where = connect["where"]
    if not isinstance(where, dict) or not where:
        raise refusal
    return where
