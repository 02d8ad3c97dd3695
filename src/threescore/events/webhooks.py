"""Webhooks: what a workspace's owner wants to be told of, and where. The service behind both doors."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from threescore.access.audit import COMMAND_LINE, Author, Entry, audit, replaced
from threescore.access.sealing import Sealer, Unreadable
from threescore.catalog.changes.report import Issue
from threescore.db.pool import Connection, Database, Record
from threescore.errors import BadRequest, NotFound
from threescore.events import patterns
from threescore.events.outbound import Outbound
from threescore.events.permission import require_settings, require_sight
from threescore.events.webhook import Sealed, Webhook, webhook_values
from threescore.events.webhook_input import INVALID, Input, WebhookReading, refusal, secret_fault
from threescore.model.objects import Model
from threescore.records.caller import Caller
from threescore.sql import quote_identifier

OVERLAP = timedelta(days=1)
"""How long the previous secret stays good after a rotation, when nothing else is said."""

LONGEST_OVERLAP = timedelta(days=30)
MAX_WEBHOOKS = 200

_NO_OBJECT = UUID(int=0)

_COLUMNS = (
    "id, target_url, operations, description, sealed, previous_secret_until, updated_fields, filter, is_paused,"
    " failing_since, hold_until, switched_off_at, switched_off_reason, created_at, updated_at"
)


def read_webhook(row: Record, workspace_id: UUID, sealer: Sealer) -> Webhook:
    """A webhook from its row."""
    values = dict(row)
    try:
        values["sealed"] = msgspec.json.decode(sealer.open(values["sealed"], values["id"].bytes), type=Sealed)
    except Unreadable:
        values["sealed"] = None
    if values["filter"] is not None:
        values["filter"] = msgspec.json.decode(values["filter"])
    return Webhook(workspace_id=workspace_id, **values)


async def load_webhooks(connection: Connection, schema: str, workspace_id: UUID, sealer: Sealer) -> list[Webhook]:
    """All webhooks of a workspace, in the order of their creation."""
    rows = await connection.fetch(f"SELECT {_COLUMNS} FROM {quote_identifier(schema)}._webhook ORDER BY created_at, id")
    return [read_webhook(row, workspace_id, sealer) for row in rows]


class Webhooks:
    """Creates, shows, changes and deletes webhooks.

    Every method raises Forbidden where the caller may not; those that change raise ValidationReport for what cannot be
    a webhook, and NotFound.
    """

    def __init__(self, database: Database, sealer: Sealer, outbound: Outbound, author: Author = COMMAND_LINE) -> None:
        self._database = database
        self._sealer = sealer
        self._outbound = outbound
        self._author = author

    def over(self, database: Database, author: Author) -> "Webhooks":
        """The same service inside a transaction, or over the same database. The audit log names the `author`."""
        return Webhooks(database, self._sealer, self._outbound, author)

    async def all(self, caller: Caller) -> list[Webhook]:
        """All of the workspace, in the order of their creation."""
        require_settings(caller)
        async with self._database.acquire() as connection:
            return await load_webhooks(connection, caller.model.schema, caller.model.workspace_id, self._sealer)

    async def find(self, caller: Caller, webhook_id: UUID) -> Webhook | None:
        """One, or None when there is none with that id."""
        require_settings(caller)
        async with self._database.acquire() as connection:
            return await self._find(connection, caller.model, webhook_id)

    async def get(self, caller: Caller, webhook_id: UUID) -> Webhook:
        """One. Raises NotFound."""
        found = await self.find(caller, webhook_id)
        if found is None:
            raise not_found()
        return found

    async def create(self, caller: Caller, given: Input) -> Webhook:
        """Creates one. It hears of what is committed after it."""
        require_settings(caller)
        reading = WebhookReading(caller.model, given)
        webhook_id = reading.new_id()
        columns = {
            "operations": [patterns.EVERYTHING],
            "sealed": b"",
            **await reading.columns(self._outbound, None),
        }
        sealed = Sealed(
            secret=reading.secret if reading.secret is not None else secrets.token_hex(32), header=reading.header
        )
        columns["sealed"] = self._seal(webhook_id, sealed)
        reading.require("targetUrl", columns.get("target_url"))
        reading.refuse("create")
        require_sight(caller, columns["operations"])
        table = self._table(caller.model)
        async with self._database.transaction() as connection:
            await _begin_change(connection, caller.model)
            if await connection.fetchval(f"SELECT count(*) FROM {table}") >= MAX_WEBHOOKS:
                raise BadRequest(f"A workspace has at most {MAX_WEBHOOKS} webhooks")
            names = ", ".join(("id", *columns))
            slots = ", ".join(f"${place}" for place in range(1, len(columns) + 2))
            try:
                row = await connection.fetchrow(
                    f"INSERT INTO {table} ({names}) VALUES ({slots}) RETURNING {_COLUMNS}",
                    webhook_id,
                    *columns.values(),
                )
            except asyncpg.UniqueViolationError as error:
                raise refusal("create", given, Issue(INVALID, f"There is a webhook {webhook_id} already")) from error
            assert row is not None
            webhook = self._read(caller.model, row)
            await _tell(connection, caller.model, caller.actor, "created", None, webhook)
            await self._note(connection, caller, "created", None, webhook)
        return webhook

    async def update(self, caller: Caller, webhook_id: UUID, given: Input) -> Webhook:
        """Changes what is given. A secret is replaced at once; see `rotate`."""
        known = await self.get(caller, webhook_id)
        reading = WebhookReading(caller.model, given)
        # Before the transaction: names are resolved here.
        columns = await reading.columns(self._outbound, known)
        reading.refuse("update", known)
        require_sight(caller, columns.get("operations", known.operations))
        async with self._database.transaction() as connection:
            await _begin_change(connection, caller.model)
            before = await self._locked(connection, caller.model, webhook_id)
            if reading.secret is not None or reading.has_header:
                kept = before.sealed or Sealed(secret="")
                sealed = Sealed(
                    secret=kept.secret if reading.secret is None else reading.secret,
                    previous=kept.previous if reading.secret is None else None,
                    header=reading.header if reading.has_header else kept.header,
                )
                columns["sealed"] = self._seal(webhook_id, sealed)
                if reading.secret is not None:
                    columns["previous_secret_until"] = None
            return await self._write(connection, caller, before, columns)

    async def rotate(self, caller: Caller, webhook_id: UUID, secret: str | None, overlap: float | None) -> Webhook:
        """Gives a webhook a new secret, made here if none is given. The one before stays good for `overlap` seconds."""
        require_settings(caller)
        longest = LONGEST_OVERLAP.total_seconds()
        seconds = OVERLAP.total_seconds() if overlap is None else overlap
        if not 0 <= seconds <= longest:
            raise BadRequest(f"overlapSeconds must be from 0 to {longest:.0f}")
        fault = None if secret is None else secret_fault(secret)
        if fault or secret == "":
            raise BadRequest(fault or "The new secret must not be empty")
        async with self._database.transaction() as connection:
            await _begin_change(connection, caller.model)
            before = await self._locked(connection, caller.model, webhook_id)
            # During a rotation the one that receivers know is the one before it.
            previous = before.previous_secret or before.secret or None
            header = before.sealed.header if before.sealed else None
            sealed = Sealed(secret=secret or secrets.token_hex(32), previous=previous, header=header)
            until = datetime.now(UTC) + timedelta(seconds=seconds)
            columns = {"sealed": self._seal(webhook_id, sealed), "previous_secret_until": until if previous else None}
            return await self._write(connection, caller, before, columns)

    async def delete(self, caller: Caller, webhook_id: UUID) -> Webhook:
        """Deletes one. What it has not delivered is given up; the log of its deliveries stays."""
        require_settings(caller)
        async with self._database.transaction() as connection:
            await _begin_change(connection, caller.model)
            before = await self._locked(connection, caller.model, webhook_id)
            await connection.execute(f"DELETE FROM {self._table(caller.model)} WHERE id = $1", webhook_id)
            await give_up(connection, caller.model.schema, webhook_id, "The webhook was deleted")
            await _tell(connection, caller.model, caller.actor, "deleted", before, None)
            await self._note(connection, caller, "deleted", before, None)
        return before

    async def _note(
        self, connection: Connection, caller: Caller, verb: str, before: Webhook | None, after: Webhook | None
    ) -> None:
        """Tells the audit log of a change; secrets are no part of what it is told."""
        webhook = after or before
        assert webhook is not None
        shown = [None if item is None else webhook_values(item) for item in (before, after)]
        if before is not None and after is not None:
            header = [item.sealed and item.sealed.header for item in (before, after)]
            hidden = replaced(signingSecret=before.secret != after.secret, customHeader=header[0] != header[1])
            shown = [(values or {}) | more for values, more in zip(shown, hidden, strict=True)]
        entry = Entry(f"webhook.{verb}", webhook.id, webhook.target_url, *shown)
        await audit(connection, caller.model.schema, self._author, [entry])

    async def _write(self, connection: Connection, caller: Caller, before: Webhook, columns: dict[str, Any]) -> Webhook:
        on_again = "switched_off_at" in columns and columns["switched_off_at"] is None
        assignments = "".join(f", {name} = ${place}" for place, name in enumerate(columns, 2))
        if on_again and before.switched_off_at is not None:
            assignments += ", since = pg_current_snapshot()"
        row = await connection.fetchrow(
            f"UPDATE {self._table(caller.model)} SET updated_at = now(){assignments}"
            f" WHERE id = $1 RETURNING {_COLUMNS}",
            before.id,
            *columns.values(),
        )
        assert row is not None
        webhook = self._read(caller.model, row)
        if webhook.switched_off_at is not None and before.switched_off_at is None:
            await give_up(connection, caller.model.schema, webhook.id, "The webhook was switched off")
        await _tell(connection, caller.model, caller.actor, "updated", before, webhook)
        await self._note(connection, caller, "updated", before, webhook)
        return webhook

    async def _find(self, connection: Connection, model: Model, webhook_id: UUID, lock: str = "") -> Webhook | None:
        row = await connection.fetchrow(f"SELECT {_COLUMNS} FROM {self._table(model)} WHERE id = $1{lock}", webhook_id)
        return None if row is None else self._read(model, row)

    async def _locked(self, connection: Connection, model: Model, webhook_id: UUID) -> Webhook:
        found = await self._find(connection, model, webhook_id, " FOR UPDATE")
        if found is None:
            raise not_found()
        return found

    def _read(self, model: Model, row: Record) -> Webhook:
        return read_webhook(row, model.workspace_id, self._sealer)

    def _seal(self, webhook_id: UUID, sealed: Sealed) -> bytes:
        return self._sealer.seal(msgspec.json.encode(sealed), webhook_id.bytes)

    @staticmethod
    def _table(model: Model) -> str:
        return f"{quote_identifier(model.schema)}._webhook"


def not_found() -> NotFound:
    """The error for a webhook that is not there."""
    return NotFound("Webhook not found", code="WEBHOOK_NOT_FOUND")


async def switch_off(
    connection: Connection, model: Model, sealer: Sealer, webhook_id: UUID, reason: str, actor: bytes
) -> bool:
    """Switches a webhook off, inside a transaction, with an event. False when it is off or gone already."""
    schema = quote_identifier(model.schema)
    await _begin_change(connection, model)
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM {schema}._webhook WHERE id = $1 AND switched_off_at IS NULL FOR UPDATE", webhook_id
    )
    if row is None:
        return False
    before = read_webhook(row, model.workspace_id, sealer)
    changed = await connection.fetchrow(
        f"UPDATE {schema}._webhook SET switched_off_at = now(), switched_off_reason = $2, updated_at = now()"
        f" WHERE id = $1 RETURNING {_COLUMNS}",
        webhook_id,
        reason,
    )
    assert changed is not None
    await give_up(connection, model.schema, webhook_id, "The webhook was switched off")
    after = read_webhook(changed, model.workspace_id, sealer)
    await _tell(connection, model, actor, "updated", before, after)
    return True


async def give_up(connection: Connection, schema: str, webhook_id: UUID, reason: str) -> None:
    """Ends all that a webhook has still to deliver. It stays in the log as failed, and can be sent again."""
    await connection.execute(
        f"UPDATE {quote_identifier(schema)}._delivery SET status = 'failed', next_attempt_at = NULL, claim = NULL,"
        " error = coalesce(error || '; ', '') || $2, completed_at = now()"
        " WHERE webhook_id = $1 AND status = 'pending' AND next_attempt_at IS NOT NULL",
        webhook_id,
        reason,
    )


async def _begin_change(connection: Connection, model: Model) -> None:
    """Takes the row that every change of a webhook and every dispatch takes, and moves the version of the webhooks on.

    Without a webhook that is on, nobody has read the log: reading then begins now.
    """
    schema = quote_identifier(model.schema)
    await connection.execute(f"UPDATE {schema}._dispatch SET version = version + 1")
    await connection.execute(
        f"UPDATE {schema}._dispatch SET since = pg_current_snapshot(), until = NULL, next = 0"
        f" WHERE NOT EXISTS (SELECT FROM {schema}._webhook WHERE switched_off_at IS NULL)"
    )
    await connection.execute(
        "INSERT INTO threescore.webhook_workspace (workspace_id) VALUES ($1) ON CONFLICT DO NOTHING",
        model.workspace_id,
    )


async def _tell(
    connection: Connection, model: Model, actor: bytes, operation: str, before: Webhook | None, after: Webhook | None
) -> None:
    """Writes the event of a webhook's change, unless nothing changed."""
    old = webhook_values(before) if before else None
    new = webhook_values(after) if after else None
    changed = [name for name in new if name != "updatedAt" and old[name] != new[name]] if old and new else []
    known = after or before
    assert known is not None
    if old and new and not changed:
        return
    await connection.execute(
        f"INSERT INTO {quote_identifier(model.schema)}._event"
        " (object_id, object, record_id, operation, before, after, changed, actor)"
        " VALUES ($1, 'metadata.webhook', $2, $3, $4, $5, $6, $7)",
        _NO_OBJECT,
        known.id,
        operation,
        msgspec.json.encode(old) if old else None,
        msgspec.json.encode(new) if new else None,
        changed,
        actor,
    )
