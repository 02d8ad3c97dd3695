"""Loading: batches of sixty records, several at once."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence

from examples.airports.api import Api, Record
from examples.airports.model import airport_record, country_of, country_record
from examples.airports.world import World

BATCH = 60
"""The most records that one request may carry."""

Progress = Callable[[int], None]
"""Is told how many records were just written."""

Upsert = Callable[[Api, str, Sequence[Record]], Awaitable[list[Record]]]
"""Sends one batch of the object with this plural name: what is known changes, the rest is new. Answers the records."""


def country_records(world: World) -> list[Record]:
    """All countries, to be sent."""
    return [country_record(country, world) for country in world.countries]


def airport_records(world: World) -> list[Record]:
    """All airports, to be sent, each pointing to its country, which must be there already."""
    return [{**airport_record(airport, world), **country_of(airport)} for airport in world.airports]


async def upsert(api: Api, plural: str, batch: Sequence[Record]) -> list[Record]:
    """Upserts one batch over REST."""
    done = (await api.call("POST", f"batch/{plural}", batch, upsert="true"))["data"]
    [records] = done.values()
    return list(records)


async def load(
    api: Api,
    plural: str,
    records: Sequence[Record],
    concurrency: int,
    progress: Progress,
    upsert: Upsert = upsert,
) -> None:
    """Upserts the records: those with a unique code that is known already change, the others are new.

    So it may run again at any time, and a run that broke off is completed by the next. Raises Refused.
    """
    batches = _batches(records)

    async def work() -> None:
        for batch in batches:
            await upsert(api, plural, batch)
            progress(len(batch))

    # All workers take their batches from the one iterator.
    async with asyncio.TaskGroup() as group:
        for _ in range(concurrency):
            group.create_task(work())


def _batches(records: Sequence[Record]) -> Iterator[Sequence[Record]]:
    for start in range(0, len(records), BATCH):
        yield records[start : start + BATCH]
