"""The ASGI application of a worker process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from threescore import logs
from threescore.access.keys import signing_secret
from threescore.access.mail import Mailer
from threescore.access.people import People, Rules
from threescore.access.sessions import Sessions, has_cookie
from threescore.access.tokens import Tokens
from threescore.catalog.state import Workspaces
from threescore.config import Settings
from threescore.db.pool import Database
from threescore.errors import Unavailable
from threescore.graphql.core.execute import CoreGraphql
from threescore.graphql.limits import Limits
from threescore.graphql.metadata import MetadataGraphql
from threescore.graphql.transport import GraphqlApi
from threescore.records.service import Records
from threescore.rest.api import RestApi
from threescore.rest.http import Receive, Scope, Send
from threescore.rest.metadata import MetadataApi
from threescore.rest.records import RecordsApi


class Application:
    """The table of doors. The API doors are called directly: a router would cost them a tenth of their speed.

    Everything else, and the lifespan, is Starlette's.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._database: Database | None = None
        self._rest: RestApi | None = None
        self._graphql: GraphqlApi | None = None
        self._sessions: Sessions | None = None
        self._others = Starlette(
            routes=[Route("/healthz", self._healthz)],
            lifespan=self._lifespan,
            exception_handlers={404: _not_found},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request, or runs the lifespan."""
        if scope["type"] == "http":
            path: str = scope["path"]
            if self._sessions is not None and has_cookie(scope) and _is_api(path):
                scope = await self._sessions.admit(scope)
            if path.startswith("/rest/") and self._rest is not None:
                await self._rest(scope, receive, send)
                return
            if path in ("/graphql", "/metadata") and self._graphql is not None:
                await self._graphql(scope, receive, send)
                return
        await self._others(scope, receive, send)

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        """Connects to the database, and closes the connections at the end."""
        settings = self._settings
        assert settings.database_url is not None
        database = await Database.connect(settings.database_url, settings.database_connections)
        workspaces = Workspaces(database)
        tokens = Tokens(await signing_secret(database, settings.secret))
        records = Records(database, settings.batch_limit)
        limits = Limits(
            tokens=settings.graphql_tokens,
            depth=settings.graphql_depth,
            fields=settings.graphql_complexity,
            root_fields=settings.graphql_root_fields,
            first=settings.graphql_page_limit,
        )
        mailer = Mailer(settings.smtp_url, settings.mail_from)
        people = People(
            database,
            tokens,
            rules=Rules(settings.multi_workspace, settings.email_verification),
            mailer=mailer,
            url=settings.url,
        )
        self._database = database
        self._sessions = Sessions(database, tokens, settings.url)
        self._rest = RestApi(workspaces, tokens, RecordsApi(records), MetadataApi(database), settings.body_limit)
        self._graphql = GraphqlApi(
            tokens,
            CoreGraphql(workspaces, records, limits),
            MetadataGraphql(database, workspaces, tokens, limits, people),
            settings.body_limit,
        )
        try:
            yield
        finally:
            await mailer.close()
            await database.close()

    async def _healthz(self, _request: Request) -> Response:
        """Whether the server can answer, which it can only with its database."""
        headers = {"Cache-Control": "no-cache, no-store, must-revalidate"}
        try:
            assert self._database is not None
            await self._database.fetchval("SELECT 1")
        except (Unavailable, OSError):
            return JSONResponse(
                {"status": "error", "info": {}, "error": {"database": {"status": "down"}}, "details": {}}, 503, headers
            )
        return JSONResponse({"status": "ok", "info": {}, "error": {}, "details": {}}, 200, headers)


def _is_api(path: str) -> bool:
    return path.startswith("/rest/") or path in ("/graphql", "/metadata")


async def _not_found(request: Request, _error: Exception) -> Response:
    message = f"Cannot {request.method} {request.url.path}"
    return JSONResponse({"message": message, "error": "Not Found", "statusCode": 404}, 404)


def create_app(settings: Settings | None = None) -> Application:
    """The application, with settings from the environment unless they are given."""
    settings = settings or Settings.from_environment()
    logs.configure(settings.log_level)
    return Application(settings)
