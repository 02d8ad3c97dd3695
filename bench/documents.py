"""What the OpenAPI document of a large workspace costs: made anew, kept, and known to the caller already."""

import itertools
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

import httpx

from bench.firsts import grow

OBJECTS = 45
ROUNDS = 30
PATH = "/rest/open-api/core"
MOST_MADE, MOST_KEPT = 0.150, 0.003

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


@dataclass(frozen=True, slots=True)
class Costs:
    """How long one caller waits for the whole core document, in seconds: medians. Sizes are in bytes.

    `kept` is for a caller that takes no compressed answers, `packed` for one that does.
    """

    size: int
    packed_size: int
    made: float
    kept: float
    packed: float
    unchanged: float

    @property
    def is_wanted(self) -> bool:
        """Whether all of it is as fast as wanted."""
        return self.made <= MOST_MADE and max(self.kept, self.packed, self.unchanged) <= MOST_KEPT


def measure(port: int, token: str) -> Costs:
    """Measures on a workspace that gets so many objects, one request after the other."""
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30) as client:
        grow(client, OBJECTS)
        etag = client.get(PATH).headers["ETag"]
    names = itertools.count()

    def asked(more: Mapping[str, str]) -> tuple[float, int]:
        """The time until the whole answer is there, and its length."""
        fields = {"Host": f"127.0.0.1:{port}", **headers, **more}
        lines = [f"GET {PATH} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
        request = "\r\n".join([*lines, "", ""]).encode()
        start = time.perf_counter()
        connection.sendall(request)
        received = connection.recv_into(buffer)
        head = bytes(buffer[: bytes(buffer[:received]).index(b"\r\n\r\n") + 4])
        length = int(found[1]) if (found := _LENGTH.search(head)) else 0
        while received < len(head) + length:
            received += connection.recv_into(buffer)
        return time.perf_counter() - start, length

    def made() -> float:
        # A document names the server as the caller does, so there is one for each name.
        return asked({"Host": f"crm{next(names)}.example"})[0]

    def kept() -> tuple[tuple[float, int], ...]:
        return asked({}), asked({"Accept-Encoding": "gzip"}), asked({"If-None-Match": etag})

    # As little of a client as there can be: the usual ones need longer to take in a large text than we to send it.
    buffer = memoryview(bytearray(2**20))
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        anew = median(made() for _ in range(ROUNDS))
        kept()
        columns = list(zip(*(kept() for _ in range(ROUNDS)), strict=True))
    times = (median(seconds for seconds, _ in column) for column in columns)
    return Costs(columns[0][0][1], columns[1][0][1], anew, *times)
