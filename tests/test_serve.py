"""`threescore serve` with the embedded PostgreSQL: the first start, stopping, crashes, memory."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import httpx
import psutil
import pytest

from tests.support import PROGRAM, Server, answers, clean_environment, free_port, serving, wait_until
from threescore.db import embedded

_WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


@pytest.fixture
def empty_dir() -> Iterator[Path]:
    """A directory that the account of the embedded PostgreSQL can enter."""
    with tempfile.TemporaryDirectory(prefix="threescore-serve-") as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)


@pytest.fixture
def data_dir(empty_dir: Path) -> Path:
    """A data directory with PostgreSQL's own files, made without waiting for the disk."""
    embedded.start(empty_dir, fast=True).release()
    return empty_dir


def postgres_of(data_dir: Path) -> list[int]:
    """The processes of the embedded PostgreSQL: they work in its directory."""
    pgdata = str(data_dir.resolve() / "postgresql")
    return [process.pid for process in psutil.process_iter(["cwd"]) if process.info["cwd"] == pgdata]


def token_of(server: Server) -> str:
    found = re.search(r"^eyJ\S+$", server.said(), re.MULTILINE)
    assert found, server.said()
    return found[0]


async def hold_up(data_dir: Path, requests: list[threading.Thread], meanwhile: Callable[[], None]) -> None:
    """Starts requests that write companies, and lets none of them finish before `meanwhile` was called."""
    connection = await asyncpg.connect(f"postgresql://threescore@/threescore?host={data_dir}/socket")
    schema = await connection.fetchval("SELECT schema FROM threescore.workspace")
    async with connection.transaction():
        await connection.execute(f'LOCK TABLE "{schema}".company')
        for request in requests:
            request.start()
        async with asyncio.timeout(30):
            # PostgreSQL tells nobody who waits, so ask.
            while await connection.fetchval(_WAITING) < len(requests):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        meanwhile()
        await asyncio.sleep(0.5)
        assert all(request.is_alive() for request in requests)
    await connection.close()


def command(*arguments: str, data_dir: Path) -> str:
    environment = {**clean_environment(), "THREESCORE_DATA_DIR": str(data_dir)}
    return subprocess.run([PROGRAM, *arguments], env=environment, check=True, capture_output=True, text=True).stdout


def test_from_nothing_to_an_answer_and_again(empty_dir: Path) -> None:
    data_dir = empty_dir / "new"
    with serving(THREESCORE_DATA_DIR=str(data_dir), THREESCORE_WORKERS="2") as server:
        wait_until(lambda: f"Serving on {server.url} with 2 workers" in server.said())
        token = token_of(server)
        curl = next(line for line in server.said().splitlines() if line.startswith("curl "))
        answer = subprocess.run(curl, shell=True, check=True, capture_output=True, text=True).stdout
        assert '"companies":[]' in answer

        made = httpx.post(
            f"{server.url}/rest/companies", json={"name": "Acme"}, headers={"Authorization": f"Bearer {token}"}
        )
        assert made.status_code == 201

        # A command beside the server uses the same PostgreSQL and leaves it running.
        other = command("key", "create", "--name", "other", data_dir=data_dir).strip()
        listed = httpx.get(f"{server.url}/rest/companies", headers={"Authorization": f"Bearer {other}"})
        assert [item["name"] for item in listed.json()["data"]["companies"]] == ["Acme"]
    assert server.process.returncode == 0
    assert postgres_of(data_dir) == []

    with serving(THREESCORE_DATA_DIR=str(data_dir), THREESCORE_WORKERS="1") as server:
        assert "eyJ" not in server.said()
        listed = httpx.get(f"{server.url}/rest/companies", headers={"Authorization": f"Bearer {token}"})
        assert [item["name"] for item in listed.json()["data"]["companies"]] == ["Acme"]


@pytest.mark.parametrize(
    "stop",
    [
        pytest.param(Server.press_ctrl_c, id="ctrl-c"),
        pytest.param(lambda server: server.process.send_signal(signal.SIGTERM), id="sigterm"),
        # As systemd does it: the workers hear the signal themselves, and once more from their parent.
        pytest.param(lambda server: os.killpg(server.process.pid, signal.SIGTERM), id="sigterm-to-all"),
    ],
)
def test_requests_in_flight_are_answered_before_it_stops(stop: Callable[[Server], None], data_dir: Path) -> None:
    with serving(THREESCORE_DATA_DIR=str(data_dir), THREESCORE_WORKERS="2") as server:
        token = token_of(server)
        family = server.family()
        statuses: list[int] = []

        def post() -> None:
            answer = httpx.post(
                f"{server.url}/rest/companies",
                json={"name": "Late"},
                headers={"Authorization": f"Bearer {token}"},
                timeout=60,
            )
            statuses.append(answer.status_code)

        requests = [threading.Thread(target=post) for _ in range(6)]
        asyncio.run(hold_up(data_dir, requests, lambda: stop(server)))
        for request in requests:
            request.join()
        assert statuses == [201] * 6
        assert server.process.wait(20) == 0
        assert postgres_of(data_dir) == []
        assert [process for process in family if process.is_running()] == []


@pytest.mark.parametrize("delay", [0, 0.02, 0.05, 0.1, 0.3])
def test_a_signal_during_the_start_leaves_nothing_behind(delay: float, data_dir: Path) -> None:
    environment = {**clean_environment(), "THREESCORE_DATA_DIR": str(data_dir), "THREESCORE_PORT": str(free_port())}
    for number in (signal.SIGINT, signal.SIGTERM):
        process = subprocess.Popen([PROGRAM, "serve"], env=environment, stdout=subprocess.DEVNULL)
        wait_until(lambda: postgres_of(data_dir) != [])
        time.sleep(delay)
        process.send_signal(number)
        process.wait(30)
        assert postgres_of(data_dir) == []


def test_after_a_kill_the_workers_end_and_the_next_start_works(data_dir: Path) -> None:
    with serving(THREESCORE_DATA_DIR=str(data_dir), THREESCORE_WORKERS="2") as server:
        token = token_of(server)
        family = server.family()
        assert len(family) == 3
        server.process.kill()
        server.process.wait()
        wait_until(lambda: not any(process.is_running() for process in family))

    with serving(THREESCORE_DATA_DIR=str(data_dir)) as server:
        headers = {"Authorization": f"Bearer {token}"}
        assert httpx.get(f"{server.url}/rest/companies", headers=headers).status_code == 200
    assert postgres_of(data_dir) == []


def test_a_worker_that_dies_is_replaced(database_url: str) -> None:
    with serving(THREESCORE_DATABASE_URL=database_url, THREESCORE_WORKERS="2") as server:
        before = server.family()
        before[1].kill()
        wait_until(lambda: len(server.family()) == 3 and before[1] not in server.family())
        wait_until(lambda: answers(server.url))
    assert server.process.returncode == 0


def test_a_worker_is_small(database_url: str) -> None:
    with serving(THREESCORE_DATABASE_URL=database_url, THREESCORE_WORKERS="2") as server:
        for worker in server.family()[1:]:
            assert worker.memory_info().rss < 120 * 1024**2
            # What only preparing needs never came in: both have compiled parts, which show here.
            mapped = Path(f"/proc/{worker.pid}/maps").read_text()
            assert "asyncpg" in mapped
            assert "sqlalchemy" not in mapped


def test_without_its_database_a_server_says_that_it_is_not_well(data_dir: Path) -> None:
    with serving(THREESCORE_DATA_DIR=str(data_dir), THREESCORE_WORKERS="1") as server:
        headers = {"Authorization": f"Bearer {token_of(server)}"}
        assert httpx.get(f"{server.url}/healthz").json()["status"] == "ok"
        assert httpx.get(f"{server.url}/rest/people", headers=headers).status_code == 200
        postmaster = int((data_dir / "postgresql" / "postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGQUIT)
        wait_until(lambda: not psutil.pid_exists(postmaster))
        for path in ("/healthz", "/rest/people"):
            assert httpx.get(f"{server.url}{path}", headers=headers, timeout=30).status_code == 503
        asked = {"query": "{ people { totalCount } }"}
        answer = httpx.post(f"{server.url}/graphql", json=asked, headers=headers, timeout=30).json()
        assert answer["data"] == {"people": None}
        assert answer["errors"][0]["message"] == "The database does not answer"
    assert server.process.returncode == 0


def test_settings_reach_the_workers(data_dir: Path) -> None:
    variables = {
        "DATA_DIR": str(data_dir),
        "HOST": "0.0.0.0",
        "WORKERS": "1",
        "BATCH_LIMIT": "2",
        "BODY_LIMIT": "1024",
    }
    with serving(**{f"THREESCORE_{name}": value for name, value in variables.items()}) as server:
        assert len(server.family()) == 2
        # Not the address that is listened on by default.
        assert answers(server.url.replace("127.0.0.1", "127.0.0.2"))
        headers = {"Authorization": f"Bearer {token_of(server)}"}
        with httpx.Client(base_url=server.url, headers=headers) as client:
            assert "is 2." in client.post("/rest/batch/people", json=[{}] * 3).json()["messages"][0]
            document = "mutation ($data: [PersonCreateInput!]!) { createPeople(data: $data) { id } }"
            for count, refused in ((3, True), (2, False)):
                asked = {"query": document, "variables": {"data": [{}] * count}}
                assert ("errors" in client.post("/graphql", json=asked).json()) == refused
            assert client.post("/rest/people", json={"jobTitle": "x" * 1024}).status_code == 413
            assert client.get("/rest/people").json()["totalCount"] == 2


def test_a_port_in_use_is_reported() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        environment = {**clean_environment(), "THREESCORE_PORT": str(port)}
        done = subprocess.run([PROGRAM, "serve"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == f"Port {port} of 127.0.0.1 is in use. Set THREESCORE_PORT to another one.\n"
