"""Questions about paging: whatever the order, all pages together hold each airport once, forward and backward."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from examples.airports.answers import Answer, Question
from examples.airports.api import Api, Record
from examples.airports.world import ALTITUDES, World

Key = Callable[[Record], Any]
"""What must not fall from one record to the next."""


def nulls_first(value: Any) -> tuple[bool, Any]:
    """A key that puts None, or empty text, before everything else."""
    return (value not in (None, ""), value or "")


def _altitude_then_latitude(record: Record) -> tuple[int, float]:
    return list(ALTITUDES).index(record["altitude"]), -record["place"]["addressLat"]


ORDERS: tuple[tuple[str, str, Key], ...] = (
    ("of ids", "", lambda record: record["id"]),
    ("of elevation, where many are equal", "elevation[DescNullsLast]", lambda record: -record["elevation"]),
    ("of IATA code, where most have none", "iata[AscNullsFirst]", lambda record: nulls_first(record["iata"])),
    ("of country, and of code", "country.alpha2[AscNullsFirst],icao", lambda record: nulls_first(record["alpha2"])),
    ("of altitude and latitude", "altitude,place.addressLat[DescNullsLast]", _altitude_then_latitude),
    ("of loading, where all are equal", "loadedAt[DescNullsFirst]", lambda record: record["id"]),
)


def _question(words: str, order: str, key: Key) -> Question:
    async def ask(api: Api, world: World) -> Answer:
        parameters = {"order_by": order} if order else {}
        alpha2 = {record["id"]: record["alpha2"] for record in await api.all_records("countries")}
        pages = [page async for page in api.pages("airports", parameters)]
        last = pages[-1]["pageInfo"]["startCursor"]
        back = [page async for page in api.pages("airports", parameters, cursor=last, backward=True)]

        forward = [record for page in pages for record in page["data"]["airports"]]
        backward = [record for page in reversed(back) for record in page["data"]["airports"]]
        keys = [key({**record, "alpha2": alpha2.get(record["countryId"])}) for record in forward]
        served = {
            "airports": sorted(record["icao"] for record in forward),
            "falls": sum(right < left for left, right in pairwise(keys)),
            "total": {page["totalCount"] for page in pages + back},
            "back": [record["icao"] for record in backward],
        }
        before_last = len(forward) - len(pages[-1]["data"]["airports"])
        computed = {
            "airports": sorted(world.by_icao),
            "falls": 0,
            "total": {len(world.airports)},
            "back": [record["icao"] for record in forward[:before_last]],
        }
        return Answer(served, computed, f"yes, on {len(pages)} pages and {len(back)} pages back")

    return Question(f"Does the order {words} give each airport exactly once, both ways?", ask)


WALKING: list[Question] = [_question(*order) for order in ORDERS]
