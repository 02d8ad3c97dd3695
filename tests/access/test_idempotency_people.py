"""Requests about people and secrets, sent more than once with one Idempotency-Key: they count once, sealed as kept."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import httpx
import jwt
import pytest
from anyio.from_thread import BlockingPortal

from tests.access.people import (
    GET_LOGIN,
    GET_TOKENS,
    ME,
    ORIGIN,
    PASSWORD,
    RENEW,
    SIGN_IN,
    SIGN_UP_IN_WORKSPACE,
    Client,
    new_email,
    pair,
    somebody,
)
from tests.access.test_idempotency import keyed, same
from tests.support import serving
from threescore.access.idempotency import Owner
from threescore.access.roles import admin_role
from threescore.access.tokens import Tokens
from threescore.catalog.workspaces import Workspace
from threescore.db.pool import Database

CHANGE_PASSWORD = """mutation($old: String!, $new: String!) { updatePassword(currentPassword: $old, newPassword: $new) {
    tokens { accessOrWorkspaceAgnosticToken { token } refreshToken { token } } } }"""
INVITE = "mutation($emails: [String!]!) { sendInvitations(emails: $emails) { success errors result { id email } } }"
MINT = """mutation($id: UUID!) {
    generateApiKeyToken(apiKeyId: $id, expiresAt: "2100-01-01T00:00:00.000Z") { token } }"""
NEW_PASSWORD = "another horse battery"

Sql = Callable[..., Any]


@pytest.fixture
def sql(portal: BlockingPortal, shared_db: Database) -> Sql:
    """Runs a statement and gives its first value."""
    return lambda text, *arguments: portal.call(shared_db.fetchval, text, *arguments)


@pytest.fixture
def client(server: str) -> Iterator[Client]:
    with somebody(server) as client:
        yield client


@pytest.fixture
def invite_hash(workspace: Workspace, sql: Sql) -> str:
    return str(sql("SELECT invite_hash FROM threescore.workspace WHERE id = $1", workspace.id))


def post(
    client: Client, query: str, headers: dict[str, str], bearer: str | None = None, /, **variables: Any
) -> httpx.Response:
    sent = headers if bearer is None else {**headers, "Authorization": f"Bearer {bearer}"}
    return client.http.post("/metadata", json={"query": query, "variables": variables}, headers=sent)


def value(response: httpx.Response) -> Any:
    """The value of the only root field of an answer without errors."""
    body = response.json()
    assert "errors" not in body, body
    [found] = body["data"].values()
    return found


def twice(client: Client, query: str, bearer: str | None = None, /, **variables: Any) -> Any:
    """What is answered, twice the same."""
    headers = keyed()
    first = post(client, query, headers, bearer, **variables)
    same(first, post(client, query, headers, bearer, **variables))
    return value(first)


def join(client: Client, invite_hash: str, email: str) -> tuple[str, str]:
    made = client(SIGN_UP_IN_WORKSPACE, email=email, password=PASSWORD, hash=invite_hash)
    return pair(client(GET_TOKENS, token=made["loginToken"]["token"], origin=ORIGIN))


def administrator(client: Client, invite_hash: str, workspace: Workspace, sql: Sql) -> tuple[str, str]:
    """The e-mail address and the access token of an administrator."""
    email = new_email()
    access, _ = join(client, invite_hash, email)
    user = jwt.decode(access, options={"verify_signature": False})["userId"]
    role = admin_role(workspace.id).id
    sql("UPDATE threescore.membership SET role_id = $2 WHERE user_id = $1", UUID(user), role)
    sql(f'UPDATE "{workspace.schema}"._state SET access = access + 1')
    return email, access


# Without a token


def test_signing_up_and_in_can_be_repeated(client: Client, invite_hash: str, sql: Sql) -> None:
    email = new_email()
    made = twice(client, SIGN_UP_IN_WORKSPACE, email=email, password=PASSWORD, hash=invite_hash)
    # A login token is good once; who asks twice for what it opens, with one key, asks once.
    access, refresh = pair(twice(client, GET_TOKENS, token=made["loginToken"]["token"], origin=ORIGIN))
    assert client(ME, access)["email"] == email
    # So is a refresh token: without the key, the second time would end the session.
    access, refresh = pair(twice(client, RENEW, token=refresh))
    access, _ = pair(client(RENEW, token=refresh))
    assert client(ME, access)["email"] == email
    sessions = 'SELECT count(*) FROM threescore.session s JOIN threescore."user" u ON u.id = s.user_id WHERE email = $1'
    before = sql(sessions, email)
    twice(client, SIGN_IN, email=email, password=PASSWORD)
    twice(client, GET_LOGIN, email=email, password=PASSWORD, origin=ORIGIN)
    assert sql(sessions, email) == before + 1
    assert sql('SELECT count(*) FROM threescore."user" WHERE email = $1', email) == 1


def test_a_key_of_strangers_belongs_to_their_address(client: Client, server: str, invite_hash: str) -> None:
    email, headers = new_email(), keyed()
    join(client, invite_hash, email)
    given = {"email": email, "password": PASSWORD, "origin": ORIGIN}
    first = post(client, GET_LOGIN, headers, **given)
    other = post(client, GET_LOGIN, headers, **{**given, "email": new_email()})
    assert other.status_code == 422
    assert other.json()["errors"][0]["extensions"]["subCode"] == "IDEMPOTENCY_KEY_REUSED"
    with somebody(server) as elsewhere:
        answer = post(elsewhere, GET_LOGIN, headers, **given)
        assert value(answer) != value(first)
        assert "idempotent-replayed" not in answer.headers


def test_refused_sign_ins_count_although_they_can_be_repeated(client: Client, invite_hash: str) -> None:
    email = new_email()
    join(client, invite_hash, email)
    answers = [post(client, SIGN_IN, keyed(), email=email, password="wrong password") for _ in range(12)]
    messages = [answer.json()["errors"][0]["message"] for answer in answers]
    assert messages[:10] == ["Wrong password"] * 10
    assert all(message.startswith("Limit reached") for message in messages[10:])
    assert {answer.status_code for answer in answers} == {200}
    # What passes is not kept: neither here nor anywhere has the right password been tried.
    headers = keyed()
    for _ in range(2):
        refused = post(client, SIGN_IN, headers, email=email, password=PASSWORD)
        assert "idempotent-replayed" not in refused.headers
        assert refused.json()["errors"][0]["extensions"]["subCode"] == "LIMIT_REACHED"


def test_a_refresh_token_used_before_ends_the_session_with_a_key_too(client: Client, invite_hash: str) -> None:
    access, refresh = join(client, invite_hash, new_email())
    _, following = pair(client(RENEW, token=refresh))
    headers = keyed()
    first = post(client, RENEW, headers, token=refresh)
    assert first.json()["errors"][0]["message"] == "Token invalid."
    assert client.refused(RENEW, token=following)[0] == "Token invalid."
    assert client.refused(ME, access)[0] == "Token invalid."
    same(first, post(client, RENEW, headers, token=refresh))


def test_a_sign_up_that_fails_in_passing_leaves_nothing(client: Client, invite_hash: str, sql: Sql) -> None:
    """All root fields are one transaction: the second one is refused for now, so the first one is undone."""
    email = new_email()
    two = """mutation($e: String!, $p: String!, $h: String!) {
        one: signUpInWorkspace(email: $e, password: $p, workspaceInviteHash: $h) { loginToken { token } }
        two: renewToken(appToken: "none") { tokens { refreshToken { token } } } }"""
    answer = post(client, two, keyed(), e=email, p=PASSWORD, h=invite_hash).json()
    assert answer["data"] is None
    assert [error["path"] for error in answer["errors"]] == [["two"]]
    assert sql('SELECT count(*) FROM threescore."user" WHERE email = $1', email) == 0


def test_strangers_do_not_fill_the_table(client: Client) -> None:
    query = 'mutation { signUp(email: "a@b.example", password: "long enough") { tokens { refreshToken { token } } } }'
    kept = 0
    for _ in range(305):
        answer = post(client, query, keyed())
        kept += answer.json()["errors"][0]["extensions"]["subCode"] == "SIGNUP_DISABLED"
    assert 300 <= kept <= 302
    assert answer.status_code == 429


def test_many_at_once_sign_up_once(server: str, invite_hash: str, sql: Sql) -> None:
    """More than there are database connections, and all of them have attempts to count beside their transaction."""
    emails = [new_email() for _ in range(10)]
    bodies = [
        {"query": SIGN_UP_IN_WORKSPACE, "variables": {"email": email, "password": PASSWORD, "hash": invite_hash}}
        for email in emails
    ]
    headers = [keyed() for _ in emails]

    async def scenario() -> list[bytes]:
        async with httpx.AsyncClient(base_url=server, timeout=60) as client:

            async def send(number: int) -> bytes:
                answer = await client.post("/metadata", json=bodies[number], headers=headers[number])
                while answer.status_code == 409:
                    await asyncio.sleep(0.05)
                    answer = await client.post("/metadata", json=bodies[number], headers=headers[number])
                assert answer.status_code == 200, answer.text
                assert "errors" not in answer.json(), answer.text
                return answer.content

            return await asyncio.gather(*(send(number % 10) for number in range(50)))

    answers = asyncio.run(scenario())
    assert len(set(answers)) == 10
    assert sql('SELECT count(*) FROM threescore."user" WHERE email = ANY($1)', emails) == 10


# Members and secrets


def test_invitations_can_be_repeated(client: Client, workspace: Workspace, invite_hash: str, sql: Sql) -> None:
    _, access = administrator(client, invite_hash, workspace, sql)
    email = new_email()
    [sent] = twice(client, INVITE, access, emails=[email])["result"]
    again = "mutation($id: UUID!) { resendWorkspaceInvitation(appTokenId: $id) { success result { id } } }"
    assert twice(client, again, access, id=sent["id"])["success"]
    assert twice(client, "mutation($id: UUID!) { deleteWorkspaceInvitation(appTokenId: $id) }", access, id=sent["id"])
    assert sql("SELECT count(*) FROM threescore.invitation WHERE email = $1", email) == 0


def test_an_invitation_is_undone_with_what_comes_with_it(
    client: Client, workspace: Workspace, invite_hash: str, sql: Sql
) -> None:
    _, access = administrator(client, invite_hash, workspace, sql)
    other = new_email()
    query = """mutation($emails: [String!]!) { one: sendInvitations(emails: $emails) { success }
        two: renewToken(appToken: "none") { tokens { refreshToken { token } } } }"""
    assert post(client, query, keyed(), access, emails=[other]).json()["data"] is None
    assert sql("SELECT count(*) FROM threescore.invitation WHERE email = $1", other) == 0
    assert sql("SELECT count(*) FROM threescore.mail WHERE recipient = $1", other) == 0


def test_members_and_passwords(client: Client, workspace: Workspace, invite_hash: str, sql: Sql) -> None:
    email, access = administrator(client, invite_hash, workspace, sql)
    colleague, _ = join(client, invite_hash, new_email())
    member = client(ME, colleague)["workspaceMember"]["id"]
    give = """mutation($id: UUID!, $role: UUID!) {
        updateWorkspaceMemberRole(workspaceMemberId: $id, roleId: $role) { id roles { label } } }"""
    assert twice(client, give, access, id=member, role=str(admin_role(workspace.id).id))["id"] == member
    remove = "mutation($id: UUID!) { deleteUserFromWorkspace(workspaceMemberIdToDelete: $id) { id } }"
    twice(client, remove, access, id=member)
    assert client.refused(ME, colleague)[0] == "User is not a member of the workspace"

    # A new password ends the session that changed it; the same request gets the kept answer all the same.
    headers = keyed()
    first = post(client, CHANGE_PASSWORD, headers, access, old=PASSWORD, new=NEW_PASSWORD)
    same(first, post(client, CHANGE_PASSWORD, headers, access, old=PASSWORD, new=NEW_PASSWORD))
    other = join(client, invite_hash, new_email())[0]
    for asked, bearer, more in (
        # Another request, another key, another person: nothing is told but that the token is over.
        (keyed(), access, {"old": PASSWORD, "new": NEW_PASSWORD}),
        (headers, access, {"old": PASSWORD, "new": NEW_PASSWORD + "!"}),
        (headers, access, {"old": "guessed password", "new": NEW_PASSWORD}),
        (headers, other, {"old": PASSWORD + "!", "new": NEW_PASSWORD}),
        (headers, access[:-2], {"old": PASSWORD, "new": NEW_PASSWORD}),
    ):
        refused = post(client, CHANGE_PASSWORD, asked, bearer, **more).json()
        assert "data" not in refused or refused["data"] is None, refused
    assert client.refused(ME, access)[0] == "Token invalid."
    login = client(GET_LOGIN, email=email, password=NEW_PASSWORD, origin=ORIGIN)["loginToken"]["token"]
    anew, _ = pair(client(GET_TOKENS, token=login, origin=ORIGIN))
    same(first, post(client, CHANGE_PASSWORD, headers, anew, old=PASSWORD, new=NEW_PASSWORD))
    access, _ = pair(value(first))
    assert client(ME, access)["email"] == email


def test_secrets_are_answered_again_and_kept_sealed(api: httpx.Client, workspace: Workspace, sql: Sql) -> None:
    key_id = sql("SELECT id FROM threescore.api_key WHERE workspace_id = $1", workspace.id)
    headers, body = keyed(), {"query": MINT, "variables": {"id": str(key_id)}}
    minted = api.post("/metadata", json=body, headers=headers)
    same(minted, api.post("/metadata", json=body, headers=headers))
    token = value(minted)["token"]
    assert api.get("/rest/people", headers={"Authorization": f"Bearer {token}"}).status_code == 200

    paths = {
        f"/rest/metadata/apiKeys/{key_id}/token": ({}, "token"),
        "/rest/metadata/webhooks": ({"targetUrl": "https://example.com", "operations": ["*.*"]}, "secret"),
    }
    secrets = [token]
    for path, (sent, name) in paths.items():
        headers = keyed()
        first = api.post(path, json=sent, headers=headers)
        assert first.status_code == 201, first.text
        same(first, api.post(path, json=sent, headers=headers))
        secrets.append(first.json()[name])
    [webhook] = api.get("/rest/metadata/webhooks").json()["data"]
    headers = keyed()
    rotated = api.post(f"/rest/metadata/webhooks/{webhook['id']}/rotate", headers=headers)
    same(rotated, api.post(f"/rest/metadata/webhooks/{webhook['id']}/rotate", headers=headers))
    secrets.append(rotated.json()["secret"])
    assert secrets[-1] != secrets[-2]

    table = f'"{workspace.schema}"._idempotency'
    assert sql(f"SELECT count(*) FROM {table}") == 4
    for secret in (*secrets, "token", "createdAt"):
        assert sql(f"SELECT count(*) FROM {table} WHERE position($1::bytea IN body) > 0", secret.encode()) == 0


def test_what_strangers_are_answered_is_kept_sealed(client: Client, invite_hash: str, sql: Sql) -> None:
    made = twice(client, SIGN_UP_IN_WORKSPACE, email=new_email(), password=PASSWORD, hash=invite_hash)
    found = "SELECT count(*) FROM threescore.idempotency WHERE position($1::bytea IN body) > 0"
    assert sql("SELECT count(*) FROM threescore.idempotency") > 0
    for text in (made["loginToken"]["token"], "loginToken"):
        assert sql(found, text.encode()) == 0


def test_a_kept_answer_is_bound_to_its_request(api: httpx.Client, workspace: Workspace, sql: Sql) -> None:
    """Who can write to the database cannot pass one answer off as another's, nor its status."""
    table = f'"{workspace.schema}"._idempotency'
    for key, name in (("one", "a"), ("two", "b"), ("three", "c")):
        assert api.post("/rest/companies", json={"name": name}, headers=keyed(key)).status_code == 201
    sql(f"UPDATE {table} SET body = (SELECT body FROM {table} WHERE key = 'two') WHERE key = 'one'")
    sql(f"UPDATE {table} SET status = 200 WHERE key = 'three'")
    for key, name in (("one", "a"), ("three", "c")):
        answer = api.post("/rest/companies", json={"name": name}, headers=keyed(key))
        assert (answer.status_code, answer.json()["code"]) == (410, "IDEMPOTENCY_ANSWER_LOST")
    assert api.post("/rest/companies", json={"name": "b"}, headers=keyed("two")).status_code == 201
    assert api.get("/rest/companies").json()["totalCount"] == 3


def test_another_secret_of_the_server(database_url: str, workspace: Workspace, api: httpx.Client, sql: Sql) -> None:
    secret, key_id = (
        "another secret of the server, long enough",
        sql("SELECT id FROM threescore.api_key WHERE workspace_id = $1", workspace.id),
    )
    headers = keyed()
    assert api.post("/rest/companies", json={"name": "a"}, headers=headers).status_code == 201
    body = {"query": 'mutation { createCompany(data: {name: "b"}) { id } }'}
    other = keyed()
    assert "errors" not in api.post("/graphql", json=body, headers=other).json()
    expires_at = sql("SELECT expires_at FROM threescore.api_key WHERE id = $1", key_id)
    bearer = {"Authorization": f"Bearer {Tokens(secret).mint(workspace.id, key_id, expires_at)}"}
    variables = {"THREESCORE_DATABASE_URL": database_url, "THREESCORE_SECRET": secret, "THREESCORE_DELIVERY": "false"}
    with serving(**variables) as running, httpx.Client(base_url=running.url, timeout=30) as client:
        answer = client.post("/rest/companies", json={"name": "a"}, headers=headers | bearer)
        assert (answer.status_code, answer.json()["code"]) == (410, "IDEMPOTENCY_ANSWER_LOST")
        assert "another secret" in answer.json()["messages"][0]
        answer = client.post("/graphql", json=body, headers=other | bearer)
        assert answer.status_code == 410
        assert answer.json()["errors"][0]["extensions"]["subCode"] == "IDEMPOTENCY_ANSWER_LOST"
        assert client.get("/rest/companies", headers=bearer).json()["totalCount"] == 2


def test_a_workspace_is_deleted_with_a_key(client: Client, workspace: Workspace, invite_hash: str, sql: Sql) -> None:
    """With it goes who could ask again, so there is nothing to keep."""
    _, access = administrator(client, invite_hash, workspace, sql)
    headers, query = keyed(), "mutation { deleteCurrentWorkspace { id } }"
    assert value(post(client, query, headers, access))["id"] == str(workspace.id)
    assert post(client, query, headers, access).json()["errors"][0]["message"] == "Workspace not found"


def test_strangers_are_told_apart_by_their_network() -> None:
    assert Owner.at("10.0.0.1") != Owner.at("10.0.0.2")
    assert Owner.at("2001:db8::1") == Owner.at("2001:db8::2")
    assert Owner.at("2001:db8::1") != Owner.at("2001:db8:0:1::1")
