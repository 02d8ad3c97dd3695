"""What the command line says: results to standard output, everything about them to standard error."""

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import NoReturn

from rich.console import Console
from rich.table import Column, Table


def say(message: str) -> None:
    """Says something about a result."""
    Console(stderr=True, highlight=False).print(message, markup=False, soft_wrap=True)


def fail(message: str, code: int = 1) -> NoReturn:
    """Ends the program, saying why."""
    say(message)
    sys.exit(code)


def moment(value: datetime | None) -> str:
    """A moment in a table, to the minute; empty for none."""
    return "" if value is None else value.strftime("%Y-%m-%d %H:%M")


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a table. Nothing is shortened: an id that is cut off is of no use."""
    table = Table(*(Column(name, no_wrap=True, overflow="ignore") for name in columns), box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    Console(width=1000, highlight=False).print(table, soft_wrap=True)
