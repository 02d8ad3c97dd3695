"""The event log is read whole: nothing is missed and nothing comes twice, however writers overlap."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest

from threescore.catalog.workspaces import Workspace
from threescore.db.pool import Database
from threescore.events import log

pytestmark = pytest.mark.anyio


@dataclass
class Reader:
    """Walks the log as its readers do, with its place in a table of its own."""

    db: Database
    schema: str
    limit: int

    @property
    def events(self) -> str:
        return f'"{self.schema}"._event'

    @property
    def place(self) -> str:
        return f'"{self.schema}".walk'

    async def start(self) -> None:
        await self.db.execute(
            f"CREATE TABLE {self.place} AS SELECT pg_current_snapshot() AS since, NULL::pg_snapshot AS until,"
            " 0::bigint AS next"
        )

    async def read(self) -> list[tuple[int, UUID]]:
        rows = await self.db.fetch(
            f"WITH place AS MATERIALIZED (SELECT * FROM {self.place} FOR UPDATE),"
            f" span AS MATERIALIZED ({log.span(self.events, 'place')}),"
            f" page AS MATERIALIZED ({log.page(self.events, 'span', self.limit, 'e.id, e.record_id')}),"
            " counted AS MATERIALIZED (SELECT count(*) AS events, max(id) AS last FROM page),"
            f" moved AS (UPDATE {self.place} p SET {log.moved('c.events', self.limit, 'c.last')}"
            f" FROM span s, counted c WHERE {log.may_move('c.events')}) SELECT id, record_id FROM page ORDER BY id"
        )
        return [(row["id"], row["record_id"]) for row in rows]


def insert(schema: str) -> str:
    return (
        f'INSERT INTO "{schema}"._event (object_id, object, record_id, operation)'
        " VALUES (gen_random_uuid(), 'person', $1, 'created') RETURNING id"
    )


async def test_a_walk_while_eight_writers_commit_sees_every_event_once(db: Database, workspace: Workspace) -> None:
    reader = Reader(db, workspace.schema, limit=7)
    await reader.start()
    written: list[int] = []
    seen: list[tuple[int, UUID]] = []
    writers = await Database.connect(db._url, 8)
    last = asyncio.Event()

    async def write(seed: int) -> None:
        dice = random.Random(seed)
        for _ in range(25):
            async with writers.transaction() as connection:
                ids = []
                for _ in range(dice.randint(1, 4)):
                    ids.append(await connection.fetchval(insert(workspace.schema), uuid4()))
                    await asyncio.sleep(dice.choice((0, 0, 0.005, 0.02)))
            written.extend(ids)
        async with writers.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            await connection.fetchval(insert(workspace.schema), uuid4())
            await transaction.rollback()

    async def walk() -> None:
        while True:
            over = last.is_set()
            page = await reader.read()
            assert page == sorted(page)
            seen.extend(page)
            if not page and over:
                return
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        walking = group.create_task(walk())
        async with asyncio.TaskGroup() as writing:
            for seed in range(8):
                writing.create_task(write(seed))
        last.set()
        await walking
    await writers.close()
    counted = Counter(number for number, _record in seen)
    assert set(counted.values()) == {1}
    assert sorted(counted) == sorted(written)
    assert len(written) > 300
    # It was no easy walk: some came later than others with higher numbers.
    assert [number for number, _ in seen] != sorted(counted)


async def test_a_long_transaction_keeps_only_its_own_events_back(db: Database, workspace: Workspace) -> None:
    reader = Reader(db, workspace.schema, limit=100)
    await reader.start()
    slow = uuid4()
    async with db.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.fetchval(insert(workspace.schema), slow)
        quick = [uuid4() for _ in range(5)]
        for record in quick:
            await db.fetchval(insert(workspace.schema), record)
        assert [record for _, record in await reader.read()] == quick
        assert await reader.read() == []
        await transaction.commit()
    assert [record for _, record in await reader.read()] == [slow]
    assert await reader.read() == []


async def test_one_record_is_read_in_the_order_of_its_changes(db: Database, workspace: Workspace) -> None:
    """The transaction that began first changes the record last: transaction ids would tell it the wrong way round."""
    reader = Reader(db, workspace.schema, limit=100)
    await reader.start()
    schema = workspace.schema
    record = uuid4()
    async with db.acquire() as first, db.acquire() as second:
        begun, other = first.transaction(), second.transaction()
        await begun.start()
        await first.fetchval("SELECT pg_current_xact_id()::text")
        await other.start()
        earlier = await second.fetchval(insert(schema), record)
        await other.commit()
        later = await first.fetchval(insert(schema), record)
        await begun.commit()
    transactions = await db.fetch(f'SELECT id FROM "{schema}"._event ORDER BY transaction, id')
    assert [row["id"] for row in transactions] == [later, earlier]
    assert [number for number, _ in await reader.read()] == [earlier, later]


async def test_reading_costs_nothing_when_there_is_nothing(db: Database, workspace: Workspace) -> None:
    """A long log is not walked through to find that nothing is new."""
    schema = workspace.schema
    await db.execute(
        f"INSERT INTO \"{schema}\"._event (object_id, object, record_id, operation) SELECT gen_random_uuid(), 'person',"
        " gen_random_uuid(), 'created' FROM generate_series(1, 20000)"
    )
    await db.execute(f'VACUUM ANALYZE "{schema}"._event')
    reader = Reader(db, schema, limit=100)
    await reader.start()
    unread = log.first_unread(reader.events, "p.since")
    # What the connection has still to learn of the tables is read, too, and is not what is counted.
    await db.fetch(f"EXPLAIN SELECT {unread} FROM {reader.place} p")
    plan = "\n".join(
        row[0] for row in await db.fetch(f"EXPLAIN (ANALYZE, BUFFERS) SELECT {unread} FROM {reader.place} p")
    )
    assert "_event_transaction" in plan
    buffers = sum(int(part.split("=")[1]) for part in plan.split() if part.startswith("hit="))
    assert buffers < 50, plan
