"""The least that can answer the same requests: ASGI and asyncpg, no framework, no keys, no checks.

It runs on the same server program with the same options as ours does, issues the same SQL, and passes the bytes on.
What our server does beyond this is what our own layers cost.

    python -m bench.minimal STATEMENTS CONNECTIONS
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
from msgspec import Struct

from threescore.config import Settings
from threescore.rest.http import Receive, Scope, Send
from threescore.serving import make_server


class Answer(Struct, frozen=True):
    """A statement, and its arguments before and after the one that comes with the request. Bytes are JSON."""

    sql: str
    before: list[int | bytes]
    after: list[int | bytes]
    status: int


def _identity(value: bytes) -> bytes:
    return value


class Minimal:
    """The application. The first segment of a path names the statement, the second or the body is its argument."""

    def __init__(self, url: str, answers: dict[str, Answer], connections: int) -> None:
        self._url = url
        self._connections = connections
        self._idle: list[asyncpg.Connection] = []
        self._answers = answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request; there are as many connections as requests at once."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        name, _, argument = scope["path"][1:].partition("/")
        if name == "healthz":
            await _send(send, 200 if self._idle else 503, b"{}")
            return
        answer = self._answers[name]
        given = await _body(receive) if scope["method"] == "POST" else argument
        connection = self._idle.pop()
        try:
            row = await connection.fetchrow(answer.sql, *answer.before, given, *answer.after)
        finally:
            self._idle.append(connection)
        await _send(send, answer.status, next(value for value in row if isinstance(value, bytes)))

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._idle = list(await asyncio.gather(*(self._connect() for _ in range(self._connections))))
            else:
                await asyncio.gather(*(connection.close() for connection in self._idle))
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async def _connect(self) -> asyncpg.Connection:
        connection = await asyncpg.connect(self._url, max_cacheable_statement_size=0)
        await connection.set_type_codec(
            "json", schema="pg_catalog", encoder=_identity, decoder=_identity, format="binary"
        )
        return connection


async def _body(receive: Receive) -> bytes:
    chunks = []
    while True:
        message = await receive()
        chunks.append(message["body"])
        if not message["more_body"]:
            return b"".join(chunks)


async def _send(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def main() -> None:
    """Serves, by the same environment as our server."""
    settings = Settings.from_environment()
    assert settings.database_url is not None
    answers = msgspec.msgpack.decode(Path(sys.argv[1]).read_bytes(), type=dict[str, Answer])
    app: Any = Minimal(settings.database_url, answers, int(sys.argv[2]))
    make_server(settings).serve(target_loader=lambda _target: app)


if __name__ == "__main__":
    main()
