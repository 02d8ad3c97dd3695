"""What the pages do with what is sent to them, without a browser."""

import html
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from anyio.from_thread import BlockingPortal

from threescore.access.flags import FLAGS
from threescore.catalog.changes.options import COLORS
from threescore.catalog.workspaces import Workspace
from threescore.db.pool import Database
from threescore.records.caller import NO_PERMISSION
from threescore.rest.grammar.filter import COMPARATORS
from threescore.web.colors import color_names
from threescore.web.flag_texts import flag_texts
from threescore.web.language import speak
from threescore.web.refusal_texts import OF_ALL, OF_FILTERS, OF_ROLES, TEMPLATES
from threescore.web.refusals import translated


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


def test_pages_of_keys_ask_for_what_the_api_asks(
    pages: httpx.Client, api: httpx.Client, workspace: Workspace, portal: BlockingPortal, shared_db: Database
) -> None:
    """Making a key and giving it a role takes the right to give roles, too."""
    roles = {item["label"]: item["id"] for item in graphql(api, "{ getRoles { id label } }")["getRoles"]}
    role = graphql(
        api,
        "mutation ($input: CreateRoleInput!) { createOneRole(createRoleInput: $input) { id } }",
        input={"label": "Keys", **{f"can{right}AllObjectRecords": True for right in ("Read", "Update")}},
    )["createOneRole"]["id"]
    graphql(
        api,
        "mutation ($input: UpsertPermissionFlagsInput!) {"
        " upsertPermissionFlags(upsertPermissionFlagsInput: $input) { id } }",
        input={"roleId": role, "permissionFlagKeys": ["API_KEYS_AND_WEBHOOKS"]},
    )
    form = {"name": "Of an administrator", "role": role, "days": "30"}
    made = pages.post("/settings/api/keys/new", data=form)
    assert made.status_code == 200
    key_id = graphql(api, "{ apiKeys { id name } }")["apiKeys"][-1]["id"]

    sql = "UPDATE threescore.membership SET role_id = $1 WHERE workspace_id = $2"
    portal.call(shared_db.execute, sql, UUID(role), workspace.id)
    portal.call(shared_db.execute, f'UPDATE "{workspace.schema}"._state SET access = access + 1')
    assert pages.get("/settings/api").status_code == 200
    assert pages.get("/settings/api/keys/new").status_code == 403
    assert pages.post("/settings/api/keys/new", data={**form, "name": "More"}).status_code == 422
    assert pages.post(f"/settings/api/keys/{key_id}", data={"name": "Renamed", "role": role}).status_code == 303
    other = {"name": "Renamed", "role": roles["Admin"]}
    assert pages.post(f"/settings/api/keys/{key_id}", data=other).status_code == 422
    found = graphql(api, "{ apiKeys { name role { id } } }")["apiKeys"]
    assert [(item["name"], item["role"]["id"]) for item in found if item["name"] != "Tests"] == [("Renamed", role)]


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


@pytest.mark.parametrize("sent", ["", "currency"], ids=["left empty", "filled in by the page"])
def test_labels_whose_names_are_reserved_can_be_used(pages: httpx.Client, api: httpx.Client, sent: str) -> None:
    """As the rules for names from labels have it; a name that somebody wrote by hand is refused as it was."""
    form = {"label": "Currency", "name": sent, "type": "TEXT"}
    assert pages.post("/settings/model/company/-/new-field", data=form).status_code == 303
    [company] = [item for item in objects(api) if item["nameSingular"] == "company"]
    assert "currencyCustom" in [field["name"] for field in company["fields"]]
    form = {"label": "Money", "name": "currency", "type": "TEXT"}
    answer = pages.post("/settings/model/company/-/new-field", data=form)
    assert answer.status_code == 422
    assert "This name is reserved" in answer.text

    names = {"name_singular": "event", "name_plural": "events"} if sent else {}
    form = {"label_singular": "Event", "label_plural": "Events", **names}
    assert pages.post("/settings/model/-/new-object", data=form).status_code == 303
    assert ("eventCustom", "eventsCustom") in [(item["nameSingular"], item["namePlural"]) for item in objects(api)]


@pytest.mark.parametrize(
    ("kind", "default", "stored"),
    [("SELECT", "Very cold", "'VERY_COLD'"), ("SELECT", "HOT", "'HOT'"), ("MULTI_SELECT", "Hot, VERY_COLD", None)],
)
def test_the_option_of_new_records_is_named_by_its_label(
    pages: httpx.Client, api: httpx.Client, kind: str, default: str, stored: str | None
) -> None:
    options = {
        "option_id": ["", ""],
        "option_label": ["Hot", "Very cold"],
        "option_value": ["", ""],
        "option_color": ["red", "blue"],
    }
    form = {"label": "Heat", "name": "heat", "type": kind, "default": default, **options}
    assert pages.post("/settings/model/company/-/new-field", data=form).status_code == 303
    [company] = [item for item in objects(api) if item["nameSingular"] == "company"]
    [field] = [field for field in company["fields"] if field["name"] == "heat"]
    assert field["defaultValue"] == (stored or ["'HOT'", "'VERY_COLD'"])


def test_flags_and_colours_have_words_of_the_pages(pages: httpx.Client, api: httpx.Client) -> None:
    """As many as there are; and they are what the visitor reads, in the visitor's language."""
    speak("en")
    assert {key: (flag.label, flag.description) for key, flag in FLAGS.items()} == flag_texts()
    assert {color for color, _name in color_names()} == COLORS
    roles = graphql(api, "{ getRoles { id label } }")["getRoles"]
    role = next(item["id"] for item in roles if item["label"] == "Member")
    russian = {"Accept-Language": "ru"}
    page = html.unescape(pages.get(f"/settings/roles/{role}", headers=russian).text)
    assert "Управлять рабочими процессами" in page
    assert [flag.label for flag in FLAGS.values() if flag.label != "AI" and f">{flag.label}</label>" in page] == []
    assert ">Бирюзовый</option>" in pages.get("/settings/model/company/-/new-field?type=SELECT", headers=russian).text


def test_plural_names_are_others_than_singular_ones(pages: httpx.Client, api: httpx.Client) -> None:
    """As on the command line, where the labels are alike."""
    for singular, plural in (("Sheep", "Sheep"), ("Деталь", "Детали")):
        form = {"label_singular": singular, "label_plural": plural, "name_singular": "", "name_plural": ""}
        assert pages.post("/settings/model/-/new-object", data=form).status_code == 303
    made = {item["nameSingular"]: item["namePlural"] for item in objects(api) if item["isCustom"]}
    assert made == {"sheep": "sheeps", "detal": "detali"}


def test_no_message_is_lost(pages: httpx.Client) -> None:
    """What is about no input of the form stands above it."""
    field = {"type": "MORPH_RELATION", "label": "Backs", "name": "backs", "target_label": "x"}
    for more in ({}, {"targets": "nonsense"}, {"relation_type": "nonsense"}):
        refused = pages.post("/settings/model/company/-/new-field", data=field | more)
        assert refused.status_code == 422
        assert re.search(r'class="problem"|role="alert"', refused.text), more


@pytest.fixture
def role(api: httpx.Client) -> str:
    """A role that sees and changes all records."""
    rights = ("canReadAllObjectRecords", "canUpdateAllObjectRecords")
    made = graphql(
        api,
        "mutation ($input: CreateRoleInput!) { createOneRole(createRoleInput: $input) { id } }",
        input={"label": "Sales", **dict.fromkeys(rights, True)},
    )
    return str(made["createOneRole"]["id"])


def said_of(api: httpx.Client, role: str) -> dict[str, Any]:
    """What a role says about fields and records."""
    found: dict[str, Any] = graphql(
        api,
        "query ($id: UUID!) { getRole(id: $id) {"
        " fieldPermissions { fieldMetadataId canReadFieldValue canUpdateFieldValue }"
        " rowRules { objectMetadataId filter problem } rowLevelPermissionPredicates { operand value } } }",
        id=role,
    )["getRole"]
    return found


def company_of(api: httpx.Client) -> tuple[str, dict[str, str]]:
    """The id of the object for companies, and those of its fields."""
    [company] = [item for item in objects(api) if item["nameSingular"] == "company"]
    return company["id"], {field["name"]: field["id"] for field in company["fields"]}


def rule_on(page: httpx.Response) -> str:
    """The text in the input for a rule."""
    found = re.search(r"<textarea id=\"rule\"[^>]*>\n?(.*?)</textarea>", page.text, re.DOTALL)
    assert found
    return html.unescape(found[1])


def test_rights_to_fields(pages: httpx.Client, api: httpx.Client, role: str) -> None:
    """Those that the form does not show, or does not hold, stay as they were."""
    company, fields = company_of(api)
    person = next(item for item in objects(api) if item["nameSingular"] == "person")
    city = next(field["id"] for field in person["fields"] if field["name"] == "city")
    kept = [
        {"objectMetadataId": company, "fieldMetadataId": fields["searchVector"], "canReadFieldValue": False},
        {"objectMetadataId": company, "fieldMetadataId": fields["employees"], "canUpdateFieldValue": False},
        {"objectMetadataId": person["id"], "fieldMetadataId": city, "canReadFieldValue": False},
    ]
    graphql(
        api,
        "mutation ($input: UpsertFieldPermissionsInput!) {"
        " upsertFieldPermissions(upsertFieldPermissionsInput: $input) { id } }",
        input={"roleId": role, "fieldPermissions": kept},
    )
    path = f"/settings/roles/{role}/objects/company"
    shown = pages.get(path)
    assert fields["name"] in shown.text
    assert fields["createdAt"] not in shown.text
    assert fields["searchVector"] not in shown.text
    of_role = pages.get(f"/settings/roles/{role}").text
    assert [of_role.count(f">{text}<") for text in ("1 field", "2 fields")] == [1, 1]

    form = {f"canReadFieldValue:{fields['name']}": "no", f"canUpdateFieldValue:{fields['linkedinLink']}": "no"}
    assert pages.post(path, data=form).status_code == 303
    said = {item.pop("fieldMetadataId"): item for item in said_of(api, role)["fieldPermissions"]}
    assert said == {
        fields["searchVector"]: {"canReadFieldValue": False, "canUpdateFieldValue": None},
        fields["employees"]: {"canReadFieldValue": None, "canUpdateFieldValue": False},
        city: {"canReadFieldValue": False, "canUpdateFieldValue": None},
        fields["name"]: {"canReadFieldValue": False, "canUpdateFieldValue": None},
        fields["linkedinLink"]: {"canReadFieldValue": None, "canUpdateFieldValue": False},
    }
    assert pages.post(path, data={f"canReadFieldValue:{fields['name']}": ""}).status_code == 303
    assert fields["name"] not in [item["fieldMetadataId"] for item in said_of(api, role)["fieldPermissions"]]
    # Nothing is given by way of a field.
    assert pages.post(path, data={f"canReadFieldValue:{fields['name']}": "yes"}).status_code == 400


@pytest.mark.parametrize(
    ("text", "filter"),
    [
        ("accountOwnerId[eq]:me", {"accountOwnerId": {"eq": "me"}}),
        (
            'or(employees[lt]:100,name[in]:["A, B",C])',
            {"or": [{"employees": {"lt": "100"}}, {"name": {"in": ["A, B", "C"]}}]},
        ),
        ('{"people": {"or": [{"city": {"eq": "Rome"}}]}}', {"people": {"or": [{"city": {"eq": "Rome"}}]}}),
    ],
)
def test_a_row_rule(pages: httpx.Client, api: httpx.Client, role: str, text: str, filter: dict[str, Any]) -> None:
    """What is saved is shown, and saved again it is the same."""
    path = f"/settings/roles/{role}/objects/company"
    assert rule_on(pages.get(path)) == ""
    assert pages.post(path, data={"rule": text}).status_code == 303
    [rule] = said_of(api, role)["rowRules"]
    assert (rule["filter"], rule["problem"]) == (filter, None)
    shown = rule_on(pages.get(path))
    assert shown.split() == text.split() or json.loads(shown) == filter
    # As browsers send it.
    assert pages.post(path, data={"rule": shown.replace("\n", "\r\n")}).status_code == 303
    assert said_of(api, role)["rowRules"] == [rule]
    assert "Some records" in pages.get(f"/settings/roles/{role}").text
    assert pages.post(path, data={"rule": " "}).status_code == 303
    assert said_of(api, role)["rowRules"] == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("employees", "&#39;filter&#39; invalid for &#39;employees&#39;"),
        ("or(employees[gt]:1", "1 close bracket is missing"),
        ("staff[gt]:1", "doesn&#39;t have any &#34;staff&#34; field"),
        ("employees[gt]:many", "Invalid number value"),
        ("accountOwnerId[neq]:me", "me"),
        ('{"employees": {"gt": 1}', "must be JSON"),
        ("{" * 100_000, "must be JSON"),
        ('{"or": []}', "must hold a condition"),
        ("name[eq]:a\x00b", ""),
        ('{"name": {"eq": "\\u0000"}}', "must be JSON"),
    ],
)
def test_a_row_rule_that_is_none(pages: httpx.Client, api: httpx.Client, role: str, text: str, message: str) -> None:
    """What is wrong stands beside the input, what was written in it; the rule that there was stays."""
    path = f"/settings/roles/{role}/objects/company"
    assert pages.post(path, data={"rule": "employees[gt]:1"}).status_code == 303
    refused = pages.post(path, data={"rule": text})
    assert refused.status_code == 422
    problem = re.search(r'id="rule-problem1">(.*?)</p>', refused.text, re.DOTALL)
    assert problem
    assert message in problem[1]
    assert 'aria-describedby="rule-problem1 rule-help"' in refused.text
    if "\x00" not in text:
        assert rule_on(refused) == text
    assert [rule["filter"] for rule in said_of(api, role)["rowRules"]] == [{"employees": {"gt": "1"}}]


def test_a_rule_made_elsewhere_stays_as_it_is(pages: httpx.Client, api: httpx.Client, role: str) -> None:
    """Its numbers, its predicates: the page shows them in its own words, which are not a change."""
    company, fields = company_of(api)
    graphql(
        api,
        "mutation ($input: UpsertRowLevelPermissionPredicatesInput!) {"
        " upsertRowLevelPermissionPredicates(input: $input) { predicates { id } } }",
        input={
            "roleId": role,
            "objectMetadataId": company,
            "predicates": [{"fieldMetadataId": fields["employees"], "operand": "GREATER_THAN_OR_EQUAL", "value": 100}],
            "predicateGroups": [],
        },
    )
    before = said_of(api, role)
    path = f"/settings/roles/{role}/objects/company"
    assert rule_on(pages.get(path)) == "employees[gte]:100"
    assert pages.post(path, data={"rule": "employees[gte]:100"}).status_code == 303
    assert said_of(api, role) == before
    assert before["rowRules"][0]["filter"] == {"employees": {"gte": 100}}
    assert len(before["rowLevelPermissionPredicates"]) == 1


def test_a_rule_that_fits_no_more(pages: httpx.Client, api: httpx.Client, role: str) -> None:
    """It is shown as it was written, with what is wrong, and can be put right."""
    company, _fields = company_of(api)
    body = {"objectMetadataId": company, "type": "NUMBER", "name": "floors", "label": "Floors"}
    field = api.post("/rest/metadata/fields", json=body).json()["id"]
    path = f"/settings/roles/{role}/objects/company"
    assert pages.post(path, data={"rule": "floors[gt]:1"}).status_code == 303
    assert "Until it is put right" not in pages.get(path).text
    api.patch(f"/rest/metadata/fields/{field}", json={"name": "storeys"}).raise_for_status()
    shown = pages.get(path)
    assert shown.status_code == 200
    assert rule_on(shown) == "floors[gt]:1"
    assert "Until it is put right" in shown.text
    assert 'id="rule-problem1"' in shown.text
    assert "Rule to be put right" in pages.get(f"/settings/roles/{role}").text
    assert pages.post(path, data={"rule": "storeys[gt]:1"}).status_code == 303
    assert "Until it is put right" not in pages.get(path).text


def test_examples_of_rules_are_rules(pages: httpx.Client, api: httpx.Client, role: str) -> None:
    for item in objects(api):
        path = f"/settings/roles/{role}/objects/{item['nameSingular']}"
        page = pages.get(path)
        assert page.status_code == 200
        examples = re.findall(r"<li><code>(.*?)</code>", page.text)
        assert len(examples) >= 2
        for text in map(html.unescape, examples):
            assert pages.post(path, data={"rule": text}).status_code == 303, text


def test_a_role_that_is_fixed(pages: httpx.Client, api: httpx.Client) -> None:
    roles = graphql(api, "{ getRoles { id isEditable } }")["getRoles"]
    role = next(item["id"] for item in roles if not item["isEditable"])
    path = f"/settings/roles/{role}/objects/company"
    shown = pages.get(path)
    assert shown.status_code == 200
    assert "<textarea" not in shown.text
    assert pages.post(path, data={"rule": "employees[gt]:1"}).status_code == 422
    assert said_of(api, role)["rowRules"] == []
    assert pages.get(f"/settings/roles/{role}/objects/nothing").status_code == 404


REFUSALS = {
    "A role with this label already exists.": ("/settings/roles/new", {"label": "Sales"}),
    "label should not be empty": ("/settings/roles/new", {"label": ""}),
    "label must be shorter than or equal to 255 characters": ("/settings/roles/new", {"label": "x" * 300}),
    "Cannot give writing permission without reading permission": (
        "/settings/roles/new",
        {"label": "Writers", "canUpdateAllObjectRecords": "yes"},
    ),
    "The default role is for new members: choose another default role first": (
        "/settings/roles/{default}",
        {"label": "Member", "canReadAllObjectRecords": "yes"},
    ),
    "The default role cannot be deleted; choose another default role first": (
        "/settings/roles/{default}/delete",
        {"typed": "yes"},
    ),
    "This role cannot be modified because it is a system role. Only custom roles can be edited.": (
        "/settings/roles/{fixed}",
        {"label": "Chief"},
    ),
    "Cannot give writing permission on companies, which are not readable": (
        "/settings/roles/{role}/objects",
        {"canReadObjectRecords:{company}": "no", "canUpdateObjectRecords:{company}": "yes"},
    ),
    **{
        message: ("/settings/roles/{role}/objects/company", {"rule": rule})
        for rule, message in {
            "employees": "'filter' invalid for 'employees'. eg: price[gte]:10",
            "or(employees[gt]:1": "'filter' invalid. 1 close bracket is missing in the query",
            "employees[gt]:1)": "'filter' invalid. 1 open bracket is missing in the query",
            "staff[gt]:1": 'Object company doesn\'t have any "staff" field.',
            "employees[gt]:many": 'Invalid number value NaN for field "employees"',
            "employees[above]:1": "'filter' invalid for 'employees[above]:1', comparator above not in "
            + ", ".join(COMPARATORS),
            "address.planet[eq]:Mars": 'Sub field "planet" not found for composite type: ADDRESS',
            '{"or": []}': "A row rule must hold a condition; this one would hide nothing",
            '{"and": [1]}': "A filter must be an object of fields and conditions",
            '{"not":' * 52 + "{}" + "}" * 52: "A filter may be nested at most 50 levels deep",
            '{"and": [' + ",".join(['{"employees": {"gt": 1}}'] * 2001) + "]}": (
                'A filter may hold at most 2000 conditions; use "in" for lists of values'
            ),
            '{"and": [' + ",".join(['{"people": {"city": {"eq": "x"}}}'] * 101) + "]}": (
                "A filter may hold at most 100 conditions on lists of related records"
            ),
            ",".join(["name[regex]:x"] * 11): "A filter may hold at most 10 regular expressions",
            '{"people": {"company": {"name": {"eq": "x"}}}}': (
                "Relation filter nesting deeper than 1 hop is not supported"
            ),
            '{"address": 1}': 'A filter on the composite field "address" must name one of its sub-fields',
            '{"employees": 1}': 'A filter on field "employees" must be an operator with a value, as in {"eq": …}',
            '{"employees": {"gt": 1, "lt": 9}}': 'Filter for field "employees" must have exactly one operator',
            "employees[is]:MANY": 'Invalid filter value for "is" operator. Expected "NULL" or "NOT_NULL"',
            "createdBy.source[containsAny]:[API]": (
                'Operator "containsAny" is not valid for field "createdBy.source" of type SELECT - a field with one '
                'value can be compared with "in"'
            ),
            "idealCustomerProfile[gt]:true": (
                'Operator "gt" is not valid for field "idealCustomerProfile" of type BOOLEAN - Allowed operators: '
                "eq, is"
            ),
            '{"employees": {"in": 1}}': 'Filter operator "in" requires an array value for field employees',
            '{"employees": {"in": []}}': "Invalid filter value for field employees. Expected non-empty array",
            '{"name": {"ilike": 1}}': 'Filter operator "ilike" requires a string value for field "name", got number',
            f"name[regex]:{'x' * 501}": (
                'The regular expression of "regex" for field "name" has 501 characters; 500 is the most'
            ),
            '{"name": {"regex": "(a)\\\\1"}}': (
                'The regular expression of "regex" for field "name" refers back to a part of itself (\\1), which is '
                "not supported"
            ),
        }.items()
    },
}


OF_FORMS = {
    "The singular and plural names cannot be the same for an object": (
        "/settings/model/-/new-object",
        {"label_singular": "Truck", "label_plural": "Trucks", "name_singular": "truck", "name_plural": "truck"},
    ),
    "Object already exists": ("/settings/model/-/new-object", {"label_singular": "Company", "label_plural": "Firms"}),
    "Name is not valid: it must start with lowercase letter and contain only alphanumeric letters": (
        "/settings/model/company/-/new-field",
        {"type": "TEXT", "label": "Truck", "name": "A truck"},
    ),
    'Name "employees" is not available as it is already used by another field': (
        "/settings/model/company/-/new-field",
        {"type": "TEXT", "label": "Employees", "name": "employees"},
    ),
    "Options are required for enum fields": (
        "/settings/model/company/-/new-field",
        {"type": "SELECT", "label": "Mode", "name": "mode"},
    ),
    "A workspace's name has 1 to 200 characters": ("/settings/workspace", {"name": "x" * 201}),
}
"""What people meet in the forms of settings."""


def test_all_known_refusals_are_tried() -> None:
    speak("ru")
    unknown = {message for message in REFUSALS if translated(message) == message}
    speak("en")
    assert unknown == set()
    denied = [template for template in TEMPLATES if template.startswith(NO_PERMISSION)]
    assert denied[0] == NO_PERMISSION
    tried = {*OF_ALL, *OF_ROLES, *OF_FILTERS}
    assert len(REFUSALS) == len(tried - set(denied))


def test_refusals_speak_the_language_of_the_visitor(pages: httpx.Client, api: httpx.Client, role: str) -> None:
    """What the services say is what is translated; a message that changes there must change here."""
    roles = graphql(api, "{ getRoles { id label isEditable } }")["getRoles"]
    places = {
        "role": role,
        "default": next(item["id"] for item in roles if item["label"] == "Member"),
        "fixed": next(item["id"] for item in roles if not item["isEditable"]),
        "company": company_of(api)[0],
    }
    for message, (path, form) in (REFUSALS | OF_FORMS).items():
        body = {key.format_map(places): value for key, value in form.items()}
        for language in ("en", "es", "ru"):
            pages.headers["Accept-Language"] = language
            refused = pages.post(path.format_map(places), data=body)
            assert refused.status_code in (400, 403, 422), message
            shown = html.unescape(refused.text)
            assert (message in shown) == (language == "en"), (language, message)
            speak(language)
            assert translated(message) in shown, (language, message)
    speak("en")
