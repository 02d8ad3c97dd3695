"""`python -m bench.receiver PORT`: a receiver of webhooks that does next to nothing.

`GET /` answers with the first moments, as seconds since the epoch, at which each record of a webhook call arrived.
"""

import asyncio
import json
import sys
import time

import uvloop

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nok"
_RECORD = b'"record":{"id":"'

arrivals: dict[str, float] = {}


class Receiving(asyncio.Protocol):
    """One connection: requests one after the other."""

    def __init__(self) -> None:
        self._data = b""
        self._began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remembers where to answer."""
        self._transport: asyncio.WriteTransport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Answers each request that is whole."""
        if not self._data:
            self._began = time.time()
        self._data += data
        while True:
            head, gap, rest = self._data.partition(b"\r\n\r\n")
            if not gap:
                return
            length = 0
            for line in head.split(b"\r\n"):
                if line[:15].lower() == b"content-length:":
                    length = int(line[15:])
            if len(rest) < length:
                return
            body, self._data = rest[:length], rest[length:]
            if head.startswith(b"GET"):
                answer = json.dumps(arrivals).encode()
                self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer)
                continue
            place = body.find(_RECORD) + len(_RECORD)
            arrivals.setdefault(body[place : place + 36].decode(), self._began)
            self._transport.write(_ANSWER)


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Receiving, "127.0.0.1", port, backlog=1000)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
