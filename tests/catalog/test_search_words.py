"""The words that records are found by follow the model and every write, and no table is written anew for them."""

from typing import Any

import asyncpg
import msgspec
import pytest

from tests.catalog.workshop import Workshop
from threescore.catalog.changes.plan import plan_change
from threescore.errors import ValidationReport
from threescore.model.objects import Model, ObjectType
from threescore.sql import quote_identifier

pytestmark = pytest.mark.anyio

FILE = "SELECT pg_relation_filenode('rocket'::regclass)"


@pytest.fixture
async def rocket(shop: Workshop) -> Workshop:
    """A workspace with rockets: one with a name, one without."""
    await shop.create_object("rocket")
    await shop.insert("rocket", name="Ariane")
    await shop.insert("rocket")
    return shop


async def found(shop: Workshop, word: str, table: str = "rocket") -> int:
    sql = f"""SELECT count(*) FROM {quote_identifier(table)} WHERE "searchVector" @@ to_tsquery('simple', $1)"""
    ((count,),) = await shop.sql(sql, word)
    assert isinstance(count, int)
    return count


async def versions(shop: Workshop) -> dict[Any, Any]:
    """The transactions that wrote the rockets."""
    return dict(await shop.sql("SELECT coalesce(name, ''), xmin::text FROM rocket"))


@pytest.mark.parametrize(
    ("kind", "properties", "column", "value", "word"),
    [
        ("TEXT", {}, "extra", "upwards", "upwards"),
        ("UUID", {}, "extra", "6f9b1d4e-0c3a-4b52-8a55-0a5f6f3c9d11", "6f9b1d4e"),
        ("UUID", {"defaultValue": "uuid"}, "extra", "6f9b1d4e-0c3a-4b52-8a55-0a5f6f3c9d11", "6f9b1d4e"),
        ("FULL_NAME", {}, "extraLastName", "Curie", "curie"),
        ("EMAILS", {}, "extraPrimaryEmail", "a@orbit.example", "orbit"),
        ("PHONES", {}, "extraPrimaryPhoneNumber", "612345678", "0612345678"),
        ("LINKS", {}, "extraPrimaryLinkUrl", "https://orbit.example", "orbit"),
        ("ADDRESS", {}, "extraAddressCity", "Kourou", "kourou"),
        ("RICH_TEXT", {}, "extraMarkdown", "Élan", "elan"),
    ],
)
async def test_a_new_searchable_field_touches_no_row(
    rocket: Workshop, kind: str, properties: dict[str, Any], column: str, value: str, word: str
) -> None:
    file, rows = await rocket.sql(FILE), await versions(rocket)
    await rocket.create_field("rocket", kind, "extra", isSearchable=True, **properties)
    assert (await rocket.sql(FILE), await versions(rocket)) == (file, rows)
    assert await found(rocket, word) == 0
    await rocket.insert("rocket", **{column: value})
    assert await found(rocket, word) == 1
    await rocket.sql(f"""UPDATE rocket SET {quote_identifier(column)} = $1 WHERE name = 'Ariane'""", value)
    assert await found(rocket, word) == 2
    assert await found(rocket, "ariane") == 1
    await rocket.check()


async def test_rows_are_found_by_the_default_of_a_new_field(rocket: Workshop) -> None:
    file = await rocket.sql(FILE)
    await rocket.create_field("rocket", "TEXT", "motto", isSearchable=True, defaultValue="'Per aspera, it''s \\ $$'")
    assert await rocket.sql(FILE) == file
    assert [await found(rocket, word) for word in ("aspera", "ariane")] == [2, 1]
    await rocket.insert("rocket", motto="Down")
    assert [await found(rocket, word) for word in ("aspera", "down")] == [2, 1]
    await rocket.create_field(
        "rocket", "ADDRESS", "pad", isSearchable=True, defaultValue={"addressCity": "'Kourou'", "addressStreet1": "''"}
    )
    assert [await found(rocket, word) for word in ("kourou", "aspera")] == [3, 2]
    await rocket.check()


async def test_rows_are_found_by_ids_of_their_own(rocket: Workshop) -> None:
    await rocket.create_field("rocket", "UUID", "serial", isSearchable=True, isNullable=False, defaultValue="uuid")
    serials = [serial for (serial,) in await rocket.sql("SELECT serial FROM rocket")]
    assert len(set(serials)) == 2
    for serial in serials:
        assert await found(rocket, " <-> ".join(str(serial).split("-"))) == 1
    await rocket.check()


async def test_only_rows_with_a_text_are_touched(rocket: Workshop) -> None:
    await rocket.create_field("rocket", "TEXT", "motto")
    await rocket.sql("UPDATE rocket SET motto = 'upwards' WHERE name = 'Ariane'")
    file, rows = await rocket.sql(FILE), await versions(rocket)
    for is_searchable in (True, False):
        await rocket.update_field("rocket", "motto", isSearchable=is_searchable)
        assert await found(rocket, "upwards") == is_searchable
        assert await rocket.sql(FILE) == file
        now = await versions(rocket)
        assert (now["Ariane"] != rows["Ariane"], now[""] == rows[""]) == (True, True)
        rows = now
        await rocket.check()


async def test_words_of_a_deleted_field_are_gone(rocket: Workshop) -> None:
    await rocket.create_field("rocket", "TEXT", "motto", isSearchable=True)
    await rocket.sql("UPDATE rocket SET motto = 'upwards' WHERE name = 'Ariane'")
    file, rows = await rocket.sql(FILE), await versions(rocket)
    await rocket.delete_field("rocket", "motto")
    assert [await found(rocket, word) for word in ("upwards", "ariane")] == [0, 1]
    assert (await rocket.sql(FILE), (await versions(rocket))[""]) == (file, rows[""])
    await rocket.insert("rocket", name="Vega")
    assert await found(rocket, "vega") == 1
    await rocket.check()


async def test_names_may_change(rocket: Workshop) -> None:
    await rocket.create_field("rocket", "EMAILS", "contact", isSearchable=True)
    await rocket.create_field("rocket", "TEXT", "motto")
    await rocket.sql("""UPDATE rocket SET motto = 'upwards' WHERE name = 'Ariane'""")
    await rocket.update_field("rocket", "name", name="title", label="Title")
    await rocket.update_field("rocket", "contact", name="desk", label="Desk")
    await rocket.sql("""UPDATE rocket SET "deskPrimaryEmail" = 'a@orbit.example' WHERE title = 'Ariane'""")
    assert [await found(rocket, word) for word in ("ariane", "orbit")] == [1, 1]
    await rocket.check()
    # Two things at once, the name and what is searched.
    await rocket.update_field("rocket", "motto", name="slogan", label="Slogan", isSearchable=True)
    assert await found(rocket, "upwards") == 1
    await rocket.check()
    await rocket.update_object("rocket", nameSingular="launcher", namePlural="launchers")
    await rocket.sql("""UPDATE launcher SET slogan = 'downwards' WHERE title = 'Ariane'""")
    await rocket.insert("launcher", title="Vega")
    words = ("upwards", "downwards", "ariane", "vega")
    assert [await found(rocket, word, "launcher") for word in words] == [0, 1, 1, 1]
    await rocket.check()
    await rocket.create_object("rocket")
    await rocket.check()
    await rocket.delete_object("launcher")
    await rocket.check()


@pytest.mark.parametrize("name", ["old", "new", "text", "coalesce", "found", "tg_op", 'x"y'])
async def test_a_column_of_any_name_has_words(rocket: Workshop, name: str) -> None:
    """Names that mean something to PL/pgSQL, or to SQL."""
    before = await rocket.model()
    owner = before.by_singular["rocket"]
    extra = msgspec.structs.replace(owner.field_by_name["name"], id=owner.id, name=name)
    after = _with(before, owner, extra)
    await _carry_out(rocket, before, after)
    await rocket.sql(f"UPDATE rocket SET {quote_identifier(name)} = 'upwards'")
    assert await found(rocket, "upwards") == 2


async def test_an_object_may_become_searchable(shop: Workshop) -> None:
    await shop.create_object("rocket", isSearchable=False)
    await shop.create_field("rocket", "TEXT", "motto")
    await shop.insert("rocket", name="Ariane", motto="upwards")
    await shop.check()
    file = await shop.sql(FILE)
    await shop.update_object("rocket", isSearchable=True)
    await shop.update_field("rocket", "motto", isSearchable=True)
    assert [await found(shop, word) for word in ("ariane", "upwards")] == [1, 1]
    assert await shop.sql(FILE) == file
    await shop.update_object("rocket", isSearchable=False)
    await shop.check()


async def test_the_last_searchable_field_may_go_and_come(rocket: Workshop) -> None:
    """With a new name of the table at the same time."""
    before = await rocket.model()
    owner = before.by_singular["rocket"]
    none = _with(before, owner, *(msgspec.structs.replace(f, is_searchable=False) for f in owner.fields))
    await _carry_out(rocket, before, none)
    assert await found(rocket, "ariane") == 0
    assert (
        await rocket.sql(
            "SELECT FROM pg_proc WHERE proname = 'rocket_searchVector' AND pronamespace = to_regnamespace($1)",
            rocket.schema,
        )
        == []
    )
    renamed = msgspec.structs.replace(owner, name_singular="launcher")
    again = msgspec.structs.replace(before, objects=tuple(renamed if o is owner else o for o in before.objects))
    await _carry_out(rocket, none, again)
    assert await found(rocket, "ariane", "launcher") == 1
    names = await rocket.sql(
        "SELECT proname::text FROM pg_proc"
        " WHERE proname ~ '^(rocket|launcher)_' AND pronamespace = to_regnamespace($1)",
        rocket.schema,
    )
    assert names == [("launcher_searchVector",)]


async def test_whoever_writes_the_words_are_right(rocket: Workshop) -> None:
    await rocket.sql("""INSERT INTO rocket (name, "searchVector") VALUES ('Vega', 'nonsense')""")
    await rocket.sql("""UPDATE rocket SET "searchVector" = 'nonsense' WHERE name = 'Ariane'""")
    await rocket.sql(
        """INSERT INTO rocket (id, name) SELECT id, 'Delta' FROM rocket WHERE name = 'Vega'
        ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name"""
    )
    words = ("nonsense", "ariane", "vega", "delta")
    assert [await found(rocket, word) for word in words] == [0, 1, 0, 1]
    async with rocket.db.acquire() as connection:
        copied = await connection.copy_records_to_table(
            "rocket", schema_name=rocket.schema, columns=["name"], records=[("Soyuz",)]
        )
    assert (copied, await found(rocket, "soyuz")) == ("COPY 1", 1)


async def test_other_columns_have_no_part_in_it(rocket: Workshop) -> None:
    await rocket.create_field("rocket", "NUMBER", "thrust")
    await rocket.sql("ALTER TABLE rocket DISABLE TRIGGER USER")
    await rocket.sql("""UPDATE rocket SET "searchVector" = 'kept' WHERE name = 'Ariane'""")
    await rocket.sql("ALTER TABLE rocket ENABLE TRIGGER USER")
    await rocket.sql("""UPDATE rocket SET thrust = 1, "updatedAt" = now(), "deletedAt" = now()""")
    assert await found(rocket, "kept") == 1
    await rocket.sql("UPDATE rocket SET name = name")
    assert await found(rocket, "kept") == 0


@pytest.mark.parametrize("change", ["default", "on", "off", "gone"])
async def test_readers_read_while_rows_are_brought_up_to_date(rocket: Workshop, change: str) -> None:
    await rocket.create_field("rocket", "TEXT", "motto", isSearchable=change != "on")
    await rocket.sql("UPDATE rocket SET motto = 'upwards'")
    before = await rocket.model()
    owner = before.by_singular["rocket"]
    motto = owner.field_by_name["motto"]
    if change == "default":
        new = msgspec.structs.replace(motto, id=owner.id, name="extra", default_value="'upwards'")
        after = _with(before, owner, new)
    elif change == "gone":
        after = _with(before, msgspec.structs.replace(owner, fields=tuple(f for f in owner.fields if f is not motto)))
    else:
        after = _with(before, owner, msgspec.structs.replace(motto, name="slogan", is_searchable=change == "on"))
    steps = [step.sql for step in plan_change(before, after).steps]
    (update,) = [place for place, sql in enumerate(steps) if sql.startswith("UPDATE")]
    async with rocket.db.transaction() as connection:
        await connection.execute(f"SET LOCAL search_path = {quote_identifier(rocket.schema)}")
        for sql in steps[: update + 1]:
            await connection.execute(sql)
        async with rocket.db.transaction() as other:
            await other.execute("SET LOCAL lock_timeout = '100ms'")
            assert await other.fetchval(f"SELECT count(*) FROM {quote_identifier(rocket.schema)}.rocket") == 2
            with pytest.raises(asyncpg.LockNotAvailableError):
                await other.execute(f"INSERT INTO {quote_identifier(rocket.schema)}.rocket DEFAULT VALUES")
        for sql in steps[update + 1 :]:
            await connection.execute(sql)


async def test_too_much_text_is_refused(rocket: Workshop) -> None:
    await rocket.create_field("rocket", "TEXT", "log")
    await rocket.sql("UPDATE rocket SET log = (SELECT string_agg(md5(n::text), ' ') FROM generate_series(1, 40000) n)")
    with pytest.raises(ValidationReport, match="Multiple validation errors"):
        await rocket.update_field("rocket", "log", isSearchable=True)
    await rocket.check()


def _with(model: Model, owner: ObjectType, *fields: Any) -> Model:
    """The model where the object has these fields: in the place of those with their id, or of none."""
    given = {field.id: field for field in fields}
    known = tuple(given.pop(field.id, field) for field in owner.fields)
    changed = msgspec.structs.replace(owner, fields=(*known, *given.values()))
    return msgspec.structs.replace(model, objects=tuple(changed if o.id == owner.id else o for o in model.objects))


async def _carry_out(shop: Workshop, before: Model, after: Model) -> None:
    """Has the tables, and nothing else, follow from one model to another."""
    async with shop.db.transaction() as connection:
        await connection.execute(f"SET LOCAL search_path = {quote_identifier(shop.schema)}")
        for step in plan_change(before, after).steps:
            await connection.execute(step.sql)
