"""The queue is filled with every event once, however processes overlap."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal

from threescore.catalog.load import load_model
from threescore.catalog.workspaces import Workspace, create_workspace
from threescore.db.migrate import migrate
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


async def test_what_is_pending_of_a_record_is_found_by_the_record(db: Database, workspace: Workspace) -> None:
    """Even where statistics were taken while nothing was pending, as they are in a quiet hour."""
    schema = workspace.schema
    async with db.acquire() as connection:
        model = await load_model(connection, workspace.id)
    webhook = await db.fetchval(
        f'INSERT INTO "{schema}"._webhook (id, target_url, operations, sealed)'
        " VALUES (gen_random_uuid(), 'http://receiver.example/', '{*.*}', '') RETURNING id"
    )
    await db.execute(
        f'INSERT INTO "{schema}"._delivery (id, event_id, webhook_id, record_id, event_name, status)'
        " SELECT gen_random_uuid(), 0, $1, gen_random_uuid(), 'person.created', 'succeeded'"
        " FROM generate_series(1, 5000)",
        webhook,
    )
    await db.execute(f'VACUUM ANALYZE "{schema}"._delivery')
    await write(db, schema, PAGE)
    queue = Queue(db, schema)

    async def plan(sql: str, *arguments: object) -> str:
        async with db.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            try:
                return "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {sql}", *arguments))
            finally:
                await transaction.rollback()

    for _ in range(2):
        filling, arguments = queue._make_fill_statement(model, [])
        assert "using _delivery_record on _delivery b" in await plan(filling, 1, *arguments)
        taking = await plan(queue._take_sql, [webhook], [50], webhook, 25.0)
        assert "using _delivery_record on _delivery b" in taking
        assert "using _delivery_due on _delivery d" in taking
        assert "using _delivery_due on _delivery d" in await plan(queue._look_sql)
        # The same with what is pending now.
        await queue.fill(model, 1, [])


def test_workspaces_that_were_there_before_get_the_index(
    new_database: Callable[[], str], portal: BlockingPortal
) -> None:
    url = new_database()

    async def indexes() -> set[str]:
        database = await Database.connect(url, 1)
        rows = await database.fetch(
            "SELECT replace(indexdef, schemaname, '') AS made FROM pg_indexes WHERE indexname = '_delivery_due'"
        )
        await database.close()
        assert len(rows) == 2
        return {row["made"] for row in rows}

    async def go_back() -> None:
        database = await Database.connect(url, 1)
        old = (await create_workspace(database, "Old")).schema
        await database.execute(f'DROP INDEX "{old}"._delivery_due')
        await database.execute(
            f'CREATE INDEX _delivery_due ON "{old}"._delivery (webhook_id, next_attempt_at, event_id)'
            " WHERE status = 'pending'"
        )
        await database.execute("UPDATE threescore.migration SET version_num = '0012'")
        await create_workspace(database, "New")
        await database.execute("DELETE FROM threescore.workspace WHERE name = 'New'")
        await database.close()

    portal.call(go_back)
    assert len(portal.call(indexes)) == 2
    migrate(url, "0013")
    assert len(portal.call(indexes)) == 1
