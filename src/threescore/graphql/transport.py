"""The GraphQL doors over HTTP: requests in the forms that clients send, answers in the form they ask for."""

from collections.abc import MutableMapping
from typing import Any
from urllib.parse import parse_qs

import msgspec
import structlog

from threescore.access.addresses import client_address
from threescore.access.tokens import Tokens, bearer_token
from threescore.errors import AccessRefused, BadRequest, ThreescoreError
from threescore.graphql.core.execute import CoreGraphql, refusal
from threescore.graphql.errors import entry
from threescore.graphql.metadata import MetadataGraphql
from threescore.graphql.request import GraphqlRequest, GraphqlResponse
from threescore.rest.envelope import encode_error
from threescore.rest.http import (
    Headers,
    Receive,
    Reply,
    Scope,
    Send,
    decode_body,
    read_body,
    read_headers,
    send_preflight,
    send_reply,
)

GRAPHQL_JSON = "application/graphql-response+json"

log = structlog.get_logger()


class GraphqlApi:
    """`/graphql` and `/metadata`."""

    def __init__(self, tokens: Tokens, core: CoreGraphql, metadata: MetadataGraphql, body_limit: int) -> None:
        self._tokens = tokens
        self._core = core
        self._metadata = metadata
        self._body_limit = body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["method"] == "OPTIONS":
            await send_preflight(send, dict(scope["headers"]).get(b"access-control-request-headers"))
            return
        headers = read_headers(scope)
        try:
            response = await self._response(scope, receive, headers)
        except ThreescoreError as error:
            await send_reply(scope, headers, Reply(*encode_error(error)), send)
            return
        except Exception as error:
            log.exception("request failed", method=scope["method"], path=scope["path"])
            response = refusal(error, 500)
        status, media_type = response.status, None
        if GRAPHQL_JSON in _accepted(scope):
            media_type = f"{GRAPHQL_JSON}; charset=utf-8"
            status = status if response.has_data or status != 200 else 400
        await send_reply(scope, headers, Reply(status, response.body, media_type=media_type), send)

    async def _response(self, scope: Scope, receive: Receive, headers: Headers) -> GraphqlResponse:
        request = await self._request(scope, receive, headers)
        if isinstance(request, GraphqlResponse):
            return request
        request = msgspec.structs.replace(request, base_url=_base_url(scope), address=client_address(scope))
        if scope["path"] == "/metadata":
            return await self._metadata.serve(headers.authorization, request)
        try:
            claims = self._tokens.verify(bearer_token(headers.authorization))
        except AccessRefused as error:
            if headers.authorization is None:
                return self._core.refuse_stranger(request)
            return GraphqlResponse(200, msgspec.json.encode({"errors": [entry(error)]}), has_data=False)
        return await self._core.execute(claims, request)

    async def _request(self, scope: Scope, receive: Receive, headers: Headers) -> GraphqlRequest | GraphqlResponse:
        """The request, or the answer to one that is none."""
        if scope["method"] in ("GET", "HEAD"):
            return _from_query(scope)
        if scope["method"] != "POST":
            return _malformed(f"Method {scope['method']} is not allowed; use GET for queries or POST.", 405)
        raw = await read_body(receive, headers, self._body_limit)
        media_type = (headers.content_type or "").partition(";")[0].strip().lower()
        if media_type == "application/graphql":
            return GraphqlRequest(query=raw.decode("utf-8", "replace"), variables={})
        try:
            body: Any = decode_body(raw, headers)
        except BadRequest as error:
            return _malformed(error.message, 400)
        if isinstance(body, list):
            return _malformed("Batching is not supported.", 400)
        return _from_mapping(body)


def _base_url(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"host":
            return f"{scope['scheme']}://{value.decode('latin-1')}"
    return ""


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
