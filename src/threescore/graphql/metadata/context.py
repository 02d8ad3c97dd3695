"""What the resolvers of one request share."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar
from uuid import UUID

from graphql import GraphQLResolveInfo
from msgspec import Struct

from threescore.access.audit import COMMAND_LINE, Author
from threescore.access.key_changes import KeyChanges
from threescore.access.people import People
from threescore.access.role_changes import RoleChanges
from threescore.access.tokens import Tokens
from threescore.access.users import User
from threescore.catalog.changes import ModelChanges
from threescore.catalog.state import Workspaces, WorkspaceState, read_state
from threescore.db.pool import Database
from threescore.errors import AccessRefused
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
    workspaces: Workspaces
    roles: RoleChanges
    keys: KeyChanges
    webhooks: WebhookServices
    people: People
    author: Author = COMMAND_LINE

    @classmethod
    def of(
        cls,
        database: Database,
        tokens: Tokens,
        workspaces: Workspaces,
        webhooks: WebhookServices,
        people: People,
        author: Author = COMMAND_LINE,
    ) -> "Services":
        """The services over a database, which may be a transaction. The audit log names the `author`."""
        return cls(
            database,
            tokens,
            ModelChanges(database, author),
            workspaces,
            RoleChanges(database, author),
            KeyChanges(database, tokens, author),
            webhooks.over(database, author),
            people,
            author,
        )

    def over(self, database: Database | None, author: Author) -> "Services":
        """The same services inside a transaction, where one is given."""
        people = self.people if database is None else self.people.over(database)
        database = database or self.database
        return Services.of(database, self.tokens, self.workspaces, self.webhooks, people, author)


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
        afterwards: list[Callable[[], object]] | None = None,
    ) -> None:
        """`afterwards` takes what is to be told once all that the request writes is there, where that is later."""
        self.caller_or_none = caller
        self.person = person
        self.services = services
        self.base_url = base_url
        self.address = address
        self._loop = loop
        self._afterwards = afterwards
        self._values = 0
        self._state = None if caller is None else caller.state

    @property
    def caller(self) -> Caller:
        """Who calls. Raises AccessRefused for somebody in no workspace, who may do what is public only."""
        if self.caller_or_none is None:
            raise AccessRefused(403, "FORBIDDEN_EXCEPTION", "Missing authentication token")
        return self.caller_or_none

    @property
    def model(self) -> Model:
        """The whole data model, whatever records of it the caller may read: it holds no values of records."""
        return self.caller.state.model

    @property
    def state(self) -> WorkspaceState:
        """The workspace as it was when the request began, or when this request last changed its access."""
        return self._state or self.caller.state

    def renew(self) -> WorkspaceState:
        """The workspace as it is now, after a change."""
        self._state = present = self.wait(self._present())
        return present

    async def _present(self) -> WorkspaceState:
        # A transaction sees what it changed; nobody else does, yet.
        async with self.services.database.acquire() as connection:
            return await read_state(connection, self.model.workspace_id, self.state)

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """What comes of work in the event loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    def tell(self, message: Callable[[], object]) -> None:
        """Does something in the event loop, whose outcome does not matter here."""
        if self._afterwards is not None:
            self._afterwards.append(message)
            return
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
