"""The audit log: an entry exactly when something changed, who did it and from where, readable with the right to."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from anyio.from_thread import BlockingPortal

from tests.records.wire import refusal
from threescore.access.audit import COMMAND_LINE, Author, Entry, audit
from threescore.access.keys import create_key, revoke_key, signing_secret
from threescore.access.retention import clean
from threescore.access.roles import member_role
from threescore.access.tokens import Tokens
from threescore.catalog.workspaces import Workspace
from threescore.db.pool import Database

ROCKET = {"nameSingular": "rocket", "namePlural": "rockets", "labelSingular": "Rocket", "labelPlural": "Rockets"}
EVENTS = """query($first: Int, $after: String, $filter: AuditEventFilter) {
    auditEvents(first: $first, after: $after, filter: $filter) {
        edges { cursor node { id at action actor subjectId subjectName before after address userAgent } }
        pageInfo { hasNextPage endCursor }
    }
}"""
LATER = "2100-01-01T00:00:00.000Z"


def log(api: httpx.Client, query: str = "") -> list[dict[str, Any]]:
    """Entries, latest first."""
    response = api.get(f"/rest/metadata/audit{query}")
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["data"]
    return found


def graphql(api: httpx.Client, query: str, **variables: Any) -> Any:
    body = api.post("/metadata", json={"query": query, "variables": variables}).json()
    assert "errors" not in body, body
    [data] = body["data"].values()
    return data


def test_keys(api: httpx.Client, workspace: Workspace) -> None:
    [first] = log(api)
    assert (first["action"], first["subjectName"], first["actor"]) == ("apiKey.created", "Tests", None)
    [admin, _] = graphql(api, "{ getRoles { id } }")
    role = graphql(api, 'mutation { createOneRole(createRoleInput: {label: "Reader"}) { id } }')
    assert log(api)[0]["action"] == "role.created"
    made = graphql(
        api,
        "mutation($i: CreateApiKeyInput!) { createApiKey(input: $i) { id } }",
        i={"name": "Sync", "expiresAt": LATER, "roleId": admin["id"]},
    )
    change = "mutation($i: UpdateApiKeyInput!) { updateApiKey(input: $i) { id } }"
    graphql(api, change, i={"id": made["id"], "name": "Synced"})
    graphql(api, change, i={"id": made["id"], "name": "Synced"})
    assign = "mutation($k: UUID!, $r: UUID!) { assignRoleToApiKey(apiKeyId: $k, roleId: $r) }"
    graphql(api, assign, k=made["id"], r=role["id"])
    token = "mutation($k: UUID!, $u: String!) { generateApiKeyToken(apiKeyId: $k, expiresAt: $u) { token } }"
    minted = graphql(api, token, k=made["id"], u=LATER)["token"]
    revoke = "mutation($i: RevokeApiKeyInput!) { revokeApiKey(input: $i) { revokedAt } }"
    for _ in range(2):
        revoked = graphql(api, revoke, i={"id": made["id"]})["revokedAt"]

    found = [entry for entry in log(api)[:-1][::-1] if entry["action"].startswith("apiKey.")]
    assert [entry["action"] for entry in found] == [
        "apiKey.created",
        "apiKey.updated",
        "apiKey.updated",
        "apiKey.tokenGenerated",
        "apiKey.revoked",
    ]
    created, renamed, assigned, generated, ended = found
    assert generated["after"] == {"expiresAt": LATER.replace(".000Z", "Z")}
    assert created["after"]["name"] == "Sync"
    assert created["after"]["roleId"] == admin["id"]
    assert created["before"] is None
    assert (renamed["before"], renamed["after"]) == ({"name": "Sync"}, {"name": "Synced"})
    assert (assigned["before"], assigned["after"]) == ({"roleId": admin["id"]}, {"roleId": role["id"]})
    assert ended["before"] == {"revokedAt": None}
    assert ended["after"]["revokedAt"][:19] == revoked[:19]
    for entry in found:
        assert entry["subjectId"] == made["id"]
        assert (entry["actor"]["source"], entry["actor"]["name"]) == ("API", "Tests")
        assert entry["actor"]["apiKeyId"] == first["subjectId"]
        assert entry["address"] == "127.0.0.1"
        assert entry["userAgent"].startswith("python-httpx/")
    assert minted not in json.dumps(log(api))


@pytest.mark.parametrize("keyed", [False, True])
def test_the_data_model(api: httpx.Client, keyed: bool) -> None:
    def send(method: str, path: str, body: Any = None) -> Any:
        headers = {"Idempotency-Key": str(uuid4())} if keyed else {}
        response = api.request(method, f"/rest/metadata/{path}", json=body, headers=headers)
        assert response.is_success, response.text
        return response.json()

    rocket = send("POST", "objects", ROCKET)
    field = send(
        "POST", "fields", {"objectMetadataId": rocket["id"], "type": "NUMBER", "name": "thrust", "label": "Thrust"}
    )
    send("PATCH", f"fields/{field['id']}", {"label": "Power", "isLabelSyncedWithName": False})
    send("PATCH", f"objects/{rocket['id']}", {"description": "It flies"})
    send("PATCH", f"objects/{rocket['id']}", {"description": "It flies"})
    refused = api.post("/rest/metadata/objects", json=ROCKET)
    assert refused.status_code == 400
    send("PATCH", f"fields/{field['id']}", {"isActive": False})
    send("DELETE", f"fields/{field['id']}")
    send("PATCH", f"objects/{rocket['id']}", {"isActive": False})
    send("DELETE", f"objects/{rocket['id']}")

    about = [entry for entry in log(api, "?limit=200") if entry["subjectId"] in (rocket["id"], field["id"])][::-1]
    assert [(entry["action"], entry["subjectName"]) for entry in about] == [
        ("objectMetadata.created", "rocket"),
        ("fieldMetadata.created", "thrust"),
        ("fieldMetadata.updated", "thrust"),
        ("objectMetadata.updated", "rocket"),
        ("fieldMetadata.updated", "thrust"),
        ("fieldMetadata.deleted", "thrust"),
        ("objectMetadata.updated", "rocket"),
        ("objectMetadata.deleted", "rocket"),
    ]
    assert about[2]["before"]["label"] == "Thrust"
    assert about[2]["after"]["label"] == "Power"
    assert (about[3]["before"], about[3]["after"]) == ({"description": None}, {"description": "It flies"})
    assert about[7]["after"] is None
    assert about[7]["before"]["namePlural"] == "rockets"
    assert {entry["actor"]["name"] for entry in about} == {"Tests"}


def test_the_workspace(api: httpx.Client, workspace: Workspace) -> None:
    name = f"Renamed {uuid4()}"
    for _ in range(2):
        graphql(api, "mutation($n: String) { updateWorkspace(data: {displayName: $n}) { id } }", n=name)
    [entry] = log(api, "?action=workspace.updated")
    assert (entry["before"], entry["after"]) == ({"displayName": workspace.name}, {"displayName": name})
    assert entry["subjectId"] == str(workspace.id)


def test_a_change_that_fails_leaves_no_entry(api: httpx.Client, workspace: Workspace) -> None:
    before = log(api)
    assert api.post("/rest/metadata/objects", json={**ROCKET, "nameSingular": "!"}).status_code == 400
    taken = api.post(
        "/metadata",
        json={"query": 'mutation { updateWorkspace(data: {displayName: " "}) { id } }'},
        headers={"Idempotency-Key": "refused"},
    )
    assert taken.json()["errors"]
    assert log(api) == before


@pytest.fixture
def sign_in(portal: BlockingPortal, shared_db: Database, workspace: Workspace) -> Callable[..., None]:
    """Writes entries of the kind that a sign-in makes."""

    async def write(count: int, author: Author = COMMAND_LINE, **more: Any) -> None:
        async with shared_db.transaction() as connection:
            entries = [Entry("auth.signedIn", uuid4(), f"Person {number}", **more) for number in range(count)]
            await audit(connection, workspace.schema, author, entries)

    return lambda *arguments, **named: portal.call(lambda: write(*arguments, **named))


def test_pages(api: httpx.Client, sign_in: Callable[..., None]) -> None:
    sign_in(25)
    seen: list[str] = []
    query = "?limit=10&action=auth.*"
    while True:
        body = api.get(f"/rest/metadata/audit{query}").json()
        seen += [entry["subjectName"] for entry in body["data"]]
        if not body["pageInfo"]["hasNextPage"]:
            break
        query = f"?limit=10&action=auth.*&after={body['pageInfo']['endCursor']}"
    assert seen == [f"Person {number}" for number in range(24, -1, -1)]

    seen, after = [], None
    while True:
        page = graphql(api, EVENTS, first=10, after=after, filter={"action": "auth.signedIn"})
        seen += [edge["node"]["subjectName"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == [f"Person {number}" for number in range(24, -1, -1)]


def test_filters(api: httpx.Client, sign_in: Callable[..., None]) -> None:
    member = str(uuid4())
    sign_in(2, Author(json.dumps({"workspaceMemberId": member}).encode(), "::1", "x\x00" * 600))
    [one, two] = log(api, f"?actorId={member}")
    assert one["address"] == "::1"
    assert one["userAgent"] == "x" * 500
    assert log(api, f"?subjectId={two['subjectId']}") == [two]
    assert log(api, f"?actorId={uuid4()}") == []
    assert log(api, f"?since={one['at']}&action=auth.signedIn") == [one, two]
    assert log(api, f"?until={one['at']}&action=auth.signedIn") == []
    assert log(api, "?since=2100-01-01T00:00:00.000Z") == []
    assert [entry["action"] for entry in log(api, "?action=apiKey.*")] == ["apiKey.created"]
    assert log(api, "?action=api%25") == []
    for query in ("after=x", "after=-1", "since=yesterday", "actorId=me", "subjectId=1", "limit=x"):
        refusal(api.get(f"/rest/metadata/audit?{query}"))
    refusal(api.post("/rest/metadata/audit", json={}), 404)
    for variables in ({"first": 201}, {"first": -1}, {"after": "x"}, {"filter": {"since": "x"}}):
        answer = api.post("/metadata", json={"query": EVENTS, "variables": variables}).json()
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


def test_secrets_stay_out(api: httpx.Client, sign_in: Callable[..., None]) -> None:
    sign_in(1, before={"secret": "old"}, after={"secret": "new", "token": "t", "name": "n"})
    [entry] = log(api, "?action=auth.signedIn")
    assert (entry["before"], entry["after"]) == ({"name": None}, {"name": "n"})


def test_it_takes_the_right_to_read_it(
    api: httpx.Client, server: str, portal: BlockingPortal, shared_db: Database, workspace: Workspace, key_of_role: Any
) -> None:
    headers = {"Authorization": f"Bearer {key_of_role}"}
    refusal(httpx.get(f"{server}/rest/metadata/audit", headers=headers), 403)
    answer = httpx.post(f"{server}/metadata", json={"query": EVENTS}, headers=headers).json()
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert answer["data"] is None
    grant = "INSERT INTO threescore.role_flag (role_id, flag) VALUES ($1, 'SECURITY')"
    portal.call(shared_db.execute, grant, member_role(workspace.id).id)
    portal.call(shared_db.execute, f'UPDATE "{workspace.schema}"._state SET access = access + 1')
    assert httpx.get(f"{server}/rest/metadata/audit", headers=headers).status_code == 200


@pytest.fixture
def key_of_role(portal: BlockingPortal, shared_db: Database, workspace: Workspace) -> str:
    """The token of a key with the role Member."""

    async def make() -> str:
        until = datetime.now(UTC) + timedelta(days=1)
        async with shared_db.transaction() as connection:
            role_id = member_role(workspace.id).id
            key = await create_key(connection, workspace.id, "Small", until, role_id=role_id)
        return Tokens(await signing_secret(shared_db, None)).mint(workspace.id, key.id, until)

    return portal.call(make)


def test_workspaces_do_not_see_each_other(
    api: httpx.Client, server: str, new_workspace: Callable[[], Workspace], new_token: Callable[[Workspace], str]
) -> None:
    other = new_token(new_workspace())
    with httpx.Client(base_url=server, headers={"Authorization": f"Bearer {other}"}) as stranger:
        [own], [theirs] = log(api), log(stranger)
    assert own["subjectId"] != theirs["subjectId"]


def test_the_command_line(api: httpx.Client, portal: BlockingPortal, shared_db: Database, workspace: Workspace) -> None:
    async def make_and_revoke() -> None:
        async with shared_db.transaction() as connection:
            key = await create_key(connection, workspace.id, "CLI", datetime.now(UTC) + timedelta(days=1))
            await revoke_key(connection, workspace.id, key.id)

    portal.call(make_and_revoke)
    assert [(entry["action"], entry["actor"]) for entry in log(api)[:2]] == [
        ("apiKey.revoked", None),
        ("apiKey.created", None),
    ]


def test_old_entries_go(
    api: httpx.Client,
    portal: BlockingPortal,
    shared_db: Database,
    workspace: Workspace,
    sign_in: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("threescore.access.retention.BATCH", 10)
    sign_in(35)
    table = f'"{workspace.schema}"._audit'
    portal.call(shared_db.execute, f"UPDATE {table} SET at = now() - interval '29 days 23 hours' WHERE id <= 5")
    portal.call(shared_db.execute, f"UPDATE {table} SET at = now() - interval '30 days 1 hour' WHERE id > 5")
    api.post("/rest/companies", json={}, headers={"Idempotency-Key": "old"})
    portal.call(shared_db.execute, f"UPDATE \"{workspace.schema}\"._idempotency SET at = now() - interval '25 hours'")
    while portal.call(clean, shared_db, 30) == 0:
        # Another test cleans up at this moment.
        pass
    assert len(log(api, "?limit=200")) == 5
    assert portal.call(shared_db.fetchval, f'SELECT count(*) FROM "{workspace.schema}"._idempotency') == 0
