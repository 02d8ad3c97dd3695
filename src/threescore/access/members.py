"""Members: people in a workspace. A person who is a member of several workspaces is one user."""

from uuid import UUID

from msgspec import Struct

from threescore.db.pool import Connection, Database, Record


class Member(Struct, frozen=True, kw_only=True):
    """A user in a workspace.

    `id` is that of the membership; `workspace_member_id` that of the record which stands for the person there.
    `generation` is that of the user's tokens which are good.
    """

    id: UUID
    workspace_id: UUID
    user_id: UUID
    workspace_member_id: UUID
    name: str
    role_id: UUID
    email: str = ""
    generation: int = 0


_SELECT = (
    "SELECT m.id, m.workspace_id, m.user_id, m.workspace_member_id, m.role_id, u.email, u.generation,"
    " trim(coalesce(m.first_name, u.first_name) || ' ' || coalesce(m.last_name, u.last_name)) AS name"
    ' FROM threescore.membership m JOIN threescore."user" u ON u.id = m.user_id'
)


async def list_members(connection: Connection, workspace_id: UUID) -> list[Member]:
    """All members of a workspace, in the order in which they joined."""
    rows = await connection.fetch(f"{_SELECT} WHERE m.workspace_id = $1 ORDER BY m.created_at, m.id", workspace_id)
    return [_member(row) for row in rows]


async def memberships_of(database: Database | Connection, user_id: UUID) -> list[Member]:
    """A user as a member of each workspace, in the order in which they joined."""
    rows = await database.fetch(f"{_SELECT} WHERE m.user_id = $1 ORDER BY m.created_at, m.id", user_id)
    return [_member(row) for row in rows]


async def find_member(database: Database | Connection, workspace_id: UUID, user_id: UUID) -> Member | None:
    """A user as a member of a workspace, or None."""
    row = await database.fetchrow(f"{_SELECT} WHERE m.workspace_id = $1 AND m.user_id = $2", workspace_id, user_id)
    return None if row is None else _member(row)


def _member(row: Record) -> Member:
    return Member(**dict(row))


class Person(Struct, frozen=True, kw_only=True):
    """How a member is shown to those who manage roles."""

    workspace_member_id: UUID
    first_name: str
    last_name: str
    email: str


async def list_people(connection: Connection, workspace_id: UUID, role_id: UUID) -> list[Person]:
    """The members who have a role, in the order in which they joined."""
    rows = await connection.fetch(
        "SELECT m.workspace_member_id, u.email,"
        " coalesce(m.first_name, u.first_name) AS first_name, coalesce(m.last_name, u.last_name) AS last_name"
        ' FROM threescore.membership m JOIN threescore."user" u ON u.id = m.user_id'
        " WHERE m.workspace_id = $1 AND m.role_id = $2 ORDER BY m.created_at, m.id",
        workspace_id,
        role_id,
    )
    return [Person(**dict(row)) for row in rows]
