"""A server that delivers webhooks with short waits, and a receiver."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import httpx
import pytest

from tests.events.receiver import Receiver, receiving
from tests.records.conftest import events as events
from tests.support import Server, serving

SHORT = {
    "THREESCORE_OUTBOUND_ALLOW": "127.0.0.0/8",
    "THREESCORE_WEBHOOK_WAITS": "0.2,0.2,0.3",
    "THREESCORE_WEBHOOK_TIMEOUT": "2",
}
"""Settings under which nothing takes long."""

Hook = dict[str, Any]
MakeHook = Callable[..., Hook]
Serve = Callable[..., AbstractContextManager[Server]]


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    """A receiver that all tests of a process share: each uses paths of its own."""
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="session")
def delivering_server(database_url: str) -> Iterator[str]:
    """The URL of a server with two workers, both of which deliver, with short waits."""
    with serving(THREESCORE_DATABASE_URL=database_url, THREESCORE_WORKERS="2", **SHORT) as running:
        yield running.url


@pytest.fixture
def client(delivering_server: str, token: str) -> Iterator[httpx.Client]:
    """A client of that server that holds a key of the test's workspace."""
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=delivering_server, headers=headers, timeout=30) as client:
        yield client


@pytest.fixture
def path(request: pytest.FixtureRequest, workspace: Any) -> str:
    """A path of the receiver's that no other test uses."""
    return f"/{workspace.id.hex}"


@pytest.fixture
def hook(client: httpx.Client, receiver: Receiver, path: str) -> MakeHook:
    """A function that makes a webhook to the receiver."""

    def make(*operations: str, at: str = "", **more: Any) -> Hook:
        return made(client, receiver.url + path + at, *operations, **more)

    return make


def made(client: httpx.Client, url: str, *operations: str, **more: Any) -> Hook:
    """A new webhook."""
    given = {"targetUrl": url, "operations": list(operations) or ["*.*"], **more}
    answer = client.post("/rest/metadata/webhooks", json=given)
    assert answer.status_code == 201, answer.text
    found: Hook = answer.json()
    return found
