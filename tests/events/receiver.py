"""A receiver of webhooks: a real HTTP server, in a thread of its own, that does to its callers what tests want."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.support import wait_until

Behaviour = Callable[[web.Request, "Call"], Awaitable[web.StreamResponse]]


@dataclass
class Call:
    """One call that arrived. Times are of `time.monotonic`; `ended` is set when it was answered."""

    path: str
    headers: dict[str, str]
    raw: bytes
    began: float = field(default_factory=time.monotonic)
    ended: float | None = None

    @property
    def body(self) -> dict[str, Any]:
        decoded: dict[str, Any] = json.loads(self.raw)
        return decoded

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


async def fine(_request: web.Request, _call: Call) -> web.StreamResponse:
    """Answers that all is well."""
    return web.Response(text="ok")


def answering(status: int, **headers: str) -> Behaviour:
    """Always answers the same."""

    async def answer(_request: web.Request, _call: Call) -> web.StreamResponse:
        return web.Response(status=status, text=f"this is {status}", headers=headers)

    return answer


def slow(seconds: float) -> Behaviour:
    """Takes its time."""

    async def answer(_request: web.Request, _call: Call) -> web.StreamResponse:
        await asyncio.sleep(seconds)
        return web.Response(text="late")

    return answer


async def endless(request: web.Request, _call: Call) -> web.StreamResponse:
    """Answers, and does not stop answering."""
    response = web.StreamResponse()
    await response.prepare(request)
    try:
        while True:
            await response.write(b"more and more " * 1000)
    except (ConnectionError, OSError):
        return response


async def babbling(request: web.Request, _call: Call) -> web.StreamResponse:
    """Answers with a header and a body that are no UTF-8."""
    assert request.transport is not None
    request.transport.write(b"HTTP/1.1 500 Oh\r\nServer: caf\xe9\r\nContent-Length: 3\r\n\r\n\x00\xff!")
    request.transport.close()
    return web.Response()


async def resetting(request: web.Request, _call: Call) -> web.StreamResponse:
    """Hangs up without an answer, rudely."""
    transport = request.transport
    assert transport is not None
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    transport.abort()
    return web.Response()


class Receiver:
    """What arrived, by path, and what is done about it. `behave` may be changed at any time, for each path."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.calls: list[Call] = []
        self.behaviours: dict[str, Behaviour] = {}
        self.lock = threading.Lock()

    def behave(self, path: str, behaviour: Behaviour) -> None:
        """What to do from now on with calls of a path."""
        self.behaviours[path] = behaviour

    def at(self, path: str) -> list[Call]:
        """The calls of a path so far, in the order of their arrival."""
        with self.lock:
            return [call for call in self.calls if call.path == path]

    def wait(self, path: str, count: int, seconds: float = 30) -> list[Call]:
        """The calls of a path, once there are that many."""
        try:
            wait_until(lambda: len(self.at(path)) >= count, seconds)
        except AssertionError:
            raise AssertionError(f"{len(self.at(path))} calls of {path} instead of {count}") from None
        return self.at(path)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        call = Call(request.path, dict(request.headers), await request.read())
        with self.lock:
            self.calls.append(call)
        try:
            return await self.behaviours.get(request.path, fine)(request, call)
        finally:
            call.ended = time.monotonic()


@contextmanager
def receiving(port: int = 0) -> Iterator[Receiver]:
    """A receiver, on a port of its own."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    receiver = Receiver(listener.getsockname()[1])
    loop = asyncio.new_event_loop()
    ready, stop = threading.Event(), asyncio.Event()

    async def serve() -> None:
        application = web.Application(client_max_size=1024**3)
        application.router.add_route("*", "/{path:.*}", receiver.answer)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1, handle_signals=False)
        await runner.setup()
        await web.SockSite(runner, listener, backlog=1000).start()
        ready.set()
        await stop.wait()
        await runner.cleanup()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield receiver
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        listener.close()
