"""The data pages: frames in which a script works with the public API, and nothing else."""

from starlette.responses import Response

from threescore.errors import NotFound
from threescore.model.objects import ObjectType
from threescore.model.overrides import resolved
from threescore.web.language import gettext as _
from threescore.web.site import Visit


def _find(visit: Visit) -> ObjectType:
    name = visit.request.path_params["plural"]
    found = visit.model.by_plural.get(name)
    if found is None:
        raise NotFound(_("There is no object named “%(name)s”.") % {"name": name})
    return found


async def overview(visit: Visit) -> Response:
    """All objects, to choose one."""
    shown = [item for item in visit.model.objects if item.is_active and not item.is_system]
    shown.sort(key=lambda item: str(resolved(item, "label_plural")).lower())
    return visit.page("data/overview.html", objects=shown)


async def table(visit: Visit) -> Response:
    """The records of an object."""
    return visit.page("data/app.html", item=_find(visit), view="table", record_id="")


async def import_records(visit: Visit) -> Response:
    """Records from a CSV file."""
    return visit.page("data/app.html", item=_find(visit), view="import", record_id="")


async def record(visit: Visit) -> Response:
    """One record."""
    return visit.page("data/app.html", item=_find(visit), view="record", record_id=str(visit.request.path_params["id"]))
