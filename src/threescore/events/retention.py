"""Removes old events, and remembers how far."""

import asyncio

from threescore.db.pool import Connection
from threescore.sql import quote_identifier

BATCH = 1000
"""How many events one statement looks at."""

PAUSE = 0.02
"""Seconds between two statements, so that whoever writes has the disk in between."""


async def forget_events(connection: Connection, schema: str, days: int) -> int:
    """Removes the events of a workspace that are older than that. Gives how many there were.

    Those stay that a webhook has still to be told of: they were not read for the webhooks yet, or a delivery of theirs
    is pending.
    """
    sql = _statement(quote_identifier(schema))
    removed: int = 0
    position: int = 0
    while True:
        row = await connection.fetchrow(sql, days, position)
        removed += row["removed"]
        if row["last"] is None or row["seen"] < BATCH or not row["goes_on"]:
            return removed
        position = row["last"]
        await asyncio.sleep(PAUSE)


def _statement(schema: str) -> str:
    """Looks at the next events in the order of their ids, which is nearly that of time."""
    return (
        f"WITH batch AS MATERIALIZED (SELECT e.id, e.record_id, e.transaction,"
        f" e.at < now() - $1::int * interval '1 day' AS is_old"
        f" FROM {schema}._event e WHERE e.id > $2::bigint ORDER BY e.id LIMIT {BATCH}),"
        f" gone AS (DELETE FROM {schema}._event e USING batch b WHERE e.id = b.id AND b.is_old"
        f" AND NOT EXISTS (SELECT FROM {schema}._delivery d WHERE d.record_id = b.record_id AND d.event_id = b.id"
        f" AND d.status = 'pending')"
        f" AND (pg_visible_in_snapshot(b.transaction, (SELECT p.since FROM {schema}._dispatch p))"
        # Nobody reads for webhooks where there are none, and a new one is told of nothing before it.
        f" OR NOT EXISTS (SELECT FROM {schema}._webhook w WHERE w.switched_off_at IS NULL))"
        f" RETURNING e.id, e.transaction),"
        f" noted AS (INSERT INTO {schema}._forgotten AS f (id, transaction)"
        f" SELECT max(id), max(transaction) FROM gone HAVING count(*) > 0"
        f" ON CONFLICT (one) DO UPDATE SET id = greatest(f.id, excluded.id),"
        f" transaction = greatest(f.transaction, excluded.transaction))"
        f" SELECT (SELECT count(*) FROM gone) AS removed, count(*) AS seen, max(id) AS last,"
        f" coalesce(bool_or(is_old), false) AS goes_on FROM batch"
    )
