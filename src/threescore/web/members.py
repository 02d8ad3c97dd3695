"""Settings → Members: the people of the workspace, their roles, and invitations."""

import re
from collections.abc import Sequence
from uuid import UUID

from starlette.responses import Response

from threescore.access import membership
from threescore.errors import NotFound
from threescore.web.language import gettext as _
from threescore.web.site import Visit

FLAG = membership.MEMBERS


async def overview(visit: Visit) -> Response:
    """Everybody, in the order in which they joined, and who is invited."""
    return await _page(visit, "", [])


async def _page(visit: Visit, emails: str, problems: Sequence[str]) -> Response:
    caller = visit.caller
    may_manage = caller.role.can_update_all_settings or FLAG in caller.role.flags
    invitations = await membership.invitations_of(visit.services.people, caller) if may_manage else []
    roles = [(str(role.id), role.label) for role in caller.state.roles.values() if role.can_be_assigned_to_users]
    return visit.page(
        "access/members.html",
        422 if problems else 200,
        members=await membership.members_seen(visit.services.database, caller),
        roles=caller.state.roles,
        role_choices=roles,
        invitations=invitations,
        may_manage=may_manage,
        emails=emails,
        errors={"emails": list(problems)} if problems else {},
    )


async def invite(visit: Visit) -> Response:
    """Sends invitations to all addresses of the form."""
    text = visit.form.text("emails")
    addresses = [address for address in re.split(r"[\s,;]+", text) if address]
    if not addresses:
        return await _page(visit, text, [_("Write at least one address.")])
    role = visit.form.text("role")
    role_id = _uuid(role) if role else None
    sent = await membership.send_invitations(visit.services.people, visit.caller, addresses, role_id)
    if sent.errors:
        return await _page(visit, text, sent.errors)
    return visit.to("/settings/members", _("The invitations are on their way."))


async def withdraw(visit: Visit) -> Response:
    """Takes an invitation back."""
    await membership.delete_invitation(visit.services.people, visit.caller, visit.request.path_params["id"])
    return visit.to("/settings/members", _("The invitation is taken back."))


async def change_role(visit: Visit) -> Response:
    """Gives a member another role."""
    member_id = visit.request.path_params["id"]
    await membership.change_role(visit.services.people, visit.caller, member_id, _uuid(visit.form.text("role")))
    return visit.to("/settings/members", _("Saved"))


async def remove(visit: Visit) -> Response:
    """Takes a member out of the workspace."""
    if visit.form.text("typed") != "yes":
        return visit.to("/settings/members")
    member = await membership.remove_member(visit.services.people, visit.caller, visit.request.path_params["id"])
    return visit.to("/settings/members", _("%(name)s is no member any more.") % {"name": member.name or member.email})


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound(_("There is no such role.")) from error
