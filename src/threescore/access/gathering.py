"""What a worker gathers in memory and writes now and then, by itself. What a crash loses stays lost."""

import asyncio
import contextlib
from abc import ABC, abstractmethod

import structlog

log = structlog.get_logger()


class Gathering(ABC):
    """Writes what was gathered every `interval` seconds in the background, and once more at the end."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @abstractmethod
    async def _write(self) -> None:
        """Takes what was gathered so far, and writes it."""

    def start(self) -> None:
        """Writes from now on, in the background."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Writes what is left."""
        self._stopping.set()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        stopped = False
        while not stopped:
            with contextlib.suppress(TimeoutError):
                stopped = await asyncio.wait_for(self._stopping.wait(), self._interval)
            try:
                # Never cut short by the stop: what a write has taken would be lost.
                await self._write()
            except Exception:
                # The next time may find the database at ease again.
                log.exception("what was gathered could not be written", of=type(self).__name__)
