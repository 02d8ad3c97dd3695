"""What every page shares: who visits, how it is rendered, what happens when it cannot be."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlencode

import structlog
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from threescore.access.audit import Author
from threescore.access.key_changes import KeyChanges
from threescore.access.people import People
from threescore.access.role_changes import RoleChanges
from threescore.access.sessions import Sessions
from threescore.access.tokens import Tokens
from threescore.catalog.changes import ModelChanges
from threescore.catalog.state import Workspaces
from threescore.catalog.wire import iso
from threescore.db.pool import Database
from threescore.errors import AccessRefused, Forbidden, ThreescoreError
from threescore.model.objects import Model
from threescore.model.overrides import resolved
from threescore.records.caller import Caller
from threescore.rest.http import client_of
from threescore.web import language
from threescore.web.assets import HOW_TO_BUILD, Assets
from threescore.web.forms import Form, errors_of, read_form
from threescore.web.language import gettext as _
from threescore.web.refusals import script_refusals
from threescore.web.safety import page_headers
from threescore.web.visitors import Visitor, Visitors

log = structlog.get_logger()

THEMES = ("light", "dark")
_NOTICE = "notice"
_NOTICE_SECONDS = 60
_TEMPLATES = Path(__file__).parent / "templates"

Page = Callable[["Visit"], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Services:
    """What pages are made with: the same that the APIs are made with. What changes things is made for each visit."""

    database: Database
    workspaces: Workspaces
    tokens: Tokens
    people: People
    sessions: Sessions
    visitors: Visitors


class Visit:
    """One request of somebody who is signed in."""

    def __init__(self, site: "Site", request: Request, visitor: Visitor, form: Form) -> None:
        self.site = site
        self.services = site.services
        self.request = request
        self.visitor = visitor
        self.form = form
        database, author = site.services.database, Author(visitor.caller.actor, *client_of(request.scope))
        self.author = author
        self.changes = ModelChanges(database, author)
        self.keys = KeyChanges(database, site.services.tokens, author)
        self.roles = RoleChanges(database, author)

    @property
    def caller(self) -> Caller:
        return self.visitor.caller

    @property
    def model(self) -> Model:
        return self.visitor.caller.model

    @property
    def base_url(self) -> str:
        """The address of this server as the visitor sees it, without a slash at its end."""
        return str(self.request.base_url).rstrip("/")

    def page(self, template: str, status: int = 200, *, playground: bool = False, **values: Any) -> HTMLResponse:
        """The page that a template makes of the values."""
        shown = {"visitor": self.visitor, "caller": self.caller, "model": self.model, "base_url": self.base_url}
        return self.site.render(self.request, template, status, playground=playground, **{**shown, **values})

    def to(self, path: str, notice: str | None = None) -> Response:
        """Sends the visitor on to another page, which shows the notice once."""
        return self.site.redirect(path, notice)


class Site:
    """All pages: their routes, their templates, their errors."""

    def __init__(self, services: Services, assets: Assets) -> None:
        self.services = services
        self.assets = assets
        self._templates = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
            auto_reload=False,
        )
        self._templates.install_gettext_callables(  # type: ignore[attr-defined]
            language.gettext, language.ngettext, newstyle=True
        )
        self._templates.globals.update(
            asset=assets.url,
            icon_url=assets.icon,
            resolved=resolved,
            iso=iso,
            LANGUAGES=language.LANGUAGES,
            script_refusals=lambda page: Markup(script_refusals(page)),
        )
        self._templates.filters.update(moment=_moment)

    def route(self, path: str, page: Page, *, post: bool = False, flag: str | None = None) -> Route:
        """A page for those who are signed in and whose role has the flag."""

        async def signed_in(request: Request) -> Response:
            visitor = await self.services.visitors.find(request)
            if visitor is None:
                return self._to_sign_in(request)
            if flag is not None:
                visitor.caller.require(flag)
            form = await read_form(request) if request.method == "POST" else Form([])
            return await page(Visit(self, request, visitor, form))

        return self.public_route(path, signed_in, post=post)

    def public_route(self, path: str, page: Callable[[Request], Awaitable[Response]], *, post: bool = False) -> Route:
        """A page for everybody. Its errors become pages."""

        async def answer(request: Request) -> Response:
            language.speak(language.choose_language(request))
            if not self.assets.is_built:
                return Response(HOW_TO_BUILD, 503, media_type="text/plain")
            try:
                if request.method == "POST" and not self.services.sessions.is_same_origin(request.scope):
                    raise Forbidden("Forms can only be sent from the pages of this server")
                return await page(request)
            except AccessRefused:
                return self._to_sign_in(request)
            except ThreescoreError as error:
                messages = errors_of(error, {}, {}).get("", [error.message])
                return await self.error_page(request, error.status, " ".join(messages))
            except Exception:
                # Not the path as it was asked for: those of mailed links hold their tokens.
                log.exception("page failed", method=request.method, path=path)
                return await self.error_page(request, 500, _("Something went wrong on our side. Nothing was changed."))

        return Route(path, answer, methods=["POST"] if post else ["GET"])

    def render(
        self, request: Request, template: str, status: int = 200, *, playground: bool = False, **values: Any
    ) -> HTMLResponse:
        """The page that a template makes of the values, with the headers that keep it safe."""
        theme = request.cookies.get("theme")
        notice = request.cookies.get(_NOTICE)
        shown = {
            "visitor": None,
            "path": request.url.path,
            "here": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
            "language": language.current_language(),
            "theme": theme if theme in THEMES else None,
            "notice": unquote(notice) if notice else None,
            "script_messages": Markup(language.script_messages()),
            "is_fragment": request.headers.get("hx-request") == "true",
        }
        html = self._templates.get_template(template).render({**shown, **values})
        response = HTMLResponse(html, status, page_headers(playground=playground))
        if notice:
            response.delete_cookie(_NOTICE)
        return response

    def redirect(self, path: str, notice: str | None = None) -> Response:
        """Sends the visitor on to another page, which shows the notice once."""
        response = RedirectResponse(path, 303, page_headers())
        if notice:
            value = quote(notice)
            self.set_cookie(response, _NOTICE, value, _NOTICE_SECONDS)
        return response

    def set_cookie(self, response: Response, name: str, value: str, seconds: int) -> None:
        """Keeps something that is no secret with the visitor, out of the reach of scripts."""
        secure = self.services.sessions.is_secure
        response.set_cookie(name, value, max_age=seconds, httponly=True, samesite="lax", secure=secure)

    async def error_page(self, request: Request, status: int, message: str) -> Response:
        """A page that says what is wrong, and where to go on."""
        return self.render(request, "error.html", status, message=message, code=status)

    def _to_sign_in(self, request: Request) -> Response:
        wanted = request.url.path if request.method == "GET" else "/"
        return self.redirect("/sign-in" if wanted == "/" else f"/sign-in?{urlencode({'next': wanted})}")


def _moment(value: datetime | None) -> Markup:
    """A moment as a `<time>`, which a script shows as the visitor's clock and language have it."""
    if value is None:
        return Markup("")
    return Markup('<time datetime="{}">{}</time>').format(iso(value), value.strftime("%Y-%m-%d %H:%M"))
