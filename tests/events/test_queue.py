"""The queue is filled with every event once, however processes overlap."""

import asyncio
from typing import Any

import pytest

from threescore.catalog.load import load_model
from threescore.catalog.workspaces import Workspace
from threescore.db.pool import Database, Record
from threescore.events.queue import PAGE, Queue

pytestmark = pytest.mark.anyio

GATE = 60_713
"""An advisory lock: a statement of `Late` waits for it."""


class Late(Database):
    """Its statements look at the database as it was when they began, and then wait before they take the place."""

    async def fetchrow(self, sql: str, *arguments: Any) -> Record | None:
        place = "WHERE version = $1::bigint"
        waiting = f"{place} AND (SELECT count(*) FROM pg_advisory_lock_shared({GATE})) = 1"
        return await super().fetchrow(sql.replace(place, waiting), *arguments)


async def write(db: Database, schema: str, count: int) -> None:
    await db.execute(
        f'INSERT INTO "{schema}"._event (object_id, object, record_id, operation) SELECT gen_random_uuid(),'
        " 'person', gen_random_uuid(), 'created' FROM generate_series(1, $1::int)",
        count,
    )


async def test_who_looked_before_a_span_began_does_not_end_it(db: Database, workspace: Workspace) -> None:
    """It sees only some of the events of the span that another process has begun since."""
    schema = workspace.schema
    async with db.acquire() as connection:
        model = await load_model(connection, workspace.id)
    await db.execute(
        f'INSERT INTO "{schema}"._webhook (id, target_url, operations, sealed)'
        " VALUES (gen_random_uuid(), 'http://receiver.example/', '{*.*}', '')"
    )
    await write(db, schema, PAGE + 500)
    late = await Late.connect(db._url, 1)
    async with db.acquire() as gatekeeper:
        await gatekeeper.execute(f"SELECT pg_advisory_lock({GATE})")
        filling = asyncio.create_task(Queue(late, schema).fill(model, 1, []))
        for _ in range(1000):
            if await db.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
                break
            await asyncio.sleep(0.01)
        await write(db, schema, 300)
        queue = Queue(db, schema)
        assert await queue.fill(model, 1, []) == PAGE
        await gatekeeper.execute(f"SELECT pg_advisory_unlock({GATE})")
        assert await filling is None
    await late.close()
    assert await queue.fill(model, 1, []) == 800
    assert await db.fetchval(f'SELECT count(*) FROM "{schema}"._delivery') == PAGE + 800
