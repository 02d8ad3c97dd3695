"""What the command line says: results to standard output, everything about them to standard error."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any, NoReturn

import msgspec
import typer
from rich.console import Console
from rich.table import Column, Table

from threescore.errors import ThreescoreError, ValidationReport

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, in the names of the APIs.")]


def say(message: str) -> None:
    """Says something about a result."""
    Console(stderr=True, highlight=False).print(message, markup=False, emoji=False, soft_wrap=True)


def fail(message: str, code: int = 1) -> NoReturn:
    """Ends the program, saying why."""
    say(message)
    sys.exit(code)


def sentence(error: ThreescoreError) -> str:
    """An error in one line: of a report, all that is wrong rather than that something is."""
    messages = _issues(error) if isinstance(error, ValidationReport) else [error.message]
    return " ".join("; ".join(dict.fromkeys(messages)).split())


def _issues(report: ValidationReport) -> Iterator[str]:
    for entities in report.errors.values():
        for entity in entities:
            issues = entity["errors"]
            assert isinstance(issues, list)
            for issue in issues:
                yield issue["message"]


def moment(value: datetime | str | None) -> str:
    """A moment in a table, to the minute; empty for none. A text is one as the wire shows it."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return "" if value is None else value.strftime("%Y-%m-%d %H:%M")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Prints a table. Nothing is shortened: an id that is cut off is of no use."""
    table = Table(*(Column(name, no_wrap=True, overflow="ignore") for name in columns), box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(_harmless(cell) for cell in row))
    Console(width=1000, highlight=False, markup=False, emoji=False).print(table, soft_wrap=True)


def print_json(value: Any) -> None:
    """Prints a JSON value over several lines."""
    print(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def _harmless(text: str) -> str:
    """The text without characters by which whoever named a thing could command the terminal."""
    return "".join(char if char.isprintable() else "�" for char in text)
