"""Creates and finds workspaces."""

import re
from datetime import UTC, datetime
from functools import cache
from uuid import UUID, uuid4

import asyncpg
from msgspec import Struct

from threescore.access.audit import COMMAND_LINE, Author, Entry, audit
from threescore.access.roles import admin_role, insert_role, member_role
from threescore.catalog import ddl, store
from threescore.db.pool import Database, Record
from threescore.errors import BadRequest, Conflict, NotFound
from threescore.model.standard import standard_model
from threescore.sql import quote_identifier

MAX_NAME_LENGTH = 200
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Workspace(Struct, frozen=True, kw_only=True):
    """One workspace: who owns a data model and records. `schema` is the PostgreSQL schema that holds them."""

    id: UUID
    name: str
    schema: str
    version: int
    created_at: datetime


async def create_workspace(database: Database, name: str) -> Workspace:
    """Creates a workspace with the standard data model, in one transaction.

    Raises BadRequest when the name is blank or over 200 characters, Conflict when another workspace has it.
    """
    name = _checked_name(name)
    workspace_id = uuid4()
    schema = f"workspace_{workspace_id.hex}"
    now = datetime.now(UTC)
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)
    model = standard_model(workspace_id, schema, now)
    async with database.transaction() as connection:
        try:
            await connection.execute(
                "INSERT INTO threescore.workspace (id, name, schema, version, created_at) VALUES ($1, $2, $3, $4, $5)",
                workspace_id,
                name,
                schema,
                model.version,
                now,
            )
        except asyncpg.UniqueViolationError as error:
            raise _taken(name) from error
        await store.insert_model(connection, model)
        for role in (admin_role(workspace_id), member_role(workspace_id)):
            await insert_role(connection, workspace_id, role)
        await connection.execute(
            "UPDATE threescore.workspace SET default_role_id = $2 WHERE id = $1",
            workspace_id,
            member_role(workspace_id).id,
        )
        await connection.execute(
            f"CREATE SCHEMA {quote_identifier(schema)};"
            f"SET LOCAL search_path = {quote_identifier(schema)};" + _standard_tables()
        )
    return Workspace(id=workspace_id, name=name, schema=schema, version=model.version, created_at=now)


async def list_workspaces(database: Database) -> list[Workspace]:
    """Every workspace, in the order of creation."""
    return [_workspace(row) for row in await database.fetch(f"{_SELECT} ORDER BY created_at, id")]


async def find_workspace(database: Database, name: str) -> Workspace | None:
    """The workspace of that name, or None."""
    row = await database.fetchrow(f"{_SELECT} WHERE name = $1", name)
    return _workspace(row) if row else None


async def get_workspace(database: Database, workspace_id: UUID) -> Workspace:
    """The workspace with that id. Raises NotFound."""
    return _found(await database.fetchrow(f"{_SELECT} WHERE id = $1", workspace_id), workspace_id)


async def rename_workspace(
    database: Database, workspace_id: UUID, name: str, author: Author = COMMAND_LINE
) -> Workspace:
    """Gives a workspace another name. Raises as create_workspace does, and NotFound."""
    name = _checked_name(name)
    async with database.transaction() as connection:
        before = _found(
            await connection.fetchrow(f"{_SELECT} WHERE id = $1 FOR NO KEY UPDATE", workspace_id), workspace_id
        )
        try:
            row = await connection.fetchrow(
                f"UPDATE threescore.workspace SET name = $2 WHERE id = $1 RETURNING {_COLUMNS}", workspace_id, name
            )
        except asyncpg.UniqueViolationError as error:
            raise _taken(name) from error
        renamed = _found(row, workspace_id)
        entry = Entry("workspace.updated", workspace_id, name, {"displayName": before.name}, {"displayName": name})
        await audit(connection, renamed.schema, author, [entry])
    return renamed


_COLUMNS = "id, name, schema, version, created_at"
_SELECT = f"SELECT {_COLUMNS} FROM threescore.workspace"


def _workspace(row: Record) -> Workspace:
    return Workspace(**dict(row))


def _found(row: Record | None, workspace_id: UUID) -> Workspace:
    if row is None:
        raise NotFound(f"Workspace {workspace_id} not found")
    return _workspace(row)


def _checked_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > MAX_NAME_LENGTH or _UNSTORABLE.search(name):
        raise BadRequest(f"A workspace's name has 1 to {MAX_NAME_LENGTH} characters")
    return name


def _taken(name: str) -> Conflict:
    return Conflict(f'A workspace named "{name}" exists already')


@cache
def _standard_tables() -> str:
    """The script that makes the tables of a new workspace: the same for all, because its names are unqualified."""
    model = standard_model(UUID(int=0), "", datetime.fromtimestamp(0, UTC))
    return ";".join([*ddl.create_workspace_tables(), *ddl.create_model(model)])
