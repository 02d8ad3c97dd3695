"""The command line: `threescore serve`, and what is done beside a running server.

Results go to standard output, everything said about them to standard error. Exit code 1: it could not be done;
2: the command or a setting is wrong.
"""

import asyncio
import errno
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Column, Table

from threescore import __version__
from threescore.access.keys import ApiKey, create_key, list_keys, revoke_key, signing_secret
from threescore.access.roles import Role, list_roles
from threescore.access.tokens import Tokens
from threescore.access.welcome import new_welcome
from threescore.catalog.workspaces import Workspace, create_workspace, find_workspace, list_workspaces
from threescore.config import InvalidSetting, Settings, unknown_variables
from threescore.db.pool import Database
from threescore.errors import Conflict, ThreescoreError
from threescore.installation import DatabaseUnusable, Installation
from threescore.serving import become, local_url

FIRST_WORKSPACE = "main"
FIRST_KEY = "first key"
# The longest that a key may live, and how long it lives when nothing else is said: a hundred years.
LONGEST_LIFE = 36_500

Result = TypeVar("Result")

app = typer.Typer(
    help="A developer-first CRM platform.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
workspaces = typer.Typer(help="Workspaces: each has its own data model and its own records.", no_args_is_help=True)
keys = typer.Typer(help="API keys: what programs authenticate with.", no_args_is_help=True)
app.add_typer(workspaces, name="workspace")
app.add_typer(keys, name="key")
roles = typer.Typer(help="Roles: what members and API keys may do.", no_args_is_help=True)
app.add_typer(roles, name="role")

_errors = Console(stderr=True, highlight=False)


def main() -> None:
    """The program `threescore`."""
    # Like Ctrl-C, so that whatever was started is stopped on the way out.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(128 + signal.SIGTERM))
    try:
        app()
    except (ThreescoreError, DatabaseUnusable) as error:
        _fail(str(error))
    except InvalidSetting as error:
        _fail(str(error), code=2)


def _fail(message: str, code: int = 1) -> NoReturn:
    _errors.print(message, markup=False, soft_wrap=True)
    sys.exit(code)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"threescore {__version__}")
        raise typer.Exit


@app.callback()
def threescore(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """A developer-first CRM platform."""


@app.command()
def serve() -> None:
    """Serve the APIs. Settings are THREESCORE_* variables; see docs/settings.md."""
    settings = Settings.from_environment()
    for sentence in unknown_variables():
        _errors.print(sentence, markup=False, soft_wrap=True)
    _check_address(settings)
    with Installation.open(settings) as installation:
        token = _run(installation.url, lambda database: _first_token(database, settings))
        _welcome(settings, token, _run(installation.url, new_welcome))
        claim = None if installation.server is None else installation.server.claim
        become("threescore.serving", installation.url, claim)


@app.command()
def worker() -> None:
    """Deliver webhooks, beside servers or instead of them (THREESCORE_DELIVERY=off). Any number may run."""
    settings = Settings.from_environment()
    for sentence in unknown_variables():
        _errors.print(sentence, markup=False, soft_wrap=True)
    with Installation.open(settings) as installation:
        claim = None if installation.server is None else installation.server.claim
        become("threescore.working", installation.url, claim)


@workspaces.command("create")
def create_workspace_command(
    name: Annotated[str, typer.Argument(help="What to call it; no two have the same.")],
) -> None:
    """Create a workspace with the standard data model."""
    settings = Settings.from_environment()
    with Installation.open(settings) as installation:
        workspace = _run(installation.url, lambda database: create_workspace(database, name))
    print(workspace.id)


@workspaces.command("list")
def list_workspaces_command() -> None:
    """List all workspaces."""
    settings = Settings.from_environment()
    with Installation.open(settings) as installation:
        found = _run(installation.url, list_workspaces)
    _print_table(["Name", "Id", "Created"], [[item.name, str(item.id), _moment(item.created_at)] for item in found])


_WorkspaceOption = Annotated[
    str | None, typer.Option("--workspace", help="The workspace; not needed while there is only one.")
]


@keys.command("create")
def create_key_command(
    name: Annotated[str, typer.Option(help="What to call the key, so that you know it when you revoke it.")],
    workspace: _WorkspaceOption = None,
    expires_in: Annotated[
        int, typer.Option(help="For how many days it is good.", min=1, max=LONGEST_LIFE)
    ] = LONGEST_LIFE,
    role: Annotated[
        str | None, typer.Option(help="The role it has, by its label or id; the administrator's when not given.")
    ] = None,
) -> None:
    """Create an API key and print its token: alone, and only this once."""
    settings = Settings.from_environment()

    async def create(database: Database) -> str:
        owner = await _chosen(database, workspace)
        role_id = None if role is None else (await _chosen_role(database, owner, role)).id
        return await _new_token(database, settings, owner, name, timedelta(days=expires_in), role_id)

    with Installation.open(settings) as installation:
        token = _run(installation.url, create)
    print(token)


@keys.command("list")
def list_keys_command(workspace: _WorkspaceOption = None) -> None:
    """List the API keys of a workspace; their tokens are not kept and cannot be shown."""
    settings = Settings.from_environment()

    async def load(database: Database) -> tuple[list[ApiKey], dict[UUID, str]]:
        owner = await _chosen(database, workspace)
        async with database.acquire() as connection:
            labels = {item.id: item.label for item in await list_roles(connection, owner.id)}
            return await list_keys(connection, owner.id), labels

    with Installation.open(settings) as installation:
        found, labels = _run(installation.url, load)
    rows = [
        [
            key.name,
            str(key.id),
            labels[key.role_id] if key.role_id else "",
            _moment(key.created_at),
            _moment(key.expires_at),
            _moment(key.revoked_at),
            _moment(key.last_used_at),
        ]
        for key in found
    ]
    _print_table(["Name", "Id", "Role", "Created", "Expires", "Revoked", "Last used"], rows)


@keys.command("revoke")
def revoke_key_command(
    key: Annotated[UUID, typer.Argument(help="The id of the key, as `threescore key list` shows it.")],
    workspace: _WorkspaceOption = None,
) -> None:
    """Revoke an API key at once, on all running servers."""
    settings = Settings.from_environment()

    async def revoke(database: Database) -> ApiKey:
        owner = await _chosen(database, workspace)
        async with database.transaction() as connection:
            return await revoke_key(connection, owner.id, key)

    with Installation.open(settings) as installation:
        revoked = _run(installation.url, revoke)
    _errors.print(f'The API key "{revoked.name}" is revoked.', markup=False)


@roles.command("list")
def list_roles_command(workspace: _WorkspaceOption = None) -> None:
    """List the roles of a workspace."""
    settings = Settings.from_environment()

    async def load(database: Database) -> list[Role]:
        owner = await _chosen(database, workspace)
        async with database.acquire() as connection:
            return await list_roles(connection, owner.id)

    with Installation.open(settings) as installation:
        found = _run(installation.url, load)
    rows = [[role.label, str(role.id), _words(role)] for role in found]
    _print_table(["Label", "Id", "For"], rows)


def _words(role: Role) -> str:
    holders = {
        "members": role.can_be_assigned_to_users,
        "API keys": role.can_be_assigned_to_api_keys,
    }
    return ", ".join(name for name, may in holders.items() if may)


def _run(url: str, work: Callable[[Database], Awaitable[Result]]) -> Result:
    """Does some work with a connection to the database."""

    async def run() -> Result:
        database = await Database.connect(url, 1)
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(run())


def _check_address(settings: Settings) -> None:
    """Ends the program when somebody else listens on our address.

    The workers share the port among them in a way that would let a second server join in silently.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                _fail(f"Port {settings.port} of {settings.host} is in use. Set THREESCORE_PORT to another one.")
            _fail(f"{settings.host} port {settings.port} cannot be listened on: {error.strerror}.")


async def _first_token(database: Database, settings: Settings) -> str | None:
    """The token for a first workspace, made with it; None when there are workspaces already."""
    if await list_workspaces(database):
        return None
    try:
        workspace = await create_workspace(database, FIRST_WORKSPACE)
    except Conflict:
        # Another server, started at the same moment, was quicker and showed its key.
        return None
    return await _new_token(database, settings, workspace, FIRST_KEY, timedelta(days=LONGEST_LIFE))


async def _new_token(
    database: Database,
    settings: Settings,
    workspace: Workspace,
    name: str,
    life: timedelta,
    role_id: UUID | None = None,
) -> str:
    async with database.transaction() as connection:
        key = await create_key(connection, workspace.id, name, datetime.now(UTC) + life, role_id=role_id)
    tokens = Tokens(await signing_secret(database, settings.secret))
    return tokens.mint(workspace.id, key.id, key.expires_at)


async def _chosen_role(database: Database, workspace: Workspace, name: str) -> Role:
    """The role of that label or id, if keys can have it."""
    async with database.acquire() as connection:
        found = await list_roles(connection, workspace.id)
    role = next((role for role in found if name in (role.label, str(role.id))), None)
    if role is None:
        known = ", ".join(role.label for role in found if role.can_be_assigned_to_api_keys)
        _fail(f'There is no role "{name}". There are: {known}')
    if not role.can_be_assigned_to_api_keys:
        _fail(f'Role "{role.label}" cannot be assigned to API keys')
    return role


async def _chosen(database: Database, name: str | None) -> Workspace:
    """The workspace of that name, or the only one there is."""
    found = await list_workspaces(database)
    if name is not None:
        workspace = await find_workspace(database, name)
        if workspace is None:
            _fail(f'There is no workspace named "{name}".{_known(found)}')
        return workspace
    if not found:
        _fail("There is no workspace yet. Create one: threescore workspace create NAME")
    if len(found) > 1:
        _fail(f"There are several workspaces; choose one with --workspace.{_known(found)}", code=2)
    return found[0]


def _known(found: list[Workspace]) -> str:
    return " There are: " + ", ".join(item.name for item in found) if found else ""


def _welcome(settings: Settings, token: str | None, welcome: str | None) -> None:
    url = local_url(settings)
    if welcome is not None:
        print(
            "Nobody administers this server yet. Whoever follows this link will; it is good once, until the next start:"
            f"\n\n{settings.url}/welcome?token={welcome}\n",
            flush=True,
        )
    if token is None:
        program = Path(sys.argv[0])
        shown = program.relative_to(Path.cwd()) if program.is_relative_to(Path.cwd()) else program.name
        print(f"Another API key: {shown} key create --name NAME\n", flush=True)
        return
    print(
        f'A first workspace, "{FIRST_WORKSPACE}", was created, and an API key, shown only this once:\n\n'
        f"{token}\n\nTry it, once the server serves:\n\n"
        f'curl -H "Authorization: Bearer {token}" {url}/rest/companies\n',
        flush=True,
    )


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else moment.strftime("%Y-%m-%d %H:%M")


def _print_table(columns: list[str], rows: list[list[str]]) -> None:
    # Nothing is shortened: an id that is cut off is of no use.
    table = Table(*(Column(name, no_wrap=True, overflow="ignore") for name in columns), box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    Console(width=1000, highlight=False).print(table, soft_wrap=True)


if __name__ == "__main__":
    main()
