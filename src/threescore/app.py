"""The ASGI application of a worker process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from threescore.access.keys import signing_secret
from threescore.access.tokens import Tokens
from threescore.catalog.state import Workspaces
from threescore.config import Settings
from threescore.db.pool import Database
from threescore.errors import Unavailable
from threescore.records.service import Records
from threescore.rest.api import RestApi
from threescore.rest.http import Receive, Scope, Send
from threescore.rest.metadata import MetadataApi
from threescore.rest.records import RecordsApi


class _Started:
    """What the lifespan makes: there is no database before the server runs."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.database: Database | None = None
        self.rest: RestApi | None = None

    @asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        """Connects to the database, and closes the connections at the end."""
        settings = self.settings
        assert settings.database_url is not None
        database = await Database.connect(settings.database_url, settings.database_connections)
        self.database = database
        self.rest = RestApi(
            Workspaces(database),
            Tokens(await signing_secret(database, settings.secret)),
            RecordsApi(Records(database, settings.batch_limit)),
            MetadataApi(database),
            settings.body_limit,
        )
        try:
            yield
        finally:
            await database.close()

    async def healthz(self, _request: Request) -> Response:
        """Whether the server can answer, which it can only with its database."""
        headers = {"Cache-Control": "no-cache, no-store, must-revalidate"}
        try:
            assert self.database is not None
            await self.database.fetchval("SELECT 1")
        except (Unavailable, OSError):
            return JSONResponse(
                {"status": "error", "info": {}, "error": {"database": {"status": "down"}}, "details": {}}, 503, headers
            )
        return JSONResponse({"status": "ok", "info": {}, "error": {}, "details": {}}, 200, headers)

    async def serve_rest(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Everything below /rest."""
        assert self.rest is not None
        await self.rest(scope, receive, send)


async def _not_found(request: Request, _error: Exception) -> Response:
    message = f"Cannot {request.method} {request.url.path}"
    return JSONResponse({"message": message, "error": "Not Found", "statusCode": 404}, 404)


def create_app(settings: Settings | None = None) -> Starlette:
    """The application, with settings from the environment unless they are given."""
    started = _Started(settings or Settings.from_environment())
    return Starlette(
        routes=[Route("/healthz", started.healthz), Mount("/rest", app=started.serve_rest)],
        lifespan=started.lifespan,
        exception_handlers={404: _not_found},
    )
