"""The pool: what one user of a connection leaves behind never reaches the next one."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine

import asyncpg
import pytest

from threescore.db.pool import Database

pytestmark = pytest.mark.anyio


@pytest.fixture
async def one(database_url: str, anyio_backend: str) -> AsyncIterator[Database]:
    """A pool of one connection: whoever comes next gets the one before, if it is kept."""
    database = await Database.connect(database_url, 1)
    yield database
    await database.close()


async def cancel_after(turns: int, work: Coroutine[None, None, None]) -> bool:
    """Cancels work when the loop has come by so many times. Whether it was still under way."""
    task = asyncio.create_task(work)
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    return task.cancelled()


async def until(database: Database, question: str, *arguments: object) -> None:
    """Waits until the database answers a question with yes."""
    for _ in range(1000):
        if await database.fetchval(question, *arguments):
            return
        await asyncio.sleep(0.01)
    pytest.fail(f"Never so: {question}")


async def write_in_transaction(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute("SELECT pg_current_xact_id()")
        await asyncio.sleep(0.05)


async def test_whoever_follows_a_cancelled_transaction_writes_for_good(one: Database, db: Database) -> None:
    for turns in range(30):
        assert await cancel_after(turns, write_in_transaction(one))
        written = await one.fetchval("SELECT pg_current_xact_id()::text")
        assert await db.fetchval("SELECT pg_xact_status($1::text::xid8)", written) == "committed", turns


async def test_a_cancelled_statement_is_stopped(one: Database, db: Database) -> None:
    process = await one.fetchval("SELECT pg_backend_pid()")
    sleeping = asyncio.create_task(one.execute("SELECT pg_sleep(600)"))
    await until(db, "SELECT state = 'active' FROM pg_stat_activity WHERE pid = $1", process)
    sleeping.cancel()
    # Waits for the only place in the pool, which is free when the server has let the statement go.
    assert await one.fetchval("SELECT pg_backend_pid()") != process
    await until(db, "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)", process)


async def test_a_refused_statement_keeps_its_connection(one: Database) -> None:
    process = await one.fetchval("SELECT pg_backend_pid()")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await one.execute("SELECT 1 / 0")
    assert await one.fetchval("SELECT pg_backend_pid()") == process


async def test_a_closed_pool_waits_for_what_it_still_closes(database_url: str, db: Database) -> None:
    database = await Database.connect(database_url, 1)
    process = await database.fetchval("SELECT pg_backend_pid()")
    assert await cancel_after(1, database.execute("SELECT pg_sleep(600)"))
    await database.close()
    assert not await db.fetchval("SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND state = 'active'", process)
