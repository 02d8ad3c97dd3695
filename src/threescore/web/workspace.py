"""Settings → Workspace, and who its members are."""

from starlette.responses import Response

from threescore.access.workspace_settings import change_workspace
from threescore.catalog.workspaces import get_workspace
from threescore.errors import ThreescoreError
from threescore.web.forms import errors_of
from threescore.web.language import gettext as _
from threescore.web.site import Visit

FLAG = "WORKSPACE"


async def show(visit: Visit) -> Response:
    """The workspace's name, and what it is called elsewhere."""
    workspace = await get_workspace(visit.services.database, visit.caller.state.model.workspace_id)
    return visit.page("access/workspace.html", workspace=workspace, name=workspace.name, errors={})


async def rename(visit: Visit) -> Response:
    """Gives the workspace another name."""
    workspace = await get_workspace(visit.services.database, visit.caller.state.model.workspace_id)
    name = visit.form.text("name")
    try:
        await change_workspace(
            visit.services.people, visit.services.database, visit.caller, {"displayName": name}, visit.author
        )
    except ThreescoreError as error:
        errors = errors_of(error, {"workspace": "name", "name": "name"}, {})
        return visit.page("access/workspace.html", 422, workspace=workspace, name=name, errors=errors)
    return visit.to("/settings/workspace", _("Saved"))
