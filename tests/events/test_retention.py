"""Old events go; who has not read them is told, and no webhook misses one."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest
from anyio.from_thread import BlockingPortal

from tests.events.test_feed import change, create, page, walk
from threescore.access.retention import clean
from threescore.catalog.load import load_model
from threescore.catalog.workspaces import Workspace, create_workspace
from threescore.db.migrate import migrate
from threescore.db.pool import Database
from threescore.events.queue import Queue
from threescore.events.retention import forget_events

Forget = Callable[..., int]


@pytest.fixture
def forget(portal: BlockingPortal, shared_db: Database, workspace: Workspace) -> Forget:
    """A function that makes events old, all or those up to an id, and has what is older than 30 days removed."""

    async def run(up_to: int) -> int:
        await shared_db.execute(
            f"UPDATE \"{workspace.schema}\"._event SET at = now() - interval '31 days' WHERE id <= $1", up_to
        )
        async with shared_db.acquire() as connection:
            return await forget_events(connection, workspace.schema, 30)

    return lambda up_to=2**40: portal.call(run, int(up_to))


def expired(api: httpx.Client, cursor: str) -> bool:
    """Whether each door refuses a cursor for its age; they agree."""
    answers = set()
    answer = api.get("/rest/events", params={"after": cursor})
    answers.add(answer.status_code == 410)
    if answer.status_code == 410:
        assert answer.json()["code"] == "CURSOR_EXPIRED"
        assert "kept no more" in answer.json()["messages"][0]
    with api.stream("GET", "/rest/events/stream", headers={"Last-Event-ID": cursor}) as stream:
        answers.add(stream.status_code == 410)
    if answer.status_code == 200 and not answer.json()["data"]["events"]:
        # A subscription would wait.
        return answers == {True}
    query = f'subscription {{ recordEvents(after: "{cursor}") {{ id }} }}'
    headers = {"Accept": "text/event-stream"}
    with api.stream("POST", "/graphql", json={"query": query}, headers=headers) as stream:
        data = next(line for line in stream.iter_lines() if line.startswith(("data: ", ":")))
        answers.add(data.startswith("data: ") and _refuses(msgspec.json.decode(data.removeprefix("data: "))))
    assert len(answers) == 1
    return answers.pop()


def _refuses(answer: dict[str, Any]) -> bool:
    return "errors" in answer and answer["errors"][0]["extensions"]["subCode"] == "CURSOR_EXPIRED"


def test_old_events_go_and_cursors_before_them_are_refused(api: httpx.Client, forget: Forget) -> None:
    start = page(api, after="now")["pageInfo"]["endCursor"]
    ids = [create(api, name=f"Company {number}") for number in range(6)]
    events, end = walk(api)
    between = page(api, limit=2)["pageInfo"]["endCursor"]
    behind = page(api, limit=4)["pageInfo"]["endCursor"]
    assert not expired(api, start)
    assert forget(events[2]["id"]) == 3
    assert expired(api, start)
    assert expired(api, between)
    # A cursor behind what was removed misses nothing, and to begin without one is to begin with what is kept.
    assert [event["recordId"] for event in walk(api, behind)[0]] == ids[4:]
    assert [event["recordId"] for event in walk(api)[0]] == ids[3:]
    assert [event["recordId"] for event in walk(api, limit=1)[0]] == ids[3:]
    assert forget() == 3
    assert expired(api, start)
    assert expired(api, behind)
    assert not expired(api, end)
    assert walk(api, end)[0] == walk(api)[0] == []
    last = create(api, name="The last")
    assert [event["recordId"] for event in walk(api, end)[0]] == [last]
    assert [event["recordId"] for event in walk(api)[0]] == [last]


def test_a_bad_cursor_of_a_stream_is_refused_at_once(api: httpx.Client, forget: Forget) -> None:
    create(api, name="Any")
    forget()
    answer = api.get("/rest/events/stream", headers={"Last-Event-ID": "x"})
    assert (answer.status_code, answer.json()["messages"][0][:14]) == (400, "Invalid cursor")


def test_a_transaction_under_way_expires_no_cursor(
    api: httpx.Client, forget: Forget, portal: BlockingPortal, shared_db: Database, workspace: Workspace
) -> None:
    """One that is older than what was removed, and still open, has written nothing that could be missed."""
    insert = (
        f'INSERT INTO "{workspace.schema}"._event (object_id, object, record_id, operation)'
        " VALUES (gen_random_uuid(), 'company', gen_random_uuid(), 'created')"
    )

    async def begin() -> Any:
        connection = await shared_db._take()
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(insert)
        return connection, transaction

    connection, transaction = portal.call(begin)
    try:
        create(api, name="Old")
        cursor = page(api, after="now")["pageInfo"]["endCursor"]
        assert forget() == 1
        assert not expired(api, cursor)
    finally:
        portal.call(transaction.rollback)
        shared_db._give(connection)


def test_the_history_of_a_record_ends_where_events_do(api: httpx.Client, forget: Forget) -> None:
    company = create(api, name="First")
    change(api, company, name="Second")
    created, changed = walk(api)[0]
    assert forget(created["id"]) == 1
    history = api.get(f"/rest/companies/{company}/history").json()["data"]["history"]
    assert [entry["id"] for entry in history] == [changed["id"]]
    assert forget() == 1
    assert api.get(f"/rest/companies/{company}/history").json()["data"]["history"] == []
    assert api.get(f"/rest/companies/{company}").json()["data"]["company"]["name"] == "Second"


def test_no_event_goes_before_webhooks_were_told(
    api: httpx.Client, forget: Forget, portal: BlockingPortal, shared_db: Database, workspace: Workspace
) -> None:
    schema = f'"{workspace.schema}"'

    async def fill() -> int | None:
        async with shared_db.acquire() as connection:
            model = await load_model(connection, workspace.id)
        return await Queue(shared_db, workspace.schema).fill(model, 1, [])

    webhook = uuid4()
    portal.call(
        shared_db.execute,
        f"INSERT INTO {schema}._webhook (id, target_url, operations, sealed)"
        " VALUES ($1, 'http://receiver.example/', '{company.*}', '')",
        webhook,
    )
    for number in range(4):
        create(api, name=f"Company {number}")
    events = [int(event["id"]) for event in walk(api)[0]]
    # Not read for the webhooks yet.
    assert forget() == 0
    assert portal.call(fill) == 4
    # Read, and pending.
    assert forget() == 0
    for event, status in zip(events, ("succeeded", "failed"), strict=False):
        portal.call(
            shared_db.execute, f"UPDATE {schema}._delivery SET status = $2 WHERE event_id = $1::bigint", event, status
        )
    assert forget() == 2
    left = portal.call(shared_db.fetch, f"SELECT id FROM {schema}._event ORDER BY id")
    assert [row["id"] for row in left] == events[2:]
    # A switched-off webhook is told of nothing.
    create(api, name="Unheard")
    assert forget() == 0
    portal.call(shared_db.execute, f"UPDATE {schema}._webhook SET switched_off_at = now()")
    portal.call(shared_db.execute, f"UPDATE {schema}._delivery SET status = 'failed'")
    assert forget() == 3


def test_the_feed_does_not_show_what_is_left_for_webhooks(
    api: httpx.Client, forget: Forget, portal: BlockingPortal, shared_db: Database, workspace: Workspace
) -> None:
    """The events before it are gone, so nobody could tell what it followed."""
    for number in range(3):
        create(api, name=f"Company {number}")
    left = int(walk(api)[0][1]["id"])
    portal.call(
        shared_db.execute,
        f'INSERT INTO "{workspace.schema}"._delivery (id, event_id, webhook_id, record_id, event_name)'
        f" SELECT gen_random_uuid(), id, gen_random_uuid(), record_id, 'x' FROM \"{workspace.schema}\"._event"
        " WHERE id = $1",
        left,
    )
    assert forget() == 2
    last = create(api, name="The last")
    assert [event["recordId"] for event in walk(api, limit=1)[0]] == [last]


def test_it_goes_in_batches_past_what_must_stay(
    api: httpx.Client,
    portal: BlockingPortal,
    shared_db: Database,
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("threescore.events.retention.BATCH", 10)
    schema = f'"{workspace.schema}"'
    portal.call(
        shared_db.execute,
        f"INSERT INTO {schema}._event (object_id, object, record_id, operation, at)"
        " SELECT gen_random_uuid(), 'company', gen_random_uuid(), 'created', now() - interval '31 days'"
        " FROM generate_series(1, 65)",
    )
    portal.call(
        shared_db.execute,
        f"INSERT INTO {schema}._delivery (id, event_id, webhook_id, record_id, event_name)"
        f" SELECT gen_random_uuid(), id, gen_random_uuid(), record_id, 'x' FROM {schema}._event ORDER BY id LIMIT 25",
    )
    portal.call(
        shared_db.execute, f"UPDATE {schema}._event SET at = now() WHERE id > (SELECT max(id) - 5 FROM {schema}._event)"
    )
    while portal.call(clean, shared_db, 400, partial(forget_events, days=30)) == 0:
        # Another test cleans up at this moment.
        pass
    assert portal.call(shared_db.fetchval, f"SELECT count(*) FROM {schema}._event") == 30


def test_workspaces_that_were_there_before_get_the_table(
    new_database: Callable[[], str], portal: BlockingPortal
) -> None:
    url = new_database()

    async def go_back() -> str:
        database = await Database.connect(url, 1)
        workspace = await create_workspace(database, "Old")
        await database.execute(f'DROP TABLE "{workspace.schema}"._forgotten')
        await database.execute("UPDATE threescore.migration SET version_num = '0008'")
        await database.close()
        return workspace.schema

    async def columns(schema: str) -> list[tuple[Any, Any, Any, Any]]:
        database = await Database.connect(url, 1)
        new = await create_workspace(database, "New")
        found = [
            [
                (row["column_name"], row["data_type"], row["is_nullable"], row["column_default"])
                for row in await database.fetch(
                    "SELECT column_name, data_type, is_nullable, column_default FROM information_schema.columns"
                    " WHERE table_schema = $1 AND table_name = '_forgotten' ORDER BY ordinal_position",
                    name,
                )
            ]
            for name in (schema, new.schema)
        ]
        await database.close()
        assert found[0] == found[1]
        return found[0]

    schema = portal.call(go_back)
    migrate(url, "0009")
    assert len(portal.call(columns, schema)) == 3
