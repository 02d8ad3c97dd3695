"""What must be there before anything else works: a PostgreSQL that is new enough, with the system schema in it."""

import asyncio
from typing import Self

import asyncpg

from threescore.config import DELIVERY_CONNECTIONS, Settings
from threescore.db import embedded
from threescore.db.migrations import SYSTEM_SCHEMA, VERSION_TABLE, latest_revision

# The least `server_version_num` that we run on.
_LEAST_VERSION = 150000
# Connections beyond those of the workers: migrations, commands beside the server, people.
_SPARE_CONNECTIONS = 50


class DatabaseUnusable(Exception):
    """The database cannot be reached or is too old; the message says which and what to do."""


class Installation:
    """A database that is ready to be used, and the claim on the embedded server if it is ours."""

    def __init__(self, url: str, server: embedded.EmbeddedServer | None) -> None:
        self.url = url
        self.server = server

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Reaches the database of the settings, starting the embedded server where needed, and migrates it.

        Raises DatabaseUnusable.
        """
        if settings.database_url is not None:
            installation = cls(settings.database_url, None)
        else:
            of_worker = settings.database_connections + DELIVERY_CONNECTIONS
            connections = settings.workers * of_worker + _SPARE_CONNECTIONS
            try:
                server = embedded.start(settings.data_dir, connections=connections)
            except embedded.EmbeddedError as error:
                raise DatabaseUnusable(f"The embedded PostgreSQL cannot be used: {error}") from error
            installation = cls(server.url, server)
        try:
            if asyncio.run(_revision(installation.url)) != latest_revision():
                # It takes a second to load what migrates, and there seldom is anything to do.
                from threescore.db.migrate import migrate

                migrate(installation.url)
        except BaseException:
            installation.close()
            raise
        return installation

    def close(self) -> None:
        """Gives up the embedded server; the last to do so stops it."""
        if self.server is not None:
            self.server.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


async def _revision(url: str) -> str | None:
    """The revision of the system schema; None for a new database. Raises DatabaseUnusable."""
    try:
        connection = await asyncpg.connect(url)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise DatabaseUnusable(f"The database of THREESCORE_DATABASE_URL cannot be used: {error}") from error
    try:
        version = await connection.fetchval("SHOW server_version")
        if int(await connection.fetchval("SHOW server_version_num")) >= _LEAST_VERSION:
            known = await connection.fetchval("SELECT to_regclass($1)", f"{SYSTEM_SCHEMA}.{VERSION_TABLE}")
            if known is None:
                return None
            revision: str | None = await connection.fetchval(f"SELECT version_num FROM {SYSTEM_SCHEMA}.{VERSION_TABLE}")
            return revision
    finally:
        await connection.close()
    raise DatabaseUnusable(f"The database runs PostgreSQL {version}. Threescore needs PostgreSQL 15 or later.")
