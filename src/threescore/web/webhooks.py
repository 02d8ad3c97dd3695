"""Settings → API & Webhooks: webhooks and their deliveries. The script there works with the public API."""

from starlette.responses import Response

from threescore.model.overrides import resolved
from threescore.web.site import Visit


async def overview(visit: Visit) -> Response:
    """All webhooks."""
    return _page(visit, "list", "")


async def new_webhook(visit: Visit) -> Response:
    """The form of a new webhook."""
    return _page(visit, "new", "")


async def show_webhook(visit: Visit) -> Response:
    """One webhook: its form, its health, its deliveries."""
    return _page(visit, "one", str(visit.request.path_params["id"]))


def _page(visit: Visit, view: str, webhook_id: str) -> Response:
    objects = [
        (item.name_singular, str(resolved(item, "label_plural"))) for item in visit.model.objects if item.is_active
    ]
    objects.sort(key=lambda pair: pair[1].lower())
    return visit.page("access/webhooks.html", view=view, webhook_id=webhook_id, objects=objects)
