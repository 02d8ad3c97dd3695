"""REST Core: the routes of the records. Names become parts of the model here; the rest is the record service's."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

import msgspec

from threescore.db.pool import Database
from threescore.errors import BadRequest, NotFound, PermissionDenied
from threescore.model.fields.base import Json
from threescore.model.objects import ObjectType
from threescore.query import plan as plans
from threescore.query.filters import bind_filter, live_unless_asked
from threescore.query.grouping import bind_aggregates, bind_dimensions, bind_group_order
from threescore.query.ordering import bind_order
from threescore.query.plan import ID_ONLY, Selection
from threescore.records.caller import Caller
from threescore.records.service import Page, Records, Versions
from threescore.rest.grammar.cursor import decode_cursor
from threescore.rest.grammar.filter import parse_filter
from threescore.rest.grammar.group_by import parse_aggregate, parse_group_by, parse_group_order_by
from threescore.rest.grammar.order_by import parse_order_by
from threescore.rest.grammar.parameters import Parameters, parse_depth, parse_limit
from threescore.rest.grammar.path import Action, Route
from threescore.rest.http import Reply, matched_versions
from threescore.rest.shapes import selection

DEFAULT_LIMIT, MAX_LIMIT = 60, 200
DEFAULT_GROUPS, MAX_GROUPS = 50, 200

PAGE_INFO = plans.PageInfo(
    "pageInfo",
    tuple(plans.PageFact(name, name) for name in ("hasNextPage", "hasPreviousPage", "startCursor", "endCursor")),
)

TAKING_A_BODY: frozenset[Action] = frozenset(
    {"createOne", "createMany", "updateOne", "updateMany", "findDuplicates", "mergeMany"}
)

_BULK_WRITES: frozenset[Action] = frozenset({"updateMany", "deleteMany", "restoreMany", "mergeMany"})

encode = msgspec.json.Encoder().encode


class Request(msgspec.Struct, frozen=True):
    """A request for records whose names have been found in the model. `body` is None where none is read.

    `versions` are those of which a record that is written must have one; None for any.
    """

    caller: Caller
    route: Route
    object_type: ObjectType
    parameters: Parameters
    body: Json
    versions: Versions

    @property
    def record_id(self) -> str:
        assert self.route.record_id is not None
        return self.route.record_id

    @property
    def selection(self) -> Selection:
        """What is shown, by the `depth` parameter."""
        return selection(self.caller.model, self.object_type, parse_depth(self.parameters.get("depth")))

    @property
    def filter(self) -> Mapping[str, Any] | None:
        text = self.parameters.get("filter")
        return None if text is None else parse_filter(text)


class RecordsApi:
    """Answers requests for records."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._actions: dict[Action, Callable[[Request], Awaitable[Reply]]] = {
            "findMany": self._find_many,
            "findOne": self._find_one,
            "createOne": self._create_one,
            "createMany": self._create_many,
            "updateOne": self._update_one,
            "updateMany": self._update_many,
            "deleteOne": self._delete_one,
            "deleteMany": self._delete_many,
            "restoreOne": self._restore_one,
            "restoreMany": self._restore_many,
            "findDuplicates": self._find_duplicates,
            "mergeMany": self._merge,
            "groupBy": self._group_by,
            "duplicateDashboard": self._duplicate_dashboard,
        }

    def over(self, database: Database) -> "RecordsApi":
        """The same API on another pool, or inside a transaction."""
        return RecordsApi(self._records.over(database))

    async def __call__(
        self, caller: Caller, route: Route, parameters: Parameters, body: Json, if_match: str | None = None
    ) -> Reply:
        """The reply to a request. Raises errors of ours for everything that a caller can get wrong."""
        object_type = find_object(caller, route.object_name)
        if if_match is not None and route.action in _BULK_WRITES:
            raise BadRequest("If-Match is about one record; a request that writes several cannot have it")
        versions = None if if_match is None else matched_versions(if_match)
        return await self._actions[route.action](Request(caller, route, object_type, parameters, body, versions))

    async def _find_one(self, request: Request) -> Reply:
        found = await self._records.find_one(request.caller, request.object_type, request.selection, request.record_id)
        reply = _data(200, request.object_type.name_singular, found.record)
        reply.version = found.version
        return reply

    async def _find_many(self, request: Request) -> Reply:
        parameters = request.parameters
        shown = request.selection
        limit = parse_limit(parameters.get("limit"), DEFAULT_LIMIT, MAX_LIMIT)
        order = parameters.get("order_by")
        after, before = parameters.get("starting_after"), parameters.get("ending_before")
        page = await self._records.find_many(
            request.caller,
            request.object_type,
            shown,
            filter=request.filter,
            order=() if order is None else parse_order_by(order),
            limit=limit,
            after=decode_cursor(after) if after else None,
            before=decode_cursor(before) if before else None,
        )
        body = b'{"data":{"%b":%b},"totalCount":%d,"pageInfo":%b}' % (
            request.object_type.name_plural.encode(),
            page.records,
            page.total or 0,
            _page_info(page),
        )
        return Reply(200, body)

    async def _create_one(self, request: Request) -> Reply:
        if not isinstance(request.body, dict):
            raise BadRequest(
                f"One record is a JSON object; POST /rest/batch/{request.object_type.name_plural} takes a list of them"
            )
        try:
            records = await self._insert(request, [request.body])
        except BadRequest as error:
            error.index = None
            raise
        return _data(201, f"create{request.object_type.type_name}", records[1:-1])

    async def _create_many(self, request: Request) -> Reply:
        if not isinstance(request.body, list):
            raise BadRequest("The body must be a JSON list of records")
        records = await self._insert(request, request.body)
        return _data(201, f"create{request.object_type.type_name_plural}", records)

    async def _insert(self, request: Request, records: list[Json]) -> bytes:
        insert = self._records.upsert if request.parameters.is_true("upsert") else self._records.create
        return await insert(request.caller, request.object_type, request.selection, records)

    async def _update_one(self, request: Request) -> Reply:
        record = await self._records.update_one(
            request.caller,
            request.object_type,
            request.selection,
            request.record_id,
            _one_record(request.body),
            request.versions,
        )
        return _data(200, f"update{request.object_type.type_name}", record)

    async def _update_many(self, request: Request) -> Reply:
        records = await self._records.update_many(
            request.caller, request.object_type, request.selection, request.filter, _one_record(request.body)
        )
        return _data(200, f"update{request.object_type.type_name_plural}", records)

    async def _delete_one(self, request: Request) -> Reply:
        key = f"delete{request.object_type.type_name}"
        if request.parameters.is_true("soft_delete"):
            record = await self._records.soft_delete_one(
                request.caller, request.object_type, request.selection, request.record_id, request.versions
            )
            return _data(200, key, record)
        record = await self._records.destroy_one(
            request.caller, request.object_type, ID_ONLY, request.record_id, versions=request.versions
        )
        return _data(200, key, record)

    async def _delete_many(self, request: Request) -> Reply:
        key = f"delete{request.object_type.type_name_plural}"
        if request.parameters.is_true("soft_delete"):
            records = await self._records.soft_delete_many(
                request.caller, request.object_type, request.selection, request.filter
            )
            return _data(200, key, records)
        records = await self._records.destroy_many(request.caller, request.object_type, ID_ONLY, request.filter)
        return _data(200, key, records)

    async def _restore_one(self, request: Request) -> Reply:
        record = await self._records.restore_one(
            request.caller, request.object_type, request.selection, request.record_id, request.versions
        )
        return _data(200, f"restore{request.object_type.type_name}", record)

    async def _restore_many(self, request: Request) -> Reply:
        records = await self._records.restore_many(
            request.caller, request.object_type, request.selection, request.filter
        )
        return _data(200, f"restore{request.object_type.type_name_plural}", records)

    async def _find_duplicates(self, request: Request) -> Reply:
        body = _one_record(request.body)
        ids, data = _list_of(body, "ids"), _list_of(body, "data")
        if ids is not None and data is not None:
            raise BadRequest('You cannot provide both "data" and "ids" arguments')
        if ids is None and data is None:
            raise BadRequest('You have to provide either "data" or "ids" argument')
        if data == []:
            raise BadRequest('The "data" condition can not be empty when "ids" input not provided')
        parts = (
            plans.Records(f"{request.object_type.name_singular}Duplicates", request.selection),
            plans.Total("totalCount", plans.Aggregate("totalCount", "count")),
            PAGE_INFO,
        )
        found = await self._records.find_duplicates(
            request.caller, request.object_type, parts, ids=None if ids is None else _uuids(ids), data=data or []
        )
        return Reply(200, b'{"data":[%b]}' % b",".join(found))

    async def _merge(self, request: Request) -> Reply:
        body = _one_record(request.body)
        ids = _uuids(_list_of(body, "ids") or [])
        priority = body.get("conflictPriorityIndex")
        if priority is None and len(ids) > 1:
            raise NotFound("Record not found")
        if priority is not None and (not isinstance(priority, int) or isinstance(priority, bool)):
            raise BadRequest('"conflictPriorityIndex" must be the place of one of the ids, counted from 0')
        dry_run = body.get("dryRun", False)
        if not isinstance(dry_run, bool | None):
            raise BadRequest('"dryRun" must be true or false')
        record = await self._records.merge(
            request.caller, request.object_type, request.selection, ids, priority or 0, dry_run=bool(dry_run)
        )
        return _data(200, f"merge{request.object_type.type_name}", record)

    async def _group_by(self, request: Request) -> Reply:
        parameters, model, object_type = request.parameters, request.caller.model, request.object_type
        for name in ("viewId", "view_id"):
            if parameters.get(name):
                raise BadRequest(f'"{name}": this workspace has no view {parameters.get(name)}')
        items = parse_group_by(parameters.get("group_by"))
        arguments: list[Any] = []
        bound = live_unless_asked(request.filter, bind_filter(model, object_type, request.filter, arguments))
        aggregates = bind_aggregates(object_type, parse_aggregate(parameters.get("aggregate")))
        order, extra = bind_group_order(
            parse_group_order_by(parameters.get("order_by")), items, aggregates, object_type
        )
        parts: list[plans.GroupPart] = [plans.Total(aggregate.name, aggregate) for aggregate in aggregates]
        parts.append(plans.Dimensions("groupByDimensionValues"))
        if parameters.is_true("include_records_sample"):
            parts.append(plans.Records("records", selection(model, object_type, 0)))
        inner_order = parameters.get("order_by_for_records")
        dimensions = bind_dimensions(model, object_type, items, arguments)
        arguments.append(parse_limit(parameters.get("limit"), DEFAULT_GROUPS, MAX_GROUPS) or DEFAULT_GROUPS)
        plan = plans.Group(
            object_type.name_singular,
            bound,
            dimensions,
            order,
            len(arguments) - 1,
            tuple(parts),
            order_aggregates=extra,
            sample_order=bind_order(model, object_type, parse_order_by(inner_order) if inner_order else ()),
            exact_as_text=True,
        )
        return Reply(200, await self._records.group(request.caller, plan, arguments))

    async def _duplicate_dashboard(self, request: Request) -> Reply:
        shown = selection(request.caller.model, request.object_type, 0)
        for name in ("title", "pageLayoutId"):
            request.object_type.refuse_hidden(name)
        found = await self._records.find_one(request.caller, request.object_type, shown, request.record_id)
        record = msgspec.json.decode(found.record)
        copy = {"title": f"{record['title']} (Copy)", "pageLayoutId": record["pageLayoutId"]}
        created = msgspec.json.decode(await self._records.create(request.caller, request.object_type, shown, [copy]))[0]
        keys = ("id", "title", "pageLayoutId", "position", "createdAt", "updatedAt")
        return Reply(201, encode({key: created[key] for key in keys}))


def find_object(caller: Caller, name: str) -> ObjectType:
    """The object of a plural name. Raises BadRequest with the nearest right name, PermissionDenied for a hidden one."""
    found = caller.model.by_plural.get(name)
    if found is not None:
        return found
    if name in caller.state.model.by_plural:
        raise PermissionDenied
    singular = caller.model.by_singular.get(name)
    hint = f"Did you mean '{singular.name_plural}'?" if singular else "eg: companies"
    raise BadRequest(f"object '{name[:100]}' not found. {hint}")


def _data(status: int, key: str, value: bytes) -> Reply:
    return Reply(status, b'{"data":{"%b":%b}}' % (key.encode(), value))


def _page_info(page: Page) -> bytes:
    return b'{"startCursor":%b,"endCursor":%b,"hasNextPage":%b,"hasPreviousPage":%b}' % (
        _text(page.first),
        _text(page.last),
        b"true" if page.more_after else b"false",
        b"true" if page.more_before else b"false",
    )


def _text(cursor: str | None) -> bytes:
    # Base64 needs no escaping.
    return b"null" if cursor is None else b'"%b"' % cursor.encode()


def _one_record(body: Json) -> dict[str, Json]:
    if not isinstance(body, dict):
        raise BadRequest("The body must be a JSON object")
    return body


def _list_of(body: Mapping[str, Json], name: str) -> list[Json] | None:
    value = body.get(name)
    if value is not None and not isinstance(value, list):
        raise BadRequest(f'"{name}" must be a list')
    return value


def _uuids(values: list[Json]) -> list[str]:
    found = []
    for value in values:
        try:
            found.append(str(UUID(value)))  # type: ignore[arg-type]
        except (ValueError, AttributeError, TypeError) as error:
            raise BadRequest(f"'{str(value)[:100]}' is not a valid UUID") from error
    return found
