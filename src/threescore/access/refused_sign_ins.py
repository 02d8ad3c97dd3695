"""Sign-ins that were refused, for the audit logs of the workspaces that the account is a member of.

They are gathered in the worker and written a little later, by itself: an answer that took longer for an account that
exists would tell strangers that it does. Of an address without an account nothing is written. What an attack leaves is
bounded: tries of the same kind are one entry with their number, and an account has a few entries in an hour.
"""

from collections import Counter

import msgspec
from msgspec import Struct

from threescore.access.attempts import Attempts, Limit, whereabouts
from threescore.access.audit import Author, Entry, audit
from threescore.access.gathering import Gathering
from threescore.db.pool import Database
from threescore.errors import LimitReached

INTERVAL = 5.0
"""Seconds between two writes."""

ENTRIES = Limit(20, 3600)
"""How many entries there may be about one account."""

MAX_WAITING = 1000
"""How many kinds of tries a worker remembers until it writes. Those beyond are not told of."""

WRONG_PASSWORD, TOO_MANY, NOT_VERIFIED = "WRONG_PASSWORD", "LIMIT_REACHED", "EMAIL_NOT_VERIFIED"

_NOBODY = msgspec.json.encode(
    {"source": "MANUAL", "workspaceMemberId": None, "name": "", "context": {}, "apiKeyId": None}
)
"""Who tried: somebody, but nobody knows who."""


class _Kind(Struct, frozen=True):
    email: str
    address: str
    reason: str


class RefusedSignIns(Gathering):
    """What a worker has refused and not written yet. What a crash loses stays lost."""

    def __init__(self, database: Database, interval: float = INTERVAL) -> None:
        super().__init__(interval)
        self._database = database
        self._attempts = Attempts(database)
        self._seen: Counter[_Kind] = Counter()

    def note(self, email: str, address: str, reason: str) -> None:
        """Remembers that somebody at an address was not let in, whether there is such an account or not."""
        kind = _Kind(email, whereabouts(address), reason)
        if kind in self._seen or len(self._seen) < MAX_WAITING:
            self._seen[kind] += 1

    async def _write(self) -> None:
        seen, self._seen = self._seen, Counter()
        if not seen:
            return
        rows = await self._database.fetch(
            'SELECT u.id, u.email, array_agg(w.schema ORDER BY w.id) AS schemas FROM threescore."user" u'
            " JOIN threescore.membership m ON m.user_id = u.id JOIN threescore.workspace w ON w.id = m.workspace_id"
            " WHERE u.email = ANY ($1) GROUP BY u.id, u.email",
            [kind.email for kind in seen],
        )
        known = {row["email"]: row for row in rows}
        for kind, count in seen.items():
            if kind.email not in known:
                continue
            user = known[kind.email]
            try:
                await self._attempts.take(ENTRIES, "refused", str(user["id"]))
            except LimitReached:
                continue
            after = {"reason": kind.reason, "attempts": count}
            entry = Entry("auth.signInRefused", user["id"], kind.email, None, after)
            async with self._database.transaction() as connection:
                for schema in user["schemas"]:
                    await audit(connection, schema, Author(_NOBODY, kind.address or None), [entry])
