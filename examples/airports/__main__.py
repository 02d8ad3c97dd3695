"""`python -m examples.airports --key KEY`: makes the model, loads the world, asks and checks."""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import httpx
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

from examples.airports.answers import Question
from examples.airports.api import Api, Record, Refused
from examples.airports.changes import WRITING
from examples.airports.graphql import GRAPHQL_READING
from examples.airports.graphql_changes import GRAPHQL_WRITING
from examples.airports.load import airport_records, country_records, load
from examples.airports.model import ModelMismatch, prepare_model
from examples.airports.questions import READING
from examples.airports.walks import WALKING
from examples.airports.world import World, read_world

QUESTIONS = (*READING, *WALKING, *WRITING, *GRAPHQL_READING, *GRAPHQL_WRITING)
MAX_SHOWN = 600


class NotFresh(Exception):
    """The workspace holds records of ours that this run did not load, so that our answers would not be its own."""


class _Rate(ProgressColumn):
    """Records per second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f}/s" if speed else "", style="progress.data.speed")


async def fill(api: Api, world: World, concurrency: int, console: Console) -> None:
    """Makes the model and loads everything. Raises Refused, ModelMismatch, NotFresh."""
    start = time.monotonic()
    made = await prepare_model(api, world)
    console.print(f"The data model is ready: {made} objects and fields are new, in {time.monotonic() - start:.1f} s.")
    bar = (TextColumn("{task.description:9}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeElapsedColumn())
    with Progress(*bar, console=console) as progress:
        for plural, records in (("countries", country_records(world)), ("airports", airport_records(world))):
            await _load(api, plural, records, concurrency, progress, console)
    for plural, ours in (("countries", len(world.countries)), ("airports", len(world.airports))):
        theirs = await api.count(plural)
        if theirs != ours:
            raise NotFresh(
                f"The workspace has {theirs:,} {plural}, and this run loaded {ours:,}: others were there before. "
                "Use a fresh workspace, or load at least as many as before (--limit)."
            )


async def _load(
    api: Api, plural: str, records: Sequence[Record], concurrency: int, progress: Progress, console: Console
) -> None:
    task = progress.add_task(plural, total=len(records))
    start = time.monotonic()
    await load(api, plural, records, concurrency, lambda count: progress.advance(task, count))
    seconds = time.monotonic() - start
    console.print(f"{len(records):,} {plural} in {seconds:.1f} s: {len(records) / seconds:,.0f} records/s")


async def ask_all(api: Api, world: World, console: Console, questions: Sequence[Question] = QUESTIONS) -> bool:
    """Asks the questions one after the other; whether the API's answers are those that Python computed."""
    right = 0
    for question in questions:
        start = time.monotonic()
        with console.status(question.text):
            answer = await question.ask(api, world)
        seconds = time.monotonic() - start
        right += answer.right
        mark = "[green]✓[/]" if answer.right else "[red]✗[/]"
        words = answer.words if answer.right else "no, the API differs from Python"
        console.print(f"{mark} {question.text} [bold]{escape(words)}[/] [dim]{seconds:.2f} s[/]", highlight=False)
        if not answer.right:
            console.print(f"    the API: {_short(answer.served)}\n    Python:  {_short(answer.computed)}", markup=False)
    console.print(f"{right} of {len(questions)} answers are right.")
    return right == len(questions)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + " …"


def connect(url: str, key: str) -> httpx.AsyncClient:
    """A client of the server that holds the key."""
    return httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60)


async def run(options: argparse.Namespace, console: Console) -> bool:
    """The whole example; whether all answers were right."""
    world = read_world(datetime.now(UTC), options.limit)
    async with connect(options.url, options.key) as client:
        api = Api(client)
        await fill(api, world, options.concurrency, console)
        return await ask_all(api, world, console)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m examples.airports", description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:3000", help="where the server is (default: %(default)s)")
    parser.add_argument("--key", default=os.environ.get("KEY"), help="an API key (default: the variable KEY)")
    parser.add_argument("--limit", type=_positive, metavar="N", help="load N airports only, from all countries")
    parser.add_argument("--concurrency", type=_positive, default=8, metavar="N", help="batches at once (default: 8)")
    options = parser.parse_args()
    if not options.key:
        parser.error("an API key is needed: --key, or the variable KEY")
    return options


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def main() -> int:
    """0 if all answers are right, 1 if not, 2 if the questions could not be asked."""
    console = Console(soft_wrap=True)
    problem: BaseException
    try:
        return 0 if asyncio.run(run(_options(), console)) else 1
    except* (Refused, ModelMismatch, NotFresh, httpx.TransportError) as group:
        problem = group
    while isinstance(problem, BaseExceptionGroup):
        problem = problem.exceptions[0]
    console.print(f"{type(problem).__name__}: {problem}", style="red", markup=False)
    return 2


if __name__ == "__main__":
    sys.exit(main())
