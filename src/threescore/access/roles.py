"""Roles: what a caller may do in a workspace. Values, and how they are read from the catalog.

Every workspace has two from the start: Admin, which may do everything and cannot be changed, and Member, which may
do everything with records and nothing with settings.
"""

from typing import Any
from uuid import UUID, uuid5

import msgspec
from msgspec import Struct

from threescore.access.flags import TOOLS
from threescore.db.pool import Connection

ADMIN = UUID("20202020-02c2-43f2-b94d-cab1f2b532eb")
MEMBER = UUID("20202020-3f2d-4b5e-9c84-6b1d0a8e7c51")
"""What clients know these roles by in every workspace: their `universalIdentifier`."""


class ObjectRights(Struct, frozen=True, kw_only=True):
    """What a role says about the records of one object; None leaves it to what it says about all objects."""

    object_id: UUID
    can_read: bool | None = None
    can_update: bool | None = None
    can_soft_delete: bool | None = None
    can_destroy: bool | None = None


class FieldRights(Struct, frozen=True, kw_only=True):
    """What a role says about one field. Only False takes a right away; None leaves it to the object."""

    object_id: UUID
    field_id: UUID
    can_read: bool | None = None
    can_update: bool | None = None


class RowRule(Struct, frozen=True, kw_only=True):
    """The filter that records of an object must pass to exist for a role, in the language of the APIs' filters."""

    object_id: UUID
    filter: dict[str, Any]


class Role(Struct, frozen=True, dict=True, kw_only=True):
    """A role of a workspace."""

    id: UUID
    universal_identifier: UUID
    label: str
    description: str | None = None
    icon: str | None = None
    is_editable: bool = True
    can_be_assigned_to_users: bool = True
    can_be_assigned_to_agents: bool = False
    can_be_assigned_to_api_keys: bool = True
    can_update_all_settings: bool = False
    can_access_all_tools: bool = False
    can_read_all_object_records: bool = False
    can_update_all_object_records: bool = False
    can_soft_delete_all_object_records: bool = False
    can_destroy_all_object_records: bool = False
    flags: tuple[str, ...] = ()
    object_rights: tuple[ObjectRights, ...] = ()
    field_rights: tuple[FieldRights, ...] = ()
    row_rules: tuple[RowRule, ...] = ()

    def allows(self, flag: str) -> bool:
        """Whether the role holds a permission flag, by itself or with all others of its kind."""
        return flag in self.flags or (self.can_access_all_tools if flag in TOOLS else self.can_update_all_settings)


def admin_role(workspace_id: UUID) -> Role:
    """The role that may do everything, as a new workspace gets it."""
    return Role(
        id=uuid5(workspace_id, "role:admin"),
        universal_identifier=ADMIN,
        label="Admin",
        description="Admin role",
        icon="IconUserCog",
        is_editable=False,
        can_update_all_settings=True,
        can_access_all_tools=True,
        can_read_all_object_records=True,
        can_update_all_object_records=True,
        can_soft_delete_all_object_records=True,
        can_destroy_all_object_records=True,
    )


def member_role(workspace_id: UUID) -> Role:
    """The role of people who work with all records and change no settings, as a new workspace gets it."""
    return Role(
        id=uuid5(workspace_id, "role:member"),
        universal_identifier=MEMBER,
        label="Member",
        description="Member role",
        icon="IconUser",
        can_be_assigned_to_api_keys=False,
        can_access_all_tools=True,
        can_read_all_object_records=True,
        can_update_all_object_records=True,
        can_soft_delete_all_object_records=True,
        can_destroy_all_object_records=True,
    )


COLUMNS = (
    "id",
    "universal_identifier",
    "label",
    "description",
    "icon",
    "is_editable",
    "can_be_assigned_to_users",
    "can_be_assigned_to_agents",
    "can_be_assigned_to_api_keys",
    "can_update_all_settings",
    "can_access_all_tools",
    "can_read_all_object_records",
    "can_update_all_object_records",
    "can_soft_delete_all_object_records",
    "can_destroy_all_object_records",
)

_LOAD = f"""
SELECT coalesce(json_agg(row_to_json(r)), '[]')
FROM (
    SELECT
        {", ".join(COLUMNS)},
        (
            SELECT coalesce(json_agg(f.flag ORDER BY f.flag), '[]')
            FROM threescore.role_flag AS f WHERE f.role_id = r.id
        ) AS flags,
        (
            SELECT coalesce(json_agg(row_to_json(o) ORDER BY o.object_id), '[]')
            FROM threescore.role_object AS o WHERE o.role_id = r.id
        ) AS object_rights,
        (
            SELECT coalesce(json_agg(row_to_json(f) ORDER BY f.object_id, f.field_id), '[]')
            FROM threescore.role_field AS f WHERE f.role_id = r.id
        ) AS field_rights,
        (
            SELECT coalesce(json_agg(row_to_json(w) ORDER BY w.object_id), '[]')
            FROM threescore.role_row AS w WHERE w.role_id = r.id
        ) AS row_rules
    FROM threescore.role AS r
    WHERE r.workspace_id = $1
    ORDER BY r.created_at, r.id
) AS r
"""

_decoder = msgspec.json.Decoder(list[Role])


async def list_roles(connection: Connection, workspace_id: UUID) -> list[Role]:
    """All roles of a workspace, in the order of creation."""
    return _decoder.decode(await connection.fetchval(_LOAD, workspace_id))


async def insert_role(connection: Connection, workspace_id: UUID, role: Role) -> None:
    """Inserts a role without rights of its own about objects, fields and rows."""
    places = ", ".join(f"${place}" for place in range(2, len(COLUMNS) + 2))
    await connection.execute(
        f"INSERT INTO threescore.role (workspace_id, {', '.join(COLUMNS)}) VALUES ($1, {places})",
        workspace_id,
        *(getattr(role, column) for column in COLUMNS),
    )
