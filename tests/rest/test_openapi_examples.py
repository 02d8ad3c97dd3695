"""Every example request of the documentation works as it stands."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
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
    described = operation["responses"][str(response.status_code)]["content"]["application/json"]["schema"]
    validator = Draft202012Validator({"components": found["components"], **described}, format_checker=FORMATS)
    wrong = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(response.json())]
    assert not wrong, f"{response.request.method} {response.request.url}: {wrong[:5]}"


def test_every_operation_on_records(full: httpx.Client, core: Document) -> None:
    paths = core["paths"]
    done = {("get", "/open-api/core"), ("post", "/dashboards/{id}/duplicate")}
    for tag in core["tags"][1:]:
        plural = tag["name"]
        for method, pattern in ORDER:
            path = pattern.format(plural)
            operation = paths.get(path, {}).get(method)
            if operation is None:
                # What the object does not allow to anybody is not in the document.
                assert plural in RESTRICTED
                continue
            done.add((method, path))
            if plural == "workflowRuns" and "{id}" in path:
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
    found = commands(api.get("/rest/docs.md").text)
    assert len(found) > 70
    created: set[str] = set()
    for source in found:
        if source in created:
            # What is unique can be created once; the same example stands in the guide and at the object.
            continue
        response = run_command(api, source)
        assert response.status_code in (200, 201), f"{source}\n{response.text}"
        if response.status_code == 201 or "'DELETE'" in source:
            created.add(source)


def test_metadata(api: httpx.Client) -> None:
    found = document(api, "/rest/open-api/metadata")
    tried = 0
    for _, _, operation in operations(found):
        for source in samples(operation):
            response = run_command(api, source)
            assert response.status_code in (200, 201), f"{source}\n{response.text}"
            check_answer(found, operation, response)
            tried += 1
    assert tried == 8
    for source in commands(found["info"]["description"]):
        assert run_command(api, source).status_code == 200


def test_errors_are_as_documented(full: httpx.Client, core: Document) -> None:
    responses: dict[str, Any] = core["components"]["responses"]
    assert responses.keys() == {"400", "401", "403", "404", "413"}
    url = str(full.base_url)
    answers = {
        "401": httpx.get(f"{url}/rest/people", headers={"Authorization": "Bearer nonsense"}),
        "403": httpx.get(f"{url}/rest/people"),
        "404": full.get("/rest/people/20202020-0000-4000-8000-00000000dead"),
        "413": full.post(
            "/rest/people", content=b" " * (11 * 1024 * 1024), headers={"Content-Type": "application/json"}
        ),
        "400": full.post("/rest/companies", json={"nmae": "x"}),
    }
    for status, answer in answers.items():
        example = responses[status]["content"]["application/json"]["example"]
        assert answer.status_code == int(status)
        assert answer.json() == example
