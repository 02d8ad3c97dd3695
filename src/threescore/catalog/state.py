"""What a worker process knows of the workspaces: their models, and who may do what.

Nothing here is pushed to a worker. A workspace's `_state` row holds the versions of its model and of its access (keys,
members, roles); every data statement reads that row too, and one that meets other versions than it was made for changes
nothing and is made anew. So a change is in force for every worker the moment it is committed.
"""

import asyncio
import time
from collections import OrderedDict
from functools import cached_property
from uuid import UUID

import asyncpg
from msgspec import Struct

from threescore.access.grants import narrowed
from threescore.access.keys import ApiKey, list_keys
from threescore.access.members import Member, list_members
from threescore.access.roles import Role, list_roles
from threescore.access.session_rows import list_ended
from threescore.access.tokens import API_KEY, Claims, expired_token, invalid_token
from threescore.catalog.load import load_model
from threescore.db.pool import Connection, Database
from threescore.errors import AccessRefused, NotFound
from threescore.model.objects import Model
from threescore.sql import quote_identifier

WORKSPACE_LIMIT = 100
"""How many workspaces a worker keeps; those not used for longest are forgotten."""


class Stale(Exception):
    """What the worker knows of the workspace is no longer so. Nothing was changed; start again."""


class WorkspaceState(Struct, frozen=True, dict=True):
    """A workspace at one moment. `signed_out` are the sessions that ended while tokens of theirs may still be good."""

    model: Model
    access_version: int
    keys: dict[UUID, ApiKey]
    members: dict[UUID, Member]
    roles: dict[UUID, Role]
    signed_out: frozenset[UUID] = frozenset()

    def principal(self, claims: Claims) -> ApiKey | Member:
        """Who a token speaks for. Raises AccessRefused for an unknown, revoked or expired key, and for a stranger.

        And for a token that is over by now: one that came with a connection was good then.
        """
        if claims.expires_at <= time.time():
            raise expired_token()
        if claims.type != API_KEY:
            member = self._member(claims.principal_id)
            if claims.generation != member.generation or claims.session_id in self.signed_out:
                raise invalid_token()
            return member
        key = self._key(claims.principal_id)
        key.check_generation(claims.generation)
        return key

    def renewed(self, principal: ApiKey | Member) -> ApiKey | Member:
        """The key or member of another state in this one. Raises AccessRefused when it is gone or no longer good."""
        if isinstance(principal, Member):
            return self._member(principal.id)
        return self._key(principal.id)

    def _member(self, membership_id: UUID) -> Member:
        member = self.members.get(membership_id)
        if member is None:
            raise AccessRefused(403, "FORBIDDEN_EXCEPTION", "User is not a member of the workspace")
        return member

    def _key(self, key_id: UUID) -> ApiKey:
        key = self.keys.get(key_id)
        if key is None:
            raise AccessRefused(403, "FORBIDDEN_EXCEPTION", "This API Key is revoked")
        key.check()
        return key

    def role(self, principal: ApiKey | Member) -> Role:
        """What the caller may do. Raises AccessRefused for a key without a role."""
        role = self.roles.get(principal.role_id) if principal.role_id else None
        if role is not None and isinstance(principal, ApiKey) and principal.scope is not None:
            return self._narrowed(principal, role)
        if role is None:
            raise AccessRefused(403, "API_KEY_NO_ROLE_ASSIGNED", f'The API key "{principal.name}" has no role')
        return role

    @cached_property
    def _narrowed_roles(self) -> dict[UUID, Role]:
        return {}

    def _narrowed(self, key: ApiKey, role: Role) -> Role:
        """The role of a key with a scope, made once for this state."""
        found = self._narrowed_roles.get(key.id)
        if found is None:
            found = self._narrowed_roles[key.id] = narrowed(role, key.scope, self.model)
        return found


class Workspaces:
    """The states of the workspaces that this worker serves, loaded when first asked for."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._states: OrderedDict[UUID, WorkspaceState] = OrderedDict()
        self._loading = asyncio.Lock()

    async def get(self, workspace_id: UUID) -> WorkspaceState:
        """The state as last seen. Raises AccessRefused when there is no such workspace."""
        state = self._states.get(workspace_id)
        if state is not None:
            self._states.move_to_end(workspace_id)
            return state
        return await self._load(workspace_id, seen=None)

    async def present(self, workspace_id: UUID) -> WorkspaceState:
        """The state as it is now, for what is answered without the database. Raises AccessRefused as `get` does."""
        return await self._load(workspace_id, seen=self._states.get(workspace_id))

    async def refresh(self, workspace_id: UUID, seen: WorkspaceState) -> bool:
        """Makes sure that the state is the present one. True when it is another than the one `seen`."""
        return await self._load(workspace_id, seen) is not seen

    async def _load(self, workspace_id: UUID, seen: WorkspaceState | None) -> WorkspaceState:
        # One load at a time: they are rare, and many requests wait for the same one.
        async with self._loading:
            known = self._states.get(workspace_id)
            if known is not None and known is not seen:
                return known
            try:
                async with (
                    self._database.acquire() as connection,
                    connection.transaction(isolation="repeatable_read", readonly=True),
                ):
                    state = await read_state(connection, workspace_id, known)
            except NotFound as error:
                self._states.pop(workspace_id, None)
                raise AccessRefused(401, "WORKSPACE_NOT_FOUND", "Workspace not found") from error
            self._states[workspace_id] = state
            if len(self._states) > WORKSPACE_LIMIT:
                self._states.popitem(last=False)
            return state


async def read_state(connection: Connection, workspace_id: UUID, known: WorkspaceState | None) -> WorkspaceState:
    """The present state; the known one itself if it still is that, and its model if that is unchanged."""
    schema = known.model.schema if known else None
    if schema is None:
        schema = await connection.fetchval("SELECT schema FROM threescore.workspace WHERE id = $1", workspace_id)
    if schema is None:
        raise NotFound(f"Workspace {workspace_id} not found")
    try:
        versions = await connection.fetchrow(f"SELECT model, access FROM {quote_identifier(schema)}._state")
    except asyncpg.UndefinedTableError as error:
        raise NotFound(f"Workspace {workspace_id} not found") from error
    assert versions is not None
    if known and known.model.version == versions["model"] and known.access_version == versions["access"]:
        return known
    keys = {key.id: key for key in await list_keys(connection, workspace_id)}
    members = {member.id: member for member in await list_members(connection, workspace_id)}
    roles = {role.id: role for role in await list_roles(connection, workspace_id)}
    model = known.model if known and known.model.version == versions["model"] else None
    model = model or await load_model(connection, workspace_id)
    signed_out = await list_ended(connection, workspace_id)
    return WorkspaceState(model, versions["access"], keys, members, roles, signed_out)
