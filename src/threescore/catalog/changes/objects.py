"""Creating, changing and deleting objects. Rules only: everything happens to a `Draft`."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from msgspec import UNSET
from msgspec.structs import replace

from threescore.catalog.changes.draft import Draft
from threescore.catalog.changes.indexes import add_search_index
from threescore.catalog.changes.inputs import ObjectInput
from threescore.catalog.changes.naming_rules import field_naming_issues, object_naming_issues
from threescore.catalog.changes.relations import follow_object_names
from threescore.catalog.changes.report import Issue, field_refusal, object_refusal
from threescore.errors import BadRequest, NotFound
from threescore.model.objects import ObjectType
from threescore.model.overrides import OBJECT_OVERRIDES, resolved, with_overrides, with_translations
from threescore.model.standard.custom import new_object

LABEL_IDENTIFIER_TYPES = frozenset({"TEXT", "FULL_NAME", "UUID"})
"""Types of the fields by which people can tell records apart."""

IMAGE_IDENTIFIER_TYPES = frozenset({"FILES", "LINKS", "TEXT"})

_WIRE = {
    "name_singular": "nameSingular",
    "name_plural": "namePlural",
    "label_singular": "labelSingular",
    "label_plural": "labelPlural",
    "description": "description",
    "icon": "icon",
    "color": "color",
    "shortcut": "shortcut",
    "is_active": "isActive",
    "is_searchable": "isSearchable",
    "is_label_synced_with_name": "isLabelSyncedWithName",
    "open_record_in": "openRecordIn",
    "label_identifier_field_id": "labelIdentifierFieldMetadataId",
    "image_identifier_field_id": "imageIdentifierFieldMetadataId",
}
"""The attributes of an object that a caller may ask to change, with their wire names."""

_STANDARD = frozenset({*OBJECT_OVERRIDES, "is_active", "is_searchable", "open_record_in"})
"""All that may change on an object that came with the workspace."""

_SYSTEM = frozenset({*OBJECT_OVERRIDES, "is_active"})
"""All that may change on a system object."""

_ALONE = frozenset({"name_singular", "name_plural", "label_identifier_field_id"})
"""What only one object at a time may change: other objects, or all its records, follow."""


def create_object(draft: Draft, sent: ObjectInput) -> ObjectType:
    """Adds an object with its system fields and relations. Raises ValidationReport with the cause that forbids it."""
    assert sent.name_singular is not UNSET
    assert sent.name_plural is not UNSET
    assert sent.label_singular is not UNSET
    assert sent.label_plural is not UNSET
    created = new_object(
        draft.before,
        name_singular=sent.name_singular,
        name_plural=sent.name_plural,
        label_singular=_capitalised(sent.label_singular),
        label_plural=_capitalised(sent.label_plural),
        description=_or_none(sent.description),
        icon=_or_none(sent.icon),
        shortcut=_or_none(sent.shortcut),
        color=_or_none(sent.color),
        is_label_synced_with_name=sent.is_label_synced_with_name is True,
        skip_name_field=sent.skip_name_field is True,
        now=draft.now,
    )
    object_type = created.object_type
    issues = object_naming_issues(draft, object_type)
    if sent.is_remote is True:
        issues = [Issue("INVALID_OBJECT_INPUT", "Remote objects are not supported yet")]
    if issues:
        raise object_refusal("create", object_type, *issues)
    draft.put_object(object_type)
    for field, index in created.reverse:
        owner = draft.object_type(field.object_id)
        naming = field_naming_issues(owner, field)
        if naming:
            raise field_refusal("create", owner, field, *naming)
        draft.put_field(field)
        draft.put_index(index)
    return object_type


def update_object(draft: Draft, object_id: UUID, sent: ObjectInput) -> ObjectType:
    """Changes an object.

    Raises NotFound, BadRequest for what standard objects do not allow, else ValidationReport.
    """
    old = draft.find_object(object_id)
    if old is None:
        raise NotFound("Object to update not found", code="OBJECT_METADATA_NOT_FOUND")
    overrides = with_translations(old, sent.translations)
    if overrides != old.overrides:
        old = draft.put_object(replace(old, overrides=overrides))
    changes = _changes(old, sent)
    _check_allowed(old, changes)
    if not changes:
        return old
    new = _apply(old, changes)
    issues = _update_issues(draft, old, new, changes)
    if issues:
        raise object_refusal("update", old, *issues)
    if "label_identifier_field_id" in changes:
        label = new.field_by_id[changes["label_identifier_field_id"]]
        if label.kind.searchable and not label.is_searchable:
            draft.put_field(replace(label, is_searchable=True))
            new = replace(new, fields=draft.object_type(object_id).fields)
    new = draft.put_object(new)
    if "is_searchable" in changes and new.is_searchable:
        add_search_index(draft, new)
    if old.name_singular != new.name_singular or old.name_plural != new.name_plural:
        for field in follow_object_names(draft, old, new):
            owner = draft.object_type(field.object_id)
            naming = field_naming_issues(owner, field)
            if naming:
                raise field_refusal("update", owner, field, *naming)
    return draft.object_type(object_id)


def update_objects(draft: Draft, updates: Sequence[tuple[UUID, ObjectInput]]) -> None:
    """Changes several objects, each once. Raises as update_object does, and BadRequest for changes that go alone."""
    if len({object_id for object_id, _ in updates}) < len(updates):
        raise BadRequest("The same object is there twice; put all its changes into one", code="INVALID_OBJECT_INPUT")
    for object_id, sent in updates:
        old = draft.find_object(object_id)
        if len(updates) > 1 and old is not None and not _ALONE.isdisjoint(_changes(old, sent)):
            message = f'"{old.name_singular}" is to be renamed or told apart by another field: send that one at a time'
            raise BadRequest(message, code="INVALID_OBJECT_INPUT")
        update_object(draft, object_id, sent)


def delete_object(draft: Draft, object_id: UUID) -> ObjectType:
    """Takes an object away with its records and all that refers to it.

    Raises NotFound, or ValidationReport for the objects that came with the workspace.
    """
    object_type = draft.find_object(object_id)
    if object_type is None:
        raise NotFound("Could not find flat entity in maps", code="ENTITY_NOT_FOUND")
    if not object_type.is_custom:
        kind = "System" if object_type.is_system else "Standard"
        issue = Issue("INVALID_OBJECT_INPUT", f"{kind} objects cannot be deleted")
        raise object_refusal("delete", object_type, issue)
    draft.remove_object(object_id)
    return object_type


def _changes(old: ObjectType, sent: ObjectInput) -> dict[str, Any]:
    """What was sent that differs from what is."""
    changes: dict[str, Any] = {}
    for attribute in _WIRE:
        value = getattr(sent, attribute)
        if value is not UNSET and value != resolved(old, attribute):
            changes[attribute] = value
    return changes


def _check_allowed(old: ObjectType, changes: dict[str, Any]) -> None:
    if old.is_custom:
        return
    refused = [_WIRE[attribute] for attribute in changes if attribute not in _STANDARD]
    if refused:
        message = f"Cannot edit standard object metadata properties: {', '.join(refused)}"
        raise BadRequest(message, code="INVALID_OBJECT_INPUT")
    if old.is_system and any(attribute not in _SYSTEM for attribute in changes):
        message = "System objects cannot be updated directly: only their labels, description, icon, color and isActive"
        raise object_refusal("update", old, Issue("INVALID_OBJECT_INPUT", message))


def _apply(old: ObjectType, changes: dict[str, Any]) -> ObjectType:
    own = dict(changes)
    if not old.is_custom:
        labels = {name: own.pop(name) for name in OBJECT_OVERRIDES if name in own}
        if labels:
            own["overrides"] = with_overrides(old, labels)
    return replace(old, **own)


def _update_issues(draft: Draft, old: ObjectType, new: ObjectType, changes: dict[str, Any]) -> list[Issue]:
    code = "INVALID_OBJECT_INPUT"
    if "label_identifier_field_id" in changes:
        field_id = changes["label_identifier_field_id"]
        field = new.field_by_id.get(field_id) if field_id else None
        if field_id is None:
            return [Issue(code, "labelIdentifierFieldMetadataId cannot be null")]
        if field is None:
            return [Issue(code, "The label identifier is not a field of the object", value=str(field_id))]
        if field.type not in LABEL_IDENTIFIER_TYPES or not field.is_active:
            return [Issue(code, f"Field {field.name} cannot be the label identifier", value=str(field_id))]
    if "image_identifier_field_id" in changes and changes["image_identifier_field_id"] is not None:
        field_id = changes["image_identifier_field_id"]
        field = new.field_by_id.get(field_id)
        if field is None or field.type not in IMAGE_IDENTIFIER_TYPES:
            return [Issue(code, "The image identifier is not a fitting field of the object", value=str(field_id))]
    # What is said is looked at with its overrides; nothing that was there before is held against an update.
    resolved = replace(new, **{name: value for name, value in changes.items() if name in OBJECT_OVERRIDES})
    naming = {"name_singular", "name_plural", "label_singular", "label_plural", "is_label_synced_with_name"}
    return object_naming_issues(draft, resolved) if naming & changes.keys() else []


def _capitalised(label: str) -> str:
    return label[:1].upper() + label[1:]


def _or_none(value: Any) -> Any:
    return None if value is UNSET else value
