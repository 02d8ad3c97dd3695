"""The members of a workspace, invitations, and the person who calls."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from threescore.access import membership
from threescore.access.invitations import Invitation
from threescore.access.members import Member, memberships_of
from threescore.access.membership import Sent
from threescore.access.role_wire import role_values
from threescore.access.seats import find_by_record, stand_in_type
from threescore.access.users import User
from threescore.graphql.metadata.auth import available_workspaces, member_of, user_of
from threescore.graphql.metadata.context import Context, Info
from threescore.query.compile.scope import table

Values = dict[str, Any]

_FLAGS = (
    "API_KEYS_AND_WEBHOOKS",
    "WORKSPACE",
    "WORKSPACE_MEMBERS",
    "ROLES",
    "DATA_MODEL",
    "SECURITY",
)


def _current_user(_root: None, info: Info) -> Values:
    context = info.context
    user = user_of(context)
    values = user_values(user)
    values["availableWorkspaces"] = lambda: available_workspaces(
        context, user, context.wait(memberships_of(context.services.database, user.id))
    )
    return values


def user_values(user: User) -> Values:
    """A user as clients read one."""
    return {
        "id": str(user.id),
        "email": user.email,
        "firstName": user.first_name,
        "lastName": user.last_name,
        "locale": user.locale,
        "createdAt": user.created_at,
        "updatedAt": user.updated_at,
        "disabled": False,
        "isEmailVerified": user.is_email_verified,
        "hasPassword": user.password_hash is not None,
        "canImpersonate": False,
        "canAccessFullAdminPanel": user.is_server_admin,
    }


def _member_of_user(source: Values, info: Info) -> Values | None:
    context = info.context
    if context.caller_or_none is None:
        return None
    member = member_of(context)
    if str(member.user_id) != source["id"]:
        return None
    return _records_of(context, [member])[0]


def _members_of_workspace(_source: Values, info: Info) -> list[Values] | None:
    context = info.context
    if context.caller_or_none is None:
        return None
    members = context.wait(membership.members_seen(context.services.database, context.caller))
    return _records_of(context, members)


def _seat_of_user(source: Values, info: Info) -> Values | None:
    context = info.context
    if context.caller_or_none is None:
        return None
    member, role = member_of(context), context.caller.role
    flags = _FLAGS if role.can_update_all_settings else role.flags
    return {"id": str(member.id), "user": source, "permissionFlags": list(flags)}


def _records_of(context: Context, members: Sequence[Member]) -> list[Values]:
    """The records that stand for members, as clients read them."""
    state = context.caller.state
    kind = stand_in_type(state)
    rows = context.wait(
        context.services.database.fetch(
            f"SELECT t.id, row_to_json(t) AS row FROM {table(state.model, kind.table)} t WHERE t.id = ANY($1::uuid[])",
            [member.workspace_member_id for member in members],
        )
    )
    # What a role may not read of others it may not read here; of oneself everybody may read all.
    hidden = kind.leaf_by_column.keys() - context.caller.model.by_id.get(kind.id, kind).leaf_by_column.keys()
    own = context.caller.principal.id
    by_id = {row["id"]: msgspec.json.decode(row["row"]) for row in rows}
    for member in members:
        if member.id != own:
            for column in hidden:
                by_id.get(member.workspace_member_id, {}).pop(column, None)
    context.count(len(members))
    return [_member_values(context, member, by_id.get(member.workspace_member_id, {})) for member in members]


def _member_values(context: Context, member: Member, row: Mapping[str, Any]) -> Values:
    role = context.caller.state.roles.get(member.role_id)
    return {
        "id": str(member.workspace_member_id),
        "name": {"firstName": row.get("nameFirstName") or "", "lastName": row.get("nameLastName") or ""},
        "userEmail": member.email,
        "userWorkspaceId": str(member.id),
        "colorScheme": row.get("colorScheme") or "System",
        "calendarStartDay": None if row.get("calendarStartDay") is None else int(row["calendarStartDay"]),
        "roles": [] if role is None else [role_values(role)],
        **{
            name: row.get(name)
            for name in ("avatarUrl", "locale", "timeZone", "dateFormat", "timeFormat", "numberFormat", "openRecordIn")
        },
    }


def _invitation_values(invitation: Invitation) -> Values:
    return {
        "id": str(invitation.id),
        "email": invitation.email,
        "roleId": None if invitation.role_id is None else str(invitation.role_id),
        "expiresAt": invitation.expires_at,
    }


def _sent_values(context: Context, sent: Sent) -> Values:
    context.count(len(sent.invitations))
    return {
        "success": not sent.errors,
        "errors": sent.errors,
        "result": [_invitation_values(item) for item in sent.invitations],
    }


def _invitations(_root: None, info: Info) -> list[Values]:
    context = info.context
    found = context.wait(membership.invitations_of(context.services.people, context.caller))
    context.count(len(found))
    return [_invitation_values(item) for item in found]


def _send_invitations(_root: None, info: Info, *, emails: Sequence[str], roleId: str | None = None) -> Values:
    context = info.context
    role_id = UUID(roleId) if roleId else None
    sent = context.wait(membership.send_invitations(context.services.people, context.caller, emails, role_id))
    return _sent_values(context, sent)


def _resend_invitation(_root: None, info: Info, *, appTokenId: str) -> Values:
    context = info.context
    work = membership.resend_invitation(context.services.people, context.caller, UUID(appTokenId))
    return _sent_values(context, context.wait(work))


def _delete_invitation(_root: None, info: Info, *, appTokenId: str) -> str:
    context = info.context
    context.wait(membership.delete_invitation(context.services.people, context.caller, UUID(appTokenId)))
    return "success"


def _remove_member(_root: None, info: Info, *, workspaceMemberIdToDelete: str) -> Values:
    context = info.context
    work = membership.remove_member(context.services.people, context.caller, UUID(workspaceMemberIdToDelete))
    return {"id": str(context.wait(work).id)}


def _change_role(_root: None, info: Info, *, workspaceMemberId: str, roleId: str) -> Values:
    context = info.context
    find_by_record(context.caller.state, UUID(workspaceMemberId))
    work = membership.change_role(context.services.people, context.caller, UUID(workspaceMemberId), UUID(roleId))
    return _records_of(context, [context.wait(work)])[0]


def _delete_user(_root: None, info: Info) -> Values:
    context = info.context
    member = member_of(context)
    return user_values(context.wait(context.services.people.delete_user(member)))


RESOLVERS: Mapping[str, Mapping[str, Callable[..., Any]]] = {
    "Query": {"currentUser": _current_user, "findWorkspaceInvitations": _invitations},
    "Mutation": {
        "sendInvitations": _send_invitations,
        "resendWorkspaceInvitation": _resend_invitation,
        "deleteWorkspaceInvitation": _delete_invitation,
        "deleteUserFromWorkspace": _remove_member,
        "updateWorkspaceMemberRole": _change_role,
        "deleteUser": _delete_user,
    },
    "User": {
        "workspaceMember": _member_of_user,
        "workspaceMembers": _members_of_workspace,
        "currentUserWorkspace": _seat_of_user,
    },
}
