"""The program `threescore`: all its commands, and what becomes of their errors."""

import os
import signal
import sys
from io import TextIOWrapper
from typing import Annotated

import typer

from threescore import __version__
from threescore.cli import fields, keys, objects, processes, roles, webhooks, workspaces
from threescore.cli.output import fail, sentence
from threescore.config import InvalidSetting
from threescore.errors import ThreescoreError
from threescore.installation import DatabaseUnusable

app = typer.Typer(
    help="A developer-first CRM platform.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(processes.serve)
app.command()(processes.worker)
app.add_typer(workspaces.app, name="workspace")
app.add_typer(keys.app, name="key")
app.add_typer(roles.app, name="role")
app.add_typer(webhooks.app, name="webhook")
app.add_typer(objects.app, name="object")
app.add_typer(fields.app, name="field")


def main() -> None:
    """The program `threescore`."""
    # Like Ctrl-C, so that whatever was started is stopped on the way out.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(128 + signal.SIGTERM))
    # What a terminal cannot show is shown as a code, rather than the whole result not at all.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        _check_words()
        app()
    except ThreescoreError as error:
        fail(sentence(error))
    except DatabaseUnusable as error:
        fail(str(error))
    except InvalidSetting as error:
        fail(str(error), code=2)
    except Exception as error:
        # A disk that is full, a database that went away in the midst of it, a fault of ours.
        if os.environ.get("THREESCORE_LOG_LEVEL", "").lower() == "debug":
            raise
        fail(f"It could not be done: {type(error).__name__}: {' '.join(str(error).split())}")


def _check_words() -> None:
    """Ends the program when a word of the command is no text, which nothing could be called or looked up by."""
    for word in sys.argv:
        try:
            word.encode()
        except UnicodeEncodeError:
            fail(f"{word!a} is not in UTF-8.", code=2)


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
