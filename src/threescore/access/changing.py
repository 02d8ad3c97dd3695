"""Changes of keys, members and roles: one after another in a workspace, in force for every worker with the commit."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg

from threescore.access.announce import announce
from threescore.access.grants import exceeds
from threescore.access.roles import Role
from threescore.catalog.state import read_state
from threescore.db.pool import Connection, Database
from threescore.errors import Forbidden, NotFound, Unavailable
from threescore.records.caller import NO_PERMISSION, Caller

QUEUE_TIMEOUT = "60s"
"""How long a change waits for its turn behind other changes of the same workspace, of its data model too."""


@asynccontextmanager
async def changing(database: Database, caller: Caller) -> AsyncIterator[tuple[Connection, Caller]]:
    """A transaction in which nobody else changes the access of the workspace, and the caller as it is by then.

    It begins with the same lock as a change of the data model: what a change looks at does not move under it. Raises
    AccessRefused when the caller is no longer let in, Unavailable when others do not finish.
    """
    workspace_id = caller.state.model.workspace_id
    try:
        async with database.transaction() as connection:
            await connection.execute(f"SET LOCAL lock_timeout = '{QUEUE_TIMEOUT}'")
            await connection.fetchval(
                "SELECT 1 FROM threescore.workspace WHERE id = $1 FOR NO KEY UPDATE", workspace_id
            )
            present = caller.renewed(await read_state(connection, workspace_id, caller.state))
            yield connection, present
            await announce(connection, workspace_id)
    except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError) as error:
        raise Unavailable("Others are changing the workspace; try again") from error


def existing_role(caller: Caller, role_id: UUID) -> Role:
    """A role of the caller's workspace. Raises NotFound."""
    role = caller.state.roles.get(role_id)
    if role is None:
        raise NotFound("Could not find role for given roleId", code="ROLE_NOT_FOUND")
    return role


def check_grant(caller: Caller, role: Role) -> None:
    """Raises Forbidden when a role allows what the caller's own does not: nobody hands out more than they have."""
    excess = exceeds(role, caller.role, caller.state.model)
    if excess is not None:
        raise Forbidden(
            f'{NO_PERMISSION}: the role "{role.label}" allows {excess}, which your own does not',
            code="PERMISSION_DENIED",
        )
