"""Who is looking at a page: the session that the browser's cookie names."""

from dataclasses import dataclass

from starlette.requests import Request

from threescore.access.tokens import Tokens
from threescore.catalog.state import Workspaces
from threescore.errors import AccessRefused
from threescore.records.caller import Caller

COOKIE = "threescore_session"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is signed in, with their rights in the workspace that they look at."""

    caller: Caller
    email: str
    workspace_name: str

    @property
    def name(self) -> str:
        return self.caller.principal.name or self.email


class Visitors:
    """Finds who a request's session belongs to."""

    def __init__(self, workspaces: Workspaces, tokens: Tokens) -> None:
        self._workspaces = workspaces
        self._tokens = tokens

    async def find(self, request: Request) -> Visitor | None:
        """Who is signed in, or None."""
        cookie = request.cookies.get(COOKIE)
        if not cookie:
            return None
        try:
            claims = self._tokens.verify(cookie)
            caller = Caller.of(await self._workspaces.present(claims.workspace_id), claims)
        except AccessRefused:
            return None
        return Visitor(caller, "", "Workspace")
