"""Subscriptions to events: what one asks for, and the payloads that follow."""

from collections.abc import AsyncIterator, Sequence

import msgspec
from graphql import FieldNode

from threescore.access.tokens import Claims
from threescore.catalog.state import Workspaces
from threescore.errors import BadRequest
from threescore.events.cursors import Place, read_cursor
from threescore.events.feed import EventPage, Feed
from threescore.graphql.core.checks import unknown_field
from threescore.graphql.core.events import EVENT_ARGUMENTS, check_event_selection, show_event, wanted_events
from threescore.graphql.core.operation import Operation
from threescore.graphql.core.values import arguments_of, text
from threescore.graphql.limits import Limits
from threescore.graphql.request import REFUSALS, refusal
from threescore.records.caller import Caller, answer_for

encode = msgspec.json.Encoder().encode


class Payload(msgspec.Struct, frozen=True):
    """What a subscriber is sent, as encoded JSON, and the place in the log after it. None: a sign of life."""

    body: bytes | None
    place: Place | None


class Subscriptions:
    """Follows the events of any workspace for subscribers."""

    def __init__(self, workspaces: Workspaces, feed: Feed, limits: Limits) -> None:
        self._workspaces = workspaces
        self._feed = feed
        self._limits = limits

    async def begin(self, claims: Claims, operation: Operation, after: str | None) -> AsyncIterator[Payload]:
        """The payloads that follow, without end. Raises errors of ours and of GraphQL's for what is wrong with it.

        `after` is the cursor to start after, where the subscription does not name one itself.
        """
        key, nodes = _only_field(operation)
        given = arguments_of(nodes[0], operation.variables, EVENT_ARGUMENTS)
        check_event_selection(nodes, operation.collector(self._limits))
        cursor = text(given, "after") or after
        place = read_cursor(cursor) if cursor else await self._feed.present()

        async def check(caller: Caller) -> None:
            wanted_events(caller, given)
            await self._feed.check(caller, place)

        await answer_for(self._workspaces, claims, check, REFUSALS)
        pages = self._feed.follow(claims, place, lambda caller: wanted_events(caller, given))
        return self._payloads(pages, key, nodes, operation)

    async def _payloads(
        self, pages: AsyncIterator[EventPage], key: str, nodes: Sequence[FieldNode], operation: Operation
    ) -> AsyncIterator[Payload]:
        try:
            async for page in pages:
                if not page.events:
                    yield Payload(None, page.place)
                for event, place in zip(page.events, page.places, strict=True):
                    shown = show_event(event, place, nodes, operation.collector(self._limits))
                    yield Payload(encode({"data": {key: shown}}), place)
        except REFUSALS as error:
            yield Payload(refusal(error).body, None)


def _only_field(operation: Operation) -> tuple[str, Sequence[FieldNode]]:
    """The root field of a subscription with its key. Raises GraphQLError, BadRequest."""
    if len(operation.fields) != 1:
        raise BadRequest("A subscription must select exactly one field")
    ((key, nodes),) = operation.fields.items()
    known = ("recordEvents",)
    if nodes[0].name.value not in known:
        raise unknown_field(nodes[0], "Subscription", known, subCode="UNKNOWN_ROOT_FIELD")
    return key, nodes
