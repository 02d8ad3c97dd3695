"""Removes what is no longer to be kept: old entries of the audit logs, answers that nobody may ask for any more,
sessions and links that are over."""

import asyncio
import random

import structlog

from threescore.access.idempotency import KEPT
from threescore.db.pool import Database
from threescore.sql import quote_identifier

BATCH = 1000
"""How many rows go at once, so that nobody waits for long."""

_INTERVAL = 3600.0
_LOCK = 6_084_201_947_120_911_331
"""The advisory lock of whoever cleans up: one worker at a time."""

_OF_SERVER = {
    "session": "expires_at < now() OR revoked_at < now() - interval '1 day'",
    "mailed_token": "expires_at < now()",
    "attempt": "expires_at < now()",
    # Left by a server whose settings have changed so that no worker sends it.
    "mail": "created_at < now() - interval '3 days'",
}
"""What is over in the tables of the server: little, because signing in and mailing clean up as well."""

log = structlog.get_logger()


async def keep_clean(database: Database, audit_days: int) -> None:
    """Cleans up once an hour, for as long as the worker lives."""
    while True:
        await asyncio.sleep(_INTERVAL * random.uniform(0.5, 1.5))
        try:
            await clean(database, audit_days)
        except Exception:
            # The next time may find the database at ease again.
            log.exception("cleaning up failed")


async def clean(database: Database, audit_days: int) -> int:
    """Removes what is over in all workspaces, unless another worker is at it. Gives the number of rows removed."""
    removed = 0
    async with database.acquire() as connection:
        if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
            return 0
        try:
            for table, over in _OF_SERVER.items():
                status = await connection.execute(f"DELETE FROM threescore.{table} WHERE {over}")
                removed += int(status.split()[-1])
            for row in await connection.fetch("SELECT schema FROM threescore.workspace ORDER BY id"):
                schema = quote_identifier(row["schema"])
                for table, key, age in (
                    ("_audit", "id", f"{audit_days} days"),
                    ("_idempotency", '"caller", "key"', KEPT),
                ):
                    gone = BATCH
                    while gone == BATCH:
                        status = await connection.execute(
                            f'DELETE FROM {schema}."{table}" WHERE ({key}) IN (SELECT {key} FROM {schema}."{table}"'
                            f" WHERE \"at\" <= now() - interval '{age}' LIMIT {BATCH} FOR UPDATE SKIP LOCKED)"
                        )
                        gone = int(status.split()[-1])
                        removed += gone
        finally:
            await connection.fetchval("SELECT pg_advisory_unlock($1)", _LOCK)
    return removed
