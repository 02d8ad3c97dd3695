"""Sessions in the database: one row for each sign-in, whatever tokens come of it."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from msgspec import Struct

from threescore.access.announce import announce
from threescore.access.members import Member
from threescore.access.person_tokens import LONGEST_UNCHECKED, REFRESH_LIFE, Session
from threescore.access.users import User
from threescore.db.pool import Connection, Database
from threescore.errors import Conflict


class Renewed(Struct, frozen=True):
    """What comes of an attempt to renew a session: its new refresh token, or that the old one was used before."""

    refresh_id: UUID | None
    expires_at: datetime


async def open_session(
    connection: Connection, user: User, member: Member | None, session_id: UUID | None = None
) -> Session:
    """Begins a session, and forgets those of the user that are long over. Raises Conflict for an id that is taken."""
    await connection.execute(
        "DELETE FROM threescore.session WHERE user_id = $1"
        " AND (expires_at < now() OR revoked_at < now() - interval '1 day')",
        user.id,
    )
    now = datetime.now(UTC)
    session = Session(session_id or uuid4(), user, member, uuid4(), (now + REFRESH_LIFE).replace(microsecond=0))
    begun = await connection.fetchval(
        "INSERT INTO threescore.session (id, user_id, membership_id, refresh_id, expires_at)"
        " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING RETURNING 1",
        session.id,
        user.id,
        None if member is None else member.id,
        session.refresh_id,
        session.expires_at,
    )
    if begun is None:
        raise Conflict("This session has begun already")
    return session


async def rotate(connection: Connection, session_id: UUID, user_id: UUID, refresh_id: UUID) -> Renewed | None:
    """Exchanges the refresh token of a session for a new one. None when the session is over."""
    row = await connection.fetchrow(
        "SELECT refresh_id, expires_at FROM threescore.session"
        " WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL AND expires_at > now() FOR UPDATE",
        session_id,
        user_id,
    )
    if row is None:
        return None
    expires_at = (datetime.now(UTC) + REFRESH_LIFE).replace(microsecond=0)
    if row["refresh_id"] != refresh_id:
        return Renewed(None, expires_at)
    following = uuid4()
    await connection.execute(
        "UPDATE threescore.session SET refresh_id = $2, expires_at = $3 WHERE id = $1",
        session_id,
        following,
        expires_at,
    )
    return Renewed(following, expires_at)


async def end_session(connection: Connection, session_id: UUID, user_id: UUID) -> None:
    """Ends a session: none of its tokens opens anything from now on, on any worker."""
    ended = await connection.fetchrow(
        "UPDATE threescore.session s SET revoked_at = now()"
        " WHERE s.id = $1 AND s.user_id = $2 AND s.revoked_at IS NULL RETURNING (SELECT m.workspace_id"
        " FROM threescore.membership m WHERE m.id = s.membership_id) AS workspace_id",
        session_id,
        user_id,
    )
    if ended is not None and ended["workspace_id"] is not None:
        await announce(connection, ended["workspace_id"])


async def end_all_sessions(connection: Connection, user_id: UUID) -> int:
    """Ends all sessions of a user and all tokens that are not sessions yet. Returns the new generation."""
    await connection.execute("DELETE FROM threescore.session WHERE user_id = $1", user_id)
    generation: int = await connection.fetchval(
        'UPDATE threescore."user" SET generation = generation + 1, updated_at = now() WHERE id = $1'
        " RETURNING generation",
        user_id,
    )
    workspaces = await connection.fetch(
        "SELECT workspace_id FROM threescore.membership WHERE user_id = $1 ORDER BY workspace_id", user_id
    )
    for row in workspaces:
        await announce(connection, row["workspace_id"])
    return generation


async def is_open(database: Database, session_id: UUID) -> bool:
    """Whether a session goes on."""
    found = await database.fetchval(
        "SELECT 1 FROM threescore.session WHERE id = $1 AND revoked_at IS NULL AND expires_at > now()", session_id
    )
    return found is not None


async def list_ended(connection: Connection, workspace_id: UUID) -> frozenset[UUID]:
    """The sessions in a workspace that ended so lately that tokens of theirs may not be over yet."""
    rows = await connection.fetch(
        "SELECT s.id FROM threescore.session s JOIN threescore.membership m ON m.id = s.membership_id"
        " WHERE m.workspace_id = $1 AND s.revoked_at > now() - $2::interval - interval '5 minutes'",
        workspace_id,
        LONGEST_UNCHECKED,
    )
    return frozenset(row["id"] for row in rows)
