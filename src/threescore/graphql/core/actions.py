"""What the root fields of records do: each is one plan, or one write, whose JSON the database builds."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from graphql import FieldNode

from threescore.errors import BadRequest, NotFound
from threescore.events.history import Histories
from threescore.graphql.core.collect import Collector
from threescore.graphql.core.events import HISTORY_ARGUMENTS, history_limit, history_object, show_history
from threescore.graphql.core.groups import bind_groups
from threescore.graphql.core.names import RootField
from threescore.graphql.core.operation import Operation
from threescore.graphql.core.pages import DEFAULT_FIRST, PAGE_ARGUMENTS, bind_page
from threescore.graphql.core.search import SEARCH_ARGUMENTS, bind_search, show_search
from threescore.graphql.core.selections import Selections
from threescore.graphql.core.values import INVALID_INPUT, arguments_of, listed, mapping, number, required, switch, text
from threescore.graphql.limits import Limits
from threescore.model.objects import ObjectType
from threescore.query import plan as plans
from threescore.query.filters import bind_filter, live_unless_asked
from threescore.query.plan import ID_ONLY, Selection
from threescore.records.caller import Caller
from threescore.records.runner import write_arguments
from threescore.records.service import Records, Versions

encode = msgspec.json.Encoder().encode


class Field(msgspec.Struct, frozen=True):
    """One root field at work: its nodes (several where one key was asked for in several places) and its action.

    `versions` are those of which the record that it writes must have one; None for any.
    """

    caller: Caller
    root: RootField
    nodes: Sequence[FieldNode]
    collector: Collector
    versions: Versions = None

    @property
    def object_type(self) -> ObjectType:
        assert self.root.object_type is not None
        return self.root.object_type

    def given(self, *names: str) -> dict[str, Any]:
        """The arguments of the field, of which these are allowed."""
        return arguments_of(self.nodes[0], self.collector.variables, names)


class Written(msgspec.Struct, frozen=True):
    """Records that were written and are to be shown with lists of related ones, which takes a read of its own."""

    object_id: UUID
    ids: list[str]
    one: bool


class Actions:
    """Does what the root fields of records ask for, with records as a service reads and writes them.

    Every method raises Stale, PermissionDenied, and errors of ours and of GraphQL's for what is wrong with the field.
    """

    def __init__(self, records: Records, histories: Histories, limits: Limits) -> None:
        self._records = records
        self._histories = histories
        self._limits = limits
        self._actions: dict[str, Callable[[Field], Awaitable[bytes | Written]]] = {
            "findMany": self._find_many,
            "findOne": self._find_one,
            "findDuplicates": self._find_duplicates,
            "groupBy": self._group_by,
            "search": self._search,
            "recordHistory": self._record_history,
            "createOne": self._create_one,
            "createMany": self._create_many,
            "updateOne": self._update_one,
            "updateMany": self._update_many,
            "deleteOne": self._delete_one,
            "deleteMany": self._delete_many,
            "restoreOne": self._restore_one,
            "restoreMany": self._restore_many,
            "destroyOne": self._destroy_one,
            "destroyMany": self._destroy_many,
            "mergeMany": self._merge_many,
        }

    def over(self, records: Records) -> "Actions":
        """The same with another service, such as one inside a transaction."""
        return Actions(records, self._histories, self._limits)

    async def run(self, field: Field) -> bytes | Written:
        """The JSON of a field, or what it has written and `show` shows."""
        return await self._actions[field.root.action](field)

    async def show(self, caller: Caller, written: Written, operation: Operation, nodes: Sequence[FieldNode]) -> bytes:
        """Written records as selected; null for a single one that somebody else has destroyed meanwhile."""
        object_type = caller.model.by_id.get(written.object_id)
        if object_type is None:
            raise NotFound("The object of the written records is no longer there")
        arguments: list[Any] = [written.ids]
        selections = Selections(caller.model, operation.collector(self._limits), arguments, self._limits)
        selection = selections.record(object_type, nodes, rows=self._records.batch_limit)
        plan = plans.FindByIds(object_type.name_singular, selection)
        records = await self._records.find_by_ids(caller, plan, arguments)
        return (records[1:-1] or b"null") if written.one else records

    # Queries

    async def _find_many(self, field: Field) -> bytes:
        arguments: list[Any] = []
        given = field.given(*PAGE_ARGUMENTS)
        page, length = bind_page(
            field.caller.model,
            field.object_type,
            given,
            arguments,
            default=DEFAULT_FIRST,
            maximum=self._limits.first,
        )
        selections = self._selections(field, arguments)
        parts = selections.connection(field.object_type, field.nodes, rows=max(length, 1))
        plan = plans.FindConnection(field.object_type.name_singular, page, parts)
        return await self._records.find_connection(field.caller, plan, arguments)

    async def _find_one(self, field: Field) -> bytes:
        filter = mapping(field.given("filter"), "filter")
        if not filter:
            raise BadRequest("Missing filter argument", code=INVALID_INPUT)
        arguments: list[Any] = []
        model, object_type = field.caller.model, field.object_type
        bound = live_unless_asked(filter, bind_filter(model, object_type, filter, arguments))
        selection = self._selections(field, arguments).record(object_type, field.nodes)
        plan = plans.FindFirst(object_type.name_singular, selection, bound)
        return await self._records.find_first(field.caller, plan, arguments)

    async def _find_duplicates(self, field: Field) -> bytes:
        given = field.given("ids", "data")
        ids, data = listed(given, "ids"), listed(given, "data")
        if ids is not None and data is not None:
            raise BadRequest('You cannot provide both "data" and "ids" arguments', code="INVALID_ARGS_DATA")
        if ids is None and data is None:
            raise BadRequest('You have to provide either "data" or "ids" argument', code="INVALID_ARGS_DATA")
        if data == []:
            raise BadRequest(
                'The "data" condition can not be empty when "ids" input not provided', code="INVALID_ARGS_DATA"
            )
        arguments: list[Any] = [None]
        parts = self._selections(field, arguments).connection(field.object_type, field.nodes, rows=DEFAULT_FIRST)
        found = await self._records.find_duplicates(
            field.caller,
            field.object_type,
            parts,
            ids=None if ids is None else [_uuid(value) for value in ids],
            data=data or [],
            arguments=arguments,
        )
        return b"[%b]" % b",".join(found)

    async def _group_by(self, field: Field) -> bytes:
        arguments: list[Any] = []
        plan = bind_groups(field.caller.model, field.object_type, field.nodes, field.collector, arguments, self._limits)
        return await self._records.group(field.caller, plan, arguments)

    async def _search(self, field: Field) -> bytes:
        model = field.caller.model
        plan, arguments, limit = bind_search(field.caller, field.given(*SEARCH_ARGUMENTS))
        rows = await self._records.search(field.caller, plan, arguments)
        return encode(show_search(model, rows, limit, field.nodes, field.collector))

    async def _record_history(self, field: Field) -> bytes:
        given = field.given(*HISTORY_ARGUMENTS)
        object_type = history_object(field.caller.model, given)
        record_id = _uuid_argument(given, "recordId")
        page = await self._histories.read(
            field.caller, object_type, record_id, history_limit(given), text(given, "after")
        )
        return encode(show_history(page, field.nodes, field.collector))

    # Mutations

    async def _create_one(self, field: Field) -> bytes | Written:
        given = field.given("data", "upsert")
        data = required(given, "data", "object")
        try:
            return await self._insert(field, [data], upsert=switch(given, "upsert"), one=True)
        except BadRequest as error:
            error.index = None
            raise

    async def _create_many(self, field: Field) -> bytes | Written:
        given = field.given("data", "upsert")
        required(given, "data", "array")
        return await self._insert(field, listed(given, "data") or [], upsert=switch(given, "upsert"))

    async def _insert(self, field: Field, data: list[Any], *, upsert: bool, one: bool = False) -> bytes | Written:
        insert = self._records.upsert if upsert else self._records.create
        return await self._shown(field, lambda shown: insert(field.caller, field.object_type, shown, data), one=one)

    async def _update_one(self, field: Field) -> bytes | Written:
        given = field.given("id", "data")
        record_id, data = _uuid_argument(given, "id"), required(given, "data", "object")
        return await self._shown_one(
            field,
            lambda shown: self._records.update_one(
                field.caller, field.object_type, shown, record_id, data, versions=field.versions
            ),
        )

    async def _update_many(self, field: Field) -> bytes | Written:
        given = field.given("filter", "data")
        data, filter = required(given, "data", "object"), _bulk_filter(field, given)
        return await self._shown(
            field, lambda shown: self._records.update_many(field.caller, field.object_type, shown, filter, data)
        )

    async def _delete_one(self, field: Field) -> bytes | Written:
        record_id = _uuid_argument(field.given("id"), "id")
        return await self._shown_one(
            field,
            lambda shown: self._records.soft_delete_one(
                field.caller, field.object_type, shown, record_id, field.versions
            ),
        )

    async def _delete_many(self, field: Field) -> bytes | Written:
        filter = _bulk_filter(field, field.given("filter"))
        return await self._shown(
            field, lambda shown: self._records.soft_delete_many(field.caller, field.object_type, shown, filter)
        )

    async def _restore_one(self, field: Field) -> bytes | Written:
        record_id = _uuid_argument(field.given("id"), "id")
        return await self._shown_one(
            field,
            lambda shown: self._records.restore_one(field.caller, field.object_type, shown, record_id, field.versions),
        )

    async def _restore_many(self, field: Field) -> bytes | Written:
        filter = _bulk_filter(field, field.given("filter"))
        return await self._shown(
            field, lambda shown: self._records.restore_many(field.caller, field.object_type, shown, filter)
        )

    async def _destroy_one(self, field: Field) -> bytes:
        record_id = _uuid_argument(field.given("id"), "id")
        arguments = write_arguments(field.caller)
        selection = self._selections(field, arguments).record(field.object_type, field.nodes)
        return await self._records.destroy_one(
            field.caller, field.object_type, selection, record_id, arguments, field.versions
        )

    async def _destroy_many(self, field: Field) -> bytes:
        filter = _bulk_filter(field, field.given("filter"))
        arguments = write_arguments(field.caller)
        rows = self._records.batch_limit
        selection = self._selections(field, arguments).record(field.object_type, field.nodes, rows=rows)
        return await self._records.destroy_many(field.caller, field.object_type, selection, filter, arguments)

    async def _merge_many(self, field: Field) -> bytes | Written:
        given = field.given("ids", "conflictPriorityIndex", "dryRun")
        ids = [_uuid(value) for value in listed(given, "ids") or required(given, "ids", "array")]
        priority = number(given, "conflictPriorityIndex")
        if priority is None:
            raise BadRequest('Missing required argument: "conflictPriorityIndex" (number)', code=INVALID_INPUT)
        if not switch(given, "dryRun"):
            return await self._shown_one(
                field,
                lambda shown: self._records.merge(field.caller, field.object_type, shown, ids, priority, dry_run=False),
            )
        selections = self._selections(field, [])
        selection = selections.record(field.object_type, field.nodes)
        if selections.has_connections:
            raise BadRequest("A dry run shows the merged record itself, without lists of related records")
        return await self._records.merge(field.caller, field.object_type, selection, ids, priority, dry_run=True)

    def _selections(self, field: Field, arguments: list[Any]) -> Selections:
        return Selections(field.caller.model, field.collector, arguments, self._limits)

    async def _shown_one(self, field: Field, write: Callable[[Selection], Awaitable[bytes]]) -> bytes | Written:
        async def listed_write(shown: Selection) -> bytes:
            return b"[%b]" % await write(shown)

        return await self._shown(field, listed_write, one=True)

    async def _shown(
        self, field: Field, write: Callable[[Selection], Awaitable[bytes]], *, one: bool = False
    ) -> bytes | Written:
        """Writes, and shows the written records as selected, `one` of them or a list.

        The writing statement sees related records as they were before it. Where lists of them are selected, which
        the write may have changed, the records have to be read once more after it.
        """
        selections = self._selections(field, [None])
        selection = selections.record(field.object_type, field.nodes, rows=self._records.batch_limit)
        if selections.has_connections:
            ids = [record["id"] for record in msgspec.json.decode(await write(ID_ONLY))]
            return Written(field.object_type.id, ids, one)
        records = await write(selection)
        return records[1:-1] if one else records


def _uuid(value: object) -> str:
    try:
        return str(UUID(value))  # type: ignore[arg-type]
    except (ValueError, AttributeError, TypeError) as error:
        raise BadRequest(f'Value "{str(value)[:100]}" is not a valid UUID', code=INVALID_INPUT) from error


def _uuid_argument(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    try:
        return str(UUID(value))
    except (ValueError, AttributeError, TypeError) as error:
        raise BadRequest(f'Missing required argument: "{name}" (UUID)', code=INVALID_INPUT) from error


def _bulk_filter(field: Field, given: Mapping[str, Any]) -> dict[str, Any]:
    """The filter of a bulk mutation, which must be there and say something. Raises BadRequest."""
    if given.get("filter") is None:
        raise BadRequest("Filter is required", code=INVALID_INPUT)
    filter = mapping(given, "filter")
    assert filter is not None
    if bind_filter(field.caller.model, field.object_type, filter, []) == plans.EVERYTHING:
        raise BadRequest("A non-empty filter is required for a bulk mutation", code="INVALID_ARGS_FILTER")
    return filter
