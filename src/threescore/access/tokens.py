"""Tokens: JSON Web Tokens, signed with HMAC-SHA256 by a key of each workspace and type of token.

The claims are those that clients of the wire protocol know. Of an API key: `sub` and `workspaceId` (the workspace),
`type` (`API_KEY`), `jti` (the API key), `iat`, `exp`. Those of people are in `threescore.access.person_tokens`.
"""

import hashlib
import hmac
import time
from datetime import datetime
from typing import Any
from uuid import UUID

import jwt
from msgspec import Struct

from threescore.errors import AccessRefused

API_KEY = "API_KEY"
ACCESS = "ACCESS"
PLAYGROUND = "PLAYGROUND"
WORKSPACE_AGNOSTIC = "WORKSPACE_AGNOSTIC"
REFRESH = "REFRESH"
LOGIN = "LOGIN"
SESSION = "SESSION"

CALLERS = frozenset({API_KEY, ACCESS, PLAYGROUND})
"""The types of tokens that open the APIs of a workspace."""

WRONG_TYPE = "INVALID_JWT_TOKEN_TYPE"
"""The code of the refusal of a token that is good for something else."""

_OF_PEOPLE = frozenset({ACCESS, PLAYGROUND, WORKSPACE_AGNOSTIC, REFRESH, LOGIN, SESSION})
_ALGORITHM = "HS256"
_KNOWN_LIMIT = 10_000

MAX_LENGTH = 4096
"""Characters that a token may have. Ours have some 600; nothing longer is looked at."""


class Claims(Struct, frozen=True):
    """What a valid token says. `principal_id` is an API key's, or for other types of tokens a membership's.

    `expires_at` is in seconds since the epoch. The tokens of an API key are good for one `generation`, or for two while
    they change; a person's for one, which ends with their password, and for one session.
    """

    workspace_id: UUID
    principal_id: UUID
    expires_at: float
    type: str = API_KEY
    generation: int = 0
    session_id: UUID | None = None


class Tokens:
    """Signs and verifies tokens. A token once verified is remembered, so a caller pays for it once."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()
        self._known: dict[str, Claims] = {}

    def _signing_key(self, workspace_id: UUID | None, kind: str) -> bytes:
        return hmac.digest(self._secret, f"{workspace_id} {kind}".encode(), hashlib.sha256)

    def mint(self, workspace_id: UUID, key_id: UUID, expires_at: datetime, generation: int = 0) -> str:
        """A new token for an API key. It is not kept anywhere."""
        claims: dict[str, Any] = {"sub": str(workspace_id), "jti": str(key_id)}
        if generation:
            claims["generation"] = generation
        return self.sign(API_KEY, workspace_id, int(expires_at.timestamp()), claims)

    def sign(self, kind: str, workspace_id: UUID | None, expires_at: int, claims: dict[str, Any]) -> str:
        """A new token with these claims and the usual ones."""
        common: dict[str, Any] = {"type": kind, "iat": int(time.time()), "exp": expires_at}
        if workspace_id is not None:
            common["workspaceId"] = str(workspace_id)
        return jwt.encode({**claims, **common}, self._signing_key(workspace_id, kind), algorithm=_ALGORITHM)

    def verify(self, token: str) -> Claims:
        """What a token says that opens the APIs. Raises AccessRefused when it is not ours, of another type, or over."""
        claims = self._known.get(token)
        if claims is None:
            claims = self._claims(token)
            if len(self._known) >= _KNOWN_LIMIT:
                self._known.clear()
            self._known[token] = claims
        if claims.expires_at <= time.time():
            raise expired_token()
        return claims

    def read(self, token: str, *kinds: str) -> dict[str, Any]:
        """The claims of a token of one of these types. Raises AccessRefused."""
        claims = self._decoded(token)
        if claims["type"] not in kinds:
            raise _wrong_type()
        if float(claims["exp"]) <= time.time():
            raise expired_token()
        return claims

    def _claims(self, token: str) -> Claims:
        claims = self._decoded(token)
        kind = claims["type"]
        if kind not in CALLERS:
            raise _wrong_type()
        try:
            workspace_id, expires_at = UUID(claims["workspaceId"]), float(claims["exp"])
            if kind == API_KEY:
                generation = claims.get("generation", 0)
                if type(generation) is not int:
                    raise TypeError("no generation")
                return Claims(workspace_id, UUID(claims["jti"]), expires_at, generation=generation)
            return Claims(
                workspace_id,
                UUID(claims["userWorkspaceId"]),
                expires_at,
                kind,
                int(claims["generation"]),
                UUID(claims["sessionId"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise invalid_token() from error

    def _decoded(self, token: str) -> dict[str, Any]:
        """The claims of a token that we signed, over or not. Raises AccessRefused."""
        if len(token) > MAX_LENGTH:
            raise invalid_token()
        try:
            unverified = jwt.decode(token, options={"verify_signature": False})
            # Each type has a key of its own: a token of one type is never one of another.
            kind = unverified["type"]
            if not isinstance(kind, str) or kind not in _OF_PEOPLE:
                kind = API_KEY
            workspace_id = unverified["workspaceId"] if kind == API_KEY else unverified.get("workspaceId")
            claims = jwt.decode(
                token,
                self._signing_key(None if workspace_id is None else UUID(workspace_id), kind),
                algorithms=[_ALGORITHM],
                options={"verify_exp": False, "require": ["exp", "type"], "verify_sub": False},
            )
            float(claims["exp"])
        except (jwt.PyJWTError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise invalid_token() from error
        if claims["type"] != kind:
            raise _wrong_type()
        return claims


def invalid_token(*, is_lasting: bool = False) -> AccessRefused:
    """The answer to a token that is none of ours, or whose time ended before its own end."""
    return AccessRefused(401, "UNAUTHENTICATED", "Token invalid.", is_lasting=is_lasting)


def expired_token() -> AccessRefused:
    """The answer to a token whose time is over."""
    return AccessRefused(401, "UNAUTHENTICATED", "Token has expired.")


def _wrong_type() -> AccessRefused:
    return AccessRefused(403, WRONG_TYPE, "Invalid token type")


def bearer_token(authorization: str | None) -> str:
    """The token of an `Authorization` header. Raises AccessRefused when there is none."""
    scheme, _, token = (authorization or "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise AccessRefused(403, "FORBIDDEN_EXCEPTION", "Missing authentication token")
    return token
