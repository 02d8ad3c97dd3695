"""Writes catalog rows: objects, fields and indexes of a workspace.

The columns of a catalog table are the attributes of its Struct in snake case, so rows travel as one JSON parameter
and each call is one statement, however many rows it writes. Ordinals, which keep the order of creation, are given
by the database in the order of the rows.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from threescore.db.pool import Connection
from threescore.model.objects import Field, Index, Model, ObjectType


def _columns(struct: type[Struct]) -> tuple[str, ...]:
    return tuple(name for name in struct.__struct_fields__ if name not in _NESTED.get(struct, ()))


_NESTED: dict[type[Struct], tuple[str, ...]] = {ObjectType: ("fields", "indexes")}
_TABLES: dict[type[Struct], str] = {ObjectType: "object", Field: "field", Index: "index"}


async def insert_model(connection: Connection, model: Model) -> None:
    """Inserts every object, field and index of a new model. The workspace's row exists."""
    await insert_objects(connection, model.workspace_id, model.objects)
    await insert_fields(connection, model.workspace_id, [field for o in model.objects for field in o.fields])
    await insert_indexes(connection, model.workspace_id, [index for o in model.objects for index in o.indexes])


async def insert_objects(connection: Connection, workspace_id: UUID, objects: Sequence[ObjectType]) -> None:
    """Inserts objects, without their fields and indexes."""
    await _insert(connection, workspace_id, ObjectType, objects)


async def insert_fields(connection: Connection, workspace_id: UUID, fields: Sequence[Field]) -> None:
    """Inserts fields of objects that exist."""
    await _insert(connection, workspace_id, Field, fields)


async def insert_indexes(connection: Connection, workspace_id: UUID, indexes: Sequence[Index]) -> None:
    """Inserts indexes of objects that exist."""
    await _insert(connection, workspace_id, Index, indexes)


async def update_objects(connection: Connection, workspace_id: UUID, objects: Sequence[ObjectType]) -> None:
    """Overwrites the rows of objects, found by id; their fields and indexes stay as they are."""
    await _update(connection, workspace_id, ObjectType, objects)


async def update_fields(connection: Connection, workspace_id: UUID, fields: Sequence[Field]) -> None:
    """Overwrites the rows of fields, found by id."""
    await _update(connection, workspace_id, Field, fields)


async def update_indexes(connection: Connection, workspace_id: UUID, indexes: Sequence[Index]) -> None:
    """Overwrites the rows of indexes, found by id."""
    await _update(connection, workspace_id, Index, indexes)


async def delete_objects(connection: Connection, workspace_id: UUID, ids: Iterable[UUID]) -> None:
    """Deletes objects with their fields and indexes. Fields of other objects that refer to them are not touched."""
    await _delete(connection, workspace_id, ObjectType, ids)


async def delete_fields(connection: Connection, workspace_id: UUID, ids: Iterable[UUID]) -> None:
    """Deletes fields. Indexes that cover them are the caller's business."""
    await _delete(connection, workspace_id, Field, ids)


async def delete_indexes(connection: Connection, workspace_id: UUID, ids: Iterable[UUID]) -> None:
    """Deletes indexes."""
    await _delete(connection, workspace_id, Index, ids)


def _rows(struct: type[Struct], items: Sequence[Struct]) -> bytes:
    columns = _columns(struct)
    return msgspec.json.encode([{column: getattr(item, column) for column in columns} for item in items])


async def _insert(connection: Connection, workspace_id: UUID, struct: type[Struct], items: Sequence[Struct]) -> None:
    if not items:
        return
    names = ", ".join(f'"{column}"' for column in _columns(struct))
    table = f'threescore."{_TABLES[struct]}"'
    await connection.execute(
        f"INSERT INTO {table} (workspace_id, {names})"
        f" SELECT $1, {names} FROM json_populate_recordset(NULL::{table}, $2::json)",
        workspace_id,
        _rows(struct, items),
    )


async def _update(connection: Connection, workspace_id: UUID, struct: type[Struct], items: Sequence[Struct]) -> None:
    if not items:
        return
    columns = [f'"{column}"' for column in _columns(struct) if column != "id"]
    table = f'threescore."{_TABLES[struct]}"'
    await connection.execute(
        f"UPDATE {table} AS old SET ({', '.join(columns)}) = ROW({', '.join('new.' + column for column in columns)})"
        f" FROM json_populate_recordset(NULL::{table}, $2::json) AS new"
        " WHERE old.workspace_id = $1 AND old.id = new.id",
        workspace_id,
        _rows(struct, items),
    )


async def _delete(connection: Connection, workspace_id: UUID, struct: type[Struct], ids: Iterable[UUID]) -> None:
    arguments: tuple[Any, ...] = (workspace_id, list(ids))
    await connection.execute(
        f'DELETE FROM threescore."{_TABLES[struct]}" WHERE workspace_id = $1 AND id = ANY($2::uuid[])', *arguments
    )
