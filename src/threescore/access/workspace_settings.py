"""What a workspace says about itself, as those change it who may."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import available_timezones

from threescore.access.audit import Author
from threescore.access.people import People
from threescore.catalog.workspaces import Workspace, new_invite_hash, read_subdomain, update_workspace
from threescore.db.pool import Database
from threescore.errors import BadRequest
from threescore.records.caller import Caller
from threescore.sql import quote_identifier

MAX_LOGO_LENGTH = 200_000
"""Characters of a logo: a URL, or a small picture as a `data:` URL."""


async def change_workspace(
    people: People, database: Database, caller: Caller, data: Mapping[str, Any], author: Author
) -> Workspace:
    """Changes what is given, by the names of the wire. What is null stays, but a logo and a time zone go.

    Raises BadRequest, Conflict.
    """
    changes: dict[str, Any] = {}
    if data.get("displayName") is not None:
        changes["name"] = data["displayName"]
    if "logo" in data:
        changes["logo"] = _logo(data["logo"])
    if "timeZone" in data:
        changes["time_zone"] = _time_zone(data["timeZone"])
    if data.get("inviteHash") is not None:
        caller.require("WORKSPACE_MEMBERS")
        changes["invite_hash"] = new_invite_hash()
    if data.get("isPublicInviteLinkEnabled") is not None:
        caller.require("WORKSPACE_MEMBERS")
        changes["is_public_invite_link_enabled"] = data["isPublicInviteLinkEnabled"]
    if data.get("subdomain") is not None:
        if not people.rules.multi_workspace:
            raise BadRequest("A server with one workspace has no subdomains")
        changes["subdomain"] = read_subdomain(data["subdomain"])
    return await update_workspace(database, caller.state.model.workspace_id, changes, author)


async def delete_workspace(database: Database, workspace: Workspace) -> None:
    """Deletes a workspace with all that is in it."""
    async with database.transaction() as connection:
        await connection.fetchval("SELECT 1 FROM threescore.workspace WHERE id = $1 FOR UPDATE", workspace.id)
        await connection.execute(f"DROP SCHEMA IF EXISTS {quote_identifier(workspace.schema)} CASCADE")
        await connection.execute("DELETE FROM threescore.workspace WHERE id = $1", workspace.id)


def _logo(logo: str | None) -> str | None:
    if not logo:
        return None
    if len(logo) > MAX_LOGO_LENGTH or not logo.isascii() or not logo.isprintable():
        raise BadRequest(f"A logo is a URL of at most {MAX_LOGO_LENGTH} characters")
    if not logo.startswith(("https://", "http://", "data:image/", "/")):
        raise BadRequest("A logo is a URL that begins with https://, http:// or data:image/")
    return logo


def _time_zone(name: str | None) -> str | None:
    if not name:
        return None
    if name not in available_timezones():
        raise BadRequest(f'"{name[:100]}" is no time zone; a name such as Europe/Brussels is needed')
    return name
