"""Cursors of the event feed: a reader's place in the log, as text that callers keep and give back."""

import base64
import binascii
import itertools
import re

from msgspec import Struct

from threescore.errors import BadRequest
from threescore.model.fields.values import plain

NOTHING_SEEN = "1:1:"
"""A snapshot in which no transaction has happened yet."""

_SNAPSHOT = re.compile(r"([0-9]{1,19}):([0-9]{1,19}):((?:[0-9]{1,19},)*[0-9]{1,19})?", re.ASCII)
_MAX_LENGTH = 64_000


class Place(Struct, frozen=True):
    """What a reader has seen: see `threescore.events.log`. `until` is None between two spans of the log."""

    since: str
    until: str | None = None
    next: int = 0

    @property
    def cursor(self) -> str:
        """The place as text. It means nothing to callers."""
        parts = f"{self.since}|{self.until or ''}|{self.next}"
        return base64.urlsafe_b64encode(parts.encode()).decode().rstrip("=")


def read_cursor(text: str) -> Place:
    """The place that a cursor names. Raises BadRequest for a text that no feed gave out."""
    padded = text.strip().rstrip("=")
    try:
        if len(padded) > _MAX_LENGTH:
            raise ValueError("too long")
        decoded = base64.b64decode(padded + "=" * (-len(padded) % 4), altchars=b"-_", validate=True).decode("ascii")
        since, until, following = decoded.split("|")
        if not following.isdigit() or len(following) > 18:
            raise ValueError("no number")
        for snapshot in (since, until):
            if snapshot and not _is_snapshot(snapshot):
                raise ValueError("no snapshot")
        if not since:
            raise ValueError("no place")
    except (binascii.Error, ValueError) as error:
        raise BadRequest(
            f"Invalid cursor: '{plain(text)[:100]}'. Take the endCursor of a page, or the id of an event of a stream"
        ) from error
    return Place(since, until or None, int(following))


def _is_snapshot(text: str) -> bool:
    """Whether PostgreSQL would read the text as a snapshot: bounds in order, and what lies between them in order."""
    found = _SNAPSHOT.fullmatch(text)
    if found is None:
        return False
    low, high = int(found[1]), int(found[2])
    running = [int(number) for number in found[3].split(",")] if found[3] else []
    ordered = all(first < second for first, second in itertools.pairwise(running))
    return 0 < low <= high < 2**63 and ordered and all(low <= number < high for number in running)
