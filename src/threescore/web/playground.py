"""The playgrounds: both APIs, for records and for the model, to be tried as the person who is signed in."""

from starlette.responses import Response

from threescore.errors import NotFound
from threescore.web.language import gettext as _
from threescore.web.site import Visit


async def choose(visit: Visit) -> Response:
    """Which API to try."""
    return visit.page("playground/choose.html")


async def play(visit: Visit) -> Response:
    """One playground, on the whole screen."""
    api, schema = visit.request.path_params["api"], visit.request.path_params["schema"]
    if api not in ("rest", "graphql") or schema not in ("core", "metadata"):
        raise NotFound(_("There is no such playground."))
    return visit.page("playground/play.html", playground=True, api=api, schema=schema)
