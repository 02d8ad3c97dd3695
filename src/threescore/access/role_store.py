"""Roles in the catalog: what changes of them write. No rule is looked at here."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from threescore.access.roles import COLUMNS, FieldRights, ObjectRights, Role, RowRule
from threescore.access.row_rules import Predicate, PredicateGroup
from threescore.db.pool import Connection


class Predicates(Struct, frozen=True):
    """A row rule as clients of the wire wrote it, to be shown to them again."""

    predicates: tuple[Predicate, ...]
    groups: tuple[PredicateGroup, ...]


class ObjectPredicates(Struct, frozen=True, kw_only=True):
    """The predicates of a role for one object."""

    role_id: UUID
    object_id: UUID
    predicates: Predicates


_predicates = msgspec.json.Decoder(list[ObjectPredicates])


async def list_predicates(connection: Connection, workspace_id: UUID) -> list[ObjectPredicates]:
    """The predicates of all roles of a workspace."""
    found: bytes = await connection.fetchval(
        "SELECT coalesce(json_agg(json_build_object("
        "'role_id', w.role_id, 'object_id', w.object_id, 'predicates', w.predicates)"
        " ORDER BY w.role_id, w.object_id), '[]')"
        " FROM threescore.role_row w JOIN threescore.role r ON r.id = w.role_id"
        " WHERE r.workspace_id = $1 AND w.predicates IS NOT NULL",
        workspace_id,
    )
    return _predicates.decode(found)


async def update_role(connection: Connection, role: Role) -> None:
    """Writes the attributes of a role."""
    assignments = ", ".join(f"{column} = ${place}" for place, column in enumerate(COLUMNS, 2))
    await connection.execute(
        f"UPDATE threescore.role SET {assignments} WHERE id = $1",
        role.id,
        *(getattr(role, column) for column in COLUMNS),
    )


async def delete_role(connection: Connection, role_id: UUID, default_id: UUID) -> None:
    """Deletes a role; its members get the default role, its API keys none."""
    await connection.execute("UPDATE threescore.membership SET role_id = $2 WHERE role_id = $1", role_id, default_id)
    await connection.execute("UPDATE threescore.api_key SET role_id = NULL WHERE role_id = $1", role_id)
    await connection.execute("DELETE FROM threescore.role WHERE id = $1", role_id)


async def default_role_id(connection: Connection, workspace_id: UUID) -> UUID:
    """The role that new members get."""
    found: UUID = await connection.fetchval(
        "SELECT default_role_id FROM threescore.workspace WHERE id = $1", workspace_id
    )
    return found


async def set_default_role(connection: Connection, workspace_id: UUID, role_id: UUID) -> None:
    """Makes a role the default one."""
    await connection.execute(
        "UPDATE threescore.workspace SET default_role_id = $2 WHERE id = $1", workspace_id, role_id
    )


async def replace_object_rights(connection: Connection, role_id: UUID, rights: Sequence[ObjectRights]) -> None:
    """Writes all that a role says about objects."""
    await _replace(
        connection,
        "role_object",
        ("object_id", "can_read", "can_update", "can_soft_delete", "can_destroy"),
        role_id,
        rights,
    )


async def replace_field_rights(connection: Connection, role_id: UUID, rights: Sequence[FieldRights]) -> None:
    """Writes all that a role says about fields."""
    await _replace(connection, "role_field", ("object_id", "field_id", "can_read", "can_update"), role_id, rights)


async def _replace(
    connection: Connection, table: str, columns: Sequence[str], role_id: UUID, items: Iterable[Any]
) -> None:
    await connection.execute(f"DELETE FROM threescore.{table} WHERE role_id = $1", role_id)
    places = ", ".join(f"${place}" for place in range(2, len(columns) + 2))
    await connection.executemany(
        f"INSERT INTO threescore.{table} (role_id, {', '.join(columns)}) VALUES ($1, {places})",
        [(role_id, *(getattr(item, column) for column in columns)) for item in items],
    )


async def replace_flags(connection: Connection, role_id: UUID, flags: Sequence[str]) -> None:
    """Writes the permission flags of a role."""
    await connection.execute("DELETE FROM threescore.role_flag WHERE role_id = $1", role_id)
    await connection.execute(
        "INSERT INTO threescore.role_flag (role_id, flag) SELECT $1, unnest($2::text[])", role_id, list(flags)
    )


async def replace_row_rule(
    connection: Connection, role_id: UUID, object_id: UUID, rule: RowRule | None, predicates: Predicates | None
) -> None:
    """Writes the row rule of a role for an object, or takes it away."""
    await connection.execute(
        "DELETE FROM threescore.role_row WHERE role_id = $1 AND object_id = $2", role_id, object_id
    )
    if rule is not None:
        await connection.execute(
            "INSERT INTO threescore.role_row (role_id, object_id, filter, predicates) VALUES ($1, $2, $3, $4)",
            role_id,
            object_id,
            msgspec.json.encode(rule.filter),
            None if predicates is None else msgspec.json.encode(predicates),
        )
