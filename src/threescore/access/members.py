"""Members: people in a workspace. A person who is a member of several workspaces is one user."""

from uuid import UUID

from msgspec import Struct

from threescore.db.pool import Connection


class Member(Struct, frozen=True, kw_only=True):
    """A user in a workspace.

    `id` is that of the membership; `workspace_member_id` that of the record which stands for the person there.
    """

    id: UUID
    workspace_id: UUID
    user_id: UUID
    workspace_member_id: UUID
    name: str
    role_id: UUID


async def list_members(connection: Connection, workspace_id: UUID) -> list[Member]:
    """All members of a workspace, in the order in which they joined."""
    rows = await connection.fetch(
        "SELECT m.id, m.workspace_id, m.user_id, m.workspace_member_id, m.role_id,"
        " trim(u.first_name || ' ' || u.last_name) AS name"
        ' FROM threescore.membership m JOIN threescore."user" u ON u.id = m.user_id'
        " WHERE m.workspace_id = $1 ORDER BY m.created_at, m.id",
        workspace_id,
    )
    return [Member(**dict(row)) for row in rows]


class Person(Struct, frozen=True, kw_only=True):
    """How a member is shown to those who manage roles."""

    workspace_member_id: UUID
    first_name: str
    last_name: str
    email: str


async def list_people(connection: Connection, workspace_id: UUID, role_id: UUID) -> list[Person]:
    """The members who have a role, in the order in which they joined."""
    rows = await connection.fetch(
        "SELECT m.workspace_member_id, u.first_name, u.last_name, u.email"
        ' FROM threescore.membership m JOIN threescore."user" u ON u.id = m.user_id'
        " WHERE m.workspace_id = $1 AND m.role_id = $2 ORDER BY m.created_at, m.id",
        workspace_id,
        role_id,
    )
    return [Person(**dict(row)) for row in rows]
