"""The REST doors as one ASGI application: who calls, what for, and what is answered when it cannot be."""

import msgspec
import structlog

from threescore.access.tokens import Claims, Tokens, bearer_token
from threescore.catalog.state import Workspaces
from threescore.errors import InvalidInput, NotFound, ThreescoreError
from threescore.model.fields.base import Json
from threescore.records.caller import Caller, answer_for
from threescore.rest.envelope import INTERNAL_ERROR, encode_error
from threescore.rest.events import EVENT_ACTIONS, EventsApi
from threescore.rest.grammar.parameters import Parameters, parse_query_string
from threescore.rest.grammar.path import Route, parse_path
from threescore.rest.grammar.warnings import (
    ParameterWarning,
    repeated_parameters,
    unknown_parameters,
    warning_header,
)
from threescore.rest.http import (
    Headers,
    Receive,
    Reply,
    Scope,
    Send,
    Stream,
    decode_body,
    discard_body,
    read_body,
    read_headers,
    send_preflight,
    send_reply,
    send_stream,
)
from threescore.rest.metadata import MetadataApi
from threescore.rest.records import TAKING_A_BODY, RecordsApi

log = structlog.get_logger()


class RestApi:
    """Everything below `/rest`."""

    def __init__(
        self,
        workspaces: Workspaces,
        tokens: Tokens,
        records: RecordsApi,
        metadata: MetadataApi,
        events: EventsApi,
        body_limit: int,
    ) -> None:
        self._workspaces = workspaces
        self._tokens = tokens
        self._records = records
        self._metadata = metadata
        self._events = events
        self._body_limit = body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["method"] == "OPTIONS":
            requested = dict(scope["headers"]).get(b"access-control-request-headers")
            await send_preflight(send, requested)
            return
        headers = read_headers(scope)
        ignored: list[ParameterWarning] = []
        try:
            reply: Reply | Stream = await self._reply(scope, receive, headers, ignored)
        except ThreescoreError as error:
            reply = Reply(*encode_error(error))
        except Exception:
            log.exception("request failed", method=scope["method"], path=scope["path"])
            reply = Reply(500, msgspec.json.encode(INTERNAL_ERROR))
        if isinstance(reply, Stream):
            await send_stream(receive, send, reply)
            return
        if ignored:
            reply.warning = warning_header(ignored)
        await discard_body(receive, headers)
        await send_reply(scope, headers, reply, send)

    async def _reply(
        self, scope: Scope, receive: Receive, headers: Headers, ignored: list[ParameterWarning]
    ) -> Reply | Stream:
        """The reply to a request; parameters without effect are added to `ignored`."""
        path = scope["path"].removeprefix("/rest")
        segments = tuple(part for part in path.split("/") if part)
        if not segments:
            raise _no_page(scope)
        claims = self._tokens.verify(bearer_token(headers.authorization))
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        try:
            parameters = parse_query_string(scope["query_string"])
            if segments[0] == "metadata":
                route, takes_body = None, method in ("POST", "PATCH", "PUT")
            else:
                route = parse_path(method, path)
                takes_body = route.action in TAKING_A_BODY
                ignored += unknown_parameters(route.action, parameters.values)
                ignored += repeated_parameters(route.action, parameters.repeated)
            body = await self._body(receive, headers) if takes_body else None
        except ThreescoreError:
            # Whoever is not let in hears of nothing else.
            await self._caller(claims)
            raise
        if route is None:
            return await self._of_model(claims, method, segments[1:], parameters, body)
        if route.action in EVENT_ACTIONS:
            return await self._events(claims, route, parameters, headers)
        return await self._of_records(claims, route, parameters, body)

    async def _caller(self, claims: Claims) -> Caller:
        """The caller in the workspace as it is at this moment. Raises AccessRefused."""
        return Caller.of(await self._workspaces.present(claims.workspace_id), claims)

    async def _body(self, receive: Receive, headers: Headers) -> Json:
        return decode_body(await read_body(receive, headers, self._body_limit), headers)

    async def _of_records(self, claims: Claims, route: Route, parameters: Parameters, body: Json) -> Reply:
        return await answer_for(self._workspaces, claims, lambda caller: self._records(caller, route, parameters, body))

    async def _of_model(
        self, claims: Claims, method: str, path: tuple[str, ...], parameters: Parameters, body: Json
    ) -> Reply:
        await self._caller(claims)
        status, payload = await self._metadata(
            workspace_id=claims.workspace_id,
            method=method,
            path=path,
            query=list(parameters.values.items()),
            body=body,
        )
        return Reply(status, msgspec.json.encode(payload))


def _no_page(scope: Scope) -> ThreescoreError:
    error = InvalidInput(f"Cannot {scope['method']} {scope['path']}")
    error.status = NotFound.status
    return error
