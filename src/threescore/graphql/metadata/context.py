"""What the resolvers of one request share."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from graphql import GraphQLResolveInfo
from msgspec import Struct

from threescore.access.tokens import Tokens
from threescore.catalog.changes import ModelChanges
from threescore.db.pool import Database
from threescore.events.services import WebhookServices
from threescore.model.objects import Model
from threescore.records.caller import Caller

MAX_VALUES = 250_000
"""How many values one answer may hold. The whole of a data model with 300 objects, with all its keys, has fewer."""

PATIENCE = 600
"""Seconds that a thread waits for the event loop, which is only ever this late when it has ended."""

T = TypeVar("T")


class Services(Struct, frozen=True):
    """What a worker process needs to answer requests."""

    database: Database
    tokens: Tokens
    changes: ModelChanges
    webhooks: WebhookServices


class AnswerTooLarge(BaseException):
    """Ends the execution of a request as a whole. No Exception: those end the one field that they come from."""


class Context:
    """One request at work.

    Its resolvers run in a thread, so that a large answer does not keep the event loop from serving others; what they
    want of the database they `wait` for.
    """

    def __init__(self, caller: Caller, services: Services, loop: asyncio.AbstractEventLoop, base_url: str) -> None:
        self.caller = caller
        self.services = services
        self.base_url = base_url
        self._loop = loop
        self._values = 0

    @property
    def model(self) -> Model:
        return self.caller.model

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """What comes of work in the event loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    def tell(self, message: Callable[[], object]) -> None:
        """Does something in the event loop, whose outcome does not matter here."""
        self._loop.call_soon_threadsafe(message)

    def count(self, values: int = 1) -> None:
        """Counts values of the answer. Raises AnswerTooLarge when they are too many."""
        self._values += values
        if self._values > MAX_VALUES:
            raise AnswerTooLarge


if TYPE_CHECKING:
    Info: TypeAlias = GraphQLResolveInfo[Context]
else:
    Info = GraphQLResolveInfo
