"""One change, one transaction: several at once, tables in use, nothing left behind."""

import asyncio
from uuid import uuid4

import asyncpg
import pytest

from tests.catalog.workshop import Workshop
from threescore.catalog.changes import transaction
from threescore.errors import NotFound, Unavailable, ValidationReport

pytestmark = pytest.mark.anyio


async def test_changes_at_once_happen_one_after_the_other(shop: Workshop) -> None:
    await shop.create_object("rocket")
    kinds = ["TEXT", "NUMBER", "LINKS", "EMAILS", "BOOLEAN", "DATE"]
    await asyncio.gather(
        *(shop.create_field("rocket", kind, f"field{place}") for place, kind in enumerate(kinds)),
        *(shop.relate("rocket", f"link{place}", "company", f"Back {place}") for place in range(3)),
        shop.create_object("pad"),
        shop.update_object("rocket", labelSingular="Ship"),
    )
    model = await shop.check()
    assert model.version == 2 + len(kinds) + 3 + 2
    names = model.by_singular["rocket"].field_by_name
    assert {"field5", "link2"} <= names.keys()


async def test_of_two_that_want_the_same_name_one_gets_it(shop: Workshop) -> None:
    await shop.create_object("rocket")
    results = await asyncio.gather(
        *(shop.create_field("rocket", "TEXT", "motto") for _ in range(4)),
        *(shop.create_object("pad") for _ in range(4)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, ValidationReport) for result in results) == 6
    assert (await shop.check()).version == 4


async def test_opposite_changes_at_once_leave_a_sound_model(shop: Workshop) -> None:
    await shop.create_object("rocket")
    await shop.create_object("pad")
    await shop.relate("rocket", "pad", "pad", "Rockets")
    results = await asyncio.gather(
        shop.delete_object("pad"),
        shop.update_object("rocket", nameSingular="ship", namePlural="ships"),
        shop.relate("pad", "other", "rocket", "Pads"),
        shop.delete_field("rocket", "pad"),
        return_exceptions=True,
    )
    assert all(not isinstance(r, BaseException) or hasattr(r, "code") for r in results), results
    await shop.check()


async def test_a_table_that_stays_in_use_is_not_waited_for_forever(
    shop: Workshop, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction, "LOCK_TIMEOUT", "50ms")
    monkeypatch.setattr(transaction, "PAUSES", (0.01, 0.01))
    await shop.create_object("rocket")
    reader = await asyncpg.connect(database_url)
    async with reader.transaction():
        await reader.execute(f'SELECT 1 FROM {shop.schema}."rocket"')
        with pytest.raises(Unavailable):
            await shop.create_field("rocket", "TEXT", "motto")
    assert (await shop.check()).version == 2
    await shop.create_field("rocket", "TEXT", "motto")
    await shop.check()
    await reader.close()


async def test_a_change_gets_its_table_when_it_is_given_back(
    shop: Workshop, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction, "LOCK_TIMEOUT", "50ms")
    await shop.create_object("rocket")
    reader = await asyncpg.connect(database_url)
    ours = reader.transaction()
    await ours.start()
    await reader.execute(f'SELECT 1 FROM {shop.schema}."rocket"')
    change = asyncio.create_task(shop.create_field("rocket", "TEXT", "motto"))
    await asyncio.sleep(0.3)
    assert not change.done()
    await ours.commit()
    assert (await change).name == "motto"
    await reader.close()
    await shop.check()


async def test_a_vacuum_is_waited_for_and_nobody_else_waits(
    shop: Workshop, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction, "LOCK_TIMEOUT", "50ms")
    monkeypatch.setattr(transaction, "PAUSES", ())
    await shop.create_object("rocket")
    vacuum = await asyncpg.connect(database_url)
    ours = vacuum.transaction()
    await ours.start()
    # The lock that a vacuum holds; it would end its work for a change that has waited for a second.
    await vacuum.execute(f'LOCK TABLE {shop.schema}."rocket" IN SHARE UPDATE EXCLUSIVE MODE')
    change = asyncio.create_task(shop.create_field("rocket", "TEXT", "motto"))
    await asyncio.sleep(0.3)
    assert not change.done()
    await asyncio.wait_for(shop.insert("rocket", name="x"), 5)
    await ours.commit()
    assert (await change).name == "motto"
    await vacuum.close()
    await shop.check()


async def test_records_can_be_written_while_their_object_changes(shop: Workshop) -> None:
    await shop.create_object("rocket")
    done = asyncio.Event()

    async def write() -> int:
        count = 0
        while not done.is_set():
            await shop.insert("rocket", name="x")
            count += 1
        return count

    writers = [asyncio.create_task(write()) for _ in range(2)]
    for place in range(4):
        await shop.create_field("rocket", "TEXT", f"field{place}", isSearchable=True)
    done.set()
    written = sum(await asyncio.gather(*writers))
    assert await shop.sql('SELECT count(*) FROM "rocket"') == [(written,)]
    await shop.check()


async def test_an_unknown_workspace(shop: Workshop) -> None:
    shop.id = uuid4()
    with pytest.raises(NotFound):
        await shop.changes.create_object(
            shop.id, {"nameSingular": "a", "namePlural": "as", "labelSingular": "A", "labelPlural": "As"}
        )
