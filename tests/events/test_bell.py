"""Who only delivers hears of new events, and looks for them by itself where it does not hear."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx
import pytest
from anyio.from_thread import BlockingPortal

from tests.events.receiver import Receiver
from tests.events.test_crashes import working
from tests.support import wait_until
from threescore.catalog.workspaces import Workspace, create_workspace
from threescore.config import Settings
from threescore.db.pool import Database
from threescore.events.bell import Bell, listening
from threescore.events.deliverer import delivery_rules
from threescore.events.delivery import Deliverer, Pace, delivering
from threescore.events.outbound import Outbound
from threescore.events.services import make_sealer

pytestmark = pytest.mark.anyio


async def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    await asyncio.to_thread(wait_until, condition, seconds)


@asynccontextmanager
async def hearing(db: Database) -> AsyncIterator[tuple[list[UUID], list[bool]]]:
    """What is heard, and when notices come and when they do not, from the first connection on."""
    heard: list[UUID] = []
    states: list[bool] = []
    ear = await Database.connect(db._url, 1, {"application_name": f"ear {uuid4().hex[:8]}"})
    async with listening(ear, heard.append, states.append):
        await until(lambda: states == [True])
        yield heard, states
    await ear.close()


async def with_webhooks(db: Database, workspace: Workspace) -> None:
    await db.execute("INSERT INTO threescore.webhook_workspace VALUES ($1)", workspace.id)


async def test_only_workspaces_with_webhooks_are_told_of(db: Database, workspace: Workspace) -> None:
    other = await create_workspace(db, "Other")
    await with_webhooks(db, workspace)
    async with hearing(db) as (heard, _):
        bell = Bell(db)
        for _ in range(3):
            bell.ring(other.id)
            bell.ring(workspace.id)
        await until(lambda: workspace.id in heard)
        bell.ring(workspace.id)
        await until(lambda: heard.count(workspace.id) == 2)
        assert other.id not in heard


async def test_a_connection_that_broke_is_made_anew(db: Database, workspace: Workspace) -> None:
    await with_webhooks(db, workspace)
    async with hearing(db) as (heard, states):
        await db.execute("SELECT pg_notify('threescore_events', 'no id')")
        await db.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'ear %'"
            " AND datname = current_database()"
        )
        await until(lambda: states == [True, False, True])
        Bell(db).ring(workspace.id)
        await until(lambda: workspace.id in heard)


@pytest.mark.parametrize("path", ["rest", "graphql"])
async def test_a_server_that_does_not_deliver_tells_of_what_is_written(
    path: str, db: Database, api: httpx.Client, workspace: Workspace, receiver: Receiver
) -> None:
    async with hearing(db) as (heard, _):
        await with_webhooks(db, workspace)
        if path == "rest":
            written = await asyncio.to_thread(api.post, "/rest/companies", json={"name": "Linden"})
        else:
            query = 'mutation { createCompany(data: {name: "Linden"}) { id } }'
            written = await asyncio.to_thread(api.post, "/graphql", json={"query": query})
        assert written.is_success
        await until(lambda: workspace.id in heard)


@pytest.fixture
async def alone(new_database: Callable[[], str]) -> AsyncIterator[Database]:
    """A database where nothing delivers but what the test starts. A server of other tests would, without our secret."""
    database = await Database.connect(await asyncio.to_thread(new_database), 4)
    yield database
    await database.close()


class Told:
    """A workspace with a webhook, and a process that looks for its events when it hears of them."""

    def __init__(self, db: Database, workspace: Workspace, path: str) -> None:
        self.db = db
        self.schema = workspace.schema
        self.path = path
        self._id = workspace.id
        self._bell = Bell(db)

    async def write(self) -> None:
        await self.db.execute(
            f'INSERT INTO "{self.schema}"._event (object_id, object, record_id, operation, after)'
            " VALUES (gen_random_uuid(), 'company', gen_random_uuid(), 'created', '{}')"
        )
        self._bell.ring(self._id)


@asynccontextmanager
async def telling(db: Database, receiver: Receiver, pace: Pace, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Told]:
    """One that is `told` and otherwise looks at that pace."""
    monkeypatch.setattr("threescore.events.delivery.TOLD", pace)
    monkeypatch.setattr("threescore.events.delivery.ALONE", pace)
    workspace, webhook = await create_workspace(db, "Told"), uuid4()
    sealer, told = make_sealer("s" * 32), Told(db, workspace, f"/{workspace.id.hex}")
    ear = await Database.connect(db._url, 1)
    outbound = Outbound(["127.0.0.1"])
    deliverer = Deliverer(await Database.connect(db._url, 2), sealer, outbound, delivery_rules(Settings()))
    deliverer.pace = pace
    async with delivering(deliverer), listening(ear, deliverer.heard, deliverer.connected):
        await db.execute(
            f'INSERT INTO "{workspace.schema}"._webhook (id, target_url, operations, sealed)'
            " VALUES ($1, $2, '{*.*}', $3)",
            webhook,
            receiver.url + told.path,
            sealer.seal(b'{"secret": "x"}', webhook.bytes),
        )
        await db.execute(f'UPDATE "{workspace.schema}"._dispatch SET version = version + 1')
        await with_webhooks(db, workspace)
        yield told
    await ear.close()


async def test_what_is_heard_is_delivered_at_once(
    alone: Database, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a process that would not look by itself for an hour."""
    async with telling(alone, receiver, Pace(3600, 3600), monkeypatch) as told:
        for number in (1, 2):
            await asyncio.sleep(1.5)
            await told.write()
            await asyncio.to_thread(receiver.wait, told.path, number, 10)


async def test_what_another_process_keeps_is_looked_for_again(
    alone: Database, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have begun before the event was there, or die."""
    async with telling(alone, receiver, Pace(3600, 0.1), monkeypatch) as told:
        await told.write()
        await asyncio.to_thread(receiver.wait, told.path, 1, 10)
        # Nothing that is busy is left of it.
        await asyncio.sleep(1.5)
        async with alone.transaction() as other:
            await other.execute(f'SELECT FROM "{told.schema}"._dispatch FOR UPDATE')
            await told.write()
            await asyncio.sleep(1)
            assert len(receiver.at(told.path)) == 1
        await asyncio.to_thread(receiver.wait, told.path, 2, 10)


def test_a_worker_listens(new_database: Callable[[], str], portal: BlockingPortal, shared_db: Database) -> None:
    url = new_database()
    listens = (
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = $1"
        " AND application_name = 'threescore delivery' AND query LIKE 'LISTEN %')"
    )
    with working(url):
        wait_until(lambda: portal.call(shared_db.fetchval, listens, urlsplit(url).path[1:]), 60)
