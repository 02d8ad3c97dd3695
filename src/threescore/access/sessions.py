"""The session cookie of our own pages.

The cookie holds a signed token of its own type, which opens nothing by itself: out of the reach of scripts (HttpOnly),
sent along to nobody else (SameSite=Lax, no domain), only encrypted where the server is reached so (Secure, `__Host-`).

The API doors never see it. A request that carries it, says nothing of authorization, and was made by a page of ours,
as the browser testifies, goes on to them with an access token in its place. A page of somebody else's cannot make the
browser testify that, so it can use nobody's session, whatever it sends. Pages that take forms ask `is_same_origin` too.
"""

import time
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from msgspec import Struct

from threescore.access.person_tokens import ACCESS_LIFE, REFRESH_LIFE, PersonTokens, Session
from threescore.access.session_rows import end_session, is_open
from threescore.access.tokens import ACCESS, SESSION, Tokens
from threescore.db.pool import Database
from threescore.errors import AccessRefused

Scope = MutableMapping[str, Any]

COOKIE = "threescore_session"
SECURE_COOKIE = "__Host-threescore_session"

EXCHANGED_FOR = 600
"""Seconds that an access token lives which takes the place of a cookie."""

_KNOWN_LIMIT = 10_000


class Visitor(Struct, frozen=True):
    """The person whose cookie a request carries, which is good until `expires_at`, in seconds since the epoch."""

    session_id: UUID
    user_id: UUID
    workspace_id: UUID | None
    membership_id: UUID | None
    generation: int
    expires_at: float


class Sessions:
    """Reads and makes cookies."""

    def __init__(self, database: Database, tokens: Tokens, url: str) -> None:
        self._database = database
        self._tokens = tokens
        self._made = PersonTokens(tokens)
        self._origin = _origin(url)
        self.is_secure = urlsplit(url).scheme == "https"
        """Whether the server is reached over HTTPS, so that cookies travel over nothing else."""
        self._exchanged: dict[str, tuple[bytes, float]] = {}
        self._checked: dict[UUID, float] = {}

    def set_cookie(self, session: Session) -> str:
        """The value of a `Set-Cookie` header that gives a browser a session."""
        return self._cookie(self._made.cookie(session).token, int(REFRESH_LIFE.total_seconds()))

    def clear_cookie(self) -> str:
        """The value of a `Set-Cookie` header that takes it away again. `end` the session, too."""
        return self._cookie("", 0)

    def _cookie(self, value: str, seconds: int) -> str:
        name, secure = (SECURE_COOKIE, "; Secure") if self.is_secure else (COOKIE, "")
        return f"{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"

    async def visitor(self, scope: Scope) -> Visitor | None:
        """Whose session a request carries, for pages. None without one that is good.

        Whether the person is a member still is the workspace's to say.
        """
        value = self._value(scope)
        claims = None if value is None else self._claims(value)
        if claims is None or not await is_open(self._database, UUID(claims["sessionId"])):
            return None
        workspace_id, membership_id = claims.get("workspaceId"), claims.get("userWorkspaceId")
        return Visitor(
            UUID(claims["sessionId"]),
            UUID(claims["userId"]),
            UUID(workspace_id) if workspace_id else None,
            UUID(membership_id) if membership_id else None,
            claims["generation"],
            float(claims["exp"]),
        )

    def _claims(self, value: str) -> dict[str, Any] | None:
        try:
            return self._tokens.read(value, SESSION)
        except AccessRefused:
            return None

    async def end(self, scope: Scope) -> None:
        """Ends the session that a request carries."""
        visitor = await self.visitor(scope)
        if visitor is not None:
            async with self._database.transaction() as connection:
                await end_session(connection, visitor.session_id, visitor.user_id)

    async def admit(self, scope: Scope) -> Scope:
        """The request as the API doors take it: with an access token where a page of ours sent its cookie."""
        if any(name == b"authorization" for name, _ in scope["headers"]) or not self.is_same_origin(scope):
            return scope
        authorization = await self._authorization(scope)
        if authorization is None:
            return scope
        return {**scope, "headers": [*scope["headers"], (b"authorization", authorization)]}

    async def _authorization(self, scope: Scope) -> bytes | None:
        value = self._value(scope)
        if value is None:
            return None
        known = self._exchanged.get(value)
        if known is not None and known[1] > time.time():
            return known[0]
        claims = self._claims(value)
        if claims is None or "userWorkspaceId" not in claims:
            return None
        if not await self._is_open(UUID(claims["sessionId"]), float(claims["iat"])):
            return None
        kept = ("sub", "userId", "authProvider", "workspaceMemberId", "userWorkspaceId", "generation", "sessionId")
        expires_at = min(int(time.time()) + EXCHANGED_FOR, int(claims["exp"]))
        token = self._tokens.sign(
            ACCESS, UUID(claims["workspaceId"]), expires_at, {name: claims[name] for name in kept}
        )
        if len(self._exchanged) >= _KNOWN_LIMIT:
            self._exchanged.clear()
        self._exchanged[value] = (f"Bearer {token}".encode(), expires_at - 60)
        return self._exchanged[value][0]

    async def _is_open(self, session_id: UUID, issued_at: float) -> bool:
        """Whether a session goes on. The database is asked now and then; workspaces tell of what ended since."""
        if max(issued_at, self._checked.get(session_id, 0)) + ACCESS_LIFE.total_seconds() > time.time():
            return True
        if not await is_open(self._database, session_id):
            return False
        if len(self._checked) >= _KNOWN_LIMIT:
            self._checked.clear()
        self._checked[session_id] = time.time()
        return True

    def _value(self, scope: Scope) -> str | None:
        """The value of the cookie, if there is one and one only."""
        wanted = SECURE_COOKIE if self.is_secure else COOKIE
        found = []
        for name, header in scope["headers"]:
            if name == b"cookie":
                pairs = (pair.strip().partition("=") for pair in header.decode("latin-1").split(";"))
                found += [value for given, _, value in pairs if given == wanted]
        return found[0] if len(found) == 1 and found[0] else None

    def is_same_origin(self, scope: Scope) -> bool:
        """Whether a page of ours made a request, as its browser testifies: scripts cannot set these headers."""
        headers = dict(scope["headers"])
        site = headers.get(b"sec-fetch-site")
        if site is not None:
            return bool(site == b"same-origin")
        origin = headers.get(b"origin", b"").decode("latin-1")
        if not origin:
            return False
        host = headers.get(b"host", b"").decode("latin-1")
        return _origin(origin) in (self._origin, _origin(f"{scope['scheme']}://{host}"))


def has_cookie(scope: Scope) -> bool:
    """Whether a request carries cookies at all."""
    return b"cookie" in dict(scope["headers"])


def _origin(url: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if not parts.hostname:
        return None
    return parts.scheme, parts.hostname, port or (443 if parts.scheme == "https" else 80)
