"""The REST façade of the data model and of API keys: what is below `/rest/metadata`."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from threescore.access.audit import COMMAND_LINE, Author
from threescore.access.key_changes import KeyChanges
from threescore.access.operations import check_operation
from threescore.catalog.changes import ModelChanges
from threescore.catalog.changes.inputs import read_uuid
from threescore.catalog.load import load_model
from threescore.db.pool import Database
from threescore.errors import BadRequest, InvalidInput, NotFound
from threescore.model.objects import Model
from threescore.records.caller import Caller
from threescore.rest.keys import ApiKeys
from threescore.rest.metadata_pages import Page, by_id
from threescore.rest.metadata_shapes import Shape, field_shape, object_shape

Query = Sequence[tuple[str, str]]

OPERATIONS: Mapping[tuple[str, str], str] = {
    ("objects", "GET"): "objects",
    ("objects", "POST"): "createOneObject",
    ("objects", "PATCH"): "updateOneObject",
    ("objects", "PUT"): "updateOneObject",
    ("objects", "DELETE"): "deleteOneObject",
    ("fields", "GET"): "fields",
    ("fields", "POST"): "createOneField",
    ("fields", "PATCH"): "updateOneField",
    ("fields", "PUT"): "updateOneField",
    ("fields", "DELETE"): "deleteOneField",
    ("apiKeys", "GET"): "apiKeys",
    ("apiKeys", "POST"): "createApiKey",
    ("apiKeys", "PATCH"): "updateApiKey",
    ("apiKeys", "DELETE"): "revokeApiKey",
    ("apiKeys/usage", "GET"): "apiKeyUsage",
    ("apiKeys/token", "POST"): "generateApiKeyToken",
    ("apiKeys/regenerate", "POST"): "regenerateApiKeyToken",
}
"""What each resource and method amounts to: operations of the one table of permissions."""

_OF_LISTS = ("createOneObject", "createOneField", "createApiKey")


class MetadataApi:
    """Answers requests below `/rest/metadata`. Reads come from the catalog itself, never from a cached model."""

    def __init__(self, database: Database, keys: KeyChanges, author: Author = COMMAND_LINE) -> None:
        self._database = database
        self._changes = ModelChanges(database, author)
        self._key_changes = keys
        self._keys = ApiKeys(keys)

    def over(self, database: Database | None, author: Author) -> "MetadataApi":
        """The same API inside a transaction, where one is given. The audit log names the `author`."""
        database = database or self._database
        return MetadataApi(database, self._key_changes.over(database, author), author)

    async def __call__(
        self, *, caller: Caller, method: str, path: tuple[str, ...], query: Query, body: object, bare: bool = False
    ) -> tuple[int, Any]:
        """The status and the JSON value that answer a request; `path` is what follows `/rest/metadata/`.

        The value is NOTHING where the body is to be empty; `bare` leaves the envelope of a list about keys away. Raises
        Forbidden for what the caller's role does not allow, InvalidInput, ValidationReport and other errors of ours,
        never anything else for a caller's fault.
        """
        resource, *rest = path or ("",)
        if resource not in ("objects", "fields", "apiKeys"):
            raise BadRequest(f"'{resource}' is not a valid UUID")
        operation = OPERATIONS.get(("/".join((resource, *rest[1:])), method))
        if operation is None or (method != "GET" and bool(rest) == (operation in _OF_LISTS)):
            raise _no_route(method, path)
        item_id = read_uuid(rest[0]) if rest else None
        if rest and item_id is None:
            raise InvalidInput("Validation failed (uuid is expected)")
        if resource == "apiKeys":
            return await self._keys(caller, operation, item_id, query, body, bare=bare)
        check_operation(caller, operation)
        return await self._of_model(caller.state.model.workspace_id, resource, method, item_id, query, body)

    async def _of_model(
        self, workspace_id: UUID, resource: str, method: str, item_id: UUID | None, query: Query, body: object
    ) -> tuple[int, Any]:
        if item_id is None:
            if method == "GET":
                return 200, await self._list(resource, workspace_id, query)
            return 201, await self._create(resource, workspace_id, body)
        if method == "GET":
            return 200, await self._get(resource, workspace_id, item_id)
        if method == "DELETE":
            return 200, await self._delete(resource, workspace_id, item_id)
        return 200, await self._update(resource, workspace_id, item_id, body)

    async def _model(self, workspace_id: UUID) -> Model:
        async with self._database.acquire() as connection:
            return await load_model(connection, workspace_id)

    async def _list(self, resource: str, workspace_id: UUID, query: Query) -> Shape:
        page = Page(query)
        model = await self._model(workspace_id)
        if resource == "objects":
            return page.of(by_id(model.objects), lambda item: object_shape(model, item))
        return page.of(by_id(model.field_by_id.values()), lambda item: field_shape(model, item))

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


def _no_route(method: str, path: tuple[str, ...]) -> NotFound:
    return NotFound(f"Cannot {method} /rest/metadata/{'/'.join(path)}")
