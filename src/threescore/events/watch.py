"""Tells those who wait that something was committed to the event log of a workspace.

One task for each workspace that somebody waits for asks PostgreSQL every few hundredths of a second, however many wait.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import structlog

from threescore.db.pool import Database
from threescore.errors import Unavailable
from threescore.events import log
from threescore.sql import quote_identifier

INTERVAL = 0.05
"""Seconds between two looks at a log."""

_PATIENCE = 1.0
"""Seconds until the next look where the database did not answer."""

_logger = structlog.get_logger()


class Tail:
    """The end of one workspace's log. `generation` goes up whenever something was committed."""

    def __init__(self) -> None:
        self.generation = 0
        self.listeners = 0
        self._news = asyncio.Event()

    async def news(self, seen: int, seconds: float) -> float:
        """Returns when something was committed since the generation `seen`, or after `seconds`; how long that took."""
        if self.generation != seen:
            return 0.0
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(max(seconds, 0)):
                await self._news.wait()
        except TimeoutError:
            return max(seconds, 0.0)
        return min(loop.time() - began, seconds)

    def ring(self) -> None:
        """Wakes all who wait."""
        self.generation += 1
        self._news.set()
        self._news = asyncio.Event()


class Watch:
    """The ends of the logs that somebody waits for."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tails: dict[str, tuple[Tail, asyncio.Task[None]]] = {}
        self.stopping = False

    def stop(self) -> None:
        """Sends everybody who waits away: the process is about to end."""
        self.stopping = True
        for tail, _ in self._tails.values():
            tail.ring()

    @asynccontextmanager
    async def of(self, schema: str) -> AsyncIterator[Tail]:
        """The end of the log in a workspace's schema, watched while inside."""
        if schema not in self._tails:
            tail = Tail()
            self._tails[schema] = tail, asyncio.create_task(self._look(schema, tail))
        tail, task = self._tails[schema]
        tail.listeners += 1
        try:
            yield tail
        finally:
            tail.listeners -= 1
            if not tail.listeners:
                del self._tails[schema]
                task.cancel()

    async def _look(self, schema: str, tail: Tail) -> None:
        events = f"{quote_identifier(schema)}._event"
        seen: str | None = None
        while True:
            pause = INTERVAL
            try:
                if seen is None:
                    # What was committed before this first look, somebody may have missed.
                    seen = await self._database.fetchval("SELECT pg_current_snapshot()::text")
                    tail.ring()
                else:
                    row = await self._database.fetchrow(
                        "SELECT pg_current_snapshot()::text AS now,"
                        f" {log.first_unread(events, '$1::text::pg_snapshot')} AS first",
                        seen,
                    )
                    if row is not None and row["first"] is not None:
                        seen = row["now"]
                        tail.ring()
            except (Unavailable, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                _logger.warning("the event log cannot be watched", schema=schema, error=str(error))
                pause, seen = _PATIENCE, None
            await asyncio.sleep(pause)
