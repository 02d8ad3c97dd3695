"""The SQL of the field types, against PostgreSQL: what is stored, how it is shown, found and ordered."""

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from tests.model.field_factory import ROCKET, written
from tests.model.test_fields_filters import leaf_of
from tests.model.test_fields_input import ACCEPTED, BIG
from threescore.db.pool import Connection, Database
from threescore.errors import BadRequest
from threescore.model.fields import Json, Leaf, Row
from threescore.model.objects import Field
from threescore.sql import quote_identifier as q

pytestmark = pytest.mark.anyio

STORED = [field for field in ROCKET.values() if field.kind.writable and field.leaves]


def column_definition(leaf: Leaf) -> str:
    column = q(leaf.column)
    default = leaf.type.column_default(leaf)
    check = leaf.type.column_check(leaf, column)
    return " ".join(
        (
            f"{column} {leaf.type.column_type(leaf)}",
            f"DEFAULT {default}" if default else "",
            f"CHECK ({check})" if check else "",
        )
    )


@pytest.fixture
async def connection(db: Database) -> AsyncIterator[Connection]:
    """A connection with a table `t` that has the columns of every field."""
    columns = ", ".join(column_definition(leaf) for field in STORED for leaf in field.leaves)
    vector = "to_tsvector('simple', coalesce(\"codeName\", ''))"
    async with db.acquire() as connection:
        await connection.execute(
            f"CREATE TEMP TABLE t (n bigint GENERATED ALWAYS AS IDENTITY, {columns},"
            f' "searchVector" tsvector GENERATED ALWAYS AS ({vector}) STORED)'
        )
        yield connection
        await connection.execute("DROP TABLE t")


async def insert(connection: Connection, row: Row) -> None:
    names = ", ".join(map(q, row))
    await connection.execute(
        f"INSERT INTO t ({names}) SELECT {names} FROM json_populate_record(null::t, $1)", json.dumps(row).encode()
    )


async def shown(connection: Connection, field: Field) -> list[Json]:
    sql = field.kind.json_object(field, {leaf.sub_field: f"t.{q(leaf.column)}" for leaf in field.leaves})
    rows = await connection.fetch(f"SELECT row_to_json(x) AS j FROM (SELECT {sql} AS value FROM t ORDER BY n) x")
    return [json.loads(row["j"])["value"] for row in rows]


async def test_what_is_accepted_can_be_stored_and_read(connection: Connection) -> None:
    count = 0
    for name, value, _ in ACCEPTED:
        row = written(ROCKET[name], value)
        if row and value not in ("first", "last"):
            await insert(connection, row)
            count += 1
            assert len(await shown(connection, ROCKET[name])) == count


SHOWN: list[tuple[str, Json, Json]] = [
    ("codeName", "", ""),
    ("codeName", 'it\'s \\ "x" é😀', 'it\'s \\ "x" é😀'),
    ("thrust", 12.5, 12.5),
    ("thrust", 1e300, 1e300),
    ("odometer", 9007199254740991, 9007199254740991),
    ("odometer", BIG, str(BIG)),
    ("odometer", -BIG, str(-BIG)),
    ("odometer", None, None),
    ("stages", 2.0, 2),
    ("reusable", False, False),
    ("builtOn", "Jan 31, 2024", "2024-01-31"),
    ("builtOn", "0001-01-01", "0001-01-01"),
    ("launchAt", "2024-05-06T07:08:09.123Z", "2024-05-06T07:08:09.123Z"),
    ("launchAt", "2024-05-06", "2024-05-06T00:00:00.000Z"),
    ("launchAt", "0001-01-01", "0001-01-01T00:00:00.000Z"),
    ("launchAt", "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
    ("launchAt", None, None),
    ("tags", None, []),
    ("tags", ["HEAVY", "HEAVY"], ["HEAVY", "HEAVY"]),
    ("nicknames", None, []),
    ("nicknames", ["a", ""], ["a", ""]),
    ("telemetry", {}, None),
    ("telemetry", {"a": [1, 2], "b": None}, {"a": [1, 2], "b": None}),
    ("price", {"amountMicros": "2500000"}, {"amountMicros": 2500000, "currencyCode": None}),
    ("price", {"amountMicros": BIG, "currencyCode": "EUR"}, {"amountMicros": str(BIG), "currencyCode": "EUR"}),
    ("pilot", {"lastName": "A"}, {"firstName": "", "lastName": "A"}),
    ("contactEmails", {}, {"primaryEmail": "", "additionalEmails": []}),
    (
        "contactEmails",
        {"primaryEmail": "A@b.example", "additionalEmails": ["c@d.example"]},
        {"primaryEmail": "a@b.example", "additionalEmails": ["c@d.example"]},
    ),
    (
        "contactPhones",
        {"primaryPhoneNumber": "+33612345678", "additionalPhones": [{"number": "+14155552671"}]},
        {
            "primaryPhoneNumber": "612345678",
            "primaryPhoneCountryCode": "FR",
            "primaryPhoneCallingCode": "+33",
            "additionalPhones": [{"number": "4155552671", "callingCode": "+1", "countryCode": "US"}],
        },
    ),
    (
        "website",
        {"primaryLinkUrl": "https://a.example/"},
        {"primaryLinkLabel": "", "primaryLinkUrl": "https://a.example", "secondaryLinks": []},
    ),
    (
        "padAddress",
        {"addressCity": "P", "addressLat": "48.850", "addressLng": 2.35},
        {
            "addressStreet1": "",
            "addressStreet2": "",
            "addressCity": "P",
            "addressPostcode": "",
            "addressState": "",
            "addressCountry": "",
            "addressLat": 48.85,
            "addressLng": 2.35,
        },
    ),
    ("story", {"markdown": None}, {"blocknote": None, "markdown": ""}),
    ("story", {"blocknote": "[]", "markdown": "m"}, {"blocknote": "[]", "markdown": "m"}),
    (
        "captain",
        {"source": "MANUAL", "name": "Zed"},
        {"source": "MANUAL", "workspaceMemberId": None, "name": "Zed", "context": None},
    ),
    (
        "createdBy",
        {"source": "IMPORT", "name": "I", "context": {"provider": "x"}},
        {"source": "IMPORT", "workspaceMemberId": None, "name": "I", "context": {"provider": "x"}},
    ),
    ("docs", [], None),
]


async def test_how_values_are_shown(connection: Connection) -> None:
    for name, value, output in SHOWN:
        row = written(ROCKET[name], value)
        await insert(connection, row or {ROCKET[name].leaves[0].column: None})
        *_, found = await shown(connection, ROCKET[name])
        # As text: the same keys in the same order, and the same kinds of numbers.
        assert json.dumps(found) == json.dumps(output), (name, value)


async def test_a_nullable_actor_without_anything_in_it_is_null(connection: Connection) -> None:
    await insert(
        connection, {"captainSource": None, "captainName": None, "createdBySource": None, "createdByName": None}
    )
    assert await shown(connection, ROCKET["captain"]) == [None]
    assert await shown(connection, ROCKET["createdBy"]) == [
        {"source": None, "workspaceMemberId": None, "name": "", "context": None}
    ]


async def test_the_defaults_of_the_database_are_those_of_rows(connection: Connection) -> None:
    await connection.execute('INSERT INTO t ("codeName") VALUES (NULL)')
    row: Row = {}
    for field in STORED:
        field.kind.default_row(field, row)
    assert row["status"] == "IDLE"
    stored = await connection.fetchrow(f"SELECT {', '.join(map(q, row))} FROM t")
    assert stored is not None
    assert dict(stored) == row


async def test_the_database_refuses_what_is_no_option(connection: Connection) -> None:
    rows: list[Row] = [{"status": "NOPE"}, {"tags": ["NOPE"]}, {"captainSource": "NOPE"}, {"priceAmountMicros": 1.5}]
    for row in rows:
        with pytest.raises(Exception, match="check constraint"):
            await insert(connection, row)


async def matches(connection: Connection, leaf: Leaf, operator: str, value: Json) -> list[int]:
    """The numbers of the rows that a filter finds."""
    column = f"t.{q(leaf.column)}"
    operand = None if operator == "is" else leaf.type.operand(leaf, operator, value)
    asks_for_null = value == "NULL" if operator == "is" else leaf.type.asks_for_null(operator, operand)
    if asks_for_null is not None:
        condition = leaf.type.is_null(leaf, column)
        rows = await connection.fetch(
            f"SELECT n FROM t WHERE {condition if asks_for_null else f'NOT ({condition})'} ORDER BY n"
        )
    else:
        slot = f"$1::{leaf.type.slot_type(leaf, operator, operand)}"
        condition = leaf.type.predicate(leaf, operator, column, slot)
        rows = await connection.fetch(f"SELECT n FROM t WHERE {condition} ORDER BY n", operand)
    return [row["n"] for row in rows]


VALUES: dict[str, list[Any]] = {
    "codeName": ["Q21", "q3_", "", "100%"],
    "campaign": ["", "x", "", "y"],
    "thrust": [1.5, 12.5, None, 3],
    "stages": [1, 2, None, 9007199254740993],
    "price": [{"amountMicros": 5}, {"amountMicros": 10**20}, {}, {"amountMicros": -1}],
    "reusable": [True, False, None, True],
    "builtOn": ["2024-02-01", "2024-03-01", None, "2024-04-01"],
    "launchAt": ["2024-02-01T00:00:00.001Z", "2024-03-01", None, "2024-04-01"],
    "extId": [
        "44444444-4444-4444-8444-444444444441",
        "44444444-4444-4444-8444-444444444442",
        None,
        "44444444-4444-4444-8444-444444444444",
    ],
    "status": ["READY", "IDLE", None, "FLOWN"],
    "tags": [["HEAVY"], ["CREWED", "HEAVY"], [], ["CREWED"]],
    "nicknames": [["n1", "big"], ["N1x"], [], [""]],
    "telemetry": [{"n": 3}, [1], None, {"a": "3"}],
    "contactEmails": [{"additionalEmails": ["alt21@f.example"]}, {"primaryEmail": "a@b.example"}, None, {}],
    "captain": [{"source": "API"}, {"source": "MANUAL"}, {"source": None}, {"source": "EMAIL"}],
}


FILTERS: list[tuple[str, str, Json, list[int]]] = [
    ("codeName", "eq", "Q21", [1]),
    ("codeName", "eq", "", [3]),
    ("codeName", "neq", "Q21", [2, 4]),
    ("codeName", "in", ["Q21", ""], [1]),
    ("codeName", "gte", "Q21", [1, 2]),
    ("codeName", "like", "Q2%", [1]),
    ("codeName", "like", "", [3]),
    ("codeName", "like", "%\\", []),
    ("codeName", "like", "q3\\_", [2]),
    ("codeName", "ilike", "q%", [1, 2]),
    ("codeName", "startsWith", "q", [2]),
    ("codeName", "startsWith", "q3_", [2]),
    ("codeName", "startsWith", "100%", [4]),
    ("codeName", "endsWith", "1", [1]),
    ("codeName", "endsWith", "_", [2]),
    ("codeName", "regex", "^Q[0-9]+$", [1]),
    ("codeName", "iregex", "^q", [1, 2]),
    ("codeName", "is", "NULL", [3]),
    ("codeName", "is", "NOT_NULL", [1, 2, 4]),
    ("campaign", "is", "NULL", [1, 3]),
    ("campaign", "eq", "", [1, 3]),
    ("thrust", "eq", "1.5", [1]),
    ("thrust", "gt", 2, [2, 4]),
    ("thrust", "in", ["1.5", "3"], [1, 4]),
    ("thrust", "neq", 1.5, [2, 4]),
    ("stages", "eq", "1.5", []),
    ("stages", "gt", "1.5", [2, 4]),
    ("stages", "eq", "9007199254740993", [4]),
    ("stages", "lt", "1e300", [1, 2, 4]),
    ("stages", "in", [1, 2.5], [1]),
    ("price.amountMicros", "gt", "5", [2]),
    ("price.amountMicros", "eq", str(10**20), [2]),
    ("reusable", "eq", "true", [1, 4]),
    ("builtOn", "eq", "2024-02-01", [1]),
    ("builtOn", "in", ["2024-02-01", "2024-03-01"], [1, 2]),
    ("launchAt", "eq", "2024-02-01T00:00:00.001Z", [1]),
    ("launchAt", "lt", "2024-03-01", [1]),
    ("launchAt", "in", ["2024-03-01"], [2]),
    ("extId", "eq", "44444444-4444-4444-8444-444444444441", [1]),
    ("extId", "in", ["44444444-4444-4444-8444-444444444441", "44444444-4444-4444-8444-444444444442"], [1, 2]),
    ("status", "eq", "READY", [1]),
    ("status", "neq", "READY", [2, 4]),
    ("status", "in", ["READY", "FLOWN"], [1, 4]),
    ("status", "gt", "IDLE", [1, 4]),
    ("status", "lte", "READY", [1, 2]),
    ("status", "isEmptyArray", True, [3]),
    ("status", "isEmptyArray", False, [1, 2, 4]),
    ("tags", "containsAny", ["HEAVY"], [1, 2]),
    ("tags", "containsAny", ["HEAVY", "CREWED"], [1, 2, 4]),
    ("tags", "containsAny", ["NOPE"], []),
    ("tags", "is", "NULL", [3]),
    ("tags", "isEmptyArray", True, [3]),
    ("tags", "isEmptyArray", False, [1, 2, 4]),
    ("nicknames", "containsIlike", "%n1%", [1, 2]),
    ("nicknames", "is", "NULL", [3]),
    ("nicknames", "isEmptyArray", True, [3]),
    ("telemetry", "like", "%3%", [1, 4]),
    ("telemetry", "is", "NOT_NULL", [1, 2, 4]),
    ("contactEmails.additionalEmails", "like", "%alt21%", [1]),
    ("contactEmails.additionalEmails", "is", "NOT_NULL", [1]),
    ("captain.source", "eq", "API", [1]),
    ("captain.source", "gte", "API", [1, 2]),
    ("searchVector", "eq", "'q21':1", [1]),
    ("searchVector", "neq", "'q21':1", [2, 3, 4]),
    ("searchVector", "search", "q2", [1]),
    ("searchVector", "search", "", [1, 2, 3, 4]),
]


async def test_filters(connection: Connection) -> None:
    for place in range(4):
        row: Row = {}
        for name, values in VALUES.items():
            row.update(written(ROCKET[name], values[place]))
        await insert(connection, row)
    for path, operator, value, rows in FILTERS:
        assert await matches(connection, leaf_of(path), operator, value) == rows, (path, operator, value)


@pytest.mark.parametrize(
    ("path", "order"),
    [
        ("status", [2, 1, 4]),
        ("builtOn", [1, 2, 4]),
        ("stages", [1, 2, 4]),
        ("captain.source", [4, 1, 2]),
        ("extId", [1, 2, 4]),
    ],
)
async def test_order_and_cursors_agree(connection: Connection, path: str, order: Sequence[int]) -> None:
    leaf = leaf_of(path)
    for item in VALUES[path.split(".")[0]]:
        await insert(connection, written(leaf.field, item))
    column = f"t.{q(leaf.column)}"
    key = leaf.type.sort_key(leaf, column)
    rows = await connection.fetch(
        f"SELECT n, to_json({leaf.type.json(leaf, column)}) AS shown FROM t WHERE {column} IS NOT NULL ORDER BY {key}"
    )
    assert [row["n"] for row in rows] == order
    cursor = leaf.type.from_cursor(leaf, json.loads(rows[0]["shown"]))
    slot = leaf.type.sort_key(leaf, f"$1::{leaf.type.slot_type(leaf, 'eq')}")
    after = await connection.fetch(f"SELECT n FROM t WHERE {key} > {slot} ORDER BY {key}", cursor)
    assert [row["n"] for row in after] == order[1:]


async def test_every_leaf_can_be_ordered_and_paged(connection: Connection) -> None:
    await insert(connection, {"codeName": "x", "tags": ["HEAVY"], "nicknames": ["a"], "telemetry": {"a": 1}})
    for field in ROCKET.values():
        for leaf in field.leaves:
            column = f"t.{q(leaf.column)}"
            row = await connection.fetchrow(f"SELECT to_json({leaf.type.json(leaf, column)}) AS shown FROM t")
            assert row is not None
            try:
                cursor = leaf.type.from_cursor(leaf, json.loads(row["shown"] or "null"))
            except BadRequest as error:
                pytest.fail(f"{leaf.path}: {error.message}")
            key = leaf.type.sort_key(leaf, column)
            slot = leaf.type.sort_key(leaf, f"$1::{leaf.type.slot_type(leaf, 'eq')}")
            assert not await connection.fetch(f"SELECT n FROM t WHERE {key} > {slot} ORDER BY {key}", cursor)
