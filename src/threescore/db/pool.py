"""Connections to PostgreSQL, pooled.

asyncpg's own pool resets a connection with four statements each time it is given back. Nothing here ever leaves
session state behind, so this pool does without, which is worth a sixth of the throughput of small reads. Whoever is
cancelled may leave anything behind: that connection is closed.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any, TypeAlias

import asyncpg

from threescore.errors import Unavailable

Connection: TypeAlias = asyncpg.Connection
Record: TypeAlias = asyncpg.Record

_SERVER_SETTINGS = {"application_name": "threescore", "TimeZone": "UTC", "jit": "off"}
_STATEMENTS_PER_CONNECTION = 300
_STATEMENT_LENGTH = 256 * 1024
"""Statements up to this length stay prepared. A record with all its relations takes some 20,000 characters, which is
more than asyncpg keeps by itself."""

CONFUSING_ERRORS = (asyncpg.InterfaceError, OverflowError, TypeError)
"""What asyncpg raises for arguments that it cannot encode. It has told the server half of a statement by then, so
the connection is of no further use."""

CLOSING_SECONDS = 5
"""How long the server may take to stop a statement whose user was cancelled, before its connection is cut."""

COLLISIONS = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
"""What ends a transaction that looks at one snapshot when others have changed the same rows."""


class Collided(Exception):
    """A transaction met others that changed the same rows. Nothing was written; begin it again as a whole."""


def _identity(value: bytes) -> bytes:
    return value


async def _open(url: str, settings: Mapping[str, str]) -> Connection:
    connection = await asyncpg.connect(
        url,
        server_settings={**_SERVER_SETTINGS, **settings},
        statement_cache_size=_STATEMENTS_PER_CONNECTION,
        max_cacheable_statement_size=_STATEMENT_LENGTH,
    )
    # JSON stays bytes: what PostgreSQL built is passed on, what we send was encoded once.
    await connection.set_type_codec("json", schema="pg_catalog", encoder=_identity, decoder=_identity, format="binary")
    return connection


class Database:
    """A pool of at most `size` connections, opened as they are needed, last used first.

    `settings` are settings of PostgreSQL's for its connections, beyond those of all.
    """

    def __init__(self, url: str, size: int = 10, settings: Mapping[str, str] = MappingProxyType({})) -> None:
        self._url = url
        self._size = size
        self._settings = settings
        self._idle: list[Connection] = []
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._open = 0
        self._closed = False
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def size(self) -> int:
        """How many connections there are at most."""
        return self._size

    @classmethod
    async def connect(cls, url: str, size: int = 10, settings: Mapping[str, str] = MappingProxyType({})) -> "Database":
        """Opens the pool and proves that the database answers.

        Raises Unavailable when it does not.
        """
        database = cls(url, size, settings)
        await database.fetchval("SELECT 1")
        return database

    async def close(self) -> None:
        """Closes the idle connections; those in use close when they are given back."""
        self._closed = True
        while self._idle:
            self._open -= 1
            await self._idle.pop().close()
        if self._closing:
            await asyncio.wait(self._closing)

    async def _take(self) -> Connection:
        while True:
            while self._idle:
                connection = self._idle.pop()
                if not connection.is_closed():
                    return connection
                self._open -= 1
            if self._open < self._size:
                self._open += 1
                try:
                    return await _open(self._url, self._settings)
                except BaseException as error:
                    self._open -= 1
                    self._wake()
                    if isinstance(error, OSError | asyncpg.CannotConnectNowError | asyncpg.TooManyConnectionsError):
                        raise Unavailable("The database does not answer") from error
                    raise
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._wake()
                raise

    def _give(self, connection: Connection) -> None:
        if self._closed and not connection.is_closed():
            connection.terminate()
        if connection.is_closed():
            self._open -= 1
        else:
            self._idle.append(connection)
        self._wake()

    def _give_after(self, connection: Connection, error: BaseException) -> None:
        """Gives a connection back whose use ended in an error, unless it is one that nobody else may go on with."""
        if isinstance(error, asyncio.CancelledError) and not connection.is_closed():
            # The server may still run the statement. Were it a BEGIN, whatever the next user writes would be undone.
            closing = asyncio.create_task(self._close(connection))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
            return
        if isinstance(error, CONFUSING_ERRORS):
            connection.terminate()
        self._give(connection)

    async def _close(self, connection: Connection) -> None:
        """Closes a connection once the server has stopped what it was doing for it."""
        try:
            with contextlib.suppress(OSError, asyncpg.PostgresError):
                await connection.close(timeout=CLOSING_SECONDS)
        finally:
            self._give(connection)

    def _wake(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        """A connection for several statements."""
        connection = await self._take()
        try:
            yield connection
        except BaseException as error:
            self._give_after(connection, error)
            raise
        self._give(connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A connection inside a transaction: committed at the end, rolled back on any exception."""
        async with self.acquire() as connection, connection.transaction():
            yield connection

    async def fetchrow(self, sql: str, *arguments: Any) -> Record | None:
        """The first row of a statement, or None."""
        connection = await self._take()
        try:
            row: Record | None = await connection.fetchrow(sql, *arguments)
        except BaseException as error:
            self._give_after(connection, error)
            raise
        self._give(connection)
        return row

    async def fetch(self, sql: str, *arguments: Any) -> list[Record]:
        """All rows of a statement."""
        async with self.acquire() as connection:
            rows: list[Record] = await connection.fetch(sql, *arguments)
            return rows

    async def fetchval(self, sql: str, *arguments: Any) -> Any:
        """The first column of the first row, or None."""
        row = await self.fetchrow(sql, *arguments)
        return None if row is None else row[0]

    async def execute(self, sql: str, *arguments: Any) -> None:
        """Runs a statement whose rows do not matter."""
        async with self.acquire() as connection:
            await connection.execute(sql, *arguments)


class Joined(Database):
    """A transaction under way in the shape of a pool, so that whatever works with a pool can be made part of it.

    Each use is a savepoint, one after another: what the database refuses is undone alone. Whoever began the
    transaction ends it. With a `snapshot` the transaction is REPEATABLE READ, and collisions raise Collided.
    """

    def __init__(self, connection: Connection, *, snapshot: bool = False) -> None:
        super().__init__("", 1)
        self._connection = connection
        self._snapshot = snapshot
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        """The connection of the transaction, within a savepoint."""
        connection = self._connection
        async with self._turn:
            savepoint = connection.transaction()
            await savepoint.start()
            try:
                yield connection
            except CONFUSING_ERRORS:
                connection.terminate()
                raise
            except BaseException as error:
                if not connection.is_closed():
                    await savepoint.rollback()
                if self._snapshot and isinstance(error, COLLISIONS):
                    raise Collided from error
                raise
            await savepoint.commit()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """The same: what is done here is kept when the whole transaction is."""
        async with self.acquire() as connection:
            yield connection

    async def fetchrow(self, sql: str, *arguments: Any) -> Record | None:
        """The first row of a statement, or None."""
        async with self.acquire() as connection:
            row: Record | None = await connection.fetchrow(sql, *arguments)
            return row

    async def close(self) -> None:
        """Nothing: the connection belongs to whoever began the transaction."""
