"""What must be there before anything else works: a PostgreSQL that is new enough, with the system schema in it."""

import asyncio
from typing import Self

import asyncpg

from threescore.config import Settings
from threescore.db import embedded
from threescore.db.migrate import migrate
from threescore.events.services import DELIVERY_CONNECTIONS

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
            asyncio.run(_check_version(installation.url))
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


async def _check_version(url: str) -> None:
    try:
        connection = await asyncpg.connect(url)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise DatabaseUnusable(f"The database of THREESCORE_DATABASE_URL cannot be used: {error}") from error
    try:
        version = await connection.fetchval("SHOW server_version")
        number = int(await connection.fetchval("SHOW server_version_num"))
    finally:
        await connection.close()
    if number < _LEAST_VERSION:
        raise DatabaseUnusable(f"The database runs PostgreSQL {version}. Threescore needs PostgreSQL 15 or later.")
