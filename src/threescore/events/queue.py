"""The queue of deliveries of one workspace: the statements that fill it, take from it and empty it.

A delivery is a row, from the moment that its event was found until the log forgets it. Whoever takes one to call its
receiver gives it a *claim* and moves its next attempt out of reach for as long as an attempt may take: if the process
dies, it is due again after that. Results count only for the claim they were made under.

Of the pending deliveries of one record to one webhook only the first may be taken, so events of a record arrive in
order. Those behind one that failed wait with it; they are looked at no sooner, however many they are.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from threescore.db.pool import Database, Record
from threescore.events import log
from threescore.events.matching import matches
from threescore.events.patterns import names_of_event, only_object
from threescore.events.webhook import Webhook
from threescore.model.objects import Model
from threescore.sql import quote_identifier, quote_literal

PAGE = 1000
"""How many events are made into deliveries at once."""


class Place(Struct, frozen=True):
    """What there is to do. `due` is in seconds from now: of the next attempt to any webhook that takes any."""

    version: int
    model_version: int
    has_events: bool
    due: float | None


class Result(Struct, kw_only=True):
    """How an attempt ended, as the statement reads it. `wait`: seconds until the next one, None when there is none."""

    id: UUID
    claim: UUID
    ok: bool
    wait: float | None
    response_status: int | None
    error: str | None
    duration: int
    entry: Any


class Queue:
    """The statements, made once for each workspace."""

    def __init__(self, database: Database, schema: str) -> None:
        self._database = database
        prefix = quote_identifier(schema)
        self._event, self._delivery = f"{prefix}._event", f"{prefix}._delivery"
        self._webhook, self._dispatch, self._state = f"{prefix}._webhook", f"{prefix}._dispatch", f"{prefix}._state"
        self._fill_sql: dict[tuple[int, int], tuple[str, list[object]]] = {}
        self._look_sql = self._look_statement()
        self._take_sql = self._take_statement()
        self._finish_sql = self._finish_statement()

    # Looking

    async def look(self) -> Place:
        """Whether there is anything to do, and when there will be."""
        row = await self._database.fetchrow(self._look_sql)
        assert row is not None
        return Place(row["version"], row["model"], row["events"], row["due"])

    def _look_statement(self) -> str:
        return (
            f"SELECT p.version, s.model, p.until IS NOT NULL OR {log.first_unread(self._event, 'p.since')} IS NOT NULL"
            f" AS events, (SELECT extract(epoch FROM min(n.at) - now())::float8 FROM {self._webhook} w, LATERAL"
            f" (SELECT greatest(d.next_attempt_at, w.hold_until) AS at FROM {self._delivery} d"
            f" WHERE d.webhook_id = w.id AND d.status = 'pending' AND d.next_attempt_at IS NOT NULL"
            f" ORDER BY d.next_attempt_at LIMIT 1) n"
            f" WHERE w.switched_off_at IS NULL AND NOT w.is_paused) AS due"
            f" FROM {self._dispatch} p, {self._state} s"
        )

    # Filling

    async def fill(self, model: Model, version: int, webhooks: Sequence[Webhook]) -> int | None:
        """Makes deliveries of the next events, in one statement that also moves the place in the log.

        Gives the number of events; None when another process is at it, or the webhooks are others by now.
        """
        sql, arguments = self._fill_statement(model, version, webhooks)
        row = await self._database.fetchrow(sql, version, *arguments)
        return None if row is None else row["events"]

    def _fill_statement(self, model: Model, version: int, webhooks: Sequence[Webhook]) -> tuple[str, list[object]]:
        known = self._fill_sql.get((model.version, version))
        if known is None:
            known = self._make_fill_statement(model, webhooks)
            self._fill_sql = {(model.version, version): known}
        return known

    def _make_fill_statement(self, model: Model, webhooks: Sequence[Webhook]) -> tuple[str, list[object]]:
        # The first parameter is the version; the filters' values follow.
        slots: list[object] = [None]
        wanted = "TRUE"
        cases = []
        for webhook in webhooks:
            name = only_object(webhook.operations)
            if webhook.filter is None or name is None or webhook.switched_off_at is not None:
                continue
            passes = matches(model, name, webhook.filter, "e.record", slots)
            cases.append(f"WHEN {quote_literal(str(webhook.id))}::uuid THEN {passes}")
        if cases:
            wanted = f"CASE w.id {' '.join(cases)} ELSE w.filter IS NULL END"
        record = ", coalesce(e.after, e.before)::jsonb AS record" if cases else ""
        columns = (
            "e.id, e.object, e.operation, e.record_id, e.changed, e.transaction,"
            f" {names_of_event('e')} AS names{record}"
        )
        same = f"b.record_id = e.record_id AND {_same('b', 'w.id')} AND b.status = 'pending' AND b.tries > 0"
        sql = (
            # Rows that are locked by another process are skipped, and there is nothing to do then. Neither is there
            # where another one has moved the place since this statement began: it would not see all events of a span
            # that is younger than itself. The subquery shows the row as it was then.
            f"WITH place AS MATERIALIZED (SELECT * FROM {self._dispatch} p WHERE version = $1::bigint"
            f" AND p.xmin = (SELECT b.xmin FROM {self._dispatch} b) FOR UPDATE SKIP LOCKED),"
            f" span AS MATERIALIZED ({log.span(self._event, 'place')}),"
            f" page AS MATERIALIZED ({log.page(self._event, 'span', PAGE, columns)}),"
            f" counted AS MATERIALIZED (SELECT count(*) AS events, max(id) AS last FROM page),"
            f" filled AS (INSERT INTO {self._delivery}"
            f" (id, event_id, webhook_id, record_id, event_name, next_attempt_at)"
            f" SELECT {delivery_id('e.id', 'w.id')}, e.id, w.id, e.record_id, e.object || '.' || e.operation,"
            # Behind one that failed, it waits with it.
            f" coalesce((SELECT max(b.next_attempt_at) FROM {self._delivery} b WHERE {same}), now())"
            f" FROM page e JOIN {self._webhook} w ON w.switched_off_at IS NULL AND w.operations && e.names"
            f" AND NOT pg_visible_in_snapshot(e.transaction, w.since)"
            f" AND (w.updated_fields IS NULL OR e.operation <> 'updated' OR w.updated_fields && e.changed)"
            # No webhook hears of itself.
            f" AND NOT (e.object = 'metadata.webhook' AND e.record_id = w.id) AND {wanted}"
            f" ORDER BY e.id ON CONFLICT DO NOTHING),"
            f" moved AS (UPDATE {self._dispatch} p SET {log.moved('c.events', PAGE, 'c.last')}"
            f" FROM span s, counted c WHERE {log.may_move('c.events')})"
            f" SELECT c.events FROM counted c, place"
        )
        return sql, slots[1:]

    async def probe(self, model: Model, version: int, webhook: Webhook) -> None:
        """Does what `fill` would do for one webhook, and takes it back. Raises what stands against it."""
        sql, arguments = self._make_fill_statement(model, [webhook])
        async with self._database.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            try:
                await connection.fetchrow(sql, version, *arguments)
            finally:
                await transaction.rollback()

    async def begin_anew(self) -> bool:
        """Where the log was moved to another PostgreSQL, its transaction ids mean nothing: begins at the present.

        True if that was so.
        """
        row = await self._database.fetchrow(
            f"UPDATE {self._dispatch} SET since = pg_current_snapshot(), until = NULL, next = 0"
            f" WHERE pg_snapshot_xmax(since) > pg_snapshot_xmax(pg_current_snapshot()) RETURNING 1"
        )
        return row is not None

    # Taking

    async def take(self, room: dict[UUID, int], claim: UUID, lease: float) -> list[Record]:
        """Claims due deliveries, for each webhook at most as many as there is room for, with their events."""
        return await self._database.fetch(self._take_sql, list(room), list(room.values()), claim, lease)

    def _take_statement(self) -> str:
        first = (
            f"SELECT b.id FROM {self._delivery} b WHERE b.record_id = d.record_id AND {_same('b', 'd.webhook_id')}"
            f" AND b.status = 'pending' ORDER BY b.event_id LIMIT 1"
        )
        return (
            f"WITH taken AS MATERIALIZED (SELECT t.id FROM unnest($1::uuid[], $2::int[]) AS r(webhook_id, room),"
            f" LATERAL (SELECT d.id FROM {self._delivery} d WHERE d.webhook_id = r.webhook_id"
            f" AND d.status = 'pending' AND d.next_attempt_at <= now()"
            f" AND (d.record_id IS NULL OR d.id = ({first}))"
            f" ORDER BY d.next_attempt_at, d.event_id LIMIT r.room FOR UPDATE SKIP LOCKED) t),"
            f" claimed AS (UPDATE {self._delivery} d SET claim = $3,"
            f" next_attempt_at = now() + $4::float8 * interval '1 s'"
            f" FROM taken t WHERE d.id = t.id RETURNING d.id, d.webhook_id, d.event_id, d.attempts, d.tries, d.body)"
            f" SELECT c.id, c.webhook_id, c.attempts, c.tries, c.body, e.id AS event_id, e.object_id, e.object,"
            f" e.record_id, e.operation, e.at, e.before, e.after, e.changed, e.actor"
            f" FROM claimed c LEFT JOIN {self._event} e ON e.id = c.event_id ORDER BY c.event_id"
        )

    async def release(self, claim_of: dict[UUID, UUID]) -> None:
        """Gives deliveries back that were taken and not called: they are due at once."""
        if claim_of:
            await self._database.execute(
                f"UPDATE {self._delivery} d SET claim = NULL, next_attempt_at = now()"
                f" FROM unnest($1::uuid[], $2::uuid[]) AS r(id, claim) WHERE d.id = r.id AND d.claim = r.claim",
                list(claim_of),
                list(claim_of.values()),
            )

    # Finishing

    async def finish(self, results: Sequence[Result]) -> list[Record]:
        """Writes how attempts ended. Gives the deliveries that must be followed up, see `follow_up`."""
        return await self._database.fetch(self._finish_sql, msgspec.json.encode(results))

    def _finish_statement(self) -> str:
        return (
            f"WITH results AS MATERIALIZED (SELECT * FROM json_to_recordset($1::json) AS r(id uuid, claim uuid,"
            f" ok boolean, wait float8, response_status integer, error text, duration integer, entry jsonb)),"
            f" done AS (UPDATE {self._delivery} d SET claim = NULL, attempts = d.attempts + 1, tries = d.tries + 1,"
            f" status = CASE WHEN r.ok THEN 'succeeded' WHEN r.wait IS NULL THEN 'failed' ELSE 'pending' END,"
            f" next_attempt_at = CASE WHEN NOT r.ok THEN now() + r.wait * interval '1 s' END,"
            f" response_status = r.response_status, error = r.error, duration = r.duration, log = d.log || r.entry,"
            f" completed_at = CASE WHEN r.ok OR r.wait IS NULL THEN now() END"
            f" FROM results r WHERE d.id = r.id AND d.claim = r.claim"
            f" RETURNING d.id, d.webhook_id, d.record_id, d.event_id, d.status, d.tries, d.next_attempt_at, r.ok),"
            f" well AS (UPDATE {self._webhook} w SET failing_since = NULL WHERE w.failing_since IS NOT NULL"
            f" AND w.id IN (SELECT webhook_id FROM done WHERE ok)),"
            f" ill AS (UPDATE {self._webhook} w SET failing_since = now() WHERE w.failing_since IS NULL"
            f" AND w.id IN (SELECT webhook_id FROM done WHERE NOT ok)"
            f" AND w.id NOT IN (SELECT webhook_id FROM done WHERE ok))"
            f" SELECT * FROM done WHERE status = 'pending' OR tries > 1 OR NOT ok"
        )

    async def follow_up(self, rows: Sequence[Record]) -> None:
        """Moves what waits behind deliveries: along with one that is to be tried again, to now behind one that is done.

        `rows` are as `finish` gives them.
        """
        await self._database.execute(
            f"UPDATE {self._delivery} d SET next_attempt_at = r.at FROM (SELECT webhook_id, record_id, event_id,"
            f" coalesce(at, now()) AS at FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::timestamptz[])"
            f" AS u(webhook_id, record_id, event_id, at)) r"
            f" WHERE d.record_id = r.record_id AND {_same('d', 'r.webhook_id')} AND d.status = 'pending'"
            f" AND d.event_id > r.event_id AND d.claim IS NULL AND d.next_attempt_at IS DISTINCT FROM r.at",
            [row["webhook_id"] for row in rows],
            [row["record_id"] for row in rows],
            [row["event_id"] for row in rows],
            [row["next_attempt_at"] for row in rows],
        )

    async def hold(self, webhook_id: UUID, seconds: float) -> None:
        """Lets a webhook rest, as its receiver asked for; all processes learn of it."""
        await self._database.execute(
            f"WITH moved AS (UPDATE {self._dispatch} SET version = version + 1)"
            f" UPDATE {self._webhook} SET hold_until = now() + $2::float8 * interval '1 s' WHERE id = $1",
            webhook_id,
            seconds,
        )

    async def long_failing(self, days: float) -> list[UUID]:
        """The webhooks that have had no success for that long, but for those that are paused: nobody calls them."""
        rows = await self._database.fetch(
            f"SELECT id FROM {self._webhook} WHERE switched_off_at IS NULL AND NOT is_paused"
            f" AND failing_since < now() - $1::float8 * interval '1 day'",
            days,
        )
        return [row["id"] for row in rows]

    # Forgetting

    async def forget(self, days: int, limit: int) -> int:
        """Deletes the oldest deliveries that are over, at most `limit`, if they are older than that. Gives how many."""
        # The ids are in the order of time, so the oldest are at the beginning of the primary key.
        row = await self._database.fetchrow(
            f"WITH oldest AS MATERIALIZED (SELECT id, created_at FROM {self._delivery}"
            f" WHERE status <> 'pending' ORDER BY id LIMIT $2),"
            f" gone AS (DELETE FROM {self._delivery} d USING oldest o WHERE d.id = o.id"
            f" AND o.created_at < now() - $1::int * interval '1 day' RETURNING 1) SELECT count(*) FROM gone",
            days,
            limit,
        )
        assert row is not None
        return int(row[0])


def _same(delivery: str, webhook: str) -> str:
    """SQL for whether a delivery is one of a webhook, among those of a record.

    In a form that no index serves: a webhook may have any number of pending deliveries, a record has few. The planner
    cannot know, in a table that fills and empties all day, and has been seen to read all those of the webhook instead.
    """
    return f"{delivery}.webhook_id IS NOT DISTINCT FROM {webhook}"


def delivery_id(event: str, webhook: str) -> str:
    """SQL for the id of an event's delivery to a webhook: the same in every attempt, and in the order of events.

    A UUID of version 8: sixty bits of the event's id, sixty of a hash of the webhook's.
    """
    return _id_with(event, f"left(md5({webhook}::text), 15)")


def first_id(event: str) -> str:
    """SQL for an id that no delivery of an event comes before, and all those of the events before it do."""
    return _id_with(event, f"'{'0' * 15}'")


def last_id(event: str) -> str:
    """SQL for an id that no delivery of an event comes after."""
    return _id_with(event, f"'{'f' * 15}'")


def _id_with(event: str, rest: str) -> str:
    place = f"lpad(to_hex({event}), 15, '0')"
    return f"(left({place}, 12) || '8' || right({place}, 3) || 'a' || {rest})::uuid"
