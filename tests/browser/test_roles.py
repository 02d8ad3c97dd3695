"""Settings → Roles, as a person uses them: what a role says about fields and records of one object."""

import re

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SCREENSHOTS, Tab
from tests.browser.test_every_page import graphql


@pytest.fixture
def role(api: httpx.Client) -> str:
    """A role that sees and changes all records."""
    made = graphql(
        api,
        "mutation ($input: CreateRoleInput!) { createOneRole(createRoleInput: $input) { id } }",
        input={"label": "Sales", "canReadAllObjectRecords": True, "canUpdateAllObjectRecords": True},
    )
    return str(made["createOneRole"]["id"])


def test_fields_and_records_of_an_object(tab: Tab, role: str) -> None:
    page = tab.open(f"/settings/roles/{role}")
    page.get_by_role("link", name="Companies").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Companies")

    # A mistake in the rule is told beside the input, which keeps what was written.
    tab.expect_status(422)
    rule = page.get_by_label("Rule", exact=True)
    rule.fill("staff[lt]:100")
    page.get_by_role("form", name="Which records").get_by_role("button", name="Save").click()
    expect(rule).to_have_attribute("aria-invalid", "true")
    expect(rule).to_have_value("staff[lt]:100")
    expect(rule).to_have_accessible_description(re.compile('^Object company doesn\'t have any "staff" field'))
    page.get_by_text("How a rule is written").click()
    SCREENSHOTS.mkdir(exist_ok=True)
    for theme, width in (("light", 1280), ("dark", 375)):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        page.set_viewport_size({"width": width, "height": 860})
        page.screenshot(path=SCREENSHOTS / f"role-object-refused-{theme}.png")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.set_viewport_size({"width": 1280, "height": 860})

    rule.fill("or(accountOwnerId[eq]:me,employees[lt]:100)")
    # By the keyboard alone: out of the input, past the help and its link, to the button.
    page.get_by_role("form", name="Which records").get_by_role("button", name="Save").press("Enter")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    expect(rule).to_have_value("or(accountOwnerId[eq]:me,employees[lt]:100)")

    page.get_by_label("Employees: Write").select_option(label="No")
    page.get_by_role("form", name="Single fields").get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    expect(page.get_by_label("Employees: Write")).to_have_value("no")
    expect(page.get_by_label("Employees: Read")).to_have_value("")
    expect(rule).to_have_value("or(accountOwnerId[eq]:me,employees[lt]:100)")

    page.get_by_role("link", name="Sales").click()
    companies = page.get_by_role("row", name="Companies")
    expect(companies).to_contain_text("1 field")
    expect(companies).to_contain_text("Some records")
