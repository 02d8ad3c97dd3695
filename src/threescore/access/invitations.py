"""Invitations to a workspace, by mail: a row each, with a token that only the mail knows."""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from msgspec import Struct

from threescore.db.pool import Connection, Database, Record

LIFE = timedelta(days=14)


class Invitation(Struct, frozen=True, kw_only=True):
    """Somebody who may become a member of a workspace. Without a role, it will be the default one."""

    id: UUID
    workspace_id: UUID
    email: str
    role_id: UUID | None
    expires_at: datetime


_COLUMNS = "id, workspace_id, email, role_id, expires_at"


def new_secret() -> str:
    """Something to put into a mail or a link, that nobody guesses."""
    return secrets.token_urlsafe(32)


def secret_hash(secret: str) -> bytes:
    """What is kept of it."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


async def invite(connection: Connection, workspace_id: UUID, email: str, role_id: UUID | None) -> Invitation:
    """Invites somebody, anew if they were before. No token opens it until its mail is sent (`renew_token`)."""
    row = await connection.fetchrow(
        "INSERT INTO threescore.invitation (id, workspace_id, email, role_id, token_hash, expires_at)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (workspace_id, email) DO UPDATE SET"
        " role_id = excluded.role_id, token_hash = excluded.token_hash, expires_at = excluded.expires_at"
        f" RETURNING {_COLUMNS}",
        uuid4(),
        workspace_id,
        email,
        role_id,
        secret_hash(new_secret()),
        datetime.now(UTC) + LIFE,
    )
    invitation = _invitation(row)
    assert invitation is not None
    return invitation


async def renew_token(connection: Connection, invitation_id: UUID) -> tuple[Invitation, str] | None:
    """An invitation with a new token for its mail: only the last mail counts. None when it is over or taken back."""
    token = new_secret()
    invitation = _invitation(
        await connection.fetchrow(
            "UPDATE threescore.invitation SET token_hash = $2 WHERE id = $1 AND expires_at > now()"
            f" RETURNING {_COLUMNS}",
            invitation_id,
            secret_hash(token),
        )
    )
    return None if invitation is None else (invitation, token)


async def list_invitations(connection: Connection, workspace_id: UUID) -> list[Invitation]:
    """The invitations of a workspace that nobody has followed yet, over or not."""
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM threescore.invitation WHERE workspace_id = $1 ORDER BY created_at, id", workspace_id
    )
    return [Invitation(**dict(row)) for row in rows]


async def find_invitation(database: Database | Connection, token: str) -> Invitation | None:
    """The invitation that a token of a mail belongs to, unless it is over."""
    return _invitation(
        await database.fetchrow(
            f"SELECT {_COLUMNS} FROM threescore.invitation WHERE token_hash = $1 AND expires_at > now()",
            secret_hash(token),
        )
    )


async def take_invitation(connection: Connection, invitation_id: UUID) -> bool:
    """Uses an invitation up. False when somebody else has."""
    taken = await connection.fetchval("DELETE FROM threescore.invitation WHERE id = $1 RETURNING 1", invitation_id)
    return taken is not None


async def withdraw(connection: Connection, workspace_id: UUID, invitation_id: UUID) -> Invitation | None:
    """Takes an invitation back. None when the workspace has no such one."""
    return _invitation(
        await connection.fetchrow(
            f"DELETE FROM threescore.invitation WHERE id = $1 AND workspace_id = $2 RETURNING {_COLUMNS}",
            invitation_id,
            workspace_id,
        )
    )


def _invitation(row: Record | None) -> Invitation | None:
    return None if row is None else Invitation(**dict(row))
