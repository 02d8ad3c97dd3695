"""What keeps people and their secrets safe on every page and form, whichever there are."""

import json
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest
import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.support import serving
from threescore.web.app import make_pages
from threescore.web.assets import Assets
from threescore.web.site import Services, Site

_PLACES = {"{id:uuid}": str(uuid4()), "{name}": "x.js"}


def paths(method: str) -> list[str]:
    """The paths of all pages, or of all forms."""
    routes = [route for route in make_pages(cast(Services, None)).routes if isinstance(route, Route)]
    found = [route.path for route in routes if method in (route.methods or ()) and route.path != "/assets/{name}"]
    for place, value in _PLACES.items():
        found = [path.replace(place, value) for path in found]
    return [re.sub(r"\{\w+\}", "company", path) for path in found]


@pytest.fixture
def browser(server: str, session: str) -> Iterator[httpx.Client]:
    """A browser with an administrator's cookie, which says nothing yet of where a request comes from."""
    with httpx.Client(base_url=server, cookies={"threescore_session": session}, timeout=30) as client:
        yield client


def test_no_form_is_taken_from_elsewhere(browser: httpx.Client, server: str) -> None:
    forms = paths("POST")
    assert len(forms) >= 30
    elsewhere: list[dict[str, str]] = [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Origin": server},
        {"Origin": "null"},
        {"Origin": "https://evil.example"},
        {"Origin": f"{server}.evil.example"},
        {"Origin": server.replace("http:", "https:")},
        {"Origin": re.sub(r":\d+$", ":1", server)},
    ]
    for path in forms:
        for headers in elsewhere:
            answer = browser.post(path, data={"name": "Stolen"}, headers=headers)
            assert answer.status_code == 403, (path, headers)
            assert "set-cookie" not in answer.headers
    # Nor anything that is no form. Signing out reads nothing.
    for path in forms:
        headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/json"}
        if path != "/sign-out":
            assert browser.post(path, content=b'{"name": "Stolen"}', headers=headers).status_code == 415, path


def test_cookies_open_the_apis_to_our_own_pages_alone(browser: httpx.Client, server: str) -> None:
    own = {"Sec-Fetch-Site": "same-origin"}
    assert browser.get("/rest/companies", headers=own).status_code == 200
    for headers in (
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
    ):
        for kind in ("application/json", "text/plain", "application/x-www-form-urlencoded"):
            sent = {**headers, "Content-Type": kind}
            made = browser.post("/rest/companies", content=b'{"name": "Stolen"}', headers=sent)
            assert made.status_code == 403, (headers, kind)
            asked = browser.post("/graphql", content=b'{"query": "{ companies { totalCount } }"}', headers=sent)
            assert "totalCount" not in asked.text
    assert browser.get("/rest/companies", headers=own).json()["totalCount"] == 0


def test_every_page_has_the_headers_that_keep_it_safe(browser: httpx.Client, server: str) -> None:
    pages = [*paths("GET"), "/nothing-here", "/<script>", "/settings/model/%3Cscript%3E"]
    assert len(pages) > 40
    for client in (browser, httpx.Client(base_url=server)):
        for path in pages:
            answer = client.get(path, headers={"Accept": "text/html"})
            policy = dict(item.split(" ", 1) for item in answer.headers["content-security-policy"].split("; "))
            assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'", path
            assert policy["script-src"] == policy["connect-src"] == policy["form-action"] == "'self'", path
            assert ("unsafe" in policy["style-src"]) == (answer.status_code == 200 and "/playground/" in path), path
            assert answer.headers["x-content-type-options"] == "nosniff", path
            assert answer.headers["x-frame-options"] == "DENY", path
            assert answer.headers["referrer-policy"] == "same-origin", path
            assert answer.headers["cache-control"] == "no-store", path
            for tag in re.findall(r"<script[^>]*>", answer.text):
                assert ' src="/assets/' in tag or 'type="application/json"' in tag, (path, tag)
            assert not re.search(r"<\w+[^>]*\s(on\w+|style)=", answer.text), path


def test_answers_of_the_apis_are_kept_by_nobody_else(api: httpx.Client) -> None:
    for path in ("/rest/companies", "/rest/open-api/core", "/rest/docs.md", "/graphql/schema.graphql", "/rest/nothing"):
        answer = api.get(path)
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert answer.headers["cache-control"] == "private, no-cache", path
    asked = quote("{ webhooks { secret } }")
    secrets = ("/rest/metadata/webhooks", "/rest/metadata/apiKeys", "/rest/webhooks", "/rest/apiKeys")
    for path in (*secrets, f"/metadata?query={asked}"):
        assert api.get(path).headers["cache-control"] == "no-store", path
    known = api.get("/rest/companies").headers["etag"]
    assert api.get("/rest/companies", headers={"If-None-Match": known}).status_code == 304


def test_cookies_are_out_of_reach(browser: httpx.Client, database_url: str, session: str) -> None:
    """Of scripts, of other sites, and, where the server is reached over HTTPS, of everybody on the way."""
    own = {"Sec-Fetch-Site": "same-origin"}
    form = {"theme": "dark", "language": "es"}
    for cookie in browser.post("/preferences", data=form, headers=own).headers.get_list("set-cookie"):
        assert {"HttpOnly", "SameSite=lax"} <= set(cookie.split("; "))
        assert "Secure" not in cookie
    settings = {"DATABASE_URL": database_url, "WORKERS": "1", "DELIVERY": "false"}
    settings["PUBLIC_URL"] = "https://crm.linden.example"
    with serving(**{f"THREESCORE_{name}": value for name, value in settings.items()}) as server:
        kept = httpx.post(f"{server.url}/preferences", data=form, headers=own).headers.get_list("set-cookie")
        assert len(kept) == 2
        gone = httpx.post(f"{server.url}/sign-out", headers=own).headers.get_list("set-cookie")
        for cookie in (*kept, *gone):
            assert {"HttpOnly", "Secure", "Path=/"} <= set(cookie.split("; ")), cookie
        assert any(cookie.startswith("__Host-threescore_session=") for cookie in gone)
        # The name that anybody could set over plain HTTP opens nothing.
        for name, status in (("threescore_session", 303), ("__Host-threescore_session", 200)):
            assert httpx.get(f"{server.url}/start", cookies={name: session}).status_code == status
    gone = browser.post("/sign-out", headers=own).headers.get_list("set-cookie")
    assert any(cookie.startswith("threescore_session=; ") and "HttpOnly; SameSite=Lax" in cookie for cookie in gone)


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "evil",
        "",
    ],
)
def test_nobody_is_sent_elsewhere(browser: httpx.Client, wanted: str) -> None:
    own = {"Sec-Fetch-Site": "same-origin"}
    for answer in (
        browser.get("/sign-in", params={"next": wanted}),
        browser.post("/preferences", data={"next": wanted, "theme": "dark"}, headers=own),
    ):
        assert answer.status_code == 303
        assert answer.headers["location"] == "/"


@pytest.mark.anyio
async def test_tokens_of_links_are_not_logged() -> None:
    """Even when their page fails."""

    async def fails(_request: Request) -> Response:
        raise RuntimeError("out of order")

    site = Site(cast(Services, SimpleNamespace()), Assets())
    pages = Starlette(routes=[site.public_route("/reset-password/{token}", fails)])
    with structlog.testing.capture_logs() as entries:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(pages), base_url="http://test") as client:
            assert (await client.get("/reset-password/VerySecretIndeed")).status_code == 500
    assert [entry["event"] for entry in entries] == ["page failed"]
    assert "VerySecret" not in json.dumps(entries, default=str)


def test_no_secret_is_logged(database_url: str, token: str, session: str, capfd: pytest.CaptureFixture[str]) -> None:
    """By a server that logs all it can: tokens, passwords and cookies, good ones and bad ones, wherever they stand."""
    bad = "BadTokenOfSomebody.thatIsNone.OfOurs"
    password = "The password of somebody"
    settings = {"DATABASE_URL": database_url, "WORKERS": "1", "LOG_LEVEL": "debug", "DELIVERY": "false"}
    with serving(**{f"THREESCORE_{name}": value for name, value in settings.items()}) as server:

        def ask(method: str, path: str, headers: dict[str, str] | None = None, **options: Any) -> httpx.Response:
            return httpx.request(method, server.url + path, headers=headers, timeout=30, **options)

        for one in (token, bad):
            bearer = {"Authorization": f"Bearer {one}"}
            for path in ("/rest/companies", "/rest/metadata/webhooks", "/llms.txt", "/rest/nothing", "/rest/people/x"):
                ask("GET", path, bearer)
                ask("GET", f"{path}?token={one}&filter={one}")
            ask("POST", "/graphql", bearer, json={"query": "{ companies { totalCount } nothing }"})
            ask("POST", "/graphql", bearer, content=b"{")
            for path in (f"/reset-password/{one}", f"/welcome?token={one}", f"/invite/{one}", f"/sign-in?next=/{one}"):
                ask("GET", path, {"Accept": "text/html"})
            ask("GET", f"/verify-email?email=a@linden.example&emailVerificationToken={one}", {"Accept": "text/html"})
        own = {"Sec-Fetch-Site": "same-origin"}
        cookies = {"threescore_session": session}
        for cookie in (cookies, {"threescore_session": bad}):
            ask("GET", "/start", own, cookies=cookie)
            ask("GET", "/rest/companies", own, cookies=cookie)
        query = "mutation { generatePlaygroundToken { token expiresAt } }"
        played = ask("POST", "/metadata", own, json={"query": query}, cookies=cookies).json()
        playground = played["data"]["generatePlaygroundToken"]["token"]
        ask("GET", "/rest/companies", {"Authorization": f"Bearer {playground}"})
        ask("POST", "/sign-in", own, data={"email": "a@linden.example", "password": password})
        ask("POST", "/sign-up", own, data={"email": "a@linden.example", "password": password, "token": bad})
        hook = {"targetUrl": "https://hooks.example.com/x", "secret": "the secret of the hook"}
        made = ask("POST", "/rest/metadata/webhooks", {"Authorization": f"Bearer {token}"}, json=hook)
        assert made.status_code == 201, made.text
        said = server.said()
    said += "".join(capfd.readouterr())
    assert "Serving on" in said
    assert "Spawning worker" in said
    for secret in (token, bad, session, playground, password, "the secret of the hook"):
        assert secret not in said
