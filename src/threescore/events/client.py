"""Calls a receiver once, and says how it went."""

import asyncio
import base64
import re
import ssl
import time
from collections.abc import Mapping
from functools import lru_cache

from msgspec import Struct
from yarl import URL

from threescore.events.connecting import Connector, Kept, Origin
from threescore.events.connections import Answer, CallFailed, Connection, Unanswered
from threescore.events.outbound import Outbound, TargetRefused
from threescore.events.payload import fixed_headers
from threescore.events.retries import read_retry_after

KNOWN_TARGETS = 1000
KNOWN_NAMES = 1000
KEPT_HEADERS = 50
KEPT_HEADER = 500
KEPT_ERROR = 500

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
"""What could end a header's line, or is none of a header's characters."""


class Outcome(Struct, kw_only=True):
    """How an attempt went: an HTTP status, or an error where there was none. `seconds`: how long it took."""

    status: int | None = None
    error: str | None = None
    seconds: float
    headers: dict[str, str] = {}
    body: bytes = b""
    retry_after: float | None = None

    @property
    def ok(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Client:
    """An HTTP client that connects to admitted addresses only, follows no redirect and reads little.

    Connections are kept for the next call. Where one of them turns out to be closed before anything of an answer has
    come, the request is sent a second time, on a new one: receivers close idle connections when they like. So a
    receiver may see a request twice within one call, as it may between two.
    """

    def __init__(self, outbound: Outbound, timeout: float, *, tls: ssl.SSLContext | None = None) -> None:
        self._timeout = timeout
        self._connector = Connector(outbound, tls)
        self._kept = Kept()

    async def close(self) -> None:
        """Closes all connections."""
        self._kept.close()

    async def call(self, url: URL, body: bytes, headers: Mapping[str, str]) -> Outcome:
        """Posts a body. Never raises for what the network or the receiver does."""
        start = time.perf_counter()
        try:
            target = _target(url)
            request = _request(target, headers, body)
            answer = await self._post(target.origin, request, asyncio.get_running_loop().time() + self._timeout)
        except TimeoutError:
            message = f"no answer within {self._timeout:g} seconds"
        except (CallFailed, TargetRefused, OSError, ValueError) as error:
            message = str(error)
        else:
            return _outcome(answer, time.perf_counter() - start)
        return Outcome(error=message.replace("\x00", "\ufffd")[:KEPT_ERROR], seconds=time.perf_counter() - start)

    async def _post(self, origin: Origin, request: bytes, deadline: float) -> Answer:
        """Raises TargetRefused, CallFailed, and TimeoutError where there was a connection and no answer."""
        connection = self._kept.take(origin)
        if connection is not None:
            try:
                return await self._ask(origin, connection, request, deadline)
            except Unanswered:
                # The receiver has closed it, as everybody may who has waited long enough.
                pass
        connection = await self._connector.connect(origin, deadline)
        return await self._ask(origin, connection, request, deadline)

    async def _ask(self, origin: Origin, connection: Connection, request: bytes, deadline: float) -> Answer:
        try:
            answer = await connection.ask(request, deadline)
        except BaseException:
            connection.abort()
            raise
        self._kept.keep(origin, connection)
        return answer


class _Target(Struct, frozen=True):
    """What calls of one URL have in common.

    `head` is the request's first lines, `lines` the headers among them; `names` are theirs in lower case.
    """

    origin: Origin
    first: str
    lines: dict[str, str]
    names: frozenset[str]
    head: str


@lru_cache(KNOWN_TARGETS)
def _target(url: URL) -> _Target:
    """Raises ValueError for a URL that cannot be asked for."""
    host, port = url.raw_host, url.port
    resource = url.raw_path_qs or "/"
    if not host or port is None or url.scheme not in ("http", "https"):
        raise ValueError("no HTTP or HTTPS URL")
    if re.search(r"[^\x21-\x7e]", host + resource):
        raise ValueError("the URL has characters that none may have")
    name = host.rstrip(".")
    place = (f"[{name}]" if ":" in name else name) + ("" if url.is_default_port() else f":{port}")
    first, lines = f"POST {resource} HTTP/1.1\r\n", {"Host": place, **fixed_headers()}
    if url.user is not None or url.password is not None:
        who = f"{url.user or ''}:{url.password or ''}".encode()
        lines["Authorization"] = f"Basic {base64.b64encode(who).decode()}"
    names = frozenset(name.lower() for name in lines)
    return _Target(Origin(url.scheme == "https", host, port), first, lines, names, first + _lines(lines))


def _request(target: _Target, headers: Mapping[str, str], body: bytes) -> bytes:
    """The bytes to send. Raises ValueError for a header that is none."""
    head = target.head
    given = {_checked_name(name) for name in headers}
    if not given.isdisjoint(target.names):
        head = target.first + _lines({n: value for n, value in target.lines.items() if n.lower() not in given})
    return f"{head}{_lines(headers)}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _lines(headers: Mapping[str, str]) -> str:
    for name, value in headers.items():
        # Nearly all are printable, which is found out much faster.
        if not value.isprintable() and _FORBIDDEN.search(value):
            raise ValueError(f"{name!r} has characters that no header may have")
    return "".join([f"{name}: {value}\r\n" for name, value in headers.items()])


@lru_cache(KNOWN_NAMES)
def _checked_name(name: str) -> str:
    """A header's name in lower case. Raises ValueError where it is none."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} has characters that no header may have")
    return name.lower()


def _outcome(answer: Answer, seconds: float) -> Outcome:
    headers: dict[str, str] = {}
    retry_after = None
    for raw_name, raw_value in answer.headers[:KEPT_HEADERS]:
        name, value = _text(raw_name), _text(raw_value)
        headers[name] = f"{headers[name]}, {value}"[:KEPT_HEADER] if name in headers else value[:KEPT_HEADER]
    for raw_name, raw_value in answer.headers:
        if raw_name.lower() == b"retry-after":
            retry_after = read_retry_after(_text(raw_value))
            break
    status = answer.status
    error = None
    if not 200 <= status < 300:
        error = f"the receiver answered {status}"
        if 300 <= status < 400:
            error += ", a redirect, which is not followed"
    return Outcome(
        status=status, error=error, seconds=seconds, headers=headers, body=bytes(answer.body), retry_after=retry_after
    )


def _text(raw: bytes) -> str:
    """What a receiver sent, without what neither JSON nor PostgreSQL takes: bytes that are no UTF-8, and NUL."""
    return raw.decode("utf-8", "replace").replace("\x00", "\ufffd")
