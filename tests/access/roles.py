"""Roles and keys for tests, written straight into the catalog."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from anyio.from_thread import BlockingPortal

from threescore.access.keys import create_key, signing_secret
from threescore.access.members import Member, list_members
from threescore.access.role_store import replace_flags
from threescore.access.roles import Role, insert_role
from threescore.access.tokens import Tokens
from threescore.catalog.load import load_model
from threescore.catalog.workspaces import Workspace
from threescore.db.pool import Connection, Database
from threescore.model.objects import Model
from threescore.sql import quote_identifier

ALL = {"read": True, "update": True, "soft_delete": True, "destroy": True}


@dataclass(frozen=True)
class Rules:
    """What a role says, by names: of objects (`nameSingular`) and of their fields."""

    everywhere: Mapping[str, bool] = field(default_factory=lambda: ALL)
    objects: Mapping[str, Mapping[str, bool | None]] = field(default_factory=dict)
    """Rights by object: `read`, `update`, `soft_delete`, `destroy`."""
    fields: Mapping[tuple[str, str], Mapping[str, bool | None]] = field(default_factory=dict)
    """Rights by object and field: `read`, `update`."""
    rows: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """A filter by object."""
    settings: bool = False
    """Whether the role may change all settings."""
    flags: tuple[str, ...] = ()
    """The permission flags of the role."""


class Office:
    """Gives out roles and keys of one workspace."""

    def __init__(self, portal: BlockingPortal, database: Database, workspace: Workspace, server: str) -> None:
        self._portal = portal
        self._database = database
        self.workspace = workspace
        self._server = server

    def model(self) -> Model:
        """The workspace's model as it is now."""
        return self._portal.call(self._load)

    def role(self, rules: Rules) -> UUID:
        """A new role."""
        return self._portal.call(self._new_role, rules)

    def change(self, role_id: UUID, rules: Rules) -> None:
        """Gives a role other rights about objects, fields and rows."""
        self._portal.call(self._change, role_id, rules)

    def token(self, role_id: UUID) -> str:
        """The token of a new API key with a role."""
        return self._portal.call(self._new_token, role_id)

    def client(self, rules: Rules | None = None, role_id: UUID | None = None) -> httpx.Client:
        """A client with a key of a role; of the admin role by default."""
        if rules is not None:
            role_id = self.role(rules)
        token = self._portal.call(self._new_token, role_id)
        return httpx.Client(base_url=self._server, headers={"Authorization": f"Bearer {token}"}, timeout=30)

    def member(self, role_id: UUID, workspace_member_id: str) -> Member:
        """A new user who is a member with a role."""
        return self._portal.call(self._new_member, role_id, workspace_member_id)

    async def _load(self) -> Model:
        async with self._database.acquire() as connection:
            return await load_model(connection, self.workspace.id)

    async def _new_role(self, rules: Rules) -> UUID:
        rights = {f"can_{name}_all_object_records": value for name, value in rules.everywhere.items()}
        rights["can_update_all_settings"] = rules.settings
        role = Role(id=uuid4(), universal_identifier=uuid4(), label=f"Role {uuid4()}", **rights)  # type: ignore[arg-type]
        async with self._database.transaction() as connection:
            await insert_role(connection, self.workspace.id, role)
            await replace_flags(connection, role.id, rules.flags)
        await self._change(role.id, rules)
        return role.id

    async def _change(self, role_id: UUID, rules: Rules) -> None:
        async with self._database.transaction() as connection:
            model = await load_model(connection, self.workspace.id)
            for table in ("role_object", "role_field", "role_row"):
                await connection.execute(f"DELETE FROM threescore.{table} WHERE role_id = $1", role_id)
            await connection.executemany(
                "INSERT INTO threescore.role_object (role_id, object_id, can_read, can_update, can_soft_delete,"
                " can_destroy) VALUES ($1, $2, $3, $4, $5, $6)",
                [
                    (
                        role_id,
                        model.by_singular[name].id,
                        *(rights.get(right) for right in ALL),
                    )
                    for name, rights in rules.objects.items()
                ],
            )
            await connection.executemany(
                "INSERT INTO threescore.role_field (role_id, object_id, field_id, can_read, can_update)"
                " VALUES ($1, $2, $3, $4, $5)",
                [
                    (
                        role_id,
                        model.by_singular[name].id,
                        model.by_singular[name].field_by_name[field_name].id,
                        *map(rights.get, ("read", "update")),
                    )
                    for (name, field_name), rights in rules.fields.items()
                ],
            )
            await connection.executemany(
                "INSERT INTO threescore.role_row (role_id, object_id, filter) VALUES ($1, $2, $3)",
                [
                    (role_id, model.by_singular[name].id, json.dumps(filter).encode())
                    for name, filter in rules.rows.items()
                ],
            )
            await self._announce(connection)

    async def _announce(self, connection: Connection) -> None:
        await connection.execute(f"UPDATE {quote_identifier(self.workspace.schema)}._state SET access = access + 1")

    async def _new_token(self, role_id: UUID | None) -> str:
        expires_at = datetime.now(UTC) + timedelta(days=1)
        async with self._database.transaction() as connection:
            key = await create_key(connection, self.workspace.id, "Tests", expires_at, role_id=role_id)
        return Tokens(await signing_secret(self._database, None)).mint(self.workspace.id, key.id, key.expires_at)

    async def _new_member(self, role_id: UUID, workspace_member_id: str) -> Member:
        user_id, membership_id = uuid4(), uuid4()
        async with self._database.transaction() as connection:
            await connection.execute(
                'INSERT INTO threescore."user" (id, email, first_name, last_name) VALUES ($1, $2, $3, $4)',
                user_id,
                f"{user_id}@example.com",
                "Test",
                "Person",
            )
            await connection.execute(
                "INSERT INTO threescore.membership (id, workspace_id, user_id, workspace_member_id, role_id)"
                " VALUES ($1, $2, $3, $4, $5)",
                membership_id,
                self.workspace.id,
                user_id,
                UUID(workspace_member_id),
                role_id,
            )
            await self._announce(connection)
            members = await list_members(connection, self.workspace.id)
        return next(member for member in members if member.id == membership_id)


NewOffice = Callable[[Workspace], Office]


def names(records: Sequence[Mapping[str, Any]]) -> list[Any]:
    """The names of records, sorted."""
    return sorted(record["name"] for record in records)
