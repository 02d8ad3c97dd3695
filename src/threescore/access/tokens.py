"""API key tokens: JSON Web Tokens, signed with HMAC-SHA256 by a key of each workspace's own.

The claims are those that clients of the wire protocol know: `sub` and `workspaceId` (the workspace), `type`
(`API_KEY`), `jti` (the API key), `iat`, `exp`.
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
_ALGORITHM = "HS256"
_KNOWN_LIMIT = 10_000

MAX_LENGTH = 4096
"""Characters that a token may have. Ours have some 400; nothing longer is looked at."""


class Claims(Struct, frozen=True):
    """What a valid token says. `principal_id` is an API key's, or for other types of tokens a membership's.

    `expires_at` is in seconds since the epoch. `generation` is that of an API key's tokens.
    """

    workspace_id: UUID
    principal_id: UUID
    expires_at: float
    type: str = API_KEY
    generation: int = 0


class Tokens:
    """Signs and verifies tokens. A token once verified is remembered, so a caller pays for it once."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()
        self._known: dict[str, Claims] = {}

    def _signing_key(self, workspace_id: UUID) -> bytes:
        return hmac.digest(self._secret, f"{workspace_id} {API_KEY}".encode(), hashlib.sha256)

    def mint(self, workspace_id: UUID, key_id: UUID, expires_at: datetime, generation: int = 0) -> str:
        """A new token for an API key. It is not kept anywhere."""
        claims: dict[str, Any] = {
            "sub": str(workspace_id),
            "type": API_KEY,
            "workspaceId": str(workspace_id),
            "iat": int(time.time()),
            "exp": int(expires_at.timestamp()),
            "jti": str(key_id),
        }
        if generation:
            claims["generation"] = generation
        return jwt.encode(claims, self._signing_key(workspace_id), algorithm=_ALGORITHM)

    def verify(self, token: str) -> Claims:
        """The claims of a token. Raises AccessRefused when it is not ours, or over."""
        claims = self._known.get(token)
        if claims is None:
            if len(token) > MAX_LENGTH:
                raise AccessRefused(401, "UNAUTHENTICATED", "Token invalid.")
            claims = self._decode(token)
            if len(self._known) >= _KNOWN_LIMIT:
                self._known.clear()
            self._known[token] = claims
        if claims.expires_at <= time.time():
            raise AccessRefused(401, "UNAUTHENTICATED", "Token has expired.")
        return claims

    def _decode(self, token: str) -> Claims:
        try:
            unverified = jwt.decode(token, options={"verify_signature": False})
            workspace_id = UUID(unverified["workspaceId"])
            claims = jwt.decode(
                token,
                self._signing_key(workspace_id),
                algorithms=[_ALGORITHM],
                options={"verify_exp": False, "require": ["exp", "jti", "type"], "verify_sub": False},
            )
            key_id, expires_at, kind = UUID(claims["jti"]), float(claims["exp"]), claims["type"]
            generation = claims.get("generation", 0)
        except (jwt.PyJWTError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise AccessRefused(401, "UNAUTHENTICATED", "Token invalid.") from error
        if kind != API_KEY:
            raise AccessRefused(403, "INVALID_JWT_TOKEN_TYPE", "Invalid token type")
        if type(generation) is not int:
            raise AccessRefused(401, "UNAUTHENTICATED", "Token invalid.")
        return Claims(workspace_id, key_id, expires_at, generation=generation)


def bearer_token(authorization: str | None) -> str:
    """The token of an `Authorization` header. Raises AccessRefused when there is none."""
    scheme, _, token = (authorization or "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise AccessRefused(403, "FORBIDDEN_EXCEPTION", "Missing authentication token")
    return token
