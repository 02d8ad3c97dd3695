"""How a process that writes tells those that only deliver: with PostgreSQL's NOTIFY, after the commit.

Not in the transaction that writes, which would take a lock of the whole database cluster at each commit. A notice may
be lost with the process that owes it; whoever delivers looks by itself, too, only less often.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from threescore.db.pool import Connection, Database
from threescore.errors import Unavailable

CHANNEL = "threescore_events"

GATHERING = 0.005
"""How long a notice waits for others, in seconds."""

ALIVE_SECONDS = 30.0
"""How often it is made sure that a connection that only listens is still one."""

ANSWER_SECONDS = 5.0

_PATIENCE = 1.0
"""Seconds until the next try where the database does not answer."""

_FAULTS = (Unavailable, OSError, asyncpg.PostgresError, asyncpg.InterfaceError)

_logger = structlog.get_logger()


class Bell:
    """Tells that workspaces were written to; those without webhooks are passed over."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._due: set[UUID] = set()
        self._ringing: asyncio.Task[None] | None = None

    def ring(self, workspace_id: UUID) -> None:
        """Says that a workspace has something new, which is committed. Returns at once."""
        self._due.add(workspace_id)
        if self._ringing is None:
            self._ringing = asyncio.create_task(self._ring())

    async def _ring(self) -> None:
        try:
            while self._due:
                await asyncio.sleep(GATHERING)
                due, self._due = self._due, set()
                await self._database.execute(
                    f"SELECT pg_notify('{CHANNEL}', h.workspace_id::text) FROM threescore.webhook_workspace h"
                    " WHERE h.workspace_id = ANY($1::uuid[])",
                    list(due),
                )
        except _FAULTS as error:
            _logger.warning("those who deliver webhooks cannot be told", error=str(error))
        finally:
            self._ringing = None


@asynccontextmanager
async def listening(
    database: Database, heard: Callable[[UUID], None], connected: Callable[[bool], None]
) -> AsyncIterator[None]:
    """Calls `heard` with each workspace that a `Bell` tells of, while the block runs, on a connection of its own.

    `connected` is told when notices begin to come and when they do so no more; meanwhile some may have been missed.
    """
    task = asyncio.create_task(_listen(database, heard, connected))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _listen(database: Database, heard: Callable[[UUID], None], connected: Callable[[bool], None]) -> None:
    def hear(_connection: Any, _pid: int, _channel: str, payload: object) -> None:
        # Anybody with the database may send notices.
        with contextlib.suppress(ValueError):
            heard(UUID(str(payload)))

    while True:
        try:
            async with database.acquire() as connection:
                try:
                    await connection.add_listener(CHANNEL, hear)
                    connected(True)
                    await _end(connection)
                finally:
                    connection.terminate()
        except (*_FAULTS, TimeoutError) as error:
            _logger.warning("no notices of new events", error=str(error))
        connected(False)
        await asyncio.sleep(_PATIENCE)


async def _end(connection: Connection) -> None:
    """Returns when a connection has ended. Raises TimeoutError where nobody answers there."""
    ended = asyncio.Event()
    connection.add_termination_listener(lambda _connection: ended.set())
    while not ended.is_set() and not connection.is_closed():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ALIVE_SECONDS):
                await ended.wait()
        if not ended.is_set():
            await connection.fetchval("SELECT 1", timeout=ANSWER_SECONDS)
