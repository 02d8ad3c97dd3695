"""Roles as all doors show them."""

from typing import Any
from uuid import uuid5

from threescore.access.role_inputs import FIELD_RIGHTS, OBJECT_RIGHTS, SWITCHES
from threescore.access.roles import Role

Values = dict[str, Any]


def role_values(role: Role) -> Values:
    """What can be told of a role from the role alone."""
    return {
        "id": str(role.id),
        "universalIdentifier": str(role.universal_identifier),
        "label": role.label,
        "description": role.description,
        "icon": role.icon,
        "isEditable": role.is_editable,
        **{name: getattr(role, attribute) for name, attribute in SWITCHES.items()},
        "permissionFlags": [
            {"id": str(uuid5(role.id, flag)), "roleId": str(role.id), "flag": flag} for flag in role.flags
        ],
        "objectPermissions": [
            {
                "roleId": str(role.id),
                "objectMetadataId": str(rights.object_id),
                **{name: getattr(rights, attribute) for name, attribute in OBJECT_RIGHTS.items()},
            }
            for rights in role.object_rights
        ],
        "fieldPermissions": [
            {
                "id": str(uuid5(role.id, str(rights.field_id))),
                "roleId": str(role.id),
                "objectMetadataId": str(rights.object_id),
                "fieldMetadataId": str(rights.field_id),
                **{name: getattr(rights, attribute) for name, attribute in FIELD_RIGHTS.items()},
            }
            for rights in role.field_rights
        ],
    }
