"""The GraphQL doors over HTTP: requests in the forms that clients send, answers in the form they ask for."""

import math
from collections.abc import AsyncIterator, MutableMapping
from typing import Any
from urllib.parse import parse_qs

import msgspec
import structlog

from threescore.access.idempotency import Keyed
from threescore.access.rates import RateLimits
from threescore.errors import AccessRefused, BadRequest, RateLimited, ThreescoreError
from threescore.graphql.core.execute import CoreGraphql
from threescore.graphql.core.subscriptions import Payload
from threescore.graphql.metadata import MetadataGraphql
from threescore.graphql.metadata.schema import metadata_sdl
from threescore.graphql.request import GraphqlRequest, GraphqlResponse, refusal
from threescore.rest.envelope import encode_error
from threescore.rest.http import (
    REPLAYED,
    Headers,
    Receive,
    Reply,
    Scope,
    Send,
    Stream,
    base_url,
    client_of,
    decode_body,
    discard_body,
    read_body,
    read_headers,
    send_preflight,
    send_reply,
    send_stream,
)

GRAPHQL_JSON = "application/graphql-response+json"
EVENT_STREAM = "text/event-stream"

SCHEMAS = ("/graphql/schema.graphql", "/metadata/schema.graphql")
"""Where the schemas are, in GraphQL's schema definition language."""

log = structlog.get_logger()


class GraphqlApi:
    """`/graphql` and `/metadata`."""

    def __init__(self, core: CoreGraphql, metadata: MetadataGraphql, limits: RateLimits, body_limit: int) -> None:
        self._core = core
        self._metadata = metadata
        self._limits = limits
        self._body_limit = body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["method"] == "OPTIONS":
            await send_preflight(send, dict(scope["headers"]).get(b"access-control-request-headers"))
            return
        headers = read_headers(scope)
        try:
            if EVENT_STREAM in _accepted(scope) and scope["path"] == "/graphql":
                await send_stream(receive, send, Stream(await self._stream(scope, receive, headers)))
                return
            response = await self._response(scope, receive, headers)
        except ThreescoreError as error:
            refused = await self._limits.refuse(error, headers.authorization)
            await send_reply(scope, headers, Reply(*encode_error(refused)), send)
            return
        except Exception as error:
            log.exception("request failed", method=scope["method"], path=scope["path"])
            response = refusal(error, status=500)
        status, media_type = response.status, None
        if GRAPHQL_JSON in _accepted(scope):
            media_type = f"{GRAPHQL_JSON}; charset=utf-8"
            status = status if response.has_data or status != 200 else 400
        fields = (REPLAYED,) if response.replayed else ()
        if response.wait is not None:
            fields = (*fields, (b"retry-after", b"%d" % math.ceil(response.wait)))
        await send_reply(scope, headers, Reply(status, response.body, media_type=media_type, fields=fields), send)

    async def send_schema(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request for one of `SCHEMAS`: that of the records to those who have a key, the other to all."""
        if scope["method"] == "OPTIONS":
            await send_preflight(send, dict(scope["headers"]).get(b"access-control-request-headers"))
            return
        headers = read_headers(scope)
        try:
            if scope["method"] not in ("GET", "HEAD"):
                raise BadRequest(f"{scope['method']} is not possible here. Allowed methods are GET, HEAD.")
            if scope["path"] == SCHEMAS[0]:
                body = await self._core.sdl(await self._limits.admit(headers.authorization))
            else:
                await self._limits.count(headers.authorization)
                body = metadata_sdl()
            reply = Reply(200, body, media_type="text/plain; charset=utf-8")
        except ThreescoreError as error:
            reply = Reply(*encode_error(await self._limits.refuse(error, headers.authorization)))
        await discard_body(receive, headers)
        await send_reply(scope, headers, reply, send)

    async def _response(self, scope: Scope, receive: Receive, headers: Headers) -> GraphqlResponse:
        request = await self._request(scope, receive, headers)
        if isinstance(request, GraphqlResponse):
            return request
        of_model = scope["path"] == "/metadata"
        try:
            claims = await self._limits.admit(headers.authorization, lambda: self._weight(scope, request))
        except RateLimited as error:
            return refusal(error) if of_model else self._core.refuse_all(request, error)
        except AccessRefused as error:
            if of_model:
                return await self._of_model(scope, headers, request)
            return self._core.refuse_stranger(request) if headers.authorization is None else refusal(error)
        if of_model:
            return await self._of_model(scope, headers, request)
        return await self._core.execute(claims, request)

    async def _of_model(self, scope: Scope, headers: Headers, request: GraphqlRequest) -> GraphqlResponse:
        """The answer of the metadata door, which has some for strangers, too."""
        found = msgspec.structs.replace(request, base_url=base_url(scope), client=client_of(scope))
        return await self._metadata.serve(headers.authorization, found)

    def _weight(self, scope: Scope, request: GraphqlRequest) -> int:
        return self._core.weight(request) if scope["path"] == "/graphql" else 1

    async def _stream(self, scope: Scope, receive: Receive, headers: Headers) -> AsyncIterator[bytes]:
        """The answer as server-sent events, in the way of `graphql-sse` with a connection for each operation.

        Raises AccessRefused.
        """
        request = await self._request(scope, receive, headers)
        if isinstance(request, GraphqlResponse):
            return _sent(request)
        claims = await self._limits.admit(headers.authorization, lambda: self._weight(scope, request))
        return _sent(await self._core.subscribe(claims, request, headers.last_event_id))

    async def _request(self, scope: Scope, receive: Receive, headers: Headers) -> GraphqlRequest | GraphqlResponse:
        """The request, or the answer to one that is none, which is counted. Raises TooLarge, RateLimited."""
        request = await self._read(scope, receive, headers)
        if isinstance(request, GraphqlResponse):
            await self._limits.count(headers.authorization)
        return request

    async def _read(self, scope: Scope, receive: Receive, headers: Headers) -> GraphqlRequest | GraphqlResponse:
        if scope["method"] in ("GET", "HEAD"):
            return _from_query(scope)
        if scope["method"] != "POST":
            return _malformed(f"Method {scope['method']} is not allowed; use GET for queries or POST.", 405)
        raw = await read_body(receive, headers, self._body_limit)
        keyed = None
        if headers.idempotency_key is not None:
            matched = () if headers.if_match is None else (headers.if_match.encode(),)
            keyed = Keyed.of(headers.idempotency_key, (scope["path"].encode(), raw, *matched))
        media_type = (headers.content_type or "").partition(";")[0].strip().lower()
        if media_type == "application/graphql":
            return GraphqlRequest(
                query=raw.decode("utf-8", "replace"), variables={}, keyed=keyed, if_match=headers.if_match
            )
        try:
            body: Any = decode_body(raw, headers)
        except BadRequest as error:
            return _malformed(error.message, 400)
        if isinstance(body, list):
            return _malformed("Batching is not supported.", 400)
        found = _from_mapping(body)
        if isinstance(found, GraphqlResponse):
            return found
        return msgspec.structs.replace(found, keyed=keyed, if_match=headers.if_match)


async def _sent(answer: AsyncIterator[Payload] | GraphqlResponse) -> AsyncIterator[bytes]:
    if isinstance(answer, GraphqlResponse):
        yield b"event: next\ndata: %b\n\n" % answer.body
    else:
        yield b":\n\n"
        async for payload in answer:
            place = b"id: %b\n" % payload.place.cursor.encode() if payload.place else b""
            yield place + (b":\n\n" if payload.body is None else b"event: next\ndata: %b\n\n" % payload.body)
    yield b"event: complete\ndata:\n\n"


def _accepted(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"accept":
            return str(value.decode("latin-1"))
    return ""


def _from_query(scope: MutableMapping[str, Any]) -> GraphqlRequest | GraphqlResponse:
    try:
        parameters = {name: values[-1] for name, values in parse_qs(scope["query_string"].decode()).items()}
        variables = msgspec.json.decode(parameters["variables"]) if parameters.get("variables") else {}
    except (UnicodeDecodeError, ValueError):
        return _malformed('The parameter "variables" must be JSON.', 400)
    request = _from_mapping(
        {
            "query": parameters.get("query"),
            "variables": variables,
            "operationName": parameters.get("operationName"),
        }
    )
    return msgspec.structs.replace(request, read_only=True) if isinstance(request, GraphqlRequest) else request


def _from_mapping(body: dict[str, Any]) -> GraphqlRequest | GraphqlResponse:
    query, variables, name = body.get("query"), body.get("variables"), body.get("operationName")
    if not isinstance(query, str):
        return _malformed('Must provide a query string: the body needs "query".', 400)
    if variables is not None and not isinstance(variables, dict):
        return _malformed('"variables" must be a JSON object.', 400)
    if name is not None and not isinstance(name, str):
        return _malformed('"operationName" must be a string.', 400)
    return GraphqlRequest(query=query, variables=variables or {}, operation_name=name or None)


def _malformed(message: str, status: int) -> GraphqlResponse:
    return GraphqlResponse(status, msgspec.json.encode({"errors": [{"message": message}]}), has_data=False)
