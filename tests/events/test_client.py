"""The client against receivers that are slow, wrong or hostile: what it makes of the bytes that come."""

import asyncio
import re
import ssl
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from yarl import URL

from tests.events.raw import OK, RawReceiver, Script, Side, answering, fine, raw_receiver, saying
from tests.events.test_outbound import make_certificate
from threescore import __version__
from threescore.events import connecting, connections
from threescore.events.client import Client, Outcome
from threescore.events.connecting import Connector, Kept, Origin
from threescore.events.connections import KEPT_BODY, READ_BODY, READ_HEAD, Connection
from threescore.events.outbound import Lookup, Outbound, TargetRefused, parse_target

pytestmark = pytest.mark.anyio

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"], scope="module")
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Both event loops: they differ in what they tell a connection, and when."""
    return "asyncio", {"use_uvloop": request.param}


@asynccontextmanager
async def calling(
    seconds: float = 5, lookup: Lookup | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Client]:
    client = Client(Outbound(("127.0.0.0/8", "::1"), lookup), seconds, tls=tls)
    try:
        yield client
    finally:
        await client.close()


async def call(client: Client, receiver: RawReceiver, path: str = "/") -> Outcome:
    return await client.call(URL(receiver.url + path), b"{}", {"webhook-id": "1"})


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def outcome_of(script: Script, seconds: float = 5) -> Outcome:
    """How a single call of such a receiver goes."""
    async with raw_receiver(script) as receiver, calling(seconds) as client:
        return await call(client, receiver)


# What is sent


async def test_what_is_sent() -> None:
    async with raw_receiver(fine) as receiver, calling() as client:
        url = parse_target(f"http://localhost:{receiver.port}/a%20b/ü?c=d&e#f")
        outcome = await client.call(url, b'{"a":1}', {"webhook-id": "x", "X-Key": "y: z"})
    assert (outcome.status, outcome.error, outcome.body) == (200, None, b"ok")
    assert outcome.headers == {"Content-Length": "2"}
    assert receiver.requests == [
        b"POST /a%20b/%C3%BC?c=d&e HTTP/1.1\r\n"
        + f"Host: localhost:{receiver.port}\r\n".encode()
        + b"Accept: application/json, text/plain, */*\r\nContent-Type: application/json\r\n"
        + f"User-Agent: Threescore/{__version__}\r\n".encode()
        + b'webhook-id: x\r\nX-Key: y: z\r\nContent-Length: 7\r\n\r\n{"a":1}'
    ]


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Key": "a\r\nX-Other: b"},
        {"X-Key": "a\nX-Other: b"},
        {"X-Key": "a\rb"},
        {"X-Key": "a\x00b"},
        {"X-Key: a\r\nX-Other": "b"},
        {"X Key": "a"},
        {"": "a"},
    ],
)
async def test_no_header_carries_another_one(headers: dict[str, str]) -> None:
    async with raw_receiver(fine) as receiver, calling() as client:
        outcome = await client.call(URL(receiver.url), b"{}", headers)
    assert outcome.status is None
    assert "characters that no header may have" in (outcome.error or "")
    assert receiver.connections == 0


async def test_no_url_carries_a_header() -> None:
    async with raw_receiver(fine) as receiver, calling() as client:
        outcome = await client.call(URL(f"{receiver.url}/ HTTP/1.1\r\nX: y", encoded=True), b"{}", {})
    assert outcome.error == "the URL has characters that none may have"
    assert receiver.connections == 0


async def test_a_name_and_a_password_in_the_url_are_a_header_unless_one_is_given() -> None:
    async with raw_receiver(fine) as receiver, calling() as client:
        url = URL(receiver.url).with_user("ann").with_password("hush hush")
        await client.call(url, b"", {})
        await client.call(url, b"", {"authorization": "Bearer x", "user-agent": "y"})
    first, second = receiver.requests
    assert b"\r\nAuthorization: Basic YW5uOmh1c2ggaHVzaA==\r\n" in first
    assert b"Basic" not in second
    assert b"Threescore" not in second
    assert b"\r\nauthorization: Bearer x\r\nuser-agent: y\r\n" in second
    assert b"ann" not in second


async def test_cookies_are_not_kept() -> None:
    cookie = OK.replace(b"\r\n\r\n", b"\r\nSet-Cookie: a=b; Path=/\r\n\r\n")
    async with raw_receiver(answering(cookie, OK)) as receiver, calling() as client:
        assert (await call(client, receiver)).ok
        assert (await call(client, receiver)).ok
    assert b"ookie" not in receiver.requests[1]


# What is answered


@pytest.mark.parametrize(
    "parts",
    [
        [b"HTTP/1.1 100 Continue\r\n\r\n" + OK],
        [b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n", OK],
        [bytes([byte]) for byte in OK],
    ],
    ids=["100", "103", "byte by byte"],
)
async def test_interim_answers_are_passed_over(parts: list[bytes]) -> None:
    outcome = await outcome_of(saying(*parts))
    assert (outcome.status, outcome.body, outcome.headers) == (200, b"ok", {"Content-Length": "2"})


async def test_a_chunked_answer_is_put_together() -> None:
    parts = [CHUNKED, b"2\r\nab\r\n", b"3;x=y\r\nc", b"de\r\n0\r\nTrailer: t\r\n\r\n"]

    async def script(side: Side) -> None:
        for _ in range(2):
            await side.request()
            await side.say(*parts)

    async with raw_receiver(script) as receiver, calling() as client:
        for _ in range(2):
            outcome = await call(client, receiver)
            assert (outcome.status, outcome.body) == (200, b"abcde")
            assert outcome.headers == {"Transfer-Encoding": "chunked"}
    assert receiver.connections == 1


async def test_an_answer_may_last_until_the_connection_ends() -> None:
    script = answering(b"HTTP/1.1 200 OK\r\n\r\nsome and more")
    async with raw_receiver(script) as receiver, calling() as client:
        for _ in range(2):
            outcome = await call(client, receiver)
            assert (outcome.status, outcome.error, outcome.body) == (200, None, b"some and more")
    assert receiver.connections == 2


@pytest.mark.parametrize("end", ["close", "reset"])
async def test_what_was_said_counts_even_if_the_body_is_cut_off(end: str) -> None:
    async def script(side: Side) -> None:
        await side.request()
        await side.say(b"HTTP/1.1 500 Oh\r\nContent-Length: 100\r\n\r\nsome")
        if end == "reset":
            side.reset()

    outcome = await outcome_of(script)
    assert (outcome.status, outcome.error, outcome.body) == (500, "the receiver answered 500", b"some")


async def test_a_header_may_come_twice_and_be_no_text() -> None:
    answer = b"HTTP/1.1 503 Busy\r\nA: b\r\nA: caf\xe9\r\nretry-after: 7\r\nContent-Length: 2\r\n\r\n\x00\xff"
    outcome = await outcome_of(saying(answer))
    assert outcome.headers == {"A": "b, caf\ufffd", "retry-after": "7", "Content-Length": "2"}
    assert (outcome.retry_after, outcome.body) == (7, b"\x00\xff")


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokk",
        b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nNo colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA\x00: b\r\n\r\n",
    ],
)
async def test_what_is_no_answer(answer: bytes) -> None:
    outcome = await outcome_of(saying(answer))
    assert outcome.status is None
    assert (outcome.error or "").startswith("the receiver's answer is not HTTP: ")


async def test_nobody_asked_for_another_protocol() -> None:
    answer = b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x02hi"
    async with raw_receiver(saying(answer)) as receiver, calling() as client:
        for _ in range(2):
            outcome = await call(client, receiver)
            assert (outcome.status, outcome.error) == (101, "the receiver answered 101")
    assert receiver.connections == 2


# What has no end


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (b"HTTP/1.1 200 " + b"O" * 1000, b"O" * 100_000),
        (b"HTTP/1.1 200 OK\r\nA: ", b"b" * 100_000),
        (b"HTTP/1.1 200 OK\r\n", b"b" * 100_000),
        (b"HTTP/1.1 200 OK\r\n", b"A: b\r\n" * 10_000),
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000),
        (b"", b"\r\n" * 10_000),
    ],
    ids=["reason", "value", "name", "headers", "interim", "empty lines"],
)
async def test_an_endless_head_is_cut_off(begin: bytes, more: bytes) -> None:
    async def script(side: Side) -> None:
        await side.request()
        await side.say(begin)
        await side.say_for_ever(more)

    start = time.monotonic()
    async with raw_receiver(script) as receiver, calling() as client:
        outcome = await call(client, receiver)
        await until(lambda: receiver.ended == 1)
    assert outcome.error == f"the head of the receiver's answer is longer than {READ_HEAD} bytes"
    assert time.monotonic() - start < 3


async def test_a_head_may_be_long() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\nA: "
    head += b"b" * (READ_HEAD - len(head) - 4) + b"\r\n\r\n"
    outcome = await outcome_of(saying(head + b"c" * 200_000))
    assert (outcome.status, outcome.body) == (200, b"c" * KEPT_BODY)
    assert len(outcome.headers["A"]) == 500
    outcome = await outcome_of(saying(head.replace(b"A: ", b"A: b") + b"c" * 200_000))
    assert outcome.status is None


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", b"more " * 1000),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n", b"more " * 1000),
        (CHUNKED, b"5\r\nmore \r\n" * 1000),
        (CHUNKED + b"4\r\nmore\r\n0\r\n", b"Trailer: t\r\n" * 1000),
        (CHUNKED + b"4\r\nmore\r\n0\r\nTrailer: ", b"t" * 10_000),
        (CHUNKED + b"4\r\nmore\r\n4;", b"extension" * 1000),
    ],
    ids=["until the end", "length", "chunks", "trailers", "trailer", "extension"],
)
async def test_an_endless_body_is_cut_off(begin: bytes, more: bytes) -> None:
    sent = 0

    async def script(side: Side) -> None:
        nonlocal sent
        await side.request()
        await side.say(begin)
        while True:
            side.writer.write(more)
            await side.writer.drain()
            sent += len(more)
            await asyncio.sleep(0.005)

    async with raw_receiver(script) as receiver, calling() as client:
        outcome = await call(client, receiver)
        assert (outcome.status, outcome.error) == (200, None)
        assert outcome.body in ((b"more " * 1000)[:KEPT_BODY], b"more")
        await until(lambda: receiver.ended == 1)
    # By its size, long before the time for a body is over.
    assert sent < 10 * READ_BODY
    assert outcome.seconds < connections.BODY_SECONDS


async def test_a_body_is_waited_for_a_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "BODY_SECONDS", 0.3)

    async def script(side: Side) -> None:
        await side.request()
        await side.say(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
        for _ in range(50):
            await side.say(b"a")
            await asyncio.sleep(0.05)

    async with raw_receiver(script) as receiver, calling() as client:
        outcome = await call(client, receiver)
        assert (outcome.status, outcome.error) == (200, None)
        assert 0.25 < outcome.seconds < 1
        assert outcome.body.startswith(b"aa")
        await until(lambda: receiver.ended == 1)


async def test_the_time_for_all_is_limited() -> None:
    async def dribbling(side: Side) -> None:
        await side.request()
        for byte in OK:
            await side.say(bytes([byte]))
            await asyncio.sleep(0.1)

    for script in (dribbling, saying(), saying(b"HTTP/1.1 100 Continue\r\n\r\n")):
        outcome = await outcome_of(script, seconds=0.4)
        assert (outcome.status, outcome.error) == (None, "no answer within 0.4 seconds")
        assert 0.3 < outcome.seconds < 1


# Which connections are used again


async def test_connections_are_used_again() -> None:
    async with raw_receiver(fine) as receiver, raw_receiver(fine) as other, calling() as client:
        for _ in range(3):
            assert (await call(client, receiver)).ok
        assert (await call(client, other)).ok
        assert (receiver.connections, other.connections) == (1, 1)
        await asyncio.gather(*(call(client, receiver) for _ in range(5)))
        assert receiver.connections == 5
        await asyncio.gather(*(call(client, receiver) for _ in range(5)))
        assert receiver.connections == 5
    await until(lambda: receiver.ended == 5)


@pytest.mark.parametrize(
    "answer",
    [
        OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
        OK.replace(b"1.1", b"1.0"),
        # What else comes with the answer could be taken for that to the next request.
        OK + b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n",
        OK + b"more",
        OK + b"H",
    ],
    ids=["close", "1.0", "another answer", "junk", "half of an answer"],
)
async def test_a_connection_that_is_not_used_again(answer: bytes) -> None:
    async with raw_receiver(saying(answer)) as receiver, calling() as client:
        for _ in range(3):
            outcome = await call(client, receiver)
            assert (outcome.status, outcome.body) == (200, b"ok")
        assert receiver.connections == 3
        await until(lambda: receiver.ended == 3)


async def test_what_comes_unasked_is_no_answer() -> None:
    script = saying(OK, b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n")
    async with raw_receiver(script, fine) as receiver, calling() as client:
        assert (await call(client, receiver)).ok
        await until(lambda: receiver.ended == 1)
        assert (await call(client, receiver)).ok
    assert receiver.connections == 2


async def test_an_answer_before_the_request_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    async def script(side: Side) -> None:
        await side.reader.read(100)
        await side.say(b"HTTP/1.1 413 Too large\r\nContent-Length: 0\r\n\r\n")
        await asyncio.sleep(10)

    async with raw_receiver(script, fine) as receiver, calling() as client:
        outcome = await client.call(URL(receiver.url), b"x" * 50_000_000, {})
        assert outcome.status == 413
        assert (await call(client, receiver)).status == 200
    assert receiver.connections == 2


async def test_a_connection_that_was_closed_while_idle() -> None:
    """By then the client may know of it, or not yet."""

    async def half_closing(side: Side) -> None:
        await side.request()
        await side.say(OK)
        side.writer.write_eof()
        await side.reader.read()

    async with raw_receiver(answering(OK), half_closing, fine) as receiver, calling() as client:
        for expected in (1, 2):
            assert (await call(client, receiver)).ok
            await until(lambda expected=expected: receiver.ended == expected)  # type: ignore[misc]
        assert (await call(client, receiver)).ok
        assert (receiver.connections, len(receiver.requests)) == (3, 3)


@pytest.mark.parametrize("end", ["close", "reset"])
async def test_a_connection_that_is_closed_as_the_request_comes(end: str) -> None:
    """Nobody can tell that from one that was idle for too long: the request is sent once more."""

    async def script(side: Side) -> None:
        await side.request()
        await side.say(OK)
        await side.request()
        if end == "reset":
            side.reset()

    async with raw_receiver(script, fine) as receiver, calling() as client:
        assert (await call(client, receiver, "/1")).ok
        assert (await call(client, receiver, "/2")).ok
        assert [request.split()[1] for request in receiver.requests] == [b"/1", b"/2", b"/2"]


@pytest.mark.parametrize("end", ["close", "reset"])
async def test_a_request_is_sent_twice_at_most(end: str) -> None:
    async def script(side: Side) -> None:
        await side.request()
        if receiver.connections == 1:
            await side.say(OK)
            await side.request()
        if end == "reset":
            side.reset()

    async with raw_receiver(script) as receiver, calling() as client:
        assert (await call(client, receiver, "/1")).ok
        outcome = await call(client, receiver, "/2")
        assert [request.split()[1] for request in receiver.requests] == [b"/1", b"/2", b"/2"]
        did = "closed" if end == "close" else "reset"
        assert outcome.error == f"the receiver {did} the connection without an answer"
        # A new connection is no reason to send it again.
        await call(client, receiver, "/3")
        assert [request.split()[1] for request in receiver.requests[3:]] == [b"/3"]


@pytest.mark.parametrize("end", ["close", "reset"])
async def test_a_request_is_not_sent_again_once_an_answer_began(end: str) -> None:
    async def script(side: Side) -> None:
        await side.request()
        await side.say(OK)
        await side.request()
        await side.say(b"HTTP/1.1 200 OK\r\nContent-")
        if end == "reset":
            side.reset()

    async with raw_receiver(script, fine) as receiver, calling() as client:
        assert (await call(client, receiver)).ok
        outcome = await call(client, receiver)
        did = "closed" if end == "close" else "reset"
        assert outcome.error == f"the receiver {did} the connection in the head of its answer"
        assert len(receiver.requests) == 2


async def test_whoever_stops_waiting_ends_the_connection() -> None:
    async with raw_receiver(saying()) as receiver, calling() as client:
        task = asyncio.create_task(call(client, receiver))
        await until(lambda: len(receiver.requests) == 1)
        task.cancel()
        await until(lambda: receiver.ended == 1)
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_few_connections_are_kept_and_not_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "KEPT_CONNECTIONS", 3)
    monkeypatch.setattr(connecting, "KEPT_ALIVE", 0.3)
    monkeypatch.setattr(connecting, "SWEEP_SECONDS", 0.1)
    async with raw_receiver(fine) as receiver, raw_receiver(fine) as other, calling() as client:
        await asyncio.gather(*(call(client, receiver) for _ in range(5)))
        await until(lambda: receiver.ended == 2)
        assert len(client._kept) == 3
        await call(client, other)
        assert len(client._kept) == 3
        await until(lambda: receiver.ended == 5 and other.ended == 1)
        assert len(client._kept) == 0
        assert client._kept._by_origin == {}
        assert (await call(client, other)).ok


async def test_who_was_idle_for_too_long_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "KEPT_ALIVE", 0.0)
    async with raw_receiver(fine) as receiver, calling() as client:
        for expected in (1, 2):
            assert (await call(client, receiver)).ok
            await asyncio.sleep(0.05)
            assert receiver.connections == expected


async def test_what_is_given_back_after_the_end_is_closed() -> None:
    async with raw_receiver(fine) as receiver:
        kept, connector = Kept(), Connector(Outbound(("127.0.0.1",)))
        origin = Origin(False, "127.0.0.1", receiver.port)
        connection = await connector.connect(origin, asyncio.get_running_loop().time() + 5)
        assert isinstance(connection, Connection)
        kept.close()
        kept.keep(origin, connection)
        assert kept.take(origin) is None
        await until(lambda: receiver.ended == 1)


# Where connections go


async def test_ipv6() -> None:
    async with raw_receiver(fine, host="::1") as receiver, calling() as client:
        assert (await call(client, receiver)).ok
    assert f"\r\nHost: [::1]:{receiver.port}\r\n".encode() in receiver.requests[0]


def looking_up(*addresses: str) -> tuple[Lookup, list[str]]:
    """A lookup that always gives those addresses, and the names that it was asked for."""
    asked: list[str] = []

    async def lookup(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        await asyncio.sleep(0.02)
        return addresses

    return lookup, asked


async def test_each_address_is_tried() -> None:
    lookup, _ = looking_up("127.0.0.2", "::1", "10.0.0.1", "127.0.0.1", "127.0.0.3")
    async with raw_receiver(fine) as receiver, calling(lookup=lookup) as client:
        outcome = await client.call(URL(f"http://many.example:{receiver.port}"), b"{}", {})
        assert outcome.status == 200
        assert f"Host: many.example:{receiver.port}\r\n".encode() in receiver.requests[0]
    async with calling(lookup=lookup) as client:
        outcome = await client.call(URL(f"http://many.example:{receiver.port}"), b"{}", {})
        assert outcome.error == f"no connection to 127.0.0.3 port {receiver.port}: Connection refused"


async def test_an_address_that_does_not_answer_leaves_time_for_the_next(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(connecting, "CONNECT_SECONDS", 1.0)
    files = make_certificate(tmp_path, "slow.example")
    serving, trusting = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context(cafile=files[0])
    serving.load_cert_chain(*files)

    async def silent(side: Side) -> None:
        await asyncio.sleep(10)

    lookup, _ = looking_up("127.0.0.2", "127.0.0.1")
    async with (
        raw_receiver(fine, tls=serving) as receiver,
        raw_receiver(silent, host="127.0.0.2", port=receiver.port) as mute,
    ):
        url = URL(f"https://slow.example:{receiver.port}/")
        async with calling(lookup=lookup, tls=trusting) as client:
            for _ in range(2):
                assert (await client.call(url, b"{}", {})).status == 200
        assert (mute.connections, receiver.connections) == (1, 1)
        alone, _ = looking_up("127.0.0.2")
        async with calling(lookup=alone, tls=trusting) as client:
            assert (await client.call(url, b"{}", {})).error == "no connection within 1 seconds"
        async with calling(seconds=0.3, lookup=alone, tls=trusting) as client:
            error = (await client.call(url, b"{}", {})).error or ""
            assert re.fullmatch(r"no connection within 0\.[23]\d? seconds", error)


async def test_what_speaks_no_tls() -> None:
    async def script(side: Side) -> None:
        await side.say(b"220 mail.example ESMTP\r\n")
        await side.reader.read()

    async with raw_receiver(script) as receiver, calling() as client:
        outcome = await client.call(URL(receiver.url).with_scheme("https"), b"{}", {})
    assert (outcome.error or "").startswith(f"no TLS with 127.0.0.1 port {receiver.port}: ")


async def test_a_name_is_asked_for_once_in_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "KNOWN_SECONDS", 0.3)
    lookup, asked = looking_up("127.0.0.1")
    async with raw_receiver(answering(OK)) as receiver, calling(lookup=lookup) as client:
        url = URL(f"http://some.example:{receiver.port}")
        for outcome in await asyncio.gather(*(client.call(url, b"{}", {}) for _ in range(5))):
            assert outcome.ok
        assert asked == ["some.example"]
        await asyncio.sleep(0.4)
        assert (await client.call(url, b"{}", {})).ok
        assert len(asked) == 2


async def test_a_name_that_was_not_found_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[Sequence[str]] = [[], ["10.0.0.1"], ["127.0.0.1"]]
    monkeypatch.setattr(connecting, "KNOWN_HOSTS", 1)

    async def lookup(_host: str, _port: int) -> Sequence[str]:
        found = answers.pop(0)
        if not found:
            raise OSError("the name is not known")
        return found

    async with raw_receiver(fine) as receiver, calling(lookup=lookup) as client:
        url = URL(f"http://later.example:{receiver.port}")
        assert (await client.call(url, b"{}", {})).error == "the name is not known"
        assert "10.0.0.1, which is not on the public internet" in ((await client.call(url, b"{}", {})).error or "")
        assert (await client.call(url, b"{}", {})).ok
        assert len(client._connector._known) == 1


async def test_an_address_is_looked_at_for_each_new_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "KNOWN_SECONDS", -1.0)
    answers = [["127.0.0.1"], ["169.254.169.254"]]

    async def lookup(_host: str, _port: int) -> Sequence[str]:
        return answers.pop(0)

    async with raw_receiver(fine) as receiver:
        origin = Origin(False, "turning.example", receiver.port)
        connector = Connector(Outbound(("127.0.0.1",), lookup))
        deadline = asyncio.get_running_loop().time() + 5
        (await connector.connect(origin, deadline)).close()
        with pytest.raises(TargetRefused, match=r"169\.254\.169\.254"):
            await connector.connect(origin, deadline)
