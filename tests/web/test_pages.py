"""What the pages do with what is sent to them, without a browser."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest


@pytest.fixture
def pages(server: str, session: str) -> Iterator[httpx.Client]:
    """A client that sends forms as a page of the server's own does, for an administrator of the test's workspace."""
    headers = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
    with httpx.Client(base_url=server, cookies={"threescore_session": session}, headers=headers, timeout=30) as client:
        yield client


def graphql(api: httpx.Client, query: str, **variables: object) -> Any:
    answer = api.post("/metadata", json={"query": query, "variables": variables}).json()
    assert "errors" not in answer, answer
    return answer["data"]


def objects(api: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get("/rest/metadata/objects?limit=1000").json()["data"]
    return found


def test_rights_that_the_form_does_not_show_are_kept(pages: httpx.Client, api: httpx.Client) -> None:
    """A system object is not on the form: what a role says about it stays when the form is saved."""
    roles = graphql(api, "{ getRoles { id label } }")["getRoles"]
    role = next(item["id"] for item in roles if item["label"] == "Member")
    made = objects(api)
    company = next(item["id"] for item in made if item["nameSingular"] == "company")
    hidden = next(item["id"] for item in made if item["isSystem"])
    graphql(
        api,
        "mutation ($input: UpsertObjectPermissionsInput!) {"
        " upsertObjectPermissions(upsertObjectPermissionsInput: $input) { objectMetadataId } }",
        input={"roleId": role, "objectPermissions": [{"objectMetadataId": hidden, "canReadObjectRecords": False}]},
    )
    form = {f"canReadObjectRecords:{company}": "no", "canReadObjectRecords:nonsense": "yes"}
    assert pages.post(f"/settings/roles/{role}/objects", data=form).status_code == 303
    said = graphql(api, "{ getRoles { id objectPermissions { objectMetadataId canReadObjectRecords } } }")["getRoles"]
    [rights] = [item["objectPermissions"] for item in said if item["id"] == role]
    assert {item["objectMetadataId"]: item["canReadObjectRecords"] for item in rights} == {
        company: False,
        hidden: False,
    }


def test_a_new_token_lives_as_long_as_was_chosen(pages: httpx.Client, api: httpx.Client) -> None:
    """Of the key's age, nothing is added to it; and no key lives for ever by mistake."""
    roles = graphql(api, "{ getRoles { id canBeAssignedToApiKeys } }")["getRoles"]
    role = next(item["id"] for item in roles if item["canBeAssignedToApiKeys"])
    made = pages.post("/settings/api/keys/new", data={"name": "Monthly", "role": role, "days": "30"})
    assert made.status_code == 200
    [key] = [item for item in api.get("/rest/metadata/apiKeys").json()["data"] if item["name"] == "Monthly"]
    path = f"/settings/api/keys/{key['id']}"
    assert '<option value="30" selected>' in pages.get(path).text
    for days in (15, 30):
        assert pages.post(f"{path}/regenerate", data={"typed": "yes", "days": str(days)}).status_code == 200
        [renewed] = [item for item in api.get("/rest/metadata/apiKeys").json()["data"] if item["id"] == key["id"]]
        left = datetime.fromisoformat(renewed["expiresAt"]) - datetime.now(UTC)
        assert timedelta(days=days - 1) < left <= timedelta(days=days)
    for wrong in ("", "abc", "31", "9" * 5000):
        refused = pages.post("/settings/api/keys/new", data={"name": "Forever", "role": role, "days": wrong})
        assert refused.status_code == 422
        assert pages.post(f"{path}/regenerate", data={"typed": "yes", "days": wrong}).status_code == 400
    assert [item for item in api.get("/rest/metadata/apiKeys").json()["data"] if item["name"] == "Forever"] == []


def test_a_form_that_cannot_be_read(pages: httpx.Client) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    refused = pages.post("/settings/workspace", content=b"name=\xff", headers=headers)
    assert refused.status_code == 400
    assert "UTF-8" in refused.text
    field = {"type": "NUMBER", "label": "Deep", "name": "deep", "default": "[" * 100_000}
    refused = pages.post("/settings/model/company/-/new-field", data=field)
    assert refused.status_code == 422
    assert 'id="default-problem1"' in refused.text


def test_names_follow_labels_of_any_script(pages: httpx.Client, api: httpx.Client) -> None:
    """Where no name is given: a browser's script knows Latin letters only."""
    option = {"option_id": "", "option_label": "В работе", "option_value": "", "option_color": "blue"}
    for label in ("Сумма", "3D model"):
        field = {"type": "SELECT", "label": label, "name": "", **option}
        assert pages.post("/settings/model/company/-/new-field", data=field).status_code == 303
    [company] = [item for item in objects(api) if item["nameSingular"] == "company"]
    made = {item["name"]: item["options"] for item in company["fields"] if item["label"] in ("Сумма", "3D model")}
    assert made.keys() == {"summa", "n3DModel"}
    assert [option["value"] for option in made["summa"]] == ["V_RABOTE"]


def test_no_message_is_lost(pages: httpx.Client) -> None:
    """What is about no input of the form stands above it."""
    field = {"type": "MORPH_RELATION", "label": "Backs", "name": "backs", "target_label": "x"}
    for more in ({}, {"targets": "nonsense"}, {"relation_type": "nonsense"}):
        refused = pages.post("/settings/model/company/-/new-field", data=field | more)
        assert refused.status_code == 422
        assert re.search(r'class="problem"|role="alert"', refused.text), more
