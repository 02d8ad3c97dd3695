"""What options of commands hold that is more than a word, and the bodies that services read, made of them."""

import sys
from collections.abc import Callable, Collection, Mapping
from typing import Annotated, Any

import msgspec
import typer
from msgspec import Struct

from threescore.cli.output import fail

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


class Given(Struct, frozen=True):
    """A JSON value that was given, which may be null; where none was, there is None instead of this."""

    value: Any


def read_json(text: str) -> Given:
    """The JSON value that a text is. Ends the command with code 2 where it is none."""
    try:
        return Given(msgspec.json.decode(text))
    except msgspec.DecodeError as error:
        raise typer.BadParameter(f"this is not JSON: {error}") from error


def read_json_or_text(text: str) -> Given:
    """The JSON value that a text is, or the text itself where it is none."""
    try:
        return Given(msgspec.json.decode(text))
    except msgspec.DecodeError:
        return Given(text)


def one_of(choices: Collection[str]) -> Callable[[str], str]:
    """Reads one of a few words, in any case. Another one ends the command with code 2."""

    def read(text: str) -> str:
        known = {choice.upper(): choice for choice in choices}
        if text.upper() not in known:
            raise typer.BadParameter(f"{text} is none of {', '.join(choices)}")
        return known[text.upper()]

    return read


def body_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """A body for a service, in the names of the wire: of the values those that were given."""
    return {
        name: value.value if isinstance(value, Given) else value
        for name, value in values.items()
        if value is not None and value != []
    }


def change_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a change. Ends the command with code 2 where nothing was given."""
    body = body_of(values)
    if not body:
        raise typer.BadParameter("Nothing to change is given")
    return body


def confirm(question: str, yes: bool) -> None:
    """Ends the command unless the answer is yes, given beforehand or now; with code 2 where nobody can be asked."""
    if yes:
        return
    if not sys.stdin.isatty():
        fail(f"{question} Nobody can be asked here; --yes answers beforehand.", code=2)
    typer.confirm(question, abort=True, err=True)
