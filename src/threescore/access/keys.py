"""API keys in the catalog. A key is a row; its tokens are signed, shown once and never stored."""

import re
import secrets
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from msgspec import UNSET, Struct, UnsetType

from threescore.access.audit import COMMAND_LINE, Entry, Origin, audit
from threescore.access.roles import admin_role
from threescore.config import parse_rates
from threescore.db.pool import Connection, Database, Record
from threescore.errors import AccessRefused, BadRequest, NotFound
from threescore.sql import quote_identifier

MAX_NAME_LENGTH = 200
_SECRET_NAME = "secret"
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class ApiKey(Struct, frozen=True, kw_only=True):
    """An API key of a workspace.

    `rate_limit` is its own one, in the words of the setting THREESCORE_RATE_LIMIT; None for what the setting says.
    """

    id: UUID
    workspace_id: UUID
    name: str
    role_id: UUID | None
    expires_at: datetime
    revoked_at: datetime | None = None
    created_at: datetime
    updated_at: datetime
    rate_limit: str | None = None

    def check(self) -> None:
        """Raises AccessRefused when the key is revoked or expired."""
        if self.revoked_at is not None:
            raise AccessRefused(403, "FORBIDDEN_EXCEPTION", "This API Key is revoked")
        if self.expires_at <= datetime.now(UTC):
            raise AccessRefused(403, "FORBIDDEN_EXCEPTION", "This API Key is expired")


_COLUMNS = "id, workspace_id, name, role_id, expires_at, revoked_at, created_at, updated_at, rate_limit"


def _key(row: Record) -> ApiKey:
    return ApiKey(**dict(row))


async def create_key(
    connection: Connection,
    workspace_id: UUID,
    name: str,
    expires_at: datetime,
    revoked_at: datetime | None = None,
    *,
    role_id: UUID | None = None,
    origin: Origin = COMMAND_LINE,
) -> ApiKey:
    """Creates an API key, with the admin role unless another one is named.

    Raises BadRequest for a name that is blank or too long.
    """
    row = await connection.fetchrow(
        "INSERT INTO threescore.api_key (id, workspace_id, name, role_id, expires_at, revoked_at)"
        f" VALUES ($1, $2, $3, $4, $5, $6) RETURNING {_COLUMNS}",
        uuid4(),
        workspace_id,
        _checked_name(name),
        role_id or admin_role(workspace_id).id,
        expires_at,
        revoked_at,
    )
    assert row is not None
    return await _written(connection, origin, "created", None, _key(row))


async def list_keys(connection: Connection, workspace_id: UUID) -> list[ApiKey]:
    """All keys of a workspace, revoked ones too, in the order of creation."""
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM threescore.api_key WHERE workspace_id = $1 ORDER BY created_at, id", workspace_id
    )
    return [_key(row) for row in rows]


async def update_key(
    connection: Connection,
    workspace_id: UUID,
    key_id: UUID,
    *,
    name: str | UnsetType = UNSET,
    expires_at: datetime | UnsetType = UNSET,
    revoked_at: datetime | UnsetType | None = UNSET,
    role_id: UUID | UnsetType = UNSET,
    rate_limit: str | UnsetType | None = UNSET,
    origin: Origin = COMMAND_LINE,
) -> ApiKey:
    """Changes what is given of a key; `revoked_at=None` takes its revocation back.

    Tokens end when they were made to end, or with the key if that is sooner. Raises NotFound, and BadRequest for a
    name that is blank or too long, or a rate limit that is none.
    """
    changes = {
        "name": _checked_name(name) if isinstance(name, str) else UNSET,
        "expires_at": expires_at,
        "revoked_at": revoked_at,
        "role_id": role_id,
        "rate_limit": _checked_rates(rate_limit) if isinstance(rate_limit, str) else rate_limit,
    }
    before = await _locked(connection, workspace_id, key_id)
    given = {column: value for column, value in changes.items() if value is not UNSET}
    assignments = "".join(f", {column} = ${place}" for place, column in enumerate(given, 3))
    row = await connection.fetchrow(
        f"UPDATE threescore.api_key SET updated_at = now(){assignments}"
        f" WHERE id = $1 AND workspace_id = $2 RETURNING {_COLUMNS}",
        key_id,
        workspace_id,
        *given.values(),
    )
    assert row is not None
    return await _written(connection, origin, "updated", before, _key(row))


async def revoke_key(
    connection: Connection, workspace_id: UUID, key_id: UUID, *, origin: Origin = COMMAND_LINE
) -> ApiKey:
    """Revokes a key: its tokens are refused from now on, by every worker. Raises NotFound."""
    before = await _locked(connection, workspace_id, key_id)
    row = await connection.fetchrow(
        f"UPDATE threescore.api_key SET revoked_at = coalesce(revoked_at, now()), updated_at = now()"
        f" WHERE id = $1 AND workspace_id = $2 RETURNING {_COLUMNS}",
        key_id,
        workspace_id,
    )
    assert row is not None
    return await _written(connection, origin, "revoked", before, _key(row))


async def _locked(connection: Connection, workspace_id: UUID, key_id: UUID) -> ApiKey:
    """A key as it is before it is changed. Raises NotFound."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM threescore.api_key WHERE id = $1 AND workspace_id = $2 FOR UPDATE",
        key_id,
        workspace_id,
    )
    if row is None:
        raise NotFound(f"This workspace has no API key {key_id}", code="API_KEY_NOT_FOUND")
    return _key(row)


async def _written(connection: Connection, origin: Origin, verb: str, before: ApiKey | None, key: ApiKey) -> ApiKey:
    """Puts a change of a key in force, and into the audit log."""
    schema = await _announce(connection, key.workspace_id)
    shown = None if before is None else _audited(before)
    await audit(connection, schema, origin, [Entry(f"apiKey.{verb}", key.id, key.name, shown, _audited(key))])
    return key


def _audited(key: ApiKey) -> dict[str, Any]:
    return {
        "name": key.name,
        "roleId": key.role_id,
        "expiresAt": key.expires_at,
        "revokedAt": key.revoked_at,
        "rateLimit": key.rate_limit,
    }


def _checked_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > MAX_NAME_LENGTH or _UNSTORABLE.search(name):
        raise BadRequest(f"An API key's name has 1 to {MAX_NAME_LENGTH} characters")
    return name


def _checked_rates(text: str) -> str:
    try:
        parse_rates(text)
    except ValueError as error:
        raise BadRequest(f"An API key's rate limit cannot be {text[:100]!r}: {error}") from error
    return text


async def _announce(connection: Connection, workspace_id: UUID) -> str:
    """Moves on the version of the keys, which every data statement of every worker compares with its own.

    Gives the schema of the workspace.
    """
    schema: str = await connection.fetchval("SELECT schema FROM threescore.workspace WHERE id = $1", workspace_id)
    await connection.execute(f"UPDATE {quote_identifier(schema)}._state SET access = access + 1")
    return schema


async def signing_secret(database: Database, configured: str | None) -> str:
    """The secret that tokens are signed with: the configured one, else one made once and kept in the database."""
    if configured:
        return configured
    await database.execute(
        "INSERT INTO threescore.setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
        _SECRET_NAME,
        secrets.token_urlsafe(48),
    )
    return str(await database.fetchval("SELECT value FROM threescore.setting WHERE name = $1", _SECRET_NAME))
