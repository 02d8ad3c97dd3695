"""Webhooks and their deliveries show nobody what a role may not read."""

import base64
import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import msgspec
import pytest
from anyio.from_thread import BlockingPortal
from websockets.sync.client import connect

from tests.access.roles import Office, Rules
from tests.events.conftest import MakeHook
from tests.events.receiver import Receiver, answering
from tests.events.test_subscriptions import PROTOCOL
from tests.records.wire import create, refusal
from tests.support import wait_until
from threescore.catalog.workspaces import Workspace
from threescore.db.pool import Database


@pytest.fixture
def office(portal: BlockingPortal, shared_db: Database, workspace: Workspace, delivering_server: str) -> Office:
    """Hands out roles and keys of the test's workspace."""
    return Office(portal, shared_db, workspace, delivering_server)


BLIND = {
    "object": Rules(objects={"company": {"read": False}}, settings=True),
    "field": Rules(fields={("company", "employees"): {"read": False}}, settings=True),
    "row": Rules(rows={"company": {"name": {"eq": "Small"}}}, settings=True),
}
"""Roles that do not see all of companies."""


@pytest.mark.parametrize("rules", BLIND.values(), ids=BLIND)
def test_webhooks_tell_no_more_than_may_be_read(office: Office, client: httpx.Client, rules: Rules) -> None:
    hook = {"targetUrl": "http://receiver.invalid/", "operations": ["*.created"]}
    assert client.post("/rest/metadata/webhooks", json=hook).status_code == 201
    create(client, "companies", {"name": "Acme"})
    create(client, "tasks", {"title": "Call"})
    path = "/rest/metadata/webhookDeliveries"
    wait_until(lambda: len(client.get(path).json()["data"]) == 2)
    with office.client(rules) as limited:
        # What names no object now may name one some day.
        for operations in (["task.*", "company.*"], ["*.created"], ["*.*"], ["*"], ["rover.created"], ["rover"]):
            refused = refusal(limited.post("/rest/webhooks", json=hook | {"operations": operations}), 400)
            assert "your role may not read" in refused["messages"][0]
        assert limited.post("/rest/webhooks", json=hook | {"operations": ["task.*"]}).status_code == 201
        found = limited.get(path).json()["data"]
        shown = {item["eventName"]: item["requestBody"] for item in found}
        assert shown["company.created"] is None
        assert "Call" in shown["task.created"]
        for item in found:
            single = limited.get(f"{path}/{item['id']}").json()
            again = limited.post(f"{path}/{item['id']}/resend").json()
            assert single["requestBody"] == again["requestBody"] == item["requestBody"]


def test_answers_of_receivers_are_shown_to_administrators_alone(
    office: Office, client: httpx.Client, receiver: Receiver, hook: MakeHook, path: str
) -> None:
    receiver.behave(path, answering(200, **{"X-Kind": "internal"}))
    hook("task.created")
    create(client, "tasks", {"title": "Call"})
    log = "/rest/metadata/webhookDeliveries"
    wait_until(lambda: any(item["status"] == "succeeded" for item in client.get(log).json()["data"]))
    query = {"query": "{ webhookDeliveries { edges { node { attempts { responseBody } } } } }"}

    def answers(reader: httpx.Client) -> set[str | None]:
        [item] = reader.get(log).json()["data"]
        assert "Call" in item["requestBody"]
        assert item["attempts"][0]["responseHeaders"]["X-Kind"] == "internal"
        single = reader.get(f"{log}/{item['id']}").json()
        [edge] = reader.post("/metadata", json=query).json()["data"]["webhookDeliveries"]["edges"]
        return {shown["attempts"][0]["responseBody"] for shown in (item, single, edge["node"])}

    assert answers(client) == {"this is 200"}
    with office.client(Rules(settings=True)) as administrator:
        assert answers(administrator) == {"this is 200"}
    with office.client(Rules(flags=("API_KEYS_AND_WEBHOOKS",))) as limited:
        assert answers(limited) == {None}
        [item] = limited.get(log).json()["data"]
        again = limited.post(f"{log}/{item['id']}/resend").json()
        assert {attempt["responseBody"] for attempt in again["attempts"]} == {None}


def subscribed(client: httpx.Client, after: str, count: int) -> list[dict[str, Any]]:
    """The first events of a subscription after a cursor."""
    query = f'subscription {{ recordEvents(after: "{after}") {{ eventName recordId record before updatedFields }} }}'
    found: list[dict[str, Any]] = []
    with client.stream("POST", "/graphql", json={"query": query}, headers={"Accept": "text/event-stream"}) as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                found.append(msgspec.json.decode(line.removeprefix("data: "))["data"]["recordEvents"])
            if len(found) == count:
                break
    return found


@pytest.mark.parametrize(
    ("rules", "seen"),
    [
        (Rules(), ["company.created", "company.updated", "task.created"]),
        (BLIND["object"], ["task.created"]),
        (BLIND["field"], ["company.created", "task.created"]),
        (BLIND["row"], ["task.created"]),
    ],
    ids=["whole", *BLIND],
)
def test_the_role_decides_what_a_follower_sees(
    office: Office, client: httpx.Client, rules: Rules, seen: list[str]
) -> None:
    """In the feed, in a subscription and in the history of the record."""
    start = client.get("/rest/events?after=now").json()["pageInfo"]["endCursor"]
    company = create(client, "companies", {"name": "Acme", "employees": 3})
    client.patch(f"/rest/companies/{company['id']}", json={"employees": 4}).raise_for_status()
    create(client, "tasks", {"title": "Call"})
    with office.client(rules) as follower:
        feed = follower.get("/rest/events", params={"after": start}).json()["data"]["events"]
        pushed = subscribed(follower, start, len(seen))
        history = follower.get(f"/rest/companies/{company['id']}/history")
    for events in (feed, pushed):
        assert [event["eventName"] for event in events] == seen
        if rules is BLIND["field"]:
            assert "employees" not in events[0]["record"]
    of_company = [name for name in seen if name.startswith("company.")]
    if of_company:
        entries = history.json()["data"]["history"]
        assert [f"company.{entry['operation']}" for entry in entries] == of_company[::-1]
        assert ("employees" in history.text) == (rules is not BLIND["field"])
    else:
        assert history.status_code in (400, 404)


SUBSCRIPTION = "subscription { recordEvents { eventName record } }"


@contextmanager
def _rest(follower: httpx.Client) -> Iterator[Iterator[dict[str, Any]]]:
    with follower.stream("GET", "/rest/events/stream") as stream:
        yield _data(stream)


@contextmanager
def _server_sent(follower: httpx.Client) -> Iterator[Iterator[dict[str, Any]]]:
    headers = {"Accept": "text/event-stream"}
    with follower.stream("POST", "/graphql", json={"query": SUBSCRIPTION}, headers=headers) as stream:
        yield (_pushed(payload) for payload in _data(stream))


@contextmanager
def _socket(follower: httpx.Client) -> Iterator[Iterator[dict[str, Any]]]:
    url = str(follower.base_url).replace("http", "ws").rstrip("/") + "/graphql"
    init = {"type": "connection_init", "payload": {"Authorization": follower.headers["Authorization"]}}
    with connect(url, subprotocols=[PROTOCOL]) as socket:
        for message in (init, {"type": "subscribe", "id": "1", "payload": {"query": SUBSCRIPTION}}):
            socket.send(json.dumps(message))
        heard = (json.loads(socket.recv(30)) for _ in itertools.count())
        assert next(heard) == {"type": "connection_ack"}
        # What is asked for behind the subscription is answered once it has begun.
        socket.send(json.dumps({"type": "subscribe", "id": "2", "payload": {"query": "{ __typename }"}}))
        while next(heard).get("type") != "complete":
            continue
        yield (_pushed(message["payload"]) for message in heard if message["type"] in ("next", "error"))


def _data(stream: httpx.Response) -> Iterator[dict[str, Any]]:
    """What follows from a stream, which has begun."""
    lines = stream.iter_lines()
    next(lines)
    return (json.loads(line[6:]) for line in lines if line.startswith("data: "))


def _pushed(payload: Any) -> dict[str, Any]:
    """An event of a subscription; of an error, what REST says of it."""
    errors = payload if isinstance(payload, list) else payload.get("errors")
    return {"messages": [errors[0]["message"]]} if errors else payload["data"]["recordEvents"]


@pytest.mark.parametrize("way", [_rest, _server_sent, _socket], ids=["rest", "sse", "ws"])
def test_what_changes_for_a_follower_counts_at_once(
    office: Office, client: httpx.Client, way: Callable[[httpx.Client], Any]
) -> None:
    """A role that is changed, and a key that is revoked, while the stream is open."""
    role = office.role(Rules())
    token = office.token(role)
    follower = httpx.Client(base_url=client.base_url, headers={"Authorization": f"Bearer {token}"}, timeout=30)
    with follower, way(follower) as events:
        create(client, "companies", {"name": "Whole", "employees": 3})
        assert next(events)["record"]["employees"] == 3
        office.change(role, BLIND["field"])
        create(client, "companies", {"name": "Part", "employees": 4})
        part = next(events)["record"]
        assert part["name"] == "Part"
        assert "employees" not in part
        office.change(role, BLIND["row"])
        create(client, "companies", {"name": "Hidden"})
        create(client, "companies", {"name": "Small"})
        assert next(events)["record"]["name"] == "Small"
        office.change(role, BLIND["object"])
        create(client, "companies", {"name": "Small"})
        create(client, "tasks", {"title": "Call"})
        assert next(events)["eventName"] == "task.created"
        key = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))["jti"]
        revoke = f'mutation {{ revokeApiKey(input: {{id: "{key}"}}) {{ id }} }}'
        assert "errors" not in client.post("/metadata", json={"query": revoke}).json()
        create(client, "tasks", {"title": "Not for you"})
        assert next(events)["messages"] == ["This API Key is revoked"]
