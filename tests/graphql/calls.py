"""How tests speak GraphQL: requests that must succeed, refusals that must be well-formed, records for a test."""

from typing import Any

import httpx

Json = Any
Record = dict[str, Any]

INSIDES = (
    "Traceback",
    "asyncpg",
    "PostgreSQL",
    "violates",
    'relation "',
    "SELECT ",
    "syntax error at",
    "threescore.",
)


def send(api: httpx.Client, query: str, variables: Json = None, name: str | None = None) -> Json:
    """The whole answer to a request with a document that can be executed."""
    response = api.post("/graphql", json={"query": query, "variables": variables, "operationName": name})
    assert response.status_code == 200, f"{response.status_code} {response.text[:500]}"
    assert response.headers["content-type"].startswith("application/json")
    return response.json()


def ask(api: httpx.Client, query: str, variables: Json = None) -> Json:
    """The data of a request that must succeed."""
    body = send(api, query, variables)
    assert "errors" not in body, f"{body['errors'][:3]}\n{query[:500]}"
    return body["data"]


def one(api: httpx.Client, query: str, variables: Json = None) -> Json:
    """The value of the only root field of a request that must succeed."""
    [value] = ask(api, query, variables).values()
    return value


def fail(api: httpx.Client, query: str, variables: Json = None) -> Json:
    """The one error of a request in which one root field must fail: null, with an error that names its place."""
    body = send(api, query, variables)
    assert "errors" in body, f"succeeded: {str(body)[:500]}"
    [error] = body["errors"]
    well_formed(error)
    if "path" in error:
        assert body["data"][error["path"][0]] is None
        assert error["locations"]
    else:
        assert "data" not in body
    return error


def message(api: httpx.Client, query: str, variables: Json = None) -> str:
    """The message of the one error."""
    text = fail(api, query, variables)["message"]
    assert isinstance(text, str)
    return text


def well_formed(error: Json) -> None:
    """An error has a message that shows nothing of the insides, and a code that blames nobody but the caller."""
    assert set(error) <= {"message", "locations", "path", "extensions"}
    assert isinstance(error["message"], str)
    assert error["message"]
    for inside in INSIDES:
        assert inside not in error["message"], error["message"]
    assert error["extensions"]["code"] != "INTERNAL_SERVER_ERROR", error
    assert isinstance(error["extensions"]["userFriendlyMessage"], str)


def nodes(connection: Json) -> list[Record]:
    """The records of a connection."""
    return [edge["node"] for edge in connection["edges"]]


def create(api: httpx.Client, plural: str, records: list[Record], selection: str = "id") -> list[Record]:
    """New records, as many as are given, in batches."""
    made: list[Record] = []
    type_name = {"people": "Person", "companies": "Company", "opportunities": "Opportunity"}.get(plural)
    type_name = type_name or plural[:1].upper() + plural[1:-1]
    verb = plural[:1].upper() + plural[1:]
    document = f"mutation($data: [{type_name}CreateInput!]!) {{ create{verb}(data: $data) {{ {selection} }} }}"
    for start in range(0, len(records), 60):
        made += one(api, document, {"data": records[start : start + 60]})
    return made


def total(api: httpx.Client, plural: str, filter: str = "") -> int:
    """How many records there are."""
    arguments = f"(filter: {filter})" if filter else ""
    count = one(api, f"{{ {plural}{arguments} {{ totalCount }} }}")["totalCount"]
    assert isinstance(count, int)
    return count
