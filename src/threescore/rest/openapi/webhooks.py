"""The `webhooks` section: what is sent to the addresses that asked for a record's events."""

from typing import Any

from threescore.model.fields.json_schema import UUID, Schema, list_of
from threescore.model.objects import Model, ObjectType
from threescore.rest.openapi.schemas import Names
from threescore.rest.openapi.shared import Document, json_content, ref

_EVENTS = ("Created", "Updated", "Deleted", "Restored", "Destroyed")

_SIGNATURE = (
    "Lower-case hex of the HMAC-SHA256, keyed with the webhook's secret, of the timestamp header, a colon, and the "
    "body as it was sent."
)


def webhook_parameters() -> Document:
    """The headers of a delivery, by the names of their components."""
    return {
        "webhookSignature": _header("X-Twenty-Webhook-Signature", _SIGNATURE),
        "webhookTimestamp": _header(
            "X-Twenty-Webhook-Timestamp", "When it was sent, in milliseconds since the epoch. It is signed too."
        ),
        "webhookNonce": _header(
            "X-Twenty-Webhook-Nonce", "Random hexadecimal digits, different for each delivery. They are not signed."
        ),
        "standardId": _header("webhook-id", "Of Standard Webhooks: the same for all attempts of a delivery."),
        "standardTimestamp": _header("webhook-timestamp", "Of Standard Webhooks: when it was sent, in seconds."),
        "standardSignature": _header(
            "webhook-signature", "Of Standard Webhooks: signatures, as their libraries check them, with blanks between."
        ),
    }


def webhooks(model: Model, object_type: ObjectType, names: Names) -> Document:
    """The events of one object's records."""
    return {
        f"{object_type.type_name} {event}": {
            "post": {
                "tags": [object_type.name_plural],
                "summary": f"{object_type.type_name} {event}",
                "operationId": f"on{object_type.type_name}{event}",
                "security": [],
                "parameters": [ref("parameters", name) for name in webhook_parameters()],
                "requestBody": {
                    "description": "body",
                    "content": json_content(_payload(model, object_type, names, event)),
                },
                "responses": {"200": {"description": "Any status from 200 to 299 says that the event has arrived."}},
            }
        }
        for event in _EVENTS
    }


def _payload(model: Model, object_type: ObjectType, names: Names, event: str) -> Schema:
    properties: dict[str, Any] = {
        "targetUrl": {"type": "string"},
        "eventName": {"type": "string", "const": f"{object_type.name_singular}.{event.lower()}"},
        "objectMetadata": {
            "type": "object",
            "properties": {
                "id": {**UUID, "const": str(object_type.id)},
                "nameSingular": {"type": "string", "const": object_type.name_singular},
            },
        },
        "workspaceId": {**UUID, "const": str(model.workspace_id)},
        "webhookId": dict(UUID),
        "eventDate": {"type": "string", "format": "date-time"},
        "userId": dict(UUID),
        "workspaceMemberId": dict(UUID),
        "record": ref("schemas", names.read(object_type)),
    }
    if event == "Updated":
        properties["updatedFields"] = list_of({"type": "string"})
    return {"type": "object", "properties": properties}


def _header(name: str, description: str) -> Document:
    return {"name": name, "in": "header", "required": False, "description": description, "schema": {"type": "string"}}
