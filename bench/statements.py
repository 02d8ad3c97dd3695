"""The SQL that our server issues, overheard while it answers, and the same as a script for pgbench."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from threescore.access.idempotency import KeptAnswers
from threescore.access.key_changes import KeyChanges
from threescore.access.keys import signing_secret
from threescore.access.rates import RateLimits
from threescore.access.tokens import Tokens
from threescore.catalog.state import Workspaces
from threescore.config import Settings
from threescore.db.pool import Database, Record
from threescore.events.outbound import Outbound
from threescore.events.services import webhook_services
from threescore.graphql.core.execute import CoreGraphql
from threescore.graphql.limits import Limits
from threescore.graphql.metadata import MetadataGraphql
from threescore.graphql.transport import GraphqlApi
from threescore.records.service import Records
from threescore.rest.api import RestApi
from threescore.rest.http import Message
from threescore.rest.metadata import MetadataApi
from threescore.rest.records import RecordsApi
from threescore.rest.webhooks import WebhooksApi

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


def rest_api(database: Database, tokens: Tokens, secret: str, settings: Settings) -> RestApi:
    """What answers below `/rest` in a worker."""
    workspaces, records = Workspaces(database), RecordsApi(Records(database, settings.batch_limit))
    metadata = MetadataApi(database, KeyChanges(database, tokens))
    webhooks = WebhooksApi(webhook_services(database, secret, Outbound()))
    rates = RateLimits(database, workspaces, tokens)
    answers = KeptAnswers(database, secret)
    return RestApi(database, workspaces, records, metadata, webhooks, rates, settings.body_limit, answers)


async def issued_for(
    url: str, settings: Settings, token: str, method: str, target: str, *bodies: bytes
) -> list[Statement]:
    """The statements that our server issues for a request with each of these bodies, one for each.

    The requests are carried out. Raises RuntimeError if one is refused, or if one takes another number of statements.
    """
    database = _Overheard(url, 2)
    database.heard = []
    try:
        secret = await signing_secret(database, settings.secret)
        tokens = Tokens(secret)
        webhooks = webhook_services(database, secret, Outbound())
        workspaces, records = Workspaces(database), Records(database, settings.batch_limit)
        rates, answers = RateLimits(database, workspaces, tokens), KeptAnswers(database, secret)
        api: RestApi | GraphqlApi
        if target == "/graphql":
            core = CoreGraphql(database, workspaces, records, Limits(), answers)
            metadata = MetadataGraphql(database, workspaces, tokens, webhooks, answers)
            api = GraphqlApi(core, metadata, rates, settings.body_limit)
        else:
            api = rest_api(database, tokens, secret, settings)
        database.heard.clear()
        for number, body in enumerate(bodies, 1):
            status, answer = await ask(api, token, method, target, body)
            if status not in (200, 201) or b'"errors"' in answer or len(database.heard) != number:
                heard = len(database.heard) - number + 1
                raise RuntimeError(f"{method} {target}: {status} after {heard} statements: {answer[:500]!r}")
    finally:
        await database.close()
    return database.heard


async def ask(api: RestApi | GraphqlApi, token: str, method: str, target: str, body: bytes) -> tuple[int, bytes]:
    """The status and the body of an answer, from the application itself."""
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
    return status, b"".join(message["body"] for message in sent[1:])


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


def with_on_conflict(sql: str) -> str:
    """Our statement for new records as one that changes those it finds by their ids, the plain way."""
    found = re.search(r"INSERT INTO \S+ \(([^)]+)\) SELECT .*? ORDER BY i\.place(?= RETURNING)", sql)
    if found is None:
        raise RuntimeError("the statement for new records does not look as it did")
    kept = ('"id"', '"position"', '"createdBy')
    columns = [column for column in found[1].split(", ") if not column.startswith(kept)]
    changes = ", ".join(f"{column} = EXCLUDED.{column}" for column in columns)
    return f'{sql[: found.end()]} ON CONFLICT ("id") DO UPDATE SET {changes}{sql[found.end() :]}'
