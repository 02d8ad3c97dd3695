"""The link for the first person on a new server, who becomes its administrator.

It is shown where the server is started, and is good until somebody has followed it. Each start shows another one. What
is kept of it is a hash.
"""

from uuid import UUID

from threescore.access.invitations import new_secret, secret_hash
from threescore.db.pool import Connection, Database

_SETTING = "welcome"


async def new_welcome(database: Database) -> str | None:
    """A token for the first person; None when there is an administrator already."""
    token = new_secret()
    made = await database.fetchval(
        "INSERT INTO threescore.setting (name, value)"
        ' SELECT $1, $2 WHERE NOT EXISTS (SELECT FROM threescore."user" WHERE is_server_admin)'
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value RETURNING 1",
        _SETTING,
        secret_hash(token).hex(),
    )
    return token if made else None


async def is_welcome(database: Database, token: str) -> bool:
    """Whether a token is the one that was shown."""
    found = await database.fetchval(
        "SELECT 1 FROM threescore.setting WHERE name = $1 AND value = $2", _SETTING, secret_hash(token).hex()
    )
    return found is not None


async def take_welcome(connection: Connection, token: str) -> bool:
    """Uses the token up. False when somebody else has."""
    taken = await connection.fetchval(
        "DELETE FROM threescore.setting WHERE name = $1 AND value = $2 RETURNING 1", _SETTING, secret_hash(token).hex()
    )
    return taken is not None


async def first_workspace(connection: Connection) -> UUID | None:
    """The workspace that has been there for longest."""
    found: UUID | None = await connection.fetchval(
        "SELECT id FROM threescore.workspace ORDER BY created_at, id LIMIT 1"
    )
    return found
