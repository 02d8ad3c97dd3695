"""How a change of keys, members or roles comes into force."""

from uuid import UUID

from threescore.db.pool import Connection
from threescore.sql import quote_identifier


async def announce(connection: Connection, workspace_id: UUID) -> None:
    """Moves on the version of the access, which every data statement of every worker compares with its own."""
    schema = await connection.fetchval("SELECT schema FROM threescore.workspace WHERE id = $1", workspace_id)
    await connection.execute(f"UPDATE {quote_identifier(schema)}._state SET access = access + 1")
