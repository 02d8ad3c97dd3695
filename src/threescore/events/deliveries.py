"""The log of deliveries as people use it: look, send again, try out."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
from msgspec import Struct

from threescore.catalog.wire import iso
from threescore.db.pool import Database, Record
from threescore.errors import BadRequest, NotFound
from threescore.events.payload import METADATA, body_of_delivery
from threescore.events.permission import require_settings, sees_whole
from threescore.events.queue import delivery_id, first_id, last_id
from threescore.events.webhooks import not_found
from threescore.model.objects import Model
from threescore.records.caller import Caller
from threescore.sql import quote_identifier

STATUSES = ("pending", "succeeded", "failed")
TEST_EVENT = "webhook.test"
DEFAULT_LIMIT = 60
MAX_LIMIT = 200

_MARGIN = "10 s"
"""By how much a delivery may seem older than it is: its time is that of the beginning of the statement that made it."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

Values = dict[str, Any]


class Search(Struct, frozen=True, kw_only=True):
    """Which deliveries to list. `after` is the id of the one before the first."""

    webhook_id: UUID | None = None
    status: str | None = None
    event_name: str | None = None
    record_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: UUID | None = None
    limit: int = DEFAULT_LIMIT


class Deliveries:
    """Shows deliveries and sends them again. Every method raises Forbidden where the caller may not.

    What was sent is shown to those who may read all of the object that it is about. What was answered is shown to those
    of them alone who administer the workspace: a webhook may lead to where its maker cannot look, and would show it.
    """

    def __init__(self, database: Database, changed: Callable[[UUID], None]) -> None:
        self._database = database
        self._changed = changed

    def over(self, database: Database) -> "Deliveries":
        """The same service inside a transaction, or over the same database."""
        return Deliveries(database, self._changed)

    async def search(self, caller: Caller, search: Search) -> tuple[list[Values], bool]:
        """The deliveries that are looked for, newest first, and whether there are more."""
        require_settings(caller)
        if search.status is not None and search.status not in STATUSES:
            raise BadRequest(f'There is no status "{search.status[:100]}", only {", ".join(STATUSES)}')
        if search.event_name is not None and _UNSTORABLE.search(search.event_name):
            raise BadRequest("An event's name has no such characters")
        if not 0 < search.limit <= MAX_LIMIT:
            raise BadRequest(f"A page has 1 to {MAX_LIMIT} deliveries")
        schema = quote_identifier(caller.model.schema)
        given = {
            "d.webhook_id = {}::uuid": search.webhook_id,
            "d.status = {}::text": search.status,
            "d.event_name = {}::text": search.event_name,
            f"d.record_id = {{0}}::uuid AND {_of_record(schema, '{0}::uuid')}": search.record_id,
            "d.created_at >= {}::timestamptz": search.since,
            f"d.created_at < {{0}}::timestamptz AND {_until(schema, '{0}::timestamptz')}": search.until,
            "d.id < {}::uuid": search.after,
        }
        conditions, arguments = [], []
        for condition, value in given.items():
            if value is not None:
                arguments.append(value)
                conditions.append(condition.format(f"${len(arguments)}"))
        where = " AND ".join(conditions) or "TRUE"
        rows = await self._database.fetch(
            f"{self._select(caller.model)} WHERE {where} ORDER BY d.id DESC LIMIT {search.limit + 1}", *arguments
        )
        found = [_values(caller, row) for row in rows[: search.limit]]
        return found, len(rows) > search.limit

    async def get(self, caller: Caller, wanted: UUID) -> Values:
        """One delivery. Raises NotFound."""
        require_settings(caller)
        row = await self._database.fetchrow(f"{self._select(caller.model)} WHERE d.id = $1", wanted)
        if row is None:
            raise NotFound(f"There is no delivery {wanted} in the log", code="WEBHOOK_DELIVERY_NOT_FOUND")
        return _values(caller, row)

    async def resend(self, caller: Caller, wanted: UUID) -> Values:
        """Has a delivery attempted now, whatever became of it before; under the same id. Raises NotFound."""
        known = await self.get(caller, wanted)
        await self._check_webhook(caller.model, UUID(known["webhookId"]))
        schema = quote_identifier(caller.model.schema)
        await self._database.execute(f"{_again(schema)} WHERE d.id = $1 AND d.claim IS NULL", wanted)
        self._changed(caller.model.workspace_id)
        return await self.get(caller, wanted)

    async def resend_failed(self, caller: Caller, since: datetime, webhook_id: UUID | None = None) -> int:
        """Has all failed deliveries of events since then attempted anew, of one webhook or of all that are on."""
        require_settings(caller)
        if webhook_id is not None:
            await self._check_webhook(caller.model, webhook_id)
        schema = quote_identifier(caller.model.schema)
        count: int = await self._database.fetchval(
            f"WITH again AS ({_again(schema)} WHERE d.status = 'failed' AND d.created_at >= $1"
            f" AND ($2::uuid IS NULL OR d.webhook_id = $2)"
            f" AND d.webhook_id IN (SELECT w.id FROM {schema}._webhook w WHERE w.switched_off_at IS NULL)"
            " RETURNING 1) SELECT count(*) FROM again",
            since,
            webhook_id,
        )
        self._changed(caller.model.workspace_id)
        return count

    async def test(self, caller: Caller, webhook_id: UUID) -> Values:
        """Sends a webhook an event that is none, to see whether it works. Raises NotFound."""
        require_settings(caller)
        schema = quote_identifier(caller.model.schema)
        target = await self._check_webhook(caller.model, webhook_id)
        body = {
            "targetUrl": target,
            "eventName": TEST_EVENT,
            "objectMetadata": {"id": str(UUID(int=0)), "nameSingular": "webhook"},
            "workspaceId": str(caller.model.workspace_id),
            "webhookId": str(webhook_id),
            "eventDate": iso(datetime.now(UTC)),
            "record": {"id": str(uuid4())},
        }
        # It takes a number of the log's, so that it stands in the order of time, but no row.
        made: UUID = await self._database.fetchval(
            f"INSERT INTO {schema}._delivery (id, event_id, webhook_id, event_name, next_attempt_at, body)"
            f" SELECT {delivery_id('n.id', '$1::uuid')}, n.id, $1::uuid, $2, now(), $3"
            f" FROM (SELECT nextval(pg_get_serial_sequence($4, 'id')) AS id) n RETURNING id",
            webhook_id,
            TEST_EVENT,
            msgspec.json.encode(body),
            f"{schema}._event",
        )
        self._changed(caller.model.workspace_id)
        return await self.get(caller, made)

    async def _check_webhook(self, model: Model, webhook_id: UUID) -> str:
        """The webhook's target. Raises NotFound, and BadRequest where the webhook is switched off."""
        row = await self._database.fetchrow(
            f"SELECT target_url, switched_off_at FROM {quote_identifier(model.schema)}._webhook WHERE id = $1",
            webhook_id,
        )
        if row is None:
            raise not_found()
        if row["switched_off_at"] is not None:
            raise BadRequest("The webhook is switched off; switch it on again first (isActive: true)")
        target: str = row["target_url"]
        return target

    @staticmethod
    def _select(model: Model) -> str:
        schema = quote_identifier(model.schema)
        return (
            "SELECT d.id, d.webhook_id, d.event_id, d.event_name, d.record_id, d.status, d.attempts, d.next_attempt_at,"
            " d.claim, d.body, d.response_status, d.error, d.duration, d.log::json AS log, d.created_at,"
            " d.completed_at, w.target_url, e.object_id, e.object, e.operation, e.at, e.before, e.after, e.changed,"
            f" e.actor FROM {schema}._delivery d LEFT JOIN {schema}._webhook w ON w.id = d.webhook_id"
            f" LEFT JOIN {schema}._event e ON e.id = d.event_id"
        )


# The log has no index for what is seldom looked for, which all deliveries would pay for. The ids are in the order of
# events, and those are found by their record and, nearly, by their time.


def _of_record(schema: str, record: str) -> str:
    """SQL for a condition that all deliveries of a record's events meet, and few others do.

    Where events were removed, one cannot tell any more whose they were.
    """
    return (
        "d.id = ANY(ARRAY("
        f"SELECT x.id FROM {schema}._event y, LATERAL (SELECT x.id FROM {schema}._delivery x"
        f" WHERE x.id >= {first_id('y.id')} AND x.id <= {last_id('y.id')}) x WHERE y.record_id = {record}"
        f" UNION ALL SELECT x.id FROM {schema}._delivery x"
        f" WHERE x.id <= (SELECT {last_id('f.id')} FROM {schema}._forgotten f) AND x.record_id = {record}))"
    )


def _until(schema: str, moment: str) -> str:
    """SQL for a condition that all deliveries made before a moment meet, and few others do.

    A delivery is made after its event, so whatever was made before the moment stands before an event of after it. An
    early one of those is searched for by halves: the log is nearly in the order of time.
    """
    late = f"p.at >= {moment} + interval '{_MARGIN}'"
    return (
        "d.id < coalesce((WITH RECURSIVE s(low, high, event) AS ("
        f"SELECT min(e.id), max(e.id) + 1, NULL::bigint FROM {schema}._event e UNION ALL"
        # Of the events from the middle on the first: of the one half, or, where it is late or there is none, the other.
        f" SELECT CASE WHEN NOT {late} THEN p.id + 1 ELSE s.low END, CASE WHEN NOT {late} THEN s.high ELSE m.id END,"
        f" CASE WHEN {late} THEN p.id ELSE s.event END"
        " FROM s CROSS JOIN LATERAL (SELECT (s.low + s.high) / 2 AS id) m LEFT JOIN LATERAL"
        f" (SELECT e.id, e.at FROM {schema}._event e WHERE e.id >= m.id AND e.id < s.high ORDER BY e.id LIMIT 1) p"
        f" ON TRUE WHERE s.low < s.high) SELECT {first_id('min(s.event)')} FROM s),"
        " 'ffffffff-ffff-ffff-ffff-ffffffffffff')"
    )


def _again(schema: str) -> str:
    return (
        f"UPDATE {schema}._delivery d SET status = 'pending', tries = 0, next_attempt_at = now(), claim = NULL,"
        " completed_at = NULL"
    )


def _values(caller: Caller, row: Record) -> Values:
    shown = _shows_content(caller, row)
    body = None
    if shown:
        body = body_of_delivery(
            row,
            target_url=row["target_url"] or "",
            workspace_id=caller.model.workspace_id,
            webhook_id=row["webhook_id"],
        )
    answers = shown and caller.role.can_update_all_settings
    attempts = [_attempt_values(entry, answers) for entry in msgspec.json.decode(row["log"])]
    pending = row["status"] == "pending"
    return {
        "id": str(row["id"]),
        "webhookId": str(row["webhook_id"]),
        "eventName": row["event_name"],
        "recordId": None if row["record_id"] is None else str(row["record_id"]),
        "status": row["status"],
        "isInFlight": row["claim"] is not None,
        "attemptCount": row["attempts"],
        "nextAttemptAt": iso(row["next_attempt_at"]) if pending and row["claim"] is None else None,
        "responseStatus": row["response_status"],
        "error": row["error"],
        "durationMs": row["duration"],
        "requestBody": None if body is None else body.decode(),
        "attempts": attempts,
        "createdAt": iso(row["created_at"]),
        "completedAt": None if row["completed_at"] is None else iso(row["completed_at"]),
    }


def _shows_content(caller: Caller, row: Record) -> bool:
    """Whether the caller may read all of what was sent."""
    is_record = row["object"] is not None and not row["object"].startswith(METADATA)
    return not is_record or sees_whole(caller, row["object_id"])


def _attempt_values(entry: Values, shown: bool) -> Values:
    return {
        "number": entry["number"],
        "at": iso(datetime.fromtimestamp(entry["at"] / 1000, UTC)),
        "durationMs": entry["duration"],
        "status": entry["status"],
        "error": entry["error"],
        "url": entry["url"],
        "requestHeaders": entry["request"],
        "responseHeaders": entry["response"],
        "responseBody": entry["body"] if shown else None,
    }
