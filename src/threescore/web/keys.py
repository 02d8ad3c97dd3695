"""Settings → API & Webhooks: API keys. A token is shown once, on the page that answers its making, and never again."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from starlette.responses import Response

from threescore.access.keys import ApiKey
from threescore.access.operations import check_operation
from threescore.catalog.wire import iso
from threescore.errors import BadRequest, NotFound, ThreescoreError
from threescore.web.forms import Errors, errors_of
from threescore.web.language import gettext as _
from threescore.web.site import Visit
from threescore.web.snippets import Call, snippets

FLAG = "API_KEYS_AND_WEBHOOKS"

_NEVER = 36_500
_INPUTS = {"name": "name", "API key's name": "name", "roleId": "role", "role": "role", "allowedNetworks": "networks"}


def lives() -> list[tuple[int, str]]:
    """How long a key may live, in days, in the language of the request."""
    return [
        (15, _("15 days")),
        (30, _("30 days")),
        (90, _("90 days")),
        (365, _("1 year")),
        (730, _("2 years")),
        (_NEVER, _("Never")),
    ]


async def overview(visit: Visit) -> Response:
    """The keys that are not revoked, and the way to the webhooks."""
    keys = [key for key in await visit.keys.list(visit.caller) if key.revoked_at is None]
    now = datetime.now(UTC)
    return visit.page("access/api.html", keys=keys, roles=visit.caller.state.roles, now=now, never=never)


def never(key: ApiKey) -> bool:
    """Whether a key lives for longer than anybody counts."""
    return key.expires_at > datetime.now(UTC) + timedelta(days=_NEVER // 2)


async def new_key(visit: Visit) -> Response:
    """The form of a new key."""
    check_operation(visit.caller, "createApiKey")
    return _form(visit, {"name": "", "role": "", "days": _NEVER, "networks": ""}, {})


async def create_key(visit: Visit) -> Response:
    """Makes a key and shows its token."""
    values = {name: visit.form.text(name) for name in ("name", "role", "days", "networks")}
    networks = values["networks"].replace(",", " ").split()
    try:
        check_operation(visit.caller, "createApiKey")
        expires_at = _expiry(values["days"])
        body = {"name": values["name"], "roleId": values["role"], "expiresAt": expires_at, "allowedNetworks": networks}
        key = await visit.keys.create(visit.caller, body)
        token = await visit.keys.mint(visit.caller, key.id, expires_at)
    except ThreescoreError as error:
        return _form(visit, values, errors_of(error, _INPUTS, {}), 422)
    return await _page(visit, key, token)


def _expiry(chosen: str) -> str:
    """When a key ends that lives from now on for as long as the form says. Raises BadRequest for no such choice."""
    days = next((days for days, _label in lives() if str(days) == chosen), None)
    if days is None:
        raise BadRequest(_("Choose how long the key lives."))
    return iso(datetime.now(UTC) + timedelta(days=days))


def _form(visit: Visit, values: Mapping[str, Any], errors: Errors, status: int = 200) -> Response:
    roles = [
        (str(role.id), role.label) for role in visit.caller.state.roles.values() if role.can_be_assigned_to_api_keys
    ]
    return visit.page("access/new_key.html", status, values=values, errors=errors, roles=roles, lives=lives())


async def _find(visit: Visit) -> ApiKey:
    key_id: UUID = visit.request.path_params["id"]
    key = await visit.keys.get(visit.caller, key_id)
    if key is None or key.revoked_at is not None:
        raise NotFound(_("There is no such API key."))
    return key


async def show_key(visit: Visit) -> Response:
    """One key."""
    return await _page(visit, await _find(visit), None)


async def _page(
    visit: Visit, key: ApiKey, token: str | None, errors: Errors | None = None, name: str | None = None
) -> Response:
    return visit.page(
        "access/key.html",
        422 if errors else 200,
        key=key,
        token=token,
        never=never(key),
        errors=errors or {},
        name=key.name if name is None else name,
        roles=[
            (str(role.id), role.label)
            for role in visit.caller.state.roles.values()
            if role.can_be_assigned_to_api_keys or role.id == key.role_id
        ],
        calls=snippets(visit.base_url, Call("GET", "/rest/companies?limit=3"), *([token] if token else [])),
        is_expired=key.expires_at <= datetime.now(UTC),
        lives=lives(),
        life=_life(key),
    )


def _life(key: ApiKey) -> int:
    """The longest of the choices that is no longer than the key was made for: the one that is offered first."""
    given = round((key.expires_at - key.created_at) / timedelta(days=1))
    return max((days for days, _label in lives() if days <= given), default=lives()[0][0])


async def update_key(visit: Visit) -> Response:
    """Changes a key's name and role."""
    key = await _find(visit)
    name, role = visit.form.text("name"), visit.form.text("role")
    try:
        await visit.keys.update(visit.caller, key.id, {"name": name})
        if role and role != str(key.role_id):
            check_operation(visit.caller, "assignRoleToApiKey")
            await visit.keys.assign_role(visit.caller, key.id, _uuid(role))
    except ThreescoreError as error:
        return await _page(visit, key, None, errors_of(error, _INPUTS, {}), name)
    return visit.to(f"/settings/api/keys/{key.id}", _("Saved"))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound(_("There is no such role.")) from error


async def regenerate_key(visit: Visit) -> Response:
    """Gives a key a new token and as long a life as the form says; the old tokens end."""
    key = await _find(visit)
    if visit.form.text("typed") != "yes":
        return visit.to(f"/settings/api/keys/{key.id}")
    overlap = visit.form.text("overlap")
    expires_at = _expiry(visit.form.text("days"))
    hours = float(overlap) if overlap.isdecimal() else 0
    token = await visit.keys.regenerate(visit.caller, key.id, expires_at, hours)
    renewed = await visit.keys.get(visit.caller, key.id)
    return await _page(visit, renewed or key, token)


async def revoke_key(visit: Visit) -> Response:
    """Ends a key."""
    key = await _find(visit)
    if visit.form.text("typed") != "yes":
        return visit.to(f"/settings/api/keys/{key.id}")
    await visit.keys.revoke(visit.caller, key.id)
    return visit.to("/settings/api", _("The key “%(name)s” is revoked; its tokens are refused.") % {"name": key.name})
