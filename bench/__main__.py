"""`python -m bench`: fills a workspace, measures, prints. Takes three to four minutes; `--quick` half a minute."""

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

from rich.console import Console

from bench import deliveries, documents, firsts, load, pgbench, processes, report, rights
from bench.cases import Case, make_cases
from bench.data import FULL, QUICK, Sizes, make_workspace
from bench.report import MINIMAL, OURS, PGBENCH, Result
from threescore.catalog.workspaces import create_workspace
from threescore.config import Settings
from threescore.db.pool import Database
from threescore.installation import Installation

CONCURRENCY = (1, 16)
WORKSPACES = 9
MOST_SECONDS_TO_CREATE = 0.4
MEMORY_LIMIT = 120
RIGHTS_ROUNDS = 40

console = Console(highlight=False, width=max(140, Console().width), soft_wrap=True)


def main() -> None:
    """Runs the whole benchmark against an embedded PostgreSQL of its own."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="threescore-bench-") as directory:
        # PostgreSQL has an account of its own when we are root.
        Path(directory).chmod(0o755)
        variables = {"THREESCORE_DATA_DIR": directory, "THREESCORE_WORKERS": "1", "THREESCORE_LOG_LEVEL": "warning"}
        settings = Settings.from_environment(variables)
        with Installation.open(settings) as installation:
            _measure(installation.url, settings, variables, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the records, and short rounds")
    parser.add_argument("--seconds", type=float, help="how long one round measures (default 3, quick 1)")
    parser.add_argument("--rounds", type=int, help="how often each is measured, in turns (default 3, quick 1)")
    parser.add_argument("--only", action="append", metavar="KEY", help="only this: get, graphql-list, webhooks …")
    options = parser.parse_args()
    options.seconds = options.seconds or (1.0 if options.quick else 3.0)
    options.rounds = options.rounds or (1 if options.quick else 3)
    return options


def _measure(url: str, settings: Settings, variables: dict[str, str], options: argparse.Namespace) -> None:
    sizes: Sizes = QUICK if options.quick else FULL
    console.print(
        f"{sizes.companies:,} companies, {sizes.people:,} people, {sizes.opportunities:,} opportunities;"
        f" {options.rounds} rounds of {options.seconds:g} s, medians; {os.cpu_count()} CPUs, shared by everything;"
        f" load average before: {os.getloadavg()[0]:.1f}"
    )
    if options.only == ["webhooks"]:
        asyncio.run(deliveries.measure(console, url, settings, variables, options.quick))
        return
    # Before anything else, so that PostgreSQL has nothing else to write.
    report.print_creations(console, asyncio.run(_create_workspaces(url)), MOST_SECONDS_TO_CREATE)
    workspace_id, token = asyncio.run(_prepare(url, settings, sizes))
    cases = asyncio.run(make_cases(url, settings, token, sizes))
    if options.only:
        cases = [case for case in cases if case.key in options.only]
    with (
        processes.ours(variables) as server,
        processes.minimal({**variables, "THREESCORE_DATABASE_URL": url}, cases, max(CONCURRENCY)) as least,
    ):
        results = [
            _rounds(url, case, concurrency, {OURS: server.port, MINIMAL: least.port}, options)
            for case in cases
            for concurrency in CONCURRENCY
        ]
        memory = server.worker_memory / 1e6
        firsts_measured = firsts.measure(server.port, token)
        documents_measured = documents.measure(server.port, token)
    report.print_results(console, results)
    console.print()
    if not options.quick:
        report.print_targets(console, results, max(CONCURRENCY))
    report.print_firsts(console, firsts_measured)
    report.print_documents(console, documents_measured)
    report.print_rights(console, asyncio.run(rights.measure(url, settings, workspace_id, token, RIGHTS_ROUNDS)))
    console.print(f"resident memory of the worker after that: {memory:.0f} MB, wanted under {MEMORY_LIMIT} MB")
    if not options.only or "webhooks" in options.only:
        asyncio.run(deliveries.measure(console, url, settings, variables, options.quick))


async def _create_workspaces(url: str) -> list[float]:
    """How many seconds it took to create each of some empty workspaces, one after the other."""
    database = await Database.connect(url)
    try:
        await database.execute("CHECKPOINT")
        times = []
        for number in range(WORKSPACES):
            start = time.perf_counter()
            await create_workspace(database, f"Empty {number}")
            times.append(time.perf_counter() - start)
        return times
    finally:
        await database.close()


async def _prepare(url: str, settings: Settings, sizes: Sizes) -> tuple[UUID, str]:
    """Fills a workspace; gives its id, and a token for it."""
    database = await Database.connect(url)
    try:
        workspace, token = await make_workspace(database, settings, sizes)
        return workspace.id, token
    finally:
        await database.close()


def _rounds(url: str, case: Case, concurrency: int, ports: dict[str, int], options: argparse.Namespace) -> Result:
    """Measures in turns, so that whatever else the machine does meets all alike."""
    warm_up = min(0.5, options.seconds / 2)
    result = Result(case, concurrency, {subject: [] for subject in report.SUBJECTS})
    for number in range(options.rounds):
        for subject in _rotated(report.SUBJECTS, number):
            if subject == PGBENCH:
                measured = pgbench.run(url, case, concurrency, warm_up, options.seconds)
            else:
                requests = case.ours if subject == OURS else case.minimal
                measured = load.run(ports[subject], requests, case.status, concurrency, warm_up, options.seconds)
            result.rounds[subject].append(measured)
    return result


def _rotated(items: Iterable[str], places: int) -> list[str]:
    listed = list(items)
    places %= len(listed)
    return listed[places:] + listed[:places]


if __name__ == "__main__":
    main()
