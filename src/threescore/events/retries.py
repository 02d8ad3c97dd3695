"""When to try again."""

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

JITTER = 0.2
"""By which share a wait may be longer or shorter, so that what failed together does not come back together."""

LONGEST_RETRY_AFTER = 86_400.0
"""How long a receiver may ask us to wait, in seconds."""


def wait_after(attempts: int, waits: tuple[float, ...], retry_after: float | None) -> float | None:
    """Seconds until the next attempt after that many; None when there is none.

    What the receiver asks for counts, where it asks. Not to wait at all is no wish: all attempts would be over at once.
    """
    if attempts > len(waits):
        return None
    if retry_after:
        return retry_after
    return waits[attempts - 1] * random.uniform(1 - JITTER, 1 + JITTER)


def read_retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """The seconds that a `Retry-After` header asks for, within bounds; None when it is missing or makes no sense."""
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        # More digits than any sensible number of seconds has would only take long to read.
        seconds = float(value) if len(value) < 12 else LONGEST_RETRY_AFTER
    else:
        try:
            moment = parsedate_to_datetime(value)
        except (ValueError, OverflowError):
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = (moment - (now or datetime.now(UTC))).total_seconds()
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER)
