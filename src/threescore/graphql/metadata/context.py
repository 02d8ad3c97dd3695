"""What the resolvers of one request share."""

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar
from uuid import UUID

from graphql import GraphQLResolveInfo
from msgspec import Struct

from threescore.access.people import People
from threescore.access.tokens import Tokens
from threescore.access.users import User
from threescore.catalog.changes import ModelChanges
from threescore.db.pool import Database
from threescore.errors import AccessRefused
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
    people: People


class Person(Struct, frozen=True):
    """A user who signed in, in no workspace yet."""

    user: User
    session_id: UUID


class AnswerTooLarge(BaseException):
    """Ends the execution of a request as a whole. No Exception: those end the one field that they come from."""


class Context:
    """One request at work. There is no caller where what is asked for is public, or a person's who is in no workspace.

    Its resolvers run in a thread, so that a large answer does not keep the event loop from serving others; what they
    want of the database they `wait` for.
    """

    def __init__(
        self,
        caller: Caller | None,
        services: Services,
        loop: asyncio.AbstractEventLoop,
        base_url: str,
        address: str = "",
        person: Person | None = None,
    ) -> None:
        self.caller_or_none = caller
        self.person = person
        self.services = services
        self.base_url = base_url
        self.address = address
        self._loop = loop
        self._values = 0

    @property
    def caller(self) -> Caller:
        """Who calls. Raises AccessRefused for somebody in no workspace, who may do what is public only."""
        if self.caller_or_none is None:
            raise AccessRefused(403, "FORBIDDEN_EXCEPTION", "Missing authentication token")
        return self.caller_or_none

    @property
    def model(self) -> Model:
        return self.caller.model

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """What comes of work in the event loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    def count(self, values: int = 1) -> None:
        """Counts values of the answer. Raises AnswerTooLarge when they are too many."""
        self._values += values
        if self._values > MAX_VALUES:
            raise AnswerTooLarge


if TYPE_CHECKING:
    Info: TypeAlias = GraphQLResolveInfo[Context]
else:
    Info = GraphQLResolveInfo
