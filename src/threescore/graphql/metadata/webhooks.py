"""Webhooks and their deliveries. The rules are those of the services behind all doors."""

from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from threescore.catalog.wire import application_id
from threescore.errors import BadRequest
from threescore.events.deliveries import DEFAULT_LIMIT, Search
from threescore.events.payload import standard_secret
from threescore.events.webhook import Webhook, webhook_values
from threescore.graphql.metadata.context import Info
from threescore.model.fields.temporal import parse_moment

Input = Mapping[str, Any]
Values = dict[str, Any]


def _values(webhook: Webhook) -> Values:
    header = webhook.sealed.header if webhook.sealed else None
    return {
        **webhook_values(webhook),
        "secret": webhook.secret,
        "standardSecret": standard_secret(webhook.secret),
        "customHeader": None if header is None else {"name": header.name, "value": header.value},
        "applicationId": application_id(webhook.workspace_id, is_custom=True),
    }


def _webhooks(_root: None, info: Info) -> list[Values]:
    context = info.context
    return [_values(webhook) for webhook in context.wait(context.services.webhooks.webhooks.all(context.caller))]


def _webhook(_root: None, info: Info, *, id: str) -> Values | None:
    context = info.context
    found = context.wait(context.services.webhooks.webhooks.find(context.caller, UUID(id)))
    return None if found is None else _values(found)


def _changed(info: Info, change: Coroutine[Any, Any, Webhook]) -> Values:
    context = info.context
    webhook = context.wait(change)
    context.tell(lambda: context.services.webhooks.changed(context.model.workspace_id))
    return _values(webhook)


def _create(_root: None, info: Info, *, input: Input) -> Values:
    return _changed(info, info.context.services.webhooks.webhooks.create(info.context.caller, input))


def _update(_root: None, info: Info, *, input: Input) -> Values:
    context = info.context
    return _changed(info, context.services.webhooks.webhooks.update(context.caller, UUID(input["id"]), input["update"]))


def _delete(_root: None, info: Info, *, id: str) -> Values:
    return _changed(info, info.context.services.webhooks.webhooks.delete(info.context.caller, UUID(id)))


def _rotate(_root: None, info: Info, *, input: Input) -> Values:
    context = info.context
    return _changed(
        info,
        context.services.webhooks.webhooks.rotate(
            context.caller, UUID(input["id"]), input.get("secret"), input.get("overlapSeconds")
        ),
    )


def _deliveries(_root: None, info: Info, **given: Any) -> Values:
    context = info.context
    after = given.get("after")
    search = Search(
        webhook_id=_id(given.get("webhookId")),
        status=given.get("status"),
        event_name=given.get("eventName"),
        record_id=_id(given.get("recordId")),
        since=_moment("since", given.get("since")),
        until=_moment("until", given.get("until")),
        after=_cursor(after) if after else None,
        limit=given.get("first") or DEFAULT_LIMIT,
    )
    found, more = context.wait(context.services.webhooks.deliveries.search(context.caller, search))
    context.count(len(found))
    return {
        "edges": [{"node": item, "cursor": item["id"]} for item in found],
        "pageInfo": {
            "hasNextPage": more,
            "hasPreviousPage": after is not None,
            "startCursor": found[0]["id"] if found else None,
            "endCursor": found[-1]["id"] if found else None,
        },
    }


def _delivery(_root: None, info: Info, *, id: str) -> Values:
    context = info.context
    return context.wait(context.services.webhooks.deliveries.get(context.caller, UUID(id)))


def _resend(_root: None, info: Info, *, id: str) -> Values:
    context = info.context
    return context.wait(context.services.webhooks.deliveries.resend(context.caller, UUID(id)))


def _resend_failed(_root: None, info: Info, *, since: str, webhookId: str | None = None) -> int:
    context = info.context
    moment = _moment("since", since)
    assert moment is not None
    work = context.services.webhooks.deliveries.resend_failed(context.caller, moment, _id(webhookId))
    return context.wait(work)


def _test(_root: None, info: Info, *, id: str) -> Values:
    context = info.context
    return context.wait(context.services.webhooks.deliveries.test(context.caller, UUID(id)))


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None


def _cursor(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise BadRequest(f'"{text[:100]}" is not the cursor of a delivery') from error


def _moment(name: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    found = parse_moment(text) if isinstance(text, str) else None
    if found is None:
        raise BadRequest(f'{name} must be a date and time as in "2026-01-01T00:00:00.000Z", not "{str(text)[:100]}"')
    return found


RESOLVERS: Mapping[str, Mapping[str, Callable[..., Any]]] = {
    "Query": {
        "webhooks": _webhooks,
        "webhook": _webhook,
        "webhookDeliveries": _deliveries,
        "webhookDelivery": _delivery,
    },
    "Mutation": {
        "createWebhook": _create,
        "updateWebhook": _update,
        "deleteWebhook": _delete,
        "rotateWebhookSecret": _rotate,
        "resendWebhookDelivery": _resend,
        "resendFailedWebhookDeliveries": _resend_failed,
        "sendTestWebhookEvent": _test,
    },
}
