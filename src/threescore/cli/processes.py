"""`threescore serve` and `threescore worker`: preparing a database, and becoming the process that uses it."""

import errno
import socket
import sys
from pathlib import Path

from threescore.access.welcome import new_welcome
from threescore.catalog.workspaces import create_workspace, list_workspaces
from threescore.cli.keys import LONGEST_LIFE, new_key
from threescore.cli.output import fail, say
from threescore.cli.workplace import Workplace, connected
from threescore.config import Settings, unknown_variables
from threescore.db.pool import Database
from threescore.errors import Conflict
from threescore.installation import Installation
from threescore.serving import become, local_url

FIRST_WORKSPACE = "main"
FIRST_KEY = "first key"


def serve() -> None:
    """Serve the APIs. Settings are THREESCORE_* variables; see docs/settings.md."""
    settings = Settings.from_environment()
    for sentence in unknown_variables():
        say(sentence)
    _check_address(settings)
    with Installation.open(settings) as installation:
        token = connected(installation.url, lambda database: _first_token(database, settings))
        _welcome(settings, token, connected(installation.url, new_welcome))
        claim = None if installation.server is None else installation.server.claim
        become("threescore.serving", installation.url, claim)


def worker() -> None:
    """Deliver webhooks, beside servers or instead of them (THREESCORE_DELIVERY=false). Any number may run."""
    settings = Settings.from_environment()
    for sentence in unknown_variables():
        say(sentence)
    with Installation.open(settings) as installation:
        claim = None if installation.server is None else installation.server.claim
        become("threescore.working", installation.url, claim)


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
                fail(f"Port {settings.port} of {settings.host} is in use. Set THREESCORE_PORT to another one.")
            fail(f"{settings.host} port {settings.port} cannot be listened on: {error.strerror}.")


async def _first_token(database: Database, settings: Settings) -> str | None:
    """The token for a first workspace, made with it; None when there are workspaces already."""
    if await list_workspaces(database):
        return None
    try:
        workspace = await create_workspace(database, FIRST_WORKSPACE)
    except Conflict:
        # Another server, started at the same moment, was quicker and showed its key.
        return None
    _key, token = await new_key(Workplace(settings, database, workspace), FIRST_KEY, LONGEST_LIFE)
    return token


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
