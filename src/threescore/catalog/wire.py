"""Objects and fields as both metadata APIs show them: the union of the keys of all versions of the wire."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

import msgspec

from threescore.model.objects import Field, Model, ObjectType
from threescore.model.overrides import resolved

Values = dict[str, Any]


def object_values(model: Model, object_type: ObjectType) -> Values:
    """The properties of an object itself, without its fields and indexes."""
    criteria = object_type.duplicate_criteria
    return {
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
        "duplicateCriteria": criteria and [list(columns) for columns in criteria],
        "workspaceId": str(model.workspace_id),
        "labelIdentifierFieldMetadataId": _text(object_type.label_identifier_field_id),
        "imageIdentifierFieldMetadataId": _text(object_type.image_identifier_field_id),
        "createdAt": iso(object_type.created_at),
        "updatedAt": iso(object_type.updated_at),
    }


def field_values(model: Model, field: Field) -> Values:
    """The properties of a field itself, without the other ends of its relation."""
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
        "options": field.options and [msgspec.to_builtins(option) for option in field.options],
        "settings": field.settings,
        "standardOverrides": field.overrides,
        "workspaceId": str(model.workspace_id),
        "objectMetadataId": str(field.object_id),
        "morphId": _text(field.morph_id),
        "createdAt": iso(field.created_at),
        "updatedAt": iso(field.updated_at),
    }


def application_id(workspace_id: UUID, is_custom: bool) -> str:
    """The id of what a thing came with: the standard model, or the workspace's own additions."""
    return str(uuid5(workspace_id, "custom" if is_custom else "standard"))


def iso(moment: datetime) -> str:
    """A moment as the wire shows it: in UTC, with milliseconds and `Z`."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z"


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
