"""Signing in and up and out: the pages before there is anybody to speak to.

The one-time link of a new server and invitations lead here with their token. It goes on in the form, never in another
address.
"""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from threescore.access.invitations import find_invitation
from threescore.access.person_tokens import Session
from threescore.access.welcome import is_welcome
from threescore.access.workspace_settings import change_workspace
from threescore.errors import AccessRefused, ThreescoreError
from threescore.rest.http import client_of
from threescore.web.forms import errors_of, read_form
from threescore.web.language import current_language
from threescore.web.language import gettext as _
from threescore.web.preferences import own_path
from threescore.web.site import Site, Visit

_INPUTS = {"password": "password", "Password": "password", "Wrong": "password", "email": "email", "e-mail": "email"}


def _address(request: Request) -> str:
    """The visitor's network address, which attempts are counted by."""
    return client_of(request.scope)[0] or ""


async def sign_in_page(site: Site, request: Request) -> Response:
    """The form to sign in."""
    if await site.services.visitors.find(request) is not None:
        return site.redirect(own_path(request.query_params.get("next", "/")))
    values = {"email": request.query_params.get("email", ""), "next": request.query_params.get("next", "/")}
    return site.render(request, "signing/in.html", values=values, errors={})


async def sign_in(site: Site, request: Request) -> Response:
    """Begins a session."""
    form = await read_form(request)
    values = {"email": form.text("email"), "next": form.text("next")}
    try:
        session = await _enter(site, request, values["email"], form.raw("password"))
    except ThreescoreError as error:
        errors = errors_of(error, _INPUTS, {})
        return site.render(request, "signing/in.html", error.status, values=values, errors=errors)
    return _begin(site, session, own_path(values["next"]))


async def sign_up_page(site: Site, request: Request) -> Response:
    """The form to join with an invitation, or to begin a new server with its one-time link."""
    query = request.query_params
    token = query.get("token") or query.get("workspacePersonalInviteToken") or ""
    values = {"email": query.get("email", ""), "token": token, "invite": query.get("inviteHash", "")}
    return await _sign_up_form(site, request, values)


async def join_page(site: Site, request: Request) -> Response:
    """The form to join with the public link of a workspace."""
    values = {"email": "", "token": "", "invite": request.path_params["hash"]}
    return await _sign_up_form(site, request, values)


async def _sign_up_form(
    site: Site, request: Request, values: dict[str, str], error: ThreescoreError | None = None
) -> Response:
    database = site.services.database
    token = values["token"]
    is_first = bool(token) and await is_welcome(database, token)
    is_open = is_first or bool(values["invite"]) or site.services.people.rules.multi_workspace
    if token and not is_first:
        is_open = is_open or await find_invitation(database, token) is not None
    if not is_open:
        return site.render(request, "signing/closed.html", 403, had_link=bool(token))
    errors = {} if error is None else errors_of(error, _INPUTS, {})
    status = 200 if error is None else error.status
    return site.render(request, "signing/up.html", status, values=values, errors=errors, is_first=is_first)


async def sign_up(site: Site, request: Request) -> Response:
    """Makes a user, a member of the workspace that they are invited to, and begins a session."""
    form = await read_form(request)
    values = {name: form.text(name) for name in ("email", "token", "invite", "workspace")}
    people, address = site.services.people, _address(request)
    password, language = form.raw("password"), current_language()
    is_first = bool(values["token"]) and await is_welcome(site.services.database, values["token"])
    try:
        if values["token"] or values["invite"]:
            await people.sign_up_in_workspace(
                values["email"],
                password,
                address=address,
                locale=language,
                token=values["token"] or None,
                invite_hash=values["invite"] or None,
            )
        else:
            signed = await people.sign_up(values["email"], password, address=address, locale=language)
            await people.sign_up_in_new_workspace(signed.user, values["workspace"])
        session = await _enter(site, request, values["email"], password)
    except ThreescoreError as error:
        return await _sign_up_form(site, request, values, error)
    return _begin(site, session, "/welcome/workspace" if is_first else "/start")


async def _enter(site: Site, request: Request, email: str, password: str) -> Session:
    origin = str(request.base_url)
    return await site.services.people.enter(email, password, address=_address(request), origin=origin)


def _begin(site: Site, session: Session, path: str) -> Response:
    response = site.redirect(path)
    response.headers.append("set-cookie", site.services.sessions.set_cookie(session))
    return response


async def name_page(visit: Visit) -> Response:
    """The form that gives a new workspace its name."""
    return visit.page("signing/workspace.html", name="", errors={})


async def name_workspace(visit: Visit) -> Response:
    """Gives a new workspace its name."""
    name = visit.form.text("name")
    try:
        await change_workspace(
            visit.services.people, visit.services.database, visit.caller, {"displayName": name}, visit.author
        )
    except ThreescoreError as error:
        errors = errors_of(error, {"workspace": "name", "name": "name"}, {})
        return visit.page("signing/workspace.html", 422, name=name, errors=errors)
    return visit.to("/start", _("Welcome to %(name)s.") % {"name": name})


async def sign_out(site: Site, request: Request) -> Response:
    """Ends the session."""
    await site.services.sessions.end(request.scope)
    response = site.redirect("/sign-in", _("You are signed out."))
    response.headers.append("set-cookie", site.services.sessions.clear_cookie())
    return response


async def forgotten_page(site: Site, request: Request) -> Response:
    """The form that asks for a mail with a link to set a new password."""
    return site.render(request, "signing/forgotten.html", email="", errors={}, is_sent=False)


async def forgotten(site: Site, request: Request) -> Response:
    """Sends that mail, if there is such an account: the answer is always the same."""
    form = await read_form(request)
    email = form.text("email")
    try:
        await site.services.people.ask_reset(email, address=_address(request))
    except ThreescoreError as error:
        errors = errors_of(error, _INPUTS, {})
        return site.render(request, "signing/forgotten.html", error.status, email=email, errors=errors, is_sent=False)
    return site.render(request, "signing/forgotten.html", email=email, errors={}, is_sent=True)


async def reset_page(site: Site, request: Request) -> Response:
    """The form for a new password, behind a mailed link."""
    token = request.path_params["token"]
    try:
        user = await site.services.people.check_reset(token)
    except (AccessRefused, ThreescoreError):
        return site.render(request, "signing/closed.html", 403, had_link=True)
    return site.render(request, "signing/reset.html", token=token, email=user.email, errors={})


async def reset(site: Site, request: Request) -> Response:
    """Sets the new password."""
    form = await read_form(request)
    token, email = form.text("token"), form.text("email")
    try:
        await site.services.people.reset_password(token, form.raw("password"), address=_address(request))
    except AccessRefused:
        return site.render(request, "signing/closed.html", 403, had_link=True)
    except ThreescoreError as error:
        errors = errors_of(error, _INPUTS, {})
        return site.render(request, "signing/reset.html", error.status, token=token, email=email, errors=errors)
    return site.redirect(f"/sign-in?{urlencode({'email': email})}", _("Sign in with your new password."))


async def verify(site: Site, request: Request) -> Response:
    """Takes a mailed link as proof that the address is the visitor's."""
    query = request.query_params
    email = query.get("email", "")
    try:
        await site.services.people.verify_email(email, query.get("emailVerificationToken", ""))
    except ThreescoreError:
        return site.render(request, "signing/closed.html", 403, had_link=True)
    return site.redirect(f"/sign-in?{urlencode({'email': email})}", _("Your address is confirmed. Sign in."))
