"""What a call carries: the body and the signatures, byte for byte."""

import base64
import json
import time
from typing import Any
from uuid import UUID

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from threescore.events.payload import body_of, signature, signed_headers, standard_secret

BODY = (
    '{"targetUrl":"https://hooks.example.net/in","eventName":"company.updated",'
    '"objectMetadata":{"id":"11111111-1111-4111-8111-111111111111","nameSingular":"company"},'
    '"workspaceId":"22222222-2222-4222-8222-222222222222","webhookId":"33333333-3333-4333-8333-333333333333",'
    '"eventDate":"2026-01-02T03:04:05.678Z","record":{"id":"44444444-4444-4444-8444-444444444444","name":"Zoë & Co"},'
    '"updatedFields":["name"]}'
).encode()


def event(**more: Any) -> bytes:
    given: dict[str, Any] = {
        "target_url": "https://hooks.example.net/in",
        "workspace_id": UUID("22222222-2222-4222-8222-222222222222"),
        "webhook_id": UUID("33333333-3333-4333-8333-333333333333"),
        "object_id": "11111111-1111-4111-8111-111111111111",
        "object_name": "company",
        "record_id": "44444444-4444-4444-8444-444444444444",
        "operation": "updated",
        "at": "2026-01-02T03:04:05.678Z",
        "before": None,
        "after": '{"id": "44444444-4444-4444-8444-444444444444", "name": "Zoë & Co"}'.encode(),
        "changed": ["name"],
        "actor": b'{"source":"API","workspaceMemberId":null,"apiKeyId":"55555555-5555-4555-8555-555555555555"}',
        **more,
    }
    return body_of(**given)


def test_the_contracts_vector() -> None:
    assert event() == BODY
    assert (
        signature("demo-secret", "1767323045678", BODY)
        == "98c45f5d96a6deb73e5efa8a3a0e98ef0685b356a4e25836f043b42161ad5444"
    )
    headers = signed_headers(BODY, delivery_id="x", milliseconds=1767323045678, nonce="0" * 32, secret="demo-secret")
    assert headers["X-Twenty-Webhook-Timestamp"] == "1767323045678"
    assert headers["X-Twenty-Webhook-Signature"].startswith("98c45f5d")
    assert headers["X-Twenty-Webhook-Nonce"] == "0" * 32


def test_a_destroyed_record_is_shown_as_it_was() -> None:
    body = json.loads(event(operation="destroyed", before=b'{"id":"4"}', after=None, changed=[]))
    assert body["record"] == {"id": "4"}
    assert "updatedFields" not in body


def test_a_person_who_wrote_is_named() -> None:
    body = json.loads(event(actor=b'{"userId":"6","workspaceMemberId":"7"}'))
    assert list(body)[6:8] == ["userId", "workspaceMemberId"]


def test_a_change_of_the_settings() -> None:
    body = json.loads(event(object_name="metadata.webhook", operation="created", changed=[], after=b'{"a":1}'))
    assert list(body) == ["targetUrl", "eventName", "workspaceId", "webhookId", "eventDate", "apiKeyId", "event"]
    assert body["eventName"] == "metadata.webhook.created"
    assert body["event"] == {
        "type": "created",
        "recordId": "44444444-4444-4444-8444-444444444444",
        "metadataName": "webhook",
        "properties": {"after": {"a": 1}},
    }


def test_json_is_as_javascript_writes_it() -> None:
    """Receivers parse a body and serialise it again before they verify it."""
    after = (
        '{"n": 1, "f": 0.1, "e": 1e-7, "big": "9007199254740993", "t": "\\u00e9\\u2028\\u0001/\\"", "l": [ ], "o": {}}'
    )
    record = event(after=after.encode()).decode()
    assert '"record":{"n":1,"f":0.1,"e":1e-7,"big":"9007199254740993","t":"é\u2028\\u0001/\\"","l":[],"o":{}}' in record


@pytest.mark.parametrize("secret", ["demo-secret", "ab" * 32, "whsec_" + base64.b64encode(b"k" * 24).decode()])
def test_the_standards_library_verifies(secret: str) -> None:
    headers = signed_headers(
        BODY, delivery_id="msg", milliseconds=time.time_ns() // 10**6, nonce="0" * 32, secret=secret
    )
    assert Webhook(standard_secret(secret)).verify(BODY, headers) == json.loads(BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(standard_secret(secret)).verify(BODY + b" ", headers)


def test_a_secret_of_the_standards_form_is_used_as_it_stands() -> None:
    secret = "whsec_" + base64.b64encode(b"k" * 24).decode()
    assert standard_secret(secret) == secret


def test_both_secrets_are_good_during_a_rotation() -> None:
    headers = signed_headers(
        BODY, delivery_id="msg", milliseconds=time.time_ns() // 10**6, nonce="0" * 32, secret="new", previous="old"
    )
    for secret in ("new", "old"):
        Webhook(standard_secret(secret)).verify(BODY, headers)
    timestamp = headers["X-Twenty-Webhook-Timestamp"]
    assert headers["X-Twenty-Webhook-Signature"] == signature("old", timestamp, BODY)


def test_an_empty_secret_signs_nothing() -> None:
    headers = signed_headers(BODY, delivery_id="msg", milliseconds=1, nonce="0" * 32, secret="")
    assert list(headers) == ["webhook-id", "webhook-timestamp"]
