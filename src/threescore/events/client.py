"""Calls a receiver once, and says how it went."""

import asyncio
import contextlib
import socket
import ssl
import time
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from msgspec import Struct
from yarl import URL

from threescore.events.outbound import Outbound, TargetRefused
from threescore.events.payload import fixed_headers
from threescore.events.retries import read_retry_after

CONNECT_SECONDS = 5.0
"""How long a connection may take, of the time that a call has as a whole."""

KEPT_BODY = 4096
"""How many bytes of a response are kept for the log."""

READ_BODY = 65_536
"""How many bytes of a response are read at most, so that its connection can be used again."""

BODY_SECONDS = 2.0
"""How long a response's body is waited for. What it is about has been said by then."""

KNOWN_HOSTS = 10_000
KEPT_HEADERS = 50
KEPT_HEADER = 500
KEPT_ALIVE = 30.0


class CheckedResolver(AbstractResolver):
    """Gives the HTTP client nothing but addresses that may be called."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a host that may be called. Raises TargetRefused, and OSError."""
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in await self._outbound.addresses(host, port)
        ]

    async def close(self) -> None:
        """Nothing is held."""


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
    """An HTTP client that connects to admitted addresses only, follows no redirect and reads little."""

    def __init__(self, outbound: Outbound, timeout: float, *, tls: ssl.SSLContext | None = None) -> None:
        self._outbound = outbound
        self._timeout = timeout
        self._literals: dict[str, bool] = {}
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,
                resolver=CheckedResolver(outbound),
                ttl_dns_cache=10,
                keepalive_timeout=KEPT_ALIVE,
                ssl=tls or True,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=timeout, sock_connect=CONNECT_SECONDS),
            auto_decompress=False,
            headers=fixed_headers(),
            trust_env=False,
        )

    async def close(self) -> None:
        """Closes all connections."""
        await self._session.close()

    async def call(self, url: URL, body: bytes, headers: dict[str, str]) -> Outcome:
        """Posts a body. Never raises for what the network or the receiver does."""
        start = time.perf_counter()
        try:
            self._check_literal(url)
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as response:
                kept = await _beginning(response)
                return _outcome(response, kept, time.perf_counter() - start)
        except TargetRefused as error:
            message = str(error)
        except aiohttp.ConnectionTimeoutError:
            message = f"no connection within {min(CONNECT_SECONDS, self._timeout):g} seconds"
        except TimeoutError:
            message = f"no answer within {self._timeout:g} seconds"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            message = _words(error)
        return Outcome(error=_storable(message[:500]), seconds=time.perf_counter() - start)

    def _check_literal(self, url: URL) -> None:
        """Addresses do not pass the resolver. Raises TargetRefused."""
        host = url.raw_host or ""
        admitted = self._literals.get(host)
        if admitted is None:
            try:
                admitted = self._outbound.admits(host, host)
            except ValueError:
                # A name is the resolver's business. What is all digits, aiohttp takes for an address and does not ask.
                admitted = not host.replace(".", "").isdigit()
            if len(self._literals) >= KNOWN_HOSTS:
                self._literals.clear()
            self._literals[host] = admitted
        if not admitted:
            raise TargetRefused(f"{host} is not on the public internet. THREESCORE_OUTBOUND_ALLOW can admit it.")


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    """The beginning of a response's body. The connection is closed unless the body ends soon."""
    kept = bytearray()
    size = 0
    length = response.content_length
    if length is not None and response.content.total_bytes >= length <= KEPT_BODY:
        # It came along with the headers, as short answers do.
        return await response.read()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in response.content.iter_any():
                kept += chunk[: KEPT_BODY - len(kept)]
                size += len(chunk)
                if size > READ_BODY:
                    response.close()
                    break
    except (TimeoutError, aiohttp.ClientError, OSError):
        response.close()
    return bytes(kept)


def _outcome(response: aiohttp.ClientResponse, kept: bytes, seconds: float) -> Outcome:
    headers: dict[str, str] = {}
    for name, value in response.headers.items():
        if len(headers) < KEPT_HEADERS:
            name, value = _storable(name), _storable(value)
            headers[name] = f"{headers[name]}, {value}"[:KEPT_HEADER] if name in headers else value[:KEPT_HEADER]
    error = None
    if not 200 <= response.status < 300:
        error = f"the receiver answered {response.status}"
        if 300 <= response.status < 400:
            error += ", a redirect, which is not followed"
    return Outcome(
        status=response.status,
        error=error,
        seconds=seconds,
        headers=headers,
        body=kept,
        retry_after=read_retry_after(response.headers.get("Retry-After")),
    )


def _storable(text: str) -> str:
    """What a receiver sent, without what neither JSON nor PostgreSQL takes: bytes that are no UTF-8, and NUL."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace").replace("\x00", "\ufffd")


def _words(error: Exception) -> str:
    """What happened, as the log shows it."""
    cause: Any = error
    with contextlib.suppress(AttributeError):
        cause = getattr(error, "os_error", None) or error
    if isinstance(cause, TargetRefused) or isinstance(error.__cause__, TargetRefused):
        return str(error.__cause__ or cause)
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
