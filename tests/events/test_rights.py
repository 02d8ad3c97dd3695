"""Webhooks and their deliveries show nobody what a role may not read."""

import httpx
import pytest
from anyio.from_thread import BlockingPortal

from tests.access.roles import Office, Rules
from tests.records.wire import create, refusal
from tests.support import wait_until
from threescore.catalog.workspaces import Workspace
from threescore.db.pool import Database


@pytest.fixture
def office(portal: BlockingPortal, shared_db: Database, workspace: Workspace, delivering_server: str) -> Office:
    """Hands out roles and keys of the test's workspace."""
    return Office(portal, shared_db, workspace, delivering_server)


BLIND = {
    "object": (Rules(objects={"company": {"read": False}}, settings=True), 400),
    "field": (Rules(fields={("company", "employees"): {"read": False}}, settings=True), 403),
    "row": (Rules(rows={"company": {"name": {"eq": "Small"}}}, settings=True), 403),
}
"""Roles that do not see all of companies, and how a webhook that names them is refused."""


@pytest.mark.parametrize(("rules", "status"), BLIND.values(), ids=BLIND)
def test_webhooks_tell_no_more_than_may_be_read(
    office: Office, client: httpx.Client, rules: Rules, status: int
) -> None:
    hook = {"targetUrl": "http://receiver.invalid/", "operations": ["*.created"]}
    assert client.post("/rest/metadata/webhooks", json=hook).status_code == 201
    create(client, "companies", {"name": "Acme"})
    create(client, "tasks", {"title": "Call"})
    path = "/rest/metadata/webhookDeliveries"
    wait_until(lambda: len(client.get(path).json()["data"]) == 2)
    with office.client(rules) as limited:
        named = limited.post("/rest/webhooks", json=hook | {"operations": ["task.*", "company.*"]})
        assert named.status_code == status
        for everything in ("*.created", "*.*", "*"):
            refused = refusal(limited.post("/rest/webhooks", json=hook | {"operations": [everything]}), 403)
            assert "your role may not read" in refused["messages"][0]
        assert limited.post("/rest/webhooks", json=hook | {"operations": ["task.*"]}).status_code == 201
        found = limited.get(path).json()["data"]
        shown = {item["eventName"]: item["requestBody"] for item in found}
        assert shown["company.created"] is None
        assert "Call" in shown["task.created"]
        for item in found:
            single = limited.get(f"{path}/{item['id']}").json()
            again = limited.post(f"{path}/{item['id']}/resend").json()
            assert single["requestBody"] == again["requestBody"] == item["requestBody"]
