"""Brings the system schema up to date. Run before serving; not imported by what serves."""

import asyncio
from typing import Any

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from threescore.db.migrations import SYSTEM_SCHEMA

_LOCK = 0x7468726565
"""The key of the advisory lock that lets one process migrate at a time."""


def migrate(url: str, revision: str = "head") -> None:
    """Creates or upgrades the system schema in the database at `url` (`postgresql://…`, as asyncpg reads it).

    It goes up to a revision, the last one unless another is named.

    Safe when several processes start at once: they take turns, and those that come later find nothing to do.
    All of it is one transaction. Not for use inside a running event loop.
    """
    asyncio.run(_migrate(url, revision))


async def _migrate(url: str, revision: str) -> None:
    async def connect() -> Any:
        return await asyncpg.connect(url)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            await connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SYSTEM_SCHEMA}"))
            await connection.run_sync(_upgrade, revision)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", "threescore.db:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
