"""Makes connections to receivers, to the very addresses that were looked at, and keeps those that are idle."""

import asyncio
import os
import socket
import ssl
from collections import OrderedDict

from msgspec import Struct

from threescore.events.connections import CallFailed, Connection
from threescore.events.outbound import Outbound

CONNECT_SECONDS = 5.0
"""How long a connection may take to all addresses of a host together, of the time that a call has as a whole."""

KEPT_ALIVE = 30.0
"""How long a connection is kept while nobody uses it, in seconds."""

KEPT_CONNECTIONS = 500
"""How many are kept at most. The one that was used the longest ago makes room."""

SWEEP_SECONDS = 5.0

KNOWN_SECONDS = 10.0
"""How long the addresses of a host are remembered, so that a burst of connections asks once."""

KNOWN_HOSTS = 10_000

Time = float
"""In the time of the event loop, in seconds."""


class Origin(Struct, frozen=True):
    """Whom a connection leads to. It is used for calls of the same origin only."""

    is_tls: bool
    host: str
    port: int


class Connector:
    """Makes connections to addresses that `outbound` admits."""

    def __init__(self, outbound: Outbound, tls: ssl.SSLContext | None = None) -> None:
        self._outbound = outbound
        if tls is None:
            tls = ssl.create_default_context()
            tls.set_alpn_protocols(["http/1.1"])
        self._tls = tls
        self._known: dict[tuple[str, int], tuple[Time, asyncio.Task[list[str]]]] = {}

    async def connect(self, origin: Origin, deadline: Time) -> Connection:
        """A new connection. Raises TargetRefused, and CallFailed.

        The addresses are tried one after the other, each for its share of the time that is left.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout_at(deadline):
                addresses = await self._addresses(origin)
        except TimeoutError as error:
            raise _too_late(loop.time() - began) from error
        except OSError as error:
            raise CallFailed(_about_name(origin.host, error)) from error
        began = loop.time()
        deadline = min(deadline, began + CONNECT_SECONDS)
        failure = None
        for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            now = loop.time()
            try:
                async with asyncio.timeout_at(now + max(0.0, deadline - now) / left):
                    _, connection = await loop.create_connection(
                        Connection,
                        address,
                        origin.port,
                        # It is an address, and nobody is asked what it means.
                        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
                        ssl=self._tls if origin.is_tls else None,
                        server_hostname=origin.host.rstrip(".") if origin.is_tls else None,
                    )
                    return connection
            except TimeoutError:
                failure = _too_late(loop.time() - began)
            except (OSError, ValueError) as error:
                failure = CallFailed(_about_connection(address, origin.port, error))
        assert failure is not None
        raise failure

    async def _addresses(self, origin: Origin) -> list[str]:
        """The admitted addresses of a host. Raises TargetRefused and OSError."""
        loop = asyncio.get_running_loop()
        place = (origin.host, origin.port)
        until, asking = self._known.get(place, (0.0, None))
        if asking is None or until < loop.time():
            asking = loop.create_task(self._outbound.addresses(*place))
            if len(self._known) >= KNOWN_HOSTS:
                self._known.clear()
            self._known[place] = (loop.time() + KNOWN_SECONDS, asking)
            asking.add_done_callback(lambda done: self._forget_failure(place, done))
        # All who ask at once wait for the same answer; that one of them is cancelled must not end it.
        return await asyncio.shield(asking)

    def _forget_failure(self, place: tuple[str, int], done: "asyncio.Task[list[str]]") -> None:
        if (done.cancelled() or done.exception() is not None) and self._known.get(place, (0.0, None))[1] is done:
            del self._known[place]


def _too_late(seconds: float) -> CallFailed:
    return CallFailed(f"no connection within {seconds:.2g} seconds")


def _about_name(host: str, error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return f"the name {host} has no address: {error.strerror}"
    return str(error)


def _about_connection(address: str, port: int, error: OSError | ValueError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the receiver's certificate is not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"no TLS with {address} port {port}: {error.reason or error}"
    # Event loops differ in what they say, but not in the number.
    reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else error
    return f"no connection to {address} port {port}: {reason}"


class Kept:
    """The idle connections: of each origin the one that was used last is used next."""

    def __init__(self) -> None:
        # All in the order in which they became idle, with that time; and the same by origin.
        self._all: OrderedDict[Connection, tuple[Origin, Time]] = OrderedDict()
        self._by_origin: dict[Origin, list[Connection]] = {}
        self._sweeping: asyncio.TimerHandle | None = None
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._all)

    def take(self, origin: Origin) -> Connection | None:
        """One for the next request, if there is any."""
        while connections := self._by_origin.get(origin):
            connection = connections[-1]
            _, since = self._all[connection]
            self._remove(connection)
            if not connection.is_idle:
                continue
            if asyncio.get_running_loop().time() - since <= KEPT_ALIVE:
                return connection
            connection.close()
        return None

    def keep(self, origin: Origin, connection: Connection) -> None:
        """Keeps one for later, if it is idle."""
        if not connection.is_idle:
            return
        if self._is_closed:
            connection.close()
            return
        loop = asyncio.get_running_loop()
        self._all[connection] = (origin, loop.time())
        self._by_origin.setdefault(origin, []).append(connection)
        if len(self._all) > KEPT_CONNECTIONS:
            self._close_oldest()
        if self._sweeping is None:
            self._sweeping = loop.call_later(SWEEP_SECONDS, self._sweep)

    def close(self) -> None:
        """Closes all, and what is kept from now on."""
        self._is_closed = True
        while self._all:
            self._close_oldest()
        if self._sweeping is not None:
            self._sweeping.cancel()

    def _sweep(self) -> None:
        """Rids it of those that were idle for too long, or were closed by their receivers."""
        loop = asyncio.get_running_loop()
        for connection, (_, since) in list(self._all.items()):
            if not connection.is_idle:
                self._remove(connection)
            elif loop.time() - since > KEPT_ALIVE:
                self._remove(connection)
                connection.close()
        self._sweeping = loop.call_later(SWEEP_SECONDS, self._sweep) if self._all else None

    def _close_oldest(self) -> None:
        connection = next(iter(self._all))
        self._remove(connection)
        connection.close()

    def _remove(self, connection: Connection) -> None:
        origin, _ = self._all.pop(connection)
        connections = self._by_origin[origin]
        if connections[-1] is connection:
            connections.pop()
        else:
            connections.remove(connection)
        if not connections:
            del self._by_origin[origin]
