"""Webhooks through both doors."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from anyio.from_thread import BlockingPortal

from tests.events.conftest import MakeHook
from tests.events.receiver import Receiver
from tests.records.conftest import Events
from tests.records.wire import MISSING
from threescore.catalog.workspaces import Workspace
from threescore.db.pool import Database

FIELDS = "id targetUrl operations description secret applicationId createdAt updatedAt deletedAt"
CREATE = f"mutation($i: CreateWebhookInput!) {{ createWebhook(input: $i) {{ {FIELDS} }} }}"


def graphql(client: httpx.Client, query: str, **variables: Any) -> dict[str, Any]:
    answer = client.post("/metadata", json={"query": query, "variables": variables})
    found: dict[str, Any] = answer.json()
    return found


def create(client: httpx.Client, **given: Any) -> dict[str, Any]:
    found = graphql(client, CREATE, i={"operations": ["*.*"], **given})
    return found["data"]["createWebhook"] if "errors" not in found else found


def fault(found: dict[str, Any]) -> dict[str, Any]:
    """The report of a refused webhook."""
    (error,) = found["errors"]
    extensions = error["extensions"]
    assert extensions["code"] == "METADATA_VALIDATION_FAILED"
    assert extensions["message"] == "Validation failed for 1 webhook"
    assert error["message"] == "Multiple validation errors occurred while creating webhook"
    (item,) = extensions["errors"]["webhook"]
    return {**item, "userFriendlyMessage": extensions["userFriendlyMessage"], "summary": extensions["summary"]}


def test_the_life_of_a_webhook_over_graphql(client: httpx.Client, receiver: Receiver) -> None:
    made = create(
        client, targetUrl=f"{receiver.url}/hook", operations=["person.*"], description="d", secret="demo-secret"
    )
    assert list(made) == FIELDS.split()
    assert made["targetUrl"] == f"{receiver.url}/hook"
    assert (made["operations"], made["description"], made["secret"]) == (["person.*"], "d", "demo-secret")
    assert made["deletedAt"] is None
    assert made["createdAt"] == made["updatedAt"]
    other = create(client, targetUrl=receiver.url, operations=["company.created"])
    assert other["targetUrl"] == f"{receiver.url}/"
    assert re.fullmatch("[0-9a-f]{64}", other["secret"])
    assert other["description"] is None

    listed = graphql(client, f"{{ webhooks {{ {FIELDS} }} }}")["data"]["webhooks"]
    assert listed == [made, other]
    one = graphql(client, f"query($id: UUID!) {{ webhook(id: $id) {{ {FIELDS} }} }}", id=made["id"])
    assert one["data"]["webhook"] == made
    assert graphql(client, f'{{ webhook(id: "{MISSING}") {{ id }} }}')["data"] == {"webhook": None}

    changed = graphql(
        client,
        "mutation($i: UpdateWebhookInput!) { updateWebhook(input: $i) { id operations description targetUrl } }",
        i={"id": made["id"], "update": {"operations": ["person.created"], "description": "other"}},
    )["data"]["updateWebhook"]
    assert changed["operations"] == ["person.created"]
    assert changed["description"] == "other"
    assert changed["targetUrl"] == made["targetUrl"]

    gone = graphql(client, f'mutation {{ deleteWebhook(id: "{made["id"]}") {{ id deletedAt }} }}')
    assert gone["data"]["deleteWebhook"] == {"id": made["id"], "deletedAt": None}
    assert [item["id"] for item in graphql(client, "{ webhooks { id } }")["data"]["webhooks"]] == [other["id"]]


def test_an_unknown_webhook_over_graphql(client: httpx.Client) -> None:
    for mutation in (
        f'updateWebhook(input: {{id: "{MISSING}", update: {{description: "x"}}}})',
        f'deleteWebhook(id: "{MISSING}")',
        f'rotateWebhookSecret(input: {{id: "{MISSING}"}})',
        f'sendTestWebhookEvent(id: "{MISSING}")',
    ):
        found = graphql(client, f"mutation {{ {mutation} {{ id }} }}")
        (error,) = found["errors"]
        assert error["message"] == "Webhook not found"
        assert error["extensions"]["code"] == "NOT_FOUND"
        assert error["extensions"]["subCode"] == "WEBHOOK_NOT_FOUND"
        assert error["extensions"]["userFriendlyMessage"] == "Webhook not found."


@pytest.mark.parametrize("target", ["not a url", "example.com/x", "ftp://example.com"])
def test_what_is_no_target(client: httpx.Client, target: str) -> None:
    found = fault(create(client, targetUrl=target))
    assert found["errors"] == [
        {
            "code": "INVALID_TARGET_URL",
            "message": "Invalid target URL provided",
            "userFriendlyMessage": "Please provide a valid HTTP or HTTPS URL",
        }
    ]
    assert found["userFriendlyMessage"] == "Please provide a valid HTTP or HTTPS URL"
    assert found["summary"] == {"totalErrors": 1, "webhook": 1}


def test_an_empty_target(client: httpx.Client) -> None:
    found = fault(create(client, targetUrl=""))
    assert [(item["code"], item["message"]) for item in found["errors"]] == [
        ("INVALID_WEBHOOK_INPUT", "Target URL is required"),
        ("INVALID_TARGET_URL", "Invalid target URL provided"),
    ]
    assert found["userFriendlyMessage"] == "Target URL is required"


def test_a_private_target_is_refused_when_it_is_stored(client: httpx.Client) -> None:
    for target in ("http://10.0.0.1/", "http://169.254.169.254/latest", "http://[::1]:8080/", "http://0xa000001/"):
        (item,) = fault(create(client, targetUrl=target))["errors"]
        assert item["code"] == "INVALID_TARGET_URL"
        assert "not on the public internet" in item["message"]


@pytest.mark.parametrize(
    "given",
    [
        {"operations": ["o" * 201]},
        {"operations": ["\x00"]},
        {"secret": "s" * 501},
        {"secret": "whsec_!!"},
        {"description": "d" * 10_001},
        {"updatedFields": ["nope"]},
        {"updatedFields": []},
        {"filter": {"jobTitle": {"eq": "x"}}},
        {"operations": ["person.*", "company.*"], "filter": {"id": {"is": "NOT_NULL"}}},
        {"operations": ["person.*"], "filter": {"nope": {"eq": "x"}}},
        {"operations": ["person.*"], "filter": {"jobTitle": {"near": "x"}}},
        {"operations": ["person.*"], "filter": ["x"]},
        {"customHeader": {"name": "Host", "value": "x"}},
        {"customHeader": {"name": "webhook-id", "value": "x"}},
        {"customHeader": {"name": "X-Twenty-Webhook-Nonce", "value": "x"}},
        {"customHeader": {"name": "X A", "value": "x"}},
        {"customHeader": {"name": "X-A", "value": "x\r\nX-B: y"}},
        {"customHeader": {"name": "X-A", "value": ""}},
    ],
)
def test_what_is_no_webhook(client: httpx.Client, receiver: Receiver, given: dict[str, Any]) -> None:
    found = fault(create(client, targetUrl=receiver.url, **given))
    assert {item["code"] for item in found["errors"]} == {"INVALID_WEBHOOK_INPUT"}
    rest = client.post("/rest/metadata/webhooks", json={"targetUrl": receiver.url, **given})
    assert rest.status_code == 400
    assert rest.json()["errors"]["webhook"][0]["errors"] == found["errors"]
    assert client.get("/rest/webhooks").json() == []


HEARD = [["*"], ["*.*"], ["*.created", "person.*"], ["metadata.*.updated"], []]
UNHEARD = ["foo", "person.upserted", "nobody.created", "person.created.now", "PERSON.created", "metadata.webhook.begun"]


@pytest.mark.parametrize("operations", [*HEARD, UNHEARD])
def test_what_operations_may_be(client: httpx.Client, receiver: Receiver, operations: list[str]) -> None:
    """Any text, for clients ask for objects that other versions have; REST says which of them nothing answers to."""
    assert create(client, targetUrl=receiver.url, operations=operations)["operations"] == operations
    answer = client.post("/rest/metadata/webhooks", json={"targetUrl": receiver.url, "operations": operations})
    assert answer.json()["operations"] == operations
    warnings = [f"299 threescore \"No event answers to the operation '{item}'\"" for item in operations]
    assert answer.headers.get("Warning") == (", ".join(warnings) if operations == UNHEARD else None)


def test_a_webhook_waits_for_an_object_that_is_not_there_yet(
    client: httpx.Client, hook: MakeHook, receiver: Receiver, path: str
) -> None:
    hook("rover.created")
    names = {"nameSingular": "rover", "namePlural": "rovers", "labelSingular": "Rover", "labelPlural": "Rovers"}
    assert client.post("/rest/metadata/objects", json=names).status_code == 201
    assert client.post("/rest/rovers", json={"name": "Spirit"}).status_code == 201
    (call,) = receiver.wait(path, 1)
    assert call.body["eventName"] == "rover.created"


def test_rest(client: httpx.Client, receiver: Receiver, workspace: Workspace) -> None:
    made = client.post("/rest/metadata/webhooks", json={"targetUrl": f"{receiver.url}/rest"})
    assert made.status_code == 201
    webhook = made.json()
    assert webhook["operations"] == ["*.*"]
    assert webhook["workspaceId"] == str(workspace.id)
    assert re.fullmatch("[0-9a-f]{64}", webhook["secret"])
    second = client.post("/rest/webhooks", json={"targetUrl": receiver.url, "secret": ""}).json()
    assert second["secret"] == ""

    listed = client.get("/rest/metadata/webhooks").json()
    assert listed["data"] == [webhook, second]
    assert listed["totalCount"] == 2
    assert listed["pageInfo"] == {
        "hasNextPage": False,
        "hasPreviousPage": False,
        "startCursor": webhook["id"],
        "endCursor": second["id"],
    }
    first = client.get("/rest/metadata/webhooks?limit=1").json()
    assert first["data"] == [webhook]
    assert first["pageInfo"]["hasNextPage"] is True
    after = client.get(f"/rest/metadata/webhooks?starting_after={webhook['id']}").json()
    assert after["data"] == [second]
    assert after["pageInfo"]["hasPreviousPage"] is True
    before = client.get(f"/rest/metadata/webhooks?ending_before={second['id']}").json()
    assert before["data"] == [webhook]
    # After one that is gone a walk ends, rather than begin anew.
    assert client.get(f"/rest/metadata/webhooks?starting_after={workspace.id}").json()["data"] == []
    assert client.get("/rest/metadata/webhooks?starting_after=x").status_code == 400
    assert client.get("/rest/webhooks").json() == [webhook, second]

    one = f"/rest/metadata/webhooks/{webhook['id']}"
    assert client.get(one).json() == webhook
    patched = client.patch(one, json={"description": "q"}).json()
    assert patched["description"] == "q"
    assert patched["secret"] == webhook["secret"]
    assert {key for key in patched if patched[key] != webhook[key]} == {"description", "updatedAt"}
    # What a request has no use for does no harm, whatever it is.
    for useless in (5, [5], None, "x"):
        assert client.request("GET", one, json={"operations": useless}).status_code == 200
        assert client.post(f"{one}/test", json={"operations": useless}).status_code == 201
    for wrong in (5, [5], "x"):
        given = {"targetUrl": "https://example.com/", "operations": wrong}
        refused = client.post("/rest/metadata/webhooks", json=given, headers={"Idempotency-Key": f"wrong {wrong}"})
        assert refused.status_code == 400
    deleted = client.request("DELETE", one, json={"operations": 5})
    assert (deleted.status_code, deleted.json()) == (200, True)
    missing = client.get(one)
    assert (missing.status_code, missing.content) == (200, b"")
    for answer in (client.patch(one, json={"description": "q"}), client.delete(one)):
        assert answer.status_code == 400
        assert answer.json() == {
            "statusCode": 400,
            "error": "Error",
            "messages": ["Webhook not found"],
            "code": "WEBHOOK_NOT_FOUND",
        }
    assert client.get("/rest/metadata/webhooks/abc").status_code == 400
    assert client.post("/rest/metadata/webhooks", json=[]).status_code == 400
    assert client.put("/rest/metadata/webhooks", json={}).status_code == 404


def test_without_a_key(delivering_server: str) -> None:
    for path in ("/rest/metadata/webhooks", "/rest/webhooks", "/rest/metadata/webhookDeliveries"):
        assert httpx.get(delivering_server + path).status_code == 403
        bad = httpx.get(delivering_server + path, headers={"Authorization": "Bearer x"})
        assert bad.status_code == 401


def test_workspaces_see_only_their_own(
    client: httpx.Client, hook: MakeHook, new_workspace: Any, new_token: Any, delivering_server: str
) -> None:
    webhook = hook()
    headers = {"Authorization": f"Bearer {new_token(new_workspace())}"}
    with httpx.Client(base_url=delivering_server, headers=headers) as stranger:
        assert stranger.get("/rest/webhooks").json() == []
        assert stranger.get(f"/rest/webhooks/{webhook['id']}").content == b""
        assert stranger.delete(f"/rest/webhooks/{webhook['id']}").status_code == 400
    assert client.get(f"/rest/webhooks/{webhook['id']}").json() == webhook


def test_an_id_of_ones_own(client: httpx.Client, receiver: Receiver) -> None:
    chosen = str(uuid4())
    assert create(client, targetUrl=receiver.url, id=chosen)["id"] == chosen
    (item,) = fault(create(client, targetUrl=receiver.url, id=chosen))["errors"]
    assert item["message"] == f"There is a webhook {chosen} already"


def test_secrets_are_encrypted_where_they_are_kept(
    client: httpx.Client, hook: MakeHook, portal: BlockingPortal, shared_db: Database, workspace: Workspace
) -> None:
    hook(secret="open-sesame", customHeader={"name": "X-Key", "value": "top-hush"})
    rows = portal.call(shared_db.fetch, f'SELECT w::text FROM "{workspace.schema}"._webhook w')
    sealed = portal.call(shared_db.fetchval, f'SELECT sealed FROM "{workspace.schema}"._webhook')
    for hidden in ("open-sesame", "top-hush"):
        assert hidden not in rows[0][0]
        assert hidden.encode() not in sealed
    (shown,) = client.get("/rest/webhooks").json()
    assert shown["secret"] == "open-sesame"
    assert shown["customHeader"] == {"name": "X-Key", "value": "top-hush"}


def test_changes_are_events_that_tell_no_secret(client: httpx.Client, hook: MakeHook, events: Events) -> None:
    webhook = hook("person.*", secret="open-sesame")
    client.patch(f"/rest/webhooks/{webhook['id']}", json={"secret": "next-word", "isPaused": True})
    client.patch(f"/rest/webhooks/{webhook['id']}", json={"isPaused": True})
    client.delete(f"/rest/webhooks/{webhook['id']}")
    found = events()
    assert [(event.object, event.operation, event.changed) for event in found] == [
        ("metadata.webhook", "created", ()),
        ("metadata.webhook", "updated", ("isPaused",)),
        ("metadata.webhook", "deleted", ()),
    ]
    assert {event.record_id for event in found} == {webhook["id"]}
    assert "open-sesame" not in str(found)
    assert "next-word" not in str(found)


def test_rotation_is_shown(client: httpx.Client, hook: MakeHook) -> None:
    webhook = hook(secret="old")
    path = f"/rest/webhooks/{webhook['id']}/rotate"
    rotated = client.post(path, json={"overlapSeconds": 3600}).json()
    assert re.fullmatch("[0-9a-f]{64}", rotated["secret"])
    until = datetime.fromisoformat(rotated["previousSecretUntil"])
    assert abs(until - datetime.now(UTC) - timedelta(hours=1)) < timedelta(minutes=1)
    for bad in ({"secret": ""}, {"overlapSeconds": -1}, {"overlapSeconds": 10**9}, {"overlapSeconds": "1"}):
        assert client.post(path, json=bad).status_code == 400
    # To replace a secret outright ends the rotation.
    replaced = client.patch(f"/rest/webhooks/{webhook['id']}", json={"secret": "third"}).json()
    assert (replaced["secret"], replaced["previousSecretUntil"]) == ("third", None)
