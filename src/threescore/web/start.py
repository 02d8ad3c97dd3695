"""The page to begin with: the first calls of the API, with this server's address in them."""

from starlette.responses import Response

from threescore.web.site import Visit
from threescore.web.snippets import Call, snippets


async def start(visit: Visit) -> Response:
    """What to do first."""
    graphql = Call("POST", "/graphql", {"query": "{ companies { edges { node { name people { totalCount } } } } }"})
    return visit.page(
        "start.html",
        first=snippets(visit.base_url, Call("GET", "/rest/companies?limit=3")),
        write=snippets(visit.base_url, Call("POST", "/rest/companies", {"name": "Linden Works", "employees": 42})),
        graphql=snippets(visit.base_url, graphql),
    )
