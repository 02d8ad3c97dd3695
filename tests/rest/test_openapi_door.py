"""Where the documentation is, and who gets what."""

import gzip
import hashlib
import re
import time
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest
from graphql import GraphQLSchema, build_schema

from tests.graphql.models import plain_model, rocket_model, with_object
from tests.records.wire import send
from tests.rest.openapi_support import document, operations
from threescore.rest.documents import PAGES
from threescore.rest.grammar.path import ACTIONS
from threescore.rest.grammar.warnings import PARAMETERS
from threescore.rest.openapi import Site, core_document

KEYS = ["openapi", "info", "servers", "components", "security", "externalDocs", "paths"]
PEOPLE = {
    "/people": ["get", "post", "delete", "patch"],
    "/batch/people": ["post"],
    "/people/{id}": ["get", "delete", "patch"],
    "/people/duplicates": ["post"],
    "/people/{id}/restore": ["patch"],
    "/people/restore": ["patch"],
    "/people/merge": ["patch"],
    "/people/groupBy": ["get"],
    "/people/{id}/history": ["get"],
}
REFUSED_TO_ALL = {
    *("/workspaceMembers/restore", "/workspaceMembers/{id}/restore"),
    *("/batch/workspaceMembers", "/batch/workflowRuns"),
}
"""Paths of which the objects' own rules leave no method."""


def stranger(api: httpx.Client, path: str, token: str | None = None, **options: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    return httpx.get(f"{api.base_url}{path}", headers=headers, timeout=30, **options)


@pytest.mark.parametrize("kind", ["core", "metadata"])
def test_without_a_token(api: httpx.Client, kind: str) -> None:
    for path in (f"/rest/open-api/{kind}", f"/open-api/{kind}"):
        for query in ("", f"?token={api.headers['Authorization'].removeprefix('Bearer ')}"):
            response = stranger(api, path + query)
            assert response.status_code == 200
            assert response.headers["content-type"] == "application/json; charset=utf-8"
            found = response.json()
            assert list(found) == KEYS
            assert list(found["paths"]) == [f"/open-api/{kind}"]
            assert found["components"]["schemas"] == {}
            assert found["openapi"] == "3.1.1"
            assert "compan" not in response.text


def test_with_a_bad_token(api: httpx.Client) -> None:
    for path in ("/rest/open-api/core", "/rest/open-api/metadata", "/rest/docs.md"):
        response = stranger(api, path, "garbage.token.value")
        assert response.status_code == 401
        assert response.json() == {"statusCode": 401, "messages": ["Token invalid."], "error": "UNAUTHENTICATED"}
    assert list(stranger(api, "/open-api/core", "garbage.token.value").json()["paths"]) == ["/open-api/core"]
    assert "companies" not in stranger(api, "/llms.txt", "garbage.token.value").text


def test_core(api: httpx.Client) -> None:
    found = document(api)
    assert found == document(api, "/open-api/core")
    assert found["servers"][0]["url"] == f"{str(api.base_url).rstrip('/')}/rest"
    objects = [o["namePlural"] for o in send(api, "GET", "metadata/objects?limit=1000")["data"]]
    assert [tag["name"] for tag in found["tags"]] == ["General", "Events", *sorted(objects)]
    alike = {path.replace("people", name) for name in objects for path in PEOPLE}
    assert set(found["paths"]) == (alike - REFUSED_TO_ALL) | {
        *("/open-api/core", "/dashboards/{id}/duplicate", "/events", "/events/stream")
    }
    people = {path: list(item) for path, item in found["paths"].items() if "/people" in path}
    assert people == PEOPLE
    ids = {
        operation["operationId"]
        for path in people
        for method, operation in found["paths"][path].items()
    }  # fmt: skip
    assert ids == {
        *("findManyPeople", "createOnePerson", "deleteManyPeople", "updateManyPeople", "createManyPeople"),
        *("findOnePerson", "deleteOnePerson", "UpdateOnePerson", "findPersonDuplicates", "restoreOnePerson"),
        *("restoreManyPeople", "mergeManyPeople", "groupByPeople", "findPersonHistory"),
    }
    parameters = found["components"]["parameters"]
    assert parameters["depth"]["schema"] == {"type": "integer", "enum": [0, 1], "default": 0}
    assert parameters["viewId"]["name"] == "viewId"
    merge = found["paths"]["/people/merge"]["patch"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert list(merge["properties"]["data"]["properties"]) == ["mergePerson"]
    groups = found["paths"]["/people/groupBy"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert groups["type"] == "array"


def test_parameters_are_those_that_the_server_knows() -> None:
    found = core_document(plain_model(), Site("", 60, 1))
    parameters = found["components"]["parameters"]
    actions = {
        "/people": "many",
        "/batch/people": "batch",
        "/people/{id}": "one",
        "/people/duplicates": "duplicates",
        "/people/{id}/restore": "restoreOne",
        "/people/restore": "restoreMany",
        "/people/merge": "merge",
        "/people/groupBy": "groupBy",
        "/people/{id}/history": "history",
        "/events": "events",
        "/events/stream": "eventStream",
    }
    for path, kind in actions.items():
        for method, operation in found["paths"][path].items():
            action = ACTIONS[kind][method.upper()]  # type: ignore[index]
            known = (parameters[p["$ref"].rpartition("/")[2]] for p in operation["parameters"])
            names = {parameter["name"] for parameter in known if parameter["in"] == "query"}
            assert names <= PARAMETERS[action]
            assert PARAMETERS[action] - names <= {"view_id", "depth"}


def test_schemas_follow_the_model(api: httpx.Client) -> None:
    company = next(o for o in send(api, "GET", "metadata/objects?limit=1000")["data"] if o["nameSingular"] == "company")
    before = api.get("/rest/open-api/core")
    body = {"objectMetadataId": company["id"], "type": "NUMBER", "name": "towers", "label": "Towers"}
    send(api, "POST", "metadata/fields", body | {"description": "How tall", "settings": {"dataType": "int"}})
    for _ in range(4):
        # Whichever worker answers, it has the present model.
        after = api.get("/rest/open-api/core", headers={"If-None-Match": before.headers["ETag"]})
        assert after.status_code == 200
        schemas = after.json()["components"]["schemas"]
        assert schemas["Company"]["properties"]["towers"] == {
            "type": "integer",
            "format": "int64",
            "description": "How tall",
        }
        assert schemas["CompanyForUpdate"]["properties"]["towers"]["type"] == ["integer", "null"]
        assert "towers" in schemas["CompanyForResponse"]["required"]
        assert "towers" in api.get("/rest/docs.md").text
    assert "id" not in schemas["Company"]["properties"]
    assert "searchVector" not in schemas["CompanyForResponse"]["properties"]
    assert schemas["PersonForResponse"]["properties"]["company"]["oneOf"][0] == {
        "$ref": "#/components/schemas/CompanyForResponse"
    }


@pytest.mark.parametrize("path", sorted(PAGES))
def test_etags(api: httpx.Client, path: str) -> None:
    first = api.get(path)
    assert first.status_code == 200
    etag = first.headers["ETag"]
    assert hashlib.sha1(first.content).hexdigest() in etag
    again = api.get(path, headers={"If-None-Match": etag})
    assert again.status_code == 304
    assert again.content == b""
    head = api.head(path, headers={"Accept-Encoding": "identity"})
    assert head.status_code == 200
    assert head.headers["content-length"] == str(len(first.content))
    assert api.post(path).status_code == 400
    assert api.options(path).status_code == 204


@pytest.mark.parametrize("path", sorted(PAGES))
def test_compressed(api: httpx.Client, path: str) -> None:
    def asked(accepted: str, **headers: str) -> tuple[httpx.Response, bytes]:
        with api.stream("GET", path, headers={"Accept-Encoding": accepted, **headers}) as response:
            return response, b"".join(response.iter_raw())

    plain, body = asked("identity")
    assert "content-encoding" not in plain.headers
    for accepted in ("gzip", "br, GZIP;q=0.5", "gzip, deflate"):
        packed, sent = asked(accepted)
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.headers["content-length"] == str(len(sent))
        assert len(sent) < len(body) / 2
        assert gzip.decompress(sent) == body
    for refused in ("", "br", "*", "gzip;q=0", "gzip; q=0.000"):
        assert asked(refused)[1] == body
    for response in (plain, packed):
        assert response.headers["vary"] == "Accept-Encoding"
        assert response.headers["etag"] == plain.headers["etag"]
    known, nothing = asked("gzip", **{"If-None-Match": plain.headers["etag"]})
    assert known.status_code == 304
    assert nothing == b""
    assert "content-encoding" not in known.headers


def test_markdown(api: httpx.Client) -> None:
    markdown, text = api.get("/rest/docs.md"), api.get("/llms.txt")
    assert markdown.headers["content-type"] == "text/markdown; charset=utf-8"
    assert text.headers["content-type"] == "text/plain; charset=utf-8"
    assert markdown.text == text.text
    for expected in ("### companies", "| `name` | `TEXT` |", "`domainName`", str(api.base_url).rstrip("/") + "/rest"):
        assert expected in markdown.text
    general = stranger(api, "/llms.txt")
    assert general.status_code == 200
    assert "/rest/docs.md" in general.text
    assert "### " not in general.text
    assert stranger(api, "/rest/docs.md").text == general.text


def root_fields(schema: GraphQLSchema) -> list[str]:
    """What can be asked of a schema, as `query people`."""
    roots = (
        ("query", schema.query_type),
        ("mutation", schema.mutation_type),
        ("subscription", schema.subscription_type),
    )
    return [f"{kind} {name}" for kind, root in roots if root is not None for name in root.fields]


def test_markdown_names_every_request_and_root_field(api: httpx.Client) -> None:
    text = api.get("/rest/docs.md").text
    sections = {part.partition("\n")[0]: part for part in text.split("\n### ")}
    plurals = sorted(o["namePlural"] for o in send(api, "GET", "metadata/objects?limit=1000")["data"])
    for path, method, _ in operations(document(api)):
        if path.startswith("/open-api/"):
            assert f"/rest{path}" in text
            continue
        named = f"`{method.upper()} /rest{path}`"
        plural = next((part for part in path.split("/") if part in plurals), None)
        if plural is None:
            assert named in text
        elif named not in text:
            assert named.replace(f"/{plural}", "/companies") in sections["# Threescore"]
            assert "Not for this object" not in sections[plural] or named not in sections[plural]
    for path, method, _ in operations(document(api, "/rest/open-api/metadata")):
        assert f"`{method.upper()} /rest/metadata{path}`" in text or path == "/open-api/metadata"
    # What an object does not take is said with it.
    assert "`POST /rest/workflowRuns`" in sections["workflowRuns"]
    assert "`POST /rest/dashboards/{id}/duplicate`" in sections["dashboards"]

    records = build_schema(api.get("/graphql/schema.graphql").text)
    objects = {o["nameSingular"]: o["namePlural"] for o in send(api, "GET", "metadata/objects?limit=1000")["data"]}
    about_companies = re.compile("compan(y|ies)", re.IGNORECASE)
    of_object = re.compile("|".join((*objects, *objects.values())), re.IGNORECASE)
    for name in root_fields(records):
        if about_companies.search(name) or not of_object.search(name):
            assert f"`{name}`" in text
    settings = build_schema(api.get("/metadata/schema.graphql").text)
    for name in root_fields(settings):
        assert f"`{name}`" in text
    for root in (settings.query_type, settings.mutation_type):
        assert root is not None
        assert [name for name, field in root.fields.items() if not field.description] == []
    assert "| `query object` | `id: UUID!` | `Object!` | An object of the data model. |" in text
    for expected in ("Idempotency-Key", "If-Match", "RateLimit-Remaining", "Retry-After", "X-Twenty-Webhook-Signature"):
        assert expected in text


def test_sdl(api: httpx.Client) -> None:
    response = api.get("/graphql/schema.graphql")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    schema = build_schema(response.text)
    assert schema.query_type is not None
    assert {"people", "person", "peopleGroupBy"} <= schema.query_type.fields.keys()
    assert api.get("/graphql/schema.graphql", headers={"If-None-Match": response.headers["ETag"]}).status_code == 304
    assert stranger(api, "/graphql/schema.graphql").status_code == 403
    assert stranger(api, "/graphql/schema.graphql", "x").status_code == 401
    names = {"nameSingular": "gizmo", "namePlural": "gizmos", "labelSingular": "Gizmo", "labelPlural": "Gizmos"}
    send(api, "POST", "metadata/objects", names)
    for _ in range(4):
        assert "type Gizmo " in api.get("/graphql/schema.graphql").text
    metadata = stranger(api, "/metadata/schema.graphql")
    assert metadata.status_code == 200
    assert build_schema(metadata.text).mutation_type is not None
    assert api.post("/metadata/schema.graphql").status_code == 400


def test_speed() -> None:
    """Far from what is wanted (150 ms), so that a busy machine fails nothing; the benchmark measures."""
    model = rocket_model()
    for number in range(45 - len(model.objects)):
        model = with_object(model, f"thing{number}A", f"things{number}A")
    assert len(model.objects) == 45
    took = []
    for _ in range(5):
        started = time.process_time()
        msgspec.json.encode(core_document(model, Site(f"http://{uuid4()}", 60, 1)))
        took.append(time.process_time() - started)
    assert min(took) < 0.5
