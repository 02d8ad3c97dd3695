"""The pages as one ASGI application: the table of their routes."""

from collections.abc import Awaitable, Callable
from functools import partial

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from threescore.web import (
    data,
    diagram,
    documentation,
    fields,
    keys,
    members,
    model,
    playground,
    role_objects,
    roles,
    signing,
    start,
    webhooks,
    workspace,
)
from threescore.web.assets import Assets
from threescore.web.language import choose_language, speak
from threescore.web.language import gettext as _
from threescore.web.model import FLAG as DATA_MODEL
from threescore.web.preferences import prefer
from threescore.web.site import Services, Site, Visit

KEY = "/settings/api/keys/{id:uuid}"
ROLE = "/settings/roles/{id:uuid}"
ROLE_OBJECT = f"{ROLE}/objects/{{object}}"
OBJECT = "/settings/model/{object}"


def make_pages(services: Services, assets: Assets | None = None) -> Starlette:
    """All pages over these services."""
    site = Site(services, assets or Assets())
    page = site.route

    def public(path: str, answer: Callable[[Site, Request], Awaitable[Response]], *, post: bool = False) -> Route:
        return site.public_route(path, partial(answer, site), post=post)

    routes = [
        Route("/assets/{name}", site.assets.serve, methods=["GET"]),
        public("/preferences", prefer, post=True),
        page("/", _home),
        page("/start", start.start),
        public("/sign-in", signing.sign_in_page),
        public("/sign-in", signing.sign_in, post=True),
        public("/welcome", signing.sign_up_page),
        public("/invite", signing.sign_up_page),
        public("/invite/{hash}", signing.join_page),
        public("/sign-up", signing.sign_up_page),
        public("/sign-up", signing.sign_up, post=True),
        public("/sign-out", signing.sign_out, post=True),
        public("/forgotten", signing.forgotten_page),
        public("/forgotten", signing.forgotten, post=True),
        public("/reset-password/{token}", signing.reset_page),
        public("/reset-password", signing.reset, post=True),
        public("/verify-email", signing.verify),
        page("/welcome/workspace", signing.name_page, flag=workspace.FLAG),
        page("/welcome/workspace", signing.name_workspace, post=True, flag=workspace.FLAG),
        page("/playground", playground.choose),
        page("/playground/{api}/{schema}", playground.play),
        page("/docs", documentation.overview),
        page("/docs/{object}", documentation.of_object),
        page("/data", data.overview),
        page("/data/{plural}", data.table),
        page("/data/{plural}/import", data.import_records),
        page("/data/{plural}/{id:uuid}", data.record),
        page("/settings/api", keys.overview, flag=keys.FLAG),
        page("/settings/api/keys/new", keys.new_key, flag=keys.FLAG),
        page("/settings/api/keys/new", keys.create_key, post=True, flag=keys.FLAG),
        page(KEY, keys.show_key, flag=keys.FLAG),
        page(KEY, keys.update_key, post=True, flag=keys.FLAG),
        page(f"{KEY}/regenerate", keys.regenerate_key, post=True, flag=keys.FLAG),
        page(f"{KEY}/revoke", keys.revoke_key, post=True, flag=keys.FLAG),
        page("/settings/api/webhooks", webhooks.overview, flag=keys.FLAG),
        page("/settings/api/webhooks/new", webhooks.new_webhook, flag=keys.FLAG),
        page("/settings/api/webhooks/{id:uuid}", webhooks.show_webhook, flag=keys.FLAG),
        page("/settings/members", members.overview),
        page("/settings/members/invite", members.invite, post=True, flag=members.FLAG),
        page("/settings/members/invitations/{id:uuid}/withdraw", members.withdraw, post=True, flag=members.FLAG),
        page("/settings/members/{id:uuid}/role", members.change_role, post=True, flag=members.FLAG),
        page("/settings/members/{id:uuid}/remove", members.remove, post=True, flag=members.FLAG),
        page("/settings/roles", roles.overview, flag=roles.FLAG),
        page("/settings/roles/new", roles.new_role, flag=roles.FLAG),
        page("/settings/roles/new", roles.create_role, post=True, flag=roles.FLAG),
        page(ROLE, roles.show_role, flag=roles.FLAG),
        page(ROLE, roles.update_role, post=True, flag=roles.FLAG),
        page(f"{ROLE}/objects", roles.update_objects, post=True, flag=roles.FLAG),
        page(ROLE_OBJECT, role_objects.show, flag=roles.FLAG),
        page(ROLE_OBJECT, role_objects.update, post=True, flag=roles.FLAG),
        page(f"{ROLE}/delete", roles.delete_role, post=True, flag=roles.FLAG),
        page("/settings/workspace", workspace.show),
        page("/settings/workspace", workspace.rename, post=True, flag=workspace.FLAG),
        page("/settings/model", model.objects),
        page("/settings/model-diagram", diagram.diagram),
        page("/settings/model-diagram.svg", diagram.diagram_file),
        page("/settings/model/-/new-object", model.new_object, flag=DATA_MODEL),
        page("/settings/model/-/new-object", model.create_object, post=True, flag=DATA_MODEL),
        page("/settings/model/-/preview", fields.preview, post=True),
        page(OBJECT, model.show_object),
        page(OBJECT, model.update_object, post=True, flag=DATA_MODEL),
        page(f"{OBJECT}/-/activate", model.activate_object, post=True, flag=DATA_MODEL),
        page(f"{OBJECT}/-/delete", model.delete_object, post=True, flag=DATA_MODEL),
        page(f"{OBJECT}/-/new-field", fields.new_field, flag=DATA_MODEL),
        page(f"{OBJECT}/-/new-field", fields.create_field, post=True, flag=DATA_MODEL),
        page(f"{OBJECT}/{{field}}", fields.show_field),
        page(f"{OBJECT}/{{field}}", fields.update_field, post=True, flag=DATA_MODEL),
        page(f"{OBJECT}/{{field}}/-/activate", fields.activate_field, post=True, flag=DATA_MODEL),
        page(f"{OBJECT}/{{field}}/-/delete", fields.delete_field, post=True, flag=DATA_MODEL),
    ]

    async def not_found(request: Request, _error: Exception) -> Response:
        """Nothing of ours is there: a page for people, the envelope of the APIs for programs."""
        if "text/html" not in request.headers.get("accept", "") or not site.assets.is_built:
            message = f"Cannot {request.method} {request.url.path}"
            return JSONResponse({"message": message, "error": "Not Found", "statusCode": 404}, 404)
        speak(choose_language(request))
        return await site.error_page(request, 404, _("Perhaps it was moved, or the address has a typing error."))

    return Starlette(routes=routes, exception_handlers={404: not_found})


async def _home(visit: Visit) -> Response:
    return visit.to("/start")
