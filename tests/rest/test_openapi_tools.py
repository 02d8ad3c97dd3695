"""Programs that read OpenAPI documents take ours, and what they make of them works with the server."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from anyio.from_thread import BlockingPortal
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.graphql.models import plain_model, rocket_model
from tests.graphql.tools_support import GENERATORS, run
from tests.rest.openapi_support import Document, build_rocket, document
from threescore.catalog.load import load_model
from threescore.catalog.workspaces import Workspace
from threescore.db.pool import Database
from threescore.model.objects import Model
from threescore.rest.openapi import Site, base_document, core_document, metadata_document

TOOLS = Path(__file__).parent / "tools"
MODULES = TOOLS / "node_modules"


@pytest.fixture(scope="module")
def space(new_workspace: Callable[[], Workspace]) -> Workspace:
    """A workspace, one for all tests here."""
    return new_workspace()


@pytest.fixture(scope="module")
def rocket_token(space: Workspace, new_token: Callable[[Workspace], str]) -> str:
    return new_token(space)


@pytest.fixture(scope="module")
def full(server: str, rocket_token: str) -> Iterator[httpx.Client]:
    """A client of the workspace, which has fields of every type too."""
    headers = {"Authorization": f"Bearer {rocket_token}"}
    with httpx.Client(base_url=server, headers=headers, timeout=60) as client:
        build_rocket(client)
        yield client


@pytest.fixture(scope="module")
def core_file(full: httpx.Client, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The document of the workspace, as a file."""
    path = tmp_path_factory.mktemp("openapi") / "core.json"
    path.write_text(json.dumps(document(full)))
    return path


@pytest.fixture(scope="module")
def metadata_file(full: httpx.Client, core_file: Path) -> Path:
    """The document of the workspace's model and settings, as a file."""
    path = core_file.with_name("metadata.json")
    path.write_text(json.dumps(document(full, "/rest/open-api/metadata")))
    return path


def site(url: str = "http://crm.example") -> Site:
    return Site(url, 60, 10 * 1024 * 1024)


def plain(found: Document) -> Document:
    """The document as it is sent."""
    decoded: Document = msgspec.json.decode(msgspec.json.encode(found))
    return decoded


def few_objects(model: Model, names: set[str]) -> Model:
    """The model as somebody sees it who may see nothing but these objects."""
    ids = {o.id for o in model.objects if o.name_singular in names}

    def visible(target: Any) -> bool:
        return target is None or target in ids

    return msgspec.structs.replace(
        model,
        objects=tuple(
            msgspec.structs.replace(o, fields=tuple(f for f in o.fields if visible(f.target_object_id)))
            for o in model.objects
            if o.id in ids
        ),
    )


def test_the_specification() -> None:
    model = rocket_model()
    for found in (core_document(model, site()), metadata_document(model, site())):
        OpenAPIV31SpecValidator(plain(found)).validate()
    few = core_document(few_objects(model, {"person"}), site())
    OpenAPIV31SpecValidator(plain(few)).validate()
    OpenAPIV31SpecValidator(base_document(site(), "core", "")).validate()


def test_an_empty_model_and_strange_names() -> None:
    nothing = core_document(few_objects(plain_model(), set()), site())
    OpenAPIV31SpecValidator(plain(nothing)).validate()
    OpenAPIV31SpecValidator(plain(metadata_document(few_objects(plain_model(), set()), site()))).validate()


def test_live_documents_and_redocly(full: httpx.Client, core_file: Path, metadata_file: Path) -> None:
    OpenAPIV31SpecValidator(json.loads(core_file.read_text())).validate()
    OpenAPIV31SpecValidator(json.loads(metadata_file.read_text())).validate()
    base = core_file.with_name("base.json")
    base.write_text(httpx.get(f"{full.base_url}/open-api/core").text)
    for path in (core_file, metadata_file, base):
        said = json.loads(run(MODULES / ".bin" / "redocly", "lint", "--format=json", "--extends=recommended", path))
        assert said["totals"]["errors"] == 0
    assert "RocketForUpdate_" in json.loads(core_file.read_text())["components"]["schemas"]


def test_openapi_typescript(core_file: Path, metadata_file: Path, tmp_path: Path) -> None:
    for path, name in ((core_file, "schema.ts"), (metadata_file, "metadata-schema.ts")):
        run(MODULES / ".bin" / "openapi-typescript", path, "--output", tmp_path / name)
    for name in ("use-types.ts", "use-metadata-types.ts", "tsconfig.json"):
        shutil.copy(TOOLS / name, tmp_path)
    run(MODULES / ".bin" / "tsc", "--project", tmp_path, seconds=120)


def test_datamodel_code_generator(full: httpx.Client, core_file: Path, tmp_path: Path) -> None:
    run(
        GENERATORS / "datamodel-codegen",
        *("--input", core_file, "--input-file-type", "openapi", "--output", tmp_path / "models.py"),
        *("--output-model-type", "pydantic_v2.BaseModel", "--formatters", "builtin"),
        seconds=240,
    )
    schemas = json.loads(core_file.read_text())["components"]["schemas"]
    full.post("/rest/rockets", json=schemas["Rocket"]["example"]).raise_for_status()
    full.post("/rest/rockets", json={"name": "Empty", "odometer": 2**60}).raise_for_status()
    full.post("/rest/people", json=schemas["Person"]["example"]).raise_for_status()
    records = {
        "RocketForResponse": full.get("/rest/rockets?depth=1").json()["data"]["rockets"],
        "PersonForResponse": full.get("/rest/people?depth=1").json()["data"]["people"],
        "WorkspaceMemberForResponse": full.get("/rest/workspaceMembers?depth=1").json()["data"]["workspaceMembers"],
        "Rocket": [schemas["Rocket"]["example"]],
    }
    shutil.copy(TOOLS / "use_models.py", tmp_path)
    said = run(GENERATORS / "python", "use_models.py", cwd=tmp_path, given=json.dumps(records), seconds=120)
    assert "RocketForResponse 2" in said


def test_openapi_python_client(
    server: str,
    full: httpx.Client,
    rocket_token: str,
    space: Workspace,
    portal: BlockingPortal,
    shared_db: Database,
    tmp_path: Path,
) -> None:
    async def load() -> Model:
        async with shared_db.acquire() as connection:
            return await load_model(connection, space.id)

    # A client for all objects works as well, but its thousands of modules take a minute to be written.
    model = few_objects(portal.call(load), {"rocket", "company"})
    (tmp_path / "core.json").write_bytes(msgspec.json.encode(core_document(model, site(server))))
    (tmp_path / "settings.yml").write_text("post_hooks: []")
    said = run(
        GENERATORS / "openapi-python-client",
        *("generate", "--path", tmp_path / "core.json", "--output-path", tmp_path / "crm"),
        *("--meta", "none", "--config", tmp_path / "settings.yml", "--fail-on-warning"),
        seconds=240,
    )
    assert "warning" not in said.lower()
    shutil.copy(TOOLS / "use_openapi_client.py", tmp_path)
    found = json.loads(run(GENERATORS / "python", "use_openapi_client.py", server, rocket_token, cwd=tmp_path))
    made = found["made"]
    assert made["contactEmails"] == {"primaryEmail": "pad@acme.example", "additionalEmails": []}
    assert made["price"] == {"amountMicros": 62_000_000_000_000, "currencyCode": "USD"}
    assert made["odometer"] == "9007199254740993"
    assert made["builtOn"] == "2026-01-31"
    assert made["tags"] == ["HEAVY", "OLD"]
    assert made["captain"]["source"] == "MANUAL"
    assert found["batch"] == ["One", "Two"]
    assert found["operator"] == "Acme Space"
    assert found["page"] == [["Two"], 2, True]
    assert found["following"] == ["One"]
    assert ["CREWED", "1"] in found["groups"]
    assert found["gone"] == {"statusCode": 404, "error": "NotFoundException", "messages": ["Record not found"]}
    assert found["back"] is None
    assert found["refused"] == ['Object company doesn\'t have any "nonsense" field.']


def test_metadata_models(full: httpx.Client, metadata_file: Path, tmp_path: Path) -> None:
    run(
        GENERATORS / "datamodel-codegen",
        *("--input", metadata_file, "--input-file-type", "openapi", "--output", tmp_path / "models.py"),
        *("--output-model-type", "pydantic_v2.BaseModel", "--formatters", "builtin"),
        seconds=240,
    )
    hook = {"targetUrl": "https://hooks.example.com/models", "operations": ["*.*"], "isActive": False}
    full.post("/rest/metadata/webhooks", json=hook).raise_for_status()
    found = {
        f"{name}ForResponse": full.get(f"/rest/metadata/{path}?limit=1000").json()["data"]
        for name, path in (("Object", "objects"), ("Field", "fields"), ("ApiKey", "apiKeys"), ("Webhook", "webhooks"))
    }
    found["AuditEntryForResponse"] = full.get("/rest/metadata/audit").json()["data"]
    assert all(found.values())
    shutil.copy(TOOLS / "use_models.py", tmp_path)
    run(GENERATORS / "python", "use_models.py", cwd=tmp_path, given=json.dumps(found), seconds=120)


def test_a_client_of_the_metadata_document(api: httpx.Client, server: str, token: str, tmp_path: Path) -> None:
    (tmp_path / "metadata.json").write_text(json.dumps(document(api, "/rest/open-api/metadata")))
    (tmp_path / "settings.yml").write_text("post_hooks: []")
    said = run(
        GENERATORS / "openapi-python-client",
        *("generate", "--path", tmp_path / "metadata.json", "--output-path", tmp_path / "settings_client"),
        *("--meta", "none", "--config", tmp_path / "settings.yml", "--fail-on-warning"),
        seconds=240,
    )
    assert "warning" not in said.lower()
    shutil.copy(TOOLS / "use_metadata_client.py", tmp_path)
    role = api.get("/rest/metadata/apiKeys").json()["data"][0]["roleId"]
    found = json.loads(run(GENERATORS / "python", "use_metadata_client.py", server, token, role, cwd=tmp_path))
    assert found["pages"] == [3, 3, 6]
    assert found["total"] > 20
    assert found["field"] == ["SELECT", ["ROAD"], "'ROAD'", "How it travels"]
    assert "mode" in found["fields"]
    assert "weight" not in found["fields"]
    assert found["deleted"] == "weight"
    assert "Nightly" in found["keys"]
    assert found["token"] == 2
    assert found["usage"] == []
    assert found["hooks"] == [["https://hooks.example.com/x", ["*.created"], True]]
    assert found["deliveries"] == []
    assert found["gone"] is True
    assert found["audit"] == ["objectMetadata.created"]
    assert found["taken"]["error"] == "METADATA_VALIDATION_ERROR"
    assert "fieldMetadata" in found["taken"]["errors"]
    assert found["missing"]["messages"] == ["Object metadata not found"]
    assert found["stranger"] == 401
