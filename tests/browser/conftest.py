"""A browser for tests: Debian's Chromium, one for each file, and a person who is signed in.

Every page that a test opens is watched: what it says in the console, and where its requests go.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    Request,
    Response,
    sync_playwright,
)

SCREENSHOTS = Path(__file__).parent / "screenshots"
AXE = Path(__file__).parents[2] / "frontend/node_modules/axe-core/axe.min.js"

_ARGUMENTS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@dataclass
class Tab:
    """A page of the browser, and all that was seen of it."""

    page: Page
    url: str
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)

    def open(self, path: str) -> Page:
        """Opens a page of the server and waits until it has settled."""
        self.page.goto(self.url + path, wait_until="load")
        self.settle()
        return self.page

    def settle(self) -> None:
        """Waits until nothing is loaded any more."""
        self.page.wait_for_load_state("networkidle")
        # Not by a function that the page would have to evaluate: its policy forbids that.
        self.page.locator('[aria-busy="true"]').first.wait_for(state="detached")

    def expect_status(self, status: int) -> None:
        """Says that a page of this status is what the test wants."""
        self.expected.add(status)

    def check(self) -> None:
        """Fails the test when the console had errors, or a request left the machine."""
        host = urlsplit(self.url).netloc
        elsewhere = [
            url for url in self.asked if urlsplit(url).scheme in ("http", "https") and urlsplit(url).netloc != host
        ]
        assert elsewhere == []
        assert self.said == []
        assert self.failed == []


def watch(page: Page, url: str) -> Tab:
    """A page that remembers what happens on it."""
    tab = Tab(page, url)

    def heard(message: ConsoleMessage) -> None:
        # What a status says is told apart below; the browser reports each such answer here as well.
        if message.type in ("error", "warning") and "the server responded with a status of" not in message.text:
            tab.said.append(f"{page.url}: {message.text}")

    def answered(response: Response) -> None:
        if response.status >= 400 and response.status not in tab.expected:
            tab.failed.append(f"{response.status} {response.url}")

    def asked(request: Request) -> None:
        tab.asked.append(request.url)

    page.on("console", heard)
    page.on("pageerror", lambda error: tab.said.append(f"{page.url}: {error}"))
    page.on("request", asked)
    page.on("response", answered)
    return tab


@pytest.fixture(scope="module")
def playwright(server: str) -> Iterator[Playwright]:
    """Playwright itself. While it runs, no event loop can be started in this thread: the server has to be there."""
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """The browser of a file's tests."""
    program = os.environ.get("CHROMIUM") or shutil.which("chromium")
    assert program, "Chromium is needed: run `make test`, or `scripts/get-chromium`"
    running = playwright.chromium.launch(executable_path=program, args=list(_ARGUMENTS))
    yield running
    running.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser without any cookies, of somebody who speaks English."""
    made = browser.new_context(locale="en-US", viewport={"width": 1280, "height": 860})
    made.set_default_timeout(20_000)
    yield made
    made.close()


@pytest.fixture
def tab(context: BrowserContext, server: str, session: str) -> Iterator[Tab]:
    """A page of somebody who is signed in to the test's workspace; checked at the end of the test."""
    context.add_cookies([{"name": "threescore_session", "value": session, "url": server}])
    made = watch(context.new_page(), server)
    yield made
    made.check()


@pytest.fixture
def new_page(browser: Browser, server: str, session: str) -> Iterator[Callable[[str], Tab]]:
    """A function that makes a page for somebody who speaks a language, signed in to the test's workspace."""
    contexts: list[BrowserContext] = []

    def make(language: str) -> Tab:
        context = browser.new_context(locale=language.split(",")[0], extra_http_headers={"Accept-Language": language})
        contexts.append(context)
        context.add_cookies([{"name": "threescore_session", "value": session, "url": server}])
        return watch(context.new_page(), server)

    yield make
    for context in contexts:
        context.close()
