"""Settings → Members: the people of the workspace."""

from starlette.responses import Response

from threescore.web.site import Visit


async def overview(visit: Visit) -> Response:
    """Everybody, in the order in which they joined."""
    state = visit.caller.state
    return visit.page("access/members.html", members=list(state.members.values()), roles=state.roles)
