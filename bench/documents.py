"""What the OpenAPI document of a large workspace costs: made anew, kept, and known to the caller already."""

import itertools
import time
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

import httpx

from bench.firsts import grow

OBJECTS = 45
ROUNDS = 20
PATH = "/rest/open-api/core"
MOST_MADE, MOST_KEPT = 0.150, 0.003


@dataclass(frozen=True, slots=True)
class Costs:
    """How long one caller waits for the core document, in seconds: medians. `size` is its length in bytes."""

    size: int
    made: float
    kept: float
    unchanged: float


def measure(port: int, token: str) -> Costs:
    """Measures on a workspace that gets so many objects, one request after the other."""
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30) as client:
        grow(client, OBJECTS)
        known = client.get(PATH)
        names = itertools.count()

        def asked(more: Mapping[str, str]) -> float:
            start = time.perf_counter()
            # Not the time that a client needs to take in a large text: the server has done its part with the head.
            with client.stream("GET", PATH, headers=more) as answer:
                elapsed = time.perf_counter() - start
                answer.read()
            return elapsed

        def made() -> float:
            # A document names the server as the caller does, so there is one for each name.
            return asked({"Host": f"crm{next(names)}.example"})

        rounds = [(made(), asked({}), asked({"If-None-Match": known.headers["ETag"]})) for _ in range(ROUNDS)]
    return Costs(len(known.content), *(median(column) for column in zip(*rounds, strict=True)))
