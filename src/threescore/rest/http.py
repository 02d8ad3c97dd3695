"""Requests and replies of the REST doors on bare ASGI: nothing here knows what they are about."""

import asyncio
import contextlib
import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

import msgspec
from msgspec import Struct

from threescore.access.origin import ORIGIN, Origin
from threescore.errors import BadRequest, InvalidInput, TooLarge
from threescore.model.fields.base import Json

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_NO_WEIGHT = re.compile(r"q\s*=\s*0(\.0*)?")
_JSON = (b"content-type", b"application/json; charset=utf-8")
EXPOSED = (
    b"ETag, Idempotent-Replayed, RateLimit-Limit, RateLimit-Policy, RateLimit-Remaining, RateLimit-Reset, Retry-After,"
    b" Warning, WWW-Authenticate, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset"
)
"""The headers that scripts of other origins may read."""

_CORS = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", EXPOSED),
)
_SAFE = (
    (b"x-content-type-options", b"nosniff"),
    # Kept by nobody but the caller, and by them only to be asked about again. What shows secrets is not kept at all.
    (b"cache-control", b"private, no-cache"),
)
_SECRET = (*_SAFE[:1], (b"cache-control", b"no-store"))
_SECRETS = re.compile(r"/rest/(metadata/|apiKeys|webhooks)|/metadata\Z").match
"""Paths at which tokens and secrets are told."""
_PREFLIGHT = [
    *_CORS,
    (b"access-control-allow-methods", b"GET,HEAD,PUT,PATCH,POST,DELETE"),
    (b"vary", b"Access-Control-Request-Headers"),
    (b"content-length", b"0"),
]


class Stream(Struct):
    """What is answered bit by bit: server-sent events, for as long as there are any."""

    chunks: AsyncIterator[bytes]


class Reply(Struct):
    """What is answered. `warning` is the value of a `Warning` header; the media type is JSON unless it is given.

    `version` is that of the one record that the reply shows, `etag` that of the body where it is known already.
    `packed` is the body compressed with gzip, for a caller that takes it so. `fields` are more headers, their names in
    lower case.
    """

    status: int
    body: bytes
    warning: str | None = None
    media_type: str | None = None
    version: str | None = None
    etag: str | None = None
    packed: bytes | None = None
    fields: tuple[tuple[bytes, bytes], ...] = ()


REPLAYED = (b"idempotent-replayed", b"true")
"""The header of an answer that was given before."""

MAX_DISCARDED = 65_536
"""The largest body, in bytes, that is taken in although nobody wants it."""

DISCARD_SECONDS = 1.0
"""How long such a body is waited for."""


class Headers(Struct):
    """The request headers that matter here. `body_waits`: a body was announced, and nobody has begun to read it.

    `answer` are headers to send with whatever is answered.
    """

    authorization: str | None = None
    content_type: str | None = None
    content_length: int | None = None
    if_none_match: str | None = None
    if_match: str | None = None
    idempotency_key: str | None = None
    last_event_id: str | None = None
    accept_encoding: str = ""
    body_waits: bool = False
    answer: tuple[tuple[bytes, bytes], ...] = ()


def read_headers(scope: Scope) -> Headers:
    """Picks the headers that matter. ASGI gives their names in lower case."""
    found = Headers()
    for name, value in scope["headers"]:
        if name == b"authorization":
            found.authorization = value.decode("latin-1")
        elif name == b"content-type":
            found.content_type = value.decode("latin-1")
        elif name == b"content-length":
            found.content_length = int(value) if value.isdigit() else None
            found.body_waits = value != b"0"
        elif name == b"if-none-match":
            found.if_none_match = value.decode("latin-1")
        elif name == b"if-match":
            found.if_match = value.decode("latin-1")
        elif name == b"idempotency-key":
            found.idempotency_key = value.decode("latin-1")
        elif name == b"last-event-id":
            found.last_event_id = value.decode("latin-1")
        elif name == b"accept-encoding":
            found.accept_encoding = value.decode("latin-1")
    return found


def accepts(accept_encoding: str, coding: str) -> bool:
    """Whether a caller with this `Accept-Encoding` names a coding, such as `gzip`, as one that it takes.

    `*` counts for nothing: who says no more than that gets the body as it is, which always is right.
    """
    for item in accept_encoding.lower().split(","):
        name, _, weight = item.partition(";")
        if name.strip() == coding:
            return not _NO_WEIGHT.fullmatch(weight.strip())
    return False


def client_of(scope: Scope) -> tuple[str | None, str | None]:
    """The network address of the caller, and what it says that it is."""
    origin = ORIGIN.get() or Origin(scope)
    address = origin.address
    agent = next((value for name, value in scope["headers"] if name == b"user-agent"), None)
    return None if address is None else str(address), None if agent is None else agent.decode("latin-1")


async def read_body(receive: Receive, headers: Headers, limit: int) -> bytes:
    """The whole body. Raises TooLarge as soon as it is known to be over the limit, without reading on.

    The answer then says that the connection ends, for what is left of the body stands in the way of another request.
    """
    headers.body_waits = False
    if headers.content_length is not None and headers.content_length > limit:
        raise _too_large(headers, limit)
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadRequest("The connection ended before the body did")
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise _too_large(headers, limit)
        if chunk:
            chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def discard_body(receive: Receive, headers: Headers) -> None:
    """Takes in a small body that was not wanted: a connection with one unread cannot serve another request."""
    if not headers.body_waits or headers.content_length is None or headers.content_length > MAX_DISCARDED:
        return
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DISCARD_SECONDS):
            while (await receive()).get("more_body", False):
                pass


def _too_large(headers: Headers, limit: int) -> TooLarge:
    headers.answer = (*headers.answer, (b"connection", b"close"))
    return TooLarge(f"The body is over the limit of {limit} bytes; send less at once")


def decode_body(body: bytes, headers: Headers) -> Json:
    """The JSON of a body; an empty object where there is none but JSON was announced.

    Raises InvalidInput for what is no JSON object or list, BadRequest for another content type.
    """
    media_type = (headers.content_type or "").partition(";")[0].strip().lower()
    if media_type not in ("", "application/json") and not media_type.endswith("+json"):
        raise BadRequest(f'The body must be JSON, sent with "Content-Type: application/json", not {media_type[:100]}')
    if not body:
        if not media_type:
            raise BadRequest('A JSON body is needed, sent with "Content-Type: application/json"')
        return {}
    try:
        value: Json = msgspec.json.decode(body)
    except RecursionError as error:
        raise InvalidInput("The JSON of the body is nested too deeply") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"The body is not valid JSON: {error}") from error
    if not isinstance(value, dict | list):
        raise InvalidInput("The body must be a JSON object or list")
    return value


async def send_reply(scope: Scope, headers: Headers, reply: Reply, send: Send) -> None:
    """Sends a reply, as 304 where the caller has it already, and without its body for HEAD."""
    status, body = reply.status, reply.body
    fields = [
        (b"content-type", reply.media_type.encode()) if reply.media_type else _JSON,
        *_CORS,
        *(_SECRET if _SECRETS(scope["path"]) else _SAFE),
        *reply.fields,
        *headers.answer,
    ]
    if reply.warning:
        fields.append((b"warning", reply.warning.encode("latin-1", "replace")))
    if status == 200 and scope["method"] in ("GET", "HEAD"):
        etag = reply.etag or etag_of(body, reply.version)
        fields.append((b"etag", etag.encode()))
        if headers.if_none_match is not None and _matches(headers.if_none_match, etag):
            status, body = 304, b""
            del fields[0]
        elif reply.packed is not None:
            body = reply.packed
            fields.append((b"content-encoding", b"gzip"))
    if status != 304:
        fields.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def etag_of(body: bytes, version: str | None = None) -> str:
    """The `ETag` of a body, with the version of the one record that it shows."""
    digest = hashlib.sha1(body, usedforsecurity=False).hexdigest()
    return f'W/"{len(body):x}-{digest}"' if version is None else f'"{version}.{digest}"'


def base_url(scope: Scope) -> str:
    """Where the caller finds this server, without a slash at the end; empty for a caller who does not say it."""
    for name, value in scope["headers"]:
        if name == b"host":
            return f"{scope['scheme']}://{value.decode('latin-1')}"
    return ""


async def send_stream(receive: Receive, send: Send, stream: Stream) -> None:
    """Sends server-sent events until they end or the caller goes away."""
    fields = [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-store"),
        # Proxies that gather answers would hold the events back.
        (b"x-accel-buffering", b"no"),
        *_CORS,
    ]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    sending = asyncio.ensure_future(_send_chunks(send, stream.chunks))
    leaving = asyncio.ensure_future(_left(receive))
    try:
        await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
    finally:
        leaving.cancel()
        sending.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sending


async def _send_chunks(send: Send, chunks: AsyncIterator[bytes]) -> None:
    async with contextlib.aclosing(chunks) as iterator:  # type: ignore[type-var]
        async for chunk in iterator:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _left(receive: Receive) -> None:
    """Returns when the caller has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _matches(if_none_match: str, etag: str) -> bool:
    known = (item.strip().removeprefix("W/") for item in if_none_match.split(","))
    return if_none_match.strip() == "*" or etag.removeprefix("W/") in known


def matched_versions(if_match: str) -> list[str] | None:
    """The versions of a record that an `If-Match` header names; None for any.

    A tag names a version by what stands before its dot, so that one of any representation will do: at another depth,
    or one that a proxy has made weak by compressing it.
    """
    if if_match.strip() == "*":
        return None
    tags = (item.strip().removeprefix("W/") for item in if_match.split(","))
    return [tag[1:-1].partition(".")[0] for tag in tags if len(tag) > 2 and tag[0] == tag[-1] == '"']


async def send_preflight(send: Send, requested: bytes | None) -> None:
    """Answers a CORS preflight: any origin may call, with any headers."""
    fields = [*_PREFLIGHT, (b"access-control-allow-headers", requested or b"authorization,content-type")]
    await send({"type": "http.response.start", "status": 204, "headers": fields})
    await send({"type": "http.response.body", "body": b""})
