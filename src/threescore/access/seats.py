"""How people come into a workspace and leave it: the membership, and the record that stands for the person there.

All of it happens in the transaction of the caller, under the lock that changes of the data model take too, and is in
force for every worker with its commit. Records are written as anybody's are, with their events.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec

from threescore.access.announce import announce
from threescore.access.audit import Author, Entry, audit
from threescore.access.changing import check_grant
from threescore.access.keys import ApiKey
from threescore.access.members import Member, find_member
from threescore.access.roles import ADMIN, admin_role
from threescore.access.users import User
from threescore.catalog.state import WorkspaceState, read_state
from threescore.db.pool import Connection
from threescore.errors import BadRequest, Conflict, Forbidden, NotFound
from threescore.model.fields.base import Json, Row
from threescore.model.objects import ObjectType
from threescore.query import plan as plans
from threescore.query.compile.scope import table
from threescore.query.plan import ID_ONLY
from threescore.records.caller import Caller, actor_of
from threescore.records.failures import explain
from threescore.records.input import place_again, reader
from threescore.records.runner import Runner, encode, write_arguments
from threescore.records.stand_ins import is_stand_in


async def locked_state(connection: Connection, workspace_id: UUID) -> WorkspaceState:
    """The workspace as it is, and stays until the transaction ends. Raises NotFound."""
    await connection.fetchval("SELECT 1 FROM threescore.workspace WHERE id = $1 FOR NO KEY UPDATE", workspace_id)
    return await read_state(connection, workspace_id, None)


async def join(
    connection: Connection, user: User, workspace_id: UUID, role_id: UUID | None, *, time_zone: str | None = None
) -> Member:
    """Makes a user a member, with the default role unless another is named. Who is one already stays as they are.

    Somebody who comes back gets the record that stood for them before. Raises NotFound.
    """
    state = await locked_state(connection, workspace_id)
    known = await find_member(connection, workspace_id, user.id)
    if known is not None:
        return known
    role = state.roles.get(role_id) if role_id is not None else None
    if role is None:
        default: UUID | None = await connection.fetchval(
            "SELECT default_role_id FROM threescore.workspace WHERE id = $1", workspace_id
        )
        role = state.roles.get(default or UUID(int=0))
    if role is None:
        raise BadRequest("The workspace has no default role for new members", code="DEFAULT_ROLE_NOT_FOUND")
    kind = stand_in_type(state)
    record_id: UUID | None = await connection.fetchval(
        f'SELECT id FROM {table(state.model, kind.table)} WHERE "userEmail" = $1', user.email
    )
    member = Member(
        id=uuid4(),
        workspace_id=workspace_id,
        user_id=user.id,
        workspace_member_id=record_id or uuid4(),
        name=f"{user.first_name} {user.last_name}".strip(),
        role_id=role.id,
        email=user.email,
        generation=user.generation,
    )
    record: dict[str, Json] = {
        "id": str(member.workspace_member_id),
        "name": {"firstName": user.first_name, "lastName": user.last_name},
        "userEmail": user.email,
        "userId": str(user.id),
        "locale": user.locale,
    }
    if time_zone is not None:
        record["timeZone"] = time_zone
    await _upsert(connection, _itself(state, member), kind, record)
    try:
        await connection.execute(
            "INSERT INTO threescore.membership (id, workspace_id, user_id, workspace_member_id, role_id)"
            " VALUES ($1, $2, $3, $4, $5)",
            member.id,
            workspace_id,
            user.id,
            member.workspace_member_id,
            role.id,
        )
    except asyncpg.UniqueViolationError as error:
        raise Conflict("Another member of the workspace has this e-mail address") from error
    await announce(connection, workspace_id)
    after = {"email": member.email, "roleId": member.role_id}
    await note(connection, state, member, Entry("member.joined", member.user_id, member.email, None, after))
    return member


async def leave(connection: Connection, state: WorkspaceState, member: Member, actor: Caller | None = None) -> None:
    """Ends a membership: nothing of the workspace opens any more. The person's record is deleted softly.

    `state` is that of `locked_state`. Raises BadRequest for the last administrator.
    """
    if _is_last_admin(state, member):
        raise BadRequest("The last administrator cannot leave the workspace", code="CANNOT_DELETE_LAST_ADMIN_USER")
    caller = _itself(state, member) if actor is None else _system(state, actor)
    kind = stand_in_type(state)
    plan = plans.SoftDelete(
        kind.name_singular,
        ID_ONLY,
        plans.And((plans.by_id(3), plans.IsNull("deletedAt", True))),
        1,
    )
    await _run(connection, caller, kind, plan, [*write_arguments(caller), str(member.workspace_member_id)])
    await connection.execute("DELETE FROM threescore.membership WHERE id = $1", member.id)
    await announce(connection, state.model.workspace_id)
    before = {"email": member.email, "roleId": member.role_id}
    entry = Entry("member.left", member.user_id, member.email, before, None)
    await note(connection, state, member if actor is None else actor.principal, entry)


async def give_role(connection: Connection, caller: Caller, workspace_member_id: UUID, role_id: UUID) -> Member:
    """Gives a member another role, which takes the permission ROLES.

    Raises NotFound, Forbidden, also for one's own role, and BadRequest for the last administrator.
    """
    state = await locked_state(connection, caller.state.model.workspace_id)
    # Who waited for the lock may be no administrator any more.
    caller = caller.renewed(state)
    caller.require("ROLES")
    member = find_by_record(state, workspace_member_id)
    role = state.roles.get(role_id)
    if role is None:
        raise NotFound("Could not find role for given roleId", code="ROLE_NOT_FOUND")
    if not role.can_be_assigned_to_users:
        raise BadRequest(f'Role "{role.label}" cannot be assigned to users', code="ROLE_CANNOT_BE_ASSIGNED_TO_USERS")
    if isinstance(caller.principal, Member) and caller.principal.id == member.id:
        raise Forbidden("You cannot update your own role", code="CANNOT_UPDATE_SELF_ROLE")
    check_grant(caller, role)
    if member.role_id == role.id:
        return member
    # Nor does anybody take away what they do not hold.
    check_grant(caller, state.role(member))
    if _is_last_admin(state, member):
        raise BadRequest("Cannot unassign the last administrator", code="CANNOT_UNASSIGN_LAST_ADMIN")
    await connection.execute("UPDATE threescore.membership SET role_id = $2 WHERE id = $1", member.id, role.id)
    await announce(connection, state.model.workspace_id)
    roles = {"roleId": member.role_id}, {"roleId": role.id}
    await note(connection, state, caller.principal, Entry("member.updated", member.user_id, member.email, *roles))
    return msgspec.structs.replace(member, role_id=role.id)


async def update_record(connection: Connection, caller: Caller, record_id: UUID, change: Mapping[str, Json]) -> None:
    """Changes the record that stands for a member, with its event."""
    kind = stand_in_type(caller.state)
    [row] = reader(caller, kind).read([dict(change)]).rows
    place_again(row)
    plan = plans.Update(kind.name_singular, tuple(sorted(row)), ID_ONLY, plans.by_id(4), 1)
    await _run(connection, caller, kind, plan, [*write_arguments(caller), encode(row), str(record_id)], [row])


def find_by_record(state: WorkspaceState, workspace_member_id: UUID) -> Member:
    """The member for whom a record stands. Raises NotFound."""
    for member in state.members.values():
        if member.workspace_member_id == workspace_member_id:
            return member
    raise NotFound("Workspace member not found", code="WORKSPACE_MEMBER_NOT_FOUND")


def stand_in_type(state: WorkspaceState) -> ObjectType:
    """The object whose records stand for members."""
    return next(item for item in state.model.objects if is_stand_in(item))


async def note(connection: Connection, state: WorkspaceState, principal: ApiKey | Member, entry: Entry) -> None:
    """Tells the audit log who did what to a member."""
    await audit(connection, state.model.schema, Author(actor_of(principal)), [entry])


def _is_last_admin(state: WorkspaceState, member: Member) -> bool:
    admins = [role.id for role in state.roles.values() if role.universal_identifier == ADMIN]
    return [item.id for item in state.members.values() if item.role_id in admins] == [member.id]


def _itself(state: WorkspaceState, member: Member) -> Caller:
    """A person at work on their own coming and going, which needs no right."""
    return Caller(state, member, admin_role(member.workspace_id))


def _system(state: WorkspaceState, actor: Caller) -> Caller:
    """Somebody at work on members, whose right to that was checked; they need none to the records."""
    return Caller(state, actor.principal, admin_role(state.model.workspace_id))


async def _upsert(connection: Connection, caller: Caller, kind: ObjectType, record: dict[str, Json]) -> None:
    rows = reader(caller, kind)
    given = rows.read([record])
    columns = rows.prepare_upsert(given, caller)
    arguments = [*write_arguments(caller), encode(given.rows), encode(rows.defaults())]
    await _run(connection, caller, kind, plans.Upsert(kind.name_singular, columns, ID_ONLY), arguments, given.rows)


async def _run(
    connection: Connection,
    caller: Caller,
    kind: ObjectType,
    plan: plans.Plan,
    arguments: list[Any],
    rows: Sequence[Row] = (),
) -> None:
    try:
        await Runner.inside(connection, caller, plan, arguments)
    except asyncpg.PostgresError as error:
        raise explain(error, kind, rows) from error
