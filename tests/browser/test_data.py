"""Data: browsing, changing, importing and exporting records, all over the public API."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import httpx
from playwright.sync_api import expect

from tests.browser.conftest import Tab


def people(api: httpx.Client, count: int) -> None:
    """So many people: Ada 000, Ada 001 …"""
    names = [{"name": {"firstName": "Ada", "lastName": f"{number:03}"}, "city": "Ghent"} for number in range(count)]
    for start in range(0, count, 60):
        api.post("/rest/batch/people", json=names[start : start + 60]).raise_for_status()


def test_pages_order_search_and_filters(tab: Tab, api: httpx.Client) -> None:
    people(api, 120)
    api.post("/rest/people", json={"name": {"firstName": "Ben", "lastName": "Roth"}, "city": "Lille"})
    page = tab.open("/data/people")
    expect(page.get_by_text("121 records")).to_be_visible()
    rows = page.locator(".grid tbody tr")
    expect(rows).to_have_count(50)

    page.get_by_role("button", name="Name", exact=True).click()
    expect(rows.first).to_contain_text("Ada")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("button", name="Previous")).to_be_enabled()
    page.get_by_role("button", name="Next").click()
    expect(rows).to_have_count(21)
    page.get_by_role("button", name="Previous").click()
    expect(rows).to_have_count(50)

    page.get_by_label("Search", exact=True).fill("roth")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("Ben Roth")
    page.get_by_label("Search", exact=True).fill("")
    expect(rows).to_have_count(50)

    page.get_by_role("button", name="Filter").click()
    page.get_by_label("Field").select_option(label="City")
    page.get_by_label("Value").fill("lil")
    expect(rows).to_have_count(1)

    page.get_by_text("Columns").click()
    page.get_by_label("Phones").uncheck()
    expect(page.locator(".grid th", has_text="Phones")).to_have_count(0)


def test_a_record_from_its_creation_to_its_restoration(tab: Tab, api: httpx.Client) -> None:
    company = api.post("/rest/companies", json={"name": "Linden Works"}).json()["data"]["createCompany"]
    page = tab.open("/data/people")
    page.get_by_role("button", name="New record").click()
    page.get_by_label("Name: First name").fill("Ada")
    page.get_by_label("Name: Last name").fill("Linden")
    page.get_by_role("dialog").get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ada Linden")
    person = page.url.rsplit("/", 1)[-1]

    page.get_by_role("button", name="Edit City").click()
    page.get_by_label("City").fill("Ghent")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-field=city]")).to_contain_text("Ghent")

    page.get_by_role("button", name="Edit Company").click()
    page.get_by_role("combobox", name="Company").fill("lin")
    page.get_by_role("option", name="Linden Works").click()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-field=company]").get_by_role("link", name="Linden Works")).to_be_visible()
    kept = api.get(f"/rest/people/{person}").json()["data"]["person"]
    assert (kept["city"], kept["companyId"]) == ("Ghent", company["id"])

    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("button", name="Restore")).to_be_visible()
    assert api.get("/rest/people").json()["totalCount"] == 0
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_role("button", name="Delete")).to_be_visible()
    assert api.get("/rest/people").json()["totalCount"] == 1

    page = tab.open(f"/data/people/{person}")
    expect(page.get_by_text("City: – → Ghent")).to_be_visible()
    expect(page.get_by_text("Restored")).to_be_visible()

    page = tab.open(f"/data/companies/{company['id']}")
    expect(page.get_by_role("link", name="Ada Linden")).to_be_visible()


def test_a_cell_is_changed_in_its_place(tab: Tab, api: httpx.Client) -> None:
    people(api, 1)
    tab.expect_status(400)
    page = tab.open("/data/people")
    cell = page.locator("td[data-field=city]")
    cell.dblclick()
    cell.get_by_label("City").fill("Lille")
    cell.get_by_label("City").press("Enter")
    expect(cell).to_have_text("Lille")
    assert api.get("/rest/people").json()["data"]["people"][0]["city"] == "Lille"

    # What the API refuses is said where it was typed.
    mails = page.locator("td[data-field=emails]")
    mails.focus()
    mails.press("Enter")
    mails.get_by_label("Emails: Main address").fill("nobody@")
    mails.get_by_role("button", name="Save").click()
    expect(mails.get_by_role("alert")).to_be_visible()


def test_what_the_api_refuses_is_said_in_the_language_of_the_page(
    new_page: Callable[[str], Tab], api: httpx.Client
) -> None:
    people(api, 1)
    tab = new_page("ru-RU")
    tab.expect_status(400)
    mails = tab.open("/data/people").locator("td[data-field=emails]")
    mails.focus()
    mails.press("Enter")
    mails.locator("input").first.fill("nobody@")
    mails.locator("input").first.press("Enter")
    expect(mails.get_by_role("alert")).to_contain_text("не адрес почты для поля «emails.primaryEmail»")


def test_import_and_export(tab: Tab, api: httpx.Client, tmp_path: Path) -> None:
    rows = [["Name", "Employees", "Domain Name: Link", "Notes"]]
    rows += [[f"Company {number}", str(number), "", "x"] for number in range(100)]
    rows += [
        ["Bad", "many", "", ""],
        ["Same", "1", "https://one.example", ""],
        ["Same too", "2", "https://one.example", ""],
    ]
    file = tmp_path / "companies.csv"
    with file.open("w", newline="") as target:
        csv.writer(target).writerows(rows)
    tab.expect_status(400)
    page = tab.open("/data/companies/import")
    page.get_by_label("CSV file").set_input_files(file)
    expect(page.get_by_label("Field for the column Employees")).to_have_value("employees")
    page.get_by_label("Field for the column Domain Name: Link").select_option("domainName.primaryLinkUrl")
    expect(page.get_by_text("“many” is no number")).to_be_visible()
    page.get_by_role("button", name="Import 102 records").click()
    expect(page.get_by_role("status").filter(has_text="imported")).to_contain_text("of 102 records imported")
    expect(page.get_by_text("Row 102", exact=True)).to_be_visible()
    page.get_by_role("link", name="Show the records").click()
    tab.settle()
    assert api.get("/rest/companies").json()["totalCount"] >= 101

    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    exported = list(csv.DictReader(io.StringIO(text)))
    assert {"Company 0", "Company 99"} <= {row["name"] for row in exported}
    assert next(row for row in exported if row["name"] == "Company 7")["employees"] == "7"
