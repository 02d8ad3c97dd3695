"""The ASGI application of a worker process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from threescore import logs
from threescore.access.idempotency import KeptAnswers
from threescore.access.key_changes import KeyChanges
from threescore.access.keys import signing_secret
from threescore.access.origin import ORIGIN, Origin
from threescore.access.people import People, Rules
from threescore.access.rates import RateLimits
from threescore.access.retention import keep_clean
from threescore.access.sessions import Sessions, has_cookie
from threescore.access.tokens import Tokens
from threescore.access.usage import Usage
from threescore.catalog.state import Workspaces
from threescore.config import Settings
from threescore.db.pool import Database
from threescore.errors import Unavailable
from threescore.events.bell import Bell
from threescore.events.deliverer import make_deliverer
from threescore.events.delivery import delivering
from threescore.events.outbound import Outbound
from threescore.events.retention import forget_events
from threescore.events.services import webhook_services
from threescore.events.watch import Watch
from threescore.graphql.core.execute import CoreGraphql
from threescore.graphql.limits import Limits
from threescore.graphql.metadata import MetadataGraphql
from threescore.graphql.socket import GraphqlSocket
from threescore.graphql.transport import SCHEMAS, GraphqlApi
from threescore.records.service import Records
from threescore.rest.api import RestApi
from threescore.rest.documents import PAGES, DocumentsApi
from threescore.rest.http import Message, Receive, Scope, Send
from threescore.rest.metadata import MetadataApi
from threescore.rest.records import RecordsApi
from threescore.rest.webhooks import WebhooksApi
from threescore.stopping import on_stop
from threescore.web.app import make_pages
from threescore.web.site import Services
from threescore.web.visitors import Visitors

Door = Callable[[Scope, Receive, Send], Awaitable[None]]


class Application:
    """The table of doors. The API doors are called directly: a router would cost them a tenth of their speed.

    Everything else, and the lifespan, is Starlette's.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._database: Database | None = None
        self._rest: RestApi | None = None
        self._graphql: GraphqlApi | None = None
        self._usage: Usage | None = None
        self._documents: DocumentsApi | None = None
        self._socket: GraphqlSocket | None = None
        self._pages: Starlette | None = None
        self._sessions: Sessions | None = None
        self._others = Starlette(
            routes=[Route("/healthz", self._healthz), Mount("/", self._page)],
            lifespan=self._lifespan,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request, or runs the lifespan."""
        if scope["type"] == "http":
            path: str = scope["path"]
            if self._sessions is not None and has_cookie(scope) and _is_api(path):
                scope = await self._sessions.admit(scope)
            door: Door | None = None
            if path in PAGES:
                door = self._documents
            elif path.startswith("/rest/"):
                door = self._rest
            elif path in ("/graphql", "/metadata"):
                door = self._graphql
            elif path in SCHEMAS and self._graphql is not None:
                door = self._graphql.send_schema
            if door is not None:
                origin = Origin(scope, self._settings.trusted_proxies)
                ORIGIN.set(origin)
                await door(scope, receive, self._counting(origin, send))
                return
        elif scope["type"] == "websocket" and scope["path"] == "/graphql" and self._socket is not None:
            ORIGIN.set(Origin(scope, self._settings.trusted_proxies))
            await self._socket(scope, receive, send)
            return
        await self._others(scope, receive, send)

    def _counting(self, origin: Origin, send: Send) -> Send:
        """Sends what the limits are, and has the request noted, when its answer begins: some go on for hours."""

        def counting(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                if self._usage is not None:
                    self._usage.note(origin, message["status"])
                if origin.limits:
                    message = {**message, "headers": [*message["headers"], *origin.limits]}
            return send(message)

        return counting

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        """Connects to the database, and closes the connections at the end."""
        settings = self._settings
        assert settings.database_url is not None
        database = await Database.connect(settings.database_url, settings.database_connections)
        workspaces = Workspaces(database)
        secret = await signing_secret(database, settings.secret)
        tokens = Tokens(secret)
        outbound = Outbound(settings.outbound_allow)
        deliverer = await make_deliverer(settings, secret, outbound) if settings.delivery else None
        bell = Bell(database)
        records = Records(database, settings.batch_limit, deliverer.wake if deliverer else bell.ring)
        changed = deliverer.webhooks_changed if deliverer else bell.ring
        webhooks = webhook_services(database, secret, outbound, changed)
        rates = RateLimits(database, workspaces, tokens, settings.rate_limit, settings.rate_limit_workspace)
        answers = KeptAnswers(database, secret)
        limits = Limits(
            tokens=settings.graphql_tokens,
            depth=settings.graphql_depth,
            fields=settings.graphql_complexity,
            relations=settings.graphql_relations,
            root_fields=settings.graphql_root_fields,
            first=settings.graphql_page_limit,
        )
        people = People(
            database,
            tokens,
            rules=Rules(settings.multi_workspace, settings.email_verification),
            smtp_url=settings.smtp_url,
            mail_from=settings.mail_from,
            url=settings.url,
        )
        self._database = database
        self._sessions = Sessions(database, tokens, settings.url)
        watch = Watch(database)
        on_stop(watch.stop)
        self._documents = DocumentsApi(
            workspaces, rates, settings.batch_limit, settings.body_limit, full=settings.openapi_full
        )
        self._rest = RestApi(
            database,
            workspaces,
            RecordsApi(records),
            MetadataApi(database, KeyChanges(database, tokens)),
            WebhooksApi(webhooks),
            rates,
            settings.body_limit,
            answers,
            watch,
        )
        core = CoreGraphql(database, workspaces, records, limits, answers, watch)
        self._socket = GraphqlSocket(core, rates, settings.body_limit)
        self._graphql = GraphqlApi(
            core,
            MetadataGraphql(database, workspaces, tokens, webhooks, answers, limits, people),
            rates,
            settings.body_limit,
        )
        self._pages = make_pages(
            Services(
                database,
                workspaces,
                tokens,
                people,
                self._sessions,
                Visitors(database, workspaces, self._sessions),
            )
        )
        self._usage = Usage(database)
        self._usage.start()
        people.mailer.start()
        people.refused.start()
        forget = [] if settings.event_days is None else [partial(forget_events, days=settings.event_days)]
        cleaning = asyncio.create_task(keep_clean(database, settings.audit_days, *forget))
        try:
            async with delivering(deliverer):
                yield
        finally:
            cleaning.cancel()
            await self._usage.stop()
            await people.refused.stop()
            await people.mailer.close()
            await database.close()

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self._pages is not None
        ORIGIN.set(Origin(scope, self._settings.trusted_proxies))
        await self._pages({**scope, "app": self._pages}, receive, send)

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


def create_app(settings: Settings | None = None) -> Application:
    """The application, with settings from the environment unless they are given."""
    settings = settings or Settings.from_environment()
    logs.configure(settings.log_level)
    return Application(settings)
