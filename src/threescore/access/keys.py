"""API keys in the catalog. A key is a row; its tokens are signed, shown once and never stored."""

import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from ipaddress import ip_network
from typing import Any
from uuid import UUID, uuid4

import msgspec
from msgspec import UNSET, Struct, UnsetType

from threescore.access.announce import announce
from threescore.access.audit import COMMAND_LINE, Author, Entry, audit
from threescore.access.origin import Network, Origin, within
from threescore.access.roles import admin_role
from threescore.access.scope import Scope
from threescore.config import parse_rates
from threescore.db.pool import Connection, Database, Record
from threescore.errors import AccessRefused, BadRequest, NotFound

MAX_NAME_LENGTH = 200
_SECRET_NAME = "secret"
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class ApiKey(Struct, frozen=True, dict=True, kw_only=True):
    """An API key of a workspace.

    Its tokens carry the `generation` in which they were made; those of the last one but one are good until
    `overlap_until`, all older ones are not. With `allowed_networks`, it can be used from there only. `created_by` names
    the key or member that made it. When it was last used is known to the minute, and never taken from a cached state.
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
    generation: int = 0
    overlap_until: datetime | None = None
    scope: Scope | None = None
    allowed_networks: tuple[str, ...] = ()
    created_by: dict[str, Any] | None = None
    last_used_at: datetime | None = None
    last_used_route: str | None = None
    rate_limit: str | None = None

    def check(self) -> None:
        """Raises AccessRefused when the key is revoked or expired."""
        if self.revoked_at is not None:
            raise AccessRefused(403, "FORBIDDEN_EXCEPTION", "This API Key is revoked")
        if self.expires_at <= datetime.now(UTC):
            raise AccessRefused(403, "FORBIDDEN_EXCEPTION", "This API Key is expired")

    def check_generation(self, generation: int) -> None:
        """Raises AccessRefused for a token that newer ones have taken the place of."""
        if generation == self.generation:
            return
        overlaps = self.overlap_until is not None and self.overlap_until > datetime.now(UTC)
        if generation != self.generation - 1 or not overlaps:
            raise AccessRefused(403, "FORBIDDEN_EXCEPTION", "This API Key is revoked")

    @cached_property
    def networks(self) -> tuple[Network, ...]:
        """The networks from which the key may be used; none: from anywhere."""
        return tuple(ip_network(text) for text in self.allowed_networks)

    def check_origin(self, origin: Origin | None) -> None:
        """Raises AccessRefused when the key may not be used from where the request comes."""
        if not self.allowed_networks:
            return
        address = None if origin is None else origin.address
        if address is None or not within(address, self.networks):
            raise AccessRefused(403, "FORBIDDEN_EXCEPTION", "This API Key may not be used from this address")


_COLUMNS = (
    "id, workspace_id, name, role_id, expires_at, revoked_at, created_at, updated_at, generation, overlap_until,"
    " scope, allowed_networks, created_by, last_used_at, last_used_route, rate_limit"
)


def _key(row: Record) -> ApiKey:
    values = dict(row)
    scope, created_by = values.pop("scope"), values.pop("created_by")
    networks = tuple(values.pop("allowed_networks"))
    return ApiKey(
        **values,
        scope=None if scope is None else msgspec.json.decode(scope, type=Scope),
        created_by=None if created_by is None else msgspec.json.decode(created_by),
        allowed_networks=networks,
    )


async def create_key(
    connection: Connection,
    workspace_id: UUID,
    name: str,
    expires_at: datetime,
    revoked_at: datetime | None = None,
    *,
    role_id: UUID | None = None,
    scope: Scope | None = None,
    allowed_networks: Sequence[str] = (),
    created_by: Mapping[str, Any] | None = None,
    rate_limit: str | None = None,
    author: Author = COMMAND_LINE,
) -> ApiKey:
    """Creates an API key, with the admin role unless another one is named.

    Raises BadRequest for a name that is blank or too long.
    """
    row = await connection.fetchrow(
        "INSERT INTO threescore.api_key (id, workspace_id, name, role_id, expires_at, revoked_at, scope,"
        " allowed_networks, created_by, rate_limit) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
        f" RETURNING {_COLUMNS}",
        uuid4(),
        workspace_id,
        _checked_name(name),
        role_id or admin_role(workspace_id).id,
        expires_at,
        revoked_at,
        _json(scope),
        list(allowed_networks),
        _json(created_by),
        None if rate_limit is None else _checked_rates(rate_limit),
    )
    assert row is not None
    return await _written(connection, author, "created", None, _key(row))


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
    scope: Scope | UnsetType | None = UNSET,
    allowed_networks: Sequence[str] | UnsetType = UNSET,
    rate_limit: str | UnsetType | None = UNSET,
    author: Author = COMMAND_LINE,
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
        "scope": scope if scope is UNSET else _json(scope),
        "allowed_networks": allowed_networks if isinstance(allowed_networks, UnsetType) else list(allowed_networks),
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
    return await _written(connection, author, "updated", before, _key(row))


async def revoke_key(
    connection: Connection, workspace_id: UUID, key_id: UUID, *, author: Author = COMMAND_LINE
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
    return await _written(connection, author, "revoked", before, _key(row))


async def regenerate_key(
    connection: Connection,
    workspace_id: UUID,
    key_id: UUID,
    *,
    overlap_until: datetime | None,
    expires_at: datetime,
    author: Author = COMMAND_LINE,
) -> ApiKey:
    """Lets the tokens of a key end, those made last not before `overlap_until`. Raises NotFound."""
    before = await _locked(connection, workspace_id, key_id)
    row = await connection.fetchrow(
        "UPDATE threescore.api_key"
        " SET generation = generation + 1, overlap_until = $3, expires_at = $4, updated_at = now()"
        f" WHERE id = $1 AND workspace_id = $2 RETURNING {_COLUMNS}",
        key_id,
        workspace_id,
        overlap_until,
        expires_at,
    )
    assert row is not None
    return await _written(connection, author, "regenerated", before, _key(row))


def _json(value: object) -> bytes | None:
    return None if value is None else msgspec.json.encode(value)


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


async def _written(connection: Connection, author: Author, verb: str, before: ApiKey | None, key: ApiKey) -> ApiKey:
    """Puts a change of a key in force, and into the audit log."""
    schema = await announce(connection, key.workspace_id)
    shown = None if before is None else _audited(before)
    await audit(connection, schema, author, [Entry(f"apiKey.{verb}", key.id, key.name, shown, _audited(key))])
    return key


def _audited(key: ApiKey) -> dict[str, Any]:
    return {
        "name": key.name,
        "roleId": key.role_id,
        "expiresAt": key.expires_at,
        "revokedAt": key.revoked_at,
        "rateLimit": key.rate_limit,
        "scope": key.scope,
        "allowedNetworks": key.allowed_networks,
        "generation": key.generation,
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
