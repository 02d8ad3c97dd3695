"""Tables and columns follow the data model."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from threescore.catalog import ddl, search_words
from threescore.catalog.load import load_model
from threescore.catalog.workspaces import Workspace
from threescore.db.pool import Connection, Database
from threescore.model.objects import Field, Model, ObjectType, Option
from threescore.model.standard import NewObject, new_index, new_object

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 5, 4, tzinfo=UTC)
COLORS = [("RED", "Red"), ("GREEN", "Green"), ("BLUE", "Blue")]


async def load(db: Database, workspace: Workspace) -> Model:
    async with db.acquire() as connection:
        return await load_model(connection, workspace.id)


async def run(db: Database, workspace: Workspace, statements: Iterable[str]) -> None:
    async with db.transaction() as connection:
        await enter(connection, workspace)
        for sql in statements:
            await connection.execute(sql)


async def enter(connection: Connection, workspace: Workspace) -> None:
    await connection.execute(f'SET LOCAL search_path = "{workspace.schema}"')


async def query(db: Database, workspace: Workspace, sql: str, *arguments: Any) -> list[Any]:
    """The rows of a statement, those of one column as plain values."""
    async with db.transaction() as connection:
        await enter(connection, workspace)
        rows = await connection.fetch(sql, *arguments)
    return [row[0] if len(row) == 1 else tuple(row) for row in rows]


def field_of(object_type: ObjectType, **attributes: Any) -> Field:
    name = attributes["name"]
    given = {"id": uuid4(), "object_id": object_type.id, "universal_identifier": uuid4(), "label": name}
    return Field(**given, **attributes, created_at=NOW, updated_at=NOW)


def options(*choices: tuple[str, str]) -> tuple[Option, ...]:
    ids = {value: UUID(int=number) for number, (value, _) in enumerate(COLORS, 1)}
    return tuple(
        Option(id=ids.get(value) or uuid4(), value=value, label=label, position=place)
        for place, (value, label) in enumerate(choices)
    )


def with_field(model: Model, object_type: ObjectType, field: Field) -> tuple[Model, ObjectType]:
    changed = msgspec.structs.replace(object_type, fields=(*object_type.fields, field))
    objects = tuple(changed if o.id == changed.id else o for o in model.objects)
    return msgspec.structs.replace(model, objects=objects), changed


def rocket(model: Model) -> NewObject:
    return new_object(
        model,
        name_singular="rocket",
        name_plural="rockets",
        label_singular="Rocket",
        label_plural="Rockets",
        now=NOW,
    )


async def add_rocket(db: Database, workspace: Workspace) -> tuple[Model, ObjectType]:
    """A model with a custom object, and its tables."""
    model = await load(db, workspace)
    object_type, reverse = rocket(model)
    by_owner = {field.object_id: (field, index) for field, index in reverse}
    objects = []
    for other in model.objects:
        if other.id in by_owner:
            field, index = by_owner[other.id]
            other = msgspec.structs.replace(other, fields=(*other.fields, field), indexes=(*other.indexes, index))
        objects.append(other)
    model = msgspec.structs.replace(model, objects=(*objects, object_type))
    statements = ddl.create_table(model, object_type)
    for field, index in reverse:
        owner = model.by_id[field.object_id]
        statements += ddl.add_field(model, owner, field) + ddl.create_index(owner, index)
        statements += ddl.validate_field(owner, field)
    await run(db, workspace, statements)
    return model, object_type


COLUMNS = (
    "SELECT attname, format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid)"
    " FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum"
    " WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped"
)
CONSTRAINTS = (
    "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE conrelid = $1::text::regclass AND contype <> 'n' ORDER BY conname"
)
FILE = "SELECT pg_relation_filenode($1::text::regclass)"


async def test_a_custom_object_is_built_like_a_standard_one(db: Database, workspace: Workspace) -> None:
    await add_rocket(db, workspace)
    note = {row[0]: row[1:] for row in await query(db, workspace, COLUMNS, '"note"')}
    custom = {row[0]: row[1:] for row in await query(db, workspace, COLUMNS, '"rocket"')}
    system = [
        name for name in custom if name in note and name not in ("searchVector", "createdByName", "updatedByName")
    ]
    assert len(system) == 11
    assert {name: custom[name] for name in system} == {name: note[name] for name in system}
    assert custom["name"] == note["title"] == ("text", False, None)
    assert custom["searchVector"] == ("tsvector", False, None)
    definitions = (
        "SELECT regexp_replace(indexdef, '^.* USING ', '') FROM pg_indexes"
        " WHERE schemaname = $1 AND tablename = $2 ORDER BY 1"
    )
    assert await query(db, workspace, definitions, workspace.schema, "rocket") == await query(
        db, workspace, definitions, workspace.schema, "note"
    )


@pytest.mark.parametrize("table", ["attachment", "noteTarget", "taskTarget", "timelineActivity"])
async def test_a_custom_object_has_its_branch_of_system_relations(
    db: Database, workspace: Workspace, table: str
) -> None:
    await add_rocket(db, workspace)
    constraints = dict(await query(db, workspace, CONSTRAINTS, f'"{table}"'))
    assert constraints["targetRocketId_fkey"] == (
        'FOREIGN KEY ("targetRocketId") REFERENCES rocket(id) ON DELETE CASCADE'
    )
    by_column = (
        "SELECT count(*) FROM pg_indexes WHERE schemaname = $1 AND tablename = $2"
        " AND indexdef LIKE '%(\"targetRocketId\")'"
    )
    assert await query(db, workspace, by_column, workspace.schema, table) == [1]
    (rocket_id,) = await query(db, workspace, "INSERT INTO rocket DEFAULT VALUES RETURNING id")
    await query(db, workspace, f'INSERT INTO "{table}" ("targetRocketId") VALUES ($1)', rocket_id)
    await query(db, workspace, "DELETE FROM rocket")
    assert await query(db, workspace, f'SELECT count(*) FROM "{table}"') == [0]


@pytest.mark.parametrize(
    ("attributes", "value"),
    [
        ({"type": "TEXT", "default_value": "'Up; it's'"}, "Up; it's"),
        ({"type": "TEXT", "default_value": "'Up'", "is_nullable": False}, "Up"),
        ({"type": "NUMBER", "default_value": 3, "settings": {"dataType": "int"}}, 3),
        ({"type": "NUMBER"}, None),
        ({"type": "BOOLEAN", "default_value": True}, True),
        ({"type": "SELECT", "default_value": "'RED'", "options": options(*COLORS)}, "RED"),
        ({"type": "MULTI_SELECT", "default_value": ["'RED'", "'BLUE'"], "options": options(*COLORS)}, ["RED", "BLUE"]),
        ({"type": "UUID"}, None),
    ],
)
async def test_a_new_field_leaves_the_table_as_it_is(
    db: Database, workspace: Workspace, attributes: dict[str, Any], value: object
) -> None:
    model = await load(db, workspace)
    field = field_of(model.by_singular["person"], name="extra", **attributes)
    model, person = with_field(model, model.by_singular["person"], field)
    await query(db, workspace, "INSERT INTO person DEFAULT VALUES")
    before = await query(db, workspace, FILE, "person")
    await run(db, workspace, ddl.add_field(model, person, field))
    assert await query(db, workspace, FILE, "person") == before
    assert await query(db, workspace, "SELECT extra FROM person") == [value]
    await run(db, workspace, ddl.validate_field(person, field))
    await run(db, workspace, ddl.drop_field(model.by_singular["person"], field))
    with pytest.raises(asyncpg.UndefinedColumnError):
        await query(db, workspace, "SELECT extra FROM person")


async def test_a_new_column_of_ids_fills_itself_from_now_on(db: Database, workspace: Workspace) -> None:
    model = await load(db, workspace)
    field = field_of(model.by_singular["person"], name="extra", type="UUID", default_value="uuid")
    model, person = with_field(model, model.by_singular["person"], field)
    await query(db, workspace, "INSERT INTO person DEFAULT VALUES")
    before = await query(db, workspace, FILE, "person")
    await run(db, workspace, ddl.add_field(model, person, field))
    assert await query(db, workspace, FILE, "person") == before
    await query(db, workspace, "INSERT INTO person DEFAULT VALUES")
    old, new = await query(db, workspace, 'SELECT extra FROM person ORDER BY "createdAt", extra NULLS FIRST')
    assert old is None
    assert new.version == 4


async def test_a_required_column_of_ids_gives_each_record_its_own(db: Database, workspace: Workspace) -> None:
    model = await load(db, workspace)
    attributes = {"name": "extra", "type": "UUID", "default_value": "uuid", "is_nullable": False}
    field = field_of(model.by_singular["person"], **attributes)
    model, person = with_field(model, model.by_singular["person"], field)
    await query(db, workspace, "INSERT INTO person SELECT FROM generate_series(1, 3)")
    await run(db, workspace, [*ddl.add_field(model, person, field), *ddl.fill_field(person, field)])
    assert await query(db, workspace, "SELECT count(DISTINCT extra) FROM person") == [3]


async def test_the_database_refuses_what_is_no_option(db: Database, workspace: Workspace) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await query(db, workspace, "INSERT INTO opportunity (stage) VALUES ('LOST')")


async def test_columns_that_allow_null_in_relations_and_not_in_required_fields(
    db: Database, workspace: Workspace
) -> None:
    await query(db, workspace, 'INSERT INTO opportunity ("companyId", name) VALUES (NULL, NULL)')
    with pytest.raises(asyncpg.NotNullViolationError):
        await query(db, workspace, "INSERT INTO opportunity (stage) VALUES (NULL)")


async def test_changed_options_take_the_records_along(db: Database, workspace: Workspace) -> None:
    model, base = await add_rocket(db, workspace)
    color = field_of(base, name="color", type="SELECT", options=options(*COLORS), default_value="'BLUE'")
    tags = field_of(base, name="tags", type="MULTI_SELECT", options=options(*COLORS))
    model, object_type = with_field(model, base, color)
    await run(db, workspace, ddl.add_field(model, object_type, color))
    model, object_type = with_field(model, object_type, tags)
    await run(db, workspace, ddl.add_field(model, object_type, tags))
    await query(
        db,
        workspace,
        "INSERT INTO rocket (name, color, tags) VALUES"
        " ('1', 'RED', '{GREEN,RED}'), ('2', 'GREEN', '{GREEN}'), ('3', 'BLUE', NULL), ('4', NULL, '{BLUE,GREEN,RED}')",
    )
    # RED is called CRIMSON now, GREEN is gone, BLUE stays, PINK is new.
    red, _, blue = options(*COLORS)
    pink = Option(id=uuid4(), value="PINK", label="Pink", position=0)
    choices = (pink, msgspec.structs.replace(red, value="CRIMSON"), msgspec.structs.replace(blue, id=uuid4()))
    for old in (color, tags):
        new = msgspec.structs.replace(old, options=choices)
        await run(db, workspace, ddl.change_options(object_type, old, new))
        await run(db, workspace, ddl.validate_field(object_type, new))
    assert await query(db, workspace, "SELECT color, tags FROM rocket ORDER BY name") == [
        ("CRIMSON", ["CRIMSON"]),
        ("BLUE", None),
        ("BLUE", None),
        (None, ["BLUE", "CRIMSON"]),
    ]
    await query(db, workspace, "INSERT INTO rocket (color, tags) VALUES ('PINK', '{PINK}')")
    for column, value in (("color", "GREEN"), ("tags", ["GREEN"])):
        with pytest.raises(asyncpg.CheckViolationError):
            await query(db, workspace, f"INSERT INTO rocket ({column}) VALUES ($1)", value)


async def test_renaming_keeps_the_records(db: Database, workspace: Workspace) -> None:
    model = await load(db, workspace)
    opportunity = model.by_singular["opportunity"]
    await query(
        db,
        workspace,
        "INSERT INTO opportunity (stage, \"amountAmountMicros\", \"amountCurrencyCode\") VALUES ('MEETING', 5, 'EUR')",
    )
    owner = opportunity.field_by_name["owner"]
    settings = {**(owner.settings or {}), "joinColumnName": "sellerId"}
    statements = []
    for old, new in (
        (opportunity.field_by_name["stage"], {"name": "phase"}),
        (opportunity.field_by_name["amount"], {"name": "worth"}),
        (owner, {"name": "seller", "settings": settings}),
    ):
        statements += ddl.rename_field(opportunity, old, msgspec.structs.replace(old, **new))
    deal = msgspec.structs.replace(opportunity, name_singular="deal")
    index = opportunity.indexes[0]
    statements += ddl.rename_table(opportunity, deal)
    statements += ddl.rename_index(index, msgspec.structs.replace(index, name="IDX_other"))
    await run(db, workspace, statements)
    selected = 'SELECT phase, "worthAmountMicros", "worthCurrencyCode", "sellerId" FROM deal'
    assert await query(db, workspace, selected) == [("MEETING", 5, "EUR", None)]
    constraints = {name for name, _ in await query(db, workspace, CONSTRAINTS, "deal")}
    assert {"phase_check", "sellerId_fkey"} <= constraints
    assert not {"stage_check", "ownerId_fkey"} & constraints
    assert await query(db, workspace, "SELECT 'IDX_other'::text WHERE to_regclass('\"IDX_other\"') IS NOT NULL") == [
        "IDX_other"
    ]


async def test_a_changed_default_is_for_new_records(db: Database, workspace: Workspace) -> None:
    model = await load(db, workspace)
    opportunity = model.by_singular["opportunity"]
    stage = opportunity.field_by_name["stage"]
    await query(db, workspace, "INSERT INTO opportunity DEFAULT VALUES")
    await run(db, workspace, ddl.change_default(opportunity, msgspec.structs.replace(stage, default_value="'MEETING'")))
    await query(db, workspace, "INSERT INTO opportunity DEFAULT VALUES")
    assert sorted(await query(db, workspace, "SELECT stage FROM opportunity")) == ["MEETING", "NEW"]
    nullable = msgspec.structs.replace(stage, default_value=None, is_nullable=True)
    await run(db, workspace, [*ddl.change_default(opportunity, nullable), *ddl.change_nullable(opportunity, nullable)])
    assert await query(db, workspace, "INSERT INTO opportunity DEFAULT VALUES RETURNING stage") == [None]
    with pytest.raises(asyncpg.NotNullViolationError):
        await run(db, workspace, ddl.change_nullable(opportunity, stage))


async def test_a_changed_number_type_converts_the_column(db: Database, workspace: Workspace) -> None:
    model = await load(db, workspace)
    company = model.by_singular["company"]
    old = company.field_by_name["employees"]
    new = msgspec.structs.replace(old, settings={"dataType": "int"}, default_value=1)
    await query(db, workspace, "INSERT INTO company (employees) VALUES (12)")
    assert ddl.change_type(company, old, old) == []
    await run(db, workspace, ddl.change_type(company, old, new))
    await query(db, workspace, "INSERT INTO company DEFAULT VALUES")
    assert await query(db, workspace, "SELECT employees, pg_typeof(employees)::text FROM company ORDER BY 1") == [
        (1, "bigint"),
        (12, "bigint"),
    ]


async def test_what_a_deletion_does_to_those_who_refer(db: Database, workspace: Workspace) -> None:
    (company_id,) = await query(db, workspace, "INSERT INTO company DEFAULT VALUES RETURNING id")
    await query(db, workspace, 'INSERT INTO person ("companyId") VALUES ($1)', company_id)
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await query(db, workspace, 'INSERT INTO person ("companyId") VALUES ($1)', uuid4())
    await query(db, workspace, "DELETE FROM company")
    assert await query(db, workspace, 'SELECT "companyId" FROM person') == [None]


async def test_indexes_come_and_go(db: Database, workspace: Workspace) -> None:
    model = await load(db, workspace)
    company = model.by_singular["company"]
    parts = [(company.field_by_name["address"], "addressCity"), (company.field_by_name["name"], None)]
    index = new_index(company, parts, new_id=lambda _: uuid4(), now=NOW, is_custom=True)
    await run(db, workspace, ddl.create_index(company, index))
    (definition,) = await query(db, workspace, "SELECT indexdef FROM pg_indexes WHERE indexname = $1", index.name)
    assert definition.endswith('company USING btree ("addressAddressCity", name)')
    await run(db, workspace, ddl.drop_field(company, company.field_by_name["address"]))
    await run(db, workspace, ddl.drop_index(index))
    assert await query(db, workspace, "SELECT FROM pg_indexes WHERE indexname = $1", index.name) == []


async def test_dropping_a_table_leaves_no_constraint_behind(db: Database, workspace: Workspace) -> None:
    model, object_type = await add_rocket(db, workspace)
    statements = []
    for owner, field in model.references_to(object_type):
        remaining = msgspec.structs.replace(owner, fields=tuple(f for f in owner.fields if f.id != field.id))
        statements += ddl.drop_field(remaining, field)
    await run(db, workspace, [*statements, *ddl.drop_table(object_type)])
    assert await query(db, workspace, "SELECT to_regclass('rocket')::text") == [None]
    assert "targetRocketId" not in {row[0] for row in await query(db, workspace, COLUMNS, "attachment")}


async def test_long_names_get_constraints_of_their_own(db: Database, workspace: Workspace) -> None:
    model, object_type = await add_rocket(db, workspace)
    for last in "xy":
        field = field_of(object_type, name="a" * 62 + last, type="SELECT", options=options(*COLORS))
        model, object_type = with_field(model, object_type, field)
        await run(db, workspace, ddl.add_field(model, object_type, field))
    checks = [name for name, _ in await query(db, workspace, CONSTRAINTS, "rocket") if name.endswith("_check")]
    assert len({name for name in checks if name.startswith("aaa")}) == 2


PERSON = """
INSERT INTO person (
    "nameFirstName", "nameLastName", "emailsPrimaryEmail", "emailsAdditionalEmails", "phonesPrimaryPhoneNumber",
    "phonesPrimaryPhoneCountryCode", "phonesPrimaryPhoneCallingCode", "phonesAdditionalPhones", "jobTitle"
) VALUES (
    'Adà', 'King', 'ada@acme.example', '["x@y.example"]', '612345678', 'FR', '+33',
    '[{"number": "611111111", "callingCode": "+33", "countryCode": "FR"}]', 'CTO'
) RETURNING "searchVector"::text
"""


async def test_the_search_vector_has_the_words_of_the_searchable_fields(db: Database, workspace: Workspace) -> None:
    assert await query(db, workspace, PERSON) == [
        "'0612345678':18 '33':15,20 '33612345678':16,17 '611111111':19 '612345678':14 'acme':4,6 'ada':1,3 'cto':22"
        " 'example':5,7,10,13 'fr':21 'king':2 'x':8,11 'y':9,12"
    ]
    company = (
        'INSERT INTO company (name, "domainNamePrimaryLinkLabel", "domainNamePrimaryLinkUrl",'
        " \"domainNameSecondaryLinks\") VALUES ('Acme', 'Shop', 'https://acme.example',"
        ' \'[{"url": "https://b.example", "label": "Bee"}]\') RETURNING "searchVector"::text'
    )
    assert await query(db, workspace, company) == ["'acme':1,3 'b':5 'bee':7 'example':4,6 'shop':2"]
    note = """INSERT INTO note (title, "bodyV2Markdown", "bodyV2Blocknote") VALUES ('N81', 'hello', '[{"no": 1}]')"""
    assert await query(db, workspace, f'{note} RETURNING "searchVector"::text') == ["'hello':2 'n81':1"]
    assert await query(db, workspace, 'INSERT INTO person DEFAULT VALUES RETURNING "searchVector"::text') == [""]


async def test_the_search_vector_follows_the_searchable_fields(db: Database, workspace: Workspace) -> None:
    model, object_type = await add_rocket(db, workspace)
    await query(db, workspace, "INSERT INTO rocket (name) VALUES ('Ariane')")
    motto = field_of(object_type, name="motto", type="TEXT", default_value="'Per aspera'", is_searchable=True)
    model, with_motto = with_field(model, object_type, motto)
    added = [
        *search_words.refresh(object_type, with_motto),
        *ddl.add_field(model, with_motto, motto),
        *search_words.keep(with_motto),
    ]
    await run(db, workspace, added)
    vector = 'SELECT "searchVector"::text FROM rocket'
    assert await query(db, workspace, vector) == ["'ariane':1 'aspera':3 'per':2"]
    dropped = [
        *search_words.refresh(with_motto, object_type),
        *search_words.keep(object_type),
        *ddl.drop_field(object_type, motto),
    ]
    await run(db, workspace, dropped)
    assert await query(db, workspace, vector) == ["'ariane':1"]
    gin = "SELECT count(*) FROM pg_indexes WHERE schemaname = $1 AND tablename = 'rocket' AND indexdef LIKE '%gin%'"
    assert await query(db, workspace, gin, workspace.schema) == [1]
