"""Webhooks: what a workspace's owner wants to be told of, and where. The service behind both doors."""

import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
from msgspec import Struct

from threescore.access.audit import COMMAND_LINE, Author, Entry, audit
from threescore.access.sealing import Sealer, Unreadable
from threescore.catalog.changes.inputs import read_uuid
from threescore.catalog.changes.report import MANY_ERRORS, Issue
from threescore.catalog.wire import iso
from threescore.db.pool import Connection, Database, Record
from threescore.errors import BadRequest, NotFound, ValidationReport
from threescore.events import patterns
from threescore.events.outbound import Outbound, TargetRefused, parse_target
from threescore.events.payload import STANDARD_PREFIX, standard_key
from threescore.events.permission import require_settings, require_sight
from threescore.model.objects import Model
from threescore.query.filters import bind_filter
from threescore.records.caller import Caller
from threescore.sql import quote_identifier

OVERLAP = timedelta(days=1)
"""How long the previous secret stays good after a rotation, when nothing else is said."""

LONGEST_OVERLAP = timedelta(days=30)
MAX_WEBHOOKS = 200
MAX_OPERATIONS = 200
MAX_PATTERN = 200
MAX_TEXT = 10_000
MAX_SECRET = 500

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_HEADER_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,1998}[\x21-\x7e])?")
_OUR_HEADERS = re.compile(
    r"(?i)host|connection|content-.*|transfer-encoding|te|trailer|upgrade|expect|keep-alive|accept-encoding"
    r"|proxy-.*|webhook-.*|x-twenty-.*"
)
_NO_OBJECT = UUID(int=0)

Input = Mapping[str, Any]


class CustomHeader(Struct, frozen=True):
    """A header that each call carries, for a receiver that wants one."""

    name: str
    value: str


class Sealed(Struct, frozen=True, omit_defaults=True):
    """What of a webhook is kept encrypted."""

    secret: str
    previous: str | None = None
    header: CustomHeader | None = None


class Webhook(Struct, frozen=True, kw_only=True):
    """A webhook. `sealed` is None where its secrets cannot be read, because the server's own is another one now.

    It is *paused* when somebody wants its deliveries to wait, *switched off* when there are none.
    """

    id: UUID
    workspace_id: UUID
    target_url: str
    operations: list[str]
    description: str | None
    sealed: Sealed | None
    previous_secret_until: datetime | None
    updated_fields: list[str] | None
    filter: dict[str, Any] | None
    is_paused: bool
    failing_since: datetime | None
    hold_until: datetime | None
    switched_off_at: datetime | None
    switched_off_reason: str | None
    created_at: datetime
    updated_at: datetime

    @property
    def secret(self) -> str:
        return self.sealed.secret if self.sealed else ""

    @property
    def previous_secret(self) -> str | None:
        """The secret that was replaced, for as long as it is good."""
        if self.sealed is None or self.previous_secret_until is None or self.previous_secret_until <= datetime.now(UTC):
            return None
        return self.sealed.previous


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
        reading = _Reading(caller.model, given)
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
                raise _refusal("create", given, Issue(_INVALID, f"There is a webhook {webhook_id} already")) from error
            assert row is not None
            webhook = self._read(caller.model, row)
            await _tell(connection, caller.model, caller.actor, "created", None, webhook)
            await self._note(connection, caller, "created", None, webhook)
        return webhook

    async def update(self, caller: Caller, webhook_id: UUID, given: Input) -> Webhook:
        """Changes what is given. A secret is replaced at once; see `rotate`."""
        known = await self.get(caller, webhook_id)
        reading = _Reading(caller.model, given)
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
        fault = None if secret is None else _secret_fault(secret)
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
        shown = (None if item is None else webhook_values(item) for item in (before, after))
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


def webhook_values(webhook: Webhook) -> dict[str, Any]:
    """A webhook as the wire shows it, without its secrets and its header: what events tell, too."""

    def moment(value: datetime | None) -> str | None:
        return None if value is None else iso(value)

    return {
        "id": str(webhook.id),
        "targetUrl": webhook.target_url,
        "operations": webhook.operations,
        "description": webhook.description,
        "updatedFields": webhook.updated_fields,
        "filter": webhook.filter,
        "isPaused": webhook.is_paused,
        "isActive": webhook.switched_off_at is None,
        "switchedOffAt": moment(webhook.switched_off_at),
        "switchedOffReason": webhook.switched_off_reason,
        "failingSince": moment(webhook.failing_since),
        "previousSecretUntil": moment(webhook.previous_secret_until) if webhook.previous_secret else None,
        "workspaceId": str(webhook.workspace_id),
        "createdAt": iso(webhook.created_at),
        "updatedAt": iso(webhook.updated_at),
        "deletedAt": None,
    }


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


_INVALID = "INVALID_WEBHOOK_INPUT"


class _Reading:
    """Reads what a caller gave for a webhook, collecting what is wrong with it."""

    def __init__(self, model: Model, given: Input) -> None:
        self._model = model
        self._given = given
        self._issues: list[Issue] = []
        self.secret: str | None = None
        self.header: CustomHeader | None = None
        self.has_header = False

    def new_id(self) -> UUID:
        """The id that was chosen, or a new one."""
        given = self._given.get("id")
        if given is None:
            return uuid4()
        found = read_uuid(given)
        if found is None:
            self._wrong("id must be a UUID")
        return found or uuid4()

    async def columns(self, outbound: Outbound, before: Webhook | None) -> dict[str, Any]:
        """The columns to write."""
        columns: dict[str, Any] = {}
        given = self._given
        if "targetUrl" in given:
            columns["target_url"] = await self._target(outbound, given["targetUrl"])
        if given.get("operations") is not None:
            columns["operations"] = self._operations(given["operations"])
        if "description" in given:
            columns["description"] = self._text("description", given["description"], MAX_TEXT)
        if given.get("secret") is not None:
            self.secret = self._text("secret", given["secret"], MAX_SECRET) or ""
            fault = _secret_fault(self.secret)
            if fault:
                self._wrong(fault)
        if "customHeader" in given:
            self.has_header = True
            self.header = self._header(given["customHeader"])
        if given.get("isPaused") is not None:
            columns["is_paused"] = self._truth("isPaused")
            if before is not None and before.is_paused and not columns["is_paused"]:
                # While it was paused it could not succeed.
                columns["failing_since"] = None
        if given.get("isActive") is not None:
            off = self._truth("isActive") is False
            was_off = before is not None and before.switched_off_at is not None
            if not off:
                columns |= {"switched_off_at": None, "switched_off_reason": None, "failing_since": None}
                columns["hold_until"] = None
            elif not was_off:
                columns |= {"switched_off_at": datetime.now(UTC), "switched_off_reason": "by hand"}
        operations: list[str] = columns.get("operations") or (before.operations if before else [patterns.EVERYTHING])
        name = patterns.only_object(operations)
        if "updatedFields" in given:
            columns["updated_fields"] = self._updated_fields(given["updatedFields"], name)
        if "filter" in given or (before and before.filter and "operations" in columns):
            tree = given.get("filter", before.filter if before else None)
            columns["filter"] = self._filter(tree, name)
        return columns

    def require(self, name: str, value: object) -> None:
        """Notes that something is missing, unless it is there or known to be wrong already."""
        if value is None and not self._issues:
            self._wrong("Target URL is required" if name == "targetUrl" else f"{name} is required")

    def refuse(self, action: str, before: Webhook | None = None) -> None:
        """Raises ValidationReport if anything is wrong."""
        if self._issues:
            raise _refusal(action, self._given, *self._issues, webhook=before)

    def _wrong(self, message: str, code: str = _INVALID, user_message: str | None = None) -> None:
        self._issues.append(Issue(code, message, user_message))

    async def _target(self, outbound: Outbound, value: object) -> str | None:
        if not isinstance(value, str) or not value.strip():
            self._wrong("Target URL is required")
            value = ""
        try:
            url = parse_target(value)
        except ValueError:
            self._wrong("Invalid target URL provided", "INVALID_TARGET_URL", "Please provide a valid HTTP or HTTPS URL")
            return None
        try:
            await outbound.check(url)
        except TargetRefused as error:
            self._wrong(f"The target URL cannot be called: {error}", "INVALID_TARGET_URL")
        return str(url)

    def _operations(self, value: object) -> list[str]:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self._wrong('operations must be a list of texts such as "person.created"')
            return []
        if len(value) > MAX_OPERATIONS:
            self._wrong(f"operations may hold at most {MAX_OPERATIONS} patterns")
            return []
        if any(len(item) > MAX_PATTERN or _UNSTORABLE.search(item) for item in value):
            self._wrong(f"operations may hold texts of at most {MAX_PATTERN} characters")
            return []
        return value

    def _text(self, name: str, value: object, longest: int) -> str | None:
        if value is None:
            return None
        if not isinstance(value, str) or len(value) > longest or _UNSTORABLE.search(value):
            self._wrong(f"{name} must be a text of at most {longest} characters")
            return None
        return value

    def _truth(self, name: str) -> bool:
        value = self._given[name]
        if not isinstance(value, bool):
            self._wrong(f"{name} must be true or false")
        return value is True

    def _header(self, value: object) -> CustomHeader | None:
        if value is None:
            return None
        name, content = (value.get("name"), value.get("value")) if isinstance(value, Mapping) else (None, None)
        if not isinstance(name, str) or not isinstance(content, str) or not _HEADER_NAME.fullmatch(name):
            self._wrong('customHeader must be {"name": …, "value": …} with the name and the value of one header')
            return None
        if _OUR_HEADERS.fullmatch(name):
            self._wrong(f'customHeader cannot be "{name}": that header is set with each call')
            return None
        if not _HEADER_VALUE.fullmatch(content):
            self._wrong("customHeader has a value of visible ASCII characters, at most 2000")
            return None
        return CustomHeader(name, content)

    def _updated_fields(self, value: object, name: str | None) -> list[str] | None:
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value) or not value:
            self._wrong("updatedFields must be a list of names of fields, or null")
            return None
        objects = [self._model.by_singular[name]] if name in self._model.by_singular else self._model.objects
        known = {field.join_column or field.name for item in objects for field in item.fields}
        for item in value:
            if item not in known:
                self._wrong(f'updatedFields: there is no field "{item[:100]}"')
        return value

    def _filter(self, value: object, name: str | None) -> bytes | None:
        if value is None:
            return None
        object_type = self._model.by_singular.get(name or "")
        if object_type is None:
            self._wrong("A filter needs operations that all name the same object, such as person.created")
            return None
        if not isinstance(value, Mapping):
            self._wrong("filter must be an object of fields and conditions")
            return None
        try:
            bind_filter(self._model, object_type, value, [])
        except BadRequest as error:
            self._wrong(f"filter: {error.message}")
            return None
        return msgspec.json.encode(value) if value else None


def _secret_fault(secret: str) -> str | None:
    if len(secret) > MAX_SECRET or _UNSTORABLE.search(secret):
        return f"A secret has at most {MAX_SECRET} characters"
    if secret.startswith(STANDARD_PREFIX) and standard_key(secret) == secret.encode():
        return f"A secret that begins with {STANDARD_PREFIX} must go on in base64"
    return None


def _refusal(action: str, given: Input, *issues: Issue, webhook: Webhook | None = None) -> ValidationReport:
    doing = {"create": "creating", "update": "updating"}[action]
    entity = {
        "id": str(webhook.id if webhook else given.get("id") or ""),
        "universalIdentifier": str(webhook.id if webhook else given.get("id") or ""),
        "targetUrl": given.get("targetUrl") or (webhook.target_url if webhook else ""),
    }
    item: dict[str, object] = {
        "metadataName": "webhook",
        "type": action,
        "status": "fail",
        "errors": [issue.as_json() for issue in issues],
        "flatEntityMinimalInformation": entity,
    }
    user_message = (issues[0].user_message or issues[0].message) if issues else MANY_ERRORS
    return ValidationReport(
        f"Multiple validation errors occurred while {doing} webhook", {"webhook": [item]}, user_message
    )
