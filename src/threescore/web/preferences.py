"""How a visitor wants pages to be: which language, light or dark."""

from starlette.requests import Request
from starlette.responses import Response

from threescore.web.forms import read_form
from threescore.web.language import COOKIE, LANGUAGES
from threescore.web.site import THEMES, Site

_YEAR = 365 * 24 * 3600


def own_path(path: str) -> str:
    """The path if it is one of this server's, else the start page: nobody is sent elsewhere."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() else "/"


async def prefer(site: Site, request: Request) -> Response:
    """Keeps a choice in a cookie, and goes back to where the visitor was."""
    form = await read_form(request)
    response = site.redirect(own_path(form.text("next")))
    language, theme = form.text("language"), form.text("theme")
    if language in LANGUAGES:
        site.set_cookie(response, COOKIE, language, _YEAR)
    if theme in THEMES:
        site.set_cookie(response, "theme", theme, _YEAR)
    return response
