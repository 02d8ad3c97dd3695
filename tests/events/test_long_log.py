"""A long log of deliveries costs those nothing who look for work, take from the queue, clean up or show its end."""

import json
import random
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from threescore.access.keys import create_key
from threescore.access.tokens import Claims
from threescore.catalog.load import load_model
from threescore.catalog.state import Workspaces
from threescore.catalog.workspaces import Workspace
from threescore.db.pool import Database
from threescore.events.deliveries import Deliveries, Search
from threescore.events.queue import Queue, Result, delivery_id
from threescore.records.caller import Caller

pytestmark = pytest.mark.anyio

ROWS = 50_000
"""How many deliveries are done. The tables have thousands of pages then; what is read does not grow with them."""

WAITING = 500
"""How many are pending."""

READ = 60
"""How many pages a statement may look at for each of ten rows that it takes, writes or shows; many are of indexes."""


class Explained(Database):
    """Explains each statement and takes it back. `touched`: how many pages the last one looked at."""

    touched = 0

    async def fetch(self, sql: str, *arguments: Any) -> list[Any]:
        async with self.acquire() as connection:
            for _ in range(2):
                # What the connection has still to learn of the tables is read, too, and is not what is counted.
                transaction = connection.transaction()
                await transaction.start()
                rows = await connection.fetch(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", *arguments)
                await transaction.rollback()
        self.touched = _touched(json.loads(rows[0][0])[0]["Plan"], is_counted=True)
        return []

    async def fetchrow(self, sql: str, *arguments: Any) -> Any:
        await self.fetch(sql, *arguments)
        return [0]


def _touched(plan: dict[str, Any], *, is_counted: bool) -> int:
    """The pages of a plan. A part that writes may run after all others, and then they do not count it."""
    own: int = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    counted = is_counted or plan["Node Type"] == "ModifyTable"
    return (own if counted else 0) + sum(_touched(part, is_counted=False) for part in plan.get("Plans", ()))


@pytest.fixture
async def webhook(db: Database, workspace: Workspace) -> UUID:
    """A webhook with a long log, and something to do."""
    schema, webhook = f'"{workspace.schema}"', uuid4()
    event = (
        "(object_id, object, record_id, at, operation, after) SELECT gen_random_uuid(), 'company', gen_random_uuid(),"
        f" now() - ({ROWS + WAITING} - n) * interval '1 minute', 'created', '{{}}' FROM generate_series"
    )
    await db.execute(f"INSERT INTO {schema}._event {event}(1, {ROWS + WAITING}) n")
    await db.execute(f"UPDATE {schema}._dispatch SET since = pg_current_snapshot()")
    await db.execute(
        f"INSERT INTO {schema}._webhook (id, target_url, operations, sealed)"
        " VALUES ($1, 'http://receiver.example/', '{*.*}', '')",
        webhook,
    )
    await db.execute(
        f"INSERT INTO {schema}._delivery"
        " (id, event_id, webhook_id, created_at, record_id, event_name, status, next_attempt_at, log)"
        f" SELECT {delivery_id('e.id', '$1::uuid')}, e.id, $1, e.at, e.record_id,"
        f" 'company.created', CASE WHEN e.id <= {ROWS} THEN 'succeeded' ELSE 'pending' END,"
        f" CASE WHEN e.id > {ROWS} THEN now() END, '[]' FROM {schema}._event e",
        webhook,
    )
    await db.execute(f"VACUUM ANALYZE {schema}._event")
    await db.execute(f"VACUUM ANALYZE {schema}._delivery")
    await db.execute(f"INSERT INTO {schema}._event {event}({ROWS + WAITING + 1}, {ROWS + WAITING + 10}) n")
    return webhook


async def test_nothing_walks_through_it(db: Database, workspace: Workspace, webhook: UUID) -> None:
    explained = Explained(db._url, 1)
    queue = Queue(explained, workspace.schema)
    async with db.acquire() as connection:
        model = await load_model(connection, workspace.id)
        key = await create_key(connection, workspace.id, "Key", datetime(2100, 1, 1, tzinfo=UTC))
    counts: dict[str, int] = {}

    await explained.fetchrow(queue._look_sql)
    counts["look"] = explained.touched
    await explained.fetch(queue._take_sql, [webhook], [10], uuid4(), 25.0)
    counts["take"] = explained.touched // 10
    sql, arguments = queue._make_fill_statement(model, [])
    await explained.fetchrow(sql, 1, *arguments)
    counts["fill"] = explained.touched // 10
    rows = await db.fetch(f"SELECT id FROM \"{workspace.schema}\"._delivery WHERE status = 'pending' LIMIT 10")
    well: dict[str, Any] = {"ok": True, "wait": None, "response_status": 200, "error": None, "duration": 1, "entry": {}}
    claim = uuid4()
    await db.execute(f"UPDATE \"{workspace.schema}\"._delivery SET claim = $1 WHERE status = 'pending'", claim)
    await queue.finish([Result(id=row["id"], claim=claim, **well) for row in rows])
    counts["finish"] = explained.touched // 10
    await queue.forget(0, 10)
    counts["forget"] = explained.touched // 10
    caller = Caller.of(await Workspaces(db).get(workspace.id), Claims(workspace.id, key.id, time.time() + 600))
    record = await db.fetchval(f'SELECT record_id FROM "{workspace.schema}"._event WHERE id = 1000')
    log = Deliveries(explained, lambda _workspace: None)
    for name, search in {
        "newest": Search(limit=10),
        "of a webhook": Search(webhook_id=webhook, limit=10),
        "pending": Search(status="pending", limit=10),
        "failed": Search(status="failed", limit=10),
        "failed of a webhook": Search(status="failed", webhook_id=webhook, limit=10),
        "of a record": Search(record_id=record, limit=10),
        "of a record that is not there": Search(record_id=uuid4(), limit=10),
        "of long ago": Search(until=datetime.now(UTC) - timedelta(minutes=ROWS - 100), limit=10),
        "before all": Search(until=datetime(2000, 1, 1, tzinfo=UTC), limit=10),
    }.items():
        await log.search(caller, search)
        counts[name] = explained.touched // 10
    await explained.close()
    assert {name: count for name, count in counts.items() if count > READ} == {}


async def test_what_it_is_searched_by_finds_all_of_it(db: Database, workspace: Workspace) -> None:
    """Where events came out of the order of time, were told of late, or are gone."""
    schema, webhooks, people = f'"{workspace.schema}"', [uuid4(), uuid4()], [uuid4() for _ in range(5)]
    chance, start = random.Random(5), datetime(2026, 3, 1, tzinfo=UTC)
    made: list[tuple[UUID, UUID, datetime]] = []
    for minute in range(200):
        # An event has the time at which its transaction began; it is told of after it has its number.
        at = start + timedelta(minutes=minute - chance.choice([0, 0, 0, 50]))
        told = start + timedelta(minutes=minute + chance.choice([0, 0, 0, 100]))
        person = chance.choice(people)
        event = await db.fetchval(
            f"INSERT INTO {schema}._event (object_id, object, record_id, at, operation) VALUES"
            " (gen_random_uuid(), 'person', $1, $2, 'created') RETURNING id",
            person,
            at,
        )
        for webhook in webhooks:
            found = await db.fetchval(
                f"INSERT INTO {schema}._delivery (id, event_id, webhook_id, record_id, event_name, status, created_at)"
                f" VALUES ({delivery_id('$1::bigint', '$2::uuid')}, $1, $2, $3, 'person.created', 'succeeded', $4)"
                " RETURNING id",
                event,
                webhook,
                person,
                told,
            )
            made.append((found, person, told))
    await db.execute(f"DELETE FROM {schema}._event WHERE id <= 20")
    await db.execute(f"INSERT INTO {schema}._forgotten (id, transaction) VALUES (20, pg_current_xact_id())")
    async with db.acquire() as connection:
        key = await create_key(connection, workspace.id, "Key", datetime(2100, 1, 1, tzinfo=UTC))
    caller = Caller.of(await Workspaces(db).get(workspace.id), Claims(workspace.id, key.id, time.time() + 600))
    log = Deliveries(db, lambda _workspace: None)

    async def ids(search: Search) -> list[str]:
        return [item["id"] for item in (await log.search(caller, search))[0]]

    for person in people:
        wanted = sorted((str(found) for found, about, _ in made if about == person), reverse=True)
        assert await ids(Search(record_id=person, limit=200)) == wanted
    for minute in range(-60, 320, 7):
        until = start + timedelta(minutes=minute)
        wanted = sorted((str(found) for found, _, told in made if told < until), reverse=True)
        assert await ids(Search(until=until, limit=200)) == wanted[:200]
