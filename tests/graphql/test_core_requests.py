"""Requests as clients send them: forms of HTTP, several operations, introspection beside data, who may ask."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from anyio.from_thread import BlockingPortal

from threescore.access.keys import signing_secret
from threescore.access.tokens import Tokens
from threescore.catalog.workspaces import Workspace
from threescore.db.pool import Database

from .calls import ask, create, fail, one, send, total

COUNT = "{ people { totalCount } }"
ZERO = {"data": {"people": {"totalCount": 0}}}
STRICT = {"Accept": "application/graphql-response+json"}


def test_get(api: httpx.Client) -> None:
    assert api.get("/graphql", params={"query": COUNT}).json() == ZERO
    document = "query A { companies { totalCount } } query B($n: Int) { people(first: $n) { totalCount } }"
    answer = api.get("/graphql", params={"query": document, "variables": '{"n": 1}', "operationName": "B"})
    assert answer.json() == ZERO
    assert api.get("/graphql", params={"query": document, "variables": "{", "operationName": "B"}).status_code == 400
    assert api.get("/graphql").status_code == 400


def test_a_get_request_changes_nothing(api: httpx.Client) -> None:
    for document in ("mutation { createPerson(data: {}) { id } }", "query { createPerson(data: {}) { id } }"):
        body = api.get("/graphql", params={"query": document}).json()
        assert body["errors"]
    assert (
        api.get("/graphql", params={"query": "mutation { createPerson(data: {}) { id } }"}, headers=STRICT).status_code
        == 400
    )
    assert total(api, "people") == 0


def test_bodies(api: httpx.Client) -> None:
    assert api.post("/graphql", json={"query": COUNT}).json() == ZERO
    assert api.post("/graphql", json={"query": COUNT, "variables": None, "operationName": None}).json() == ZERO
    assert api.post("/graphql", json={"query": COUNT, "operationName": "", "extensions": {"x": 1}}).json() == ZERO
    raw = {"Content-Type": "application/graphql"}
    assert api.post("/graphql", content=COUNT, headers=raw).json() == ZERO
    charset = {"Content-Type": "application/json; charset=utf-8"}
    assert api.post("/graphql", content='{"query": "{ __typename }"}', headers=charset).json() == {
        "data": {"__typename": "Query"}
    }


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"1",
        b'"{ people { totalCount } }"',
        b"[]",
        b'[{"query": "{ people { totalCount } }"}]',
        b"{}",
        b'{"query": null}',
        b'{"query": 1}',
        b'{"query": ["{ __typename }"]}',
        b'{"query": "{ __typename }", "variables": []}',
        b'{"query": "{ __typename }", "variables": "x"}',
        b'{"query": "{ __typename }", "operationName": 1}',
        b"\xff\xfe",
        b'{"query": "\\ud800"}',
    ],
)
def test_malformed_bodies_are_refused(api: httpx.Client, body: bytes) -> None:
    answer = api.post("/graphql", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (200, 400)
    shown = answer.json()
    assert "data" not in shown
    text = shown["message"] if "message" in shown else shown["errors"][0]["message"]
    assert text
    assert "Traceback" not in answer.text


def test_other_methods(api: httpx.Client) -> None:
    for method in ("PUT", "PATCH", "DELETE"):
        assert api.request(method, "/graphql", json={"query": COUNT}).status_code == 405
    preflight = api.request("OPTIONS", "/graphql", headers={"Access-Control-Request-Headers": "authorization"})
    assert preflight.status_code in (200, 204)
    assert preflight.headers["access-control-allow-origin"] == "*"


def test_media_types(api: httpx.Client) -> None:
    """Who asks for the newer media type gets it, and a status that says whether anything was executed."""
    plain = api.post("/graphql", json={"query": COUNT})
    assert plain.headers["content-type"].startswith("application/json")
    strict = api.post("/graphql", json={"query": COUNT}, headers=STRICT)
    assert strict.headers["content-type"] == "application/graphql-response+json; charset=utf-8"
    assert (strict.status_code, strict.json()) == (200, ZERO)
    either = {"Accept": "application/graphql-response+json, application/json;q=0.9"}
    assert (
        api.post("/graphql", json={"query": COUNT}, headers=either)
        .headers["content-type"]
        .startswith("application/graphql-response+json")
    )
    for document, status in (
        ("{", 400),
        ("", 400),
        ("query A { __typename } query B { __typename }", 400),
        ("{ foos }", 200),
    ):
        assert api.post("/graphql", json={"query": document}).status_code == 200
        assert api.post("/graphql", json={"query": document}, headers=STRICT).status_code == status


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("", "Syntax Error: Unexpected <EOF>."),
        ("{ people(first: 1) {", "Syntax Error: Expected Name, found <EOF>."),
        ("{ people(first: ) { id } }", 'Syntax Error: Unexpected ")".'),
        ("{ people { edges { node { } } } }", 'Syntax Error: Expected Name, found "}".'),
        ("{ a\u0000b }", "Syntax Error"),
        ("type A { b: Int }", "A document to execute holds operations and fragments only."),
        ("fragment A on Person { id }", "Must provide an operation."),
        (
            "query A { __typename } query B { __typename }",
            "Must provide operation name when document contains multiple",
        ),
        ("subscription { x }", "Subscriptions are answered over WebSocket, or with Accept: text/event-stream"),
        (
            "query($a: Int!) { people(first: $a) { totalCount } }",
            'Variable "$a" of required type "Int!" was not provided.',
        ),
    ],
)
def test_documents_that_cannot_be_executed(api: httpx.Client, document: str, said: str) -> None:
    error = fail(api, document)
    assert error["message"].startswith(said)
    assert "path" not in error
    assert error["extensions"]["code"] in ("GRAPHQL_PARSE_FAILED", "BAD_USER_INPUT")


def test_operations_by_name(api: httpx.Client) -> None:
    document = """
        query Count { people { ...Total } }
        query Name { __typename }
        mutation Make { createPerson(data: {jobTitle: "made"}) { jobTitle } }
        fragment Total on PersonConnection { totalCount }
    """
    assert send(api, document, name="Count") == ZERO
    assert send(api, document, name="Name") == {"data": {"__typename": "Query"}}
    assert send(api, document, name="Make") == {"data": {"createPerson": {"jobTitle": "made"}}}
    assert send(api, document, name="Count")["data"]["people"]["totalCount"] == 1
    [error] = send(api, document, name="Other")["errors"]
    assert error["message"] == 'Unknown operation named "Other".'
    get = api.get("/graphql", params={"query": document, "operationName": "Count"})
    assert get.json()["data"]["people"]["totalCount"] == 1


def test_one_document_with_changing_variables_and_models(api: httpx.Client) -> None:
    """What is remembered of a document says nothing about its values."""
    document = """query($t: String, $yes: Boolean!) {
        people(filter: {jobTitle: {eq: $t}}) { totalCount n: totalCount @include(if: $yes) }
    }"""
    create(api, "people", [{"jobTitle": "a"}, {"jobTitle": "b"}, {"jobTitle": "b"}])
    for title, count in (("a", 1), ("b", 2), ("c", 0)):
        for yes in (True, False):
            expected = {"totalCount": count, "n": count} if yes else {"totalCount": count}
            assert one(api, document, {"t": title, "yes": yes}) == expected


def test_introspection_beside_data(api: httpx.Client) -> None:
    answer = ask(
        api,
        """{
            __schema { queryType { name } mutationType { name } subscriptionType { name } }
            person: __type(name: "Person") { kind name fields { name } }
            none: __type(name: "Nothing") { name }
            people { totalCount }
            __typename
        }""",
    )
    assert answer["__schema"] == {
        "queryType": {"name": "Query"},
        "mutationType": {"name": "Mutation"},
        "subscriptionType": {"name": "Subscription"},
    }
    assert (answer["person"]["kind"], answer["none"]) == ("OBJECT", None)
    assert "jobTitle" in [field["name"] for field in answer["person"]["fields"]]
    assert (answer["people"], answer["__typename"]) == ({"totalCount": 0}, "Query")
    assert list(answer) == ["__schema", "person", "none", "people", "__typename"]


def test_introspection_with_fragments_and_variables(api: httpx.Client) -> None:
    document = """query($name: String!, $deep: Boolean = false) { __type(name: $name) { ...T } }
        fragment T on __Type { name fields @include(if: $deep) { name } }"""
    assert one(api, document, {"name": "Company"}) == {"name": "Company"}
    assert "domainName" in str(one(api, document, {"name": "Company", "deep": True}))


def test_mutations_are_made_one_after_the_other(api: httpx.Client) -> None:
    one_id, other = str(uuid4()), str(uuid4())
    answer = send(
        api,
        f"""mutation {{
            a: createPerson(data: {{id: "{one_id}", jobTitle: "1"}}) {{ jobTitle }}
            b: updatePerson(id: "{one_id}", data: {{jobTitle: "2"}}) {{ jobTitle }}
            c: createPerson(data: {{id: "{one_id}", jobTitle: "again"}}) {{ jobTitle }}
            d: createPerson(data: {{id: "{other}", jobTitle: "3"}}) {{ jobTitle }}
            e: updatePeople(filter: {{jobTitle: {{is: NOT_NULL}}}}, data: {{city: "Rome"}}) {{ jobTitle city }}
            f: destroyPerson(id: "{one_id}") {{ jobTitle }}
            g: updatePerson(id: "{one_id}", data: {{jobTitle: "4"}}) {{ jobTitle }}
        }}""",
    )
    assert list(answer["data"]) == ["a", "b", "c", "d", "e", "f", "g"]
    assert [answer["data"][key] for key in "abcd"] == [{"jobTitle": "1"}, {"jobTitle": "2"}, None, {"jobTitle": "3"}]
    assert sorted(person["jobTitle"] for person in answer["data"]["e"]) == ["2", "3"]
    assert (answer["data"]["f"], answer["data"]["g"]) == ({"jobTitle": "2"}, None)
    assert [error["path"] for error in answer["errors"]] == [["c"], ["g"]]
    assert [error["message"] for error in answer["errors"]] == ["A duplicate entry was detected", "Record not found"]
    assert total(api, "people") == 1


def test_keys_are_in_the_order_of_the_document(api: httpx.Client) -> None:
    keys = [f"k{n}" for n in range(20)]
    document = " ".join(f"{key}: {'companies' if n % 3 else 'people'} {{ totalCount }}" for n, key in enumerate(keys))
    assert list(ask(api, f"{{ {document} }}")) == keys


def refused(server: str, headers: dict[str, str], document: str = COUNT) -> Any:
    answer = httpx.post(f"{server}/graphql", json={"query": document}, headers=headers)
    assert answer.status_code == 200
    body = answer.json()
    assert list(body) == ["errors"]
    [error] = body["errors"]
    return error["message"], error["extensions"]["code"], error["extensions"]["subCode"]


def test_strangers_are_told_so(server: str) -> None:
    assert refused(server, {}, "{ people { totalCount } a: companies { totalCount } }") == (
        "Unauthenticated: no workspace resolved for fields people, companies",
        "UNAUTHENTICATED",
        "WORKSPACE_QUERY_WITHOUT_WORKSPACE",
    )
    assert refused(server, {}, "mutation { createPerson(data: {}) { id } }")[1] == "UNAUTHENTICATED"
    assert "Syntax Error" in httpx.post(f"{server}/graphql", json={"query": "{"}).text


@pytest.mark.parametrize("header", ["Bearer x", "Bearer a.b.c", "Bearer ..", "Bearer \u00e9".encode("latin-1")])
def test_bad_tokens(server: str, header: str) -> None:
    assert refused(server, {"Authorization": header}) == ("Token invalid.", "UNAUTHENTICATED", "UNAUTHENTICATED")


def test_expired_and_revoked_keys(
    server: str, portal: BlockingPortal, shared_db: Database, workspace: Workspace, api: httpx.Client
) -> None:
    tokens = Tokens(portal.call(signing_secret, shared_db, None))
    late = tokens.mint(workspace.id, uuid4(), datetime.now(UTC) - timedelta(minutes=1))
    assert refused(server, {"Authorization": f"Bearer {late}"}) == (
        "Token has expired.",
        "UNAUTHENTICATED",
        "UNAUTHENTICATED",
    )
    unknown = tokens.mint(workspace.id, uuid4(), datetime.now(UTC) + timedelta(minutes=1))
    two = "{ people { totalCount } companies { totalCount } }"
    assert refused(server, {"Authorization": f"Bearer {unknown}"}, two) == (
        "This API Key is revoked",
        "FORBIDDEN",
        "FORBIDDEN_EXCEPTION",
    )
    # Other tokens still work.
    assert total(api, "people") == 0
