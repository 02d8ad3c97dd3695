"""GraphQL subscriptions of record events, over WebSocket and server-sent events."""

import asyncio
import subprocess
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest
import websockets
from anyio.from_thread import BlockingPortal
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.graphql.tools_support import MODULES, TOOLS
from threescore.access.keys import signing_secret
from threescore.access.tokens import Tokens
from threescore.catalog.workspaces import Workspace
from threescore.db.pool import Database

PROTOCOL = Subprotocol("graphql-transport-ws")
EVENTS = "subscription { recordEvents { id eventName } }"


@pytest.mark.parametrize("way", ["ws", "sse"])
def test_the_clients_that_people_use(way: str, api: httpx.Client, server: str, token: str) -> None:
    if not MODULES.is_dir():
        pytest.fail('The tools of GraphQL clients are not installed: run "make setup".')
    # From a cursor on, so that it matters to nobody when the client is there.
    now = api.get("/rest/events?after=now").json()["pageInfo"]["endCursor"]
    command = ["node", "follow.mjs", way, f"{server}/graphql", token, "2", "company", "updated", now]
    with subprocess.Popen(command, cwd=TOOLS, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        made = api.post("/rest/companies", json={"name": "One"}).json()["data"]["createCompany"]["id"]
        api.post("/rest/people", json={"name": {"firstName": "Ada"}})
        for name in ("Two", "Three"):
            api.patch(f"/rest/companies/{made}", json={"name": name})
        answers = [msgspec.json.decode(line) for line in client.stdout]
    events = [answer["data"]["recordEvents"] for answer in answers]
    assert [(event["what"], event["record"]["name"]) for event in events] == [
        ("company.updated", "Two"),
        ("company.updated", "Three"),
    ]
    assert events[1]["before"]["name"] == "Two"
    assert (events[0]["updatedFields"], events[0]["__typename"]) == (["name"], "RecordEvent")
    assert events[0]["recordId"] == made


async def say(socket: ClientConnection, **message: Any) -> None:
    await socket.send(msgspec.json.encode(message).decode())


async def hear(socket: ClientConnection) -> Any:
    async with asyncio.timeout(20):
        return msgspec.json.decode(await socket.recv())


def connecting(server: str) -> connect:
    return connect(f"{server.replace('http', 'ws')}/graphql", subprotocols=[PROTOCOL])


async def opened(socket: ClientConnection, token: str) -> None:
    await say(socket, type="connection_init", payload={"headers": {"Authorization": f"Bearer {token}"}})
    assert await hear(socket) == {"type": "connection_ack"}


@pytest.mark.anyio
async def test_several_operations_on_one_connection(server: str, token: str) -> None:
    async with httpx.AsyncClient(base_url=server, headers={"Authorization": f"Bearer {token}"}) as client:
        now = (await client.get("/rest/events?after=now")).json()["pageInfo"]["endCursor"]
    async with asyncio.timeout(60), connecting(server) as socket:
        await opened(socket, token)
        await say(socket, type="ping")
        assert await hear(socket) == {"type": "pong"}
        every = "subscription ($after: String) { recordEvents(after: $after) { id eventName } }"
        await say(socket, type="subscribe", id="all", payload={"query": every, "variables": {"after": now}})
        wanted = {"object": "person", "filter": {"city": {"eq": "Ghent"}}, "after": now}
        query = """subscription ($object: String, $filter: JSON, $after: String) {
            recordEvents(objectNameSingular: $object, filter: $filter, after: $after) { record } }"""
        await say(socket, type="subscribe", id="some", payload={"query": query, "variables": wanted})
        await say(socket, type="subscribe", id="once", payload={"query": "{ people { totalCount } }"})
        answers = [await hear(socket), await hear(socket)]
        assert answers == [
            {"type": "next", "id": "once", "payload": {"data": {"people": {"totalCount": 0}}}},
            {"type": "complete", "id": "once"},
        ]
        # A mutation over the same connection; each subscriber gets its own.
        for city in ("Lille", "Ghent"):
            create = f'mutation {{ createPerson(data: {{city: "{city}"}}) {{ city }} }}'
            await say(socket, type="subscribe", id=city, payload={"query": create})
        heard: dict[str, list[Any]] = {"all": [], "some": []}
        while len(heard["all"]) < 2 or not heard["some"]:
            message = await hear(socket)
            if message["type"] == "next" and message["id"] in heard:
                heard[message["id"]].append(message["payload"]["data"]["recordEvents"])
        assert [event["eventName"] for event in heard["all"]] == ["person.created"] * 2
        assert [event["record"]["city"] for event in heard["some"]] == ["Ghent"]
        await say(socket, type="complete", id="all")
        await say(socket, type="complete", id="some")


@pytest.mark.anyio
async def test_a_subscription_hears_of_what_is_sent_behind_it(server: str, token: str) -> None:
    """However many there are: none has its start later than a mutation that was sent after it."""
    async with asyncio.timeout(60), connecting(server) as socket:
        await opened(socket, token)
        for round_ in range(5):
            for number in range(90):
                await say(socket, type="subscribe", id=f"{round_} {number}", payload={"query": EVENTS})
            create = "mutation { createPerson(data: {}) { id } }"
            await say(socket, type="subscribe", id=f"{round_}", payload={"query": create})
            waiting = {f"{round_} {number}" for number in range(90)}
            async with asyncio.timeout(10):
                while waiting:
                    message = await hear(socket)
                    assert message["type"] in ("next", "complete")
                    waiting.discard(message.get("id"))
            for number in range(90):
                await say(socket, type="complete", id=f"{round_} {number}")


@pytest.mark.anyio
async def test_a_subscription_resumes_after_a_cursor(server: str, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=server, headers=headers, timeout=30) as client:
        before = (await client.get("/rest/events?after=now")).json()["pageInfo"]["endCursor"]
        await client.post("/rest/companies", json={"name": "Missed"})
        async with connecting(server) as socket:
            await opened(socket, token)
            query = f'subscription {{ recordEvents(after: "{before}") {{ record cursor }} }}'
            await say(socket, type="subscribe", id="1", payload={"query": query})
            event = (await hear(socket))["payload"]["data"]["recordEvents"]
            assert event["record"]["name"] == "Missed"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("subscription { recordEvents { wings } }", 'Cannot query field "wings" on type "RecordEvent"'),
        ("subscription { recordEvents }", "must have a selection"),
        ("subscription { people { totalCount } }", 'Cannot query field "people" on type "Subscription"'),
        ("subscription { a: recordEvents { id } b: recordEvents { id } }", "exactly one field"),
        ('subscription { recordEvents(objectNameSingular: "unicorn") { id } }', "no object 'unicorn'"),
        ("subscription { recordEvents(operations: [exploded]) { id } }", "no operation 'exploded'"),
        ("subscription { recordEvents(filter: {id: {is: NULL}}) { id } }", "A filter needs the object"),
        ('subscription { recordEvents(after: "x") { id } }', "Invalid cursor"),
        ("subscription {", "Syntax Error"),
    ],
)
async def test_wrong_subscriptions(server: str, token: str, query: str, message: str) -> None:
    async with connecting(server) as socket:
        await opened(socket, token)
        await say(socket, type="subscribe", id="1", payload={"query": query})
        heard = await hear(socket)
        assert (heard["type"], heard["id"]) == ("error", "1")
        assert message in heard["payload"][0]["message"]
        # The connection goes on.
        await say(socket, type="ping")
        assert await hear(socket) == {"type": "pong"}
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
    async with httpx.AsyncClient(base_url=server, headers=headers, timeout=30) as client:
        answer = await client.post("/graphql", json={"query": query})
        assert answer.text.startswith("event: next\ndata: {")
        assert answer.text.endswith("event: complete\ndata:\n\n")
        assert message in msgspec.json.decode(answer.text.split("data: ")[1].split("\n")[0])["errors"][0]["message"]


Act = Callable[[ClientConnection, str], Awaitable[None]]


async def _no_init(socket: ClientConnection, _token: str) -> None:
    await say(socket, type="subscribe", id="1", payload={"query": EVENTS})


async def _bad_token(socket: ClientConnection, _token: str) -> None:
    await say(socket, type="connection_init", payload={"Authorization": "Bearer x"})


async def _no_token(socket: ClientConnection, _token: str) -> None:
    await say(socket, type="connection_init")


async def _twice(socket: ClientConnection, token: str) -> None:
    await opened(socket, token)
    await say(socket, type="connection_init")


async def _same_id(socket: ClientConnection, token: str) -> None:
    await opened(socket, token)
    for _ in range(2):
        await say(socket, type="subscribe", id="1", payload={"query": EVENTS})


async def _no_json(socket: ClientConnection, token: str) -> None:
    await opened(socket, token)
    await socket.send("{")


async def _unknown(socket: ClientConnection, token: str) -> None:
    await opened(socket, token)
    await say(socket, type="explode")


async def _no_query(socket: ClientConnection, token: str) -> None:
    await opened(socket, token)
    await say(socket, type="subscribe", id="1", payload={})


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("act", "code"),
    [
        (_no_init, 4401),
        (_bad_token, 4403),
        (_no_token, 4403),
        (_twice, 4429),
        (_same_id, 4409),
        (_no_json, 4400),
        (_unknown, 4400),
        (_no_query, 4400),
    ],
)
async def test_connections_that_break_the_protocol(server: str, token: str, act: Act, code: int) -> None:
    async with connecting(server) as socket:
        await act(socket, token)
        async with asyncio.timeout(20):
            await socket.wait_closed()
        assert socket.close_code == code


@pytest.mark.anyio
async def test_a_token_that_ends_ends_what_it_opened(
    server: str, api: httpx.Client, workspace: Workspace, shared_db: Database, portal: BlockingPortal
) -> None:
    """Whoever keeps a connection open has it for no longer than the token says."""
    key_id = portal.call(shared_db.fetchval, "SELECT id FROM threescore.api_key WHERE workspace_id = $1", workspace.id)
    tokens = Tokens(portal.call(signing_secret, shared_db, None))
    token = tokens.mint(workspace.id, key_id, datetime.now(UTC) + timedelta(seconds=5))
    async with connecting(server) as socket:
        await opened(socket, token)
        await say(socket, type="subscribe", id="1", payload={"query": EVENTS})
        await say(socket, type="subscribe", id="2", payload={"query": "{ people { totalCount } }"})
        assert (await hear(socket))["id"] == "2"
        assert (await hear(socket)) == {"type": "complete", "id": "2"}
        await asyncio.sleep(5.5)
        await asyncio.to_thread(api.post, "/rest/companies", json={})
        ended = await hear(socket)
        assert (ended["type"], ended["id"], ended["payload"][0]["message"]) == ("error", "1", "Token has expired.")
        await say(socket, type="subscribe", id="3", payload={"query": "{ people { totalCount } }"})
        refused = await hear(socket)
        assert (refused["id"], refused["payload"][0]["message"]) == ("3", "Token has expired.")


@pytest.mark.anyio
async def test_other_protocols_are_refused(server: str) -> None:
    async with connect(f"{server.replace('http', 'ws')}/graphql") as socket:
        with pytest.raises(websockets.ConnectionClosed):
            await socket.recv()
        assert socket.close_code == 4406


def test_a_plain_request_cannot_subscribe(api: httpx.Client) -> None:
    answer = api.post("/graphql", json={"query": EVENTS})
    assert "WebSocket" in answer.json()["errors"][0]["message"]
    refused = httpx.post(
        f"{api.base_url}/graphql", json={"query": EVENTS}, headers={"Accept": "text/event-stream"}, timeout=10
    )
    assert refused.status_code == 403
