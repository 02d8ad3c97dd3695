"""Where a command works: in the database of the settings, beside servers that may run, and in one workspace of it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer
from msgspec import Struct

from threescore.catalog.workspaces import Workspace, find_workspace, list_workspaces
from threescore.cli.output import fail
from threescore.config import Settings
from threescore.db.pool import Database
from threescore.installation import Installation

Result = TypeVar("Result")

WorkspaceOption = Annotated[
    str | None, typer.Option("--workspace", help="The workspace; not needed while there is only one.")
]


class Workplace(Struct, frozen=True):
    """A workspace, and what a command needs to work in it."""

    settings: Settings
    database: Database
    workspace: Workspace


def connected(url: str, work: Callable[[Database], Awaitable[Result]]) -> Result:
    """Does some work with a connection to the database at that URL."""

    async def run() -> Result:
        database = await Database.connect(url, 1)
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(run())


def in_database(work: Callable[[Database], Awaitable[Result]]) -> Result:
    """Does some work in the database of the settings. Raises InvalidSetting and DatabaseUnusable."""
    with Installation.open(Settings.from_environment()) as installation:
        return connected(installation.url, work)


def in_workspace(name: str | None, work: Callable[[Workplace], Awaitable[Result]]) -> Result:
    """Does some work in the workspace of that name, or in the only one there is. Ends the program where none is."""
    settings = Settings.from_environment()

    async def run(database: Database) -> Result:
        return await work(Workplace(settings, database, await _chosen(database, name)))

    with Installation.open(settings) as installation:
        return connected(installation.url, run)


async def _chosen(database: Database, name: str | None) -> Workspace:
    """The workspace of that name, or the only one there is."""
    found = await list_workspaces(database)
    if name is not None:
        workspace = await find_workspace(database, name)
        if workspace is None:
            fail(f'There is no workspace named "{name}".{_known(found)}')
        return workspace
    if not found:
        fail("There is no workspace yet. Create one: threescore workspace create NAME")
    if len(found) > 1:
        fail(f"There are several workspaces; choose one with --workspace.{_known(found)}", code=2)
    return found[0]


def _known(found: list[Workspace]) -> str:
    return " There are: " + ", ".join(item.name for item in found) if found else ""
