"""Data: browsing, changing, importing and exporting records, all over the public API."""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
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
    page.get_by_role("checkbox", name="Phones").uncheck()
    expect(page.locator(".grid th", has_text="Phones")).to_have_count(0)


def test_the_overview_counts_records(new_page: Callable[[str], Tab], api: httpx.Client) -> None:
    api.post("/rest/people", json={}).raise_for_status()
    page = new_page("en").open("/data")
    expect(page.get_by_role("link", name="People")).to_contain_text("1 record")
    expect(page.get_by_role("link", name="People")).not_to_contain_text("1 records")
    expect(page.get_by_role("link", name="Notes")).to_contain_text("0 records")
    expect(new_page("ru").open("/data").get_by_role("link", name="People")).to_contain_text("1 запись")


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


def test_a_cell_whose_text_is_a_link_is_changed_by_its_button(tab: Tab, api: httpx.Client) -> None:
    people(api, 1)
    page = tab.open("/data/people")
    cell = page.locator("td[data-field=name]")
    cell.hover()
    cell.get_by_role("button", name="Edit Name").click()
    cell.get_by_label("Name: First name").fill("Grace")
    cell.get_by_role("button", name="Save").click()
    expect(cell).to_have_text("Grace 000")
    assert page.url.endswith("/data/people")


def test_cells_are_reached_by_keyboard(tab: Tab, api: httpx.Client) -> None:
    people(api, 2)
    page = tab.open("/data/people")
    page.get_by_role("region", name="People").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    expect(page.locator(".grid tbody tr").nth(1).locator("td").nth(2)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Emails: Main address")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".grid tbody tr").nth(1).locator("td").nth(2)).to_be_focused()


def test_what_is_refused_in_a_new_record_is_said_beside_its_field(tab: Tab, api: httpx.Client) -> None:
    tab.expect_status(400)
    page = tab.open("/data/people")
    page.get_by_role("button", name="New record").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Emails: Main address").fill("nobody@")
    form.get_by_role("button", name="Create").click()
    expect(form.locator("[data-field=emails]").get_by_role("alert")).to_contain_text("nobody@")
    expect(form.get_by_label("Emails: Main address")).to_be_focused()
    form.get_by_label("Emails: Main address").fill("ada@linden.example")
    form.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="Fields")).to_be_visible()


def test_what_was_typed_and_not_chosen_is_not_sent(tab: Tab, api: httpx.Client) -> None:
    """The picker of a record shows what it keeps, and nothing else."""
    company = api.post("/rest/companies", json={"name": "Linden Works"}).json()["data"]["createCompany"]["id"]
    api.post("/rest/companies", json={"name": "Harbor Foods"}).raise_for_status()
    person = {"name": {"firstName": "Ada", "lastName": "Linden"}, "companyId": company}
    made = api.post("/rest/people", json=person).json()["data"]["createPerson"]["id"]
    page = tab.open(f"/data/people/{made}")
    page.get_by_role("button", name="Edit Company").click()
    picker = page.get_by_role("combobox", name="Company")
    picker.fill("Nobody at all")
    expect(page.get_by_role("option", name="Nothing found")).to_be_visible()
    picker.press("Tab")
    expect(picker).to_have_value("Linden Works")
    picker.fill("harb")
    expect(page.get_by_role("option", name="Harbor Foods")).to_be_visible()
    picker.press("Enter")
    expect(picker).to_have_value("Harbor Foods")
    picker.press("Enter")
    expect(page.locator("[data-field=company]").get_by_role("link", name="Harbor Foods")).to_be_visible()
    # The history says what people call the records, and knows of the change at once.
    expect(page.get_by_text("Company: Linden Works → Harbor Foods")).to_be_visible()


def test_what_is_shown_is_in_the_address(tab: Tab, api: httpx.Client) -> None:
    firms = [
        api.post("/rest/companies", json={"name": name}).json()["data"]["createCompany"]["id"]
        for name in ("Zenith", "Anchor")
    ]
    for number in range(12):
        person = {"name": {"firstName": "Ada", "lastName": f"{number:03}"}, "companyId": firms[number % 2]}
        api.post("/rest/people", json=person).raise_for_status()
    page = tab.open("/data/people")
    rows = page.locator(".grid tbody tr")
    # Without an order, what was made last comes first.
    expect(rows.first).to_contain_text("Ada 011")
    page.get_by_role("button", name="Company", exact=True).click()
    expect(rows.first).to_contain_text("Anchor")
    page.get_by_role("button", name="Filter").click()
    page.get_by_label("Field").select_option(label="Company")
    page.get_by_role("combobox", name="Company").fill("zen")
    page.get_by_role("option", name="Zenith").click()
    expect(rows).to_have_count(6)
    page.reload()
    tab.settle()
    expect(rows).to_have_count(6)
    expect(page.get_by_role("combobox", name="Company")).to_have_value("Zenith")
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("Company")
    page.get_by_role("button", name="Remove the filter").click()
    expect(rows).to_have_count(12)

    # A record with more related ones than fit leads to all of them.
    for number in range(12, 24):
        person = {"name": {"firstName": "Ada", "lastName": f"{number:03}"}, "companyId": firms[0]}
        api.post("/rest/people", json=person).raise_for_status()
    page = tab.open(f"/data/companies/{firms[0]}")
    page.get_by_role("link", name="Show all 18").click()
    expect(page.get_by_text("18 records")).to_be_visible()


def test_a_record_that_is_not_there(tab: Tab) -> None:
    page = tab.open("/data/people/00000000-0000-4000-8000-000000000000")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing here")
    expect(page.get_by_role("link", name="Show the records")).to_have_attribute("href", "/data/people")


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("\ufeffName,Employees\nCafé,3\n".encode(), ["Café"]),
        ("Name;Employees\nCafé;3\nBäckerei;1.234,5\n".encode("cp1252"), ["Café", "Bäckerei"]),
        ("Name\tEmployees\nКофе\t3\n".encode("utf-16"), ["Кофе"]),
        (b'Name,Employees\r\n"Linden ""and""\nSons",3\r\n\r\nTwo,4\r\n', ['Linden "and"\nSons', "Two"]),
    ],
    ids=["a mark at the beginning", "semicolons of Windows", "tabs and UTF-16", "quotes, lines, empty lines"],
)
def test_files_as_people_have_them(
    tab: Tab, api: httpx.Client, tmp_path: Path, written: bytes, names: list[str]
) -> None:
    file = tmp_path / "odd.csv"
    file.write_bytes(written)
    page = tab.open("/data/companies/import")
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_role("button", name=re.compile("^Import")).click()
    expect(page.get_by_role("link", name="Show the records")).to_be_visible()
    found = api.get("/rest/companies").json()["data"]["companies"]
    assert sorted(company["name"] for company in found) == sorted(names)
    assert {company["employees"] for company in found} <= {3, 4, 1234.5}


def test_what_is_wrong_in_a_file_is_said_before_anything_is_written(
    tab: Tab, api: httpx.Client, tmp_path: Path
) -> None:
    for name in ("Linden Works", "Twin", "Twin"):
        api.post("/rest/companies", json={"name": name}).raise_for_status()
    rows = [
        ["Name", "Company", "Amount", "Close date", "Extra"],
        ["Good", "Linden Works", "€ 1 250,50", "2026-03-01", ""],
        ["Nobody", "No such firm", "1", "2026-03-01", ""],
        ["Two", "Twin", "1", "2026-03-01", ""],
        ["Comma", "", "1,234", "2026-03-01", ""],
        ["Day", "", "1", "03/04/2026", ""],
        ["Long", "", "1", "2026-03-01", "", "more"],
    ]
    file = tmp_path / "deals.csv"
    with file.open("w", newline="") as target:
        csv.writer(target).writerows(rows)
    page = tab.open("/data/opportunities/import")
    page.get_by_label("CSV file").set_input_files(file)
    for problem in (
        "“No such firm” is none of Companies",
        "“Twin” are several of Companies",
        "“1,234” can be read in two ways",
        "“03/04/2026” is no moment",
        "There are more cells than columns",
    ):
        expect(page.get_by_role("cell", name=problem)).to_be_visible()
    expect(page.get_by_label("Field for the column Amount")).to_have_value("amount.amount")
    page.get_by_label("Field for the column Extra").select_option("name")
    expect(page.get_by_text("Two columns go into “Name”")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Import"))).to_be_disabled()
    page.get_by_label("Field for the column Extra").select_option("")
    page.get_by_role("button", name="Import 1 record").click()
    expect(page.get_by_text("5 rows were not imported")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download these rows").click()
    kept = list(csv.reader(io.StringIO(download.value.path().read_text(encoding="utf-8-sig"))))
    assert [row[0] for row in kept] == ["Name", "Nobody", "Two", "Comma", "Day", "Long"]
    [deal] = api.get("/rest/opportunities?depth=1").json()["data"]["opportunities"]
    assert (deal["name"], deal["company"]["name"]) == ("Good", "Linden Works")
    assert float(deal["amount"]["amountMicros"]) == 1_250_500_000


def test_what_is_exported_can_be_imported_again(tab: Tab, api: httpx.Client, tmp_path: Path) -> None:
    """With every part of composite values, texts that look like formulas, and ids."""
    company = api.post("/rest/companies", json={"name": "Linden Works"}).json()["data"]["createCompany"]["id"]
    person = {
        "name": {"firstName": "Ada", "lastName": "=Linden"},
        "emails": {"primaryEmail": "ada@linden.example", "additionalEmails": ["a@linden.example", "b@linden.example"]},
        "phones": {"primaryPhoneNumber": "92253641", "primaryPhoneCallingCode": "+32", "primaryPhoneCountryCode": "BE"},
        "linkedinLink": {"primaryLinkUrl": "https://linden.example", "primaryLinkLabel": "Ada; at work"},
        "jobTitle": "-Buyer, chief",
        "companyId": company,
    }
    made = api.post("/rest/people", json=person).json()["data"]["createPerson"]["id"]

    def present() -> dict[str, object]:
        found = api.get(f"/rest/people/{made}").json()["data"]["person"]
        return {name: found[name] for name in person}

    before = present()
    page = tab.open("/data/people")
    page.get_by_text("Columns").click()
    page.get_by_label("Id", exact=True).check()
    tab.settle()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    file = tmp_path / "people.csv"
    download.value.save_as(file)
    api.patch(f"/rest/people/{made}", json={"jobTitle": "", "companyId": None, "emails": {"additionalEmails": []}})
    assert present() != before

    page = tab.open("/data/people/import")
    page.get_by_label("CSV file").set_input_files(file)
    expect(page.get_by_text("All rows look right.")).to_be_visible()
    page.get_by_role("button", name="Import 1 record").click()
    expect(page.get_by_role("link", name="Show the records")).to_be_visible()
    assert present() == before
    assert api.get("/rest/people").json()["totalCount"] == 1


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
