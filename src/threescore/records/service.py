"""The service that all doors use for records: it turns wishes into plans, runs them, and answers with JSON bytes."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

import asyncpg
from msgspec import Struct

from threescore.access.members import Member
from threescore.db.pool import Connection, Database, Record
from threescore.errors import BadRequest, NotFound, PreconditionFailed
from threescore.model.fields.base import Json, Row
from threescore.model.objects import ObjectType
from threescore.query import plan as plans
from threescore.query.filters import LIVE, bind_filter, live_unless_asked
from threescore.query.ordering import bind_cursor, bind_order
from threescore.query.plan import ID_ONLY, Selection
from threescore.records.caller import Caller
from threescore.records.creation import CreationStep, creation_steps, read_records
from threescore.records.failures import explain
from threescore.records.input import Input, place_again, reader
from threescore.records.merge import INVALID_INPUT, Merge, check_merge, preview
from threescore.records.object_rules import check_change, check_verb
from threescore.records.runner import Runner, encode, write_arguments
from threescore.records.stand_ins import check_member_change, follow_name, renames, stand_in_of

EMPTY_LIST = b"[]"
MAX_DUPLICATES = 200

P = ParamSpec("P")
T = TypeVar("T")

Where = tuple[tuple[str, ...], str]
"""A path and a direction to order by."""

Versions = Sequence[str] | None
"""Versions of which a record must have one to be written; None for any."""


def _write(
    method: Callable[Concatenate["Records", Caller, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate["Records", Caller, P], Coroutine[Any, Any, T]]:
    """A method that writes: whoever wants to know is told afterwards."""

    @wraps(method)
    async def told(self: "Records", caller: Caller, /, *arguments: P.args, **named: P.kwargs) -> T:
        answer = await method(self, caller, *arguments, **named)
        if self.written is not None:
            self.written(caller.model.workspace_id)
        return answer

    return told


class Page(Struct, frozen=True):
    """A page of a list. `records` is a JSON list; cursors are None on an empty page."""

    records: bytes
    total: int | None
    first: str | None
    last: str | None
    more_after: bool
    more_before: bool


class Found(Struct, frozen=True):
    """One record as JSON, and its version, which is another one after every write."""

    record: bytes
    version: str


class Records:
    """Reads and writes the records of any workspace. Every write raises what `object_rules` say about its object."""

    def __init__(self, database: Database, batch_limit: int, written: Callable[[UUID], None] | None = None) -> None:
        self._database = database
        self._runner = Runner(database)
        self.batch_limit = batch_limit
        # Told of each workspace that has been written to, once it is committed.
        self.written = written

    def over(self, database: Database) -> "Records":
        """The same service on another pool, or inside a transaction."""
        return type(self)(database, self.batch_limit, self.written)

    # Reads

    async def find_one(self, caller: Caller, object_type: ObjectType, selection: Selection, record_id: str) -> Found:
        """One live record. Raises NotFound."""
        row = await self._runner.one(
            caller, plans.FindOne(object_type.name_singular, selection), [record_id], object_type
        )
        record: bytes | None = row["record"]
        if record is None:
            raise NotFound("Record not found")
        return Found(record, row["version"])

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
            cursor = bind_cursor(caller.model, object_type, terms, start, arguments)
        arguments.append(limit)
        page = plans.PageOf(bound, terms, plans.at_most(limit), len(arguments) - 1, cursor, before is not None)
        plan = plans.FindMany(object_type.name_singular, selection, page)
        row = await self._runner.one(caller, plan, arguments, object_type)
        more = bool(row["more"])
        return Page(
            records=row["records"] or EMPTY_LIST,
            total=row["total"],
            first=row["first"],
            last=row["last"],
            more_after=more if before is None else False,
            more_before=more if before is not None else False,
        )

    async def find_first(self, caller: Caller, plan: plans.FindFirst, arguments: Sequence[Any]) -> bytes:
        """The first record that a filter finds. Raises NotFound."""
        row = await self._runner.one(caller, plan, arguments, caller.model.by_singular[plan.object])
        record: bytes | None = row["record"]
        if record is None:
            raise NotFound("Record not found")
        return record

    async def find_connection(self, caller: Caller, plan: plans.FindConnection, arguments: Sequence[Any]) -> bytes:
        """A page of records as a connection."""
        row = await self._runner.one(caller, plan, arguments, caller.model.by_singular[plan.object])
        shown: bytes = row["connection"]
        return shown

    async def find_by_ids(self, caller: Caller, plan: plans.FindByIds, arguments: Sequence[Any]) -> bytes:
        """Records by id, in the order of the ids, as a JSON list."""
        row = await self._runner.one(caller, plan, arguments, caller.model.by_singular[plan.object])
        return row["records"] or EMPTY_LIST

    async def search(self, caller: Caller, plan: plans.Search, arguments: Sequence[Any]) -> list[Record]:
        """The best matches as rows: object, id, label, image, rank_cd, rank."""
        rows = await self._runner.all(caller, plan, arguments, caller.model.objects[0])
        return [row for row in rows if row["object"] is not None]

    async def find_duplicates(
        self,
        caller: Caller,
        object_type: ObjectType,
        parts: tuple[plans.ConnectionPart | plans.Records, ...],
        *,
        ids: Sequence[str] | None,
        data: Sequence[Json],
        arguments: list[Any] | None = None,
    ) -> list[bytes]:
        """For each input the live records that resemble it, as `parts` show them. Unknown ids are left out.

        The inputs are records by id, or where there are no `ids`, records as they might be created: a batch at most.
        `arguments` are those of `parts`, after a place that is filled here. Raises BadRequest.
        """
        if len(data if ids is None else ids) > self.batch_limit:
            raise BadRequest(
                f"Cannot find duplicates of more than {self.batch_limit} records at once", sub_code=INVALID_INPUT
            )
        argument: Any
        if ids is not None:
            argument = list(ids)
        else:
            given = reader(caller, object_type).read(data)
            argument = encode(given.rows).decode()
        criteria = object_type.duplicate_criteria or ()
        plan = plans.Duplicates(object_type.name_singular, parts, criteria, MAX_DUPLICATES, stored=ids is not None)
        rows = await self._runner.all(caller, plan, [argument, *(arguments or [None])[1:]], object_type)
        return [row["connection"] for row in rows if row["place"] is not None]

    async def group(self, caller: Caller, plan: plans.Group, arguments: list[Any]) -> bytes:
        """Groups as a JSON list."""
        object_type = caller.model.by_singular[plan.object]
        row = await self._runner.one(caller, plan, arguments, object_type)
        groups: bytes = row["groups"]
        return groups

    # Writes

    @_write
    async def create(
        self, caller: Caller, object_type: ObjectType, selection: Selection, records: Sequence[Json]
    ) -> bytes:
        """New records, all or none, in the order of the input. Raises BadRequest with the index of the one at fault."""
        self._check_batch(records)
        *nested, asked = await creation_steps(self._runner, caller, object_type, records, self.batch_limit)
        if not asked.given.rows:
            return EMPTY_LIST
        plan = plans.Create(object_type.name_singular, asked.given.columns, selection)
        arguments = [*write_arguments(caller), encode(asked.given.rows)]
        if nested:
            row = await self._run_nested(caller, nested, asked, plan, arguments)
        else:
            row = await self._runner.one(caller, plan, arguments, object_type, asked.given.rows)
        return row["records"] or EMPTY_LIST

    @_write
    async def upsert(
        self, caller: Caller, object_type: ObjectType, selection: Selection, records: Sequence[Json]
    ) -> bytes:
        """New or changed records, all or none, in the order of the input; matched soft-deleted ones are restored.

        A record that is nested in one of them is created, whether that one is new or not. Raises BadRequest with the
        index of the record at fault.
        """
        self._check_batch(records)
        *nested, asked = await creation_steps(self._runner, caller, object_type, records, self.batch_limit, upsert=True)
        given = asked.given
        if not given.rows:
            return EMPTY_LIST
        rows = reader(caller, object_type)
        columns = rows.prepare_upsert(given, caller)
        plan = plans.Upsert(object_type.name_singular, columns, selection)
        arguments = [*write_arguments(caller), encode(given.rows), encode(rows.defaults())]

        async def run(rows: Sequence[Row]) -> Record:
            if nested:
                return await self._run_nested(caller, nested, asked, plan, arguments)
            return await self._runner.one(caller, plan, arguments, object_type, rows)

        try:
            row = await run(())
        except BadRequest:
            # Somebody else may have created the same record since we looked: look again.
            row = await run(given.rows)
        _check_unambiguous(row, object_type, given.rows)
        return row["records"] or EMPTY_LIST

    @_write
    async def update_one(
        self,
        caller: Caller,
        object_type: ObjectType,
        selection: Selection,
        record_id: str,
        record: Json,
        versions: Versions = None,
    ) -> bytes:
        """Changes one record, soft-deleted or not. Raises NotFound, PreconditionFailed, BadRequest."""
        check_verb(object_type, "update")
        arguments = [*write_arguments(caller), None]
        bound = _one(record_id, versions, arguments)
        records = await self._update(caller, object_type, selection, bound, arguments, 1, record, record_id)
        return await self._the_one(caller, object_type, records, record_id, versions)

    @_write
    async def update_many(
        self,
        caller: Caller,
        object_type: ObjectType,
        selection: Selection,
        filter: Mapping[str, Any] | None,
        record: Json,
    ) -> bytes:
        """The same change to all that the filter finds. Raises BadRequest without a filter, or for too many matches."""
        check_verb(object_type, "updateMany")
        arguments = [*write_arguments(caller), None]
        bound = bind_filter(caller.model, object_type, filter, arguments)
        if bound == plans.EVERYTHING:
            raise BadRequest(
                "Filters are mandatory for bulk update operations. Please provide at least one filter to prevent"
                " accidental changes of all records; id[is]:NOT_NULL stands for all of them."
            )
        return await self._update(caller, object_type, selection, bound, arguments, self.batch_limit, record)

    @_write
    async def soft_delete_one(
        self,
        caller: Caller,
        object_type: ObjectType,
        selection: Selection,
        record_id: str,
        versions: Versions = None,
    ) -> bytes:
        """Marks one record as deleted. Raises NotFound, PreconditionFailed."""
        check_verb(object_type, "delete")
        return await self._mark_one(caller, plans.SoftDelete, object_type, selection, record_id, versions)

    @_write
    async def restore_one(
        self,
        caller: Caller,
        object_type: ObjectType,
        selection: Selection,
        record_id: str,
        versions: Versions = None,
    ) -> bytes:
        """Takes one record back from the deleted ones. Raises NotFound, PreconditionFailed."""
        check_verb(object_type, "restore")
        return await self._mark_one(caller, plans.Restore, object_type, selection, record_id, versions)

    @_write
    async def soft_delete_many(
        self, caller: Caller, object_type: ObjectType, selection: Selection, filter: Mapping[str, Any] | None
    ) -> bytes:
        """Marks all that the filter finds as deleted. Raises BadRequest without a filter, or for too many matches."""
        check_verb(object_type, "deleteMany")
        arguments = write_arguments(caller)
        # What is deleted already keeps the time of its deletion.
        bound = plans.And((LIVE, self._mandatory(caller, object_type, filter, arguments, "delete")))
        return await self._mark(caller, plans.SoftDelete, object_type, selection, bound, arguments, self.batch_limit)

    @_write
    async def restore_many(
        self, caller: Caller, object_type: ObjectType, selection: Selection, filter: Mapping[str, Any] | None
    ) -> bytes:
        """Takes all that the filter finds back from the deleted ones. Raises BadRequest as `soft_delete_many` does."""
        check_verb(object_type, "restoreMany")
        arguments = write_arguments(caller)
        bound = self._mandatory(caller, object_type, filter, arguments, "restore")
        return await self._mark(caller, plans.Restore, object_type, selection, bound, arguments, self.batch_limit)

    @_write
    async def destroy_one(
        self,
        caller: Caller,
        object_type: ObjectType,
        selection: Selection,
        record_id: str,
        arguments: list[Any] | None = None,
        versions: Versions = None,
    ) -> bytes:
        """Removes one record for good, soft-deleted or not, and shows it as it was.

        `arguments` are those of the selection, after `write_arguments`. Raises NotFound, PreconditionFailed.
        """
        check_verb(object_type, "destroy")
        arguments = [*(arguments or write_arguments(caller))]
        bound = _one(record_id, versions, arguments)
        records = await self._destroy(caller, object_type, selection, bound, arguments, 1)
        return await self._the_one(caller, object_type, records, record_id, versions)

    @_write
    async def destroy_many(
        self,
        caller: Caller,
        object_type: ObjectType,
        selection: Selection,
        filter: Mapping[str, Any] | None,
        arguments: list[Any] | None = None,
    ) -> bytes:
        """Removes all that the filter finds for good, and shows them. Raises BadRequest as `soft_delete_many` does.

        `arguments` are those of the selection, after `write_arguments`.
        """
        check_verb(object_type, "destroyMany")
        arguments = arguments or write_arguments(caller)
        bound = self._mandatory(caller, object_type, filter, arguments, "destroy")
        return await self._destroy(caller, object_type, selection, bound, arguments, self.batch_limit)

    @_write
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
        check_verb(object_type, "destroyMany")
        check_merge(object_type, ids, priority)
        merge = Merge(caller, object_type, ids[priority], [*ids[:priority], *ids[priority + 1 :]])
        record = _only(await merge.run(self._runner, selection, dry_run=dry_run))
        return preview(record) if dry_run else record

    # Running

    async def _the_one(
        self, caller: Caller, object_type: ObjectType, records: bytes, record_id: str, versions: Versions
    ) -> bytes:
        """The only record of a JSON list. Raises NotFound where there is none, PreconditionFailed where it is another.

        That was decided by the statement that wrote, or did not. Here is only found out which of the two it was.
        """
        if versions is not None and records == EMPTY_LIST:
            plan = plans.FindFirst(object_type.name_singular, ID_ONLY, plans.by_id(0))
            await self.find_first(caller, plan, [record_id])
            raise PreconditionFailed(
                "The record has been changed since; nothing was written. Read it again and send its present ETag.",
                sub_code="PRECONDITION_FAILED",
            )
        return _only(records)

    async def _run_nested(
        self,
        caller: Caller,
        nested: Sequence[CreationStep],
        asked: CreationStep,
        plan: plans.Create | plans.Upsert,
        arguments: Sequence[Any],
    ) -> Record:
        """The row that the plan for the asked for records answers with, in one transaction with those nested in them.

        Raises BadRequest with the index of the record at fault.
        """
        async with self._database.transaction() as connection:
            for step in nested:
                create = plans.Create(step.object_type.name_singular, step.given.columns, ID_ONLY)
                rows = encode(step.given.rows)
                await self._run_step(connection, caller, step, create, [*write_arguments(caller), rows])
            row = await self._run_step(connection, caller, asked, plan, arguments)
            if isinstance(plan, plans.Upsert):
                _check_unambiguous(row, asked.object_type, asked.given.rows)
            return row

    async def _run_step(
        self, connection: Connection, caller: Caller, step: CreationStep, plan: plans.Plan, arguments: Sequence[Any]
    ) -> Record:
        try:
            return await self._runner.inside(connection, caller, plan, arguments)
        except asyncpg.PostgresError as error:
            raise step.explain(error) from error

    async def _read_flat(self, caller: Caller, object_type: ObjectType, records: Sequence[Json]) -> Input:
        """Reads records for a write that creates nothing beside them. Raises BadRequest."""
        given = await read_records(self._runner, caller, object_type, records)
        if given.creates:
            raise BadRequest("Nested relation create is not supported in this operation", code="INVALID_ARGS_DATA")
        return given

    def _check_batch(self, records: Sequence[Json]) -> None:
        if len(records) > self.batch_limit:
            raise BadRequest(
                f"Maximum number of records to upsert is {self.batch_limit}.", sub_code="TOO_MANY_RECORDS_TO_UPDATE"
            )

    def _mandatory(
        self,
        caller: Caller,
        object_type: ObjectType,
        filter: Mapping[str, Any] | None,
        arguments: list[Any],
        verb: str,
    ) -> plans.Filter:
        bound = bind_filter(caller.model, object_type, filter, arguments)
        if bound == plans.EVERYTHING:
            raise BadRequest(
                f"Filters are mandatory for bulk {verb} operations. Please provide at least one filter to prevent"
                f" accidental {'restoration' if verb == 'restore' else 'deletion'} of all records."
            )
        return bound

    async def _update(
        self,
        caller: Caller,
        object_type: ObjectType,
        selection: Selection,
        bound: plans.Filter,
        arguments: list[Any],
        limit: int,
        record: Json,
        record_id: str | None = None,
    ) -> bytes:
        try:
            check_change(object_type, record)
            [row] = (await self._read_flat(caller, object_type, [record])).rows
            _check_same_id(row, record_id)
            place_again(row)
            arguments[3] = encode(row)
            plan = plans.Update(object_type.name_singular, tuple(sorted(row)), selection, bound, limit)
            member = None if record_id is None else stand_in_of(caller, object_type, record_id)
            if member is not None:
                check_member_change(caller, member, row)
            if member is not None and renames(row):
                answer = await self._rename(caller, member, plan, arguments, object_type, row)
            else:
                answer = await self._runner.one(caller, plan, arguments, object_type, [row])
        except BadRequest as error:
            error.index = None
            raise
        if answer["matched"] > limit:
            raise _too_many("update", limit)
        return answer["records"] or EMPTY_LIST

    async def _rename(
        self,
        caller: Caller,
        member: Member,
        plan: plans.Update,
        arguments: list[Any],
        object_type: ObjectType,
        row: Row,
    ) -> Record:
        """Changes a member's record along with the name that the membership goes by."""
        try:
            async with self._database.transaction() as connection:
                answer = await self._runner.inside(connection, caller, plan, arguments)
                await follow_name(connection, caller, member, row)
        except asyncpg.PostgresError as error:
            raise explain(error, object_type, [row]) from error
        return answer

    async def _mark_one(
        self,
        caller: Caller,
        kind: type[plans.SoftDelete] | type[plans.Restore],
        object_type: ObjectType,
        selection: Selection,
        record_id: str,
        versions: Versions,
    ) -> bytes:
        arguments = write_arguments(caller)
        bound = _one(record_id, versions, arguments)
        records = await self._mark(caller, kind, object_type, selection, bound, arguments, 1)
        return await self._the_one(caller, object_type, records, record_id, versions)

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
        answer = await self._runner.one(caller, plan, arguments, object_type)
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
        answer = await self._runner.settled(caller, plan, arguments, object_type)
        if answer["matched"] > limit:
            raise _too_many("destroy", limit)
        return answer["records"] or EMPTY_LIST


def _one(record_id: str, versions: Versions, arguments: list[Any]) -> plans.Filter:
    """The filter for one record, if it still is in one of the versions. Its arguments are added."""
    arguments.append(record_id)
    found = plans.by_id(len(arguments) - 1)
    if versions is None:
        return found
    arguments.append(list(versions))
    return plans.And((found, plans.Version(len(arguments) - 1)))


def _only(records: bytes) -> bytes:
    """The only record of a JSON list. Raises NotFound when it is empty."""
    if records == EMPTY_LIST or not records:
        raise NotFound("Record not found")
    return records[1:-1]


def _check_same_id(row: Row, record_id: str | None) -> None:
    """Takes the id out of a change, where it may only repeat the id of the one record that is changed."""
    if row.pop("id", record_id) != record_id:
        raise BadRequest("The id of a record cannot be changed")


def _too_many(verb: str, limit: int) -> BadRequest:
    return BadRequest(f"Cannot {verb} more than {limit} records at once", code=f"TOO_MANY_RECORDS_TO_{verb.upper()}")


def _check_unambiguous(row: Record, object_type: ObjectType, rows: Sequence[Row]) -> None:
    """Raises BadRequest where a row of an upsert matched several records, so that nothing was written."""
    if not row["ambiguous"]:
        return
    place = row["ambiguous"][0] - 1
    values = ", ".join(
        f"{leaf.path}: {rows[place][leaf.column]}"
        for key in object_type.unique_keys
        for leaf in key
        if rows[place].get(leaf.column) is not None
    )
    raise BadRequest(
        f"Multiple records found with the same unique field values for {values}. Cannot determine which record to"
        " update.",
        sub_code="UPSERT_MULTIPLE_MATCHING_RECORDS_CONFLICT",
        index=place,
    )
