"""The schemas of an object's records: to create one, to change one, and as it is answered."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from threescore.model.fields.json_schema import Schema, Use, list_of
from threescore.model.objects import Field, Model, ObjectType
from threescore.model.overrides import resolved
from threescore.rest.openapi.examples import FIRST_ID, Examples, needed_relations
from threescore.rest.openapi.shared import ref

NOT_IN_INPUT = frozenset({"id", "createdAt", "updatedAt", "deletedAt"})
"""Fields that may be given, but hardly ever are: schemas of new records do not show them."""

SHARED = (
    "PageInfo",
    "Error",
    "MalformedRequest",
    "RelationInput",
    "DeletedRecord",
    "RateLimited",
    "RecordEvent",
    "HistoryEntry",
    "HistoryPage",
    "MergeInput",
)
"""Names of schemas that belong to no object. An object of such a name keeps it, and the shared one gives way."""

_SUFFIXES = ("", "ForUpdate", "ForResponse")


class Names:
    """The names of all schemas of a document: different ones for whatever objects there are."""

    def __init__(self, objects: Iterable[ObjectType]) -> None:
        listed = list(objects)
        self._taken: set[str] = set()
        self._of: dict[tuple[UUID | str, str], str] = {}
        for suffix in _SUFFIXES:
            for object_type in listed:
                self._of[object_type.id, suffix] = self._free(object_type.type_name + suffix)
        for name in SHARED:
            self._of[name, ""] = self._free(name)

    def _free(self, name: str) -> str:
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name

    def create(self, object_type: ObjectType) -> str:
        return self._of[object_type.id, ""]

    def update(self, object_type: ObjectType) -> str:
        return self._of[object_type.id, "ForUpdate"]

    def read(self, object_type: ObjectType) -> str:
        return self._of[object_type.id, "ForResponse"]

    def shared(self, name: str) -> str:
        return self._of[name, ""]


RELATION_INPUT: Schema = {
    "description": "Which record a relation is to lead to, said by what the record is known by instead of by its id.",
    "type": "object",
    "properties": {
        "connect": {
            "type": "object",
            "description": "The record with these values of its `id` or of a unique field.",
            "properties": {"where": {"type": "object", "additionalProperties": True}},
            "required": ["where"],
        },
        "disconnect": {"type": "boolean", "description": "`true`: no record."},
        "create": {
            "type": "object",
            "description": "A record to create together with this one.",
            "additionalProperties": True,
        },
    },
    "example": {"connect": {"where": {"id": FIRST_ID}}},
}


def record_schemas(model: Model, object_type: ObjectType, examples: Examples, names: Names) -> dict[str, Schema]:
    """The three schemas of an object."""
    description = object_description(object_type)
    required = required_inputs(object_type)
    create: Schema = {
        "type": "object",
        "description": f"{description} `id`, `createdAt`, `updatedAt` and `deletedAt` may be given too.",
        "properties": _inputs(model, object_type, names, "create"),
        "example": examples.record(1),
    }
    if required:
        create["required"] = required
    update: Schema = {
        "type": "object",
        "description": f"{description} Only what is to be changed.",
        "properties": _inputs(model, object_type, names, "update"),
        "example": examples.change,
    }
    own, related = _outputs(model, object_type, names)
    read: Schema = {
        "type": "object",
        "description": description,
        "properties": {**own, **related},
        "required": list(own),
    }
    return {names.create(object_type): create, names.update(object_type): update, names.read(object_type): read}


def object_description(object_type: ObjectType) -> str:
    """What an object is about, as a sentence."""
    text = str(resolved(object_type, "description") or resolved(object_type, "label_singular")).strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."


def required_inputs(object_type: ObjectType) -> list[str]:
    """The values that a new record cannot do without; for relations see `needed_relations`."""
    return [
        leaf.name
        for field in object_type.fields
        for leaf in field.leaves
        if leaf.type.column_required(leaf)
        and leaf.type.column_default(leaf) is None
        and field.kind.writable
        and not field.is_relation
        and field.name not in ("id", "createdBy", "updatedBy", "position")
    ]


def _inputs(model: Model, object_type: ObjectType, names: Names, use: Use) -> dict[str, Schema]:
    properties: dict[str, Schema] = {}
    needed = needed_relations(object_type) if use == "create" else []
    for field in object_type.fields:
        if not field.leaves or not field.kind.writable or field.name in NOT_IN_INPUT:
            continue
        if field.join_column is not None:
            schema = _described(field.kind.leaf_schema(field.leaf, use), field)
            if field in needed:
                schema["description"] = f"Needed, unless `{field.name}` is given. {_description(field)}".strip()
            properties[field.join_column] = schema
            if field.target_object_id in model.by_id:
                properties[field.name] = ref("schemas", names.shared("RelationInput"))
        else:
            properties[field.name] = _described(field.kind.schema(field, use), field)
    return properties


def _outputs(model: Model, object_type: ObjectType, names: Names) -> tuple[dict[str, Schema], dict[str, Schema]]:
    """The properties that every answer has, and those of related records, which come with a depth of 1."""
    own: dict[str, Schema] = {}
    related: dict[str, Schema] = {}
    for field in object_type.fields:
        if field.is_relation and field.target_object_id in model.by_id:
            target = ref("schemas", names.read(model.target(field)))
            if field.is_one_to_many:
                related[field.name] = _described(list_of(target), field)
            else:
                related[field.name] = _described({"oneOf": [target, {"type": "null"}]}, field)
        if field.join_column is not None:
            own[field.join_column] = _described(field.kind.leaf_schema(field.leaf, "read"), field)
        elif field.leaves and field.kind.writable:
            own[field.name] = _described(field.kind.schema(field, "read"), field)
    return own, related


def _described(schema: Schema, field: Field) -> Schema:
    text = _description(field)
    return {**schema, "description": text} if text else schema


def _description(field: Field) -> str:
    return str(resolved(field, "description") or "").strip()


def data_of(key: str, schema: Schema) -> Schema:
    """The envelope of an answer: `{"data": {key: …}}`."""
    inner: Mapping[str, Any] = {"type": "object", "properties": {key: schema}, "required": [key]}
    return {"type": "object", "properties": {"data": inner}, "required": ["data"]}
