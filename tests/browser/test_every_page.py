"""What must be true of every page: no fault that keeps people out, no script of somebody else's, light and fast."""

import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, urlencode
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page
from starlette.routing import Route

from tests.browser.conftest import AXE, SCREENSHOTS, Tab, watch
from threescore.web.app import make_pages
from threescore.web.site import Services

PAGES = {
    "start": "/start",
    "data": "/data",
    "table": "/data/companies",
    "record": "/data/companies/{company}",
    "import": "/data/companies/import",
    "playgrounds": "/playground",
    "documentation": "/docs",
    "documentation-object": "/docs/company",
    "api": "/settings/api",
    "key-new": "/settings/api/keys/new",
    "key": "/settings/api/keys/{key}",
    "model": "/settings/model",
    "object-new": "/settings/model/-/new-object",
    "object": "/settings/model/company",
    "object-relations": "/settings/model/company?tab=relations",
    "object-settings": "/settings/model/company?tab=settings",
    "object-indexes": "/settings/model/company?tab=indexes",
    "field-types": "/settings/model/company/-/new-field",
    "field-new": "/settings/model/company/-/new-field?type=SELECT",
    "relation-new": "/settings/model/company/-/new-field?type=RELATION",
    "field": "/settings/model/company/employees",
    "diagram": "/settings/model-diagram",
    "members": "/settings/members",
    "roles": "/settings/roles",
    "role-new": "/settings/roles/new",
    "role": "/settings/roles/{role}",
    "role-object": "/settings/roles/{role}/objects/company",
    "webhooks": "/settings/api/webhooks",
    "webhook-new": "/settings/api/webhooks/new",
    "webhook": "/settings/api/webhooks/{webhook}",
    "workspace": "/settings/workspace",
}
PLAYGROUNDS = {
    "playground-rest-core": "/playground/rest/core",
    "playground-rest-metadata": "/playground/rest/metadata",
    "playground-graphql-core": "/playground/graphql/core",
    "playground-graphql-metadata": "/playground/graphql/metadata",
}

OPEN = {
    "forgotten": "/forgotten",
    "sign-up": "/sign-up",
    "reset-password": "/reset-password/nonsense",
    "workspace-new": "/welcome/workspace",
}
"""Pages that are there before anybody is signed in to anything; those behind a link say that it is good no more."""

SIGNED_OUT = {"sign-in": "/sign-in"}
"""Pages that lead elsewhere who is signed in already."""

NO_PAGES = {
    "/assets/{name}",
    "/",
    "/settings/model-diagram.svg",
    # What these show is one of the pages above.
    "/welcome",
    "/invite",
    "/invite/{hash}",
    "/verify-email",
}

SIGNING = ("/sign-in", "/sign-up", "/welcome", "/invite", "/verify-email")
IMAGE = "<img src=x onerror='window.hit=1'>"
ALL = PAGES | PLAYGROUNDS | OPEN | SIGNED_OUT

SCRIPT = "<script>window.hit=1</script><img src=x onerror='window.hit=1'>\"'{{7*7}}${7*7}"


def graphql(api: httpx.Client, query: str, **variables: object) -> Any:
    answer = api.post("/metadata", json={"query": query, "variables": variables}).json()
    assert "errors" not in answer, answer
    return answer["data"]


def test_every_page_is_listed() -> None:
    """A page that is added and not listed here would be looked at by none of these tests."""
    listed = [re.sub(r"{\w+}", str(uuid4()), path).partition("?")[0] for path in ALL.values()]
    routes = make_pages(cast(Services, None)).routes
    missing = [
        route.path
        for route in routes
        if isinstance(route, Route)
        and "GET" in (route.methods or ())
        and route.path not in NO_PAGES
        and not any(route.path_regex.match(path) for path in listed)
    ]
    assert missing == []


@pytest.fixture
def places(api: httpx.Client) -> dict[str, str]:
    """The ids that stand in paths, of things that are there."""
    company = api.post("/rest/companies", json={"name": "Linden Works", "employees": 42}).json()["data"]
    person = {"name": {"firstName": "Ada", "lastName": "Linden"}, "companyId": company["createCompany"]["id"]}
    api.post("/rest/people", json=person).raise_for_status()
    keys = api.get("/rest/metadata/apiKeys").json()["data"]
    roles = graphql(api, "{ getRoles { id label } }")["getRoles"]
    role = next(role["id"] for role in roles if role["label"] == "Member")
    set_rule(api, role, "company", {"or": [{"accountOwnerId": {"eq": "me"}}, {"employees": {"lt": 100}}]})
    hook = {"targetUrl": "https://hooks.example.com/", "operations": ["company.*"], "isPaused": True}
    webhook = api.post("/rest/metadata/webhooks", json=hook).json()["id"]
    return {"company": company["createCompany"]["id"], "key": keys[0]["id"], "role": role, "webhook": webhook}


def set_rule(api: httpx.Client, role: str, name: str, filter: dict[str, Any]) -> None:
    """Holds a role to the records of an object that pass a filter."""
    made = api.get("/rest/metadata/objects?limit=1000").json()["data"]
    [item] = [item["id"] for item in made if item["nameSingular"] == name]
    rule = {"roleId": role, "objectMetadataId": item, "filter": filter}
    graphql(api, "mutation ($input: SetRowRuleInput!) { setRowRule(input: $input) { problem } }", input=rule)


def opened(tab: Tab, places: dict[str, str]) -> Iterator[tuple[str, Page]]:
    """Every page but the playgrounds, one after the other. Whoever looks is signed out before the last."""
    for name, path in (PAGES | OPEN).items():
        yield name, tab.open(path.format_map(places))
    tab.page.context.clear_cookies()
    for name, path in SIGNED_OUT.items():
        page = tab.open(path)
        assert page.url.endswith(path)
        yield name, page


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_serious_fault_is_found(tab: Tab, places: dict[str, str], theme: str) -> None:
    """By axe-core; and a picture of every page is taken, to be looked at."""
    SCREENSHOTS.mkdir(exist_ok=True)
    tab.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    tab.expect_status(403)
    found = []
    for name, page in opened(tab, places):
        page.screenshot(path=SCREENSHOTS / f"{name}-{theme}.png", full_page=True)
        # Not as a script of the page: the page's policy allows none but ours.
        page.evaluate(AXE.read_text())
        result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        for fault in result["violations"]:
            if fault["impact"] in ("serious", "critical"):
                found.append((name, fault["id"], [node["html"][:160] for node in fault["nodes"][:3]]))
    assert found == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_playgrounds_open(tab: Tab, places: dict[str, str], theme: str) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    tab.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    for name, path in PLAYGROUNDS.items():
        page = tab.page
        page.goto(tab.url + path, wait_until="load")
        page.locator("#playground-wait").wait_for(state="detached")
        page.locator(".scalar-app, .graphiql-container").first.wait_for()
        page.wait_for_timeout(500)
        page.screenshot(path=SCREENSHOTS / f"{name}-{theme}.png")


def test_a_telephone_shows_every_page_in_its_width(
    context: BrowserContext, tab: Tab, places: dict[str, str], server: str
) -> None:
    tab.page.set_viewport_size({"width": 375, "height": 740})
    tab.expect_status(403)
    for name, page in opened(tab, places):
        page.screenshot(path=SCREENSHOTS / f"{name}-telephone.png")
        # A word that stands letter below letter is no word.
        narrow = page.evaluate(
            "[...document.querySelectorAll('main :is(.row-link, td strong)')]"
            ".filter(e => e.textContent.trim().length > 3 && e.getBoundingClientRect().width < 32)"
            ".map(e => e.textContent)"
        )
        assert narrow == [], name
        wide = page.evaluate(
            "[...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > 376 &&"
            " !e.closest('.table-scroll, pre, .tabs')).map(e => e.tagName + '.' + e.className).slice(0, 5)"
        )
        assert page.evaluate("document.documentElement.scrollWidth") <= 375, f"{name}: {wide}"


def test_text_of_others_is_text(tab: Tab, api: httpx.Client, places: dict[str, str], tmp_path: Path) -> None:
    """Script in every text of the model, of the settings and of records is shown, and never run, on any page."""
    company = next(
        item
        for item in api.get("/rest/metadata/objects?limit=1000").json()["data"]
        if item["nameSingular"] == "company"
    )
    made = api.post(
        "/rest/metadata/objects",
        json={
            "nameSingular": "trap",
            "namePlural": "traps",
            "labelSingular": f"Trap {SCRIPT}"[:63],
            "labelPlural": f"Traps {SCRIPT}"[:63],
            "description": SCRIPT,
            "icon": SCRIPT[:255],
        },
    )
    assert made.status_code == 201, made.text
    trap = made.json()
    kinds = ("TEXT", "NUMBER", "SELECT", "LINKS", "EMAILS", "RICH_TEXT", "RAW_JSON", "ARRAY", "ADDRESS", "FULL_NAME")
    for number, kind in enumerate((*kinds, "MULTI_SELECT", "FILES")):
        options = [{"label": SCRIPT[:60].replace(",", ""), "value": "ONE", "position": 0, "color": "red"}]
        body = {
            "objectMetadataId": trap["id"],
            "type": kind,
            "name": f"field{number}",
            "label": f"{number} {SCRIPT}",
            "description": SCRIPT,
            "icon": SCRIPT,
            **({"options": options} if kind in ("SELECT", "MULTI_SELECT") else {}),
            **({"settings": {"maxNumberOfValues": 3}} if kind == "FILES" else {}),
            **({"defaultValue": f"'{SCRIPT}'"} if kind == "TEXT" else {}),
        }
        assert api.post("/rest/metadata/fields", json=body).status_code == 201
    relation = {
        "objectMetadataId": trap["id"],
        "type": "RELATION",
        "name": "firm",
        "label": f"Firm {SCRIPT}",
        "relationCreationPayload": {
            "targetObjectMetadataId": company["id"],
            "targetFieldLabel": f"Traps {SCRIPT}"[:60],
            "targetFieldIcon": SCRIPT,
            "type": "MANY_TO_ONE",
        },
    }
    made = api.post("/rest/metadata/fields", json=relation)
    assert made.status_code == 201, made.text
    record = {
        "name": SCRIPT,
        "field0": SCRIPT,
        "field2": "ONE",
        "field3": {"primaryLinkUrl": "https://example.com/'><script>window.hit=1</script>", "primaryLinkLabel": SCRIPT},
        "field5": {"markdown": SCRIPT},
        "field6": {SCRIPT: SCRIPT},
        "field7": [SCRIPT],
        "field8": {"addressStreet1": SCRIPT, "addressCity": SCRIPT},
        "field9": {"firstName": SCRIPT, "lastName": SCRIPT},
        "field10": ["ONE"],
        "firmId": places["company"],
    }
    answer = api.post("/rest/traps", json=record)
    assert answer.status_code == 201, answer.text
    trap_record = answer.json()["data"]["createTrap"]["id"]
    api.patch(f"/rest/companies/{places['company']}", json={"name": SCRIPT}).raise_for_status()
    graphql(api, "mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { id } }", input={
        "id": places["key"], "name": SCRIPT,
    })  # fmt: skip
    role = graphql(
        api,
        "mutation ($input: CreateRoleInput!) { createOneRole(createRoleInput: $input) { id } }",
        input={"label": SCRIPT, "description": SCRIPT, "icon": SCRIPT[:200]},
    )["createOneRole"]["id"]
    set_rule(api, role, "trap", {"field0": {"eq": SCRIPT}})
    set_rule(api, places["role"], "company", {"name": {"eq": SCRIPT.replace("'", "")}})
    graphql(api, "mutation ($data: UpdateWorkspaceInput!) { updateWorkspace(data: $data) { id } }", data={
        "displayName": f"{SCRIPT} {places['key']}",
    })  # fmt: skip

    hook = {
        "targetUrl": "https://hooks.example.com/<script>window.hit=1</script>\"'",
        "description": SCRIPT,
        "operations": ["trap.*"],
        "customHeader": {"name": "X-Trap", "value": SCRIPT},
    }
    made = api.post("/rest/metadata/webhooks", json=hook)
    assert made.status_code == 201, made.text
    webhook = made.json()["id"]
    api.post(f"/rest/metadata/webhooks/{webhook}/test").raise_for_status()
    [member] = api.get("/rest/workspaceMembers").json()["data"]["workspaceMembers"]
    name = {"firstName": SCRIPT, "lastName": SCRIPT}
    api.patch(f"/rest/workspaceMembers/{member['id']}", json={"name": name}).raise_for_status()
    api.patch(f"/rest/traps/{trap_record}", json={"name": f"{SCRIPT} again"}).raise_for_status()

    trapped = [
        "/data/traps",
        f"/data/traps/{trap_record}",
        "/data/traps/import",
        "/docs/trap",
        "/settings/model/trap",
        "/settings/model/trap?tab=relations",
        "/settings/model/trap?tab=settings",
        "/settings/model/trap?tab=indexes",
        "/settings/model/trap/field0",
        "/settings/model/trap/field2",
        "/settings/model/trap/-/new-field?type=RELATION",
        f"/settings/roles/{role}",
        f"/settings/roles/{role}/objects/trap",
        f"/settings/api/webhooks/{webhook}",
        "/settings/model-diagram?system=yes",
        f"/forgotten?{urlencode({'email': SCRIPT})}",
        *(f"{path}?{urlencode({'email': SCRIPT, 'token': SCRIPT})}" for path in SIGNING),
        f"/invite/{quote(IMAGE)}",
        f"/reset-password/{quote(IMAGE)}",
        f"/settings/model/{quote(IMAGE)}",
        f"/docs/{quote(IMAGE)}",
        f"/data/{quote(IMAGE)}",
    ]
    visited = [*(path.format_map(places) for path in (PAGES | PLAYGROUNDS | OPEN).values()), *trapped]
    for status in (403, 404):
        tab.expect_status(status)
    for path in visited:
        if path in PLAYGROUNDS.values():
            tab.page.goto(tab.url + path, wait_until="load")
            tab.page.locator("#playground-wait").wait_for(state="detached")
            tab.page.locator(".scalar-app, .graphiql-container").first.wait_for()
            tab.page.wait_for_timeout(500)
        else:
            tab.open(path)
        assert tab.page.evaluate("window.hit") is None, path
        if path not in PLAYGROUNDS.values():
            assert tab.page.locator("script:not([src]):not([type='application/json'])").count() == 0, path
        assert tab.page.locator("a[href^='javascript:']").count() == 0, path

    # It was there to be seen, as the text that it is.
    page = tab.open("/data/traps")
    assert "<script>window.hit=1</script>" in page.locator(".grid").inner_text()
    # The names of columns are texts of others, too.
    file = tmp_path / "traps.csv"
    with file.open("w", newline="") as target:
        csv.writer(target).writerows([["Name", SCRIPT], [SCRIPT, SCRIPT]])
    page = tab.open("/data/traps/import")
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_role("button", name="Import 1 record").click()
    page.locator("#data-body").get_by_text("1 of 1 records imported").wait_for()
    assert page.evaluate("window.hit") is None
    # The diagram as a file stands alone.
    with page.expect_download() as download:
        page.evaluate("location.href = '/settings/model-diagram.svg'")
    drawing = download.value.path().read_text()
    assert "<script" not in drawing
    assert "&lt;script&gt;" in drawing


def test_the_first_page_is_small_and_fast(tab: Tab, server: str) -> None:
    """Less than 100 kB on the wire, and there within 200 ms of a warm server."""
    tab.open("/start")
    fresh = watch(tab.page, server)
    cdp = tab.page.context.new_cdp_session(tab.page)
    cdp.send("Network.enable")
    cdp.send("Network.clearBrowserCache")
    received: list[float] = []
    cdp.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    fresh.open("/start")
    assert 0 < sum(received) < 100_000
    timings = []
    for _ in range(5):
        tab.page.goto(f"{server}/start", wait_until="load")
        timings.append(tab.page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd"))
    assert min(timings) < 200, timings


def test_a_form_of_another_site_is_refused(server: str, session: str) -> None:
    cookies = {"threescore_session": session}
    body = {"name": "Stolen"}
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {},
    ):
        answer = httpx.post(f"{server}/settings/workspace", data=body, headers=headers, cookies=cookies)
        assert answer.status_code == 403, headers
    answer = httpx.post(
        f"{server}/settings/workspace", data=body, headers={"Sec-Fetch-Site": "same-origin"}, cookies=cookies
    )
    assert answer.status_code == 303


def test_every_page_has_the_headers_that_keep_it_safe(
    server: str, session: str, places: dict[str, str], api: httpx.Client
) -> None:
    paths = ["/sign-in", "/nothing-here", *(path.format_map(places) for path in (PAGES | PLAYGROUNDS).values())]
    for path in paths:
        answer = httpx.get(server + path, cookies={"threescore_session": session}, headers={"Accept": "text/html"})
        policy = dict(item.split(" ", 1) for item in answer.headers["content-security-policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == "'self'"
        assert policy["frame-ancestors"] == "'none'"
        assert policy["style-src"] == ("'self' 'unsafe-inline'" if path in PLAYGROUNDS.values() else "'self'"), path
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"


def test_languages(tab: Tab, new_page: Callable[[str], Tab]) -> None:
    """The browser's, and then the one that was chosen."""
    russian = new_page("ru-RU")
    assert russian.open("/start").locator("h1").inner_text() == "Ваш API готов"
    assert russian.page.locator("html").get_attribute("lang") == "ru"
    russian.open("/data/companies")
    russian.page.get_by_role("button", name="Новая запись").wait_for()
    russian.page.locator("#language").select_option("es")
    russian.page.get_by_role("button", name="Registro nuevo").wait_for()
    assert new_page("fr-FR,de").open("/start").locator("h1").inner_text() == "Your API is ready"
