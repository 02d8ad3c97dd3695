"""Removes what is no longer to be kept: old entries of the audit logs, answers that nobody may ask for any more, how
much API keys were used long ago, sessions and links that are over."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import structlog

from threescore.access import idempotency, usage
from threescore.db.pool import Connection, Database
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

Sweep = Callable[[Connection, str], Awaitable[int]]
"""Removes what is over in the schema of one workspace. Gives the number of rows removed."""


async def keep_clean(database: Database, audit_days: int, *others: Sweep) -> None:
    """Cleans up once an hour, for as long as the worker lives; `others` know of what else is over."""
    while True:
        await asyncio.sleep(_INTERVAL * random.uniform(0.5, 1.5))
        try:
            await clean(database, audit_days, *others)
        except Exception:
            # The next time may find the database at ease again.
            log.exception("cleaning up failed")


async def clean(database: Database, audit_days: int, *others: Sweep) -> int:
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
                removed += await _remove(connection, f'{schema}."_audit"', "id", "at", f"{audit_days} days")
                removed += await _remove(
                    connection, f'{schema}."_idempotency"', '"caller", "key"', "at", idempotency.KEPT
                )
                for sweep in others:
                    removed += await sweep(connection, row["schema"])
            removed += await _remove(connection, "threescore.idempotency", "caller, key", "at", idempotency.KEPT)
            removed += await _remove(connection, "threescore.api_key_usage", "key_id, hour", "hour", usage.KEPT)
        finally:
            await connection.fetchval("SELECT pg_advisory_unlock($1)", _LOCK)
    return removed


async def _remove(connection: Connection, table: str, key: str, moment: str, age: str) -> int:
    """Removes the rows of a table whose `moment` is so long ago. Gives their number."""
    removed, gone = 0, BATCH
    while gone == BATCH:
        status = await connection.execute(
            f"DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table}"
            f" WHERE \"{moment}\" <= now() - interval '{age}' LIMIT {BATCH} FOR UPDATE SKIP LOCKED)"
        )
        gone = int(status.split()[-1])
        removed += gone
    return removed
