"""Executes operations on records: each root field becomes one plan, whose JSON the database builds."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
import structlog
from graphql import FieldNode, GraphQLError

from threescore.access.idempotency import Answer, KeptAnswers, Keyed, Owner
from threescore.access.tokens import Claims
from threescore.catalog.state import Stale, Workspaces
from threescore.db.pool import Collided, Database
from threescore.errors import AccessRefused, BadRequest, NotFound, PermissionDenied, ThreescoreError
from threescore.events.cursors import Place, read_cursor
from threescore.events.feed import EventPage, Feed
from threescore.events.history import Histories
from threescore.events.watch import Watch
from threescore.graphql.core.checks import unknown_field
from threescore.graphql.core.collect import Collector
from threescore.graphql.core.events import (
    EVENT_ARGUMENTS,
    HISTORY_ARGUMENTS,
    check_event_selection,
    history_limit,
    history_object,
    show_event,
    show_history,
    wanted_events,
)
from threescore.graphql.core.groups import bind_groups
from threescore.graphql.core.names import RootField, root_fields
from threescore.graphql.core.operation import ONE_RECORD, Operation, read_operation
from threescore.graphql.core.pages import DEFAULT_FIRST, PAGE_ARGUMENTS, bind_page
from threescore.graphql.core.schema import introspect, schema_text
from threescore.graphql.core.search import SEARCH_ARGUMENTS, bind_search, show_search
from threescore.graphql.core.selections import TYPENAME, Selections
from threescore.graphql.core.values import (
    INVALID_INPUT,
    arguments_of,
    listed,
    mapping,
    number,
    required,
    switch,
    text,
)
from threescore.graphql.documents import Documents
from threescore.graphql.errors import entry
from threescore.graphql.limits import Limits
from threescore.graphql.request import GraphqlRequest, GraphqlResponse, all_final
from threescore.model.objects import Model, ObjectType
from threescore.query import plan as plans
from threescore.query.filters import bind_filter, live_unless_asked
from threescore.query.plan import Selection
from threescore.records.caller import Caller, answer_for
from threescore.records.service import Records, Versions, write_arguments

ID_ONLY = Selection((plans.Scalar("id", "id"),))
_INTROSPECTION = ("__schema", "__type")
_REFUSALS = (ThreescoreError, GraphQLError)

encode = msgspec.json.Encoder().encode
log = structlog.get_logger()


_WRITES_OF_SEVERAL = frozenset({"updateMany", "deleteMany", "restoreMany", "destroyMany", "mergeMany"})


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


class Payload(msgspec.Struct, frozen=True):
    """What a subscriber is sent, as encoded JSON, and the place in the log after it. None: a sign of life."""

    body: bytes | None
    place: Place | None


class CoreGraphql:
    """Answers operations on the records of any workspace."""

    def __init__(
        self,
        database: Database,
        workspaces: Workspaces,
        records: Records,
        limits: Limits,
        answers: KeptAnswers,
        watch: Watch | None = None,
    ) -> None:
        self._database = database
        self._answers = answers
        self._workspaces = workspaces
        self._records = records
        self._feed = Feed(database, workspaces, watch or Watch(database))
        self._histories = Histories(database)
        self._limits = limits
        self._documents = Documents(limits.tokens)
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

    async def execute(self, claims: Claims, request: GraphqlRequest) -> GraphqlResponse:
        """The answer to one request. Errors of ours are in the answer, not raised."""
        try:
            operation = read_operation(self._documents, request, self._limits)
        except _REFUSALS as error:
            return refusal(error)
        if operation.kind == "Subscription":
            return refusal(BadRequest("Subscriptions are answered over WebSocket, or with Accept: text/event-stream"))
        if request.keyed is not None and operation.kind == "Mutation":
            return await self._once(claims, operation, request.keyed)
        return await self._answer(operation, lambda key, nodes: self._field(claims, operation, key, nodes))

    async def sdl(self, claims: Claims) -> bytes:
        """The schema in the schema definition language, for the model as it is now. Raises AccessRefused."""
        return schema_text(Caller.of(await self._workspaces.present(claims.workspace_id), claims).model)

    async def subscribe(
        self, claims: Claims, request: GraphqlRequest, after: str | None = None
    ) -> AsyncIterator[Payload] | GraphqlResponse:
        """The payloads that follow from a subscription, without end; the answer at once where it is none, or is wrong.

        `after` is the cursor to start after, where the subscription does not name one itself.
        """
        try:
            operation = read_operation(self._documents, request, self._limits)
            if operation.kind != "Subscription":
                return await self.execute(claims, request)
            key, nodes = self._only_field(operation)
            given = arguments_of(nodes[0], operation.variables, EVENT_ARGUMENTS)
            check_event_selection(nodes, operation.collector(self._limits))

            cursor = text(given, "after") or after
            place = read_cursor(cursor) if cursor else await self._feed.present()

            async def check(caller: Caller) -> None:
                wanted_events(caller, given)
                await self._feed.check(caller, place)

            await answer_for(self._workspaces, claims, check, _REFUSALS)
        except _REFUSALS as error:
            return refusal(error)
        pages = self._feed.follow(claims, place, lambda caller: wanted_events(caller, given))
        return self._payloads(pages, key, nodes, operation)

    def is_subscription(self, request: GraphqlRequest) -> bool:
        """Whether a request asks for events to come. One that cannot be read does not."""
        try:
            return read_operation(self._documents, request, self._limits).kind == "Subscription"
        except _REFUSALS:
            return False

    @staticmethod
    def _only_field(operation: Operation) -> tuple[str, Sequence[FieldNode]]:
        """The root field of a subscription with its key. Raises GraphQLError, BadRequest."""
        if len(operation.fields) != 1:
            raise BadRequest("A subscription must select exactly one field")
        ((key, nodes),) = operation.fields.items()
        known = ("recordEvents",)
        if nodes[0].name.value not in known:
            raise unknown_field(nodes[0], "Subscription", known, subCode="UNKNOWN_ROOT_FIELD")
        return key, nodes

    async def _payloads(
        self, pages: AsyncIterator[EventPage], key: str, nodes: Sequence[FieldNode], operation: Operation
    ) -> AsyncIterator[Payload]:
        try:
            async for page in pages:
                if not page.events:
                    yield Payload(None, page.place)
                for event, place in zip(page.events, page.places, strict=True):
                    shown = show_event(event, place, nodes, operation.collector(self._limits))
                    yield Payload(encode({"data": {key: shown}}), place)
        except _REFUSALS as error:
            yield Payload(refusal(error).body, None)

    def refuse_stranger(self, request: GraphqlRequest) -> GraphqlResponse:
        """The answer to a request without a token."""
        try:
            operation = read_operation(self._documents, request, self._limits)
        except _REFUSALS as error:
            return refusal(error)
        names = ", ".join(nodes[0].name.value for nodes in operation.fields.values())
        message = f"Unauthenticated: no workspace resolved for fields {names}"
        return refusal(AccessRefused(401, "WORKSPACE_QUERY_WITHOUT_WORKSPACE", message))

    def weight(self, request: GraphqlRequest) -> int:
        """How many root fields a request has; one that cannot be read weighs as much as one with a single field."""
        try:
            return max(1, len(read_operation(self._documents, request, self._limits).fields))
        except _REFUSALS:
            return 1

    def refuse_all(self, request: GraphqlRequest, error: ThreescoreError) -> GraphqlResponse:
        """The answer to a request of which no root field is executed, for the same reason."""
        try:
            fields = read_operation(self._documents, request, self._limits).fields
        except _REFUSALS:
            return refusal(error)
        errors = [entry(error, [key], nodes[0]) for key, nodes in fields.items()]
        return GraphqlResponse(200, encode({"data": dict.fromkeys(fields), "errors": errors}))

    async def _once(self, claims: Claims, operation: Operation, keyed: Keyed) -> GraphqlResponse:
        """The answer to a mutation with an Idempotency-Key."""
        # What removes records must see, or collide with, all that came to refer to them.
        removes = any(nodes[0].name.value.startswith("destroy") for nodes in operation.fields.values())

        async def answer(caller: Caller) -> Answer:
            async def run(database: Database) -> Answer:
                records = self._records.over(database)
                inside = CoreGraphql(self._database, self._workspaces, records, self._limits, self._answers)
                return (
                    await inside._answer(operation, lambda *field: inside._written(caller, operation, *field))
                ).answer

            return await self._answers.once(Owner.caller(caller), keyed, run, refused, snapshot=removes)

        def refused(error: ThreescoreError) -> Answer:
            return Answer(200, refusal(error).body)

        try:
            return GraphqlResponse.of(await answer_for(self._workspaces, claims, answer, _REFUSALS))
        except AccessRefused as error:
            return refusal(error)
        except ThreescoreError as error:
            return refusal(error, error.status)

    async def _answer(
        self, operation: Operation, answer: Callable[[str, Sequence[FieldNode]], Awaitable[bytes]]
    ) -> GraphqlResponse:
        """What `answer` says for each root field, put together. Raises Stale and Collided where it does."""
        refused: list[AccessRefused] = []
        failed: list[Exception] = []

        async def one(key: str, nodes: Sequence[FieldNode]) -> tuple[bytes, dict[str, Any] | None]:
            try:
                return await answer(key, nodes), None
            except (Stale, Collided):
                raise
            except Exception as error:
                failed.append(error)
                if isinstance(error, AccessRefused):
                    refused.append(error)
                elif not isinstance(error, _REFUSALS):
                    log.exception("root field failed", field=nodes[0].name.value)
                return b"null", entry(error, [key], nodes[0])

        fields = operation.fields
        if operation.kind == "Mutation":
            results = [await one(key, nodes) for key, nodes in fields.items()]
        else:
            results = await asyncio.gather(*(one(key, nodes) for key, nodes in fields.items()))
        if refused and len(refused) == len(fields):
            return refusal(refused[0])
        data = b",".join(encode(key) + b":" + value for key, (value, _) in zip(fields, results, strict=True))
        errors = [error for _, error in results if error is not None]
        tail = b',"errors":' + encode(errors) if errors else b""
        return GraphqlResponse(200, b'{"data":{' + data + b"}" + tail + b"}", final=all_final(failed))

    async def _field(self, claims: Claims, operation: Operation, key: str, nodes: Sequence[FieldNode]) -> bytes:
        """The JSON of one root field, made again where the model changed under it."""
        name = nodes[0].name.value
        if name == TYPENAME:
            return encode(operation.kind)
        if name in _INTROSPECTION:
            await self._workspaces.present(claims.workspace_id)
        answered = await answer_for(
            self._workspaces, claims, lambda caller: self._made(caller, operation, key, nodes), _REFUSALS
        )
        if isinstance(answered, bytes):
            return answered
        # Not to be written again where the model changes before it is read.
        written = answered
        return await answer_for(
            self._workspaces, claims, lambda caller: self._show(caller, written, operation, nodes), _REFUSALS
        )

    async def _written(self, caller: Caller, operation: Operation, key: str, nodes: Sequence[FieldNode]) -> bytes:
        """The JSON of one root field inside a transaction, which begins again as a whole. Raises Stale."""
        if nodes[0].name.value == TYPENAME:
            return encode(operation.kind)
        made = await self._made(caller, operation, key, nodes)
        return made if isinstance(made, bytes) else await self._show(caller, made, operation, nodes)

    async def _made(
        self, caller: Caller, operation: Operation, key: str, nodes: Sequence[FieldNode]
    ) -> bytes | Written:
        name = nodes[0].name.value
        if name in _INTROSPECTION:
            # The first time for a model it takes long enough to keep others waiting.
            shown = await asyncio.to_thread(
                introspect, caller.model, operation.node, operation.document.fragments, {key}, operation.variables
            )
            return encode(shown[key])
        known = _roots(caller.model, operation.kind)
        root = known.get(name)
        if root is None and name in _roots(caller.state.model, operation.kind):
            # There is such an object, but the caller cannot read it.
            raise PermissionDenied
        if root is None:
            raise unknown_field(nodes[0], operation.kind, known, subCode="UNKNOWN_ROOT_FIELD")
        if operation.versions is not None and root.action in _WRITES_OF_SEVERAL:
            raise BadRequest(ONE_RECORD)
        field = Field(caller, root, nodes, operation.collector(self._limits), operation.versions)
        return await self._actions[root.action](field)

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

    async def _show(self, caller: Caller, written: Written, operation: Operation, nodes: Sequence[FieldNode]) -> bytes:
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


def refusal(error: Exception, status: int = 200) -> GraphqlResponse:
    """The answer to a request that cannot be executed at all."""
    return GraphqlResponse(status, encode({"errors": [entry(error)]}), has_data=False)


def _roots(model: Model, kind: str) -> Mapping[str, RootField]:
    roots = root_fields(model)
    return roots.query if kind == "Query" else roots.mutation


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
