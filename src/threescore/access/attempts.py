"""How often something may be tried: leaky buckets in the database, which all workers share.

What is counted is never stored in the clear: a bucket is named by a hash of what it is about.
"""

import hashlib
import random
from ipaddress import IPv6Address, ip_address

from msgspec import Struct

from threescore.db.pool import Database
from threescore.errors import LimitReached

_PURGE_ONE_IN = 100

_TAKE = """
INSERT INTO threescore.attempt AS a (name, level, at, expires_at)
VALUES ($1, greatest(0, $4::float8), clock_timestamp(), clock_timestamp() + $3::float8 * interval '1 second')
ON CONFLICT (name) DO UPDATE SET
    level = least(
        $2::float8 + 1,
        greatest(0, greatest(0, a.level - extract(epoch FROM clock_timestamp() - a.at)::float8 * $2 / $3) + $4)
    ),
    at = clock_timestamp(),
    expires_at = clock_timestamp() + $3 * interval '1 second'
RETURNING level
"""


class Limit(Struct, frozen=True):
    """So many times at once, and again as often in so many seconds."""

    times: float
    seconds: float


class Attempts:
    """Counts what is tried, and refuses what is tried too often."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, limit: Limit, *about: str, count: int = 1) -> None:
        """Counts attempts; a negative count takes some back. Raises LimitReached when there were too many."""
        level = await self._database.fetchval(_TAKE, _name(about), limit.times, limit.seconds, float(count))
        if random.randrange(_PURGE_ONE_IN) == 0:
            await self._database.execute("DELETE FROM threescore.attempt WHERE expires_at < now()")
        if level > limit.times:
            minutes = round(limit.seconds / 60)
            wait = (level + 1 - limit.times) * limit.seconds / limit.times
            raise LimitReached(f"Limit reached ({limit.times:g} attempts per {minutes} minutes)", wait)

    async def forget(self, *about: str) -> None:
        """Forgets the attempts so far: the last one succeeded."""
        await self._database.execute("DELETE FROM threescore.attempt WHERE name = $1", _name(about))

    async def remember(self, seconds: float, *about: str) -> None:
        """Keeps for that long that something was so."""
        await self._database.execute(
            "INSERT INTO threescore.attempt (name, level, expires_at)"
            " VALUES ($1, 0, now() + $2 * interval '1 second')"
            " ON CONFLICT (name) DO UPDATE SET expires_at = excluded.expires_at",
            _name(about),
            seconds,
        )

    async def is_remembered(self, *about: str) -> bool:
        """Whether something is still kept."""
        found = await self._database.fetchval(
            "SELECT 1 FROM threescore.attempt WHERE name = $1 AND expires_at > now()", _name(about)
        )
        return found is not None


def whereabouts(address: str) -> str:
    """What an address is counted by: itself, or for IPv6 the network of a household."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        mapped = found.ipv4_mapped
        return str(mapped) if mapped else str(IPv6Address(int(found) >> 64 << 64))
    return str(found)


def _name(about: tuple[str, ...]) -> bytes:
    return hashlib.sha256("\0".join(about).encode("utf-8", "surrogatepass")).digest()
