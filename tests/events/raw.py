"""A receiver that speaks bytes: it says what a test tells it to, whether that is HTTP or not."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Script = Callable[["Side"], Awaitable[None]]
"""What the receiver does with one connection. It is closed at the end."""

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Side:
    """The receiver's side of a connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    receiver: "RawReceiver"

    async def request(self) -> bytes:
        """The next request, whole. Raises IncompleteReadError where there is none."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        (length,) = (line[15:] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        found = head + await self.reader.readexactly(int(length))
        self.receiver.requests.append(found)
        return found

    async def say(self, *parts: bytes) -> None:
        """Sends the parts, a moment apart."""
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()
            await asyncio.sleep(0.02)

    async def say_for_ever(self, part: bytes) -> None:
        """Sends it again and again, until the caller has enough."""
        while True:
            self.writer.write(part)
            await self.writer.drain()
            await asyncio.sleep(0)

    def reset(self) -> None:
        """Ends the connection rudely."""
        self.writer.transport.get_extra_info("socket").setsockopt(1, 13, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        self.writer.transport.abort()


@dataclass
class RawReceiver:
    """What arrived at it so far."""

    host: str
    port: int = 0
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    ended: int = 0

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


@asynccontextmanager
async def raw_receiver(
    *scripts: Script, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[RawReceiver]:
    """Follows one script after the other, and the last one for all connections after that."""
    receiver = RawReceiver(host)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script = scripts[min(receiver.connections, len(scripts) - 1)]
        receiver.connections += 1
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await script(Side(reader, writer, receiver))
        finally:
            receiver.ended += 1
            writer.close()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(begin, host, port, ssl=tls, limit=2**24)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def answering(*answers: bytes) -> Script:
    """Reads requests; answers each of the first ones as told, and then hangs up."""

    async def script(side: Side) -> None:
        for answer in answers:
            await side.request()
            await side.say(answer)

    return script


def saying(*parts: bytes) -> Script:
    """Reads one request, sends the parts and then waits for the caller to end the connection."""

    async def script(side: Side) -> None:
        await side.request()
        await side.say(*parts)
        await side.reader.read()

    return script


async def fine(side: Side) -> None:
    """Answers every request that all is well."""
    while True:
        await side.request()
        await side.say(OK)
