"""The data model of a new workspace, read from `objects.json`.

The file holds what differs from the defaults of `Field` and `ObjectType`, in the names of the wire. A system field
stands there as its name, or with that name and what is particular about it; what all have in common is under
`systemFields`. Fields that take part in the search stand in the order in which the search vector has them.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import msgspec

from threescore.model.objects import Field, Model, ObjectType, Option
from threescore.model.standard.indexes import missing_indexes, new_index

Json = dict[str, Any]


def standard_model(workspace_id: UUID, schema: str, now: datetime) -> Model:
    """The standard data model at version 1, of a workspace that is made at `now` (whole milliseconds).

    Every id depends on nothing but the workspace's and the name of what it stands for.
    """
    data = _data()
    objects = tuple(_object(entry, workspace_id, now) for entry in data["objects"])
    return Model(workspace_id=workspace_id, schema=schema, version=1, objects=objects)


def system_field(name: str) -> Json:
    """What all objects have in common about one of the eight system fields, in the names of the wire."""
    for entry in _data()["systemFields"]:
        if entry["name"] == name:
            return dict(entry)
    raise KeyError(name)


@cache
def _data() -> Json:
    text = (Path(__file__).parent / "objects.json").read_bytes()
    data: Json = msgspec.json.decode(text)
    return data


def _object(entry: Json, workspace_id: UUID, now: datetime) -> ObjectType:
    name = entry["nameSingular"]
    entries = list(_field_entries(entry))
    ids = {field["name"]: _field_id(workspace_id, name, field["name"]) for field in entries}
    image = entry.get("imageIdentifier")
    criteria = entry.get("duplicateCriteria")
    object_type = ObjectType(
        id=_object_id(workspace_id, name),
        universal_identifier=UUID(entry["universalIdentifier"]),
        name_singular=name,
        name_plural=entry["namePlural"],
        label_singular=entry["labelSingular"],
        label_plural=entry["labelPlural"],
        description=entry["description"],
        icon=entry["icon"],
        shortcut=entry.get("shortcut"),
        is_system=entry.get("isSystem", False),
        is_custom=False,
        is_searchable=entry.get("isSearchable", True),
        is_ui_creatable=entry.get("isUICreatable", True),
        is_audit_logged=entry.get("isAuditLogged", True),
        open_record_in=entry.get("openRecordIn", "USER_CHOICE"),
        label_identifier_field_id=ids[entry["labelIdentifier"]],
        image_identifier_field_id=ids[image] if image else None,
        duplicate_criteria=tuple(tuple(columns) for columns in criteria) if criteria else None,
        created_at=now,
        updated_at=now,
    )
    searched = entry["searchFields"]
    fields = tuple(_field(object_type, field, field["name"] in searched, workspace_id) for field in entries)
    object_type = msgspec.structs.replace(object_type, fields=fields)
    new_id = partial(_id, workspace_id)
    listed = tuple(
        new_index(
            object_type,
            [(object_type.field_by_name[name], None) for name in index["fields"]],
            new_id=new_id,
            now=now,
            is_unique=index.get("isUnique", False),
            type=index.get("type", "BTREE"),
            where=index.get("where"),
            universal_identifier=UUID(index["universalIdentifier"]),
        )
        for index in entry["indexes"]
    )
    object_type = msgspec.structs.replace(object_type, indexes=listed)
    missing = missing_indexes(object_type, new_id=new_id, now=now)
    return msgspec.structs.replace(object_type, indexes=(*listed, *missing))


def _field_entries(entry: Json) -> Iterator[Json]:
    common = {field["name"]: field for field in _data()["systemFields"]}
    for field in entry["fields"]:
        if isinstance(field, str):
            yield common[field]
        else:
            yield {**common.get(field["name"], {}), **field}


def _field(object_type: ObjectType, entry: Json, is_searchable: bool, workspace_id: UUID) -> Field:
    name = entry["name"]
    identifier = entry.get("universalIdentifier")
    options = entry.get("options")
    relation = entry.get("relation")
    target: Json = _relation(name, relation, workspace_id, entry.get("settings")) if relation else {}
    return Field(
        id=_field_id(workspace_id, object_type.name_singular, name),
        object_id=object_type.id,
        universal_identifier=(
            UUID(identifier) if identifier else uuid5(object_type.universal_identifier, f"field:{name}")
        ),
        name=name,
        label=entry["label"],
        type=entry["type"],
        description=entry["description"],
        icon=entry["icon"],
        is_system=entry.get("isSystem", False),
        is_custom=False,
        is_ui_editable=entry.get("isUIEditable", True),
        is_nullable=entry.get("isNullable", True),
        is_unique=entry.get("isUnique", False),
        is_searchable=is_searchable,
        is_audit_logged=name != "position",
        default_value=entry.get("defaultValue"),
        options=tuple(msgspec.convert(option, Option) for option in options) if options else None,
        **{"settings": entry.get("settings"), **target},
        created_at=object_type.created_at,
        updated_at=object_type.updated_at,
    )


def _relation(name: str, relation: Json, workspace_id: UUID, own_settings: Mapping[str, Any] | None) -> Json:
    """The attributes of a field that come from its `relation` entry, whose target is written `object.field`."""
    target_object, target_field = relation["target"].split(".")
    settings: Json = {**(own_settings or {}), "relationType": relation["type"]}
    if "onDelete" in relation:
        settings |= {"onDelete": relation["onDelete"], "joinColumnName": f"{name}Id"}
    if "junctionTarget" in relation:
        junction_object, junction_field = relation["junctionTarget"].split(".")
        settings["junctionTargetFieldId"] = str(_field_id(workspace_id, junction_object, junction_field))
    return {
        "settings": settings,
        "target_object_id": _object_id(workspace_id, target_object),
        "target_field_id": _field_id(workspace_id, target_object, target_field),
        "morph_id": UUID(relation["morphId"]) if "morphId" in relation else None,
    }


def _object_id(workspace_id: UUID, name: str) -> UUID:
    return _id(workspace_id, f"object:{name}")


def _field_id(workspace_id: UUID, object_name: str, name: str) -> UUID:
    return _id(workspace_id, f"field:{object_name}.{name}")


@lru_cache(maxsize=1024)  # those of one workspace: each is asked for about twice
def _id(workspace_id: UUID, key: str) -> UUID:
    return uuid5(workspace_id, key)
