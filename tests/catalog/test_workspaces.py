"""Creating a workspace: catalog rows, schema, tables; and reading its model back."""

import asyncio
from collections import defaultdict
from uuid import uuid4

import msgspec
import pytest

from threescore.catalog import store
from threescore.catalog.load import load_model
from threescore.catalog.workspaces import Workspace, create_workspace, find_workspace, list_workspaces
from threescore.db.pool import Database
from threescore.errors import BadRequest, Conflict, NotFound
from threescore.model.objects import Model, index_leaves
from threescore.model.standard import standard_model

pytestmark = pytest.mark.anyio

COLUMN_TYPES = {
    "UUID": "uuid",
    "TEXT": "text",
    "NUMBER": "double precision",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "DATE_TIME": "timestamp(3) with time zone",
    "SELECT": "text",
    "MULTI_SELECT": "text[]",
    "ARRAY": "text[]",
    "RAW_JSON": "jsonb",
    "FILES": "jsonb",
    "POSITION": "double precision",
    "TS_VECTOR": "tsvector",
    "RELATION": "uuid",
    "MORPH_RELATION": "uuid",
}
COMPOSITES = {
    "FULL_NAME": {"FirstName": "text", "LastName": "text"},
    "EMAILS": {"PrimaryEmail": "text", "AdditionalEmails": "jsonb"},
    "LINKS": {"PrimaryLinkLabel": "text", "PrimaryLinkUrl": "text", "SecondaryLinks": "jsonb"},
    "PHONES": {
        "PrimaryPhoneNumber": "text",
        "PrimaryPhoneCountryCode": "text",
        "PrimaryPhoneCallingCode": "text",
        "AdditionalPhones": "jsonb",
    },
    "CURRENCY": {"AmountMicros": "numeric", "CurrencyCode": "text"},
    "ADDRESS": {
        **dict.fromkeys(
            [f"Address{part}" for part in ("Street1", "Street2", "City", "Postcode", "State", "Country")],
            "text",
        ),
        "AddressLat": "numeric",
        "AddressLng": "numeric",
    },
    "ACTOR": {"Source": "text", "WorkspaceMemberId": "uuid", "Name": "text", "Context": "jsonb"},
    "RICH_TEXT": {"Blocknote": "text", "Markdown": "text"},
}


def expected_columns(model: Model) -> dict[str, dict[str, str]]:
    """Column types by table and column, as the field types promise them."""
    tables: dict[str, dict[str, str]] = defaultdict(dict)
    for object_type in model.objects:
        columns = tables[object_type.name_singular]
        for field in object_type.fields:
            if field.type in COMPOSITES:
                columns |= {field.name + part: kind for part, kind in COMPOSITES[field.type].items()}
            elif field.settings and field.settings.get("dataType") == "int":
                columns[field.name] = "bigint"
            elif field.settings and field.settings.get("relationType") == "MANY_TO_ONE":
                columns[f"{field.name}Id"] = "uuid"
            elif field.settings is None or "relationType" not in field.settings:
                columns[field.name] = COLUMN_TYPES[field.type]
    return tables


async def real_columns(db: Database, schema: str) -> dict[str, dict[str, str]]:
    """The same, as the database has them; without the workspace's own tables."""
    tables: dict[str, dict[str, str]] = defaultdict(dict)
    for row in await db.fetch(
        "SELECT relname, attname, format_type(atttypid, atttypmod) AS kind FROM pg_attribute"
        " JOIN pg_class ON pg_class.oid = attrelid JOIN pg_namespace ON pg_namespace.oid = relnamespace"
        r" WHERE nspname = $1 AND relkind = 'r' AND attnum > 0 AND NOT attisdropped AND relname NOT LIKE '\_%'",
        schema,
    ):
        tables[row["relname"]][row["attname"]] = row["kind"]
    return tables


async def load(db: Database, workspace: Workspace) -> Model:
    async with db.acquire() as connection:
        return await load_model(connection, workspace.id)


async def test_every_standard_object_has_its_table(db: Database, workspace: Workspace) -> None:
    model = await load(db, workspace)
    assert len(model.objects) == 30
    assert await real_columns(db, workspace.schema) == expected_columns(model)


async def test_the_model_read_back_is_the_one_that_was_made(db: Database, workspace: Workspace) -> None:
    assert await load(db, workspace) == standard_model(workspace.id, workspace.schema, workspace.created_at)


async def test_every_index_exists(db: Database, workspace: Workspace) -> None:
    model = await load(db, workspace)
    rows = await db.fetch(
        "SELECT c.relname AS name, a.amname, i.indisunique, i.indpred IS NOT NULL AS partial,"
        " ARRAY(SELECT pg_get_indexdef(i.indexrelid, k, true) FROM generate_series(1, i.indnatts) AS k) AS columns"
        " FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid JOIN pg_am AS a ON a.oid = c.relam"
        " JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname LIKE 'IDX%'",
        workspace.schema,
    )
    real = {
        row["name"]: (
            row["amname"].upper(),
            row["indisunique"],
            row["partial"],
            [column.strip('"') for column in row["columns"]],
        )
        for row in rows
    }
    assert real == {
        index.name: (index.type, index.is_unique, bool(index.where), [leaf.column for leaf in index_leaves(o, index)])
        for o in model.objects
        for index in o.indexes
    }


async def test_every_relation_has_its_foreign_key(db: Database, workspace: Workspace) -> None:
    model = await load(db, workspace)
    rows = await db.fetch(
        "SELECT t.relname AS source, a.attname AS column, r.relname AS target, c.confdeltype FROM pg_constraint AS c"
        " JOIN pg_class AS t ON t.oid = c.conrelid JOIN pg_class AS r ON r.oid = c.confrelid"
        " JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]"
        " JOIN pg_namespace AS n ON n.oid = t.relnamespace WHERE c.contype = 'f' AND n.nspname = $1",
        workspace.schema,
    )
    actions = {b"c": "CASCADE", b"n": "SET_NULL"}
    assert {(r["source"], r["column"], r["target"], actions[r["confdeltype"]]) for r in rows} == {
        (o.name_singular, f.join_column, model.target(f).name_singular, (f.settings or {})["onDelete"])
        for o in model.objects
        for f in o.fields
        if f.is_many_to_one
    }


async def test_a_row_of_defaults_is_what_the_fields_say(db: Database, workspace: Workspace) -> None:
    row = await db.fetchrow(
        f'INSERT INTO {workspace.schema}.opportunity DEFAULT VALUES RETURNING *, now() - "createdAt" AS age'
    )
    assert row is not None
    assert row["id"].version == 4
    assert abs(row["age"].total_seconds()) < 1
    assert (row["stage"], row["position"], row["createdBySource"]) == ("NEW", 0, "MANUAL")
    assert row["createdByName"] == "System"
    assert row["deletedAt"] is None


async def test_the_workspace_has_its_state_and_its_event_log(db: Database, workspace: Workspace) -> None:
    state = await db.fetch(f'SELECT * FROM {workspace.schema}."_state"')
    assert [tuple(row) for row in state] == [(True, 1, 1)]
    row = await db.fetchrow(
        f'INSERT INTO {workspace.schema}."_event" (object_id, object, record_id, operation)'
        " VALUES ($1, 'person', $1, 'created') RETURNING id, changed, transaction = pg_current_xact_id() AS same",
        uuid4(),
    )
    assert row is not None
    assert tuple(row) == (1, [], True)


async def test_workspaces_are_found_by_name(db: Database, workspace: Workspace) -> None:
    assert await find_workspace(db, workspace.name) == workspace
    assert await find_workspace(db, f"{workspace.name}?") is None
    assert workspace in await list_workspaces(db)


async def test_a_name_is_given_once(db: Database) -> None:
    name = f"Once {uuid4()}"
    results = await asyncio.gather(*(create_workspace(db, name) for _ in range(3)), return_exceptions=True)
    made = [result for result in results if isinstance(result, Workspace)]
    refused = [result for result in results if isinstance(result, Conflict)]
    assert (len(made), len(refused)) == (1, 2)
    schemas = await db.fetchval(
        "SELECT count(*) FROM threescore.workspace AS w JOIN pg_namespace ON nspname = w.schema WHERE w.name = $1", name
    )
    assert schemas == 1


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "a\x00b"])
async def test_a_name_has_to_be_one(db: Database, name: str) -> None:
    with pytest.raises(BadRequest, match="1 to 200 characters"):
        await create_workspace(db, name)


async def test_an_unknown_workspace_has_no_model(db: Database) -> None:
    async with db.acquire() as connection:
        with pytest.raises(NotFound):
            await load_model(connection, uuid4())


async def test_deleting_a_workspace_takes_its_catalog_along(db: Database, workspace: Workspace) -> None:
    await db.execute("DELETE FROM threescore.workspace WHERE id = $1", workspace.id)
    for table in ("object", "field", '"index"'):
        count = f"SELECT count(*) FROM threescore.{table} WHERE workspace_id = $1"
        assert await db.fetchval(count, workspace.id) == 0


async def test_catalog_rows_are_changed_and_deleted_by_id(db: Database, workspace: Workspace) -> None:
    before = await load(db, workspace)
    person = before.by_singular["person"]
    index = person.indexes[0]
    title = msgspec.structs.replace(
        person.field_by_name["jobTitle"], label="Role", default_value="'CTO'", settings={"displayedMaxRows": 3}
    )
    async with db.transaction() as connection:
        await store.update_objects(
            connection, workspace.id, [msgspec.structs.replace(person, color="red", overrides={"icon": "IconX"})]
        )
        await store.update_fields(connection, workspace.id, [title])
        await store.update_indexes(connection, workspace.id, [msgspec.structs.replace(index, name="IDX_x")])
        await store.delete_fields(connection, workspace.id, [person.field_by_name["city"].id])
        await store.delete_indexes(connection, workspace.id, [person.indexes[1].id])
        await store.delete_objects(connection, workspace.id, [before.by_singular["blocklist"].id])
    after = await load(db, workspace)
    changed = after.by_singular["person"]
    assert (changed.color, changed.overrides) == ("red", {"icon": "IconX"})
    assert changed.fields == tuple(
        title if field.name == "jobTitle" else field for field in person.fields if field.name != "city"
    )
    assert [i.name for i in changed.indexes] == ["IDX_x", *(i.name for i in person.indexes[2:])]
    assert [o.name_singular for o in after.objects] == [
        o.name_singular for o in before.objects if o.name_singular != "blocklist"
    ]


async def test_catalog_rows_of_another_workspace_are_out_of_reach(db: Database, workspace: Workspace) -> None:
    model = await load(db, workspace)
    async with db.transaction() as connection:
        await store.delete_objects(connection, uuid4(), [o.id for o in model.objects])
        await store.update_fields(connection, uuid4(), [])
    assert await load(db, workspace) == model
