"""Creates and finds workspaces."""

import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from msgspec import Struct

from threescore.access.audit import COMMAND_LINE, Author, Entry, audit, replaced
from threescore.access.roles import admin_role, insert_role, member_role
from threescore.catalog import ddl, store
from threescore.catalog.wire import iso
from threescore.db.pool import Connection, Database, Record
from threescore.errors import BadRequest, Conflict, NotFound
from threescore.model.standard import standard_model
from threescore.sql import quote_identifier

MAX_NAME_LENGTH = 200
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Workspace(Struct, frozen=True, kw_only=True):
    """One workspace: who owns a data model and records. `schema` is the PostgreSQL schema that holds them.

    `time_zone` is what new members are given.
    """

    id: UUID
    name: str
    schema: str
    version: int
    created_at: datetime
    subdomain: str = ""
    logo: str | None = None
    time_zone: str | None = None
    is_active: bool = True
    is_public_invite_link_enabled: bool = True


async def create_workspace(database: Database, name: str) -> Workspace:
    """Creates a workspace with the standard data model, in one transaction.

    Raises BadRequest when the name is blank or over 200 characters, Conflict when another workspace has it.
    """
    async with database.transaction() as connection:
        return await add_workspace(connection, name)


async def add_workspace(connection: Connection, name: str, *, is_active: bool = True) -> Workspace:
    """Creates a workspace in a transaction of the caller's. Raises as `create_workspace` does."""
    name = _checked_name(name)
    workspace_id = uuid4()
    schema = f"workspace_{workspace_id.hex}"
    now = datetime.now(UTC)
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)
    model = standard_model(workspace_id, schema, now)
    try:
        subdomain: str = await connection.fetchval(
            "INSERT INTO threescore.workspace"
            " (id, name, schema, version, created_at, is_active, invite_hash, subdomain)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, CASE WHEN EXISTS"
            " (SELECT FROM threescore.workspace WHERE subdomain = $8) THEN $9 ELSE $8 END) RETURNING subdomain",
            workspace_id,
            name,
            schema,
            model.version,
            now,
            is_active,
            new_invite_hash(),
            _subdomain(name),
            f"{_subdomain(name)}-{workspace_id.hex[:8]}",
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
    # What follows in the same transaction names its schemas itself.
    await connection.execute("SET LOCAL search_path = DEFAULT")
    return Workspace(
        id=workspace_id,
        name=name,
        schema=schema,
        version=model.version,
        created_at=now,
        subdomain=subdomain,
        is_active=is_active,
    )


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


async def find_by_subdomain(database: Database, subdomain: str) -> Workspace | None:
    """The workspace under that name in its address, or None."""
    if _UNSTORABLE.search(subdomain):
        return None
    row = await database.fetchrow(f"{_SELECT} WHERE subdomain = $1", subdomain)
    return _workspace(row) if row else None


async def find_by_invite_hash(database: Database, invite_hash: str) -> Workspace | None:
    """The workspace that an invitation link leads to, or None; None too while it has no use for such links."""
    if _UNSTORABLE.search(invite_hash):
        return None
    row = await database.fetchrow(f"{_SELECT} WHERE invite_hash = $1 AND is_public_invite_link_enabled", invite_hash)
    return _workspace(row) if row else None


async def update_workspace(
    database: Database, workspace_id: UUID, changes: Mapping[str, Any], author: Author = COMMAND_LINE
) -> Workspace:
    """Changes columns of a workspace. Raises as create_workspace does for the name, and NotFound."""
    values = dict(changes)
    if "name" in values:
        values["name"] = _checked_name(values["name"])
    assignments = ", ".join(f"{quote_identifier(column)} = ${place}" for place, column in enumerate(values, 2))
    if not assignments:
        return await get_workspace(database, workspace_id)
    async with database.transaction() as connection:
        before = _found(
            await connection.fetchrow(f"{_SELECT} WHERE id = $1 FOR NO KEY UPDATE", workspace_id), workspace_id
        )
        try:
            row = await connection.fetchrow(
                f"UPDATE threescore.workspace SET {assignments} WHERE id = $1 RETURNING {_COLUMNS}",
                workspace_id,
                *values.values(),
            )
        except asyncpg.UniqueViolationError as error:
            if "subdomain" in (error.constraint_name or ""):
                raise Conflict("Another workspace has this subdomain") from error
            raise _taken(values.get("name", "")) from error
        after = _found(row, workspace_id)
        old, new = replaced(inviteLink="invite_hash" in values)
        entry = Entry("workspace.updated", workspace_id, after.name, _audited(before) | old, _audited(after) | new)
        await audit(connection, after.schema, author, [entry])
    return after


def workspace_values(workspace: Workspace) -> dict[str, Any]:
    """What can be told of a workspace from itself alone, in the names of the wire."""
    return {
        "id": str(workspace.id),
        "displayName": workspace.name,
        "subdomain": workspace.subdomain,
        "logo": workspace.logo,
        "timeZone": workspace.time_zone,
        "activationStatus": "ACTIVE" if workspace.is_active else "PENDING_CREATION",
        "isPublicInviteLinkEnabled": workspace.is_public_invite_link_enabled,
        "createdAt": iso(workspace.created_at),
        "metadataVersion": workspace.version,
        "databaseSchema": workspace.schema,
    }


def _audited(workspace: Workspace) -> dict[str, Any]:
    return {
        "displayName": workspace.name,
        "subdomain": workspace.subdomain,
        "logo": workspace.logo,
        "timeZone": workspace.time_zone,
        "isActive": workspace.is_active,
        "isPublicInviteLinkEnabled": workspace.is_public_invite_link_enabled,
    }


async def invite_hash(database: Database, workspace_id: UUID) -> str | None:
    """What the link that invites to a workspace ends with."""
    found: str | None = await database.fetchval(
        "SELECT invite_hash FROM threescore.workspace WHERE id = $1", workspace_id
    )
    return found


def new_invite_hash() -> str:
    """What the link that invites to a workspace ends with."""
    return secrets.token_urlsafe(24)


_RESERVED = frozenset({"", "www", "api", "app", "admin", "mail", "rest", "graphql", "metadata", "auth"})


def read_subdomain(text: str) -> str:
    """A name that a workspace may have in its address. Raises BadRequest."""
    text = text.strip().lower()
    if text in _RESERVED or not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", text):
        raise BadRequest("A subdomain has 1 to 63 letters, digits and hyphens, and is not taken by the server itself")
    return text


def _subdomain(name: str) -> str:
    found = re.sub(r"[^a-z0-9]+", "-", name.lower())[:40].strip("-")
    return f"workspace-{found}".strip("-") if found in _RESERVED else found


_COLUMNS = (
    "id, name, schema, version, created_at, coalesce(subdomain, '') AS subdomain, logo, time_zone, is_active,"
    " is_public_invite_link_enabled"
)
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
