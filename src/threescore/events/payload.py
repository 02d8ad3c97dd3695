"""What a webhook call carries: the body, and the headers by which the receiver can tell that it is ours."""

import base64
import binascii
import hashlib
import hmac
from typing import Any
from uuid import UUID

import msgspec

from threescore import __version__
from threescore.catalog.wire import iso
from threescore.db.pool import Record

METADATA = "metadata."
"""What the object's name of an event begins with that is no record's but one of the model or the settings."""

STANDARD_PREFIX = "whsec_"

Json = dict[str, Any]


def body_of_delivery(row: Record, *, target_url: str, workspace_id: UUID, webhook_id: UUID) -> bytes | None:
    """The body of a delivery, whose row has the columns of its event: its own, or that of the event.

    None when the event is gone.
    """
    if row["body"] is not None:
        own: bytes = row["body"]
        return own
    if row["object"] is None:
        return None
    return body_of(
        target_url=target_url,
        workspace_id=workspace_id,
        webhook_id=webhook_id,
        object_id=str(row["object_id"]),
        object_name=row["object"],
        record_id=str(row["record_id"]),
        operation=row["operation"],
        at=iso(row["at"]),
        before=row["before"],
        after=row["after"],
        changed=row["changed"],
        actor=row["actor"],
    )


def body_of(
    *,
    target_url: str,
    workspace_id: UUID,
    webhook_id: UUID,
    object_id: str,
    object_name: str,
    record_id: str,
    operation: str,
    at: str,
    before: bytes | None,
    after: bytes | None,
    changed: list[str],
    actor: bytes | None,
) -> bytes:
    """The body for an event, as compact JSON with its keys in the order of the wire. `at`: as the wire shows it."""
    body: Json = {"targetUrl": target_url, "eventName": f"{object_name}.{operation}"}
    is_record = not object_name.startswith(METADATA)
    if is_record:
        body["objectMetadata"] = {"id": object_id, "nameSingular": object_name}
    body |= {"workspaceId": str(workspace_id), "webhookId": str(webhook_id), "eventDate": at}
    who: Json = msgspec.json.decode(actor) if actor else {}
    named = ("userId", "workspaceMemberId") if is_record else ("userId", "apiKeyId")
    body |= {name: who[name] for name in named if who.get(name)}
    if is_record:
        state = after or before
        body["record"] = msgspec.json.decode(state) if state else {}
        if changed:
            body["updatedFields"] = changed
        return msgspec.json.encode(body)
    properties: Json = {}
    if before:
        properties["before"] = msgspec.json.decode(before)
    if after:
        properties["after"] = msgspec.json.decode(after)
    if changed:
        properties["updatedFields"] = changed
    body["event"] = {
        "type": operation,
        "recordId": record_id,
        "metadataName": object_name.removeprefix(METADATA),
        "properties": properties,
    }
    return msgspec.json.encode(body)


def fixed_headers() -> dict[str, str]:
    """The headers that are the same in every call."""
    return {
        "Accept": "application/json, text/plain, */*",
        "Content-Type": "application/json",
        "User-Agent": f"Threescore/{__version__}",
    }


def signed_headers(
    body: bytes, *, delivery_id: str, milliseconds: int, nonce: str, secret: str, previous: str | None = None
) -> dict[str, str]:
    """The headers that are made for one attempt. An empty secret signs nothing.

    `previous` is a secret that is being replaced and still good. The standard's header carries the signatures of both.
    The other one has room for a single signature, which is that of the previous secret for as long as it is good: so
    a receiver has all that time to learn the new one.
    """
    seconds = str(milliseconds // 1000)
    headers = {"webhook-id": delivery_id, "webhook-timestamp": seconds}
    if secret:
        secrets = [secret, previous] if previous else [secret]
        headers["webhook-signature"] = " ".join(standard_signature(key, delivery_id, seconds, body) for key in secrets)
    signing = previous or secret
    if signing:
        timestamp = str(milliseconds)
        headers["X-Twenty-Webhook-Timestamp"] = timestamp
        headers["X-Twenty-Webhook-Signature"] = signature(signing, timestamp, body)
        headers["X-Twenty-Webhook-Nonce"] = nonce
    return headers


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Lower-case hex HMAC-SHA256 of `timestamp:body`."""
    return hmac.digest(secret.encode(), timestamp.encode() + b":" + body, hashlib.sha256).hex()


def standard_signature(secret: str, delivery_id: str, seconds: str, body: bytes) -> str:
    """A signature as Standard Webhooks defines it."""
    signed = f"{delivery_id}.{seconds}.".encode() + body
    digest = hmac.digest(standard_key(secret), signed, hashlib.sha256)
    return "v1," + base64.b64encode(digest).decode()


def standard_key(secret: str) -> bytes:
    """The key of a secret: what is encoded in one that begins with `whsec_`, else the text itself."""
    if secret.startswith(STANDARD_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(STANDARD_PREFIX), validate=True)
        except binascii.Error:
            pass
    return secret.encode()


def standard_secret(secret: str) -> str:
    """A secret in the form that libraries for Standard Webhooks take."""
    return STANDARD_PREFIX + base64.b64encode(standard_key(secret)).decode() if secret else ""
