"""What every test may ask for: the embedded PostgreSQL, a workspace of its own, a real server, a client with a key.

One PostgreSQL serves all processes of a test run and goes away with the last of them. Each process has a database
of its own there, for a server finds work in every workspace of its database; each test that asks for `workspace`
gets a new one, so that tests share nothing and need no cleaning up.
"""

import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import hypothesis
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from tests.support import serving
from threescore.access.keys import create_key, signing_secret
from threescore.access.roles import admin_role
from threescore.access.seats import join
from threescore.access.session_rows import open_session
from threescore.access.sessions import Sessions
from threescore.access.tokens import Tokens
from threescore.access.users import create_user
from threescore.catalog.workspaces import Workspace, create_workspace
from threescore.db import embedded
from threescore.db.migrate import migrate
from threescore.db.pool import Database

# How fast the machine is decides about no test.
hypothesis.settings.register_profile("threescore", deadline=None)
hypothesis.settings.load_profile("threescore")

# Where the processes of one test run find their PostgreSQL.
_POSTGRES_DIRECTORY = "TEST_POSTGRES_DIRECTORY"


def pytest_configure(config: pytest.Config) -> None:
    # Each client of httpx would read the certificates of all authorities anew, which takes longer than most requests.
    pytest.MonkeyPatch().setattr("httpx._transports.default.create_ssl_context", cache(httpx.create_ssl_context))
    if not hasattr(config, "workerinput"):
        # Not below pytest's own directory, which the account that runs PostgreSQL for root could not enter.
        directory = Path(tempfile.mkdtemp(prefix="threescore-tests-"))
        directory.chmod(0o755)
        os.environ[_POSTGRES_DIRECTORY] = str(directory)


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        directory = Path(os.environ[_POSTGRES_DIRECTORY])
        if (directory / "postgresql" / "postmaster.pid").exists():
            # A process of ours was killed: stop what it left running.
            embedded.start(directory).release()
        shutil.rmtree(directory)


def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are processors: tests often wait, for servers, for browsers, for time to pass.

    Eight at most, for all share one PostgreSQL.
    """
    return min((os.cpu_count() or 1) + 1, 8)


# Tests that watch other processes (browsers, servers, receivers) against the clock.
_WATCHING = tuple(f"tests/{name}" for name in ("browser/", "events/", "examples/", "test_cli", "test_serve.py"))

# The files that take longest. They come first: begun at the end, one would go on while other processes are done.
_LONG = tuple(
    f"tests/{name}.py"
    for name in (
        *("browser/test_every_page", "events/test_crashes", "test_serve", "access/test_permissions_metamorphic"),
        *("access/test_people_signing", "access/test_people_members", "test_cli", "rest/test_openapi_tools"),
        *("examples/test_airports", "test_bench", "graphql/test_metadata_language", "records/test_live_model"),
        *("records/test_bad_input", "events/test_delivery", "browser/test_model", "browser/test_signing"),
        *("browser/test_charts", "replay/test_replay", "replay/test_replay_metadata", "catalog/test_changes_walk"),
    )
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What a busy machine may be too slow for is tried once more; the closing line says how many were."""
    items.sort(key=lambda item: not item.nodeid.startswith(_LONG))
    for item in items:
        # What was found at random would not be found again.
        if item.nodeid.startswith(_WATCHING) and not getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker(pytest.mark.flaky(reruns=1, reruns_delay=2))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres() -> Iterator[embedded.EmbeddedServer]:
    """The PostgreSQL of this test run, shared by its processes."""
    with embedded.start(Path(os.environ[_POSTGRES_DIRECTORY]), connections=400, fast=True) as server:
        yield server


@pytest.fixture(scope="session")
def new_database(postgres: embedded.EmbeddedServer, portal: BlockingPortal) -> Callable[[], str]:
    """A function that makes a migrated database and gives its URL."""

    def make() -> str:
        url = portal.call(_new_database, postgres.url)
        migrate(url)
        return url

    return make


async def _new_database(url: str) -> str:
    name = f"test_{uuid.uuid4().hex}"
    database = await Database.connect(url, 1)
    try:
        await database.execute(f"CREATE DATABASE {name} {embedded.TEXT_RULES}")
    finally:
        await database.close()
    return urlsplit(url)._replace(path=f"/{name}").geturl()


@pytest.fixture(scope="session")
def database_url(new_database: Callable[[], str]) -> str:
    """The URL of a migrated database that this process of the test run has for itself."""
    return new_database()


@pytest.fixture(scope="session")
def portal() -> Iterator[BlockingPortal]:
    """An event loop in a thread, for what fixtures do with the database."""
    with start_blocking_portal("asyncio") as portal:
        yield portal


@pytest.fixture(scope="session")
def shared_db(database_url: str, portal: BlockingPortal) -> Iterator[Database]:
    """A pool that lives in the loop of `portal`: to be used through `portal.call` only."""
    database = portal.call(Database.connect, database_url, 4)
    yield database
    portal.call(database.close)


@pytest.fixture
async def db(database_url: str, anyio_backend: str) -> AsyncIterator[Database]:
    """A pool for an asynchronous test."""
    database = await Database.connect(database_url, 4)
    yield database
    await database.close()


@pytest.fixture(scope="session")
def new_workspace(portal: BlockingPortal, shared_db: Database) -> Callable[[], Workspace]:
    """A function that makes a workspace with the standard data model."""
    return lambda: portal.call(create_workspace, shared_db, f"Test {uuid.uuid4()}")


@pytest.fixture(scope="session")
def new_token(portal: BlockingPortal, shared_db: Database) -> Callable[[Workspace], str]:
    """A function that makes an API key of a workspace and gives its token."""
    return lambda workspace: portal.call(_new_token, shared_db, workspace)


@pytest.fixture
def workspace(new_workspace: Callable[[], Workspace]) -> Workspace:
    """A new workspace with the standard data model."""
    return new_workspace()


@pytest.fixture
def token(workspace: Workspace, new_token: Callable[[Workspace], str]) -> str:
    """The token of an API key of the test's workspace."""
    return new_token(workspace)


async def _new_token(database: Database, workspace: Workspace) -> str:
    async with database.transaction() as connection:
        key = await create_key(connection, workspace.id, "Tests", datetime.now(UTC) + timedelta(days=1))
    return Tokens(await signing_secret(database, None)).mint(workspace.id, key.id, key.expires_at)


@pytest.fixture(scope="session")
def server(database_url: str) -> Iterator[str]:
    """The URL of a server with two workers over the tests' database.

    It delivers no webhooks: those of tests go to addresses that only their own server may call.
    """
    variables = {"DATABASE_URL": database_url, "WORKERS": "2", "DATABASE_CONNECTIONS": "8", "DELIVERY": "false"}
    with serving(**{f"THREESCORE_{name}": value for name, value in variables.items()}) as running:
        yield running.url


@pytest.fixture
def api(server: str, token: str) -> Iterator[httpx.Client]:
    """A client of the server that holds a key of the test's workspace."""
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=server, headers=headers, timeout=30) as client:
        yield client


@pytest.fixture
def session(workspace: Workspace, portal: BlockingPortal, shared_db: Database, server: str) -> str:
    """The value of the cookie of an administrator of the test's workspace."""
    return portal.call(_session, shared_db, workspace, server)


async def _session(database: Database, workspace: Workspace, server: str) -> str:
    email = f"{uuid.uuid4()}@linden.example"
    async with database.transaction() as connection:
        user = await create_user(connection, email, "", locale="en", is_email_verified=True)
        member = await join(connection, user, workspace.id, admin_role(workspace.id).id)
        session = await open_session(connection, user, member)
    sessions = Sessions(database, Tokens(await signing_secret(database, None)), server)
    return sessions.set_cookie(session).partition(";")[0].partition("=")[2]
