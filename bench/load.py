"""Load over HTTP: keep-alive connections, each with one request in flight, driven by one thread.

It has to be light, because it shares the machine with what it measures. So there is no event loop and no HTTP
library: bytes go out, bytes come in, and of a reply only the status and the length are looked at.
"""

import gc
import selectors
import socket
import time
from dataclasses import dataclass

from bench.cases import Requests

_CHUNK = 1 << 18


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured: how long each request took, in seconds, of those that ended within `seconds`."""

    seconds: float
    latencies: list[float]

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """The latency in seconds that this share of the requests does not exceed."""
        ordered = sorted(self.latencies)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else float("nan")


class _Connection:
    """A connection with a request in flight."""

    __slots__ = ("buffer", "missing", "requests", "sent_at", "socket", "status")

    def __init__(self, port: int, requests: Requests, status: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.requests = requests
        self.status = b"HTTP/1.1 %d " % status
        self.buffer = b""
        self.missing = 0
        self.sent_at = 0.0

    def send(self) -> None:
        request = self.requests()
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> bool:
        """Takes what has arrived. True when the reply is complete.

        Raises RuntimeError for a reply with another status.
        """
        chunk = self.socket.recv(_CHUNK)
        if not chunk:
            raise RuntimeError("the server closed the connection")
        if self.missing:
            self.missing -= len(chunk)
            return self.missing == 0
        if self.buffer:
            chunk = self.buffer + chunk
        end = chunk.find(b"\r\n\r\n")
        if end < 0:
            self.buffer = chunk
            return False
        self.buffer = b""
        if not chunk.startswith(self.status):
            raise RuntimeError(f"the server answered {chunk[: end + 300]!r}")
        # Both servers write header names in lower case.
        start = chunk.index(b"content-length: ", 0, end) + 16
        length = int(chunk[start : chunk.find(b"\r", start)])
        self.missing = end + 4 + length - len(chunk)
        return self.missing == 0


def run(port: int, requests: Requests, status: int, connections: int, warm_up: float, seconds: float) -> Measured:
    """Sends requests for `warm_up` and then `seconds`; what ends in the latter counts."""
    latencies: list[float] = []
    gc.collect()
    gc.disable()
    selector = selectors.DefaultSelector()
    opened = [_Connection(port, requests, status) for _ in range(connections)]
    clock = time.perf_counter
    try:
        start = clock() + warm_up
        end = start + seconds
        for connection in opened:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send()
        in_flight = connections
        while in_flight:
            for key, _ in selector.select():
                connection = key.data
                if not connection.receive():
                    continue
                now = clock()
                if start <= now < end:
                    latencies.append(now - connection.sent_at)
                if now < end:
                    connection.send()
                else:
                    in_flight -= 1
    finally:
        gc.enable()
        for connection in opened:
            connection.socket.close()
        selector.close()
    return Measured(seconds, latencies)
