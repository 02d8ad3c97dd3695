"""The metadata door, called as the transport calls it."""

from typing import Any

import msgspec
import pytest
from anyio.from_thread import BlockingPortal

from tests.records.conftest import events as events
from threescore.access.idempotency import KeptAnswers
from threescore.access.keys import signing_secret
from threescore.access.tokens import Claims, Tokens
from threescore.catalog.state import Workspaces
from threescore.catalog.workspaces import Workspace
from threescore.db.pool import Database
from threescore.events.outbound import Outbound
from threescore.events.services import webhook_services
from threescore.graphql.metadata import MetadataGraphql
from threescore.graphql.request import GraphqlRequest


class Door:
    """Asks the door as one worker process does, with the key of a token."""

    def __init__(self, database: Database, token: str, secret: str) -> None:
        tokens = Tokens(secret)
        webhooks = webhook_services(database, secret, Outbound(("127.0.0.1",)))
        self.door = MetadataGraphql(database, Workspaces(database), tokens, webhooks, KeptAnswers(database, secret))
        self.secret = secret
        self.tokens = tokens
        self.claims: Claims = tokens.verify(token)

    async def ask(self, query: str, /, operation: str | None = None, **variables: Any) -> tuple[int, dict[str, Any]]:
        """The status and the body of an answer."""
        request = GraphqlRequest(query, variables, operation, base_url="http://crm.example")
        response = await self.door.execute(self.claims, request)
        body: dict[str, Any] = msgspec.json.decode(response.body)
        assert response.has_data == ("data" in body)
        assert all(error["extensions"]["code"] != "INTERNAL_SERVER_ERROR" for error in body.get("errors", ()))
        return response.status, body

    async def __call__(self, query: str, /, **variables: Any) -> Any:
        """The data of an answer without errors; of the only root field, where there is one."""
        status, body = await self.ask(query, **variables)
        assert status == 200
        assert "errors" not in body, body["errors"]
        data = body["data"]
        return next(iter(data.values())) if len(data) == 1 else data

    async def refused(self, query: str, /, **variables: Any) -> dict[str, Any]:
        """The only error of an answer, its extensions beside its message."""
        _, body = await self.ask(query, **variables)
        (error,) = body["errors"]
        return {**error, **error.pop("extensions"), "message": error["message"]}


@pytest.fixture
def secret(portal: BlockingPortal, shared_db: Database) -> str:
    return portal.call(signing_secret, shared_db, None)


@pytest.fixture
def tokens(secret: str) -> Tokens:
    """Signs and verifies as the server does."""
    return Tokens(secret)


@pytest.fixture
def door(db: Database, workspace: Workspace, token: str, secret: str) -> Door:
    """The metadata door of a worker."""
    return Door(db, token, secret)


@pytest.fixture
def other_door(db: Database, workspace: Workspace, token: str, secret: str) -> Door:
    """The metadata door of another worker."""
    return Door(db, token, secret)
