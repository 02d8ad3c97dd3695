"""The SQL that our server issues, overheard while it answers, and the same as a script for pgbench."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from threescore.access.keys import signing_secret
from threescore.access.tokens import Tokens
from threescore.catalog.state import Workspaces
from threescore.config import Settings
from threescore.db.pool import Database, Record
from threescore.records.service import Records
from threescore.rest.api import RestApi
from threescore.rest.http import Message
from threescore.rest.metadata import MetadataApi
from threescore.rest.records import RecordsApi

_LITERAL_OR_SLOT = re.compile(r"""'(?:[^']|'')*'|"[^"]*"|\$(\d+)""")


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement with the arguments that it was given."""

    sql: str
    arguments: tuple[Any, ...]


class _Overheard(Database):
    """A pool that keeps what is asked of it."""

    heard: list[Statement]

    async def fetchrow(self, sql: str, *arguments: Any) -> Record | None:
        self.heard.append(Statement(sql, arguments))
        return await super().fetchrow(sql, *arguments)


async def issued_for(url: str, settings: Settings, token: str, method: str, target: str, body: bytes) -> Statement:
    """The one statement that our server issues for a request. The request is carried out.

    Raises RuntimeError if it is refused, or if it takes another number of statements.
    """
    database = _Overheard(url, 2)
    database.heard = []
    try:
        api = RestApi(
            Workspaces(database),
            Tokens(await signing_secret(database, settings.secret)),
            RecordsApi(Records(database, settings.batch_limit)),
            MetadataApi(database),
            settings.body_limit,
        )
        database.heard.clear()
        status = await _ask(api, token, method, target, body)
    finally:
        await database.close()
    if status not in (200, 201) or len(database.heard) != 1:
        raise RuntimeError(f"{method} {target} was answered with {status} after {len(database.heard)} statements")
    return database.heard[0]


async def _ask(api: RestApi, token: str, method: str, target: str, body: bytes) -> int:
    path, _, query = target.partition("?")
    headers = [(b"authorization", f"Bearer {token}".encode()), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": headers}
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await api(scope, receive, send)
    status: int = sent[0]["status"]
    return status


def pgbench_script(sql: str, expressions: Mapping[int, str], preparation: str) -> str:
    """A script for `pgbench -M prepared`. `expressions` stand for the arguments, by place.

    pgbench takes `:name` for a variable, in literals too: there a colon becomes `chr(58)`, which PostgreSQL folds.
    """

    def replaced(found: re.Match[str]) -> str:
        text = found[0]
        if text[0] == "$":
            return expressions[int(found[1]) - 1]
        if text[0] == "'" and re.search(r":\w", text):
            return f"({text.replace(':', chr(39) + '||chr(58)||' + chr(39))})"
        return text

    return f"{preparation}\n{_LITERAL_OR_SLOT.sub(replaced, sql)};\n"
