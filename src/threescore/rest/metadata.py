"""The REST façade of the data model: `/rest/metadata/objects` and `/rest/metadata/fields`."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from threescore.access.audit import COMMAND_LINE, Origin
from threescore.catalog.changes import ModelChanges
from threescore.catalog.changes.inputs import read_uuid
from threescore.catalog.load import load_model
from threescore.db.pool import Database
from threescore.errors import BadRequest, InvalidInput, NotFound
from threescore.model.objects import Field, Model, ObjectType
from threescore.rest.grammar.parameters import parse_limit
from threescore.rest.metadata_shapes import Shape, field_shape, object_shape

DEFAULT_LIMIT = 60
MAX_LIMIT = 1000

Query = Sequence[tuple[str, str]]
T = TypeVar("T", ObjectType, Field)


class MetadataApi:
    """Answers requests below `/rest/metadata`. Reads come from the catalog itself, never from a cached model."""

    def __init__(self, database: Database, origin: Origin = COMMAND_LINE) -> None:
        self._database = database
        self._changes = ModelChanges(database, origin)

    def over(self, database: Database | None, origin: Origin) -> "MetadataApi":
        """The same API inside a transaction, where one is given. The audit log names the `origin`."""
        return MetadataApi(database or self._database, origin)

    async def __call__(
        self, *, workspace_id: UUID, method: str, path: tuple[str, ...], query: Query, body: object
    ) -> tuple[int, Any]:
        """The status and the JSON value that answer a request; `path` is what follows `/rest/metadata/`.

        Raises InvalidInput, ValidationReport and other errors of ours, never anything else for a caller's fault.
        """
        resource, *rest = path or ("",)
        if resource not in ("objects", "fields"):
            raise BadRequest(f"'{resource}' is not a valid UUID")
        if len(rest) > 1:
            raise _no_route(method, path)
        if not rest:
            if method == "GET":
                return 200, await self._list(resource, workspace_id, query)
            if method == "POST":
                return 201, await self._create(resource, workspace_id, body)
            raise _no_route(method, path)
        item_id = read_uuid(rest[0])
        if item_id is None:
            raise InvalidInput("Validation failed (uuid is expected)")
        if method == "GET":
            return 200, await self._get(resource, workspace_id, item_id)
        if method in ("PATCH", "PUT"):
            return 200, await self._update(resource, workspace_id, item_id, body)
        if method == "DELETE":
            return 200, await self._delete(resource, workspace_id, item_id)
        raise _no_route(method, path)

    async def _model(self, workspace_id: UUID) -> Model:
        async with self._database.acquire() as connection:
            return await load_model(connection, workspace_id)

    async def _list(self, resource: str, workspace_id: UUID, query: Query) -> Shape:
        page = _Page(query)
        model = await self._model(workspace_id)
        if resource == "objects":
            return page.of(model.objects, lambda item: object_shape(model, item))
        return page.of(tuple(model.field_by_id.values()), lambda item: field_shape(model, item))

    async def _get(self, resource: str, workspace_id: UUID, item_id: UUID) -> Shape:
        model = await self._model(workspace_id)
        if resource == "objects":
            object_type = model.by_id.get(item_id)
            if object_type is None:
                raise NotFound("Object metadata not found", code="OBJECT_METADATA_NOT_FOUND")
            return object_shape(model, object_type)
        field = model.field_by_id.get(item_id)
        if field is None:
            raise NotFound("Field metadata not found", code="FIELD_METADATA_NOT_FOUND")
        return field_shape(model, field)

    async def _create(self, resource: str, workspace_id: UUID, body: object) -> Shape:
        if resource == "objects":
            model, object_type = await self._changes.create_object(workspace_id, body)
            return object_shape(model, object_type)
        model, field = await self._changes.create_field(workspace_id, body)
        return field_shape(model, field)

    async def _update(self, resource: str, workspace_id: UUID, item_id: UUID, body: object) -> Shape:
        if resource == "objects":
            model, object_type = await self._changes.update_object(workspace_id, item_id, body)
            return object_shape(model, object_type)
        model, field = await self._changes.update_field(workspace_id, item_id, body)
        return field_shape(model, field)

    async def _delete(self, resource: str, workspace_id: UUID, item_id: UUID) -> Shape:
        if resource == "objects":
            model, object_type = await self._changes.delete_object(workspace_id, item_id)
            return object_shape(model, object_type, with_fields=False)
        model, field = await self._changes.delete_field(workspace_id, item_id)
        return field_shape(model, field)


class _Page:
    """Which part of a list is asked for. Lists are in descending order of their ids."""

    def __init__(self, query: Query) -> None:
        values = {name: value for name, value in query if sum(name == other for other, _ in query) == 1}
        try:
            self.limit = parse_limit(values.get("limit"), DEFAULT_LIMIT, MAX_LIMIT)
        except BadRequest as error:
            raise BadRequest(error.message, code="INVALID_LIMIT_QUERY_PARAM") from error
        self.after = _cursor("starting_after", values.get("starting_after"))
        self.before = _cursor("ending_before", values.get("ending_before"))
        if self.after and self.before:
            raise InvalidInput("'starting_after' and 'ending_before' cannot be used together.")

    def of(self, items: Sequence[T], shape: Callable[[T], Shape]) -> Shape:
        """The page of these items, in the envelope of a list."""
        ordered = sorted(items, key=lambda item: item.id, reverse=True)
        start, end = 0, len(ordered)
        if self.before:
            end = sum(item.id > self.before for item in ordered)
            start = max(end - self.limit, 0)
        else:
            if self.after:
                start = sum(item.id >= self.after for item in ordered)
            end = min(start + self.limit, end)
        shown = ordered[start:end]
        return {
            "data": [shape(item) for item in shown],
            "pageInfo": {
                "hasNextPage": end < len(ordered),
                "hasPreviousPage": start > 0,
                "startCursor": str(shown[0].id) if shown else None,
                "endCursor": str(shown[-1].id) if shown else None,
            },
            "totalCount": len(ordered),
        }


def _cursor(name: str, text: str | None) -> UUID | None:
    if not text:
        return None
    found = read_uuid(text)
    if found is None:
        raise InvalidInput(f"'{name}' must be the id of the first or last item of a page: a UUID")
    return found


def _no_route(method: str, path: tuple[str, ...]) -> NotFound:
    return NotFound(f"Cannot {method} /rest/metadata/{'/'.join(path)}")
