"""What the tests of people share: a client that signs in from an address of its own, and what it asks."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx

PASSWORD = "correct horse battery"

TOKENS = "tokens { accessOrWorkspaceAgnosticToken { token expiresAt } refreshToken { token expiresAt } }"
LOGIN = "loginToken { token expiresAt } workspace { id workspaceUrls { subdomainUrl customUrl } }"

SIGN_UP_IN_WORKSPACE = f"""mutation(
    $email: String!, $password: String!, $workspaceId: UUID, $hash: String, $token: String
) {{ signUpInWorkspace(email: $email, password: $password, workspaceId: $workspaceId, workspaceInviteHash: $hash,
        workspacePersonalInviteToken: $token) {{ {LOGIN} }} }}"""
SIGN_UP = f"""mutation($email: String!, $password: String!, $token: String) {{
    signUp(email: $email, password: $password, workspacePersonalInviteToken: $token) {{ {TOKENS}
        availableWorkspaces {{ availableWorkspacesForSignIn {{ id displayName loginToken }}
            availableWorkspacesForSignUp {{ id }} }} }} }}"""
SIGN_IN = (
    SIGN_UP.replace("signUp(", "signIn(")
    .replace(", workspacePersonalInviteToken: $token", "")
    .replace(", $token: String", "")
)
GET_LOGIN = """mutation($email: String!, $password: String!, $origin: String!) {
    getLoginTokenFromCredentials(email: $email, password: $password, origin: $origin) { loginToken { token expiresAt } }
}"""
GET_TOKENS = f"""mutation($token: String!, $origin: String!) {{
    getAuthTokensFromLoginToken(loginToken: $token, origin: $origin) {{ {TOKENS} }} }}"""
RENEW = f"mutation($token: String!) {{ renewToken(appToken: $token) {{ {TOKENS} }} }}"
SIGN_OUT = "mutation($token: String) { signOut(refreshToken: $token) }"
ME = """{ currentUser { id email firstName lastName isEmailVerified hasPassword canAccessFullAdminPanel
    workspaceMember { id name { firstName lastName } userEmail roles { label } }
    workspaceMembers { id userEmail } currentUserWorkspace { id permissionFlags }
    currentWorkspace { id displayName inviteHash } } }"""

ORIGIN = "http://127.0.0.1:3000"


class Client:
    """Somebody at an address of their own."""

    def __init__(self, http: httpx.Client, address: str) -> None:
        self.http = http
        self.address = address

    def ask(self, query: str, bearer: str | None = None, /, headers: Any = None, **variables: Any) -> dict[str, Any]:
        """The body of an answer of /metadata."""
        sent = {} if bearer is None else {"Authorization": f"Bearer {bearer}"}
        response = self.http.post(
            "/metadata", json={"query": query, "variables": variables}, headers={**sent, **(headers or {})}
        )
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        assert all(error["extensions"]["code"] != "INTERNAL_SERVER_ERROR" for error in body.get("errors", ())), body
        return body

    def __call__(self, query: str, bearer: str | None = None, /, **variables: Any) -> Any:
        """The value of the only root field of an answer without errors."""
        body = self.ask(query, bearer, **variables)
        assert "errors" not in body, body["errors"]
        (value,) = body["data"].values()
        return value

    def refused(self, query: str, bearer: str | None = None, /, **variables: Any) -> tuple[str, str, str | None]:
        """Message, code and subCode of the only error of an answer."""
        (error,) = self.ask(query, bearer, **variables)["errors"]
        return error["message"], error["extensions"]["code"], error["extensions"].get("subCode")


def pair(answer: dict[str, Any]) -> tuple[str, str]:
    """The access and the refresh token of an answer."""
    tokens = answer["tokens"]
    return tokens["accessOrWorkspaceAgnosticToken"]["token"], tokens["refreshToken"]["token"]


@contextmanager
def somebody(url: str) -> Iterator[Client]:
    """A client with an address of its own: all of 127.0.0.0/8 leads to this machine."""
    address = f"127.{random.randrange(1, 255)}.{random.randrange(1, 255)}.{random.randrange(2, 255)}"
    transport = httpx.HTTPTransport(local_address=address)
    with httpx.Client(base_url=url, transport=transport, timeout=30) as http:
        yield Client(http, address)


def new_email() -> str:
    return f"p{uuid4().hex}@people.example"
