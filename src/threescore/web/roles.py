"""Settings → Roles: what each allows, to whom it may be given."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from starlette.responses import Response

from threescore.access.grants import may_update
from threescore.access.role_inputs import OBJECT_RIGHTS, SWITCHES
from threescore.access.roles import ObjectRights, Role
from threescore.access.row_rules import broken
from threescore.errors import NotFound, ThreescoreError
from threescore.model.objects import ObjectType
from threescore.model.overrides import resolved
from threescore.web.flag_texts import flag_texts
from threescore.web.forms import Errors, errors_of
from threescore.web.language import gettext as _
from threescore.web.language import ngettext
from threescore.web.site import Visit

FLAG = "ROLES"
_INPUTS = {"label": "label", "description": "description", "role": "label"}


def switches() -> list[tuple[str, str, str]]:
    """What a role allows everywhere, as a name on the wire, in words, and what it means."""
    return [
        ("canReadAllObjectRecords", _("Read"), _("See the records of all objects")),
        ("canUpdateAllObjectRecords", _("Write"), _("Create and change records of all objects")),
        ("canSoftDeleteAllObjectRecords", _("Delete"), _("Delete records so that they can be restored")),
        ("canDestroyAllObjectRecords", _("Destroy"), _("Delete records for ever")),
        ("canUpdateAllSettings", _("All settings"), _("Change every setting of the workspace")),
        ("canAccessAllTools", _("All tools"), _("Use every tool: import, export, files")),
    ]


def audiences() -> list[tuple[str, str]]:
    """Whom a role may be given to."""
    return [("canBeAssignedToUsers", _("Members")), ("canBeAssignedToApiKeys", _("API keys"))]


async def overview(visit: Visit) -> Response:
    """All roles."""
    state = visit.caller.state
    return visit.page(
        "access/roles.html",
        roles=list(state.roles.values()),
        members=lambda role: [member for member in state.members.values() if member.role_id == role.id],
        keys=lambda role: [key for key in state.keys.values() if key.role_id == role.id and key.revoked_at is None],
    )


async def new_role(visit: Visit) -> Response:
    """The form of a new role."""
    return _page(visit, None, {"label": "", "description": "", **dict.fromkeys(SWITCHES, False)}, {})


async def create_role(visit: Visit) -> Response:
    """Makes a role of what the form says."""
    values = _values(visit)
    try:
        role_id = await visit.roles.create(visit.caller, _body(values))
    except ThreescoreError as error:
        return _page(visit, None, values, errors_of(error, _INPUTS, {}), 422)
    return visit.to(f"/settings/roles/{role_id}", _("The role is there; now say what else it allows."))


def find_role(visit: Visit) -> Role:
    """The role that the path names. Raises NotFound."""
    role_id: UUID = visit.request.path_params["id"]
    role = visit.caller.state.roles.get(role_id)
    if role is None:
        raise NotFound(_("There is no such role."))
    return role


async def show_role(visit: Visit) -> Response:
    """One role."""
    role = find_role(visit)
    values = {
        "label": role.label,
        "description": role.description or "",
        **{name: getattr(role, attribute) for name, attribute in SWITCHES.items()},
    }
    return _page(visit, role, values, {})


async def update_role(visit: Visit) -> Response:
    """Changes what a role is and allows everywhere, with its flags."""
    role = find_role(visit)
    values = _values(visit)
    try:
        await visit.roles.update(visit.caller, role.id, _body(values))
        await visit.roles.set_flags(visit.caller, role.id, visit.form.all("flags"))
    except ThreescoreError as error:
        return _page(visit, role, values, errors_of(error, _INPUTS, {}), 422)
    return visit.to(f"/settings/roles/{role.id}", _("Saved"))


async def update_objects(visit: Visit) -> Response:
    """Changes what a role says about the objects of the form; of others, it says what it said."""
    role = find_role(visit)
    meanings: Mapping[str, bool | None] = {"yes": True, "no": False}
    shown = [item.id for item in _objects(visit)]
    items: list[Mapping[str, Any]] = [
        {"objectMetadataId": str(right.object_id), **_rights(right)}
        for right in role.object_rights
        if right.object_id not in shown
    ]
    for object_id in shown:
        rights = {name: meanings.get(visit.form.text(f"{name}:{object_id}")) for name in OBJECT_RIGHTS}
        if any(right is not None for right in rights.values()):
            items.append({"objectMetadataId": str(object_id), **rights})
    await visit.roles.set_object_rights(visit.caller, role.id, items)
    return visit.to(f"/settings/roles/{role.id}", _("Saved"))


def _rights(right: ObjectRights) -> dict[str, bool | None]:
    return {name: getattr(right, attribute) for name, attribute in OBJECT_RIGHTS.items()}


def _objects(visit: Visit) -> list[ObjectType]:
    """The objects that the form shows."""
    shown = [item for item in visit.model.objects if item.is_active and not item.is_system]
    return sorted(shown, key=lambda item: str(resolved(item, "label_plural")).lower())


def _limits(visit: Visit, role: Role, item: ObjectType) -> list[tuple[str, bool]]:
    """What keeps the role from fields and records of an object, in words, and whether it needs to be put right."""
    found = []
    fields = sum(rights.object_id == item.id and not may_update(rights) for rights in role.field_rights)
    if fields:
        found.append((ngettext("%(num)s field", "%(num)s fields", fields) % {"num": fields}, False))
    for rule in role.row_rules:
        if rule.object_id == item.id:
            is_broken = broken(visit.caller.state.model, rule) is not None
            found.append((_("Rule to be put right") if is_broken else _("Some records"), is_broken))
    return found


async def delete_role(visit: Visit) -> Response:
    """Deletes a role."""
    role = find_role(visit)
    if visit.form.text("typed") != "yes":
        return visit.to(f"/settings/roles/{role.id}")
    await visit.roles.delete(visit.caller, role.id)
    return visit.to("/settings/roles", _("The role “%(name)s” is deleted.") % {"name": role.label})


def _values(visit: Visit) -> dict[str, Any]:
    form = visit.form
    return {
        "label": form.text("label"),
        "description": form.text("description"),
        **{name: form.has(name) for name in SWITCHES},
    }


def _body(values: Mapping[str, Any]) -> dict[str, Any]:
    shown = {name for name, *_words in switches()} | {name for name, _words in audiences()}
    return {
        "label": values["label"],
        "description": values["description"] or None,
        **{name: values[name] for name in shown},
    }


def _page(visit: Visit, role: Role | None, values: Mapping[str, Any], errors: Errors, status: int = 200) -> Response:
    rights = {} if role is None else {right.object_id: right for right in role.object_rights}
    state = visit.caller.state
    return visit.page(
        "access/role.html",
        status,
        role=role,
        values=values,
        errors=errors,
        switches=switches(),
        audiences=audiences(),
        flags=flag_texts(),
        objects=_objects(visit),
        rights=rights,
        limits=lambda item: [] if role is None else _limits(visit, role, item),
        object_rights=[
            ("canReadObjectRecords", "can_read", _("Read")),
            ("canUpdateObjectRecords", "can_update", _("Write")),
            ("canSoftDeleteObjectRecords", "can_soft_delete", _("Delete")),
            ("canDestroyObjectRecords", "can_destroy", _("Destroy")),
        ],
        members=[m for m in state.members.values() if role is not None and m.role_id == role.id],
        keys=[k for k in state.keys.values() if role is not None and k.role_id == role.id and k.revoked_at is None],
    )
