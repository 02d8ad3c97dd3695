"""Relations that are given as `connect`: the records that they mean are looked up by a unique key."""

from collections.abc import Iterable

import asyncpg
import msgspec

from threescore.db.pool import Database
from threescore.errors import BadRequest
from threescore.model.objects import Model
from threescore.query.compile.scope import q, table
from threescore.records.failures import explain
from threescore.records.input import Connect, Input


async def resolve_connects(database: Database, model: Model, given: Input) -> None:
    """Puts the ids of the meant records into the rows, with one statement for each kind of key.

    Raises BadRequest, with the index of the record at fault, where a key means no record.
    """
    by_key: dict[tuple[str, tuple[str, ...]], list[Connect]] = {}
    for connect in given.connects:
        columns = tuple(leaf.column for leaf in connect.key)
        by_key.setdefault((connect.target.name_singular, columns), []).append(connect)
    for (name, columns), connects in by_key.items():
        found = await _found(database, table(model, model.by_singular[name].table), columns, connects)
        for place, connect in enumerate(connects, start=1):
            if place not in found:
                values = ", ".join(f"{column} = {connect.values[column]}" for column in columns)
                raise BadRequest(
                    f"Expected 1 record to connect to {connect.field.name}, but found 0 for {values}",
                    index=connect.place,
                )
            assert connect.field.join_column is not None
            given.rows[connect.place][connect.field.join_column] = found[place]


async def _found(database: Database, name: str, columns: Iterable[str], connects: list[Connect]) -> dict[int, str]:
    """The ids of the live records meant, by the place of the connect, counted from 1."""
    same = " AND ".join(f"t.{q(column)} = r.{q(column)}" for column in columns)
    sql = (
        f"SELECT e.place, t.id::text AS id FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS e(row, place)"
        f" CROSS JOIN LATERAL jsonb_populate_record(NULL::{name}, e.row) r"
        f' JOIN {name} t ON {same} WHERE t."deletedAt" IS NULL'
    )
    try:
        rows = await database.fetch(sql, msgspec.json.encode([connect.values for connect in connects]).decode())
    except asyncpg.PostgresError as error:
        raise explain(error, connects[0].target) from error
    return {row["place"]: row["id"] for row in rows}
