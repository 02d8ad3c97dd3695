"""Events reach their receivers: what arrives, when, and how often."""

import httpx

from tests.events.conftest import MakeHook
from tests.events.receiver import Receiver
from tests.records.wire import create, person


def test_a_created_record_arrives(client: httpx.Client, receiver: Receiver, hook: MakeHook, path: str) -> None:
    webhook = hook("person.created", secret="demo-secret")
    made = create(client, "people", person("Ann", "ann@x.example"))
    (call,) = receiver.wait(path, 1)
    assert list(call.body) == [
        "targetUrl",
        "eventName",
        "objectMetadata",
        "workspaceId",
        "webhookId",
        "eventDate",
        "record",
    ]
    assert call.body["record"] == made
    assert call.body["webhookId"] == webhook["id"]
