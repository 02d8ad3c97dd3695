"""Roles: what a caller may do. Every workspace has one so far, which may do everything."""

from uuid import UUID, uuid5

from msgspec import Struct

_ADMIN = UUID("20202020-02c2-43f2-b94d-cab1f2b532eb")
"""What clients know the admin role by in every workspace."""


class Role(Struct, frozen=True, kw_only=True):
    """A role of a workspace."""

    id: UUID
    universal_identifier: UUID
    label: str
    description: str
    icon: str
    is_editable: bool
    can_be_assigned_to_users: bool
    can_be_assigned_to_agents: bool
    can_be_assigned_to_api_keys: bool
    can_update_all_settings: bool
    can_access_all_tools: bool
    can_read_all_object_records: bool
    can_update_all_object_records: bool
    can_soft_delete_all_object_records: bool
    can_destroy_all_object_records: bool


def admin_role(workspace_id: UUID) -> Role:
    """The role that may do everything. It cannot be changed."""
    return Role(
        id=uuid5(workspace_id, "role:admin"),
        universal_identifier=_ADMIN,
        label="Admin",
        description="Admin role",
        icon="IconUserCog",
        is_editable=False,
        can_be_assigned_to_users=True,
        can_be_assigned_to_agents=False,
        can_be_assigned_to_api_keys=True,
        can_update_all_settings=True,
        can_access_all_tools=True,
        can_read_all_object_records=True,
        can_update_all_object_records=True,
        can_soft_delete_all_object_records=True,
        can_destroy_all_object_records=True,
    )


def list_roles(workspace_id: UUID) -> tuple[Role, ...]:
    """All roles of a workspace."""
    return (admin_role(workspace_id),)


def role_of_key(workspace_id: UUID, key_id: UUID) -> Role:
    """The role of an API key, which is the admin role for all of them."""
    return admin_role(workspace_id)
