"""Objects and fields as the metadata API shows them over REST: the union of the keys of all versions of the wire."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

import msgspec

from threescore.model.objects import Field, Model, ObjectType
from threescore.model.overrides import resolved

MORPH_RELATION = "MORPH_RELATION"

Shape = dict[str, Any]


def object_shape(model: Model, object_type: ObjectType, *, with_fields: bool = True) -> Shape:
    """An object with all its fields. `model` must have the targets of its relations, unless `with_fields` is off."""
    shape: Shape = {
        "id": str(object_type.id),
        "universalIdentifier": str(object_type.universal_identifier),
        "applicationId": application_id(model.workspace_id, object_type.is_custom),
        "nameSingular": object_type.name_singular,
        "namePlural": object_type.name_plural,
        "labelSingular": resolved(object_type, "label_singular"),
        "labelPlural": resolved(object_type, "label_plural"),
        "description": resolved(object_type, "description"),
        "icon": resolved(object_type, "icon"),
        "shortcut": object_type.shortcut,
        "color": resolved(object_type, "color"),
        "isRemote": False,
        "isActive": object_type.is_active,
        "isSystem": object_type.is_system,
        "isCustom": object_type.is_custom,
        "isUIEditable": object_type.is_ui_editable,
        "isUICreatable": object_type.is_ui_creatable,
        "isUIReadOnly": not object_type.is_ui_editable,
        "isSearchable": object_type.is_searchable,
        "isAuditLogged": object_type.is_audit_logged,
        "isLabelSyncedWithName": object_type.is_label_synced_with_name,
        "openRecordIn": object_type.open_record_in,
        "readability": "OPEN",
        "writability": "OPEN",
        "standardOverrides": object_type.overrides,
        "duplicateCriteria": object_type.duplicate_criteria,
        "workspaceId": str(model.workspace_id),
        "labelIdentifierFieldMetadataId": _text(object_type.label_identifier_field_id),
        "imageIdentifierFieldMetadataId": _text(object_type.image_identifier_field_id),
        "createdAt": iso(object_type.created_at),
        "updatedAt": iso(object_type.updated_at),
    }
    if with_fields:
        shape["fields"] = [field_shape(model, field) for field in object_type.fields]
    return shape


def field_shape(model: Model, field: Field) -> Shape:
    """A field. A relation whose target `model` has shows both of its ends."""
    return {
        "id": str(field.id),
        "universalIdentifier": str(field.universal_identifier),
        "applicationId": application_id(model.workspace_id, field.is_custom),
        "type": field.type,
        "name": field.name,
        "label": resolved(field, "label"),
        "description": resolved(field, "description"),
        "icon": resolved(field, "icon"),
        "isActive": field.is_active,
        "isSystem": field.is_system,
        "isCustom": field.is_custom,
        "isUIEditable": field.is_ui_editable,
        "isUIReadOnly": not field.is_ui_editable,
        "isNullable": field.is_nullable,
        "isUnique": field.is_unique,
        "isSearchable": field.is_searchable,
        "isAuditLogged": field.is_audit_logged,
        "isLabelSyncedWithName": field.is_label_synced_with_name,
        "writability": "SYSTEM" if not field.kind.writable else "OPEN",
        "defaultValue": field.default_value,
        "options": None if field.options is None else msgspec.to_builtins(field.options),
        "settings": field.settings,
        "standardOverrides": field.overrides,
        "workspaceId": str(model.workspace_id),
        "objectMetadataId": str(field.object_id),
        "morphId": _text(field.morph_id),
        "createdAt": iso(field.created_at),
        "updatedAt": iso(field.updated_at),
        "relation": None if field.type == MORPH_RELATION else _relation(model, field),
        "morphRelations": _morph_relations(model, field),
    }


def application_id(workspace_id: UUID, is_custom: bool) -> str:
    """The id of what a thing came with: the standard model, or the workspace's own additions."""
    return str(uuid5(workspace_id, "custom" if is_custom else "standard"))


def iso(moment: datetime) -> str:
    """A moment as the wire shows it: in UTC, with milliseconds and `Z`."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z"


def _relation(model: Model, field: Field) -> Shape | None:
    if field.target_object_id not in model.by_id or field.target_field_id not in model.field_by_id:
        return None
    return {
        "type": field.relation_type,
        "sourceObjectMetadata": _end(model.by_id[field.object_id]),
        "targetObjectMetadata": _end(model.target(field)),
        "sourceFieldMetadata": {"id": str(field.id), "name": field.name},
        "targetFieldMetadata": {"id": str(field.target_field_id), "name": model.inverse(field).name},
    }


def _morph_relations(model: Model, field: Field) -> list[Shape] | None:
    if field.morph_id is None or field.object_id not in model.by_id:
        return None
    branches = (f for f in model.owner(field).fields if f.morph_id == field.morph_id)
    return [relation for branch in branches if (relation := _relation(model, branch))]


def _end(object_type: ObjectType) -> Shape:
    return {
        "id": str(object_type.id),
        "nameSingular": object_type.name_singular,
        "namePlural": object_type.name_plural,
    }


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
