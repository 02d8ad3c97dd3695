"""What the metadata document says of API keys, webhooks, their deliveries and the audit log."""

from uuid import UUID as Id

from threescore.access.audit import DEFAULT_PAGE, MAX_PAGE
from threescore.access.key_changes import MAX_NETWORKS, MAX_OVERLAP_HOURS, USAGE_SHOWN
from threescore.access.scope import Access
from threescore.access.usage import KEPT
from threescore.events.deliveries import DEFAULT_LIMIT, MAX_LIMIT, STATUSES
from threescore.events.webhook_input import MAX_OPERATIONS, MAX_SECRET, MAX_TEXT
from threescore.events.webhooks import LONGEST_OVERLAP, OVERLAP
from threescore.model.fields.json_schema import UUID, Schema, list_of, nullable, object_of
from threescore.rest.openapi.examples import curl
from threescore.rest.openapi.operations import operation
from threescore.rest.openapi.resources import Resource
from threescore.rest.openapi.shared import (
    FLAG,
    MAP,
    MOMENT,
    TEXT,
    Document,
    limit_parameter,
    parameter,
    ref,
)

_WHOLE: Schema = {"type": "integer"}
_NO_TEXT, _NO_ID, _NO_MOMENT, _NO_WHOLE = nullable(TEXT), nullable(UUID), nullable(MOMENT), nullable(_WHOLE)
_NO_MAP = nullable(MAP)
_NEEDS_KEYS = "Needs the right `API_KEYS_AND_WEBHOOKS`."
_SINCE = "2026-01-01T00:00:00.000Z"


def key_resource(role_id: Id | None) -> Resource:
    """API keys. `role_id` is a role that a new key may have, for the example."""
    new = {"name": "Nightly import", "expiresAt": "2100-01-01T00:00:00.000Z", "roleId": str(role_id)}
    return Resource(
        singular="apiKey",
        plural="apiKeys",
        about=f"Who may call these APIs, and what for. {_NEEDS_KEYS} No key can be given more than its maker may do.",
        create=_KEY_INPUT,
        update=_KEY_CHANGE,
        read=_KEY,
        new=new if role_id else None,
        change={"name": "Nightly import", "rateLimit": "100/1 1000/60"},
        listing="A page of the keys that are not revoked, in the order of their creation.",
        deleting="Revokes the key: all its tokens are refused from now on. Answers it as it is then; without a body "
        "where nothing has the id.",
        missing=False,
    )


def webhook_resource() -> Resource:
    """Webhooks."""
    return Resource(
        singular="webhook",
        plural="webhooks",
        about=f"Addresses that are told of what happens to records. {_NEEDS_KEYS}",
        create=_WEBHOOK_INPUT,
        update=_WEBHOOK_CHANGE,
        read=_WEBHOOK,
        new={
            "targetUrl": "https://hooks.example.com/threescore",
            "operations": ["*.created", "*.deleted"],
            "description": "Tells our own system",
        },
        change={"operations": ["*.*"]},
        listing="A page, in the order of their creation.",
        deleting="Deletes it for good, and gives up what it has still to deliver.",
        deleted={"type": "boolean", "const": True},
        missing=False,
    )


def key_paths(url: str) -> Document:
    """What else can be done to API keys."""
    token = object_of({"token": {**TEXT, "description": "To be kept safe: it is shown this once."}}, required=True)
    until = {**MOMENT, "description": "When the token expires; with the key, if nothing is said."}
    overlap: Schema = {
        "type": "number",
        "minimum": 0,
        "maximum": MAX_OVERLAP_HOURS,
        "default": 0,
        "description": "For how many hours the latest tokens before it stay good.",
    }
    return {
        "/apiKeys/{id}/token": {
            "post": operation(
                "post",
                tag="apiKeys",
                operation_id="generateApiKeyToken",
                summary="Make a token of an API key",
                description="One more token of a key, besides those that it has. It is shown here only.",
                answer=token,
                status=201,
                parameters=("idPath",),
                body=object_of({"expiresAt": until}, required=False),
                example={"expiresAt": "2099-01-01T00:00:00.000Z"},
                refusals=(404,),
                sample=curl(url, "POST", "/apiKeys/$ID/token", None, {"expiresAt": "2099-01-01T00:00:00.000Z"}),
            )
        },
        "/apiKeys/{id}/regenerate": {
            "post": operation(
                "post",
                tag="apiKeys",
                operation_id="regenerateApiKeyToken",
                summary="Give an API key another token",
                description="A new token of a key, in place of those that it has. With `expiresAt`, the key lives "
                "until then.",
                answer=token,
                status=201,
                parameters=("idPath",),
                body=object_of({"expiresAt": MOMENT, "overlapHours": overlap}, required=False),
                example={"overlapHours": 24},
                refusals=(404,),
                sample=curl(url, "POST", "/apiKeys/$ID/regenerate", None, {"overlapHours": 24}),
            )
        },
    }


def usage_paths(url: str) -> Document:
    """How much API keys are used."""
    hour = object_of(
        {
            "hour": {**MOMENT, "description": "Its beginning."},
            "requests": {**_WHOLE, "description": "How many there were."},
            "refused": {**_WHOLE, "description": "How many of them were answered with a status of 400 or more."},
        },
        required=True,
    )
    return {
        "/apiKeys/{id}/usage": {
            "get": operation(
                "get",
                tag="apiKeys",
                operation_id="findApiKeyUsage",
                summary="How much an API key is used",
                description="The hours in which there were requests, first to last: of the last "
                f"{USAGE_SHOWN.days} days, unless `since` says otherwise. They are kept for {KEPT}.",
                answer=object_of({"data": list_of(hour)}, required=True),
                parameters=("idPath", *_span("Hours")),
                refusals=(404,),
                sample=curl(url, "GET", "/apiKeys/$ID/usage", {"since": _SINCE}),
            )
        }
    }


def webhook_paths(url: str) -> Document:
    """What else can be done to webhooks."""
    rotation = object_of(
        {
            "secret": {**_SECRET, "minLength": 1},
            "overlapSeconds": {
                "type": "number",
                "minimum": 0,
                "maximum": int(LONGEST_OVERLAP.total_seconds()),
                "default": int(OVERLAP.total_seconds()),
                "description": "For how long calls are signed with the secret before it, too.",
            },
        },
        required=False,
    )
    return {
        "/webhooks/{id}/rotate": {
            "post": operation(
                "post",
                tag="webhooks",
                operation_id="rotateWebhookSecret",
                summary="Give a webhook another secret",
                description="Answers the webhook with its new secret, which is made here unless it is given.",
                answer=ref("schemas", "WebhookForResponse"),
                parameters=("idPath",),
                body=rotation,
                needs_body=False,
                example={"overlapSeconds": 3600},
                sample=curl(url, "POST", "/webhooks/$ID/rotate", None, {"overlapSeconds": 3600}),
            )
        },
        "/webhooks/{id}/test": {
            "post": operation(
                "post",
                tag="webhooks",
                operation_id="testWebhook",
                summary="Try a webhook out",
                description="Sends an event that is none, named `webhook.test`. Answers its delivery.",
                answer=_DELIVERY_REF,
                status=201,
                parameters=("idPath",),
                refusals=(404,),
                sample=curl(url, "POST", "/webhooks/$ID/test"),
            )
        },
    }


DELIVERIES_ABOUT = f"What was sent to webhooks, what they answered, and what is still to be sent. {_NEEDS_KEYS}"


def delivery_paths(url: str) -> Document:
    """The log of deliveries."""
    page = object_of({"data": list_of(_DELIVERY_REF), "pageInfo": ref("schemas", "PageInfo")}, required=True)
    again = {"since": _SINCE}
    return {
        "/webhookDeliveries": {
            "get": operation(
                "get",
                tag="webhookDeliveries",
                operation_id="findManyWebhookDeliveries",
                summary="Find Many webhookDeliveries",
                description="A page, newest first.",
                answer=page,
                parameters=(
                    _asked("webhookId", "Those of one webhook.", UUID),
                    _asked("status", "Those that are so.", {"type": "string", "enum": list(STATUSES)}),
                    _asked("eventName", "Those of events of this name, as in `person.created`.", TEXT),
                    _asked("recordId", "Those of one record's events.", UUID),
                    *_span("Those made"),
                    _asked("starting_after", "The id of the last one of the page before.", UUID),
                    limit_parameter(MAX_LIMIT, DEFAULT_LIMIT),
                ),
                sample=curl(url, "GET", "/webhookDeliveries", {"status": "pending", "limit": "10"}),
            )
        },
        "/webhookDeliveries/{id}": {
            "get": operation(
                "get",
                tag="webhookDeliveries",
                operation_id="findOneWebhookDelivery",
                summary="Find One webhookDelivery",
                description="It, whole. What was sent is shown to those who may read all of the record, what was "
                "answered to those of them who administer the workspace.",
                answer=_DELIVERY_REF,
                parameters=("idPath",),
                refusals=(404,),
                sample=curl(url, "GET", "/webhookDeliveries/$ID"),
            )
        },
        "/webhookDeliveries/{id}/resend": {
            "post": operation(
                "post",
                tag="webhookDeliveries",
                operation_id="resendWebhookDelivery",
                summary="Send again",
                description="Has a delivery attempted now, whatever became of it before; under the same id.",
                answer=_DELIVERY_REF,
                parameters=("idPath",),
                refusals=(404,),
                sample=curl(url, "POST", "/webhookDeliveries/$ID/resend"),
            )
        },
        "/webhookDeliveries/resend": {
            "post": operation(
                "post",
                tag="webhookDeliveries",
                operation_id="resendFailedWebhookDeliveries",
                summary="Send all again that failed",
                description="Has all failed deliveries made since then attempted anew, of one webhook or of all that "
                "are on.",
                answer=object_of({"count": _WHOLE}, required=True),
                body={**object_of({"since": MOMENT, "webhookId": UUID}, required=False), "required": ["since"]},
                example=again,
                refusals=(404,),
                sample=curl(url, "POST", "/webhookDeliveries/resend", None, again),
            )
        },
    }


AUDIT_ABOUT = (
    "Who signed in, and who changed keys, roles, members, webhooks, the data model and the workspace. "
    "Needs the right `SECURITY`."
)


def audit_paths(url: str) -> Document:
    """The audit log."""
    page_info = object_of({"hasNextPage": FLAG, "endCursor": _NO_TEXT}, required=True)
    page = object_of({"data": list_of(ref("schemas", "AuditEntryForResponse")), "pageInfo": page_info}, required=True)
    return {
        "/audit": {
            "get": operation(
                "get",
                tag="audit",
                operation_id="findManyAuditEntries",
                summary="Read the audit log",
                description="A page, latest entries first.",
                answer=page,
                parameters=(
                    _asked("action", "Those of an action, as in `apiKey.created`; `apiKey.*` for all of a kind.", TEXT),
                    _asked("subjectId", "Those about one thing.", UUID),
                    _asked("actorId", "Those of one API key or workspace member.", UUID),
                    *_span("Those"),
                    _asked("after", "The `endCursor` of the page before.", TEXT),
                    limit_parameter(MAX_PAGE, DEFAULT_PAGE),
                ),
                sample=curl(url, "GET", "/audit", {"action": "apiKey.*", "limit": "10"}),
            )
        }
    }


def _asked(name: str, description: str, schema: Schema) -> Document:
    return parameter(name, "query", description, schema)


def _span(what: str) -> tuple[Document, Document]:
    return _asked("since", f"{what} at this time or later.", MOMENT), _asked("until", f"{what} before it.", MOMENT)


_SCOPE: Schema = {
    "description": "What of its role's rights to records an API key may use.",
    **object_of(
        {
            "allObjects": {"type": "string", "enum": [access.value for access in Access]},
            "objects": list_of(
                object_of(
                    {
                        "objectMetadataId": UUID,
                        "access": {"type": "string", "enum": [access.value for access in Access]},
                    },
                    required=True,
                )
            ),
        },
        required=False,
    ),
}
_SCOPE_REF = {**nullable(ref("schemas", "ApiKeyScope")), "description": "null: all of its role's rights."}
_RATE = {
    **_NO_TEXT,
    "description": "A limit of its own: `100/1 1000/60` are 100 requests in a second, 1000 in a minute.",
}
_NETWORKS = {
    **list_of(TEXT),
    "maxItems": MAX_NETWORKS,
    "description": "Where it may be used from, as in `203.0.113.7` or `2001:db8::/32`. Empty: from everywhere.",
}
_KEY_CHANGES: dict[str, Schema] = {
    "name": TEXT,
    "expiresAt": MOMENT,
    "revokedAt": _NO_MOMENT,
    "rateLimit": _RATE,
    "allowedNetworks": _NETWORKS,
    "scope": _SCOPE_REF,
}
_KEY_INPUT: Schema = {
    "type": "object",
    "description": "A new key. It has no token yet.",
    "properties": {**_KEY_CHANGES, "roleId": {**UUID, "description": "What it may do. It stays."}},
    "required": ["name", "expiresAt", "roleId"],
}
_KEY_CHANGE: Schema = {
    "type": "object",
    "description": "Changes of a key. `revokedAt: null` takes its revocation back.",
    "properties": _KEY_CHANGES,
}
_KEY: Schema = {
    "description": "An API key. Its tokens are shown when they are made, and never again.",
    **object_of(
        {
            "id": UUID,
            "workspaceId": UUID,
            "name": TEXT,
            "expiresAt": MOMENT,
            "revokedAt": _NO_MOMENT,
            "createdAt": MOMENT,
            "updatedAt": MOMENT,
            "roleId": _NO_ID,
            "createdBy": _NO_MAP,
            "lastUsedAt": _NO_MOMENT,
            "lastUsedRoute": _NO_TEXT,
            "rateLimit": _RATE,
            "allowedNetworks": _NETWORKS,
            "scope": _SCOPE_REF,
        },
        required=True,
    ),
}

_SECRET: Schema = {"type": "string", "maxLength": MAX_SECRET, "description": "What calls are signed with."}
_OPERATIONS: Schema = {
    "type": "array",
    "items": TEXT,
    "maxItems": MAX_OPERATIONS,
    "description": "What it is told of: `person.created`, `person.*`, `*.created`, `*.*`, `metadata.webhook.*`."
    " Any text is taken; a `Warning` header names those that no event answers to.",
}
_FIELDS: Schema = {
    **nullable(list_of(TEXT)),
    "description": "Updates that change none of these fields are not told. null: all are.",
}
_HEADER: Schema = {
    "description": "A header that each call carries.",
    **object_of({"name": TEXT, "value": TEXT}, required=True),
}
_HEADER_REF = nullable(ref("schemas", "WebhookHeader"))
_WEBHOOK_CHANGES: dict[str, Schema] = {
    "targetUrl": {"type": "string", "description": "Where events are sent, over HTTP or HTTPS."},
    "operations": _OPERATIONS,
    "description": nullable({"type": "string", "maxLength": MAX_TEXT}),
    "secret": {**_SECRET, "description": "What calls are signed with. Without one, it is made."},
    "customHeader": _HEADER_REF,
    "isPaused": {**FLAG, "description": "Whether deliveries wait."},
    "isActive": {**FLAG, "description": "Whether there are any."},
    "updatedFields": _FIELDS,
    "filter": {
        "anyOf": [TEXT, MAP, {"type": "null"}],
        "description": "Which records are meant, of the one object that `operations` name: as in the query string, or "
        "as over GraphQL.",
    },
}
_WEBHOOK_INPUT: Schema = {
    "type": "object",
    "description": "A new webhook. It is told of what happens from now on.",
    "properties": {"id": UUID, **_WEBHOOK_CHANGES},
    "required": ["targetUrl"],
}
_WEBHOOK_CHANGE: Schema = {
    "type": "object",
    "description": "Changes of a webhook.",
    "properties": _WEBHOOK_CHANGES,
}
_WEBHOOK: Schema = {
    "description": "A webhook. Switched off, it is told of nothing; paused, it is told later.",
    **object_of(
        {
            "id": UUID,
            "targetUrl": TEXT,
            "operations": list_of(TEXT),
            "description": _NO_TEXT,
            "secret": TEXT,
            "standardSecret": {
                "type": "string",
                "description": "The secret as the Standard Webhooks libraries take it.",
            },
            "customHeader": _HEADER_REF,
            "applicationId": UUID,
            "updatedFields": _FIELDS,
            "filter": _NO_MAP,
            "isPaused": FLAG,
            "isActive": FLAG,
            "switchedOffAt": _NO_MOMENT,
            "switchedOffReason": _NO_TEXT,
            "failingSince": _NO_MOMENT,
            "previousSecretUntil": _NO_MOMENT,
            "workspaceId": UUID,
            "createdAt": MOMENT,
            "updatedAt": MOMENT,
            "deletedAt": _NO_MOMENT,
        },
        required=True,
    ),
}

_DELIVERY_REF = ref("schemas", "WebhookDeliveryForResponse")
_ATTEMPT = object_of(
    {
        "number": _WHOLE,
        "at": MOMENT,
        "durationMs": _WHOLE,
        "status": {**_NO_WHOLE, "description": "The HTTP status of the answer."},
        "error": _NO_TEXT,
        "url": TEXT,
        "requestHeaders": MAP,
        "responseHeaders": MAP,
        "responseBody": {
            **_NO_TEXT,
            "description": "The beginning of it; null for who does not administer the workspace.",
        },
    },
    required=True,
)
_DELIVERY: Schema = {
    "description": "One event on its way to one webhook.",
    **object_of(
        {
            "id": UUID,
            "webhookId": UUID,
            "eventName": TEXT,
            "recordId": _NO_ID,
            "status": {"type": "string", "enum": list(STATUSES)},
            "isInFlight": FLAG,
            "attemptCount": _WHOLE,
            "nextAttemptAt": _NO_MOMENT,
            "responseStatus": _NO_WHOLE,
            "error": _NO_TEXT,
            "durationMs": _NO_WHOLE,
            "requestBody": _NO_TEXT,
            "attempts": list_of(ref("schemas", "WebhookAttempt")),
            "createdAt": MOMENT,
            "completedAt": _NO_MOMENT,
        },
        required=True,
    ),
}
_AUDIT_ENTRY: Schema = {
    "description": "Something that was done to the workspace.",
    **object_of(
        {
            "id": TEXT,
            "at": MOMENT,
            "action": {"type": "string", "description": "As in `apiKey.created`."},
            "actor": _NO_MAP,
            "subjectId": UUID,
            "subjectName": TEXT,
            "before": _NO_MAP,
            "after": _NO_MAP,
            "address": _NO_TEXT,
            "userAgent": _NO_TEXT,
        },
        required=True,
    ),
}

SCHEMAS: dict[str, Schema] = {
    "WebhookDeliveryForResponse": _DELIVERY,
    "WebhookAttempt": _ATTEMPT,
    "WebhookHeader": _HEADER,
    "ApiKeyScope": _SCOPE,
    "AuditEntryForResponse": _AUDIT_ENTRY,
}
"""The schemas of what is only read, and of parts of what is written, by their names."""
