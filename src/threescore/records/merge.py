"""Merging: records become one of them, which takes over what the others hold and what refers to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import asyncpg
import msgspec

from threescore.db.pool import Connection
from threescore.errors import BadRequest, NotFound
from threescore.model.fields.base import Row
from threescore.model.objects import ObjectType
from threescore.query import plan as plans
from threescore.query.plan import Selection
from threescore.records.caller import Caller
from threescore.records.failures import explain
from threescore.records.runner import Runner, encode, write_arguments

MAX_MERGED = 9
INVALID_INPUT = "INVALID_QUERY_INPUT"

_decode_exactly = msgspec.json.Decoder(float_hook=Decimal).decode


@dataclass(frozen=True)
class Merge:
    """Who merges which records: `losers` are destroyed, in whose order their values count."""

    caller: Caller
    object_type: ObjectType
    survivor: str
    losers: Sequence[str]

    async def run(self, runner: Runner, selection: Selection, *, dry_run: bool) -> bytes:
        """The survivor, in a JSON list, as it is afterwards. A dry run leaves everything as it was.

        Raises NotFound where a record is missing, and errors of ours for what the database refuses.
        """
        try:
            async with runner.database.transaction() as connection:
                records = await self._write(runner, connection, selection)
                if dry_run:
                    raise _DryRun(records)
        except _DryRun as result:
            return result.records
        except asyncpg.PostgresError as error:
            raise explain(error, self.object_type) from error
        return records

    async def _write(self, runner: Runner, connection: Connection, selection: Selection) -> bytes:
        name = self.object_type.name_singular
        stored = await self._locked(runner, connection)
        row = merged_row(self.object_type, [stored[self.survivor], *(stored[i] for i in self.losers)], self.losers)
        begin = write_arguments(self.caller)
        await runner.inside(connection, self.caller, plans.Absorb(name), [*begin, self.survivor, self.losers])
        change = plans.Update(name, tuple(sorted(row)), selection, plans.by_id(4), 1)
        answer = await runner.inside(connection, self.caller, change, [*begin, encode(row), self.survivor])
        records: bytes = answer["records"]
        return records

    async def _locked(self, runner: Runner, connection: Connection) -> dict[str, Row]:
        """The live records by id as rows of their table, locked. Raises NotFound when one is missing."""
        lock = plans.Lock(self.object_type.name_singular)
        rows = await runner.all_inside(connection, self.caller, lock, [[self.survivor, *self.losers]])
        if len(rows) != 1 + len(self.losers):
            raise NotFound("Record not found")
        return {row["id"]: _decode_exactly(row["row"]) for row in rows}


class _DryRun(Exception):
    """Undoes the transaction of a merge that was only to be looked at."""

    def __init__(self, records: bytes) -> None:
        super().__init__()
        self.records = records


def check_merge(object_type: ObjectType, ids: Sequence[str], priority: int) -> None:
    """Raises BadRequest, or NotFound for a record that is named twice."""
    if not object_type.duplicate_criteria:
        raise BadRequest(
            "Merge is only available for objects with duplicate criteria. Object"
            f" '{object_type.name_singular}' does not have duplicate criteria defined.",
            sub_code=INVALID_INPUT,
        )
    if len(ids) < 2:
        raise BadRequest("At least 2 record IDs are required for merge", sub_code=INVALID_INPUT)
    if len(ids) > MAX_MERGED:
        raise BadRequest(f"Maximum {MAX_MERGED} records can be merged at once", sub_code=INVALID_INPUT)
    if not 0 <= priority < len(ids):
        raise BadRequest(
            f"Invalid conflict priority '{priority}'. Valid options for {len(ids)} records: 0-{len(ids) - 1}",
            sub_code=INVALID_INPUT,
        )
    if len({UUID(i) for i in ids}) != len(ids):
        raise NotFound("Record not found")


def merged_row(object_type: ObjectType, rows: Sequence[Row], losers: Sequence[str]) -> Row:
    """The change to the survivor. `rows` are the stored rows, the survivor's first, then in the order that was given.

    System fields are left alone; each field type says how its values go together.
    """
    merged: Row = {}
    for field in object_type.fields:
        if field.leaves and field.kind.writable and not field.is_system:
            field.kind.merge(field, rows, merged)
            if field.join_column is not None and merged.get(field.join_column) in losers:
                merged[field.join_column] = None
    return merged


def preview(record: bytes) -> bytes:
    """A record that is not there: under an id of its own, and deleted."""
    shown = _decode_exactly(record)
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return encode(shown | {"id": str(uuid4()), "deletedAt": now})
