"""The REST façade of webhooks and their deliveries: `/rest/metadata/webhooks`, `/rest/metadata/webhookDeliveries`.

`/rest/webhooks` is the old path of the former, whose list is a bare array.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from threescore.access.audit import Author
from threescore.catalog.changes.inputs import read_uuid
from threescore.catalog.wire import application_id
from threescore.db.pool import Database
from threescore.errors import BadRequest, InvalidInput, NotFound
from threescore.events import patterns
from threescore.events.deliveries import DEFAULT_LIMIT, MAX_LIMIT, Search
from threescore.events.payload import standard_secret
from threescore.events.services import WebhookServices
from threescore.events.webhook import Webhook, webhook_values
from threescore.model.fields.temporal import parse_moment
from threescore.model.objects import Model
from threescore.records.caller import Caller
from threescore.rest.grammar.filter import parse_filter
from threescore.rest.grammar.parameters import parse_limit
from threescore.rest.keys import NOTHING
from threescore.rest.metadata_pages import Page, by_place

RESOURCES = ("webhooks", "webhookDeliveries")
ACTIONS = ("resend", "rotate", "test")
Query = Mapping[str, str]
Shape = dict[str, Any]


def webhook_shape(webhook: Webhook) -> Shape:
    """A webhook as REST shows it, its secret included."""
    shape = webhook_values(webhook)
    header = webhook.sealed.header if webhook.sealed else None
    return {
        "id": shape.pop("id"),
        "targetUrl": shape.pop("targetUrl"),
        "operations": shape.pop("operations"),
        "description": shape.pop("description"),
        "secret": webhook.secret,
        "standardSecret": standard_secret(webhook.secret),
        "customHeader": None if header is None else {"name": header.name, "value": header.value},
        "applicationId": application_id(webhook.workspace_id, is_custom=True),
        **shape,
    }


class WebhooksApi:
    """Answers requests about webhooks."""

    def __init__(self, services: WebhookServices) -> None:
        self._webhooks = services.webhooks
        self._deliveries = services.deliveries
        self._changed = services.changed
        self._services = services

    def over(self, database: Database, author: Author) -> "WebhooksApi":
        """The same API inside a transaction, or over the same database. The audit log names the `author`."""
        return WebhooksApi(self._services.over(database, author))

    def changed(self, workspace_id: UUID) -> None:
        """Tells those who deliver that a workspace's webhooks have changed, which is committed."""
        self._changed(workspace_id)

    async def __call__(
        self, caller: Caller, method: str, path: tuple[str, ...], query: Query, body: object, *, bare: bool
    ) -> tuple[int, Any]:
        """The status and the JSON value that answer a request; `path` begins with the resource.

        `bare`: a list is a bare array. Raises errors of ours for a caller's fault.
        """
        resource, *rest = path
        if resource == "webhookDeliveries":
            return await self._of_deliveries(caller, method, rest, query, body)
        if not rest:
            if method == "GET":
                return 200, await self._list(caller, query, bare)
            if method == "POST":
                return 201, await self._change(caller, self._webhooks.create(caller, _given(body)))
            raise _no_route(method, path)
        webhook_id = read_uuid(rest[0])
        if webhook_id is None:
            raise BadRequest(f'"{rest[0][:100]}" is not a UUID')
        if len(rest) == 2 and method == "POST" and rest[1] == "rotate":
            given = _given(body)
            return 200, await self._change(
                caller,
                self._webhooks.rotate(caller, webhook_id, _text(given, "secret"), _number(given, "overlapSeconds")),
            )
        if len(rest) == 2 and method == "POST" and rest[1] == "test":
            return 201, await self._deliveries.test(caller, webhook_id)
        if len(rest) == 1:
            if method == "GET":
                found = await self._webhooks.find(caller, webhook_id)
                return 200, NOTHING if found is None else webhook_shape(found)
            if method in ("PATCH", "PUT"):
                return 200, await self._change(caller, self._webhooks.update(caller, webhook_id, _given(body)))
            if method == "DELETE":
                await self._change(caller, self._webhooks.delete(caller, webhook_id))
                return 200, True
        raise _no_route(method, path)

    async def _change(self, caller: Caller, change: Any) -> Shape:
        try:
            webhook: Webhook = await change
        except NotFound as error:
            # Over REST, an unknown webhook is a bad request.
            raise BadRequest(error.message, code=error.code) from error
        self._changed(caller.model.workspace_id)
        return webhook_shape(webhook)

    async def _list(self, caller: Caller, query: Query, bare: bool) -> Any:
        webhooks = await self._webhooks.all(caller)
        if bare:
            return [webhook_shape(webhook) for webhook in webhooks]
        return Page(tuple(query.items())).of(webhooks, webhook_shape, by_place(webhooks))

    async def _of_deliveries(
        self, caller: Caller, method: str, rest: list[str], query: Query, body: object
    ) -> tuple[int, Any]:
        if not rest and method == "GET":
            return 200, await self._search(caller, query)
        if rest == ["resend"] and method == "POST":
            given = _given(body)
            since = _moment("since", _text(given, "since"))
            if since is None:
                raise BadRequest('"since" is needed: a date and time as in "2026-01-01T00:00:00.000Z"')
            webhook_id = _id("webhookId", _text(given, "webhookId"))
            return 200, {"count": await self._deliveries.resend_failed(caller, since, webhook_id)}
        wanted = read_uuid(rest[0]) if rest else None
        if wanted is not None and len(rest) == 1 and method == "GET":
            return 200, await self._deliveries.get(caller, wanted)
        if wanted is not None and rest[1:] == ["resend"] and method == "POST":
            return 200, await self._deliveries.resend(caller, wanted)
        raise _no_route(method, ("webhookDeliveries", *rest))

    async def _search(self, caller: Caller, query: Query) -> Shape:
        search = Search(
            webhook_id=_id("webhookId", query.get("webhookId")),
            status=query.get("status") or None,
            event_name=query.get("eventName") or None,
            record_id=_id("recordId", query.get("recordId")),
            since=_moment("since", query.get("since")),
            until=_moment("until", query.get("until")),
            after=_id("starting_after", query.get("starting_after")),
            limit=parse_limit(query.get("limit"), DEFAULT_LIMIT, MAX_LIMIT),
        )
        found, more = await self._deliveries.search(caller, search)
        return {
            "data": found,
            "pageInfo": {
                "hasNextPage": more,
                "hasPreviousPage": search.after is not None,
                "startCursor": found[0]["id"] if found else None,
                "endCursor": found[-1]["id"] if found else None,
            },
        }


def _given(body: object) -> Shape:
    body = {} if body is None else body
    if not isinstance(body, dict):
        raise InvalidInput("The body must be a JSON object")
    if isinstance(body.get("filter"), str):
        # The language of the query string is understood here as well.
        return {**body, "filter": parse_filter(body["filter"])}
    return body


def _text(given: Mapping[str, Any], name: str) -> str | None:
    value = given.get(name)
    if value is not None and not isinstance(value, str):
        raise BadRequest(f'"{name}" must be a text')
    return value


def _number(given: Mapping[str, Any], name: str) -> float | None:
    value = given.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise BadRequest(f'"{name}" must be a number')
    return value


def _id(name: str, text: str | None) -> UUID | None:
    found = read_uuid(text) if text else None
    if text and found is None:
        raise BadRequest(f'"{name}" must be a UUID, not "{text[:100]}"')
    return found


def _moment(name: str, text: str | None) -> datetime | None:
    found = parse_moment(text) if text else None
    if text and found is None:
        raise BadRequest(f'"{name}" must be a date and time as in "2026-01-01T00:00:00.000Z", not "{text[:100]}"')
    return found


def _no_route(method: str, path: tuple[str, ...] | list[str]) -> NotFound:
    return NotFound(f"Cannot {method} /rest/metadata/{'/'.join(path)}")


def silent_patterns(model: Model, body: object) -> list[str]:
    """The operations in a body that no event answers to. What is no operation at all is not for this to refuse."""
    given = body.get("operations") if isinstance(body, dict) else None
    if not isinstance(given, list):
        return []
    return [item for item in given if isinstance(item, str) and patterns.silence(model, item)]
