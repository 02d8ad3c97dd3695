"""The numbers of a run as text."""

from dataclasses import dataclass
from statistics import median

from rich.console import Console
from rich.table import Table

from bench.cases import Case
from bench.documents import MOST_KEPT, MOST_MADE, OBJECTS, Costs
from bench.firsts import First
from bench.load import Measured
from bench.rights import MOST_ADDED, MOST_TIMES, Cost

OURS, PGBENCH, MINIMAL = "threescore", "pgbench", "minimal"
SUBJECTS = {OURS: "Threescore", PGBENCH: "pgbench", MINIMAL: "minimal app"}


@dataclass(frozen=True, slots=True)
class Result:
    """The rounds of one case at one concurrency, by subject."""

    case: Case
    concurrency: int
    rounds: dict[str, list[Measured]]

    def ratio(self, subject: str, other: str) -> float:
        """The rate of one as a share of the other's: the median over the rounds, each with its own neighbour."""
        pairs = zip(self.rounds[subject], self.rounds[other], strict=True)
        return median(mine.rate / theirs.rate for mine, theirs in pairs)


def print_results(console: Console, results: list[Result]) -> None:
    """A table of all that was measured."""
    table = Table(box=None, pad_edge=False)
    table.add_column("Request", no_wrap=True)
    table.add_column("Clients", justify="right")
    table.add_column("", no_wrap=True)
    for title in ("per second", "p50 ms", "p99 ms", "of pgbench", "of minimal"):
        table.add_column(title, justify="right", no_wrap=True)
    for result in results:
        for place, (subject, name) in enumerate(SUBJECTS.items()):
            rounds = result.rounds[subject]
            table.add_row(
                *((result.case.title, str(result.concurrency)) if place == 0 else ("", "")),
                name,
                f"{median(item.rate for item in rounds):,.0f}",
                f"{1000 * median(item.percentile(0.5) for item in rounds):.2f}",
                f"{1000 * median(item.percentile(0.99) for item in rounds):.2f}",
                "" if subject == PGBENCH else f"{result.ratio(subject, PGBENCH):.2f}",
                "" if subject != OURS else f"{result.ratio(subject, MINIMAL):.2f}",
            )
        table.add_section()
    console.print(table)


def print_creations(console: Console, times: list[float], most: float) -> None:
    """How many seconds new workspaces took, and whether half of them took no more than `most`."""
    verdict = "reached" if median(times) <= most else "missed"
    console.print(
        f"time to create a workspace: {median(times):.2f} s, the first one {times[0]:.2f} s, the last one"
        f" {times[-1]:.2f} s; wanted at most {most:g} s: {verdict}"
    )


def print_targets(console: Console, results: list[Result], concurrency: int) -> None:
    """Which ratios were to be reached at that concurrency, and whether they were."""
    for result in results:
        if result.concurrency != concurrency:
            continue
        for other, least in result.case.least.items():
            ratio = result.ratio(OURS, other)
            verdict = "reached" if ratio >= least else "missed"
            console.print(f"{result.case.title}: {ratio:.2f} of {SUBJECTS[other]}, wanted {least:.2f}: {verdict}")


def print_firsts(console: Console, firsts: list[First]) -> None:
    """What requests that are the first of their kind cost beyond those like others before."""
    for first in firsts:
        more = first.first - first.known
        verdict = "reached" if more <= first.most else "missed"
        console.print(
            f"{first.title}: {1000 * more:.1f} ms more than {1000 * first.known:.1f} ms,"
            f" wanted at most {1000 * first.most:.0f} ms: {verdict}"
        )


def print_documents(console: Console, costs: Costs) -> None:
    """What the OpenAPI document costs."""
    verdict = "reached" if costs.is_wanted else "missed"
    console.print(
        f"the OpenAPI document of {OBJECTS} objects, until all of it has arrived: {1000 * costs.made:.0f} ms made anew;"
        f" kept, {1000 * costs.packed:.1f} ms for {costs.packed_size / 1e3:.0f} kB compressed and"
        f" {1000 * costs.kept:.1f} ms for {costs.size / 1e6:.1f} MB that are not; {1000 * costs.unchanged:.1f} ms for"
        f" who has it; wanted at most {1000 * MOST_MADE:.0f} ms and {1000 * MOST_KEPT:.0f} ms: {verdict}"
    )


def print_rights(console: Console, cost: Cost) -> None:
    """What it costs to know who calls and what they may see."""
    verdict = "reached" if cost.added <= MOST_ADDED and cost.statements == 1 else "missed"
    console.print(
        f"who calls and what they may see, for one request of a warm key: {1000 * cost.added:.3f} ms more than"
        f" {1000 * cost.nobody:.3f} ms, in {cost.statements} statement, wanted at most {1000 * MOST_ADDED:.2f} ms:"
        f" {verdict}"
    )
    verdict = "reached" if cost.times <= MOST_TIMES else "missed"
    console.print(
        f"60 people for a role with rules about objects, fields and rows: {1000 * cost.ruled:.1f} ms,"
        f" {cost.times:.2f} times the {1000 * cost.whole:.1f} ms of an administrator, wanted at most"
        f" {MOST_TIMES:.1f}: {verdict}"
    )
