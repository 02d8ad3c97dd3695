"""The event feed: what happened to records since a place in the log, as far as a caller may see it."""

from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import Any

import asyncpg
import msgspec
from msgspec import Struct

from threescore.access.tokens import Claims
from threescore.catalog.state import Stale, Workspaces
from threescore.db.pool import Database, Record
from threescore.errors import BadRequest, Gone
from threescore.events import log
from threescore.events.cursors import NOTHING_SEEN, Place
from threescore.events.matching import holds
from threescore.events.patterns import OPERATIONS
from threescore.events.visible import Visible, rows_seen, visible
from threescore.events.watch import Watch
from threescore.query.compile.scope import table
from threescore.query.filters import Tree, bind_filter
from threescore.records.caller import Caller, answer_for

EXPIRED = (
    "Events after this cursor are kept no more, so some would be missed. Start without a cursor, with the oldest"
    " that are kept, or at the present"
)
"""What a caller is told whose cursor is older than what is kept."""

MAX_EVENTS = 1000
"""How many events one page may hold."""

SCANNED = 5000
"""How many events one statement looks at, however few of them are wanted."""

STREAMED = 200
"""How many events a stream reads at once."""

HEARTBEAT = 15.0
"""Seconds after which a silent stream says that it lives. A caller that is let in no more is then sent away, too."""


_PLACE = "SELECT $1::text::pg_snapshot AS since, $2::text::pg_snapshot AS until, $3::bigint AS next"


class Wanted(Struct, frozen=True):
    """Which events a reader wants: of one object (singular name), of some operations, of records that pass a filter.

    The filter is held against the record as it was after the change, or before it was destroyed.
    """

    object_name: str | None = None
    operations: tuple[str, ...] = ()
    filter: Tree | None = None


class EventPage(Struct, frozen=True):
    """Events in their order, as JSON, each with the place after it; `place` is where to read on.

    `is_last`: there was nothing more to be read at that moment.
    """

    events: Sequence[bytes]
    places: Sequence[Place]
    place: Place
    is_last: bool


def wanted(caller: Caller, object_name: str | None, operations: Sequence[str], filter: Tree | None) -> Wanted:
    """What is wanted, checked. An object may be named in the singular or plural. Raises BadRequest."""
    model = caller.model
    if object_name is not None:
        found = model.by_singular.get(object_name) or model.by_plural.get(object_name)
        if found is None:
            raise BadRequest(f"There is no object '{object_name[:100]}'; name one as in 'person' or 'people'")
        object_name = found.name_singular
    for operation in operations:
        if operation not in OPERATIONS:
            raise BadRequest(f"There is no operation '{operation[:100]}'; there are {', '.join(OPERATIONS)}")
    if filter and object_name is None:
        raise BadRequest("A filter needs the object that it is about")
    if filter and object_name is not None:
        bind_filter(model, model.by_singular[object_name], filter, [])
    return Wanted(object_name, tuple(operations), filter or None)


class Feed:
    """Reads the event logs of all workspaces."""

    def __init__(self, database: Database, workspaces: Workspaces, watch: Watch) -> None:
        self._database = database
        self._workspaces = workspaces
        self._watch = watch

    async def present(self) -> Place:
        """The end of the log: what happens from now on comes after it."""
        return Place(await self._database.fetchval("SELECT pg_current_snapshot()::text"))

    async def beginning(self) -> Place:
        """The beginning of the log, before the oldest event that is still kept."""
        return Place(NOTHING_SEEN, await self._database.fetchval("SELECT pg_current_snapshot()::text"))

    async def read(self, caller: Caller, place: Place, wanted: Wanted, limit: int) -> EventPage:
        """The next events after a place, at most `limit`. One statement.

        An empty page need not be the last: few of many events may be wanted. Raises BadRequest, Stale, and Gone where
        events after the place were removed.
        """
        arguments: list[Any] = [place.since, place.until, place.next, limit]
        shown = visible(caller, arguments)
        conditions = [shown.condition, *_conditions(caller, wanted, arguments)]
        sql = _page(caller, shown, conditions)
        try:
            row = await self._database.fetchrow(sql, *arguments)
        except asyncpg.DataError as error:
            raise BadRequest(
                "Invalid cursor, or a filter with a value that the recorded events cannot be held against"
            ) from error
        if row is None or (row["model"], row["access"]) != (caller.model.version, caller.state.access_version):
            raise Stale
        if row["lost"]:
            raise _gone()
        return _event_page(place, row, limit)

    async def check(self, caller: Caller, place: Place) -> None:
        """Raises Gone where events after a place were removed, and BadRequest for a place that is none."""
        try:
            lost = await self._database.fetchval(
                f"WITH place AS ({_PLACE}) SELECT {log.is_lost(table(caller.model, '_forgotten'), 'place')}",
                place.since,
                place.until,
                place.next,
            )
        except asyncpg.DataError as error:
            raise BadRequest("Invalid cursor") from error
        if lost:
            raise _gone()

    async def wait(self, caller: Caller, place: Place, wanted: Wanted, limit: int, seconds: float) -> EventPage:
        """As `read`, but waits for a first event for as long as is said. Raises as `read` does."""
        async with self._watch.of(caller.model.schema) as tail:
            while True:
                seen = tail.generation
                page = await self.read(caller, place, wanted, limit)
                place = page.place
                if page.events or (page.is_last and (seconds <= 0 or self._watch.stopping)):
                    return page
                if page.is_last:
                    seconds -= await tail.news(seen, seconds)

    async def follow(
        self, claims: Claims, place: Place, wanted_by: Callable[[Caller], Wanted]
    ) -> AsyncIterator[EventPage]:
        """Pages of events after a place, without end; an empty one is a sign of life.

        Ends when the process does. Raises AccessRefused when the caller is let in no more, and what `wanted_by` raises
        when the data model has changed so that what was wanted makes no sense any more.
        """
        state = await self._workspaces.get(claims.workspace_id)
        async with self._watch.of(state.model.schema) as tail:
            while not self._watch.stopping:
                seen = tail.generation
                read = partial(self._read_on, place=place, wanted_by=wanted_by)
                page = await answer_for(self._workspaces, claims, read)
                place = page.place
                if page.events or (page.is_last and await tail.news(seen, HEARTBEAT) >= HEARTBEAT):
                    yield page

    async def _read_on(self, caller: Caller, place: Place, wanted_by: Callable[[Caller], Wanted]) -> EventPage:
        return await self.read(caller, place, wanted_by(caller), STREAMED)


def _gone() -> Gone:
    return Gone(EXPIRED, code="CURSOR_EXPIRED")


def _conditions(caller: Caller, wanted: Wanted, arguments: list[Any]) -> list[str]:
    conditions = []
    if wanted.object_name is not None:
        arguments.append(caller.model.by_singular[wanted.object_name].id)
        is_object = f"e.object_id = ${len(arguments)}::uuid"
        conditions.append(is_object)
        if wanted.filter:
            passes = _passes(caller, wanted.object_name, wanted.filter, arguments)
            # The records of other objects have none of the columns.
            conditions.append(f"CASE WHEN {is_object} THEN {passes} ELSE FALSE END")
    if wanted.operations:
        arguments.append(list(wanted.operations))
        conditions.append(f"e.operation = ANY(${len(arguments)}::text[])")
    return conditions


def _passes(caller: Caller, object_name: str, tree: Tree, arguments: list[Any]) -> str:
    """SQL for whether the record of an event passes a filter. Relations lead only to what is there for the caller."""
    bound = bind_filter(caller.model, caller.model.by_singular[object_name], tree, arguments)
    with rows_seen(caller, arguments) as model:
        return holds(model, model.by_singular[object_name], bound, "coalesce(e.after, e.before)::jsonb")


def _event_json(shown: Visible) -> str:
    """SQL for an event `e` as callers see it."""
    return (
        "(SELECT row_to_json(j) FROM (SELECT e.id::text AS id, e.object || '.' || e.operation AS \"eventName\","
        ' (SELECT row_to_json(o) FROM (SELECT e.object_id AS id, e.object AS "nameSingular") o) AS "objectMetadata",'
        ' e.operation, e.record_id AS "recordId",'
        ' to_char(e.at AT TIME ZONE \'UTC\', \'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"\') AS "eventDate", e.actor,'
        f" coalesce({shown.after}, {shown.before}) AS record,"
        f" CASE WHEN e.after IS NOT NULL THEN {shown.before} END AS before,"
        f" CASE WHEN e.operation = 'updated' THEN to_json({shown.changed}) END AS \"updatedFields\") j)"
    )


def _page(caller: Caller, shown: Visible, conditions: Sequence[str]) -> str:
    """Columns: model, access, lost, since, until, scanned, last (of the scanned), ids, events."""
    events, state, forgotten = (table(caller.model, name) for name in ("_event", "_state", "_forgotten"))
    return (
        f"WITH given AS ({_PLACE}), place AS ({log.kept(forgotten, 'given')}),"
        f" span AS MATERIALIZED ({log.span(events, 'place')}),"
        f" scanned AS MATERIALIZED ({log.page(events, 'span', SCANNED)}),"
        f" matched AS MATERIALIZED (SELECT e.id, {_event_json(shown)} AS event FROM scanned e{shown.join}"
        f" WHERE {' AND '.join(f'({condition})' for condition in conditions)} ORDER BY e.id LIMIT $4::bigint)"
        f" SELECT s.model, s.access, {log.is_lost(forgotten, 'given')} AS lost,"
        " p.since::text, p.until::text, (SELECT count(*) FROM scanned) AS scanned,"
        " (SELECT max(id) FROM scanned) AS last, (SELECT array_agg(m.id ORDER BY m.id) FROM matched m) AS ids,"
        " (SELECT array_agg(m.event ORDER BY m.id) FROM matched m) AS events"
        f" FROM {state} s CROSS JOIN span p"
    )


def _event_page(place: Place, row: Record, limit: int) -> EventPage:
    ids: list[int] = row["ids"] or []
    since, until = row["since"], row["until"]
    places = [Place(since, until, event_id + 1) for event_id in ids]
    if len(ids) == limit:
        return EventPage(row["events"], places, places[-1], is_last=False)
    if row["scanned"] == SCANNED:
        return EventPage(row["events"] or [], places, Place(since, until, row["last"] + 1), is_last=False)
    # The span is read whole. One that was begun earlier ends in the past: there may be another one after it.
    return EventPage(row["events"] or [], places, Place(until), is_last=place.until is None)


def page_json(page: EventPage) -> bytes:
    """A page in the envelope of lists."""
    info = {"hasNextPage": not page.is_last, "endCursor": page.place.cursor}
    return b'{"data":{"events":[%b]},"pageInfo":%b}' % (b",".join(page.events), msgspec.json.encode(info))
