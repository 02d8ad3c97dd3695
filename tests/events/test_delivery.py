"""Events reach their receivers: what arrives, when, how often, and what the log says about it."""

import hashlib
import hmac
import re
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

import httpx
import pytest
from aiohttp import web
from anyio.from_thread import BlockingPortal
from standardwebhooks import Webhook

from tests.events.conftest import Hook, MakeHook
from tests.events.receiver import Call, Receiver, answering, babbling, endless, fine, resetting, slow
from tests.records.wire import create, create_many, make_object, person, soft_delete, update
from tests.support import wait_until
from threescore.catalog.workspaces import Workspace
from threescore.db.pool import Database
from threescore.events.queue import Queue

NEVER = 0.7
"""How long to wait for what must not come, in seconds. What comes, comes within a tenth of that."""


def deliveries(client: httpx.Client, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/rest/metadata/webhookDeliveries", params=query).json()["data"]
    return found


def finished(client: httpx.Client, webhook: Hook, count: int = 1, status: str = "succeeded") -> list[dict[str, Any]]:
    """The deliveries of a webhook, once so many have that status."""

    def there() -> bool:
        return len(deliveries(client, webhookId=webhook["id"], status=status)) >= count

    wait_until(there)
    return deliveries(client, webhookId=webhook["id"])


def attempted(client: httpx.Client, webhook: Hook) -> int:
    """How many attempts of a webhook's deliveries are in the log."""
    return sum(delivery["attemptCount"] for delivery in deliveries(client, webhookId=webhook["id"]))


def current(client: httpx.Client, webhook: Hook) -> Hook:
    found: Hook = client.get(f"/rest/webhooks/{webhook['id']}").json()
    return found


def test_what_arrives(
    client: httpx.Client, receiver: Receiver, hook: MakeHook, path: str, workspace: Workspace
) -> None:
    webhook = hook("person.*", secret="demo-secret", customHeader={"name": "X-Key", "value": "top-hush"})
    made = create(client, "people", person("Ann", "ann@x.example"))
    receiver.wait(path, 1)
    changed = update(client, "people", made["id"], {"jobTitle": "J", "name": {"lastName": "Z"}})
    receiver.wait(path, 2)
    update(client, "people", made["id"], {"jobTitle": "J"})
    update(client, "people", made["id"], {})
    gone = soft_delete(client, "people", made["id"])
    receiver.wait(path, 3)
    client.patch(f"/rest/restore/people/{made['id']}").raise_for_status()
    receiver.wait(path, 4)
    client.delete(f"/rest/people/{made['id']}").raise_for_status()
    calls = receiver.wait(path, 5)
    time.sleep(NEVER)
    assert len(receiver.at(path)) == 5

    keys = ["targetUrl", "eventName", "objectMetadata", "workspaceId", "webhookId", "eventDate", "record"]
    operations = ["created", "updated", "deleted", "restored", "destroyed"]
    assert [call.body["eventName"] for call in calls] == [f"person.{operation}" for operation in operations]
    assert [list(call.body) for call in calls] == [
        keys if operation in ("created", "destroyed") else [*keys, "updatedFields"] for operation in operations
    ]
    assert [call.body.get("updatedFields") for call in calls] == [
        None,
        ["jobTitle", "name"],
        ["deletedAt"],
        ["deletedAt"],
        None,
    ]
    assert calls[0].body["record"] == made
    assert calls[1].body["record"] == changed
    assert calls[2].body["record"] == gone
    assert calls[4].body["record"]["id"] == made["id"]
    for call in calls:
        assert call.body["targetUrl"] == webhook["targetUrl"]
        assert call.body["webhookId"] == webhook["id"]
        assert call.body["workspaceId"] == str(workspace.id)
        assert call.body["objectMetadata"]["nameSingular"] == "person"
        assert list(call.body["objectMetadata"]) == ["id", "nameSingular"]
        assert datetime.fromisoformat(call.body["eventDate"]) - datetime.now(UTC) < timedelta(minutes=1)
        assert call.headers["Content-Type"] == "application/json"
        assert call.headers["X-Key"] == "top-hush"
        assert b'": ' not in call.raw
        check_signatures(call, "demo-secret")
    assert len({call.headers["X-Twenty-Webhook-Nonce"] for call in calls}) == 5
    assert len({call.id for call in calls}) == 5


def check_signatures(call: Call, secret: str) -> None:
    """As a receiver does it: the contract's signature over the raw body, and the standard's with its library."""
    timestamp = call.headers["X-Twenty-Webhook-Timestamp"]
    signed = hmac.new(secret.encode(), f"{timestamp}:".encode() + call.raw, hashlib.sha256).hexdigest()
    assert call.headers["X-Twenty-Webhook-Signature"] == signed
    assert abs(int(timestamp) / 1000 - time.time()) < 60
    Webhook(secret.encode()).verify(call.raw, call.headers)


@pytest.mark.parametrize(
    ("operations", "wanted"),
    [
        (["person.created"], ["person.created"]),
        (["*.created"], ["person.created", "company.created"]),
        (["person.*", "person.created", "*.created"], ["person.created", "company.created", "person.updated"]),
        (["*"], ["person.created", "company.created", "person.updated"]),
        (["company.updated"], []),
        ([], []),
    ],
)
def test_which_events(
    client: httpx.Client, receiver: Receiver, hook: MakeHook, path: str, operations: list[str], wanted: list[str]
) -> None:
    hook("*.*", at="/all")
    webhook = hook("person.created", at="/some")
    client.patch(f"/rest/webhooks/{webhook['id']}", json={"operations": operations}).raise_for_status()
    made = create(client, "people", {"city": "Rome"})
    create(client, "companies", {"name": "Acme"})
    update(client, "people", made["id"], {"city": "Oslo"})
    # The other webhook hears of this one as well: of its creation, and of its change.
    receiver.wait(f"{path}/all", 4)
    calls = receiver.wait(f"{path}/some", len(wanted))
    time.sleep(NEVER / 2)
    assert sorted(call.body["eventName"] for call in calls) == sorted(wanted)
    settings = [c.body for c in receiver.at(f"{path}/all") if c.body["eventName"].startswith("metadata.")]
    assert {body["eventName"] for body in settings} <= {"metadata.webhook.created", "metadata.webhook.updated"}
    assert settings[0]["event"]["recordId"] == webhook["id"]
    assert "secret" not in settings[0]["event"]["properties"]["after"]


def test_objects_of_ones_own(client: httpx.Client, receiver: Receiver, hook: MakeHook, path: str) -> None:
    found = make_object(client, "machine")
    hook(f"{found['nameSingular']}.created")
    create(client, found["namePlural"], {"name": "mine"})
    (call,) = receiver.wait(path, 1)
    assert call.body["objectMetadata"] == {"id": found["id"], "nameSingular": found["nameSingular"]}


def test_a_webhook_hears_of_nothing_before_it(
    client: httpx.Client, receiver: Receiver, hook: MakeHook, path: str
) -> None:
    create_many(client, "companies", [{"name": f"before {n}"} for n in range(20)])
    hook("company.created")
    create(client, "companies", {"name": "after"})
    (call,) = receiver.wait(path, 1)
    hook("company.created", at="/second")
    create(client, "companies", {"name": "later"})
    receiver.wait(path, 2)
    receiver.wait(f"{path}/second", 1)
    time.sleep(NEVER / 2)
    assert call.body["record"]["name"] == "after"
    assert [c.body["record"]["name"] for c in receiver.at(f"{path}/second")] == ["later"]
    assert len(receiver.at(path)) == 2


def test_ten_thousand_records_and_their_changes(
    client: httpx.Client, receiver: Receiver, hook: MakeHook, path: str
) -> None:
    """Each event once, and those of a record in their order, with two processes that deliver."""
    hook("company.*")
    people: list[str] = []
    for start in range(0, 10_000, 60):
        batch = [{"name": f"{n}"} for n in range(start, min(start + 60, 10_000))]
        people += [record["id"] for record in create_many(client, "companies", batch)]
    changed = people[:120]
    for round_ in range(3):
        for start in range(0, len(changed), 60):
            ids = ",".join(changed[start : start + 60])
            answer = client.patch(f"/rest/companies?filter=id[in]:[{ids}]", json={"employees": round_})
            answer.raise_for_status()
    calls = receiver.wait(path, 10_000 + 360, 120)
    time.sleep(NEVER)
    calls = receiver.at(path)
    assert len({call.id for call in calls}) == 10_360
    assert len(calls) == 10_360
    of_record: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        of_record[call.body["record"]["id"]].append(call)
    assert len(of_record) == 10_000
    for record_id in changed:
        found = of_record[record_id]
        assert [call.body["record"]["employees"] for call in found] == [None, 0, 1, 2]
        # The next one is sent only after the one before was answered.
        assert all(one.ended and one.ended <= other.began for one, other in pairwise(found))


def test_a_receiver_that_was_down(client: httpx.Client, receiver: Receiver, hook: MakeHook, path: str) -> None:
    receiver.behave(path, answering(500))
    webhook = hook("person.*")
    made = create(client, "people", {"city": "a"})
    for city in ("b", "c"):
        update(client, "people", made["id"], {"city": city})
    receiver.wait(path, 2)
    assert {call.body["eventName"] for call in receiver.at(path)} == {"person.created"}
    receiver.behave(path, fine)
    found = finished(client, webhook, 3)
    calls = receiver.at(path)
    assert [call.body["record"]["city"] for call in calls if call.body["record"]["city"] != "a"] == ["b", "c"]
    # All attempts of an event carry its one id and the same body.
    first = [call for call in calls if call.body["record"]["city"] == "a"]
    assert len({call.id for call in first}) == len({call.raw for call in first}) == 1
    assert len({call.headers["X-Twenty-Webhook-Nonce"] for call in first}) == len(first) >= 3
    oldest = found[-1]
    assert oldest["id"] == first[0].id
    assert oldest["attemptCount"] == len(first)
    assert [attempt["status"] for attempt in oldest["attempts"]] == [500] * (len(first) - 1) + [200]
    assert current(client, webhook)["failingSince"] is None


def test_attempts_come_to_an_end(client: httpx.Client, receiver: Receiver, hook: MakeHook, path: str) -> None:
    receiver.behave(path, answering(500, **{"X-Why": "broken"}))
    webhook = hook("person.*", customHeader={"name": "X-Key", "value": "top-hush"})
    made = create(client, "people", {"city": "a"})
    update(client, "people", made["id"], {"city": "b"})
    found = finished(client, webhook, 2, "failed")
    assert len(receiver.at(path)) == 8
    # In order even so: the second event came after the first was given up.
    assert [c.body["record"]["city"] for c in receiver.at(path)] == ["a"] * 4 + ["b"] * 4
    for delivery in found:
        assert delivery["error"] == "the receiver answered 500"
        assert (delivery["responseStatus"], delivery["attemptCount"], delivery["nextAttemptAt"]) == (500, 4, None)
        attempt = delivery["attempts"][0]
        assert attempt["responseBody"] == "this is 500"
        assert attempt["responseHeaders"]["X-Why"] == "broken"
        assert attempt["requestHeaders"]["webhook-id"] == delivery["id"]
        assert attempt["requestHeaders"]["X-Key"] == "(hidden)"
        assert attempt["url"] == webhook["targetUrl"]
        assert attempt["durationMs"] < 2000
        assert delivery["requestBody"].encode() in {call.raw for call in receiver.at(path)}
    assert current(client, webhook)["failingSince"] is not None


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (answering(301, Location="/elsewhere"), "the receiver answered 301, a redirect, which is not followed"),
        (answering(404), "the receiver answered 404"),
        (resetting, "the receiver (reset|closed) the connection without an answer"),
        (slow(30), "no answer within 2 seconds"),
    ],
    ids=["301", "404", "reset", "hang"],
)
def test_failures(
    client: httpx.Client, receiver: Receiver, hook: MakeHook, path: str, behaviour: Any, error: str
) -> None:
    receiver.behave(path, behaviour)
    webhook = hook("person.created")
    create(client, "people", {"city": "a"})
    wait_until(lambda: attempted(client, webhook) >= 1)
    (delivery,) = deliveries(client, webhookId=webhook["id"])
    assert re.search(error, delivery["attempts"][0]["error"])
    assert receiver.at("/elsewhere") == []
    receiver.behave(path, fine)
    (delivery,) = finished(client, webhook)
    assert delivery["error"] is None


def test_a_receiver_nobody_listens_for(client: httpx.Client, hook: MakeHook) -> None:
    webhook = hook("person.created")
    client.patch(f"/rest/webhooks/{webhook['id']}", json={"targetUrl": "http://127.0.0.1:1/"}).raise_for_status()
    create(client, "people", {"city": "a"})
    (delivery,) = finished(client, webhook, 1, "failed")
    assert delivery["error"] == "no connection to 127.0.0.1 port 1: Connection refused"
    assert delivery["responseStatus"] is None


def test_an_endless_answer_is_cut_off(client: httpx.Client, receiver: Receiver, hook: MakeHook, path: str) -> None:
    receiver.behave(path, endless)
    webhook = hook("person.created")
    create(client, "people", {"city": "a"})
    (delivery,) = finished(client, webhook)
    assert delivery["durationMs"] < 2500
    assert len(delivery["attempts"][0]["responseBody"]) == 4096


def test_an_answer_that_is_no_text_harms_nobody(
    client: httpx.Client, receiver: Receiver, hook: MakeHook, path: str
) -> None:
    receiver.behave(f"{path}/bad", babbling)
    bad = hook("person.created", at="/bad")
    good = hook("person.created", at="/good")
    create(client, "people", {"city": "a"})
    (delivery,) = finished(client, bad, 1, "failed")
    attempt = delivery["attempts"][0]
    assert (attempt["status"], attempt["responseHeaders"]["Server"], attempt["responseBody"]) == (500, "caf�", "��!")
    finished(client, good)


def test_a_receiver_that_is_gone_switches_its_webhook_off(
    client: httpx.Client, receiver: Receiver, hook: MakeHook, path: str
) -> None:
    hook("metadata.webhook.updated", at="/watch")
    receiver.behave(path, answering(410))
    webhook = hook("person.*")
    made = create(client, "people", {"city": "a"})
    update(client, "people", made["id"], {"city": "b"})
    wait_until(lambda: not current(client, webhook)["isActive"])
    assert current(client, webhook)["switchedOffReason"] == "The receiver answered 410: it is gone for good"
    found = deliveries(client, webhookId=webhook["id"])
    assert {delivery["status"] for delivery in found} == {"failed"}
    # It is told to whoever wants to know.
    (call,) = receiver.wait(f"{path}/watch", 1)
    assert call.body["event"]["recordId"] == webhook["id"]
    assert call.body["event"]["properties"]["after"]["isActive"] is False
    # Off is off; on again, it hears of what comes then, and what it missed can be sent again.
    create(client, "people", {"city": "c"})
    time.sleep(NEVER)
    assert len(receiver.at(path)) == 1
    receiver.behave(path, fine)
    answer = client.post(f"/rest/metadata/webhookDeliveries/{found[0]['id']}/resend")
    assert answer.status_code == 400
    assert "switched off" in answer.text
    on = client.patch(f"/rest/webhooks/{webhook['id']}", json={"isActive": True}).json()
    assert (on["isActive"], on["switchedOffReason"]) == (True, None)
    create(client, "people", {"city": "d"})
    again = client.post(
        "/rest/metadata/webhookDeliveries/resend", json={"since": webhook["createdAt"], "webhookId": webhook["id"]}
    )
    assert again.json() == {"count": 2}
    calls = receiver.wait(path, 4)
    assert sorted(call.body["record"]["city"] for call in calls[1:]) == ["a", "b", "d"]


def test_a_webhook_that_fails_for_days_is_switched_off(
    client: httpx.Client,
    receiver: Receiver,
    hook: MakeHook,
    path: str,
    portal: BlockingPortal,
    shared_db: Database,
    workspace: Workspace,
) -> None:
    watch = hook("metadata.webhook.updated", at="/watch")
    receiver.behave(path, answering(500))
    webhook = hook("person.*")
    create(client, "people", {"city": "a"})
    wait_until(lambda: current(client, webhook)["failingSince"] is not None)
    portal.call(
        shared_db.execute,
        f"UPDATE \"{workspace.schema}\"._webhook SET failing_since = now() - interval '5 days' WHERE id <> $1",
        UUID(watch["id"]),
    )
    wait_until(lambda: not current(client, webhook)["isActive"], 90)
    assert current(client, webhook)["switchedOffReason"] == "No delivery has succeeded for 4 days"
    (call,) = receiver.wait(f"{path}/watch", 1)
    assert call.body["event"]["recordId"] == webhook["id"]
    assert call.body["event"]["properties"]["after"]["isActive"] is False


def test_a_webhook_does_not_fail_while_it_is_paused(
    client: httpx.Client,
    receiver: Receiver,
    hook: MakeHook,
    path: str,
    portal: BlockingPortal,
    shared_db: Database,
    workspace: Workspace,
) -> None:
    receiver.behave(path, answering(500))
    webhook = hook("person.*")
    create(client, "people", {"city": "a"})
    wait_until(lambda: current(client, webhook)["failingSince"] is not None)
    queue = Queue(shared_db, workspace.schema)
    assert client.patch(f"/rest/webhooks/{webhook['id']}", json={"isPaused": True}).json()["failingSince"]
    portal.call(
        shared_db.execute,
        f"UPDATE \"{workspace.schema}\"._webhook SET failing_since = now() - interval '5 days'",
    )
    assert portal.call(queue.long_failing, 4) == []
    receiver.behave(path, fine)
    client.patch(f"/rest/webhooks/{webhook['id']}", json={"isPaused": False}).raise_for_status()
    assert portal.call(queue.long_failing, 4) == []
    finished(client, webhook)
    assert current(client, webhook)["isActive"]


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("as_date", [False, True])
def test_a_receiver_that_wants_to_rest(
    client: httpx.Client, receiver: Receiver, hook: MakeHook, path: str, status: int, as_date: bool
) -> None:
    until = datetime.now(UTC) + timedelta(seconds=3)
    receiver.behave(path, answering(status, **{"Retry-After": format_datetime(until, True) if as_date else "2"}))
    webhook = hook("person.*")
    create(client, "people", {"city": "a"})
    wait_until(lambda: attempted(client, webhook) == 1)
    receiver.behave(path, fine)
    create(client, "people", {"city": "b"})
    one, two, three = receiver.wait(path, 3)
    assert one.ended is not None
    assert min(two.began, three.began) - one.ended > (0.5 if as_date else 1.5)


def test_a_slow_receiver_delays_nobody_else(
    client: httpx.Client, receiver: Receiver, hook: MakeHook, path: str
) -> None:
    receiver.behave(f"{path}/slow", slow(30))
    hook("company.created", at="/slow")
    hook("company.created", at="/fast")
    start = time.monotonic()
    for _ in range(5):
        create_many(client, "companies", [{"name": f"{n}"} for n in range(60)])
    receiver.wait(f"{path}/fast", 300, 10)
    assert time.monotonic() - start < 8
    # And the slow one is not overrun.
    assert len(receiver.at(f"{path}/slow")) <= 150


def test_only_when_these_fields_changed(client: httpx.Client, receiver: Receiver, hook: MakeHook, path: str) -> None:
    hook("person.*", updatedFields=["city", "companyId"])
    made = create(client, "people", {"city": "a"})
    update(client, "people", made["id"], {"jobTitle": "x"})
    update(client, "people", made["id"], {"jobTitle": "y", "city": "b"})
    calls = receiver.wait(path, 2)
    time.sleep(NEVER / 2)
    assert [c.body["record"]["city"] for c in receiver.at(path)] == ["a", "b"]
    assert sorted(calls[1].body["updatedFields"]) == ["city", "jobTitle"]


def test_only_records_that_a_filter_finds(client: httpx.Client, receiver: Receiver, hook: MakeHook, path: str) -> None:
    company = create(client, "companies", {"name": "Acme", "employees": 50, "address": {"addressCity": "Rome"}})
    filters: dict[str, Any] = {
        "text": {"city": {"eq": "Rome"}},
        "pattern": {"jobTitle": {"ilike": "%dev%"}},
        "composite": {"name": {"firstName": {"in": ["Ann", "Bob"]}}},
        "empty": {"city": {"is": "NULL"}},
        "number": {"and": [{"position": {"gte": 0}}, {"createdAt": {"gt": "2020-01-01T00:00:00Z"}}]},
        "relation": {"company": {"name": {"eq": "Acme"}}},
        "id": {"companyId": {"eq": company["id"]}},
        "or": {"or": [{"city": {"eq": "Rome"}}, {"not": {"emails": {"primaryEmail": {"is": "NULL"}}}}]},
        "language": "jobTitle[startsWith]:Dev",
    }
    for name, tree in filters.items():
        hook("person.created", at=f"/{name}", filter=tree)
    hook("person.created", at="/none")
    people: list[dict[str, Any]] = [
        {
            "city": "Rome",
            "jobTitle": "Developer",
            "name": {"firstName": "Ann"},
            "companyId": company["id"],
            "position": 5,
        },
        {"city": "Oslo", "jobTitle": "Cook", "name": {"firstName": "Cid"}, "position": -5},
        {"jobTitle": "devil", "emails": {"primaryEmail": "x@x.example"}, "position": 1},
    ]
    create_many(client, "people", people)
    receiver.wait(f"{path}/none", 3)
    wanted = {
        "text": {5},
        "pattern": {5, 1},
        "composite": {5},
        "empty": {1},
        "number": {5, 1},
        "relation": {5},
        "id": {5},
        "or": {5, 1},
        "language": {5},
    }
    for name, positions in wanted.items():
        receiver.wait(f"{path}/{name}", len(positions))
    time.sleep(NEVER / 2)
    arrived = {name: {c.body["record"]["position"] for c in receiver.at(f"{path}/{name}")} for name in wanted}
    assert arrived == wanted


def test_a_filter_that_fits_no_more_switches_its_webhook_off(
    client: httpx.Client, receiver: Receiver, hook: MakeHook, path: str
) -> None:
    person_type = next(
        item for item in client.get("/rest/metadata/objects").json()["data"] if item["nameSingular"] == "person"
    )
    field = client.post(
        "/rest/metadata/fields",
        json={"objectMetadataId": person_type["id"], "type": "TEXT", "name": "mood", "label": "Mood"},
    ).json()
    webhook = hook("person.created", at="/mood", filter={"mood": {"eq": "good"}})
    other = hook("person.created", at="/city", filter={"city": {"eq": "Rome"}})
    create(client, "people", {"mood": "good", "city": "Rome"})
    receiver.wait(f"{path}/mood", 1)
    client.patch(f"/rest/metadata/fields/{field['id']}", json={"isActive": False}).raise_for_status()
    client.delete(f"/rest/metadata/fields/{field['id']}").raise_for_status()
    create(client, "people", {"city": "Rome"})
    receiver.wait(f"{path}/city", 2)
    wait_until(lambda: not current(client, webhook)["isActive"])
    assert "mood" in current(client, webhook)["switchedOffReason"]
    assert current(client, other)["isActive"]


def test_paused_deliveries_wait(client: httpx.Client, receiver: Receiver, hook: MakeHook, path: str) -> None:
    webhook = hook("person.created", isPaused=True)
    create(client, "people", {"city": "a"})
    wait_until(lambda: len(deliveries(client, webhookId=webhook["id"])) == 1)
    time.sleep(NEVER)
    assert receiver.at(path) == []
    client.patch(f"/rest/webhooks/{webhook['id']}", json={"isPaused": False}).raise_for_status()
    receiver.wait(path, 1)


def test_no_verification_fails_during_a_rotation(
    client: httpx.Client, receiver: Receiver, hook: MakeHook, path: str
) -> None:
    """The receiver knows one secret at a time and changes it at some moment during the overlap."""
    webhook = hook("person.created", secret="old")
    known = "old"
    checked = 0

    def check(count: int) -> None:
        nonlocal checked
        for call in receiver.wait(path, checked + count)[checked:]:
            Webhook(known.encode()).verify(call.raw, call.headers)
            checked += 1

    create(client, "people", {"city": "a"})
    check(1)
    client.post(
        f"/rest/webhooks/{webhook['id']}/rotate", json={"secret": "new", "overlapSeconds": 3}
    ).raise_for_status()
    end = time.monotonic() + 3
    create(client, "people", {"city": "b"})
    check(1)
    # Who reads the header with one signature learns the new secret, and knows both until the old one ends.
    call = receiver.at(path)[-1]
    signed = f"{call.headers['X-Twenty-Webhook-Timestamp']}:".encode() + call.raw
    assert hmac.new(b"old", signed, hashlib.sha256).hexdigest() == call.headers["X-Twenty-Webhook-Signature"]
    known = "new"
    create(client, "people", {"city": "c"})
    check(1)
    time.sleep(max(0.0, end - time.monotonic() + 0.5))
    create(client, "people", {"city": "d"})
    check(1)
    check_signatures(receiver.at(path)[-1], "new")


def test_the_log(client: httpx.Client, receiver: Receiver, hook: MakeHook, path: str) -> None:
    webhook, other = hook("person.*"), hook("company.*", at="/other")
    people = create_many(client, "people", [{"city": f"{n}"} for n in range(5)])
    create(client, "companies", {"name": "Acme"})
    finished(client, webhook, 5)
    finished(client, other, 1)
    newest_first = [delivery["recordId"] for delivery in deliveries(client, webhookId=webhook["id"])]
    assert newest_first == [record["id"] for record in reversed(people)]
    assert len(deliveries(client)) == 6
    assert len(deliveries(client, eventName="company.created")) == 1
    assert [item["recordId"] for item in deliveries(client, recordId=people[2]["id"])] == [people[2]["id"]]
    assert deliveries(client, status="failed") == []
    assert len(deliveries(client, since=webhook["createdAt"])) == 6
    assert deliveries(client, until=webhook["createdAt"]) == []
    pages: list[dict[str, Any]] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = client.get("/rest/metadata/webhookDeliveries", params=query).json()
        pages += page["data"]
        if not page["pageInfo"]["hasNextPage"]:
            break
        query["starting_after"] = page["pageInfo"]["endCursor"]
    assert pages == deliveries(client)
    one = pages[0]
    assert client.get(f"/rest/metadata/webhookDeliveries/{one['id']}").json() == one
    for bad in ({"status": "lost"}, {"webhookId": "x"}, {"since": "soon"}, {"eventName": "\x00"}, {"limit": "x"}):
        assert client.get("/rest/metadata/webhookDeliveries", params=bad).status_code == 400
    unknown = f"/rest/metadata/webhookDeliveries/{webhook['id']}"
    assert client.get(unknown).status_code == client.post(f"{unknown}/resend").status_code == 404

    selection = "id webhookId eventName recordId status isInFlight attemptCount nextAttemptAt responseStatus error"
    attempt = "number at durationMs status error url requestHeaders responseHeaders responseBody"
    query_text = (
        f"query($w: UUID) {{ webhookDeliveries(webhookId: $w, status: succeeded, first: 3) {{ edges {{ cursor node {{"
        f" {selection} durationMs requestBody createdAt completedAt attempts {{ {attempt} }} }} }}"
        f" pageInfo {{ hasNextPage endCursor }} }} }}"
    )
    answer = client.post("/metadata", json={"query": query_text, "variables": {"w": webhook["id"]}}).json()
    connection = answer["data"]["webhookDeliveries"]
    assert [edge["node"] for edge in connection["edges"]] == deliveries(client, webhookId=webhook["id"])[:3]
    assert connection["pageInfo"] == {"hasNextPage": True, "endCursor": connection["edges"][-1]["cursor"]}


def test_sending_again_and_trying_out(client: httpx.Client, receiver: Receiver, hook: MakeHook, path: str) -> None:
    webhook = hook("person.created")
    create(client, "people", {"city": "a"})
    (delivery,) = finished(client, webhook)
    again = client.post(
        "/metadata", json={"query": f'mutation {{ resendWebhookDelivery(id: "{delivery["id"]}") {{ id }} }}'}
    )
    assert again.json()["data"]["resendWebhookDelivery"]["id"] == delivery["id"]
    first, second = receiver.wait(path, 2)
    assert (first.id, first.raw) == (second.id, second.raw)
    wait_until(lambda: deliveries(client, webhookId=webhook["id"])[0]["attemptCount"] == 2)

    test = client.post(f"/rest/webhooks/{webhook['id']}/test")
    assert test.status_code == 201
    call = receiver.wait(path, 3)[-1]
    assert call.id == test.json()["id"]
    assert call.body["eventName"] == "webhook.test"
    check_signatures(call, webhook["secret"])
    assert finished(client, webhook, 2)[0]["id"] == call.id


def test_the_same_over_graphql(client: httpx.Client, receiver: Receiver, hook: MakeHook, path: str) -> None:
    def ask(operation: str) -> Any:
        answer = client.post("/metadata", json={"query": f"mutation {{ {operation} }}"}).json()
        assert "errors" not in answer, answer
        return next(iter(answer["data"].values()))

    receiver.behave(path, answering(500))
    webhook, since = hook("person.created"), format(datetime.now(UTC), "%Y-%m-%dT%H:%M:%S.%fZ")
    for city in ("a", "b"):
        create(client, "people", {"city": city})
    finished(client, webhook, 2, "failed")
    attempts = len(receiver.at(path))
    receiver.behave(path, fine)
    later = format(datetime.now(UTC) + timedelta(hours=1), "%Y-%m-%dT%H:%M:%S.%fZ")
    assert ask(f'resendFailedWebhookDeliveries(since: "{later}")') == 0
    assert ask(f'resendFailedWebhookDeliveries(since: "{since}", webhookId: "{webhook["id"]}")') == 2
    finished(client, webhook, 2)
    again = receiver.at(path)[attempts:]
    assert sorted(call.body["record"]["city"] for call in again) == ["a", "b"]

    tried = ask(f'sendTestWebhookEvent(id: "{webhook["id"]}") {{ id eventName }}')
    call = receiver.wait(path, attempts + 3)[-1]
    assert (tried["id"], tried["eventName"]) == (call.id, call.body["eventName"])

    rotated = ask(
        f'rotateWebhookSecret(input: {{id: "{webhook["id"]}", overlapSeconds: 60}})'
        " { secret standardSecret previousSecretUntil }"
    )
    assert rotated["secret"] != webhook["secret"]
    assert rotated["previousSecretUntil"] is not None
    ask(f'sendTestWebhookEvent(id: "{webhook["id"]}") {{ id }}')
    call = receiver.wait(path, attempts + 4)[-1]
    for secret in (webhook["standardSecret"], rotated["standardSecret"]):
        Webhook(secret).verify(call.raw, call.headers)


def test_what_is_old_is_forgotten(
    client: httpx.Client,
    receiver: Receiver,
    hook: MakeHook,
    path: str,
    portal: BlockingPortal,
    shared_db: Database,
    workspace: Workspace,
) -> None:
    """But for what is still to be delivered."""
    waiting = hook("company.created", at="/waiting", isPaused=True)
    create_many(client, "companies", [{"name": f"{n}"} for n in range(4)])
    webhook = hook("person.created")
    create_many(client, "people", [{"city": f"{n}"} for n in range(6)])
    finished(client, webhook, 6)
    finished(client, waiting, 4, "pending")
    portal.call(
        shared_db.execute,
        f"UPDATE \"{workspace.schema}\"._delivery SET created_at = now() - interval '31 days'"
        " WHERE event_id % 2 = 0 OR status = 'pending'",
    )
    queue = Queue(shared_db, workspace.schema)
    assert portal.call(queue.forget, 32, 100) == 0
    assert portal.call(queue.forget, 30, 100) == 3
    assert len(deliveries(client)) == 3 + 4
    client.patch(f"/rest/webhooks/{waiting['id']}", json={"isPaused": False}).raise_for_status()
    receiver.wait(f"{path}/waiting", 4)


def test_an_event_is_never_in_flight_twice(client: httpx.Client, receiver: Receiver, hook: MakeHook, path: str) -> None:
    """Both processes take from one queue; each delivery is somebody's, and nobody else's."""

    async def unhurried(request: web.Request, call: Call) -> web.StreamResponse:
        await slow(0.05)(request, call)
        return web.Response(status=500 if int(call.body["record"]["name"]) % 10 == 0 else 200)

    receiver.behave(path, unhurried)
    webhook = hook("company.created")
    for start in range(0, 600, 60):
        create_many(client, "companies", [{"name": f"{n}"} for n in range(start, start + 60)])
    receiver.wait(path, 600, 60)
    finished(client, webhook, 60, "failed")
    of_id: dict[str, list[Call]] = defaultdict(list)
    for call in receiver.at(path):
        of_id[call.id].append(call)
    assert len(of_id) == 600
    assert {len(calls) for calls in of_id.values()} == {1, 4}
    for calls in of_id.values():
        assert all(one.ended and one.ended <= other.began for one, other in pairwise(calls))
