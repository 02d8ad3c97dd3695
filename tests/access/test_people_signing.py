"""People over real HTTP: signing up and in, tokens and their ends, and what strangers are told."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

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
    SIGN_OUT,
    SIGN_UP,
    SIGN_UP_IN_WORKSPACE,
    Client,
    new_email,
    pair,
    somebody,
)
from threescore.access.keys import signing_secret
from threescore.access.tokens import Tokens
from threescore.catalog.workspaces import Workspace
from threescore.db.pool import Database

INVALID = ("Token invalid.", "UNAUTHENTICATED", "UNAUTHENTICATED")
EXPIRED = ("Token has expired.", "UNAUTHENTICATED", "UNAUTHENTICATED")
WRONG_TYPE = ("Invalid token type", "FORBIDDEN", "INVALID_JWT_TOKEN_TYPE")
WRONG_PASSWORD = ("Wrong password", "FORBIDDEN", "FORBIDDEN_EXCEPTION")
DISABLED = ("New workspace setup is disabled", "FORBIDDEN", "SIGNUP_DISABLED")
NOT_INVITED = ("The invitation is not valid or no longer so", "FORBIDDEN", "FORBIDDEN_EXCEPTION")
NO_MEMBER = ("User is not a member of the workspace", "FORBIDDEN", "FORBIDDEN_EXCEPTION")
NO_TOKEN = ("Missing authentication token", "FORBIDDEN", "FORBIDDEN_EXCEPTION")
LIMITED = ("BAD_USER_INPUT", "LIMIT_REACHED")


@pytest.fixture
def client(server: str) -> Iterator[Client]:
    with somebody(server) as client:
        yield client


@pytest.fixture
def invite_hash(portal: BlockingPortal, shared_db: Database, workspace: Workspace) -> str:
    found: str = portal.call(
        shared_db.fetchval, "SELECT invite_hash FROM threescore.workspace WHERE id = $1", workspace.id
    )
    return found


@pytest.fixture
def tokens(portal: BlockingPortal, shared_db: Database) -> Tokens:
    return Tokens(portal.call(signing_secret, shared_db, None))


def claims_of(token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


def join(client: Client, invite_hash: str, email: str, password: str = PASSWORD) -> tuple[str, str]:
    """The tokens of somebody who joined by the link."""
    made = client(SIGN_UP_IN_WORKSPACE, email=email, password=password, hash=invite_hash)
    return pair(client(GET_TOKENS, None, origin=ORIGIN, **login(made)))


def login(made: dict[str, Any]) -> dict[str, Any]:
    return {"token": made["loginToken"]["token"]}


def status(server: str, token: str) -> set[int]:
    """What several new connections, which land on either worker, are answered."""
    headers = {"Authorization": f"Bearer {token}"}
    return {httpx.get(f"{server}/rest/people?limit=1", headers=headers).status_code for _ in range(6)}


def test_joining_by_a_link_and_signing_in(
    client: Client, server: str, workspace: Workspace, invite_hash: str, portal: BlockingPortal, shared_db: Database
) -> None:
    email = new_email()
    made = client(SIGN_UP_IN_WORKSPACE, email=f" {email.upper()}", password=PASSWORD, hash=invite_hash)
    assert made["workspace"]["id"] == str(workspace.id)
    said = claims_of(made["loginToken"]["token"])
    assert (said["type"], said["sub"], said["workspaceId"]) == ("LOGIN", email, str(workspace.id))
    assert said["exp"] - said["iat"] == pytest.approx(900, abs=2)

    access, refresh = pair(client(GET_TOKENS, origin=ORIGIN, **login(made)))
    said = claims_of(access)
    assert (said["type"], said["workspaceId"]) == ("ACCESS", str(workspace.id))
    assert said["sub"] == said["userId"]
    assert said["exp"] - said["iat"] == pytest.approx(1800, abs=2)
    said = claims_of(refresh)
    assert (said["type"], said["targetedTokenType"]) == ("REFRESH", "ACCESS")
    assert said["exp"] - said["iat"] == pytest.approx(60 * 86_400, abs=2)

    me = client(ME, access)
    assert (me["email"], me["hasPassword"], me["canAccessFullAdminPanel"]) == (email, True, False)
    assert me["workspaceMember"]["roles"] == [{"label": "Member"}]
    assert me["currentWorkspace"] == {"id": str(workspace.id), "displayName": workspace.name, "inviteHash": None}
    assert me["currentUserWorkspace"]["permissionFlags"] == []
    assert status(server, access) == {200}

    # The record, and its event, are there like any other's.
    found = client.http.get("/rest/workspaceMembers", headers={"Authorization": f"Bearer {access}"}).json()
    (record,) = found["data"]["workspaceMembers"]
    assert (record["id"], record["userEmail"], record["userId"]) == (me["workspaceMember"]["id"], email, me["id"])
    events = portal.call(
        shared_db.fetch,
        f'SELECT operation, record_id FROM "{workspace.schema}"._event WHERE object = $1',
        "workspaceMember",
    )
    assert [(row["operation"], str(row["record_id"])) for row in events] == [("created", record["id"])]

    # What a person writes is theirs.
    made = client.http.post("/rest/people", json={}, headers={"Authorization": f"Bearer {access}"}).json()
    actor = made["data"]["createPerson"]["createdBy"]
    assert (actor["source"], actor["workspaceMemberId"]) == ("MANUAL", record["id"])

    again = client(GET_LOGIN, email=email, password=PASSWORD, origin=ORIGIN)
    assert pair(client(GET_TOKENS, origin=ORIGIN, **login(again)))
    signed = client(SIGN_IN, email=email, password=PASSWORD)
    assert claims_of(pair(signed)[0])["type"] == "WORKSPACE_AGNOSTIC"
    (offered,) = signed["availableWorkspaces"]["availableWorkspacesForSignIn"]
    assert (offered["id"], offered["displayName"]) == (str(workspace.id), workspace.name)
    assert pair(client(GET_TOKENS, origin=ORIGIN, token=offered["loginToken"]))


def test_a_login_token_is_good_once(client: Client, server: str, invite_hash: str) -> None:
    email = new_email()
    token = client(SIGN_UP_IN_WORKSPACE, email=email, password=PASSWORD, hash=invite_hash)["loginToken"]["token"]

    def exchange(_number: int) -> dict[str, Any]:
        # Connections of their own land on either worker.
        with somebody(server) as one:
            return one.ask(GET_TOKENS, token=token, origin=ORIGIN)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(exchange, range(8)))
    (good,) = [answer for answer in answers if "errors" not in answer]
    refused = [answer["errors"][0] for answer in answers if "errors" in answer]
    assert {(error["message"], error["extensions"]["code"]) for error in refused} == {INVALID[:2]}
    access, refresh = pair(good["data"]["getAuthTokensFromLoginToken"])
    assert status(server, access) == {200}
    # Nor again after the session that it began.
    assert client(SIGN_OUT, token=refresh) is True
    assert client.refused(GET_TOKENS, token=token, origin=ORIGIN) == INVALID
    # Each one that the answer to a sign-in offers is another.
    offered = [
        client(SIGN_IN, email=email, password=PASSWORD)["availableWorkspaces"]["availableWorkspacesForSignIn"][0]
        for _ in range(2)
    ]
    for item in offered:
        assert pair(client(GET_TOKENS, token=item["loginToken"], origin=ORIGIN))


def test_the_audit_log_tells_where_from(client: Client, invite_hash: str, api: httpx.Client) -> None:
    email = new_email()
    join(client, invite_hash, email)
    [entry] = api.get("/rest/metadata/audit?action=auth.signedIn").json()["data"]
    assert (entry["subjectName"], entry["address"]) == (email, client.address)


def test_codes_of_second_factors_are_refused(client: Client, invite_hash: str) -> None:
    """Nobody has one; the token that came along is as good as before, and what is none is refused as ever."""
    by_code = GET_TOKENS.replace("getAuthTokensFromLoginToken(", 'getAuthTokensFromOTP(otp: "123456", ')
    made = client(SIGN_UP_IN_WORKSPACE, email=new_email(), password=PASSWORD, hash=invite_hash)
    for _ in range(2):
        message, code, sub_code = client.refused(by_code, origin=ORIGIN, **login(made))
        assert "No second factor is set up" in message
        assert (code, sub_code) == ("BAD_USER_INPUT", "INVALID_INPUT")
    assert client.refused(by_code, origin=ORIGIN, token="none") == INVALID
    access, refresh = pair(client(GET_TOKENS, origin=ORIGIN, **login(made)))
    assert client.refused(by_code, origin=ORIGIN, token=access) == WRONG_TYPE
    assert client.refused(by_code, origin=ORIGIN, token=refresh) == WRONG_TYPE


def test_names_of_older_clients(client: Client, invite_hash: str) -> None:
    email = new_email()
    join(client, invite_hash, email)
    challenge = "mutation($e: String!, $p: String!) { challenge(email: $e, password: $p) { loginToken { token } } }"
    made = client(challenge, e=email, p=PASSWORD)
    verify = (
        "mutation($t: String!) { verify(loginToken: $t) { tokens { accessToken { token } refreshToken { token } } } }"
    )
    access = client(verify, t=made["loginToken"]["token"])["tokens"]["accessToken"]["token"]
    assert client(ME, access)["email"] == email


def test_somebody_who_has_an_account_joins_with_its_password(
    client: Client,
    invite_hash: str,
    new_workspace: Callable[[], Workspace],
    portal: BlockingPortal,
    shared_db: Database,
) -> None:
    email = new_email()
    first, _ = join(client, invite_hash, email)
    other = new_workspace()
    hash_of_other = portal.call(
        shared_db.fetchval, "SELECT invite_hash FROM threescore.workspace WHERE id = $1", other.id
    )
    refused = client.refused(SIGN_UP_IN_WORKSPACE, email=email, password="another one", hash=hash_of_other)
    assert refused == WRONG_PASSWORD
    second, _ = join(client, hash_of_other, email)
    assert client(ME, first)["id"] == client(ME, second)["id"]
    assert client(ME, second)["currentWorkspace"]["id"] == str(other.id)
    assert (
        len(client(SIGN_IN, email=email, password=PASSWORD)["availableWorkspaces"]["availableWorkspacesForSignIn"]) == 2
    )
    # Joining again changes nothing.
    third, _ = join(client, hash_of_other, email)
    assert client(ME, second)["workspaceMember"] == client(ME, third)["workspaceMember"]


def test_without_an_invitation_nobody_signs_up(client: Client, workspace: Workspace, invite_hash: str) -> None:
    email = new_email()
    assert client.refused(SIGN_UP, email=email, password=PASSWORD) == DISABLED
    assert client.refused(SIGN_UP_IN_WORKSPACE, email=email, password=PASSWORD) == DISABLED
    only_id = {"workspaceId": str(workspace.id)}
    assert client.refused(SIGN_UP_IN_WORKSPACE, email=email, password=PASSWORD, **only_id) == DISABLED
    for wrong in ("", "x", invite_hash[:-1], "\u0000", "é" * 500):
        assert client.refused(SIGN_UP_IN_WORKSPACE, email=email, password=PASSWORD, hash=wrong) == NOT_INVITED
        assert client.refused(SIGN_UP_IN_WORKSPACE, email=email, password=PASSWORD, token=wrong) == NOT_INVITED
    elsewhere = {"hash": invite_hash, "workspaceId": str(uuid4())}
    assert client.refused(SIGN_UP_IN_WORKSPACE, email=email, password=PASSWORD, **elsewhere) == NOT_INVITED
    for password in ("", "short12", "x" * 257):
        message, code, _ = client.refused(SIGN_UP_IN_WORKSPACE, email=email, password=password, hash=invite_hash)
        assert code == "BAD_USER_INPUT"
        assert "password" in message.lower()
    for address in ("", "nobody", "a@b", "a b@c.example", "a@c.example\nBcc: x@y.example", "\u0000@c.example"):
        _, code, _ = client.refused(SIGN_UP_IN_WORKSPACE, email=address, password=PASSWORD, hash=invite_hash)
        assert code == "BAD_USER_INPUT"


def test_strangers_learn_nothing(client: Client, invite_hash: str) -> None:
    known, unknown = new_email(), new_email()
    join(client, invite_hash, known)
    for query, more in (
        (
            "query($email: String!) { checkUserExists(email: $email) { exists availableWorkspacesCount } }",
            {},
        ),
        (SIGN_IN, {"password": "wrong password"}),
        (GET_LOGIN, {"password": "wrong password", "origin": ORIGIN}),
        ("mutation($email: String!) { emailPasswordResetLink(email: $email) { success } }", {}),
        ("mutation($email: String!) { resendEmailVerificationToken(email: $email) { success } }", {}),
        (SIGN_UP, {"password": PASSWORD}),
        (SIGN_UP, {"password": PASSWORD, "token": "x"}),
    ):
        assert client.ask(query, email=known, **more) == client.ask(query, email=unknown, **more), query


def test_an_unknown_account_takes_as_long(client: Client, invite_hash: str) -> None:
    known, unknown = new_email(), new_email()
    join(client, invite_hash, known)

    def seconds(email: str) -> float:
        taken = []
        for _ in range(4):
            started = time.monotonic()
            assert client.refused(SIGN_IN, email=email, password="wrong password") == WRONG_PASSWORD
            taken.append(time.monotonic() - started)
        return min(taken)

    assert 0.4 < seconds(known) / seconds(unknown) < 2.5


def test_renewing_gives_the_next_tokens_and_a_second_use_ends_the_session(
    client: Client, server: str, invite_hash: str
) -> None:
    email = new_email()
    access, refresh = join(client, invite_hash, email)
    other_access, _ = join(client, invite_hash, email)
    newer_access, newer = pair(client(RENEW, token=refresh))
    assert claims_of(newer)["jti"] != claims_of(refresh)["jti"]
    assert status(server, newer_access) == status(server, access) == {200}
    assert client.refused(RENEW, token=refresh) == INVALID
    # Whoever has the newer tokens may be the thief: they end too, at once, on every worker.
    assert client.refused(RENEW, token=newer) == INVALID
    assert status(server, access) == status(server, newer_access) == {401}
    assert status(server, other_access) == {200}


def test_signing_out(client: Client, server: str, invite_hash: str) -> None:
    access, refresh = join(client, invite_hash, new_email())
    assert status(server, access) == {200}
    assert client(SIGN_OUT, token=refresh) is True
    assert status(server, access) == {401}
    assert client.refused(RENEW, token=refresh) == INVALID
    access, refresh = join(client, invite_hash, new_email())
    assert client(SIGN_OUT, access) is True
    assert status(server, access) == {401}
    assert client.refused(RENEW, token=refresh) == INVALID
    assert client.refused(SIGN_OUT) == NO_TOKEN
    assert client.refused(SIGN_OUT, token="x") == INVALID


def test_another_password(client: Client, server: str, invite_hash: str) -> None:
    email = new_email()
    access, refresh = join(client, invite_hash, email)
    change = """mutation($old: String!, $new: String!) { updatePassword(currentPassword: $old, newPassword: $new) {
        tokens { accessOrWorkspaceAgnosticToken { token } refreshToken { token } } } }"""
    assert client.refused(change, access, old="wrong password", new="another password") == WRONG_PASSWORD
    assert client.refused(change, access, old=PASSWORD, new="short")[1] == "BAD_USER_INPUT"
    login_token = client(GET_LOGIN, email=email, password=PASSWORD, origin=ORIGIN)["loginToken"]["token"]
    newer, _ = pair(client(change, access, old=PASSWORD, new="another password"))
    assert status(server, access) == {401}
    assert status(server, newer) == {200}
    assert client.refused(RENEW, token=refresh) == INVALID
    assert client.refused(GET_TOKENS, token=login_token, origin=ORIGIN) == INVALID
    assert client.refused(SIGN_IN, email=email, password=PASSWORD) == WRONG_PASSWORD
    assert client(SIGN_IN, email=email, password="another password")


def test_each_token_opens_only_its_own_door(client: Client, server: str, invite_hash: str) -> None:
    email = new_email()
    access, refresh = join(client, invite_hash, email)
    login_token = client(GET_LOGIN, email=email, password=PASSWORD, origin=ORIGIN)["loginToken"]["token"]
    agnostic, agnostic_refresh = pair(client(SIGN_IN, email=email, password=PASSWORD))
    for token in (refresh, login_token, agnostic, agnostic_refresh):
        answer = httpx.get(f"{server}/rest/people", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 403
        assert answer.json() == {
            "statusCode": 403,
            "messages": ["Invalid token type"],
            "error": "INVALID_JWT_TOKEN_TYPE",
        }
        assert client.refused("{ objects { edges { node { id } } } }", token) == WRONG_TYPE
    for token in (access, login_token, agnostic):
        assert client.refused(RENEW, token=token) == WRONG_TYPE
    for token in (access, refresh, agnostic):
        assert client.refused(GET_TOKENS, token=token, origin=ORIGIN) == WRONG_TYPE
    # A person in no workspace may ask who they are.
    me = client("{ currentUser { email workspaceMember { id } currentWorkspace { id } } }", agnostic)
    assert me == {"email": email, "workspaceMember": None, "currentWorkspace": None}
    assert client(SIGN_OUT, agnostic) is True
    assert client.refused("{ currentUser { email } }", agnostic) == INVALID


def segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_tokens_that_are_none_of_ours(client: Client, server: str, invite_hash: str, tokens: Tokens) -> None:
    access, refresh = join(client, invite_hash, new_email())
    for token in (access, refresh):
        head, body, signature = token.split(".")
        said = claims_of(token)
        bad = [
            f"{head}.{body}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}",
            f"{segment({'alg': 'none', 'typ': 'JWT'})}.{body}.",
            f"{segment({'alg': 'none', 'typ': 'JWT'})}.{body}.{signature}",
            f"{head}.{segment({**said, 'workspaceId': str(uuid4())})}.{signature}",
            f"{head}.{segment({**said, 'type': 'API_KEY'})}.{signature}",
            f"{head}.{segment({**said, 'exp': said['exp'] + 60})}.{signature}",
            token[:-10],
            f"{head}.{body}",
            token + "A" * 5000,
            jwt.encode(said, "somebody else's secret, long enough for HS256", algorithm="HS256"),
            "",
            "x",
        ]
        for wrong in bad:
            assert client.refused(RENEW, token=wrong) == INVALID, wrong
            if wrong:
                assert status(server, wrong) == {401}, wrong
    workspace_id = UUID(claims_of(access)["workspaceId"])
    said = {name: value for name, value in claims_of(access).items() if name not in ("exp", "iat", "type")}
    over = tokens.sign("ACCESS", workspace_id, int(time.time()) - 1, said)
    answer = httpx.get(f"{server}/rest/people", headers={"Authorization": f"Bearer {over}"})
    assert (answer.status_code, answer.json()["messages"]) == (401, ["Token has expired."])
    assert client.refused(ME, over) == EXPIRED
    said = {name: value for name, value in claims_of(refresh).items() if name not in ("exp", "iat", "type")}
    assert client.refused(RENEW, token=tokens.sign("REFRESH", workspace_id, int(time.time()) - 1, said)) == EXPIRED


def test_a_token_of_one_workspace_opens_no_other(
    client: Client, server: str, invite_hash: str, new_workspace: Callable[[], Workspace], tokens: Tokens
) -> None:
    """Not even if the server had signed such a one."""
    access, _ = join(client, invite_hash, new_email())
    other = new_workspace()
    said = {
        name: value for name, value in claims_of(access).items() if name not in ("exp", "iat", "type", "workspaceId")
    }
    forged = tokens.sign("ACCESS", other.id, int(time.time()) + 600, said)
    assert status(server, forged) == {403}
    assert client.refused(ME, forged) == NO_MEMBER


def test_what_is_not_public_needs_a_token(client: Client) -> None:
    for query in (
        ME,
        "{ currentWorkspace { id } }",
        "{ findWorkspaceInvitations { id } }",
        "{ apiKeys { id } }",
        "mutation { generatePlaygroundToken { token } }",
        'mutation { sendInvitations(emails: ["a@b.example"]) { success } }',
        "mutation { deleteCurrentWorkspace { id } }",
        'mutation { signUpInNewWorkspace(input: {displayName: "x"}) { loginToken { token } } }',
        # One public field does not open the others, however they are asked for.
        '{ checkUserExists(email: "a@b.example") { exists } currentWorkspace { id } }',
        '{ checkUserExists(email: "a@b.example") { exists } ...F } fragment F on Query { currentWorkspace { id } }',
        "{ checkUserExists: currentWorkspace { id } }",
        '{ checkUserExists(email: "a@b.example") { exists } ... on Query { objects { edges { node { id } } } } }',
    ):
        assert client.refused(query) == NO_TOKEN, query
    # An old token does not stand in the way of what is public.
    exists = '{ checkUserExists(email: "a@b.example") { exists } }'
    assert client(exists, "garbage")["exists"] is True


def test_playground_tokens(client: Client, server: str, invite_hash: str, token: str) -> None:
    access, refresh = join(client, invite_hash, new_email())
    mint = "mutation { generatePlaygroundToken { token expiresAt } }"
    playground = client(mint, access)["token"]
    said = claims_of(playground)
    assert said["type"] == "PLAYGROUND"
    assert said["exp"] - said["iat"] == pytest.approx(7200, abs=2)
    assert status(server, playground) == {200}
    assert client(ME, playground)["id"] == client(ME, access)["id"]
    refused = ("This endpoint requires a session access token", "FORBIDDEN", "FORBIDDEN_EXCEPTION")
    assert client.refused(mint, playground) == client.refused(mint, token) == refused
    create = """mutation { createApiKey(input: {name: "x", expiresAt: "2100-01-01T00:00:00.000Z",
        roleId: "20202020-02c2-43f2-b94d-cab1f2b532eb"}) { id } }"""
    assert client.refused(create, playground) == refused
    assert client(SIGN_OUT, token=refresh) is True
    assert status(server, playground) == {401}


def test_guessing_is_limited_by_place(server: str, invite_hash: str) -> None:
    email = new_email()
    with somebody(server) as person, somebody(server) as stranger:
        join(person, invite_hash, email)
        answers = [stranger.refused(SIGN_IN, email=email, password=f"guess number {n}") for n in range(14)]
        assert answers[:10] == [WRONG_PASSWORD] * 10
        assert {answer[1:] for answer in answers[11:]} == {LIMITED}
        # The right password does not help there either, but elsewhere the person is not kept out.
        assert stranger.refused(SIGN_IN, email=email, password=PASSWORD)[1:] == LIMITED
        assert person(SIGN_IN, email=email, password=PASSWORD)
        # An account that is none is counted alike.
        unknown = new_email()
        answers = [stranger.refused(SIGN_IN, email=unknown, password=f"guess number {n}") for n in range(14)]
        assert answers[:10] == [WRONG_PASSWORD] * 10
        assert {answer[1:] for answer in answers[11:]} == {LIMITED}


def test_guessing_from_many_addresses_is_limited(server: str, invite_hash: str) -> None:
    email = new_email()

    def guess(number: int) -> tuple[str, str, str | None]:
        with somebody(server) as stranger:
            return stranger.refused(SIGN_IN, email=email, password=f"guess number {number}")

    with somebody(server) as person:
        join(person, invite_hash, email)
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(guess, range(108)))
        wrong = [answer for answer in answers if answer == WRONG_PASSWORD]
        # One more for every 36 seconds that it took.
        assert 95 <= len(wrong) <= 107
        assert {answer[1:] for answer in answers if answer != WRONG_PASSWORD} == {LIMITED}
        # The right password does not help at a new place; where the person has signed in before, nothing has changed.
        with somebody(server) as stranger:
            assert stranger.refused(SIGN_IN, email=email, password=PASSWORD)[1:] == LIMITED
        assert person(SIGN_IN, email=email, password=PASSWORD)


def test_many_at_once_do_not_keep_others_waiting(server: str, token: str) -> None:
    """Passwords are compared away from the event loop."""

    def guess(_number: int) -> None:
        with somebody(server) as stranger:
            stranger.ask(SIGN_IN, email=new_email(), password="wrong password")

    headers = {"Authorization": f"Bearer {token}"}
    with ThreadPoolExecutor(12) as pool, httpx.Client(base_url=server, headers=headers) as other:
        guesses = [pool.submit(guess, n) for n in range(12)]
        taken = []
        while not all(item.done() for item in guesses):
            started = time.monotonic()
            assert other.get("/rest/people?limit=1").status_code == 200
            taken.append(time.monotonic() - started)
        for item in guesses:
            item.result()
    taken.sort()
    assert taken[len(taken) // 2] < 0.25
