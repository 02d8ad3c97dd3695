"""First run: the one-time link, the name of the workspace, the first call; signing out and in; keys; members."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import Tab, watch
from tests.support import serving


def test_from_a_new_server_to_the_first_call(context: BrowserContext) -> None:
    with tempfile.TemporaryDirectory(prefix="threescore-first-") as directory:
        Path(directory).chmod(0o755)
        with serving(THREESCORE_DATA_DIR=f"{directory}/new", THREESCORE_WORKERS="1") as running:
            link = re.search(r"^(\S+/welcome\?token=\S+)$", running.said(), re.MULTILINE)
            assert link, running.said()
            tab = watch(context.new_page(), running.url)
            page = tab.page
            page.goto(running.url)
            expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")

            page.goto(running.url + "/welcome?" + link[1].partition("?")[2])
            expect(page.get_by_role("heading", level=1)).to_have_text("Welcome")
            page.get_by_label("E-mail address").fill("ada@linden.example")
            page.get_by_label("Password").fill("a long enough password")
            page.get_by_role("button", name="Go on").click()
            page.get_by_label("Name").fill("Linden Works")
            page.get_by_role("button", name="Go on").click()
            expect(page.get_by_text("Welcome to Linden Works.")).to_be_visible()
            expect(page.get_by_role("heading", level=1)).to_have_text("Your API is ready")
            example = page.locator("#first-curl-code").inner_text()
            assert f"{running.url}/rest/companies" in example

            page.get_by_role("link", name="Create an API key").click()
            page.get_by_label("Name").fill("Nightly import")
            page.get_by_role("button", name="Create key").click()
            token = page.get_by_label("Token", exact=True).input_value()
            for call in (example.replace("YOUR_API_KEY", token), page.locator("#call-curl-code").inner_text()):
                answer = subprocess.run(call, shell=True, check=True, capture_output=True, text=True).stdout
                assert '"companies":[' in answer
            # Made with the token, the examples run as they stand.
            python = page.locator("#call-python-code").text_content() or ""
            answer = subprocess.run([sys.executable, "-c", python], check=True, capture_output=True, text=True).stdout
            assert '"companies": [' in answer
            script = Path(directory) / "call.mjs"
            script.write_text(page.locator("#call-javascript-code").text_content() or "")
            answer = subprocess.run(["node", script], check=True, capture_output=True, text=True).stdout
            assert '"companies": [' in answer
            page.reload()
            assert page.get_by_label("Token", exact=True).count() == 0

            page.get_by_role("button", name="Sign out").click()
            expect(page.get_by_text("You are signed out.")).to_be_visible()
            page.goto(f"{running.url}/settings/model")
            tab.expect_status(403)
            page.get_by_label("E-mail address").fill("ada@linden.example")
            page.get_by_label("Password").fill("not the password")
            page.get_by_role("button", name="Sign in").click()
            expect(page.locator("#password-problem1")).to_be_visible()
            page.get_by_label("Password").fill("a long enough password")
            page.get_by_role("button", name="Sign in").click()
            expect(page.get_by_role("heading", level=1)).to_have_text("Data model")
            # The link was good once.
            other = httpx.get(running.url + "/welcome?" + link[1].partition("?")[2])
            assert other.status_code == 403
            tab.check()


def test_keys_are_made_renewed_and_revoked(tab: Tab, server: str) -> None:
    def status(token: str) -> int:
        return httpx.get(f"{server}/rest/companies", headers={"Authorization": f"Bearer {token}"}).status_code

    page = tab.open("/settings/api/keys/new")
    page.get_by_label("Name").fill("Nightly")
    page.get_by_label("Expires after").select_option(label="30 days")
    page.get_by_role("button", name="Create key").click()
    first = page.get_by_label("Token", exact=True).input_value()
    assert status(first) == 200

    page.get_by_role("button", name="New token").click()
    page.get_by_label("Type “yes” to confirm").first.fill("yes")
    page.get_by_role("button", name="Make a new token").click()
    second = page.get_by_label("Token", exact=True).input_value()
    assert (status(first), status(second)) == (403, 200)

    page.get_by_role("button", name="Revoke the key").click()
    page.get_by_role("dialog").get_by_label("Type “yes” to confirm").fill("yes")
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("is revoked")).to_be_visible()
    assert status(second) == 403


def test_a_role_is_made_and_invitations_are_sent(tab: Tab) -> None:
    page = tab.open("/settings/roles/new")
    page.get_by_label("Name").fill("Readers")
    page.get_by_label("Read", exact=True).check()
    page.get_by_label("Members", exact=True).check()
    page.get_by_role("button", name="Create role").click()
    page.get_by_label("Companies: Read").select_option("no")
    page.locator("form[action$=objects]").get_by_role("button", name="Save").click()
    expect(page.get_by_label("Companies: Read")).to_have_value("no")

    page = tab.open("/settings/members")
    page.get_by_label("E-mail addresses").fill("ben@linden.example, chiara@linden.example")
    page.get_by_label("Role", exact=True).select_option(label="Readers")
    page.get_by_role("button", name="Send invitations").click()
    expect(page.get_by_text("ben@linden.example")).to_be_visible()
    page.get_by_role("button", name="Take back").first.click()
    expect(page.get_by_text("The invitation is taken back.")).to_be_visible()
