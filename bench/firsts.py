"""What a request costs that is the first of its kind: a new document, a new shape, the model just changed."""

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import httpx

OBJECTS = 40
ROUNDS = 30
MODEL_CHANGES = 10
_FIELDS = ("id", "name", "employees", "createdAt", "updatedAt", "position", "annualRevenue { amountMicros }")


@dataclass(frozen=True, slots=True)
class First:
    """How much longer a first request took than one like those before, in seconds: median, and the most wanted."""

    title: str
    known: float
    first: float
    most: float


def measure(port: int, token: str) -> list[First]:
    """Measures on a workspace that gets as many objects as a large one, one request after the other."""
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30) as client:
        company = grow(client, OBJECTS)
        numbers = itertools.count()

        def document(selection: str = "id name employees", name: str = "Known") -> str:
            return (
                f"query {name} {{ companies(first: 5, filter: {{employees: {{gt: 100}}}}) {{ edges {{"
                f" node {{ {selection}"
                " people { totalCount edges { node { id name { firstName } } } } } } } }"
            )

        def known() -> float:
            return _timed(client, document())

        def new_text() -> float:
            return _timed(client, document(name=f"New{next(numbers)}"))

        def new_shape() -> float:
            number = next(numbers)
            chosen = [field for place, field in enumerate(_FIELDS) if number + 1 >> place & 1]
            keys = " ".join(f"k{number}_{place}: {field}" for place, field in enumerate(chosen))
            return _timed(client, document(f"id {keys}"))

        def after_a_change() -> float:
            made = client.post(
                "/rest/metadata/fields",
                json={
                    "objectMetadataId": company,
                    "type": "TEXT",
                    "name": f"extra{next(numbers)}",
                    "label": f"Extra {next(numbers)}",
                },
            )
            made.raise_for_status()
            return _timed(client, document())

        known()
        return [
            _compared("a document never seen before, of a known shape", known, new_text, ROUNDS, 0.008),
            _compared("a document never seen before, of a new shape", known, new_shape, ROUNDS, 0.008),
            _compared("the first request after a change of the model", known, after_a_change, MODEL_CHANGES, 0.060),
        ]


def _compared(title: str, known: Callable[[], float], first: Callable[[], float], rounds: int, most: float) -> First:
    """In turns, so that whatever else the machine does meets both alike."""
    pairs = [(first(), known()) for _ in range(rounds)]
    return First(title, median(pair[1] for pair in pairs), median(pair[0] for pair in pairs), most)


def grow(client: httpx.Client, objects: int) -> str:
    """Makes custom objects until there are so many; gives the id of the object company."""
    found = client.get("/rest/metadata/objects", params={"limit": 200}).json()["data"]
    for number in range(len(found), objects):
        names = {"nameSingular": f"thing{number}", "namePlural": f"things{number}"}
        labels = {"labelSingular": f"Thing {number}", "labelPlural": f"Things {number}"}
        client.post("/rest/metadata/objects", json=names | labels).raise_for_status()
    return next(str(item["id"]) for item in found if item["nameSingular"] == "company")


def _timed(client: httpx.Client, document: str) -> float:
    start = time.perf_counter()
    answer = client.post("/graphql", json={"query": document}).raise_for_status()
    elapsed = time.perf_counter() - start
    if "errors" in answer.json():
        raise RuntimeError(answer.text[:500])
    return elapsed
