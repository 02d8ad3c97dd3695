"""Functions that had punctuation translated replace it mark by mark after the migration, as those of new ones do."""

import string
from collections.abc import Callable

from anyio.from_thread import BlockingPortal

from tests.catalog.workshop import Workshop
from threescore.catalog.workspaces import create_workspace, get_workspace
from threescore.db.migrate import migrate
from threescore.db.pool import Database
from threescore.sql import quote_literal

_REPLACING = "replace(" * len(string.punctuation)
_REPLACED = "".join(f", {quote_literal(mark)}, ' ')" for mark in string.punctuation)
_BODIES = """
SELECT proname::text, prosrc FROM pg_proc WHERE pronamespace = to_regnamespace($1) ORDER BY proname
"""
_FOUND = """SELECT count(*) FROM person WHERE "searchVector" @@ to_tsquery('simple', $1)"""


def test_workspaces_that_were_there_before(new_database: Callable[[], str], portal: BlockingPortal) -> None:
    url = new_database()
    # As the program wrote them, and as PostgreSQL shows the expressions of the generated columns before them.
    before = [portal.call(_before, url, cast) for cast in ("", "::text")]
    migrate(url, "0014")
    for bodies in before:
        portal.call(_after, url, bodies)


async def _before(url: str, cast: str) -> dict[str, str]:
    """Makes a workspace as it was at the revision before; gives the functions that it shall have after it."""
    database = await Database.connect(url, 1)
    shop = Workshop(database, await create_workspace(database, f"Old {cast}"))
    bodies = {str(name): str(body) for name, body in await shop.sql(_BODIES, shop.schema)}
    translated = f", {quote_literal(string.punctuation)}{cast}, '{' ' * len(string.punctuation)}'{cast})"
    for name, body in bodies.items():
        old = body.replace(_REPLACING, "translate(").replace(_REPLACED, translated)
        assert old != body
        made = f'CREATE OR REPLACE FUNCTION "{name}"() RETURNS trigger LANGUAGE plpgsql AS {quote_literal(old)}'
        await shop.sql(made)
    await shop.insert("person", emailsPrimaryEmail="ada@one.example")
    assert await shop.sql(_FOUND, "one") == [(1,)]
    await database.execute("UPDATE threescore.migration SET version_num = '0013'")
    await database.close()
    return bodies


async def _after(url: str, bodies: dict[str, str]) -> None:
    database = await Database.connect(url, 1)
    for row in await database.fetch("SELECT id FROM threescore.workspace"):
        shop = Workshop(database, await get_workspace(database, row["id"]))
        assert dict(await shop.sql(_BODIES, shop.schema)) == bodies
        await shop.insert("person", emailsPrimaryEmail=f"ben{string.punctuation}two.example", nameLastName="O'Hara")
        assert [await shop.sql(_FOUND, word) for word in ("one", "two", "hara & ben")] == [[(1,)]] * 3
        await shop.sql("DELETE FROM person WHERE \"nameLastName\" = 'O''Hara'")
    await database.close()
