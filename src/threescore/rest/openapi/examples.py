"""Example requests for an object, made of its fields. They work as they stand, in the order batch, read, change."""

import shlex
from collections.abc import Mapping
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from threescore.model.fields.base import Json, Leaf
from threescore.model.objects import Field, Model, ObjectType

FIRST_ID = "20202020-0000-4000-8000-000000000001"
SECOND_ID = "20202020-0000-4000-8000-000000000002"
"""The ids of the records that the example of a batch creates; the other examples are about these."""

MERGE: dict[str, Json] = {"ids": [FIRST_ID, SECOND_ID], "conflictPriorityIndex": 0, "dryRun": True}
"""A merge of the two that changes nothing."""

MADE_BY_SERVER = frozenset({"id", "createdAt", "updatedAt", "deletedAt", "createdBy", "updatedBy", "position"})
"""Fields that a new record gets by itself."""

_SHOWN_CHANGES = 3


class Examples:
    """The examples of one object."""

    def __init__(self, model: Model, object_type: ObjectType) -> None:
        self._model = model
        self._object_type = object_type

    def record(self, number: int) -> dict[str, Json]:
        """A new record; another one for each number. What it cannot do without is created with it.

        That needs a number that no other example has, so that unique values are.
        """
        record: dict[str, Json] = {
            field.name: value for field in self._written if (value := field.kind.example(field, number)) is not None
        }
        for field in needed_relations(self._object_type):
            target = self._model.by_id.get(field.target_object_id) if field.target_object_id else None
            if target is not None:
                place = self._model.objects.index(self._object_type) + 1
                record[field.name] = {"create": Examples(self._model, target).record(place * 100 + number)}
        return record

    @cached_property
    def change(self) -> dict[str, Json]:
        """A change that several records can have at once: of a few fields that need not be unique."""
        unique = {leaf.field.name for key in self._object_type.unique_keys for leaf in key}
        changed: dict[str, Json] = {}
        for field in self._written:
            value = field.kind.example(field, 4)
            if value is not None and field.name not in unique and len(changed) < _SHOWN_CHANGES:
                changed[field.name] = value
        return changed

    @cached_property
    def filter(self) -> str:
        """A filter that looks at what the records are called by."""
        found = self._condition(self._label)
        return found or 'createdAt[gte]:"2023-01-01"'

    @property
    def condition(self) -> tuple[tuple[str, ...], str]:
        """A filter over GraphQL: the names that lead to the value, and what is asked of it."""
        if "ilike" in self._label.type.operators:
            return tuple(self._label.path.split(".")), 'ilike: "%a%"'
        return ("id",), "is: NOT_NULL"

    @cached_property
    def order(self) -> str:
        """An order by what the records are called by."""
        return f"{self._label.path}[AscNullsLast]"

    @cached_property
    def group_by(self) -> str:
        """What to group by: a choice where the object has one, else months."""
        for field in self._written:
            if field.kind.groupable and field.option_values and not field.is_system:
                return _text([{field.name: True}])
        return _text([{"createdAt": {"granularity": "MONTH", "timeZone": "Europe/Paris"}}])

    @cached_property
    def aggregates(self) -> str:
        """What to compute for each group."""
        names = ["totalCount"]
        for field in self._written:
            for leaf in field.leaves:
                if "sum" in leaf.type.aggregates and len(names) == 1:
                    names.append("sum" + leaf.column[0].upper() + leaf.column[1:])
        return _text(names)

    @cached_property
    def _written(self) -> list[Field]:
        """The fields that a caller writes, first what the records are called by."""
        fields = [
            field
            for field in self._object_type.fields
            if field.is_active and field.kind.writable and field.leaves and not field.is_relation
            and field.name not in MADE_BY_SERVER
        ]  # fmt: skip
        label_id = self._object_type.label_identifier_field_id
        return sorted(fields, key=lambda field: field.id != label_id)

    @cached_property
    def _label(self) -> Leaf:
        by_id = self._object_type.field_by_id
        label = by_id.get(self._object_type.label_identifier_field_id) if by_id else None  # type: ignore[arg-type]
        if label is None or not label.leaves:
            label = self._object_type.field_by_name["id"]
        return label.leaves[0]

    def _condition(self, leaf: Leaf) -> str | None:
        for operator, value in (("ilike", '"%a%"'), ("is", "NOT_NULL")):
            if operator in leaf.type.operators:
                return f"{leaf.path}[{operator}]:{value}"
        return None


def curl(url: str, method: str, path: str, query: Mapping[str, str] | None = None, body: Json = None) -> str:
    """A command for a shell that has the API key's token in `$KEY`. `url` is where the paths begin.

    A path may have `$ID`, which the reader sets to the id of what is meant.
    """
    address = f"{url}{path}"
    lines = ["curl -sS"]
    if query and method == "GET":
        lines[0] += "G"
    elif query:
        address += "?" + urlencode(query, quote_via=quote)
    lines[0] += f"{'' if method in ('GET', 'POST') and (body is not None or method == 'GET') else f' -X {method}'} "
    lines[0] += '"$ID"'.join(shlex.quote(part) if part else "" for part in address.split("$ID"))
    lines.append('-H "Authorization: Bearer $KEY"')
    if query and method == "GET":
        lines += [f"--data-urlencode {shlex.quote(f'{name}={value}')}" for name, value in query.items()]
    if body is not None:
        lines.append("-H 'Content-Type: application/json'")
        lines.append(f"-d {shlex.quote(_text(body))}")
    return " \\\n  ".join(lines)


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def needed_relations(object_type: ObjectType) -> list[Field]:
    """The relations that a new record cannot do without."""
    return [
        field for field in object_type.fields if field.is_many_to_one and field.leaf.type.column_required(field.leaf)
    ]
