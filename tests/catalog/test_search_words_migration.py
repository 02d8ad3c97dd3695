"""Workspaces whose search vectors were generated columns are brought over with all that was in them."""

from collections.abc import Callable

from anyio.from_thread import BlockingPortal

from tests.catalog.workshop import Workshop
from threescore.catalog import search_words
from threescore.catalog.workspaces import create_workspace, get_workspace
from threescore.db.migrate import migrate
from threescore.db.pool import Database
from threescore.query.search_vector import search_vector, searchable_fields
from threescore.sql import quote_identifier

LONG = "a" * 54


def test_workspaces_that_were_there_before(new_database: Callable[[], str], portal: BlockingPortal) -> None:
    url = new_database()
    ids = portal.call(_before, url)
    migrate(url, "0011")
    portal.call(_after, url, ids)


async def _before(url: str) -> list[object]:
    """Makes two workspaces as they were at the revision before; gives where their data is."""
    database = await Database.connect(url, 2)
    shops = [Workshop(database, await create_workspace(database, name)) for name in ("One", "Two")]
    for shop in shops:
        await shop.create_object("rocket")
        await shop.create_object(LONG)
        # Names that stand in the expression as something else, too.
        for name in ("simple", "translate", "replace", "number", "spaces"):
            await shop.create_field("rocket", "TEXT", name, isSearchable=True)
        for kind in ("UUID", "FULL_NAME", "EMAILS", "PHONES", "LINKS", "ADDRESS", "RICH_TEXT"):
            await shop.create_field("rocket", kind, f"my{kind.title().replace('_', '')}", isSearchable=True)
        for object_type in (await shop.model()).objects:
            table, vector = quote_identifier(object_type.table), search_vector(searchable_fields(object_type))
            for sql in search_words.keep_no_more(object_type):
                await shop.sql(sql)
            await shop.sql(f'ALTER TABLE {table} DROP COLUMN "searchVector"')
            await shop.sql(
                f'ALTER TABLE {table} ADD COLUMN "searchVector" tsvector GENERATED ALWAYS AS ({vector}) STORED'
            )
        await shop.insert("rocket", name="Ariane", simple="easy", number="N81")
        await shop.insert("person", nameFirstName="Adà", emailsPrimaryEmail="ada@acme.example")
    await database.execute("DROP FUNCTION threescore.unaccent_inline")
    await database.execute("UPDATE threescore.migration SET version_num = '0010'")
    found = [row for shop in shops for row in await shop.sql(_FILES, shop.schema)]
    await database.close()
    return found


_FILES = """
SELECT relname::text, pg_relation_filenode(oid) FROM pg_class
WHERE relnamespace = to_regnamespace($1) AND relkind = 'r' ORDER BY relname
"""
_FOUND = """
SELECT count(*) FROM {table} WHERE "searchVector" @@ to_tsquery('simple', '{word}')
"""
_KINDS = """
SELECT DISTINCT attgenerated::text FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
WHERE relnamespace = to_regnamespace($1) AND attname = 'searchVector' AND relkind = 'r'
"""
_TRIGGERS = """
SELECT tgrelid::regclass::text, replace(pg_get_triggerdef(t.oid), $1, '') FROM pg_trigger t
JOIN pg_class c ON c.oid = tgrelid WHERE relnamespace = to_regnamespace($1) AND NOT tgisinternal ORDER BY 1
"""


async def _after(url: str, files: list[object]) -> None:
    database = await Database.connect(url, 2)
    rows = await database.fetch("SELECT id, schema FROM threescore.workspace ORDER BY created_at")
    new = Workshop(database, await create_workspace(database, "New"))
    shops = [Workshop(database, await get_workspace(database, row["id"])) for row in rows]
    assert [row for shop in shops for row in await shop.sql(_FILES, shop.schema)] == files
    for shop in shops:

        async def found(table: str, word: str, shop: Workshop = shop) -> int:
            ((count,),) = await shop.sql(_FOUND.format(table=table, word=word))
            assert isinstance(count, int)
            return count

        assert await shop.sql(_KINDS, shop.schema) == [("",)]
        assert [await found("rocket", word) for word in ("ariane", "easy", "n81")] == [1, 1, 1]
        assert [await found("person", word) for word in ("ada", "acme")] == [1, 1]
        # The triggers of what each workspace has are those of a new one.
        own = await shop.sql(_TRIGGERS, shop.schema)
        assert set(await new.sql(_TRIGGERS, new.schema)) <= set(own)
        # By columns of every type, and words as the expression of today gives them.
        await shop.sql("""UPDATE rocket SET simple = 'hard', number = NULL""")
        await shop.insert(
            "rocket",
            spaces="Élan",
            myEmailsPrimaryEmail="a@orbit.example",
            myEmailsAdditionalEmails='["b@moon.example"]',
            myPhonesPrimaryPhoneNumber="612345678",
            myPhonesPrimaryPhoneCallingCode="+33",
            myLinksPrimaryLinkUrl="https://sun.example",
            myLinksSecondaryLinks='[{"url": "https://star.example", "label": "Star"}]',
            myAddressAddressCity="Kourou",
            myFullNameLastName="O'Neil \\ Sons",
            myRichTextMarkdown="**bold**",
        )
        await shop.insert(LONG, name="Long")
        words = ("easy", "n81", "hard", "elan", "orbit", "moon", "33612345678", "sun", "star", "kourou", "neil", "bold")
        assert [await found("rocket", word) for word in words] == [0, 0, *[1] * 10]
        assert await found(LONG, "long") == 1
        rocket = await shop.object_type("rocket")
        assert (
            await shop.sql(
                f'SELECT FROM rocket WHERE "searchVector" IS DISTINCT FROM {search_vector(searchable_fields(rocket))}'
            )
            == []
        )
        # And what comes later has nothing left of it.
        await shop.create_field("rocket", "TEXT", "motto", isSearchable=True)
        await shop.create_field(LONG, "TEXT", "motto", isSearchable=True)
        functions = "SELECT count(*) FROM pg_proc WHERE pronamespace = to_regnamespace($1)"
        ((count,),) = await shop.sql(functions, shop.schema)
        assert count == len(await shop.sql(_TRIGGERS, shop.schema))
    await database.close()
