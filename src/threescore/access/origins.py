"""The addresses under which people reach the server and its workspaces.

One workspace: the address of the server. Several: each has its own, with its subdomain in front.
"""

from urllib.parse import quote, urlencode, urlsplit
from uuid import UUID

from threescore.catalog.workspaces import Workspace, find_by_subdomain
from threescore.db.pool import Database
from threescore.errors import AccessRefused


class Addresses:
    """Knows which workspace an origin is that of. `url` is the server's address, as it was set: no request says it."""

    def __init__(self, url: str, multi_workspace: bool) -> None:
        self.url = url
        self._parts = urlsplit(url)
        self._multi_workspace = multi_workspace

    def of_workspace(self, workspace: Workspace, base: str | None = None) -> str:
        """The address of a workspace, with a slash at the end. `base` is the server's as the caller knows it."""
        if not self._multi_workspace:
            return f"{base or self.url}/"
        return self._parts._replace(netloc=f"{workspace.subdomain}.{self._parts.netloc}").geturl() + "/"

    def link(self, path: str, **query: str) -> str:
        """A link to a page of ours, for mails."""
        return f"{self.url}{quote(path)}" + (f"?{urlencode(query)}" if query else "")

    async def workspace_at(self, database: Database, origin: str | None) -> UUID | None:
        """The workspace at an origin; None where an origin does not tell. Raises AccessRefused for an unknown one."""
        if not self._multi_workspace or not origin:
            return None
        host = _host(origin)
        if host == self._parts.hostname:
            return None
        subdomain, _, domain = (host or "").partition(".")
        workspace = await find_by_subdomain(database, subdomain) if domain == self._parts.hostname else None
        if workspace is None:
            raise _elsewhere()
        return workspace.id

    async def check(self, database: Database, origin: str | None, workspace_id: UUID) -> None:
        """Raises AccessRefused when an origin is that of another workspace."""
        at = await self.workspace_at(database, origin)
        if at is not None and at != workspace_id:
            raise _elsewhere()


def _host(origin: str) -> str | None:
    try:
        return urlsplit(origin).hostname
    except ValueError:
        return None


def _elsewhere() -> AccessRefused:
    return AccessRefused(403, "FORBIDDEN_EXCEPTION", "Token is not valid for this workspace")
