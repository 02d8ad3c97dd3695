"""The tokens of people, with the claims that clients know.

A session begins when a person signs in and is a row in the database. Its refresh token is good once: renewing gives
the next one. Whoever comes with one that was used before has stolen it, or was stolen from: the session ends.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from msgspec import Struct

from threescore.access.members import Member
from threescore.access.tokens import ACCESS, LOGIN, PLAYGROUND, REFRESH, SESSION, WORKSPACE_AGNOSTIC, Tokens
from threescore.access.users import User

ACCESS_LIFE = timedelta(minutes=30)
REFRESH_LIFE = timedelta(days=60)
LOGIN_LIFE = timedelta(minutes=15)
PLAYGROUND_LIFE = timedelta(hours=2)

LONGEST_UNCHECKED = max(ACCESS_LIFE, PLAYGROUND_LIFE)
"""For how long a token may be good without anybody asking the database about its session."""


class Token(Struct, frozen=True):
    """A token as clients get it."""

    token: str
    expires_at: datetime


class TokenPair(Struct, frozen=True):
    """What a signed-in client holds: a token for its requests, and one to renew both."""

    access: Token
    refresh: Token


class Session(Struct, frozen=True):
    """A signed-in person: in a workspace, or (without a member) in none yet."""

    id: UUID
    user: User
    member: Member | None
    refresh_id: UUID
    expires_at: datetime


class PersonTokens:
    """Makes tokens of people."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def pair(self, session: Session) -> TokenPair:
        """The tokens of a session."""
        user, member = session.user, session.member
        kind = WORKSPACE_AGNOSTIC if member is None else ACCESS
        workspace_id = None if member is None else member.workspace_id
        refresh = self._token(
            REFRESH,
            workspace_id,
            session.expires_at,
            {
                "userId": str(user.id),
                "authProvider": "password",
                "targetedTokenType": kind,
                "sub": str(user.id),
                "jti": str(session.refresh_id),
                "sessionId": str(session.id),
            },
        )
        return TokenPair(self.opening(session, kind, ACCESS_LIFE), refresh)

    def opening(self, session: Session, kind: str, life: timedelta) -> Token:
        """A token of a session that opens doors."""
        user, member = session.user, session.member
        claims: dict[str, object] = {"sub": str(user.id), "userId": str(user.id), "authProvider": "password"}
        if member is not None:
            claims |= {
                "workspaceMemberId": str(member.workspace_member_id),
                "userWorkspaceId": str(member.id),
                "isImpersonating": False,
            }
        claims |= {"generation": user.generation, "sessionId": str(session.id)}
        expires_at = min(datetime.now(UTC) + life, session.expires_at)
        return self._token(kind, None if member is None else member.workspace_id, expires_at, claims)

    def playground(self, session: Session) -> Token:
        """A token to try the APIs with, which opens nothing that manages keys or people."""
        return self.opening(session, PLAYGROUND, PLAYGROUND_LIFE)

    def cookie(self, session: Session) -> Token:
        """What a browser keeps of a session."""
        return self.opening(session, SESSION, REFRESH_LIFE)

    def login(self, user: User, workspace_id: UUID) -> Token:
        """A token to be exchanged, once, for those of a session in a workspace: its `jti` is the session's id."""
        return self._token(
            LOGIN,
            workspace_id,
            datetime.now(UTC) + LOGIN_LIFE,
            {
                "sub": user.email,
                "userId": str(user.id),
                "authProvider": "password",
                "generation": user.generation,
                "jti": str(uuid4()),
            },
        )

    def _token(self, kind: str, workspace_id: UUID | None, expires_at: datetime, claims: dict[str, object]) -> Token:
        expires_at = expires_at.replace(microsecond=0)
        return Token(self._tokens.sign(kind, workspace_id, int(expires_at.timestamp()), claims), expires_at)
