"""When and for what each API key was last used: gathered in the worker, written now and then."""

import asyncio
import contextlib
import time
from datetime import UTC, datetime
from uuid import UUID

import structlog

from threescore.access.origin import Origin
from threescore.db.pool import Database
from threescore.errors import Unavailable

INTERVAL = 60.0
"""Seconds between two writes: a key's row is written by each worker at most this often."""

log = structlog.get_logger()


class Usage:
    """What a worker has seen of API keys and not written yet. It is approximate: what a crash loses stays lost."""

    def __init__(self, database: Database, interval: float = INTERVAL) -> None:
        self._database = database
        self._interval = interval
        self._seen: dict[UUID, tuple[Origin, float]] = {}
        self._task: asyncio.Task[None] | None = None

    def note(self, origin: Origin) -> None:
        """Remembers a request that was let in with an API key."""
        if origin.key is not None:
            self._seen[origin.key[1]] = (origin, time.time())

    def start(self) -> None:
        """Writes from now on, in the background."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Writes what is left."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._write()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._interval)
            await self._write()

    async def _write(self) -> None:
        seen, self._seen = self._seen, {}
        if not seen:
            return
        try:
            # No version moves on: nobody's rights depend on it. Another worker may have seen the key later.
            await self._database.execute(
                "UPDATE threescore.api_key k SET last_used_at = u.at, last_used_route = u.route"
                " FROM unnest($1::uuid[], $2::timestamptz[], $3::text[]) AS u(id, at, route)"
                " WHERE k.id = u.id AND (k.last_used_at IS NULL OR k.last_used_at < u.at)",
                list(seen),
                [datetime.fromtimestamp(at, UTC) for _, at in seen.values()],
                [_storable(origin.route) for origin, _ in seen.values()],
            )
        except (Unavailable, OSError) as error:
            log.warning("the last use of API keys could not be written", error=str(error))


def _storable(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
