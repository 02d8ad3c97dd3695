"""The service that manages API keys. Every door to it obeys the same rules, because they are here.

What a key may do never exceeds what the caller's own role allows; and a key that may be used from some networks only
makes no key, and no token of one, that may be used from others.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, ip_network
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from threescore.access import keys
from threescore.access.audit import COMMAND_LINE, Author, Entry, audit
from threescore.access.changing import changing, check_grant, existing_role
from threescore.access.grants import narrowed
from threescore.access.keys import ApiKey
from threescore.access.origin import Network
from threescore.access.roles import Role
from threescore.access.scope import Access, ObjectScope, Scope
from threescore.access.tokens import Tokens
from threescore.access.usage import HourOfUse, read_usage
from threescore.catalog.changes.inputs import read_uuid
from threescore.db.pool import Database
from threescore.errors import AccessRefused, BadRequest, Forbidden, InvalidInput, NotFound
from threescore.model.fields.temporal import parse_moment
from threescore.model.objects import Model
from threescore.records.caller import NO_PERMISSION, Caller

MAX_OVERLAP_HOURS = 24 * 7
MAX_NETWORKS = 100

USAGE_SHOWN = timedelta(days=7)
"""How far back the use of a key is told unless somebody asks for more."""

Input = Mapping[str, Any]


class KeyChanges:
    """Manages API keys on behalf of callers.

    Bodies are in the names of the wire. Every method raises Forbidden for what is beyond the caller's own rights, and
    BadRequest or InvalidInput for what cannot be.
    """

    def __init__(self, database: Database, tokens: Tokens, author: Author = COMMAND_LINE) -> None:
        self._database = database
        self._tokens = tokens
        self._author = author

    def over(self, database: Database, author: Author) -> "KeyChanges":
        """The same service inside a transaction, or over the same database. The audit log names the `author`."""
        return KeyChanges(database, self._tokens, author)

    async def list(self, caller: Caller) -> "list[ApiKey]":
        """All keys of the workspace as they are now, revoked ones too, in the order of their creation."""
        async with self._database.acquire() as connection:
            return await keys.list_keys(connection, caller.state.model.workspace_id)

    async def get(self, caller: Caller, key_id: UUID) -> ApiKey | None:
        """A key as it is now, or None."""
        return next((key for key in await self.list(caller) if key.id == key_id), None)

    async def usage(self, caller: Caller, key_id: UUID, given: Input) -> Sequence[HourOfUse]:
        """How much a key is used, hour by hour: of the last 7 days, or between `since` and `until`. Raises NotFound."""
        until = _moment_or_none(given, "until") or datetime.now(UTC)
        since = _moment_or_none(given, "since") or datetime.now(UTC) - USAGE_SHOWN
        if await self.get(caller, key_id) is None:
            raise _no_key(key_id)
        return await read_usage(self._database, caller.state.model.workspace_id, key_id, since, until)

    async def create(self, caller: Caller, body: Input) -> ApiKey:
        """Creates a key, which has no token yet."""
        name, expires_at = _required_text(body, "name"), _moment(body, "expiresAt")
        revoked_at = _moment_or_none(body, "revokedAt")
        networks = _networks(body.get("allowedNetworks"))
        role_id = _required_id(body, "roleId")
        rate_limit = _rate_limit(body)
        async with changing(self._database, caller) as (connection, present):
            scope = _scope(body.get("scope"), present.state.model)
            role = _assignable(existing_role(present, role_id))
            _check_key(present, role, scope, networks)
            return await keys.create_key(
                connection,
                present.state.model.workspace_id,
                name,
                expires_at,
                revoked_at,
                role_id=role.id,
                scope=scope,
                allowed_networks=networks,
                created_by=_made_by(present),
                rate_limit=rate_limit,
                author=self._author,
            )

    async def update(self, caller: Caller, key_id: UUID, body: Input) -> ApiKey | None:
        """Changes what is given of a key; `revokedAt: null` takes its revocation back. None for an unknown key."""
        name = UNSET if body.get("name") is None else _required_text(body, "name")
        expires_at = UNSET if body.get("expiresAt") is None else _moment(body, "expiresAt")
        revoked_at = _moment_or_none(body, "revokedAt") if "revokedAt" in body else UNSET
        networks = _networks(body["allowedNetworks"]) if "allowedNetworks" in body else UNSET
        async with changing(self._database, caller) as (connection, present):
            key = present.state.keys.get(key_id)
            if key is None:
                return None
            scope = _scope(body["scope"], present.state.model) if "scope" in body else UNSET
            if any(value is not UNSET for value in (expires_at, revoked_at, scope, networks)):
                _check_key(
                    present,
                    _role_of(present, key),
                    key.scope if isinstance(scope, UnsetType) else scope,
                    key.allowed_networks if isinstance(networks, UnsetType) else networks,
                )
            return await keys.update_key(
                connection,
                present.state.model.workspace_id,
                key_id,
                name=name,
                expires_at=expires_at,
                revoked_at=revoked_at,
                scope=scope,
                allowed_networks=networks,
                rate_limit=_rate_limit(body) if "rateLimit" in body else UNSET,
                author=self._author,
            )

    async def revoke(self, caller: Caller, key_id: UUID) -> ApiKey | None:
        """Revokes a key: all its tokens are refused from now on. None for an unknown key."""
        async with changing(self._database, caller) as (connection, present):
            if key_id not in present.state.keys:
                return None
            return await keys.revoke_key(connection, present.state.model.workspace_id, key_id, author=self._author)

    async def assign_role(self, caller: Caller, key_id: UUID, role_id: UUID) -> None:
        """Gives a key another role. Raises NotFound."""
        async with changing(self._database, caller) as (connection, present):
            key = _existing(present, key_id)
            role = _assignable(existing_role(present, role_id))
            if key.role_id is not None:
                # Who may not make such a key may not take it over either.
                _check_key(present, _role_of(present, key), key.scope, key.allowed_networks)
            _check_key(present, role, key.scope, key.allowed_networks)
            await keys.update_key(
                connection, present.state.model.workspace_id, key_id, role_id=role_id, author=self._author
            )

    async def mint(self, caller: Caller, key_id: UUID, expires_at: str | None) -> str:
        """A new token of a key, besides those that it has. Raises NotFound."""
        async with changing(self._database, caller) as (connection, present):
            key = _existing(present, key_id)
            _check_good(key)
            _check_key(present, _role_of(present, key), key.scope, key.allowed_networks)
            until = _until(expires_at, key)
            entry = Entry("apiKey.tokenGenerated", key.id, key.name, None, {"expiresAt": until})
            await audit(connection, present.state.model.schema, self._author, [entry])
        return self._token(key, until)

    async def regenerate(
        self, caller: Caller, key_id: UUID, expires_at: str | None, overlap_hours: float | None
    ) -> str:
        """A new token of a key; its other tokens end, the latest ones after `overlap_hours`, all others at once.

        With `expires_at`, the key itself lives until then. Raises NotFound.
        """
        overlap = overlap_hours or 0
        if not 0 <= overlap <= MAX_OVERLAP_HOURS:
            raise BadRequest(f"overlapHours must be from 0 to {MAX_OVERLAP_HOURS}")
        async with changing(self._database, caller) as (connection, present):
            key = _existing(present, key_id)
            if expires_at is None or key.revoked_at is not None:
                _check_good(key)
            _check_key(present, _role_of(present, key), key.scope, key.allowed_networks)
            until = _until(expires_at, key)
            key = await keys.regenerate_key(
                connection,
                present.state.model.workspace_id,
                key_id,
                overlap_until=datetime.now(UTC) + timedelta(hours=overlap) if overlap else None,
                expires_at=until,
                author=self._author,
            )
        return self._token(key, until)

    def _token(self, key: ApiKey, until: datetime) -> str:
        return self._tokens.mint(key.workspace_id, key.id, until, key.generation)


def _existing(caller: Caller, key_id: UUID) -> ApiKey:
    key = caller.state.keys.get(key_id)
    if key is None:
        raise _no_key(key_id)
    return key


def _no_key(key_id: UUID) -> NotFound:
    return NotFound(f"This workspace has no API key {key_id}", code="API_KEY_NOT_FOUND")


def _role_of(caller: Caller, key: ApiKey) -> Role:
    role = caller.state.roles.get(key.role_id) if key.role_id else None
    if role is None:
        raise Forbidden(f'The API key "{key.name}" has no role', code="API_KEY_NO_ROLE_ASSIGNED")
    return role


def _assignable(role: Role) -> Role:
    if not role.can_be_assigned_to_api_keys:
        message = f'Role "{role.label}" cannot be assigned to API keys'
        raise BadRequest(message, code="ROLE_CANNOT_BE_ASSIGNED_TO_API_KEYS")
    return role


def _check_good(key: ApiKey) -> None:
    try:
        key.check()
    except AccessRefused as error:
        code = "API_KEY_REVOKED" if key.revoked_at is not None else "API_KEY_EXPIRED"
        raise Forbidden(error.message, code=code) from error


def _check_key(caller: Caller, role: Role, scope: Scope | None, networks: Sequence[str]) -> None:
    """Raises Forbidden when such a key could do what the caller cannot."""
    check_grant(caller, narrowed(role, scope, caller.state.model))
    own = caller.principal.networks if isinstance(caller.principal, ApiKey) else ()
    if own and not (networks and all(_is_inside(ip_network(text), own) for text in networks)):
        raise Forbidden(
            f"{NO_PERMISSION}: your own API key may be used from {', '.join(map(str, own))} only; so must this one",
            code="PERMISSION_DENIED",
        )


def _is_inside(network: Network, others: Sequence[Network]) -> bool:
    for other in others:
        if isinstance(network, IPv4Network):
            if isinstance(other, IPv4Network) and network.subnet_of(other):
                return True
        elif not isinstance(other, IPv4Network) and network.subnet_of(other):
            return True
    return False


def _made_by(caller: Caller) -> dict[str, str]:
    kind = "API_KEY" if isinstance(caller.principal, ApiKey) else "MEMBER"
    principal = caller.principal
    shown = principal.id if isinstance(principal, ApiKey) else principal.workspace_member_id
    return {"type": kind, "id": str(shown), "name": principal.name}


def _required_text(body: Input, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise InvalidInput([f"{name} must be a string"])
    return value


def _rate_limit(body: Input) -> str | None:
    return _required_text(body, "rateLimit") if body.get("rateLimit") else None


def _required_id(body: Input, name: str) -> UUID:
    found = read_uuid(body.get(name))
    if found is None:
        raise InvalidInput([f"{name} must be a UUID"])
    return found


def _moment(body: Input, name: str) -> datetime:
    return _parsed(name, _required_text(body, name))


def _moment_or_none(body: Input, name: str) -> datetime | None:
    return _moment(body, name) if body.get(name) else None


def _parsed(name: str, text: str) -> datetime:
    moment = parse_moment(text)
    if moment is None:
        raise BadRequest(f'{name} must be a date and time as in "2100-01-01T00:00:00.000Z", not "{text[:100]}"')
    return moment


def _until(text: str | None, key: ApiKey) -> datetime:
    """When a new token ends: as said, else with its key."""
    if text is None:
        return key.expires_at
    until = _parsed("expiresAt", text)
    if until <= datetime.now(UTC):
        raise BadRequest("expiresAt must be in the future")
    return until


def _networks(value: object) -> tuple[str, ...]:
    """Networks in their usual form. Raises BadRequest for what is none."""
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > MAX_NETWORKS:
        raise BadRequest(f"allowedNetworks must be a list of at most {MAX_NETWORKS} networks")
    found = []
    for text in value:
        try:
            found.append(str(ip_network(text if isinstance(text, str) else "")))
        except ValueError as error:
            raise BadRequest(
                f'allowedNetworks: "{str(text)[:100]}" is no network; write one as in "203.0.113.7" or "2001:db8::/32"'
            ) from error
    return tuple(dict.fromkeys(found))


class _SentObject(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    object_metadata_id: UUID
    access: Access


class _SentScope(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    all_objects: Access = Access.NONE
    objects: list[_SentObject] = []


def _scope(value: object, model: Model) -> Scope | None:
    """What a key is meant for. Raises InvalidInput, and NotFound for an object that there is not."""
    if value is None:
        return None
    try:
        sent = msgspec.convert(value, _SentScope)
    except (msgspec.ValidationError, ValueError) as error:
        raise InvalidInput([f"scope: {error}"]) from error
    for item in sent.objects:
        if item.object_metadata_id not in model.by_id:
            raise NotFound(f"This workspace has no object {item.object_metadata_id}", code="OBJECT_METADATA_NOT_FOUND")
    by_id = {item.object_metadata_id: item.access for item in sent.objects}
    if len(by_id) < len(sent.objects):
        raise BadRequest("scope: an object is named twice")
    return Scope(
        of_all=sent.all_objects,
        objects=tuple(ObjectScope(object_id=object_id, access=access) for object_id, access in by_id.items()),
    )
