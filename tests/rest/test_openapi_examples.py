"""Every example request of the documentation works as it stands."""

import shlex
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest
from jsonschema import Draft202012Validator, FormatChecker

from tests.rest.openapi_support import Document, build_rocket, commands, document, operations, run_command
from threescore.catalog.workspaces import Workspace

FORMATS = FormatChecker(("date", "uuid"))

ORDER = (
    ("post", "/batch/{}"),
    ("post", "/{}"),
    ("get", "/{}"),
    ("get", "/{}/{{id}}"),
    ("get", "/{}/{{id}}/history"),
    ("patch", "/{}/{{id}}"),
    ("patch", "/{}"),
    ("get", "/{}/groupBy"),
    ("post", "/{}/duplicates"),
    ("patch", "/{}/merge"),
    ("delete", "/{}/{{id}}"),
    ("patch", "/{}/{{id}}/restore"),
    ("delete", "/{}"),
    ("patch", "/{}/restore"),
)
"""The operations of an object, each after those that make what it needs."""


METADATA_ORDER = (
    "/open-api/metadata",
    "/objects",
    "/objects/{id}",
    "/fields",
    "/fields/{id}",
    "/apiKeys",
    "/apiKeys/{id}",
    "/apiKeys/{id}/token",
    "/apiKeys/{id}/regenerate",
    "/apiKeys/{id}/usage",
    "/webhooks",
    "/webhooks/{id}",
    "/webhooks/{id}/rotate",
    "/webhooks/{id}/test",
    "/webhookDeliveries",
    "/webhookDeliveries/{id}",
    "/webhookDeliveries/{id}/resend",
    "/webhookDeliveries/resend",
    "/audit",
)
"""All paths of the metadata document, each after those that make what it needs."""

LIMITS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "RateLimit-Policy")

RESTRICTED = ("workspaceMembers", "workflows", "workflowVersions", "workflowRuns", "blocklists")
"""Objects that do not allow all operations to anybody."""


@pytest.fixture(scope="module")
def full(
    server: str, new_workspace: Callable[[], Workspace], new_token: Callable[[Workspace], str]
) -> Iterator[httpx.Client]:
    """A client of a workspace, one for all tests here, that has fields of every type too."""
    headers = {"Authorization": f"Bearer {new_token(new_workspace())}"}
    with httpx.Client(base_url=server, headers=headers, timeout=60) as client:
        build_rocket(client)
        yield client


@pytest.fixture(scope="module")
def core(full: httpx.Client) -> Document:
    """The document of that workspace."""
    return document(full)


def samples(operation: Document) -> Iterator[str]:
    for sample in operation.get("x-codeSamples", ()):
        yield sample["source"]


def check_answer(found: Document, operation: Document, response: httpx.Response) -> None:
    """Fails unless the answer is what the document says of it."""
    described = operation["responses"][str(response.status_code)]
    check(found, described, response)
    tells = {name.lower() for name in response.headers} & {name.lower() for name in found["components"]["headers"]}
    assert tells <= {name.lower() for name in described["headers"]}
    assert ("ETag" in described["headers"]) == ("ETag" in response.headers)


def check(found: Document, described: Document, response: httpx.Response) -> None:
    """Fails unless an answer and its headers are what the document says."""
    schema = described["content"]["application/json"]["schema"]
    validator = Draft202012Validator({"components": found["components"], **schema}, format_checker=FORMATS)
    wrong = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(response.json())]
    assert not wrong, f"{response.request.method} {response.request.url}: {wrong[:5]}"


def test_every_operation_on_records(full: httpx.Client, core: Document) -> None:
    paths = core["paths"]
    done = {("get", "/open-api/core"), ("post", "/dashboards/{id}/duplicate")}
    for tag in core["tags"][2:]:
        plural = tag["name"]
        for method, pattern in ORDER:
            path = pattern.format(plural)
            operation = paths.get(path, {}).get(method)
            if operation is None:
                # What the object does not allow to anybody is not in the document.
                assert plural in RESTRICTED
                continue
            done.add((method, path))
            if plural in ("workflowRuns", "workspaceMembers") and "{id}" in path:
                # Only the product itself makes them.
                continue
            sources = list(samples(operation))
            if method == "patch" and path.endswith("/merge") and not sources:
                assert "cannot be merged" in operation["description"]
                continue
            [source] = sources
            response = run_command(full, source)
            assert str(response.status_code) in operation["responses"], source
            assert response.status_code in (200, 201), f"{source}\n{response.text}"
            check_answer(core, operation, response)
    [source] = samples(paths["/dashboards/{id}/duplicate"]["post"])
    assert run_command(full, source).status_code == 201
    [source] = samples(paths["/events"]["get"])
    events = run_command(full, source)
    assert events.json()["data"]["events"]
    check_answer(core, paths["/events"]["get"], events)
    assert not list(samples(paths["/events/stream"]["get"]))
    done |= {("get", "/events"), ("get", "/events/stream")}
    assert done == {(method, path) for path, method, _ in operations(core)}


def test_the_examples_hold_what_they_say(full: httpx.Client, core: Document) -> None:
    schemas = core["components"]["schemas"]
    example = schemas["Rocket"]["example"]
    assert example.keys() > {"name", "codeName", "stages", "status", "tags", "price", "contactPhones", "story"}
    answer = full.post("/rest/rockets?upsert=true", json=example)
    made = answer.json()["data"]["createRocket"]
    for name, value in example.items():
        if not isinstance(value, dict):
            assert made[name] == value
        else:
            assert made[name].items() >= value.items(), name
    check_answer(core, core["paths"]["/rockets"]["post"], answer)
    empty = full.post("/rest/rockets", json={"name": "Empty", "odometer": 2**60})
    check_answer(core, core["paths"]["/rockets"]["post"], empty)
    change = schemas["RocketForUpdate"]["example"]
    assert change
    changed = full.patch(f"/rest/rockets/{made['id']}", json=change).json()["data"]["updateRocket"]
    for name, value in change.items():
        assert changed[name] == value


def test_parameters_on_every_object(full: httpx.Client, core: Document) -> None:
    parameters = core["components"]["parameters"]
    group = {"group_by": next(iter(parameters["groupBy"]["examples"].values()))["value"]}
    tried = 0
    for path, method, operation in operations(core):
        if method != "get" or "{id}" in path or path.startswith("/open-api"):
            continue
        if path == "/events/stream":
            continue
        for reference in operation["parameters"]:
            parameter = parameters[reference["$ref"].removeprefix("#/components/parameters/")]
            for example in parameter.get("examples", {}).values():
                query = {**(group if path.endswith("/groupBy") else {}), parameter["name"]: example["value"]}
                response = full.get(f"/rest{path}", params=query)
                assert response.status_code == 200, (path, query, response.text)
                assert "warning" not in response.headers
                tried += 1
    assert tried > 300


def test_the_guide(api: httpx.Client) -> None:
    found = commands(document(api)["info"]["description"])
    assert len(found) > 10
    for source in found:
        response = run_command(api, source)
        assert response.status_code in (200, 201), f"{source}\n{response.text}"


def test_markdown(api: httpx.Client) -> None:
    text = api.get("/rest/docs.md").text
    found = commands(text)
    assert len(found) > 70
    assert len([source for source in found if "/graphql" in source]) == 2
    assert len([source for source in found if "/rest/metadata/" in source]) == 8
    created: set[str] = set()
    for source in found:
        if source in created:
            # What is unique can be created once; the same example stands in the guide and at the object.
            continue
        response = run_command(api, source)
        assert response.status_code in (200, 201), f"{source}\n{response.text}"
        assert "errors" not in response.json(), f"{source}\n{response.text}"
        if response.status_code == 201 or "'DELETE'" in source:
            created.add(source)
    for line in (
        "`GET /rest/companies` | A page of records. Those that are soft-deleted are left out, unless the filter speaks "
        'of `deletedAt`. | `{"data":{"companies":[{…}]},"pageInfo":{…},"totalCount":…}`',
        "`POST /rest/batch/companies` | Creates up to 60 records, all or none, and answers them in the same order. | "
        '`{"data":{"createCompanies":[{…}]}}`',
        "`POST /rest/metadata/apiKeys/{id}/token` | One more token of a key, besides those that it has. It is shown "
        'here only. | `{"token":"…"}`',
        "| `order_by` | `GET /companies/groupBy` | A JSON array of orders of the groups",
        "| `If-Match` | `DELETE /companies/{id}`, `PATCH /companies/{id}`, `PATCH /companies/{id}/restore` |",
        'an entry of a history `{"id":"…","operation":"…",',
    ):
        assert line in text


def test_bodies_shown_are_bodies_that_are_sent(full: httpx.Client, core: Document) -> None:
    """Each example of a body stands in a command, all of which are run here."""
    shown = 0
    for found in (core, document(full, "/rest/open-api/metadata")):
        for path, method, operation in operations(found):
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            schema = content.get("schema", {})
            if "$ref" in schema:
                schema = found["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
            example = content.get("example") or schema.get("example")
            if example is not None:
                [source] = samples(operation)
                assert msgspec.json.encode(example).decode() in shlex.split(source), (method, path)
                shown += 1
    assert shown > 100


def test_metadata(api: httpx.Client) -> None:
    found = document(api, "/rest/open-api/metadata")
    tried = set()
    in_order = sorted(operations(found), key=lambda item: METADATA_ORDER.index(item[0]))
    for path, method, operation in in_order:
        for source in samples(operation):
            plural = path.split("/")[1]
            if "$ID" in source:
                known = api.get(f"/rest/metadata/{plural}").json()["data"][-1]["id"]
                assert "$ID" in found["info"]["description"]
                source = source.replace("$ID", known)
            response = run_command(api, source)
            assert response.status_code in (200, 201), f"{source}\n{response.text}"
            check_answer(found, operation, response)
            tried.add((method, path))
    untried = {(method, path) for path, method, _ in operations(found)} - tried
    assert {(method, path) for method, path in untried if method != "delete"} == {("get", "/open-api/metadata")}
    assert len(untried) == 5
    for source in commands(found["info"]["description"]):
        assert run_command(api, source).status_code == 200
    for plural in ("webhooks", "apiKeys"):
        made = api.get(f"/rest/metadata/{plural}").json()["data"][-1]["id"]
        gone = api.delete(f"/rest/metadata/{plural}/{made}")
        assert gone.status_code == 200
        check_answer(found, found["paths"][f"/{plural}/{{id}}"]["delete"], gone)
        assert api.get(f"/rest/metadata/{plural}/{uuid4()}").content == b""


def test_refusals_of_metadata(api: httpx.Client) -> None:
    found = document(api, "/rest/open-api/metadata")
    wrong = [
        ("post", "/apiKeys", {"name": "x"}, 400),
        ("post", "/apiKeys/{id}/token", {}, 404),
        ("post", "/apiKeys/{id}/regenerate", {"overlapHours": "long"}, 400),
        ("post", "/webhooks", {"operations": ["nonsense"]}, 400),
        ("patch", "/webhooks/{id}", {"isPaused": True}, 400),
        ("post", "/webhooks/{id}/rotate", {}, 400),
        ("post", "/webhooks/{id}/test", None, 404),
        ("get", "/webhookDeliveries?status=lost", None, 400),
        ("get", "/webhookDeliveries/{id}", None, 404),
        ("post", "/webhookDeliveries/{id}/resend", None, 404),
        ("post", "/webhookDeliveries/resend", {"since": "soon"}, 400),
        ("get", "/audit?after=x", None, 400),
    ]
    for method, path, body, status in wrong:
        answer = api.request(method, f"/rest/metadata{path.replace('{id}', str(uuid4()))}", json=body)
        assert answer.status_code == status, (path, answer.text)
        operation = found["paths"][path.partition("?")[0]][method]
        reference = operation["responses"][str(status)]["$ref"].rpartition("/")[2]
        check(found, found["components"]["responses"][reference], answer)


def test_errors_are_as_documented(full: httpx.Client, core: Document) -> None:
    responses: dict[str, Any] = core["components"]["responses"]
    url = str(full.base_url)
    person = full.post("/rest/people", json={}).json()["data"]["createPerson"]["id"]
    key = {"Idempotency-Key": str(uuid4())}
    full.post("/rest/people", json={"city": "Ghent"}, headers=key).raise_for_status()
    answers = {
        "401": httpx.get(f"{url}/rest/people", headers={"Authorization": "Bearer nonsense"}),
        "403": httpx.get(f"{url}/rest/people"),
        "404": full.get("/rest/people/20202020-0000-4000-8000-00000000dead"),
        "412": full.patch(f"/rest/people/{person}", json={"city": "Ghent"}, headers={"If-Match": '"1.0"'}),
        "413": full.post(
            "/rest/people", content=b" " * (11 * 1024 * 1024), headers={"Content-Type": "application/json"}
        ),
        "422": full.post("/rest/people", json={"city": "Lyon"}, headers=key),
        "400": full.post("/rest/companies", json={"nmae": "x"}),
    }
    for status, answer in answers.items():
        example = responses[status]["content"]["application/json"]["example"]
        assert answer.status_code == int(status)
        assert answer.json() == example
    assert responses.keys() == {*answers, "304", "409", "410", "429"}
    assert full.get("/rest/people", headers={"If-None-Match": "*"}).status_code == 304


def test_headers_and_limits(api: httpx.Client) -> None:
    found = document(api)
    roles = {"name": "Slow", "expiresAt": "2100-01-01T00:00:00.000Z", "rateLimit": "2/600"}
    role_id = api.get("/rest/metadata/apiKeys").json()["data"][0]["roleId"]
    made = api.post("/rest/metadata/apiKeys", json={**roles, "roleId": role_id}).json()
    token = api.post(f"/rest/metadata/apiKeys/{made['id']}/token", json={}).json()["token"]
    slow = {"Authorization": f"Bearer {token}"}
    operation = found["paths"]["/people"]["post"]
    assert {"$ref": "#/components/parameters/idempotencyKey"} in operation["parameters"]
    twice = {**slow, "Idempotency-Key": "once"}
    for place in range(2):
        answer = api.post("/rest/people?nonsense=1", json={"city": "Ghent"}, headers=twice)
        assert answer.status_code == 201
        described = {name for name in operation["responses"]["201"]["headers"] if name in answer.headers}
        assert described == {"Warning", *LIMITS, *(["Idempotent-Replayed"] if place else [])}
    refused = api.get("/rest/people", headers=slow)
    assert refused.status_code == 429
    described = found["components"]["responses"]["429"]
    check(found, described, refused)
    assert described["headers"].keys() == {"Retry-After", *LIMITS}
    assert all(name in refused.headers for name in described["headers"])
    assert described["content"]["application/json"]["example"].keys() == refused.json().keys()
