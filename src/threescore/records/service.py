"""The service that all doors use for records: it turns wishes into plans, runs them, and answers with JSON bytes."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
from msgspec import Struct

from threescore.catalog.state import Stale
from threescore.db.pool import Connection, Database, Record
from threescore.errors import BadRequest, NotFound
from threescore.model.fields.base import Json, Row
from threescore.model.objects import ObjectType
from threescore.query import plan as plans
from threescore.query.compile import compile_plan
from threescore.query.compile.scope import table
from threescore.query.filters import bind_filter, live_unless_asked
from threescore.query.ordering import bind_cursor, bind_order
from threescore.query.plan import Selection
from threescore.records.caller import Caller
from threescore.records.connect import resolve_connects
from threescore.records.failures import PASSING_ERRORS, explain
from threescore.records.input import Input, reader
from threescore.records.merge import merged_row

EMPTY_LIST = b"[]"
MAX_MERGED = 9
MAX_DUPLICATES = 200
ATTEMPTS = 3
"""How often a statement is tried that collides with others, such as two upserts of the same new record."""

encode = msgspec.json.Encoder().encode

Where = tuple[tuple[str, ...], str]
"""A path and a direction to order by."""


class Page(Struct, frozen=True):
    """A page of a list. `records` is a JSON list; cursors are None on an empty page."""

    records: bytes
    total: int | None
    first: str | None
    last: str | None
    more_after: bool
    more_before: bool


class Records:
    """Reads and writes the records of any workspace."""

    def __init__(self, database: Database, batch_limit: int) -> None:
        self._database = database
        self.batch_limit = batch_limit

    # Reads

    async def find_one(self, caller: Caller, object_type: ObjectType, selection: Selection, record_id: str) -> bytes:
        """One live record. Raises NotFound."""
        row = await self._run(caller, plans.FindOne(object_type.name_singular, selection), [record_id], object_type)
        record: bytes | None = row["record"]
        if record is None:
            raise NotFound("Record not found")
        return record

    async def find_many(
        self,
        caller: Caller,
        object_type: ObjectType,
        selection: Selection,
        *,
        filter: Mapping[str, Any] | None,
        order: Sequence[Where],
        limit: int,
        after: Mapping[str, Any] | None = None,
        before: Mapping[str, Any] | None = None,
    ) -> Page:
        """A page of records. Raises BadRequest."""
        if after is not None and before is not None:
            raise BadRequest("Cannot provide both before and after")
        arguments: list[Any] = []
        bound = live_unless_asked(filter, bind_filter(caller.model, object_type, filter, arguments))
        terms = bind_order(caller.model, object_type, order)
        cursor = None
        start = after if after is not None else before
        if start is not None:
            cursor = bind_cursor(caller.model, object_type, terms, start, arguments, before=after is None)
        arguments.append(limit)
        page = plans.PageOf(bound, terms, plans.at_most(limit), len(arguments) - 1, cursor)
        plan = plans.FindMany(object_type.name_singular, selection, page)
        row = await self._run(caller, plan, arguments, object_type)
        more = bool(row["more"])
        return Page(
            records=row["records"] or EMPTY_LIST,
            total=row["total"],
            first=row["first"],
            last=row["last"],
            more_after=more if before is None else False,
            more_before=more if before is not None else False,
        )

    async def find_duplicates(
        self,
        caller: Caller,
        object_type: ObjectType,
        parts: tuple[plans.ConnectionPart | plans.Records, ...],
        *,
        ids: Sequence[str] | None,
        data: Sequence[Json] | None,
    ) -> list[bytes]:
        """For each input the live records that resemble it, as `parts` show them. Unknown ids are left out.

        Raises BadRequest.
        """
        argument: Any
        if ids is not None:
            argument = list(ids)
        else:
            given = reader(caller.model, object_type).read(data or [], caller)
            argument = encode(given.rows).decode()
        plan = plans.Duplicates(object_type.name_singular, parts, MAX_DUPLICATES, stored=ids is not None)
        rows = await self._all(caller, plan, [argument], object_type)
        return [row["connection"] for row in rows if row["place"] is not None]

    async def group(self, caller: Caller, plan: plans.Group, arguments: list[Any]) -> bytes:
        """Groups as a JSON list."""
        object_type = caller.model.by_singular[plan.object]
        row = await self._run(caller, plan, arguments, object_type)
        groups: bytes = row["groups"]
        return groups

    # Writes

    async def create(
        self, caller: Caller, object_type: ObjectType, selection: Selection, records: Sequence[Json]
    ) -> bytes:
        """New records, all or none, in the order of the input. Raises BadRequest with the index of the one at fault."""
        self._check_batch(records, "create")
        given = await self._read(caller, object_type, records)
        if not given.rows:
            return EMPTY_LIST
        reader(caller.model, object_type).complete(given, caller)
        plan = plans.Create(object_type.name_singular, given.columns, selection)
        arguments = [*_versions(caller), encode(given.rows)]
        row = await self._run(caller, plan, arguments, object_type, given.rows)
        return row["records"] or EMPTY_LIST

    async def upsert(
        self, caller: Caller, object_type: ObjectType, selection: Selection, records: Sequence[Json]
    ) -> bytes:
        """New or changed records, all or none, in the order of the input; matched soft-deleted ones are restored.

        Raises BadRequest with the index of the record at fault.
        """
        self._check_batch(records, "upsert")
        given = await self._read(caller, object_type, records)
        if not given.rows:
            return EMPTY_LIST
        rows = reader(caller.model, object_type)
        columns = rows.prepare_upsert(given, caller)
        plan = plans.Upsert(object_type.name_singular, columns, selection)
        arguments = [*_versions(caller), encode(given.rows).decode(), encode(rows.defaults()).decode()]
        for attempt in range(ATTEMPTS):
            try:
                row = await self._run(caller, plan, arguments, object_type, given.rows)
                break
            except BadRequest as error:
                # Somebody else may have created the same record since we looked: look again.
                if not isinstance(error.__cause__, asyncpg.UniqueViolationError) or attempt == ATTEMPTS - 1:
                    raise
        if row["ambiguous"]:
            raise _ambiguous(object_type, given.rows, row["ambiguous"][0] - 1)
        return row["records"] or EMPTY_LIST

    async def update_one(
        self, caller: Caller, object_type: ObjectType, selection: Selection, record_id: str, record: Json
    ) -> bytes:
        """Changes one record, soft-deleted or not. Raises NotFound, BadRequest."""
        arguments = [*_versions(caller), None, record_id]
        return _only(await self._update(caller, object_type, selection, _by_id(4), arguments, 1, record))

    async def update_many(
        self,
        caller: Caller,
        object_type: ObjectType,
        selection: Selection,
        filter: Mapping[str, Any] | None,
        record: Json,
    ) -> bytes:
        """The same change to all that the filter finds. Raises BadRequest without a filter, or for too many matches."""
        if not filter:
            raise BadRequest(
                "Filters are mandatory for bulk update operations. Please provide at least one filter to prevent"
                " accidental changes of all records; id[is]:NOT_NULL stands for all of them."
            )
        arguments = [*_versions(caller), None]
        bound = bind_filter(caller.model, object_type, filter, arguments)
        return await self._update(caller, object_type, selection, bound, arguments, self.batch_limit, record)

    async def soft_delete_one(
        self, caller: Caller, object_type: ObjectType, selection: Selection, record_id: str
    ) -> bytes:
        """Marks one record as deleted. Raises NotFound."""
        arguments = [*_versions(caller), record_id]
        return _only(await self._mark(caller, plans.SoftDelete, object_type, selection, _by_id(3), arguments, 1))

    async def restore_one(self, caller: Caller, object_type: ObjectType, selection: Selection, record_id: str) -> bytes:
        """Takes one record back from the deleted ones. Raises NotFound."""
        arguments = [*_versions(caller), record_id]
        return _only(await self._mark(caller, plans.Restore, object_type, selection, _by_id(3), arguments, 1))

    async def soft_delete_many(
        self, caller: Caller, object_type: ObjectType, selection: Selection, filter: Mapping[str, Any] | None
    ) -> bytes:
        """Marks all that the filter finds as deleted. Raises BadRequest without a filter, or for too many matches."""
        arguments = _versions(caller)
        bound = self._mandatory(caller, object_type, filter, arguments, "delete")
        return await self._mark(caller, plans.SoftDelete, object_type, selection, bound, arguments, self.batch_limit)

    async def restore_many(
        self, caller: Caller, object_type: ObjectType, selection: Selection, filter: Mapping[str, Any] | None
    ) -> bytes:
        """Takes all that the filter finds back from the deleted ones. Raises BadRequest as `soft_delete_many` does."""
        arguments = _versions(caller)
        bound = self._mandatory(caller, object_type, filter, arguments, "restore")
        return await self._mark(caller, plans.Restore, object_type, selection, bound, arguments, self.batch_limit)

    async def destroy_one(self, caller: Caller, object_type: ObjectType, selection: Selection, record_id: str) -> bytes:
        """Removes one record for good, soft-deleted or not, and shows it as it was. Raises NotFound."""
        arguments = [*_versions(caller), record_id]
        return _only(await self._destroy(caller, object_type, selection, _by_id(3), arguments, 1))

    async def destroy_many(
        self, caller: Caller, object_type: ObjectType, selection: Selection, filter: Mapping[str, Any] | None
    ) -> bytes:
        """Removes all that the filter finds for good, and shows them. Raises BadRequest as `soft_delete_many` does."""
        arguments = _versions(caller)
        bound = self._mandatory(caller, object_type, filter, arguments, "destroy")
        return await self._destroy(caller, object_type, selection, bound, arguments, self.batch_limit)

    async def merge(
        self,
        caller: Caller,
        object_type: ObjectType,
        selection: Selection,
        ids: Sequence[str],
        priority: int,
        *,
        dry_run: bool,
    ) -> bytes:
        """Merges records into the one at the place `priority`; the others are destroyed.

        A dry run changes nothing and shows what would be. Raises BadRequest, NotFound.
        """
        _check_merge(object_type, ids, priority)
        survivor, losers = ids[priority], [i for place, i in enumerate(ids) if place != priority]
        name = object_type.name_singular
        try:
            async with self._database.transaction() as connection:
                stored = await self._locked(caller, connection, object_type, ids)
                ordered = [stored[survivor], *(stored[i] for i in ids if i != survivor)]
                row = merged_row(object_type, ordered, frozenset(losers))
                absorb = plans.Absorb(name)
                await self._on(connection, caller, absorb, [*_versions(caller), survivor, losers], object_type)
                change = plans.Update(name, tuple(sorted(row)), selection, _by_id(4), 1)
                arguments = [*_versions(caller), encode(row), survivor]
                answer = await self._on(connection, caller, change, arguments, object_type)
                if dry_run:
                    raise _DryRun(answer["records"])
        except _DryRun as result:
            return _preview(_only(result.records))
        except asyncpg.PostgresError as error:
            raise explain(error, object_type) from error
        return _only(answer["records"])

    # Running

    async def _read(self, caller: Caller, object_type: ObjectType, records: Sequence[Json]) -> Input:
        given = reader(caller.model, object_type).read(records, caller)
        if given.connects:
            await resolve_connects(self._database, caller.model, given)
        return given

    def _check_batch(self, records: Sequence[Json], verb: str) -> None:
        if len(records) > self.batch_limit:
            raise BadRequest(f"Maximum number of records to {verb} is {self.batch_limit}.")

    def _mandatory(
        self,
        caller: Caller,
        object_type: ObjectType,
        filter: Mapping[str, Any] | None,
        arguments: list[Any],
        verb: str,
    ) -> plans.Filter:
        if not filter:
            raise BadRequest(
                f"Filters are mandatory for bulk {verb} operations. Please provide at least one filter to prevent"
                f" accidental {'restoration' if verb == 'restore' else 'deletion'} of all records."
            )
        return bind_filter(caller.model, object_type, filter, arguments)

    async def _update(
        self,
        caller: Caller,
        object_type: ObjectType,
        selection: Selection,
        bound: plans.Filter,
        arguments: list[Any],
        limit: int,
        record: Json,
    ) -> bytes:
        try:
            [row] = (await self._read(caller, object_type, [record])).rows
            await self._place_again(object_type, row, caller)
            arguments[3] = encode(row)
            plan = plans.Update(object_type.name_singular, tuple(sorted(row)), selection, bound, limit)
            answer = await self._run(caller, plan, arguments, object_type, [row])
        except BadRequest as error:
            error.index = None
            raise
        if answer["matched"] > limit:
            raise _too_many("update", limit)
        return answer["records"] or EMPTY_LIST

    async def _place_again(self, object_type: ObjectType, row: Row, caller: Caller) -> None:
        """Turns the words `first` and `last` in a change into numbers."""
        place = row.get("position")
        if place not in ("first", "last"):
            return
        end = 'coalesce(min("position"), 1) - 1' if place == "first" else 'coalesce(max("position"), 0) + 1'
        row["position"] = await self._database.fetchval(f"SELECT {end} FROM {table(caller.model, object_type.table)}")

    async def _mark(
        self,
        caller: Caller,
        kind: type[plans.SoftDelete] | type[plans.Restore],
        object_type: ObjectType,
        selection: Selection,
        bound: plans.Filter,
        arguments: list[Any],
        limit: int,
    ) -> bytes:
        plan = kind(object_type.name_singular, selection, bound, limit)
        answer = await self._run(caller, plan, arguments, object_type)
        if answer["matched"] > limit:
            raise _too_many("delete" if kind is plans.SoftDelete else "restore", limit)
        return answer["records"] or EMPTY_LIST

    async def _destroy(
        self,
        caller: Caller,
        object_type: ObjectType,
        selection: Selection,
        bound: plans.Filter,
        arguments: list[Any],
        limit: int,
    ) -> bytes:
        plan = plans.Destroy(object_type.name_singular, selection, bound, limit)
        answer = await self._run(caller, plan, arguments, object_type)
        if answer["matched"] > limit:
            raise _too_many("destroy", limit)
        return answer["records"] or EMPTY_LIST

    async def _run(
        self,
        caller: Caller,
        plan: plans.Plan,
        arguments: Sequence[Any],
        object_type: ObjectType,
        rows: Sequence[Row] = (),
    ) -> Record:
        """Runs a plan that answers with one row, and makes sure that it was made for the present model and keys."""
        sql = compile_plan(caller.model, plan)
        row = await self._tried(lambda: self._database.fetchrow(sql, *arguments), object_type, rows)
        return _fresh(row, caller)

    async def _all(
        self, caller: Caller, plan: plans.Plan, arguments: Sequence[Any], object_type: ObjectType
    ) -> list[Record]:
        sql = compile_plan(caller.model, plan)
        rows: list[Record] = await self._tried(lambda: self._database.fetch(sql, *arguments), object_type)
        _fresh(rows[0] if rows else None, caller)
        return rows

    async def _tried(self, run: Callable[[], Any], object_type: ObjectType, rows: Sequence[Row] = ()) -> Any:
        """Runs a statement, again where it only collided with another; raises our words for what the database says."""
        for attempt in range(ATTEMPTS):
            try:
                return await run()
            except PASSING_ERRORS as error:
                if attempt == ATTEMPTS - 1:
                    raise explain(error, object_type, rows) from error
                await asyncio.sleep(0.01 * 2**attempt)
            except asyncpg.PostgresError as error:
                raise explain(error, object_type, rows) from error
            except (asyncpg.InterfaceError, OverflowError) as error:
                # asyncpg itself refuses an argument that the column's type cannot hold.
                if isinstance(error, asyncpg.InterfaceError) and not isinstance(error, ValueError):
                    raise
                raise BadRequest("A value is out of the range that its field can hold.") from error
        raise AssertionError("unreachable")

    async def _on(
        self,
        connection: Connection,
        caller: Caller,
        plan: plans.Plan,
        arguments: Sequence[Any],
        object_type: ObjectType,
    ) -> Record:
        """Runs a plan inside a transaction."""
        return _fresh(await connection.fetchrow(compile_plan(caller.model, plan), *arguments), caller)

    async def _locked(
        self, caller: Caller, connection: Connection, object_type: ObjectType, ids: Sequence[str]
    ) -> dict[str, Row]:
        """Live records by id as rows of their table, locked. Raises NotFound when one is missing or named twice."""
        name = table(caller.model, object_type.table)
        rows = await connection.fetch(
            f"SELECT t.id::text AS id, row_to_json(t) AS row FROM {name} t WHERE t.id = ANY($1::uuid[])"
            ' AND t."deletedAt" IS NULL ORDER BY t.id FOR UPDATE',
            list(ids),
        )
        if len(rows) != len(ids):
            raise NotFound("Record not found")
        return {row["id"]: msgspec.json.decode(row["row"]) for row in rows}


class _DryRun(Exception):
    """Undoes the transaction of a merge that was only to be looked at."""

    def __init__(self, records: bytes) -> None:
        super().__init__()
        self.records = records


def _versions(caller: Caller) -> list[Any]:
    """Slots 0 to 2 of every write."""
    return [caller.model.version, caller.state.access_version, caller.actor]


def _fresh(row: Record | None, caller: Caller) -> Record:
    if row is None or row["model"] != caller.model.version or row["access"] != caller.state.access_version:
        raise Stale
    return row


def _by_id(slot: int) -> plans.Filter:
    return plans.Compare("id", "eq", slot)


def _only(records: bytes) -> bytes:
    """The only record of a JSON list. Raises NotFound when it is empty."""
    if records == EMPTY_LIST or not records:
        raise NotFound("Record not found")
    return records[1:-1]


def _too_many(verb: str, limit: int) -> BadRequest:
    return BadRequest(f"Cannot {verb} more than {limit} records at once", code=f"TOO_MANY_RECORDS_TO_{verb.upper()}")


def _ambiguous(object_type: ObjectType, rows: Sequence[Row], place: int) -> BadRequest:
    values = ", ".join(
        f"{leaf.path}: {rows[place][leaf.column]}"
        for key in object_type.unique_keys
        for leaf in key
        if rows[place].get(leaf.column) is not None
    )
    return BadRequest(
        f"Multiple records found with the same unique field values for {values}. Cannot determine which record to"
        " update.",
        index=place,
    )


def _check_merge(object_type: ObjectType, ids: Sequence[str], priority: int) -> None:
    if not object_type.duplicate_criteria:
        raise BadRequest(
            "Merge is only available for objects with duplicate criteria. Object"
            f" '{object_type.name_singular}' does not have duplicate criteria defined."
        )
    if len(ids) < 2:
        raise BadRequest("At least 2 record IDs are required for merge")
    if len(ids) > MAX_MERGED:
        raise BadRequest(f"Maximum {MAX_MERGED} records can be merged at once")
    if not 0 <= priority < len(ids):
        raise BadRequest(
            f"Invalid conflict priority '{priority}'. Valid options for {len(ids)} records: 0-{len(ids) - 1}"
        )
    if len({UUID(i) for i in ids}) != len(ids):
        raise NotFound("Record not found")


def _preview(record: bytes) -> bytes:
    """A record that is not there: under an id of its own, and deleted."""
    shown = msgspec.json.decode(record)
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return encode(shown | {"id": str(uuid4()), "deletedAt": now})
