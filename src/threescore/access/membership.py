"""Members of a workspace and invitations to it, as those manage them who may.

Whether the caller may is checked here, for every door.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from msgspec import Struct

from threescore.access.attempts import Limit
from threescore.access.audit import Entry
from threescore.access.changing import check_grant
from threescore.access.invitations import Invitation, invite, list_invitations, withdraw
from threescore.access.members import Member
from threescore.access.people import DAY, People
from threescore.access.role_store import default_role_id
from threescore.access.seats import find_by_record, give_role, leave, locked_state, note, stand_in_type
from threescore.access.users import read_email
from threescore.catalog.state import Stale
from threescore.catalog.workspaces import invite_hash
from threescore.db.pool import Database
from threescore.errors import BadRequest, Forbidden, LimitReached, NotFound, Unavailable
from threescore.events.permission import sees_whole
from threescore.query import plan as plans
from threescore.query.plan import ID_ONLY
from threescore.records.caller import Caller
from threescore.records.runner import Runner

OF_WORKSPACE = Limit(500, 7 * DAY)
TO_ONE_PERSON = Limit(10, 7 * DAY)
"""How many invitations a workspace sends, and to one address."""

AT_ONCE = 100

MEMBERS = "WORKSPACE_MEMBERS"
ROLES = "ROLES"


class Sent(Struct, frozen=True):
    """The invitations that were sent, and why others were not."""

    invitations: list[Invitation]
    errors: list[str]


async def send_invitations(people: People, caller: Caller, emails: Sequence[str], role_id: UUID | None) -> Sent:
    """Invites people by mail. The answer is alike for those who have an account and those who have none.

    Raises Forbidden, BadRequest for a list that is empty or too long, or a role that cannot be given.
    """
    caller.require(MEMBERS)
    if not 1 <= len(emails) <= AT_ONCE:
        raise BadRequest(f"1 to {AT_ONCE} e-mail addresses are needed")
    await _check_role(people, caller, role_id)
    sent, errors = [], []
    members = {member.email for member in caller.state.members.values()}
    for text in emails:
        try:
            email = read_email(text)
            if email in members:
                raise BadRequest(f"{email} already in the workspace")
            sent.append(await _send(people, caller, email, role_id))
        except (BadRequest, LimitReached) as error:
            errors.append(error.message)
    return Sent(sent, errors)


async def resend_invitation(people: People, caller: Caller, invitation_id: UUID) -> Sent:
    """Sends an invitation again, with a new link; the old one is dead. Raises Forbidden, NotFound, LimitReached."""
    caller.require(MEMBERS)
    async with people.database.acquire() as connection:
        listed = await list_invitations(connection, caller.model.workspace_id)
    known = next((item for item in listed if item.id == invitation_id), None)
    if known is None:
        raise _unknown()
    await _check_role(people, caller, known.role_id)
    return Sent([await _send(people, caller, known.email, known.role_id)], [])


async def delete_invitation(people: People, caller: Caller, invitation_id: UUID) -> None:
    """Takes an invitation back. Raises Forbidden, NotFound."""
    caller.require(MEMBERS)
    async with people.database.transaction() as connection:
        invitation = await withdraw(connection, caller.model.workspace_id, invitation_id)
        if invitation is None:
            raise _unknown()
        await note(connection, caller.state, caller.principal, _entry("withdrawn", invitation))


async def invitations_of(people: People, caller: Caller) -> list[Invitation]:
    """The invitations that nobody has followed yet. Raises Forbidden."""
    caller.require(MEMBERS)
    async with people.database.acquire() as connection:
        return await list_invitations(connection, caller.model.workspace_id)


async def members_seen(database: Database, caller: Caller) -> list[Member]:
    """The members whom the caller may know: all, for those who manage members or roles, or may read all their records.

    For others they are those whose records exist for them with name and address, and the caller. Raises Unavailable.
    """
    members, kind = list(caller.state.members.values()), stand_in_type(caller.state)
    if caller.role.allows(MEMBERS) or caller.role.allows(ROLES) or sees_whole(caller, kind.id):
        return members
    known = {caller.principal.id}
    readable = caller.model.by_id.get(kind.id)
    if readable is not None and readable.field_by_name.keys() >= {"name", "userEmail"}:
        plan = plans.FindByIds(kind.name_singular, ID_ONLY)
        try:
            ids = [str(member.workspace_member_id) for member in members]
            row = await Runner(database).one(caller, plan, [ids], readable)
        except Stale as error:
            raise Unavailable("Others are changing the workspace; try again") from error
        found = {item["id"] for item in msgspec.json.decode(row["records"] or b"[]")}
        known |= {member.id for member in members if str(member.workspace_member_id) in found}
    return [member for member in members if member.id in known]


async def remove_member(people: People, caller: Caller, workspace_member_id: UUID) -> Member:
    """Takes a member out of the workspace; oneself, too. Raises Forbidden, NotFound, BadRequest for the last admin."""
    async with people.database.transaction() as connection:
        state = await locked_state(connection, caller.model.workspace_id)
        # Who waited for the lock may be no administrator any more.
        caller = caller.renewed(state)
        member = find_by_record(state, workspace_member_id)
        if not (isinstance(caller.principal, Member) and caller.principal.id == member.id):
            caller.require(MEMBERS)
            check_grant(caller, state.role(member))
        await leave(connection, state, member, caller)
    return member


async def change_role(people: People, caller: Caller, workspace_member_id: UUID, role_id: UUID) -> Member:
    """Gives a member another role. Raises Forbidden, NotFound, BadRequest for the last administrator."""
    async with people.database.transaction() as connection:
        return await give_role(connection, caller, workspace_member_id, role_id)


async def invitation_link(database: Database, caller: Caller) -> str | None:
    """What the link ends with that lets anybody in; None for who may not invite people to the role they would get."""
    if not caller.role.allows(MEMBERS):
        return None
    try:
        await _check_default(database, caller)
    except Forbidden:
        return None
    return await invite_hash(database, caller.model.workspace_id)


async def _check_default(database: Database, caller: Caller) -> None:
    """Raises Forbidden where the role that new members get allows more than the caller's own."""
    async with database.acquire() as connection:
        role = caller.state.roles.get(await default_role_id(connection, caller.model.workspace_id) or UUID(int=0))
    if role is not None:
        check_grant(caller, role)


async def _check_role(people: People, caller: Caller, role_id: UUID | None) -> None:
    if role_id is None:
        await _check_default(people.database, caller)
        return
    role = caller.state.roles.get(role_id)
    if role is None:
        raise NotFound("Could not find role for given roleId", code="ROLE_NOT_FOUND")
    caller.require(ROLES)
    if not role.can_be_assigned_to_users:
        raise BadRequest(f'Role "{role.label}" cannot be assigned to users', code="ROLE_CANNOT_BE_ASSIGNED_TO_USERS")
    check_grant(caller, role)


async def _send(people: People, caller: Caller, email: str, role_id: UUID | None) -> Invitation:
    workspace_id = caller.model.workspace_id
    await people.attempts.take(OF_WORKSPACE, "invitations", str(workspace_id))
    await people.attempts.take(TO_ONE_PERSON, "invitation", email)
    async with people.database.transaction() as connection:
        invitation = await invite(connection, workspace_id, email, role_id)
        await note(connection, caller.state, caller.principal, _entry("sent", invitation))
        await people.mailer.post(
            connection, "invitation", email, invitation_id=invitation.id, author=caller.principal.name or None
        )
    people.mailer.wake()
    return invitation


def _entry(verb: str, invitation: Invitation) -> Entry:
    values = {"roleId": invitation.role_id, "expiresAt": invitation.expires_at}
    before, after = (values, None) if verb == "withdrawn" else (None, values)
    return Entry(f"invitation.{verb}", invitation.id, invitation.email, before, after)


def _unknown() -> NotFound:
    return NotFound("This workspace has no such invitation", code="INVITATION_NOT_FOUND")
