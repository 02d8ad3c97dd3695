"""The service that changes a workspace's data model. Every door to it obeys the same rules, because they are here."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from threescore.access.audit import COMMAND_LINE, Author
from threescore.catalog.changes import fields, indexes, objects
from threescore.catalog.changes.inputs import read_field_input, read_index_input, read_object_input
from threescore.catalog.changes.transaction import carry_out
from threescore.db.pool import Database
from threescore.model.objects import Field, Index, Model, ObjectType


class ModelChanges:
    """Changes the data models of workspaces, each call in one transaction.

    Bodies are decoded JSON as callers sent it, in the names of the wire. Each method gives the new model with what
    it made, changed or, as it last was, deleted. They raise InvalidInput for bodies of a wrong shape,
    ValidationReport for changes that the rules or the records forbid, NotFound, BadRequest or Forbidden where the
    wire has those, and Unavailable when the tables stay in use. The audit log names the `author`.
    """

    def __init__(self, database: Database, author: Author = COMMAND_LINE) -> None:
        self._database = database
        self._author = author

    async def create_object(self, workspace_id: UUID, body: object) -> tuple[Model, ObjectType]:
        """Creates an object with its table."""
        sent = read_object_input(body, creating=True)
        model, created = await carry_out(
            self._database, workspace_id, lambda d: objects.create_object(d, sent), self._author
        )
        return model, model.by_id[created.id]

    async def update_object(self, workspace_id: UUID, object_id: UUID, body: object) -> tuple[Model, ObjectType]:
        """Changes an object; a new name renames its table and what carries its name elsewhere."""
        sent = read_object_input(body, creating=False)
        change = partial(objects.update_object, object_id=object_id, sent=sent)
        model, _ = await carry_out(self._database, workspace_id, change, self._author)
        return model, model.by_id[object_id]

    async def update_objects(
        self, workspace_id: UUID, updates: Sequence[tuple[UUID, object]]
    ) -> tuple[Model, list[ObjectType]]:
        """Changes several objects at once, each given by its id and a body, or none of them."""
        sent = [(object_id, read_object_input(body, creating=False)) for object_id, body in updates]
        model, _ = await carry_out(
            self._database, workspace_id, lambda d: objects.update_objects(d, sent), self._author
        )
        return model, [model.by_id[object_id] for object_id, _ in sent]

    async def delete_object(self, workspace_id: UUID, object_id: UUID) -> tuple[Model, ObjectType]:
        """Deletes an object with its records, and the relations of others to it."""
        return await carry_out(
            self._database, workspace_id, partial(objects.delete_object, object_id=object_id), self._author
        )

    async def create_field(self, workspace_id: UUID, body: object) -> tuple[Model, Field]:
        """Creates a field with its columns; a relation with its other side; of a morph relation gives the first one."""
        sent = read_field_input(body, creating=True)
        model, created = await carry_out(
            self._database, workspace_id, lambda d: fields.create_field(d, sent), self._author
        )
        return model, model.field_by_id[created.id]

    async def update_field(self, workspace_id: UUID, field_id: UUID, body: object) -> tuple[Model, Field]:
        """Changes a field and its columns."""
        sent = read_field_input(body, creating=False)
        change = partial(fields.update_field, field_id=field_id, sent=sent)
        model, _ = await carry_out(self._database, workspace_id, change, self._author)
        return model, model.field_by_id[field_id]

    async def delete_field(self, workspace_id: UUID, field_id: UUID) -> tuple[Model, Field]:
        """Deletes a field with its values, a relation with its other side."""
        return await carry_out(
            self._database, workspace_id, partial(fields.delete_field, field_id=field_id), self._author
        )

    async def create_index(self, workspace_id: UUID, body: object) -> tuple[Model, Index]:
        """Creates an index that is not unique."""
        sent = read_index_input(body)
        return await carry_out(self._database, workspace_id, lambda d: indexes.create_index(d, sent), self._author)

    async def delete_index(self, workspace_id: UUID, index_id: UUID) -> tuple[Model, Index]:
        """Deletes an index that a caller created."""
        return await carry_out(
            self._database, workspace_id, partial(indexes.delete_index, index_id=index_id), self._author
        )
