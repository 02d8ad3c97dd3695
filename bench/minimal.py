"""The least that can answer the same requests: ASGI and asyncpg, no framework, no keys, no checks.

It runs on the same server program with the same options as ours does, issues the same SQL, and passes the bytes on.
What our server does beyond this is what our own layers cost.

    python -m bench.minimal STATEMENTS CONNECTIONS
"""

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from threescore.config import Settings
from threescore.rest.http import Receive, Scope, Send
from threescore.serving import make_server


@dataclass(frozen=True, slots=True)
class Answer:
    """A statement and its arguments but for the one that comes with the request, whose place is `varied`."""

    sql: str
    fixed: list[int | str]
    varied: int
    status: int


def _identity(value: bytes) -> bytes:
    return value


class Minimal:
    """The application. The first segment of a path names the statement, the second or the body is its argument."""

    def __init__(self, url: str, answers: dict[str, Answer], connections: int) -> None:
        self._url = url
        self._connections = connections
        self._idle: list[asyncpg.Connection] = []
        self._statements = {
            name: (answer.sql, _as_sent(answer.fixed[: answer.varied]), _as_sent(answer.fixed[answer.varied :]), answer.status)
            for name, answer in answers.items()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request; there are as many connections as requests at once."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        name, _, argument = scope["path"][1:].partition("/")
        if name == "healthz":
            await _send(send, 200 if self._idle else 503, b"{}")
            return
        sql, before, after, status = self._statements[name]
        if scope["method"] == "POST":
            argument = await _body(receive)
        connection = self._idle.pop()
        try:
            row = await connection.fetchrow(sql, *before, argument, *after)
        finally:
            self._idle.append(connection)
        await _send(send, status, row[2])

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
        connection = await asyncpg.connect(self._url)
        await connection.set_type_codec(
            "json", schema="pg_catalog", encoder=_identity, decoder=_identity, format="binary"
        )
        return connection


def _as_sent(values: list[int | str]) -> list[int | bytes]:
    """Arguments as asyncpg takes them; the only texts among them are JSON."""
    return [value.encode() if isinstance(value, str) else value for value in values]


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
    answers = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=dict[str, Answer])
    app: Any = Minimal(settings.database_url, answers, int(sys.argv[2]))
    make_server(settings).serve(target_loader=lambda _target: app)


if __name__ == "__main__":
    main()
