"""API keys over REST, and what keys may do beyond the wire: scopes, networks, rotation, when they were last used."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import httpx
import jwt
import pytest
from anyio.from_thread import BlockingPortal

from tests.support import serving, wait_until
from threescore.access.origin import Origin
from threescore.catalog.workspaces import Workspace
from threescore.config import Settings
from threescore.db.pool import Database

LATER = "2100-01-01T00:00:00.000Z"
KEYS = "/rest/metadata/apiKeys"
QUERIES = {"/graphql": "{ people { totalCount } }", "/metadata": "{ currentWorkspace { id } }"}


def metadata(api: httpx.Client, query: str, **variables: Any) -> Any:
    """The value of the only root field of a request to `/metadata`."""
    body = api.post("/metadata", json={"query": query, "variables": variables}).json()
    assert "errors" not in body, body["errors"]
    return next(iter(body["data"].values()))


def role_id(api: httpx.Client, label: str = "Admin") -> str:
    roles = metadata(api, "{ getRoles { id label } }")
    found: str = next(role["id"] for role in roles if role["label"] == label)
    return found


def new_key(api: httpx.Client, **more: Any) -> dict[str, Any]:
    response = api.post(KEYS, json={"name": "Sync", "expiresAt": LATER, "roleId": role_id(api), **more})
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


def new_token(api: httpx.Client, key: dict[str, Any], **body: Any) -> str:
    response = api.post(f"{KEYS}/{key['id']}/token", json=body)
    assert response.status_code == 201, response.text
    token: str = response.json()["token"]
    return token


@pytest.fixture
def using(server: str) -> Iterator[Callable[[str], httpx.Client]]:
    """A function that gives a client with a token."""
    clients: list[httpx.Client] = []

    def make(token: str) -> httpx.Client:
        client = httpx.Client(base_url=server, headers={"Authorization": f"Bearer {token}"}, timeout=30)
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()


def test_the_life_of_a_key(api: httpx.Client, workspace: Workspace, using: Callable[[str], httpx.Client]) -> None:
    made = new_key(api, name=" Sync ")
    own = UUID(jwt.decode(api.headers["Authorization"][7:], options={"verify_signature": False})["jti"])
    assert made == {
        "id": made["id"],
        "workspaceId": str(workspace.id),
        "name": "Sync",
        "expiresAt": LATER,
        "revokedAt": None,
        "createdAt": made["createdAt"],
        "updatedAt": made["createdAt"],
        "roleId": role_id(api),
        "createdBy": {"type": "API_KEY", "id": str(own), "name": "Tests"},
        "lastUsedAt": None,
        "lastUsedRoute": None,
        "rateLimit": None,
        "allowedNetworks": [],
        "scope": None,
    }
    assert api.get(f"{KEYS}/{made['id']}").json() == made
    page = api.get(KEYS).json()
    assert (list(page), page["totalCount"]) == (["data", "pageInfo", "totalCount"], 2)
    assert [key["name"] for key in page["data"]] == ["Tests", "Sync"]
    rest = api.get(f"{KEYS}?limit=1&starting_after={own}").json()
    assert [key["name"] for key in rest["data"]] == ["Sync"]
    assert rest["pageInfo"]["hasPreviousPage"]
    assert api.get(f"{KEYS}?ending_before={made['id']}").json()["data"][0]["id"] == str(own)

    token = new_token(api, made)
    assert token not in api.get(f"{KEYS}/{made['id']}").text
    client = using(token)
    assert client.get("/rest/people").status_code == 200
    changed = api.patch(f"{KEYS}/{made['id']}", json={"name": "Other"})
    assert (changed.status_code, changed.json()["name"]) == (200, "Other")
    revoked = api.delete(f"{KEYS}/{made['id']}")
    assert revoked.status_code == 200
    assert revoked.json()["revokedAt"]
    assert client.get("/rest/people").json()["messages"] == ["This API Key is revoked"]
    assert [key["name"] for key in api.get(KEYS).json()["data"]] == ["Tests"]
    refused = api.post(f"{KEYS}/{made['id']}/token", json={})
    assert (refused.status_code, refused.json()["code"]) == (403, "API_KEY_REVOKED")
    assert api.patch(f"{KEYS}/{made['id']}", json={"revokedAt": None}).json()["revokedAt"] is None
    assert client.get("/rest/people").status_code == 200


def test_the_old_path_gives_bare_lists(api: httpx.Client) -> None:
    made = api.post("/rest/apiKeys", json={"name": "Old", "expiresAt": LATER, "roleId": role_id(api)})
    assert made.status_code == 201
    path = f"/rest/apiKeys/{made.json()['id']}"
    listed = api.get("/rest/apiKeys")
    assert [key["name"] for key in listed.json()] == ["Tests", "Old"]
    assert listed.headers["deprecation"] == "@1786320000"
    assert listed.headers["link"] == '</rest/metadata/apiKeys>; rel="successor-version"'
    assert api.get(path).json() == made.json()
    assert api.patch(path, json={"name": "New"}).json()["name"] == "New"
    assert api.delete(path).json()["revokedAt"]
    assert api.post(f"{path}/token", json={}).status_code == 403


def test_keys_that_are_not_there(api: httpx.Client) -> None:
    missing = f"{KEYS}/{uuid4()}"
    for method in ("GET", "PATCH", "DELETE"):
        response = api.request(method, missing, json={"name": "x"} if method == "PATCH" else None)
        assert (response.status_code, response.content) == (200, b"")
    for last in ("token", "regenerate"):
        assert api.post(f"{missing}/{last}", json={}).json()["code"] == "API_KEY_NOT_FOUND"
    assert api.get(f"{KEYS}/nonsense").status_code == 400
    for method, path in (("PUT", missing), ("POST", missing), ("GET", f"{missing}/token"), ("DELETE", KEYS)):
        assert api.request(method, path, json={}).status_code == 404, (method, path)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"name": 5},
        {"name": None},
        {"name": "\ud800"},
        {"expiresAt": "soon"},
        {"expiresAt": 5},
        {"expiresAt": None},
        {"revokedAt": "never"},
        {"revokedAt": 5},
        {"roleId": "x"},
        {"roleId": None},
        {"allowedNetworks": "10.0.0.0/8"},
        {"allowedNetworks": [5]},
        {"allowedNetworks": ["10.0.0.1/8"]},
        {"allowedNetworks": ["example.com"]},
        {"allowedNetworks": ["10.0.0.1"] * 101},
        {"scope": "all"},
        {"scope": {"company": "READ"}},
        {"scope": {"allObjects": "SOME"}},
        {"scope": {"objects": [{"access": "READ"}]}},
        {"scope": {"objects": [{"objectMetadataId": "x", "access": "READ"}]}},
        {"scope": {"objects": [{"objectMetadataId": str(uuid4()), "access": "READ"}]}},
    ],
)
def test_keys_that_cannot_be(api: httpx.Client, wrong: dict[str, Any]) -> None:
    content = {"name": "Sync", "expiresAt": LATER, "roleId": role_id(api), **wrong}
    response = api.post(KEYS, content=jsonable(content), headers={"Content-Type": "application/json"})
    assert response.status_code in (400, 404), response.text
    assert len(api.get(KEYS).json()["data"]) == 1


def jsonable(content: object) -> bytes:
    return json.dumps(content).encode()


def test_bodies_that_are_none(api: httpx.Client) -> None:
    key = new_key(api)
    for body in ([], ["x"]):
        assert api.post(KEYS, json=body).status_code == 400
    for wrong in ({"overlapHours": "1"}, {"overlapHours": -1}, {"overlapHours": 999}, {"overlapHours": True}):
        assert api.post(f"{KEYS}/{key['id']}/regenerate", json=wrong).status_code == 400
    for wrong in ({"expiresAt": 5}, {"expiresAt": "x"}, {"expiresAt": "2001-01-01"}):
        assert api.post(f"{KEYS}/{key['id']}/token", json=wrong).status_code == 400
        assert api.post(f"{KEYS}/{key['id']}/regenerate", json=wrong).status_code == 400


def test_rotation(api: httpx.Client, using: Callable[[str], httpx.Client]) -> None:
    """A new token takes the place of all others: at once, or after a while."""
    key = new_key(api)
    path = f"{KEYS}/{key['id']}/regenerate"
    first, second = using(new_token(api, key)), using(new_token(api, key))

    def good(*clients: httpx.Client) -> list[bool]:
        return [client.get("/rest/people").status_code == 200 for client in clients]

    assert good(first, second) == [True, True]
    third = using(api.post(path, json={}).json()["token"])
    assert good(first, second, third) == [False, False, True]
    assert first.get("/rest/people").json()["messages"] == ["This API Key is revoked"]
    fourth = using(api.post(path, json={"overlapHours": 1}).json()["token"])
    assert good(first, second, third, fourth) == [False, False, True, True]
    assert good(using(new_token(api, key))) == [True]
    fifth = using(api.post(path, json={"overlapHours": 0.0003}).json()["token"])
    # Only the last tokens overlap, and only for so long: about a second here.
    assert good(third, fourth, fifth) == [False, True, True]
    wait_until(lambda: good(fourth) == [False], 5)
    assert good(third, fourth, fifth) == [False, False, True]
    token = metadata(
        api,
        'mutation($key: UUID!) { regenerateApiKeyToken(apiKeyId: $key, expiresAt: "2099-01-01") { token } }',
        key=key["id"],
    )["token"]
    assert good(fifth, using(token)) == [False, True]
    assert api.get(f"{KEYS}/{key['id']}").json()["expiresAt"] == "2099-01-01T00:00:00.000Z"


def test_a_scope_takes_away(api: httpx.Client, using: Callable[[str], httpx.Client]) -> None:
    objects = api.get("/rest/metadata/objects?limit=1000").json()["data"]
    company = next(item["id"] for item in objects if item["nameSingular"] == "company")
    scope = {"allObjects": "NONE", "objects": [{"objectMetadataId": company, "access": "READ"}]}
    key = new_key(api, scope=scope)
    assert key["scope"] == scope
    shown = metadata(
        api,
        "query($id: UUID!) { apiKey(input: {id: $id}) { scope { allObjects objects { objectMetadataId access } } } }",
        id=key["id"],
    )
    assert shown == {"scope": scope}
    client = using(new_token(api, key))
    # It has an administrator's role, and yet no say in settings.
    for path in (KEYS, "/rest/apiKeys"):
        assert client.get(path).json()["code"] == "PERMISSION_DENIED"
    response = client.post("/rest/metadata/objects", json={})
    assert (response.status_code, response.json()["needs"]) == (403, "DATA_MODEL")
    wider = api.patch(f"{KEYS}/{key['id']}", json={"scope": None})
    assert wider.json()["scope"] is None
    assert client.get(KEYS).status_code == 200
    # What is no longer there is no longer spoken of.
    made = api.post(
        "/rest/metadata/objects",
        json={"nameSingular": "part", "namePlural": "parts", "labelSingular": "Part", "labelPlural": "Parts"},
    ).json()
    parts = {"allObjects": "READ", "objects": [{"objectMetadataId": made["id"], "access": "WRITE"}]}
    assert api.patch(f"{KEYS}/{key['id']}", json={"scope": parts}).json()["scope"] == parts
    assert api.delete(f"/rest/metadata/objects/{made['id']}").status_code == 200
    assert client.get("/rest/people").status_code == 200


def test_networks(api: httpx.Client, using: Callable[[str], httpx.Client]) -> None:
    here = new_key(api, allowedNetworks=["127.0.0.0/8", "::1", "127.0.0.0/8"])
    assert here["allowedNetworks"] == ["127.0.0.0/8", "::1/128"]
    client = using(new_token(api, here))
    assert client.get("/rest/people").status_code == 200
    elsewhere = ["203.0.113.7"]
    away = new_key(api, allowedNetworks=elsewhere)
    stranger = using(new_token(api, away))
    expected: dict[str, Any] = {
        "statusCode": 403,
        "messages": ["This API Key may not be used from this address"],
        "error": "FORBIDDEN_EXCEPTION",
    }
    for headers in ({}, {"X-Forwarded-For": "203.0.113.7"}):
        response = stranger.get("/rest/people", headers=headers)
        assert (response.status_code, response.json()) == (403, expected)
        for door, query in QUERIES.items():
            body = stranger.post(door, json={"query": query}, headers=headers).json()
            assert body["errors"][0]["message"] == expected["messages"][0]
    # A key that is good here only makes none that is good elsewhere, and no token of one.
    more = {"name": "More", "expiresAt": LATER, "roleId": role_id(api)}
    for networks in ([], elsewhere, ["126.0.0.0/7"]):
        assert client.post(KEYS, json={**more, "allowedNetworks": networks}).json()["code"] == "PERMISSION_DENIED"
    assert client.post(f"{KEYS}/{away['id']}/token", json={}).status_code == 400
    assert client.patch(f"{KEYS}/{here['id']}", json={"allowedNetworks": []}).status_code == 400
    assert client.post(KEYS, json={**more, "allowedNetworks": ["127.0.0.1"]}).status_code == 201
    assert api.patch(f"{KEYS}/{away['id']}", json={"allowedNetworks": []}).json()["allowedNetworks"] == []
    assert stranger.get("/rest/people").status_code == 200


@pytest.mark.parametrize(
    ("client", "forwarded", "expected"),
    [
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("::ffff:10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["6.6.6.6, 203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["6.6.6.6", "203.0.113.7, 10.0.0.2"], "203.0.113.7"),
        ("10.0.0.1", ["2001:db8::5"], "2001:db8::5"),
        ("10.0.0.1", ["[2001:db8::5]"], "2001:db8::5"),
        ("10.0.0.1", ["203.0.113.7, unknown"], None),
        ("10.0.0.1", [""], None),
        ("203.0.113.9", ["10.0.0.1, 127.0.0.1"], "203.0.113.9"),
    ],
)
def test_whose_address_counts(client: str, forwarded: list[str], expected: str | None) -> None:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    scope = {"method": "GET", "path": "/rest/people", "client": (client, 5), "headers": headers}
    trusted = Settings.from_environment({"THREESCORE_TRUSTED_PROXIES": "10.0.0.0/8"}).trusted_proxies
    address = Origin(scope, trusted).address
    assert (None if address is None else str(address)) == expected
    assert str(Origin(scope).address) == client.removeprefix("::ffff:")


def test_the_last_use_is_written_at_the_end_at_the_latest(
    database_url: str, token: str, api: httpx.Client, portal: BlockingPortal, shared_db: Database, workspace: Workspace
) -> None:
    version = f'SELECT access FROM "{workspace.schema}"._state'
    key = new_key(api)
    mine = new_token(api, key)
    headers = {"Authorization": f"Bearer {mine}", "X-Forwarded-For": "203.0.113.7"}
    api.patch(f"{KEYS}/{key['id']}", json={"allowedNetworks": ["203.0.113.7"]})
    before = portal.call(shared_db.fetchval, version)
    variables = {"DATABASE_URL": database_url, "WORKERS": "1", "TRUSTED_PROXIES": "127.0.0.1"}
    with serving(**{f"THREESCORE_{name}": value for name, value in variables.items()}) as other:
        started = time.time()
        assert httpx.get(f"{other.url}/rest/people/{uuid4()}", headers=headers).status_code == 404
        refused = httpx.get(f"{other.url}/rest/companies", headers={**headers, "X-Forwarded-For": "203.0.113.8"})
        assert refused.status_code == 403
        # Requests at the same time are not taken for one another.
        with ThreadPoolExecutor(8) as threads:
            origins = ["203.0.113.7", "203.0.113.8"] * 20
            ask = partial(_status, f"{other.url}/rest/people?limit=1", headers)
            assert list(threads.map(ask, origins)) == [200, 403] * 20
    shown = api.get(f"{KEYS}/{key['id']}").json()
    # The refused request was no use of the key.
    assert shown["lastUsedRoute"] == "GET /rest/people"
    assert shown["lastUsedAt"] >= time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(started))
    assert shown["updatedAt"] < shown["lastUsedAt"]
    assert portal.call(shared_db.fetchval, version) == before


def _status(url: str, headers: dict[str, str], origin: str) -> int:
    return httpx.get(url, headers={**headers, "X-Forwarded-For": origin}, timeout=30).status_code


def test_a_changed_role_is_in_force_at_once_on_every_worker(
    api: httpx.Client, server: str, using: Callable[[str], httpx.Client]
) -> None:
    """Each new connection lands on either worker; none of them relies on what was so before."""
    role = metadata(
        api,
        "mutation($role: CreateRoleInput!) { createOneRole(createRoleInput: $role) { id } }",
        role={"label": "Modeller", "canReadAllObjectRecords": True},
    )["id"]
    key = new_key(api, roleId=role)
    token = new_token(api, key)
    create = {
        "query": """mutation { createOneObject(input: {object: {
            nameSingular: "", namePlural: "", labelSingular: "", labelPlural: ""}}) { id } }"""
    }
    flags = """mutation($in: UpsertPermissionFlagsInput!) {
        upsertPermissionFlags(upsertPermissionFlagsInput: $in) { flag } }"""
    clients = [using(token) for _ in range(6)]
    for allowed in (False, True, False, True):
        metadata(api, flags, **{"in": {"roleId": role, "permissionFlagKeys": ["DATA_MODEL"] if allowed else []}})
        for client in clients:
            assert client.post("/rest/metadata/objects", json={}).status_code == (400 if allowed else 403)
            (error,) = client.post("/metadata", json=create).json()["errors"]
            assert (error["extensions"].get("subCode") == "PERMISSION_DENIED") == (not allowed)
            assert client.get("/rest/people").status_code == 200
    metadata(api, "mutation($id: UUID!) { deleteOneRole(roleId: $id) }", id=role)
    for client in clients:
        response = client.get("/rest/people")
        assert (response.status_code, response.json()["error"]) == (403, "API_KEY_NO_ROLE_ASSIGNED")
        for door, query in QUERIES.items():
            (error,) = client.post(door, json={"query": query}).json()["errors"]
            assert error["extensions"]["subCode"] == "API_KEY_NO_ROLE_ASSIGNED"


def test_a_revoked_key_is_refused_by_every_door_of_every_worker(
    api: httpx.Client, using: Callable[[str], httpx.Client]
) -> None:
    for _ in range(3):
        key = new_key(api)
        token = new_token(api, key)
        clients = [using(token) for _ in range(6)]
        for client in clients:
            assert client.get("/rest/people").status_code == 200
            for door, query in QUERIES.items():
                assert "errors" not in client.post(door, json={"query": query}).json()
        api.delete(f"{KEYS}/{key['id']}")
        for client in clients:
            for path in ("/rest/people", "/rest/metadata/objects", KEYS):
                assert client.get(path).json()["messages"] == ["This API Key is revoked"]
            for door, query in QUERIES.items():
                body = client.post(door, json={"query": query}).json()
                assert body["errors"][0]["message"] == "This API Key is revoked"
