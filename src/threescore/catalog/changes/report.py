"""Refusals of a model change, in the form of a validation report with one failing entity."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from msgspec import UNSET, UnsetType

from threescore.errors import ValidationReport
from threescore.model.fields.values import Json
from threescore.model.objects import Field, Index, ObjectType

Action = Literal["create", "update", "delete"]

MANY_ERRORS = "Many validation errors"


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is wrong. `user_message` is its wording for people, where that differs from `message`."""

    code: str
    message: str
    user_message: str | None = None
    value: Json | UnsetType = UNSET

    def as_json(self) -> dict[str, object]:
        """The issue as a report lists it."""
        item: dict[str, object] = {
            "code": self.code,
            "message": self.message,
            "userFriendlyMessage": self.user_message or self.message,
        }
        if self.value is not UNSET:
            item["value"] = self.value
        return item


def object_refusal(action: Action, object_type: ObjectType, *issues: Issue) -> ValidationReport:
    """The report that an object cannot be changed so."""
    doing = {"create": "creating", "update": "updating", "delete": "deleting"}[action]
    return _refusal(
        f"Multiple validation errors occurred while {doing} object",
        "objectMetadata",
        action,
        {
            "universalIdentifier": str(object_type.universal_identifier),
            "nameSingular": object_type.name_singular,
            "namePlural": object_type.name_plural,
        },
        issues,
    )


def field_refusal(action: Action, object_type: ObjectType, field: Field, *issues: Issue) -> ValidationReport:
    """The report that a field cannot be changed so."""
    doing = {"create": "creating fields", "update": "updating field", "delete": "deleting field"}[action]
    return _refusal(
        f"Multiple validation errors occurred while {doing}",
        "fieldMetadata",
        action,
        {
            "universalIdentifier": str(field.universal_identifier),
            "name": field.name,
            "objectMetadataUniversalIdentifier": str(object_type.universal_identifier),
        },
        issues,
    )


def early_field_refusal(*issues: Issue) -> ValidationReport:
    """The report that a field cannot be created, where what was sent does not even amount to a field."""
    return _refusal(
        "Multiple validation errors occurred while creating field", "fieldMetadata", "create", {"id": ""}, issues
    )


def unknown_field_refusal() -> ValidationReport:
    """The report that the field to update does not exist."""
    return _refusal(
        "Validation errors occurred while updating field",
        "fieldMetadata",
        "update",
        {"id": ""},
        (Issue("FIELD_METADATA_NOT_FOUND", "Field metadata to update not found"),),
    )


def index_refusal(doing: str, index: Index, *issues: Issue) -> ValidationReport:
    """The report that an index cannot be made; `doing` says what was going on: `creating fields`."""
    return _refusal(
        f"Multiple validation errors occurred while {doing}",
        "index",
        "create",
        {"universalIdentifier": str(index.universal_identifier), "name": index.name},
        issues,
    )


def role_refusal(action: Action, universal_identifier: UUID, label: str, *issues: Issue) -> ValidationReport:
    """The report that a role cannot be changed so."""
    doing = {"create": "creating", "update": "updating", "delete": "deleting"}[action]
    return _refusal(
        f"Multiple validation errors occurred while {doing} role",
        "role",
        action,
        {"universalIdentifier": str(universal_identifier), "label": label},
        issues,
    )


def _refusal(
    message: str, metadata_name: str, action: Action, entity: dict[str, object], issues: tuple[Issue, ...]
) -> ValidationReport:
    item: dict[str, object] = {
        "metadataName": metadata_name,
        "type": action,
        "status": "fail",
        "errors": [issue.as_json() for issue in issues],
        "flatEntityMinimalInformation": entity,
    }
    user_message = (issues[0].user_message or issues[0].message) if len(issues) == 1 else MANY_ERRORS
    return ValidationReport(message, {metadata_name: [item]}, user_message)
