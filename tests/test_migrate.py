"""The system schema is made once, however many processes want it at the same time."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from threescore.db.migrate import migrate
from threescore.db.migrations import latest_revision
from threescore.db.pool import Database

pytestmark = pytest.mark.anyio


async def test_processes_that_start_together_take_turns(db: Database, database_url: str) -> None:
    name = f"migrate_{uuid4().hex}"
    await db.execute(f"CREATE DATABASE {name}")
    parts = urlsplit(database_url)
    url = urlunsplit(parts._replace(path=f"/{name}"))
    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(migrate, [url] * 4))
        fresh = await Database.connect(url, 1)
        try:
            assert await fresh.fetchval("SELECT array_agg(version_num::text) FROM threescore.migration") == ["0014"]
            assert await fresh.fetchval("SELECT threescore.unaccent('Été à Žilina')") == "Ete a Zilina"
            assert await fresh.fetchval("SELECT count(*) FROM threescore.workspace") == 0
        finally:
            await fresh.close()
    finally:
        await db.execute(f"DROP DATABASE {name} WITH (FORCE)")


async def test_the_latest_revision_is_known_by_the_names_of_files() -> None:
    config = Config()
    config.set_main_option("script_location", "threescore.db:migrations")
    script = ScriptDirectory.from_config(config)
    assert script.get_heads() == [latest_revision()]
    for revision in script.walk_revisions():
        assert revision.path.rpartition("/")[2].startswith(f"r{revision.revision}_")
