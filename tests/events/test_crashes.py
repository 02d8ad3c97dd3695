"""Whatever dies at whatever moment: each committed event is still delivered."""

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psutil
import pytest
from anyio.from_thread import BlockingPortal

from tests.events.conftest import SHORT, made
from tests.events.receiver import Receiver, receiving, slow
from tests.records.wire import create_many
from tests.support import PROGRAM, Server, clean_environment, serving, wait_until
from threescore.access.keys import create_key, signing_secret
from threescore.access.tokens import Tokens
from threescore.catalog.workspaces import create_workspace
from threescore.db import embedded
from threescore.db.migrate import migrate
from threescore.db.pool import Database


@pytest.fixture
def database_url(new_database: Callable[[], str]) -> str:
    """The URL of a database in which nothing delivers but what a test starts and kills."""
    return new_database()


@pytest.fixture
def token(database_url: str, portal: BlockingPortal) -> str:
    """The token of an API key of a new workspace there."""
    return portal.call(_token, database_url)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def client_of(server: Server, token: str) -> httpx.Client:
    return httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {token}"}, timeout=60)


def kill(server: Server) -> None:
    """Kills the server and its workers at once."""
    for process in server.family():
        process.kill()
    server.process.wait()


def names(receiver: Receiver) -> Counter[str]:
    """How often each company arrived, by its name."""
    return Counter(call.body["record"]["name"] for call in receiver.at("/hook"))


@contextmanager
def working(database_url: str, **variables: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that only delivers; it ends in order at the end."""
    environment = {**clean_environment(), "THREESCORE_DATABASE_URL": database_url, **SHORT, **variables}
    process = subprocess.Popen([PROGRAM, "worker"], env=environment, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        assert process.wait(20) in (0, -signal.SIGTERM, 128 + signal.SIGTERM, -signal.SIGKILL)


def test_killed_in_the_middle_of_deliveries(database_url: str, token: str, receiver: Receiver) -> None:
    receiver.behave("/hook", slow(0.3))
    variables = {"THREESCORE_DATABASE_URL": database_url, "THREESCORE_WORKERS": "2", **SHORT}
    with serving(**variables, THREESCORE_WEBHOOK_CONCURRENCY="5") as server, client_of(server, token) as client:
        made(client, f"{receiver.url}/hook", "company.created")
        create_many(client, "companies", [{"name": f"{n}"} for n in range(60)])
        receiver.wait("/hook", 12)
        kill(server)
    before = len(receiver.at("/hook"))
    assert before < 60
    with serving(**variables):
        wait_until(lambda: len(names(receiver)) == 60, 60)
        time.sleep(1)
    found = names(receiver)
    # Only what was under way is sent twice.
    assert sum(found.values()) - 60 <= 10
    for call in receiver.at("/hook"):
        assert call.headers["webhook-id"]
    assert len({call.id for call in receiver.at("/hook")}) == 60


def test_killed_between_commit_and_delivery(database_url: str, token: str, receiver: Receiver) -> None:
    """The one who wrote never gets to deliver; a process that only delivers does it."""
    with (
        serving(THREESCORE_DATABASE_URL=database_url, THREESCORE_DELIVERY="false", **SHORT) as server,
        client_of(server, token) as client,
    ):
        made(client, f"{receiver.url}/hook", "company.created")
        create_many(client, "companies", [{"name": f"{n}"} for n in range(30)])
        kill(server)
    time.sleep(0.5)
    assert receiver.at("/hook") == []
    with working(database_url), working(database_url):
        wait_until(lambda: len(names(receiver)) == 30, 60)
        time.sleep(1)
    assert set(names(receiver).values()) == {1}


def test_killed_again_and_again(database_url: str, token: str, receiver: Receiver) -> None:
    """Writers go on while one delivering process after the other is killed at a moment of chance."""
    receiver.behave("/hook", slow(0.02))
    over = threading.Event()
    written: list[str] = []
    with (
        serving(THREESCORE_DATABASE_URL=database_url, THREESCORE_DELIVERY="false", **SHORT) as server,
        client_of(server, token) as client,
    ):
        made(client, f"{receiver.url}/hook", "company.created")

        def write() -> None:
            while not over.is_set():
                batch = [f"{len(written) + n}" for n in range(5)]
                create_many(client, "companies", [{"name": name} for name in batch])
                written.extend(batch)
                time.sleep(0.02)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for _ in range(4):
                seen = len(receiver.at("/hook"))
                with working(database_url, THREESCORE_WEBHOOK_TIMEOUT="1") as worker:
                    wait_until(lambda seen=seen: len(receiver.at("/hook")) > seen + 20, 60)  # type: ignore[misc]
                    for process in [psutil.Process(worker.pid), *psutil.Process(worker.pid).children(recursive=True)]:
                        process.kill()
        finally:
            over.set()
            writer.join()
    with working(database_url, THREESCORE_WEBHOOK_TIMEOUT="1"):
        wait_until(lambda: len(names(receiver)) == len(written), 90)
    assert set(names(receiver)) == set(written)
    assert len({call.id for call in receiver.at("/hook")}) == len(written)


def test_told_to_stop_it_finishes_what_is_under_way(database_url: str, token: str, receiver: Receiver) -> None:
    receiver.behave("/hook", slow(0.4))
    variables = {"THREESCORE_DATABASE_URL": database_url, "THREESCORE_WORKERS": "1", **SHORT}
    with serving(**variables, THREESCORE_WEBHOOK_CONCURRENCY="5") as server, client_of(server, token) as client:
        made(client, f"{receiver.url}/hook", "company.created")
        create_many(client, "companies", [{"name": f"{n}"} for n in range(20)])
        receiver.wait("/hook", 5)
        server.process.terminate()
        assert server.process.wait(20) == 0
    assert len(receiver.at("/hook")) < 20
    with serving(**variables):
        # Nothing has to wait for a lease to end.
        wait_until(lambda: len(names(receiver)) == 20, 10)
        time.sleep(1)
    assert set(names(receiver).values()) == {1}


@pytest.fixture
def own_postgres() -> Iterator[tuple[str, Callable[[signal.Signals], None]]]:
    """The URL of a PostgreSQL of the test's own, made to last, and what ends and starts it anew."""
    with tempfile.TemporaryDirectory(prefix="threescore-crash-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        claims = [embedded.start(directory)]
        migrate(claims[0].url)

        def restart(number: signal.Signals) -> None:
            pid = int((directory / "postgresql" / "postmaster.pid").read_text().splitlines()[0])
            os.kill(pid, number)
            wait_until(lambda: not psutil.pid_exists(pid))
            claims.append(embedded.start(directory))

        try:
            yield claims[0].url, restart
        finally:
            for claim in reversed(claims):
                claim.release()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT], ids=["restart", "crash"])
def test_postgresql_ends_and_starts_anew(
    own_postgres: tuple[str, Callable[[signal.Signals], None]],
    portal: BlockingPortal,
    receiver: Receiver,
    number: signal.Signals,
) -> None:
    url, restart = own_postgres
    token = portal.call(_token, url)
    receiver.behave("/hook", slow(0.1))
    variables = {"THREESCORE_DATABASE_URL": url, "THREESCORE_WORKERS": "2", **SHORT}
    with serving(**variables, THREESCORE_WEBHOOK_CONCURRENCY="5") as server, client_of(server, token) as client:
        made(client, f"{receiver.url}/hook", "company.created")
        create_many(client, "companies", [{"name": f"{n}"} for n in range(60)])
        receiver.wait("/hook", 15)
        restart(number)
        wait_until(lambda: len(names(receiver)) == 60, 60)
        wait_until(lambda: _can_write(client), 30)
        wait_until(lambda: "after" in names(receiver), 30)
    assert len({call.id for call in receiver.at("/hook")}) == len(names(receiver))


def _can_write(client: httpx.Client) -> bool:
    return client.post("/rest/companies", json={"name": "after"}).status_code == 201


async def _token(url: str) -> str:
    database = await Database.connect(url, 2)
    try:
        workspace = await create_workspace(database, "crash")
        async with database.transaction() as connection:
            key = await create_key(connection, workspace.id, "Tests", datetime.now(UTC) + timedelta(days=1))
        return Tokens(await signing_secret(database, None)).mint(workspace.id, key.id, key.expires_at)
    finally:
        await database.close()
