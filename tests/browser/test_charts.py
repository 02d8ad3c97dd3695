"""The charts: of what a key was used for and of deliveries, each a table, too, for those who do not see it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import pytest
from anyio.from_thread import BlockingPortal
from playwright.sync_api import Page, expect

from tests.browser.conftest import AXE, SCREENSHOTS, Tab
from tests.support import serving
from threescore.db.pool import Database


@pytest.fixture
def used_key(server: str, api: httpx.Client, database_url: str, portal: BlockingPortal, shared_db: Database) -> str:
    """The id of a key that sent 6 requests today, 2 of them refused; and 5 ten days ago, one of them refused."""
    # Not the key of the client: its requests are counted, too.
    roles = api.post("/metadata", json={"query": "{ getApiKeyRoles { id label } }"}).json()["data"]["getApiKeyRoles"]
    role = next(role["id"] for role in roles if role["label"] == "Admin")
    body = {"name": "Nightly import", "expiresAt": "2100-01-01T00:00:00.000Z", "roleId": role}
    key: str = api.post("/rest/metadata/apiKeys", json=body).json()["id"]
    token: str = api.post(f"/rest/metadata/apiKeys/{key}/token", json={}).json()["token"]
    variables = {"DATABASE_URL": database_url, "WORKERS": "2", "DELIVERY": "false"}
    with serving(**{f"THREESCORE_{name}": value for name, value in variables.items()}) as other:
        for path in ("people", "companies", "tasks", "notes", f"people/{uuid4()}", f"companies/{uuid4()}"):
            httpx.get(f"{other.url}/rest/{path}", headers={"Authorization": f"Bearer {token}"}, timeout=30)
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=10)
    portal.call(shared_db.execute, "INSERT INTO threescore.api_key_usage VALUES ($1, $2, 5, 1)", UUID(key), hour)
    return key


def counted(page: Page) -> list[list[str]]:
    """The numbers of the days on which there were any, from the table."""
    rows = page.locator("#usage tbody tr").all()
    numbers = [row.locator("td").all_text_contents() for row in rows]
    return [pair for pair in numbers if pair != ["0", "0"]]


def bars(page: Page) -> list[float]:
    """The heights of the bars of the chart: what was let through, and what was refused, day by day."""
    heights = page.locator("#usage svg rect").evaluate_all("all => all.map(e => Number(e.getAttribute('height')))")
    return [round(height, 2) for height in heights if height]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_use_of_a_key(tab: Tab, used_key: str, theme: str) -> None:
    tab.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    page = tab.open(f"/settings/api/keys/{used_key}")
    usage = page.get_by_role("region", name="Usage")
    expect(usage.get_by_role("button", name="7 days")).to_have_attribute("aria-pressed", "true")
    expect(usage.get_by_role("img", name="Requests with this key, day by day")).to_be_visible()
    expect(usage.locator("figcaption")).to_have_text("Requests: 6Refused: 2")
    assert len(usage.locator("tbody tr").all()) == 7
    assert counted(page) == [["6", "2"]]
    assert bars(page) == [40, 20]

    usage.get_by_role("button", name="30 days").click()
    expect(usage.locator("figcaption")).to_have_text("Requests: 11Refused: 3")
    assert len(usage.locator("tbody tr").all()) == 30
    assert counted(page) == [["5", "1"], ["6", "2"]]
    assert bars(page) == [40, 10, 40, 20]
    page.get_by_text("As a table").click()
    expect(usage.get_by_role("table")).to_be_visible()
    page.evaluate(AXE.read_text())
    result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert [fault["id"] for fault in result["violations"] if fault["impact"] in ("serious", "critical")] == []
    page.get_by_text("As a table").click()
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"key-usage-{theme}.png", full_page=True)
    page.set_viewport_size({"width": 375, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    page.screenshot(path=SCREENSHOTS / f"key-usage-{theme}-telephone.png", full_page=True)


def test_the_deliveries_of_a_webhook(tab: Tab, api: httpx.Client) -> None:
    """The same chart, of the last day."""
    made = api.post("/rest/metadata/webhooks", json={"targetUrl": "https://example.com/hook"}).json()
    for _ in range(3):
        api.post(f"/rest/metadata/webhooks/{made['id']}/test").raise_for_status()
    page = tab.open(f"/settings/api/webhooks/{made['id']}")
    expect(page.get_by_role("img", name="Deliveries of the last 24 hours")).to_be_visible()
    expect(page.locator("figcaption")).to_have_text("Deliveries: 3Failed: 0")
    rows = [row.locator("td").all_text_contents() for row in page.locator("figure tbody tr").all()]
    assert rows == [["0", "0"]] * 23 + [["3", "0"]]
    page.screenshot(path=SCREENSHOTS / "webhook-deliveries.png")
