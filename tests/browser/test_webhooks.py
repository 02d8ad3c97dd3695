"""Webhooks: what their page shows of deliveries."""

import json
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Tab

HIDDEN = "What the receiver answered is shown to administrators alone."


@pytest.mark.parametrize("answer", ["this is 200", "", None])
def test_answers_of_receivers_that_are_not_shown(tab: Tab, api: httpx.Client, answer: str | None) -> None:
    """The page says why, and does not take an empty answer for one of these."""
    hook = api.post(
        "/rest/metadata/webhooks", json={"targetUrl": "https://hooks.example.com/", "isPaused": True}
    ).json()
    attempt = {"number": 1, "at": "2026-01-01T00:00:00.000Z", "durationMs": 3, "status": 200, "error": None}
    delivery = {
        "id": str(uuid4()),
        "eventName": "task.created",
        "status": "succeeded",
        "responseStatus": 200,
        "attemptCount": 1,
        "requestBody": "{}",
        "createdAt": "2026-01-01T00:00:00.000Z",
        "attempts": [attempt | {"requestHeaders": {}, "responseBody": answer}],
    }
    log = "**/rest/metadata/webhookDeliveries"
    tab.page.route(f"{log}?*", lambda route: route.fulfill(body=json.dumps({"data": [delivery]})))
    tab.page.route(f"{log}/*", lambda route: route.fulfill(body=json.dumps(delivery)))
    page = tab.open(f"/settings/api/webhooks/{hook['id']}")
    page.get_by_role("button", name="task.created").click()
    expect(page.get_by_text("Attempt 1")).to_be_visible()
    expect(page.get_by_text(HIDDEN)).to_have_count(1 if answer is None else 0)
    if answer:
        expect(page.get_by_text(answer)).to_be_visible()
