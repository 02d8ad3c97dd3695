"""The REST façade of events: the feed, as pages and as a stream, and the history of a record."""

from collections.abc import AsyncIterator, Callable

import msgspec

from threescore.access.tokens import Claims
from threescore.catalog.state import Workspaces
from threescore.db.pool import Database
from threescore.errors import BadRequest, ThreescoreError
from threescore.events.cursors import Place, read_cursor
from threescore.events.feed import MAX_EVENTS, EventPage, Feed, Wanted, page_json, wanted
from threescore.events.history import MAX_ENTRIES, Histories
from threescore.events.watch import Watch
from threescore.records.caller import Caller, answer_for
from threescore.rest.envelope import error_body
from threescore.rest.grammar.filter import parse_filter
from threescore.rest.grammar.parameters import Parameters, parse_limit
from threescore.rest.grammar.path import Action, Route
from threescore.rest.http import Headers, Reply, Stream
from threescore.rest.records import find_object

EVENT_ACTIONS: frozenset[Action] = frozenset({"findEvents", "followEvents", "findHistory"})
DEFAULT_LIMIT = 60
MAX_WAIT = 30
"""Seconds that a request may wait for a first event."""

NOW = "now"
"""In place of a cursor: the end of the log."""


class EventsApi:
    """Answers requests for events."""

    def __init__(self, database: Database, workspaces: Workspaces, watch: Watch) -> None:
        self._workspaces = workspaces
        self._feed = Feed(database, workspaces, watch)
        self._histories = Histories(database)

    async def __call__(self, claims: Claims, route: Route, parameters: Parameters, headers: Headers) -> Reply | Stream:
        """The reply to a request. Raises errors of ours for everything that a caller can get wrong."""
        if route.action == "followEvents":
            return await self._follow(claims, parameters, headers)

        async def answer(caller: Caller) -> Reply:
            if route.action == "findHistory":
                return await self._history(caller, route, parameters)
            return await self._page(caller, parameters)

        return await answer_for(self._workspaces, claims, answer)

    async def _page(self, caller: Caller, parameters: Parameters) -> Reply:
        limit = _limit(parameters, MAX_EVENTS)
        seconds = _seconds(parameters.get("wait"))
        place = await self._place(parameters.get("after"))
        page = await self._feed.wait(caller, place, _wanted_by(parameters)(caller), limit, seconds)
        return Reply(200, page_json(page))

    async def _history(self, caller: Caller, route: Route, parameters: Parameters) -> Reply:
        assert route.record_id is not None
        object_type = find_object(caller, route.object_name)
        limit = _limit(parameters, MAX_ENTRIES)
        after = parameters.get("after") or None
        page = await self._histories.read(caller, object_type, route.record_id, limit, after)
        info = msgspec.json.encode({"hasNextPage": page.has_more, "endCursor": page.end_cursor})
        return Reply(200, b'{"data":{"history":[%b]},"pageInfo":%b}' % (b",".join(page.entries), info))

    async def _follow(self, claims: Claims, parameters: Parameters, headers: Headers) -> Stream:
        wanted_by = _wanted_by(parameters)
        place = await self._place(headers.last_event_id or parameters.get("after") or NOW)

        async def check(caller: Caller) -> None:
            wanted_by(caller)
            await self._feed.check(caller, place)

        await answer_for(self._workspaces, claims, check)
        return Stream(_server_sent(place, self._feed.follow(claims, place, wanted_by)))

    async def _place(self, after: str | None) -> Place:
        if not after:
            return await self._feed.beginning()
        return await self._feed.present() if after == NOW else read_cursor(after)


def _wanted_by(parameters: Parameters) -> Callable[[Caller], Wanted]:
    """What is wanted, to be made anew for each version of the model."""
    operations = [word for word in (parameters.get("operation") or "").split(",") if word]
    text = parameters.get("filter")
    filter = None if text is None else parse_filter(text)
    return lambda caller: wanted(caller, parameters.get("object") or None, operations, filter)


def _limit(parameters: Parameters, maximum: int) -> int:
    limit = parse_limit(parameters.get("limit"), DEFAULT_LIMIT, maximum)
    if limit < 1:
        raise BadRequest("limit must be at least 1")
    return limit


def _seconds(text: str | None) -> float:
    if not text:
        return 0
    if not text.isascii() or not text.isdigit() or len(text) > 4 or int(text) > MAX_WAIT:
        raise BadRequest(f"wait must be a whole number of seconds from 0 to {MAX_WAIT}")
    return float(text)


async def _server_sent(place: Place, pages: AsyncIterator[EventPage]) -> AsyncIterator[bytes]:
    """The pages as server-sent events. An id alone is remembered by clients, and tells them nothing else."""
    yield b"retry: 1000\nid: %b\n\n" % place.cursor.encode()
    try:
        async for page in pages:
            if not page.events:
                yield b": still here\nid: %b\n\n" % page.place.cursor.encode()
            yield b"".join(
                b"id: %b\nevent: record\ndata: %b\n\n" % (after.cursor.encode(), event)
                for event, after in zip(page.events, page.places, strict=True)
            )
    except ThreescoreError as error:
        yield b"event: error\ndata: %b\n\n" % msgspec.json.encode(error_body(error))
