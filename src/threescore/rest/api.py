"""The REST doors as one ASGI application: who calls, what for, and what is answered when it cannot be."""

import msgspec
import structlog

from threescore.access.tokens import Claims, Tokens, bearer_token
from threescore.catalog.state import Workspaces
from threescore.errors import InvalidInput, NotFound, ThreescoreError
from threescore.model.fields.base import Json
from threescore.records.caller import Caller, answer_for
from threescore.rest.envelope import INTERNAL_ERROR, encode_error
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
    decode_body,
    discard_body,
    read_body,
    read_headers,
    send_preflight,
    send_reply,
)
from threescore.rest.metadata import MetadataApi
from threescore.rest.records import TAKING_A_BODY, RecordsApi
from threescore.rest.webhooks import ACTIONS, NOTHING, WebhooksApi

log = structlog.get_logger()


class RestApi:
    """Everything below `/rest`."""

    def __init__(
        self,
        workspaces: Workspaces,
        tokens: Tokens,
        records: RecordsApi,
        metadata: MetadataApi,
        webhooks: WebhooksApi,
        body_limit: int,
    ) -> None:
        self._workspaces = workspaces
        self._tokens = tokens
        self._records = records
        self._metadata = metadata
        self._webhooks = webhooks
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
            reply = await self._reply(scope, receive, headers, ignored)
        except ThreescoreError as error:
            reply = Reply(*encode_error(error))
        except Exception:
            log.exception("request failed", method=scope["method"], path=scope["path"])
            reply = Reply(500, msgspec.json.encode(INTERNAL_ERROR))
        if ignored:
            reply.warning = warning_header(ignored)
        await discard_body(receive, headers)
        await send_reply(scope, headers, reply, send)

    async def _reply(self, scope: Scope, receive: Receive, headers: Headers, ignored: list[ParameterWarning]) -> Reply:
        """The reply to a request; parameters without effect are added to `ignored`."""
        path = scope["path"].removeprefix("/rest")
        segments = tuple(part for part in path.split("/") if part)
        if not segments:
            raise _no_page(scope)
        claims = self._tokens.verify(bearer_token(headers.authorization))
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        try:
            parameters = parse_query_string(scope["query_string"])
            if segments[0] in ("metadata", "webhooks"):
                route, takes_body = None, method in ("POST", "PATCH", "PUT")
                # What is done to a webhook or a delivery needs no more words than the path has.
                takes_body = takes_body and (headers.body_waits or segments[-1] not in ACTIONS)
            else:
                route = parse_path(method, path)
                takes_body = route.action in TAKING_A_BODY
                ignored += unknown_parameters(route.action, parameters.values)
                ignored += repeated_parameters(route.action, parameters.repeated)
            body = await self._body(receive, headers) if takes_body else None
        except ThreescoreError:
            # Whoever is not let in hears of nothing else.
            await self._check_key(claims)
            raise
        if (route is None and "webhooks" in segments[:2]) or segments[:2] == ("metadata", "webhookDeliveries"):
            return await self._of_webhooks(claims, method, segments, parameters, body)
        if route is None:
            return await self._of_model(claims, method, segments[1:], parameters, body)
        return await self._of_records(claims, route, parameters, body)

    async def _check_key(self, claims: Claims) -> None:
        """Raises AccessRefused unless the key is good at this moment."""
        (await self._workspaces.present(claims.workspace_id)).key(claims.key_id)

    async def _body(self, receive: Receive, headers: Headers) -> Json:
        return decode_body(await read_body(receive, headers, self._body_limit), headers)

    async def _of_records(self, claims: Claims, route: Route, parameters: Parameters, body: Json) -> Reply:
        return await answer_for(self._workspaces, claims, lambda caller: self._records(caller, route, parameters, body))

    async def _of_model(
        self, claims: Claims, method: str, path: tuple[str, ...], parameters: Parameters, body: Json
    ) -> Reply:
        await self._check_key(claims)
        status, payload = await self._metadata(
            workspace_id=claims.workspace_id,
            method=method,
            path=path,
            query=list(parameters.values.items()),
            body=body,
        )
        return Reply(status, msgspec.json.encode(payload))

    async def _of_webhooks(
        self, claims: Claims, method: str, segments: tuple[str, ...], parameters: Parameters, body: Json
    ) -> Reply:
        state = await self._workspaces.present(claims.workspace_id)
        caller = Caller(state, state.key(claims.key_id))
        bare = segments[0] == "webhooks"
        path = segments if bare else segments[1:]
        status, payload = await self._webhooks(caller, method, path, parameters.values, body, bare=bare)
        return Reply(status, b"" if payload is NOTHING else msgspec.json.encode(payload))


def _no_page(scope: Scope) -> ThreescoreError:
    error = InvalidInput(f"Cannot {scope['method']} {scope['path']}")
    error.status = NotFound.status
    return error
