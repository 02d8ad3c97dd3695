"""Webhooks and the tokens of keys from the command line, beside a server that delivers."""

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.events.conftest import SHORT
from tests.events.conftest import delivering_server as delivering_server
from tests.events.conftest import path as path
from tests.events.conftest import receiver as receiver
from tests.events.receiver import Receiver, answering, fine
from tests.support import Done, threescore_here, wait_until
from threescore.catalog.workspaces import Workspace


class Commands:
    """Commands in one workspace, under the settings of the delivering server."""

    def __init__(self, workspace: Workspace, database_url: str) -> None:
        self._workspace = workspace.name
        self.variables = {"THREESCORE_DATABASE_URL": database_url, **SHORT}

    def run(self, *arguments: str) -> Done:
        return threescore_here(*arguments, "--workspace", self._workspace, **self.variables)

    def __call__(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def command(workspace: Workspace, database_url: str) -> Commands:
    return Commands(workspace, database_url)


def test_a_webhook_is_made_tried_paused_and_deleted(
    command: Commands, receiver: Receiver, path: str, delivering_server: str, token: str
) -> None:
    client = httpx.Client(base_url=delivering_server, headers={"Authorization": f"Bearer {token}"}, timeout=30)
    secret = command("webhook", "create", receiver.url + path, "--operation", "company.*", "--description", "For CI")
    [known] = client.get("/rest/metadata/webhooks").json()["data"]
    assert secret == known["secret"] + "\n"
    assert (known["operations"], known["description"]) == (["company.*"], "For CI")

    [listed] = json.loads(command("webhook", "list", "--json"))
    assert listed.items() <= known.items()
    assert known["secret"] not in command("webhook", "list", "--json") + command("webhook", "list")

    tried = command("webhook", "test", known["id"]).strip()
    wait_until(lambda: len(receiver.at(path)) == 1)
    wait_until(lambda: deliveries(command)[0]["status"] == "succeeded")
    assert [item["id"] for item in deliveries(command)] == [tried]
    assert tried in command("webhook", "deliveries", "--status", "succeeded", "--webhook", known["id"])
    assert command("webhook", "resend", tried).strip() == tried
    wait_until(lambda: len(receiver.at(path)) == 2)

    command("webhook", "pause", known["id"])
    assert client.post("/rest/companies", json={"name": "Linden"}).status_code == 201
    wait_until(lambda: len(deliveries(command)) == 2)
    assert deliveries(command)[0]["status"] == "pending"
    assert " paused " in command("webhook", "list")
    command("webhook", "resume", known["id"])
    wait_until(lambda: len(receiver.at(path)) == 3)

    rotated = command("webhook", "rotate", known["id"], "--overlap-seconds", "60").strip()
    assert rotated not in ("", known["secret"])
    changed = json.loads(command("webhook", "update", known["id"], "--off", "--operation", "person.created", "--json"))
    assert (changed["isActive"], changed["operations"]) == (False, ["person.created"])
    filtered = command("webhook", "update", known["id"], "--on", "--filter", '{"city": {"eq": "Ghent"}}', "--json")
    assert json.loads(filtered)["filter"] == {"city": {"eq": "Ghent"}}
    cleared = command("webhook", "update", known["id"], "--filter", "null", "--json")
    assert json.loads(cleared)["filter"] is None

    gone = json.loads(command("webhook", "delete", known["id"], "--yes", "--json"))
    assert (gone["id"], "secret" in gone) == (known["id"], False)
    assert client.get("/rest/metadata/webhooks").json()["data"] == []
    entries = client.get("/rest/metadata/audit?action=webhook.*").json()["data"]
    assert {entry["action"] for entry in entries} == {"webhook.created", "webhook.updated", "webhook.deleted"}
    assert {entry["actor"] for entry in entries} == {None}


def test_what_failed_is_sent_again(
    command: Commands, receiver: Receiver, path: str, delivering_server: str, token: str
) -> None:
    receiver.behave(path, answering(500))
    command("webhook", "create", receiver.url + path, "--operation", "company.*")
    headers = {"Authorization": f"Bearer {token}"}
    httpx.post(f"{delivering_server}/rest/companies", json={"name": "Linden"}, headers=headers).raise_for_status()
    wait_until(lambda: [item["status"] for item in deliveries(command)] == ["failed"], 30)
    receiver.behave(path, fine)
    assert command("webhook", "resend-failed", "2100-01-01T00:00:00Z") == "0\n"
    assert json.loads(command("webhook", "resend-failed", "2026-01-01", "--json")) == {"count": 1}
    wait_until(lambda: deliveries(command)[0]["status"] == "succeeded", 30)


def deliveries(command: Commands) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(command("webhook", "deliveries", "--json"))
    return found


@pytest.mark.parametrize(
    ("code", "arguments", "message"),
    [
        (1, ["webhook", "create", "ftp://example.com"], "Invalid target URL provided"),
        (1, ["webhook", "create", "http://192.168.0.1/"], "THREESCORE_OUTBOUND_ALLOW can admit it"),
        (1, ["webhook", "create", "https://example.com", "--operation", "nothing.created"], "nothing"),
        (1, ["webhook", "pause", "3f1c6f5e-7f0b-4f59-9d3c-1d2b6a7c8e90"], "Webhook not found"),
        (2, ["webhook", "deliveries", "--status", "odd"], "odd is none of pending, succeeded, failed"),
        (
            2,
            ["webhook", "rotate", "3f1c6f5e-7f0b-4f59-9d3c-1d2b6a7c8e90", "--overlap-seconds", "-1"],
            "overlap-seconds",
        ),
        (2, ["webhook", "update", "3f1c6f5e-7f0b-4f59-9d3c-1d2b6a7c8e90"], "Nothing to change is given"),
        (2, ["webhook", "create"], "URL"),
        (2, ["webhook", "delete", "x"], "valid UUID"),
        (2, ["webhook", "resend-failed", "soon"], "a date and time is needed"),
        (1, ["key", "regenerate", "3f1c6f5e-7f0b-4f59-9d3c-1d2b6a7c8e90"], "This workspace has no API key"),
        (2, ["key", "regenerate", "3f1c6f5e-7f0b-4f59-9d3c-1d2b6a7c8e90", "--overlap-hours", "999"], "overlap-hours"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(
    command: Commands, code: int, arguments: list[str], message: str
) -> None:
    done = command.run(*arguments)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert message in " ".join(done.stderr.replace("│", " ").split())
    if code == 1:
        assert len(done.stderr.splitlines()) == 1


def test_a_new_token_takes_the_place_of_the_one_before(command: Commands, delivering_server: str) -> None:
    made = json.loads(command("key", "create", "--name", "[red]CI", "--json"))
    assert status(delivering_server, made["token"]) == 200
    second = command("key", "regenerate", made["id"], "--overlap-hours", "1").strip()
    assert {status(delivering_server, token) for token in (made["token"], second)} == {200}
    third = json.loads(command("key", "regenerate", made["id"], "--json"))["token"]
    assert [status(delivering_server, token) for token in (made["token"], second, third)] == [403, 403, 200]

    [listed] = json.loads(command("key", "list", "--json"))
    assert listed == {**{name: value for name, value in made.items() if name != "token"}, **changing(listed)}
    assert abs(datetime.fromisoformat(made["expiresAt"]) - datetime.now(UTC) - timedelta(days=36_500)).days <= 1
    assert "[red]CI" in command("key", "list")
    assert {role["label"] for role in json.loads(command("role", "list", "--json"))} == {"Admin", "Member"}
    revoked = json.loads(command("key", "revoke", made["id"], "--json"))
    assert (revoked["id"], revoked["revokedAt"] is None) == (made["id"], False)
    assert status(delivering_server, third) == 403
    workspaces = json.loads(threescore_here("workspace", "list", "--json", **command.variables).stdout)
    assert listed["workspaceId"] in {item["id"] for item in workspaces}


def changing(key: dict[str, object]) -> dict[str, object]:
    return {name: key[name] for name in ("updatedAt", "lastUsedAt", "lastUsedRoute")}


def status(server: str, token: str) -> int:
    return httpx.get(f"{server}/rest/companies", headers={"Authorization": f"Bearer {token}"}).status_code
