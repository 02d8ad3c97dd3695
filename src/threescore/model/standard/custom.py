"""What creating an object creates: its system fields, its name, its indexes and its system relations."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import msgspec

from threescore.model.objects import MANY_TO_ONE, ONE_TO_MANY, Field, Index, Model, ObjectType
from threescore.model.standard.indexes import missing_indexes, new_index
from threescore.model.standard.model import system_field

_AFTER_NAME = ("createdAt", "createdBy", "deletedAt", "position", "searchVector", "updatedAt", "updatedBy")
_ICONS = {"deletedAt": "IconCalendarClock", "searchVector": "IconSearch"}
_ACTOR = {"name": "''", "source": "'MANUAL'"}

# Name of the field on the new object, the object at the other side, label and icon of the field.
_RELATIONS = (
    ("timelineActivities", "timelineActivity", "Timeline Activities", "IconTimelineEvent"),
    ("attachments", "attachment", "Attachments", "IconFileImport"),
    ("noteTargets", "noteTarget", "Notes", "IconNotes"),
    ("taskTargets", "taskTarget", "Tasks", "IconCheckbox"),
)


class NewObject(NamedTuple):
    """A new object, and the fields that it adds to others: each with the index of its join column."""

    object_type: ObjectType
    reverse: tuple[tuple[Field, Index], ...]


def new_object(
    model: Model,
    *,
    name_singular: str,
    name_plural: str,
    label_singular: str,
    label_plural: str,
    now: datetime,
    description: str | None = None,
    icon: str | None = None,
    shortcut: str | None = None,
    color: str | None = None,
    is_label_synced_with_name: bool = False,
    skip_name_field: bool = False,
    id: UUID | None = None,
    new_id: Callable[[], UUID] = uuid4,
) -> NewObject:
    """A custom object as it is at first, made for a model that has it not yet; `now` has whole milliseconds.

    Its fields are the system fields, `name` unless `skip_name_field`, and the system relations to timeline activities,
    attachments, notes and tasks, each of which gives the other side one more branch `target<Name>` of its morph
    relation. The label identifier is `name`, or else `id`; the search vector is made of it.
    """
    object_id = id or new_id()

    def create(**attributes: Any) -> Field:
        identity = {"id": new_id(), "universal_identifier": new_id(), "created_at": now, "updated_at": now}
        return Field(**{"object_id": object_id, **identity, **attributes})

    fields = [_system_field(create, "id", is_searchable=skip_name_field)]
    if not skip_name_field:
        fields.append(
            create(
                name="name",
                label="Name",
                type="TEXT",
                description="What the record is called.",
                icon="IconAbc",
                is_searchable=True,
            )
        )
    fields.extend(_system_field(create, name) for name in _AFTER_NAME)
    object_type = ObjectType(
        id=object_id,
        universal_identifier=new_id(),
        name_singular=name_singular,
        name_plural=name_plural,
        label_singular=label_singular,
        label_plural=label_plural,
        description=description,
        icon=icon,
        shortcut=shortcut,
        color=color,
        is_label_synced_with_name=is_label_synced_with_name,
        label_identifier_field_id=fields[0].id if skip_name_field else fields[1].id,
        created_at=now,
        updated_at=now,
    )
    reverse: list[tuple[Field, Index]] = []
    for name, other_name, label, relation_icon in _RELATIONS:
        other = model.by_singular[other_name]
        near, far = _relation(create, object_type, other, name, label, relation_icon)
        fields.append(near)
        reverse.append((far, new_index(other, [(far, None)], new_id=lambda _: new_id(), now=now)))
    object_type = msgspec.structs.replace(object_type, fields=tuple(fields))
    indexes = tuple(missing_indexes(object_type, new_id=lambda _: new_id(), now=now))
    return NewObject(msgspec.structs.replace(object_type, indexes=indexes), tuple(reverse))


def system_relation_name(name_singular: str) -> str:
    """The name of the branch that an object has in the morph relations of the system: `targetRocket` for `rocket`."""
    return "target" + name_singular[0].upper() + name_singular[1:]


def _system_field(create: Callable[..., Field], name: str, *, is_searchable: bool = False) -> Field:
    entry = system_field(name)
    is_actor = entry["type"] == "ACTOR"
    return create(
        name=name,
        label=entry["label"],
        type=entry["type"],
        description=entry["description"],
        icon=_ICONS.get(name, entry["icon"]),
        is_system=True,
        is_ui_editable=False,
        is_nullable=entry.get("isNullable", True),
        is_searchable=is_searchable,
        is_audit_logged=name != "position",
        default_value=dict(_ACTOR) if is_actor else entry.get("defaultValue"),
    )


def _relation(
    create: Callable[..., Field], object_type: ObjectType, other: ObjectType, name: str, label: str, icon: str
) -> tuple[Field, Field]:
    """The two fields of a system relation: on the new object, and on the one that gets a branch for it."""
    branch = system_relation_name(object_type.name_singular)
    morph = next(field for field in other.fields if field.morph_id is not None)
    near = create(
        name=name,
        label=label,
        type="RELATION",
        description=f"{other.label_plural} linked to this {object_type.label_singular.lower()}.",
        icon=icon,
        settings={"relationType": ONE_TO_MANY},
        target_object_id=other.id,
    )
    far = create(
        object_id=other.id,
        name=branch,
        label=object_type.label_singular,
        type="MORPH_RELATION",
        description=f"Set when this {other.label_singular.lower()} targets a {object_type.label_singular.lower()}.",
        icon=morph.icon,
        is_ui_editable=False,
        settings={"relationType": MANY_TO_ONE, "onDelete": "CASCADE", "joinColumnName": f"{branch}Id"},
        target_object_id=object_type.id,
        target_field_id=near.id,
        morph_id=morph.morph_id,
    )
    return msgspec.structs.replace(near, target_field_id=far.id), far
