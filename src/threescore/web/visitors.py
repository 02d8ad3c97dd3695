"""Who is looking at a page: the session that the browser's cookie names."""

from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request

from threescore.access.members import Member
from threescore.access.sessions import Sessions
from threescore.access.tokens import ACCESS, Claims
from threescore.catalog.state import Workspaces
from threescore.catalog.workspaces import get_workspace
from threescore.db.pool import Database
from threescore.errors import AccessRefused, NotFound
from threescore.records.caller import Caller


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is signed in, with their rights in the workspace that they look at."""

    caller: Caller
    workspace_name: str

    @property
    def name(self) -> str:
        principal = self.caller.principal
        return principal.name or (principal.email if isinstance(principal, Member) else "")

    @property
    def record_id(self) -> UUID | None:
        """The visitor's record among the members of the workspace; None for one who is no member."""
        principal = self.caller.principal
        return principal.workspace_member_id if isinstance(principal, Member) else None


class Visitors:
    """Finds who a request's session belongs to."""

    def __init__(self, database: Database, workspaces: Workspaces, sessions: Sessions) -> None:
        self._database = database
        self._workspaces = workspaces
        self._sessions = sessions

    async def find(self, request: Request) -> Visitor | None:
        """Who is signed in, or None; None too for somebody who is no member any more."""
        session = await self._sessions.visitor(request.scope)
        if session is None or session.workspace_id is None or session.membership_id is None:
            return None
        claims = Claims(
            session.workspace_id,
            session.membership_id,
            session.expires_at,
            ACCESS,
            session.generation,
            session.session_id,
        )
        try:
            caller = Caller.of(await self._workspaces.present(session.workspace_id), claims)
            workspace = await get_workspace(self._database, session.workspace_id)
        except (AccessRefused, NotFound):
            return None
        return Visitor(caller, workspace.name)
