"""How much, when and for what API keys are used: gathered in the worker, written now and then.

Requests are counted by the hour, because a day is not the same for everybody: days of any time zone are made of hours.
"""

import time
from datetime import UTC, datetime
from uuid import UUID

from msgspec import Struct

from threescore.access.gathering import Gathering
from threescore.access.origin import Origin
from threescore.db.pool import Database

INTERVAL = 60.0
"""Seconds between two writes: a key's row is written by each worker at most this often."""

KEPT = "90 days"
"""For how long counts are kept, as an interval of PostgreSQL's."""

_HOUR = 3600

_REFUSED = 400
"""The least status of an answer that refuses."""

_WRITE = """
WITH seen AS (
    SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::bigint[], $4::bigint[], $5::timestamptz[], $6::text[])
        AS u (id, hour, requests, refused, at, route)
), known AS MATERIALIZED (
    -- All workers take keys in one order, so that none waits for another that waits for it.
    SELECT id FROM threescore.api_key WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE
), used AS (
    -- No version moves on: nobody's rights depend on it. Another worker may have seen the key later.
    UPDATE threescore.api_key k SET last_used_at = u.at, last_used_route = u.route
    FROM (
        SELECT DISTINCT ON (id) id, at, route FROM seen JOIN known USING (id)
        WHERE at IS NOT NULL ORDER BY id, at DESC
    ) u
    WHERE k.id = u.id AND (k.last_used_at IS NULL OR k.last_used_at < u.at)
)
INSERT INTO threescore.api_key_usage AS c (key_id, hour, requests, refused)
SELECT id, hour, requests, refused FROM seen JOIN known USING (id) ORDER BY id, hour
ON CONFLICT (key_id, hour) DO UPDATE
    SET requests = c.requests + excluded.requests, refused = c.refused + excluded.refused
"""


class HourOfUse(Struct, frozen=True):
    """How many requests a key sent in the hour that begins at `hour`, and how many of them were refused."""

    hour: datetime
    requests: int
    refused: int


class _Seen(Struct):
    """A key in an hour, as far as it is not written yet. `last` is the last request that was let in, `at` its time."""

    requests: int = 0
    refused: int = 0
    last: Origin | None = None
    at: float = 0


class Usage(Gathering):
    """What a worker has seen of API keys and not written yet. It is approximate: what a crash loses stays lost."""

    def __init__(self, database: Database, interval: float = INTERVAL) -> None:
        super().__init__(interval)
        self._database = database
        self._seen: dict[tuple[UUID, int], _Seen] = {}

    def note(self, origin: Origin, status: int) -> None:
        """Remembers a request that is answered with this status, if an API key made it."""
        if origin.key is None:
            return
        now = time.time()
        place = (origin.key[1], int(now // _HOUR))
        seen = self._seen.get(place)
        if seen is None:
            seen = self._seen[place] = _Seen()
        seen.requests += 1
        if status >= _REFUSED or not origin.let_in:
            seen.refused += 1
        if origin.let_in:
            seen.last, seen.at = origin, now

    async def _write(self) -> None:
        taken, self._seen = self._seen, {}
        if not taken:
            return
        seen = taken.values()
        await self._database.execute(
            _WRITE,
            [key for key, _ in taken],
            [_moment(hour * _HOUR) for _, hour in taken],
            [item.requests for item in seen],
            [item.refused for item in seen],
            [None if item.last is None else _moment(item.at) for item in seen],
            [None if item.last is None else _storable(item.last.route) for item in seen],
        )


async def read_usage(
    database: Database, workspace_id: UUID, key_id: UUID, since: datetime, until: datetime
) -> list[HourOfUse]:
    """The hours that begin from `since` on and before `until`, in their order; those without requests are left out."""
    rows = await database.fetch(
        "SELECT u.hour, u.requests, u.refused FROM threescore.api_key_usage u"
        " JOIN threescore.api_key k ON k.id = u.key_id"
        " WHERE k.workspace_id = $1 AND k.id = $2 AND u.hour >= $3 AND u.hour < $4 ORDER BY u.hour",
        workspace_id,
        key_id,
        since,
        until,
    )
    return [HourOfUse(**row) for row in rows]


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _storable(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
