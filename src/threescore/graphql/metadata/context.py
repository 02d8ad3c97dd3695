"""What the resolvers of one request share."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from graphql import GraphQLResolveInfo
from msgspec import Struct

from threescore.access.audit import COMMAND_LINE, Author
from threescore.access.key_changes import KeyChanges
from threescore.access.role_changes import RoleChanges
from threescore.access.tokens import Tokens
from threescore.catalog.changes import ModelChanges
from threescore.catalog.state import Workspaces, WorkspaceState, read_state
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
    workspaces: Workspaces
    roles: RoleChanges
    keys: KeyChanges
    webhooks: WebhookServices
    author: Author = COMMAND_LINE

    @classmethod
    def of(
        cls,
        database: Database,
        tokens: Tokens,
        workspaces: Workspaces,
        webhooks: WebhookServices,
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
            author,
        )

    def over(self, database: Database | None, author: Author) -> "Services":
        """The same services inside a transaction, where one is given."""
        return Services.of(database or self.database, self.tokens, self.workspaces, self.webhooks, author)


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
        self._state = caller.state

    @property
    def model(self) -> Model:
        """The whole data model, whatever records of it the caller may read: it holds no values of records."""
        return self.caller.state.model

    @property
    def state(self) -> WorkspaceState:
        """The workspace as it was when the request began, or when this request last changed its access."""
        return self._state

    def renew(self) -> WorkspaceState:
        """The workspace as it is now, after a change."""
        self._state = self.wait(self._present())
        return self._state

    async def _present(self) -> WorkspaceState:
        # A transaction sees what it changed; nobody else does, yet.
        async with self.services.database.acquire() as connection:
            return await read_state(connection, self.model.workspace_id, self._state)

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
