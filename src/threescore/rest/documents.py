"""The documentation that the server gives of itself: OpenAPI documents and Markdown.

Whoever has a key gets that of the workspace; everybody gets what says nothing about any workspace. A document is made
once for each version of a model, and kept with it as the bytes that are sent; for who takes gzip, as compressed
ones, too: the text is long and says much again and again.
"""

import asyncio
import gzip
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import partial
from uuid import UUID

import msgspec
import structlog

from threescore.access.rates import RateLimits
from threescore.catalog.state import Workspaces
from threescore.errors import AccessRefused, BadRequest, ThreescoreError
from threescore.model.objects import Model
from threescore.records.caller import Caller
from threescore.rest.envelope import INTERNAL_ERROR, encode_error
from threescore.rest.http import (
    Headers,
    Receive,
    Reply,
    Scope,
    Send,
    accepts,
    base_url,
    discard_body,
    etag_of,
    read_headers,
    send_preflight,
    send_reply,
)
from threescore.rest.openapi import (
    Site,
    base_document,
    core_document,
    core_guide,
    general_markdown,
    metadata_document,
    metadata_guide,
    workspace_markdown,
)

KEPT = 12
"""How many documents are kept for a version of a model: each kind, for a few of the server's names and roles."""

LEVEL = 6
"""How hard gzip tries: more takes half as long again and saves a twentieth."""

_VARY = (b"vary", b"Accept-Encoding")
_encode = msgspec.json.Encoder().encode
log = structlog.get_logger()


class _Reader(msgspec.Struct, frozen=True):
    """Who a document is for: what of the model it shows, and a role for new API keys in its examples, if any."""

    model: Model
    role_id: UUID | None


class _Kept(msgspec.Struct):
    """A document as it is sent, with its `ETag`. `packed` is the same compressed, once somebody took it so."""

    body: bytes
    etag: str
    packed: bytes | None = None


class _Page(msgspec.Struct, frozen=True):
    """One document: how it is made for a reader, and for everybody. `of_role`: it is another one for each role."""

    name: str
    of_workspace: Callable[[_Reader, Site], bytes]
    of_nobody: Callable[[Site], bytes]
    media_type: str | None = None
    of_role: bool = False


_CORE = _Page(
    "core",
    lambda reader, site: _encode(core_document(reader.model, site)),
    lambda site: _encode(base_document(site, "core", core_guide(site))),
)
_METADATA = _Page(
    "metadata",
    lambda reader, site: _encode(metadata_document(reader.model, site, reader.role_id)),
    lambda site: _encode(base_document(site, "metadata", metadata_guide(site))),
    of_role=True,
)
_MARKDOWN = _Page(
    "markdown",
    lambda reader, site: workspace_markdown(reader.model, site, reader.role_id).encode(),
    lambda site: general_markdown(site).encode(),
    "text/markdown; charset=utf-8",
    of_role=True,
)

PAGES: Mapping[str, _Page] = {
    "/rest/open-api/core": _CORE,
    "/rest/open-api/metadata": _METADATA,
    "/open-api/core": _CORE,
    "/open-api/metadata": _METADATA,
    "/rest/docs.md": _MARKDOWN,
    "/llms.txt": msgspec.structs.replace(_MARKDOWN, media_type="text/plain; charset=utf-8"),
}
"""The documents by their paths."""


class DocumentsApi:
    """Answers requests for documents. `full`: they show the whole model, whatever the reader's role may read."""

    def __init__(
        self, workspaces: Workspaces, limits: RateLimits, batch_limit: int, body_limit: int, *, full: bool = False
    ) -> None:
        self._workspaces = workspaces
        self._full = full
        self._limits = limits
        self._site = partial(Site, batch_limit=batch_limit, body_limit=body_limit)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request, whose path is one of `PAGES`."""
        if scope["method"] == "OPTIONS":
            await send_preflight(send, dict(scope["headers"]).get(b"access-control-request-headers"))
            return
        headers = read_headers(scope)
        try:
            reply = await self._reply(scope, headers)
        except ThreescoreError as error:
            reply = Reply(*encode_error(await self._limits.refuse(error, headers.authorization)))
        except Exception:
            log.exception("request failed", method=scope["method"], path=scope["path"])
            reply = Reply(500, _encode(INTERNAL_ERROR))
        await discard_body(receive, headers)
        await send_reply(scope, headers, reply, send)

    async def _reply(self, scope: Scope, headers: Headers) -> Reply:
        method, path = scope["method"], scope["path"]
        if method not in ("GET", "HEAD"):
            raise BadRequest(f"{method} is not possible on '{path}'. Allowed methods are GET, HEAD.")
        page, site = PAGES[path], self._site(base_url(scope))
        # The addresses outside of /rest take a bad token for none, as they always have.
        reader = await self._reader(headers, refusing=path.startswith("/rest/"))
        if reader is None:
            return Reply(200, page.of_nobody(site), media_type=page.media_type)
        kept = _kept(reader, page, site)
        reply = Reply(200, kept.body, media_type=page.media_type, etag=kept.etag, fields=(_VARY,))
        if accepts(headers.accept_encoding, "gzip"):
            if kept.packed is None:
                # In a thread: it takes 20 ms, in which others are to be answered.
                kept.packed = await asyncio.to_thread(gzip.compress, kept.body, LEVEL, mtime=0)
            reply.packed = kept.packed
        return reply

    async def _reader(self, headers: Headers, *, refusing: bool) -> _Reader | None:
        """Who asks; None for a stranger. Raises AccessRefused for a bad token, RateLimited."""
        if headers.authorization is None:
            await self._limits.count(None)
            return None
        try:
            claims = await self._limits.admit(headers.authorization)
            caller = Caller.of(await self._workspaces.present(claims.workspace_id), claims)
        except AccessRefused:
            if refusing:
                raise
            return None
        model = caller.state.model if self._full else caller.model
        return _Reader(model, caller.role.id if caller.role.can_be_assigned_to_api_keys else None)


def _kept(reader: _Reader, page: _Page, site: Site) -> _Kept:
    """The document with its `ETag`, made when it is first asked for.

    It is kept with the model that it shows: who sees more of the workspace, or less, has another one.
    """
    kept: OrderedDict[tuple[object, ...], _Kept]
    kept = reader.model.__dict__.setdefault("documents", OrderedDict())
    key = (page.name, site, reader.role_id if page.of_role else None)
    found = kept.get(key)
    if found is None:
        body = page.of_workspace(reader, site)
        found = kept[key] = _Kept(body, etag_of(body))
        if len(kept) > KEPT:
            kept.popitem(last=False)
    else:
        kept.move_to_end(key)
    return found
