"""Who is let in: every refusal with its exact status and body, and revocation in force at once on every worker."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import jwt
import pytest
from anyio.from_thread import BlockingPortal

from tests.support import wait_until
from threescore.access.keys import create_key, revoke_key, signing_secret
from threescore.access.tokens import Tokens
from threescore.catalog.workspaces import Workspace
from threescore.db.pool import Database

MISSING_TOKEN = (403, {"statusCode": 403, "messages": ["Missing authentication token"], "error": "FORBIDDEN_EXCEPTION"})
INVALID = (401, {"statusCode": 401, "messages": ["Token invalid."], "error": "UNAUTHENTICATED"})
EXPIRED = (401, {"statusCode": 401, "messages": ["Token has expired."], "error": "UNAUTHENTICATED"})
REVOKED = (403, {"statusCode": 403, "messages": ["This API Key is revoked"], "error": "FORBIDDEN_EXCEPTION"})
KEY_EXPIRED = (403, {"statusCode": 403, "messages": ["This API Key is expired"], "error": "FORBIDDEN_EXCEPTION"})
NO_WORKSPACE = (401, {"statusCode": 401, "messages": ["Workspace not found"], "error": "WORKSPACE_NOT_FOUND"})
WRONG_TYPE = (403, {"statusCode": 403, "messages": ["Invalid token type"], "error": "INVALID_JWT_TOKEN_TYPE"})

CALLS = [
    ("GET", "/rest/people?limit=1"),
    ("GET", f"/rest/people/{uuid4()}"),
    ("POST", "/rest/people"),
    ("POST", "/rest/batch/people"),
    ("PATCH", f"/rest/people/{uuid4()}"),
    ("DELETE", f"/rest/people/{uuid4()}"),
    ("GET", "/rest/people/groupBy"),
    ("GET", "/rest/nonsense"),
    ("GET", "/rest/people/no-id"),
    ("GET", "/rest/people?filter=nonsense"),
    ("GET", "/rest/metadata/objects"),
    ("POST", "/rest/metadata/objects"),
    ("GET", "/rest/metadata/fields"),
    ("DELETE", f"/rest/metadata/fields/{uuid4()}"),
    ("GET", "/rest/metadata/nonsense"),
]

Expected = tuple[int, dict[str, Any]]


@pytest.fixture
def door(server: str) -> Iterator[httpx.Client]:
    """A client without a key."""
    with httpx.Client(base_url=server, timeout=30) as client:
        yield client


def check(door: httpx.Client, authorization: str | bytes | None, expected: Expected) -> None:
    """Every route refuses in the same way, key order of the body included."""
    headers: dict[Any, Any] = {} if authorization is None else {"Authorization": authorization}
    for method, path in CALLS:
        content = None if method in ("GET", "DELETE") else b"{}"
        response = door.request(method, path, headers={"Content-Type": "application/json", **headers}, content=content)
        assert (response.status_code, response.json()) == expected, f"{method} {path}"
        assert list(response.json()) == ["statusCode", "messages", "error"]
        assert response.headers["content-type"].startswith("application/json")


class Forge:
    """Makes tokens with the server's own secret, right or wrong ones."""

    def __init__(self, secret: str, workspace: Workspace, key_id: UUID) -> None:
        self.secret = secret
        self.claims: dict[str, Any] = {
            "sub": str(workspace.id),
            "type": "API_KEY",
            "workspaceId": str(workspace.id),
            "iat": int(time.time()),
            "exp": int(time.time()) + 600,
            "jti": str(key_id),
        }

    def key(self, workspace_id: object) -> bytes:
        return hmac.digest(self.secret.encode(), f"{workspace_id} API_KEY".encode(), hashlib.sha256)

    def token(self, *, signed_for: object = None, headers: dict[str, Any] | None = None, **changes: Any) -> str:
        """A token with claims changed; a claim that is None is left out."""
        claims = {name: value for name, value in {**self.claims, **changes}.items() if value is not None}
        key = self.key(signed_for or self.claims["workspaceId"])
        return jwt.encode(claims, key, algorithm="HS256", headers=headers)


@pytest.fixture
def key_id(token: str) -> UUID:
    return UUID(jwt.decode(token, options={"verify_signature": False})["jti"])


@pytest.fixture
def secret(portal: BlockingPortal, shared_db: Database) -> str:
    return portal.call(signing_secret, shared_db, None)


@pytest.fixture
def forge(secret: str, workspace: Workspace, key_id: UUID) -> Forge:
    return Forge(secret, workspace, key_id)


def test_no_token(door: httpx.Client, token: str) -> None:
    for authorization in (
        None,
        "",
        "Bearer",
        "Basic dGltOnRpbQ==",
        f"Basic {token}",
        f"Token {token}",
        token,
        f"Bearer{token}",
    ):
        check(door, authorization, MISSING_TOKEN)


def test_a_token_in_the_url_is_none(door: httpx.Client, token: str) -> None:
    for path in ("/rest/people", "/rest/metadata/objects"):
        for name in ("token", "access_token", "api_key"):
            response = door.get(f"{path}?{name}={token}")
            assert (response.status_code, response.json()) == MISSING_TOKEN


def test_the_scheme_in_any_case(door: httpx.Client, token: str) -> None:
    for scheme in ("Bearer", "bearer", "BEARER", "Bearer "):
        for path in ("/rest/people", "/rest/metadata/objects"):
            assert door.get(path, headers={"Authorization": f"{scheme} {token}"}).status_code == 200


def test_a_forged_token_like_ours_is_good(door: httpx.Client, forge: Forge) -> None:
    """Else the refusals below would say nothing."""
    for token in (forge.token(), forge.token(iat=None), forge.token(sub=None), forge.token(more="x")):
        assert door.get("/rest/people", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def segment(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_malformed_tokens(door: httpx.Client, token: str) -> None:
    head, body, signature = token.split(".")
    other = "A" if signature[0] != "A" else "B"
    for bad in (
        "garbage.token.value",
        "garbage",
        ".",
        "..",
        "...",
        f"{head}.{body}",
        f"{head}.{body}.",
        f"{head}.{body}.{other}{signature[1:]}",
        f"{head}.{body}.{signature}.{signature}",
        f"{head}.{body}.{signature} x",
        f"{head}..{signature}",
        f".{body}.{signature}",
        f"{body}.{head}.{signature}",
        f"{head}.{body[:-4]}.{signature}",
        f"{segment([])}.{body}.{signature}",
        f"{head}.{segment([])}.{signature}",
        f"{head}.{segment('x')}.{signature}",
        f"{head}.{segment({})}.{signature}",
        f"{head}.{segment(None)}.{signature}",
        f"{head}.{segment(b'not JSON')}.{signature}",
        f"{head}.{segment(bytes([255, 254]))}.{signature}",
        f"{head}.{segment(b'[' * 20000)}.{signature}",
        f"{segment(b'[' * 20000)}.{body}.{signature}",
        f"{head}.{segment(b'9' * 10000)}.{signature}",
        "x" * 30_000,
        token + "A" * 4096,
        f"{head}.{body}.{'A' * 100_000}"[:60_000],
        "=" * 100,
        "%00",
    ):
        check(door, f"Bearer {bad}", INVALID)
    check(door, "Bearer é".encode(), INVALID)
    check(door, b"Bearer \xff\xfe", INVALID)


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_signatures_of_others(door: httpx.Client, forge: Forge, workspace: Workspace, token: str) -> None:
    claims = forge.claims
    for key in ("", "secret", forge.secret, f"{workspace.id} API_KEY", forge.key(uuid4()).hex(), forge.key(uuid4())):
        check(door, f"Bearer {jwt.encode(claims, key or 'x' * 32, algorithm='HS256')}", INVALID)
    check(door, f"Bearer {jwt.encode(claims, forge.key(workspace.id).hex(), algorithm='HS256')}", INVALID)
    check(door, f"Bearer {forge.token(signed_for=uuid4())}", INVALID)


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_tricks_with_the_algorithm(door: httpx.Client, forge: Forge, workspace: Workspace, token: str) -> None:
    _, body, signature = token.split(".")
    key = forge.key(workspace.id)
    for algorithm in ("none", "None", "NONE", "nOnE", "", None, 5, "HS512", "RS256", "ES256", "PS256", "EdDSA", "HS1"):
        fake = segment({"alg": algorithm, "typ": "JWT"})
        signed = segment(hmac.digest(key, f"{fake}.{body}".encode(), hashlib.sha256))
        for last in ("", signature, signed):
            check(door, f"Bearer {fake}.{body}.{last}", INVALID)
    for algorithm in ("HS384", "HS512"):
        check(door, f"Bearer {jwt.encode(forge.claims, key, algorithm=algorithm)}", INVALID)
    check(door, f"Bearer {segment({'typ': 'JWT'})}.{body}.{signature}", INVALID)
    check(door, f"Bearer {segment({'alg': 'HS256', 'crit': ['x']})}.{body}.{signature}", INVALID)


def test_hints_at_other_keys_are_not_followed(door: httpx.Client, forge: Forge, workspace: Workspace) -> None:
    """Whatever a header says about where to find a key, or which: only our own key counts."""
    mine = segment(forge.key(workspace.id))
    for hint in (
        {"kid": "../../../../dev/null"},
        {"kid": "' OR 1=1 --"},
        {"kid": ["a"]},
        {"jwk": {"kty": "oct", "k": mine}},
        {"jku": "http://127.0.0.1:1/keys"},
        {"x5u": "http://127.0.0.1:1/keys"},
        {"x5c": [mine]},
    ):
        body = segment(forge.claims)
        head = segment({"alg": "HS256", "typ": "JWT", **hint})
        stranger = segment(hmac.digest(b"x" * 32, f"{head}.{body}".encode(), hashlib.sha256))
        check(door, f"Bearer {head}.{body}.{stranger}", INVALID)


def test_a_generation_yet_to_come(door: httpx.Client, forge: Forge) -> None:
    for generation in (1, -1, 2**70):
        check(door, f"Bearer {forge.token(generation=generation)}", REVOKED)


def test_an_unknown_key_of_a_signer(door: httpx.Client, forge: Forge, workspace: Workspace) -> None:
    head = {"alg": "ES256", "typ": "JWT", "kid": str(uuid4())}
    body = segment(forge.claims)
    signature = segment(hmac.digest(forge.key(workspace.id), f"{segment(head)}.{body}".encode(), hashlib.sha256))
    check(door, f"Bearer {segment(head)}.{body}.{signature}", INVALID)


def test_swapped_claims(
    door: httpx.Client, forge: Forge, workspace: Workspace, new_workspace: Callable[[], Workspace]
) -> None:
    other = new_workspace()
    swaps: tuple[dict[str, Any], ...] = (
        {"workspaceId": str(other.id)},
        {"workspaceId": str(other.id), "sub": str(other.id)},
        {"workspaceId": None},
        {"workspaceId": 5},
        {"workspaceId": []},
        {"workspaceId": {"a": 1}},
        {"workspaceId": "x"},
        {"workspaceId": ""},
        {"jti": None},
        {"jti": 5},
        {"jti": "x"},
        {"exp": None},
        {"exp": "soon"},
        {"exp": []},
        {"type": None},
        {"nbf": int(time.time()) + 600},
        {"aud": "somebody"},
        {"generation": "1"},
        {"generation": 1.5},
        {"generation": True},
        {"generation": []},
    )
    for changes in swaps:
        check(door, f"Bearer {forge.token(signed_for=workspace.id, **changes)}", INVALID)
    for kind in ("api_key", "", 5, ["API_KEY"]):
        check(door, f"Bearer {forge.token(type=kind)}", WRONG_TYPE)
    # Tokens of people are signed by other keys.
    for kind in ("ACCESS", "REFRESH", "LOGIN", "PLAYGROUND", "SESSION", "WORKSPACE_AGNOSTIC"):
        check(door, f"Bearer {forge.token(type=kind)}", INVALID)


def test_an_expired_token(door: httpx.Client, forge: Forge) -> None:
    for moment in (int(time.time()) - 1, 0, -5, 1.5):
        check(door, f"Bearer {forge.token(exp=moment)}", EXPIRED)
    soon = forge.token(exp=time.time() + 1.2)
    headers = {"Authorization": f"Bearer {soon}"}
    assert door.get("/rest/people", headers=headers).status_code == 200
    time.sleep(1.3)
    check(door, f"Bearer {soon}", EXPIRED)


def test_an_unknown_key(door: httpx.Client, forge: Forge) -> None:
    check(door, f"Bearer {forge.token(jti=str(uuid4()))}", REVOKED)


def test_an_unknown_workspace(door: httpx.Client, forge: Forge) -> None:
    nobody = str(uuid4())
    check(door, f"Bearer {forge.token(workspaceId=nobody, signed_for=nobody)}", NO_WORKSPACE)


def test_a_workspace_that_is_gone(
    door: httpx.Client, token: str, workspace: Workspace, portal: BlockingPortal, shared_db: Database
) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    for _ in range(8):
        assert httpx.get(f"{door.base_url}/rest/people", headers=headers).status_code == 200
    portal.call(shared_db.execute, f'DROP SCHEMA "{workspace.schema}" CASCADE')
    portal.call(shared_db.execute, "DELETE FROM threescore.workspace WHERE id = $1", workspace.id)
    for _ in range(4):
        with httpx.Client(base_url=door.base_url, timeout=30) as client:
            check(client, f"Bearer {token}", NO_WORKSPACE)


def test_a_key_whose_row_expires(
    door: httpx.Client, workspace: Workspace, portal: BlockingPortal, shared_db: Database, secret: str
) -> None:
    """The token itself would be good for longer."""
    expiry = datetime.now(UTC) + timedelta(seconds=1)
    key = portal.call(_create, shared_db, workspace, expiry)
    token = Tokens(secret).mint(workspace.id, key, datetime.now(UTC) + timedelta(days=1))
    assert door.get("/rest/people", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    time.sleep(1.1)
    check(door, f"Bearer {token}", KEY_EXPIRED)


async def _create(database: Database, workspace: Workspace, expires_at: datetime) -> UUID:
    async with database.transaction() as connection:
        return (await create_key(connection, workspace.id, "Short", expires_at)).id


async def _revoke(database: Database, workspace: Workspace, key_id: UUID) -> None:
    async with database.transaction() as connection:
        await revoke_key(connection, workspace.id, key_id)


def test_a_revoked_key(
    door: httpx.Client,
    token: str,
    key_id: UUID,
    workspace: Workspace,
    portal: BlockingPortal,
    shared_db: Database,
    new_token: Callable[[Workspace], str],
) -> None:
    other = new_token(workspace)
    portal.call(_revoke, shared_db, workspace, key_id)
    check(door, f"Bearer {token}", REVOKED)
    assert door.get("/rest/people", headers={"Authorization": f"Bearer {other}"}).status_code == 200


def test_revocation_is_in_force_at_once_on_every_worker(
    server: str,
    workspace: Workspace,
    portal: BlockingPortal,
    shared_db: Database,
    new_token: Callable[[Workspace], str],
) -> None:
    """New connections land on either worker; none of them answers once `revoke_key` has returned."""
    for _ in range(5):
        token = new_token(workspace)
        key_id = UUID(jwt.decode(token, options={"verify_signature": False})["jti"])
        headers = {"Authorization": f"Bearer {token}"}
        clients = [httpx.Client(base_url=server, headers=headers, timeout=30) for _ in range(6)]
        for client in clients:
            assert client.get("/rest/people").status_code == 200
        portal.call(_revoke, shared_db, workspace, key_id)
        for client in clients:
            for method, path in (
                ("GET", "/rest/people"),
                ("POST", "/rest/people"),
                ("PATCH", "/rest/people?filter=id[is]:NOT_NULL"),
                ("DELETE", "/rest/people?filter=id[is]:NOT_NULL"),
                ("GET", "/rest/metadata/objects"),
                ("GET", "/rest/nonsense"),
            ):
                response = client.request(method, path, json={} if method in ("POST", "PATCH") else None)
                assert (response.status_code, response.json()) == REVOKED, path
            client.close()
    count = f'SELECT count(*) FROM "{workspace.schema}".person'
    assert portal.call(shared_db.fetchval, count) == 0


def test_no_write_after_revocation(
    server: str,
    token: str,
    key_id: UUID,
    workspace: Workspace,
    portal: BlockingPortal,
    shared_db: Database,
) -> None:
    """No request that begins after the revocation writes anything; those in flight are answered as they come."""
    headers = {"Authorization": f"Bearer {token}"}
    answers: list[tuple[float, int]] = []

    def write() -> None:
        with httpx.Client(base_url=server, headers=headers, timeout=30) as client:
            status = 201
            while status != 403:
                started = time.monotonic()
                status = client.post("/rest/companies", json={}).status_code
                answers.append((started, status))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(answers) > 8)
    portal.call(_revoke, shared_db, workspace, key_id)
    revoked = time.monotonic()
    for thread in threads:
        thread.join()
    assert {status for _, status in answers} == {201, 403}
    assert {status for started, status in answers if started > revoked} <= {403}
    written = portal.call(shared_db.fetchval, f'SELECT count(*) FROM "{workspace.schema}".company')
    assert written == [status for _, status in answers].count(201)


def test_a_token_sees_its_own_workspace_only(
    server: str,
    api: httpx.Client,
    workspace: Workspace,
    new_workspace: Callable[[], Workspace],
    new_token: Callable[[Workspace], str],
    forge: Forge,
    door: httpx.Client,
) -> None:
    mine = api.post("/rest/people", json={"jobTitle": "mine"}).json()["data"]["createPerson"]
    other = new_workspace()
    with httpx.Client(base_url=server, headers={"Authorization": f"Bearer {new_token(other)}"}) as stranger:
        for _ in range(3):
            assert stranger.get("/rest/people").json()["totalCount"] == 0
            assert stranger.get(f"/rest/people/{mine['id']}").status_code == 404
            assert stranger.patch(f"/rest/people/{mine['id']}", json={"jobTitle": "x"}).status_code == 404
            assert stranger.delete(f"/rest/people/{mine['id']}").status_code == 404
            assert stranger.delete("/rest/people?filter=id[is]:NOT_NULL").json()["data"]["deletePeople"] == []
            assert stranger.post("/rest/notes", json={}).status_code == 201
            assert stranger.post("/rest/noteTargets", json={"targetPersonId": mine["id"]}).status_code == 400
        field = api.get("/rest/metadata/fields?limit=1").json()["data"][0]["id"]
        assert stranger.get(f"/rest/metadata/fields/{field}").status_code == 404
    assert api.get("/rest/people").json()["data"]["people"] == [mine]
    assert api.get("/rest/notes").json()["totalCount"] == 0
    # A key of one workspace is unknown in another, even if the server itself signed such a token.
    check(door, f"Bearer {forge.token(workspaceId=str(other.id), signed_for=other.id)}", REVOKED)


def test_an_unknown_path_needs_no_token(door: httpx.Client) -> None:
    for path in ("/nothing-here", "/rest", "/rest/"):
        response = door.get(path)
        assert response.status_code == 404
        assert response.json() == {"message": f"Cannot GET {path}", "error": "Not Found", "statusCode": 404}


def test_a_preflight_needs_no_token(door: httpx.Client) -> None:
    response = door.options("/rest/people", headers={"Access-Control-Request-Headers": "authorization"})
    assert response.status_code == 204
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["access-control-allow-headers"] == "authorization"
