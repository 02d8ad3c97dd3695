"""Settings → Data model: objects, fields of every type, relations, the diagram."""

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Tab
from threescore.model.fields import TYPES

CREATABLE = sorted(name for name, kind in TYPES.items() if kind.creatable)


def new_object(tab: Tab, singular: str, plural: str) -> Page:
    page = tab.open("/settings/model/-/new-object")
    page.get_by_label("Name, singular").fill(singular)
    page.get_by_label("Name, plural").fill(plural)
    page.get_by_role("button", name="Create object").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(plural)
    return page


def test_an_object_is_made_changed_taken_out_of_use_and_deleted(tab: Tab, api: httpx.Client) -> None:
    page = new_object(tab, "Machine", "Machines")
    expect(page.get_by_text("Machines can be used now, over every API.")).to_be_visible()
    assert api.get("/rest/machines").json()["totalCount"] == 0

    page.get_by_role("link", name="Settings", exact=True).click()
    page.get_by_label("Name, plural").fill("Fine machines")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Fine machines")

    page.get_by_role("button", name="Take out of use").click()
    expect(page.locator("#inactive")).to_contain_text("Fine machines")
    page.get_by_role("link", name="Fine machines").click()
    page.get_by_role("link", name="Settings", exact=True).click()
    page.get_by_role("button", name="Use again").click()

    page.get_by_role("link", name="Fine machines").click()
    page.get_by_role("link", name="Settings", exact=True).click()
    page.get_by_role("button", name="Delete the object").click()
    delete = page.get_by_role("dialog").get_by_role("button", name="Delete")
    expect(delete).to_be_disabled()
    page.get_by_label("Type “machines” to confirm").fill("machines")
    delete.click()
    expect(page.get_by_text("Fine machines is deleted.")).to_be_visible()
    assert api.get("/rest/machines").status_code == 400


def test_what_is_wrong_stands_beside_the_input(tab: Tab) -> None:
    tab.expect_status(422)
    page = tab.open("/settings/model/-/new-object")
    page.get_by_label("Name, singular").fill("Company")
    page.get_by_label("Name, plural").fill("Companies")
    page.get_by_role("button", name="Create object").click()
    expect(page.locator("#name_singular-problem1")).to_contain_text("Object already exists")
    assert page.get_by_label("Name, singular").input_value() == "Company"

    page = tab.open("/settings/model/company/-/new-field?type=TEXT")
    page.get_by_label("Label", exact=True).fill("Name")
    page.get_by_role("button", name="Create field").click()
    expect(page.locator("#name-problem1")).to_contain_text('"name" is not available')

    page = tab.open("/settings/model/company/-/new-field?type=SELECT")
    page.get_by_label("Label", exact=True).fill("Mood")
    page.get_by_label("Value in the APIs").first.fill("not upper case")
    page.get_by_role("button", name="Create field").click()
    expect(page.locator("#options-problem1")).to_contain_text("UPPER_CASE")


@pytest.mark.parametrize("kind", CREATABLE)
def test_a_field_of_every_type(tab: Tab, api: httpx.Client, kind: str) -> None:
    page = tab.open(f"/settings/model/company/-/new-field?type={kind}")
    page.get_by_label("Label", exact=True).fill("Special thing")
    expect(page.locator("#preview")).to_contain_text("Special thing")
    if kind in ("SELECT", "MULTI_SELECT"):
        for place, label in enumerate(("First choice", "Second")):
            page.locator("[data-option-label]").nth(place).fill(label)
        expect(page.locator("#preview")).to_contain_text("First choice")
    if kind == "RELATION":
        page.get_by_label("To the object").select_option(label="People")
    if kind == "MORPH_RELATION":
        page.get_by_label("People", exact=True).check()
        page.get_by_label("Opportunities", exact=True).check()
    if TYPES[kind].name in ("RELATION", "MORPH_RELATION"):
        page.get_by_label("Label of the other side").fill("Special companies")
    page.get_by_role("button", name="Create field").click()
    expect(page.get_by_text("The field “Special thing” can be used now.")).to_be_visible()

    [company] = [
        item
        for item in api.get("/rest/metadata/objects?limit=1000").json()["data"]
        if item["nameSingular"] == "company"
    ]
    made = [field for field in company["fields"] if field["label"] == "Special thing"]
    assert {field["type"] for field in made} == {kind}
    assert len(made) == (2 if kind == "MORPH_RELATION" else 1)
    if kind == "SELECT":
        assert [option["value"] for option in made[0]["options"]] == ["FIRST_CHOICE", "SECOND"]

    # What was made can be opened, and saved as it is.
    page = tab.open(f"/settings/model/company/{made[0]['name']}")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved")).to_be_visible()


def test_a_field_is_changed_and_deleted(tab: Tab, api: httpx.Client) -> None:
    page = new_object(tab, "Machine", "Machines")
    page.get_by_role("link", name="New field").click()
    page.get_by_role("link", name=re.compile("^Number")).click()
    page.get_by_label("Label", exact=True).fill("Power in kW")
    expect(page.get_by_label("Name in the APIs")).to_have_value("powerInKw")
    page.get_by_label("Digits").select_option("int")
    page.get_by_label("Shown as").select_option("shortNumber")
    page.get_by_label("New records have").fill("11")
    page.get_by_role("button", name="Create field").click()
    page.get_by_role("link", name="Power in kW").click()
    expect(page.get_by_label("New records have")).to_have_value("11")
    assert api.post("/rest/machines", json={"name": "Lathe"}).json()["data"]["createMachine"]["powerInKw"] == 11

    page.get_by_label("New records have").fill("")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("New records have")).to_have_value("")
    page.get_by_role("button", name="Delete the field").click()
    page.get_by_label("Type “powerInKw” to confirm").fill("powerInKw")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("The field “Power in kW” is deleted.")).to_be_visible()


def test_the_diagram_zooms_and_can_be_taken_along(tab: Tab) -> None:
    page = tab.open("/settings/model-diagram")
    svg = page.locator(".diagram svg")
    whole = svg.get_attribute("viewBox")
    page.get_by_role("button", name="Zoom in").click()
    assert svg.get_attribute("viewBox") != whole
    page.get_by_role("button", name="Show all").click()
    assert svg.get_attribute("viewBox") is not None
    page.locator(".diagram").press("ArrowRight")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export as SVG").click()
    text = download.value.path().read_text()
    assert text.startswith("<svg xmlns=")
    assert "Company" in text
