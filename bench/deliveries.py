"""How fast events reach a receiver on the same machine, and what a webhook costs those who write."""

import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import aiohttp
from rich.console import Console

from bench import processes
from bench.data import new_token
from threescore.catalog.workspaces import Workspace, create_workspace
from threescore.config import Settings
from threescore.db.pool import Database

EVENTS, QUICK_EVENTS = 20_000, 3_000
DELIVERED, QUICK_DELIVERED = 1_000_000, 20_000
RATE = 200
SECONDS = 10.0
PATIENCE = 300.0

WANTED_RATE = 1500.0
WANTED_P50, WANTED_P99 = 0.050, 0.250
WANTED_COST = 1.1


@dataclass(frozen=True, slots=True)
class Measured:
    """Events per second; seconds from a write's statement to the first byte at the receiver."""

    rate: float
    p50: float
    p99: float


async def measure(console: Console, url: str, settings: Settings, variables: Mapping[str, str], quick: bool) -> None:
    """Measures and prints, with an empty log of deliveries and with a long one."""
    events, delivered = (QUICK_EVENTS, QUICK_DELIVERED) if quick else (EVENTS, DELIVERED)
    variables = {**variables, "THREESCORE_OUTBOUND_ALLOW": "127.0.0.1", "THREESCORE_DATABASE_URL": url}
    database = await Database.connect(url, 4)
    try:
        with _receiver() as receiver:
            with_hook = await create_workspace(database, "Deliveries")
            without = await create_workspace(database, "No deliveries")
            tokens = [await new_token(database, settings, workspace) for workspace in (with_hook, without)]
            for rows in (0, delivered):
                if rows:
                    await _fill_log(database, with_hook, rows)
                latency, cost = await _serve(variables, receiver, tokens, database, with_hook, first=not rows)
                rate = await _throughput(database, with_hook, variables, receiver, events)
                _print(console, rows, Measured(rate, *latency), cost)
    finally:
        await database.close()


def _print(console: Console, rows: int, found: Measured, cost: float) -> None:
    def verdict(reached: bool) -> str:
        return "reached" if reached else "missed"

    console.print(
        f"webhooks, {rows:,} deliveries in the log: {found.rate:,.0f} events/s with one delivering process,"
        f" wanted {WANTED_RATE:,.0f}: {verdict(found.rate >= WANTED_RATE)}\n"
        f"  from the statement of a write to the first byte at the receiver, {RATE} events/s:"
        f" p50 {1000 * found.p50:.0f} ms, p99 {1000 * found.p99:.0f} ms,"
        f" wanted {1000 * WANTED_P50:.0f} and {1000 * WANTED_P99:.0f} ms:"
        f" {verdict(found.p50 < WANTED_P50 and found.p99 < WANTED_P99)}\n"
        f"  a write with a webhook that it matches: {cost:.2f} of one without,"
        f" wanted at most {WANTED_COST:.2f}: {verdict(cost <= WANTED_COST)}"
    )


@contextmanager
def _receiver() -> Iterator[str]:
    port = processes.free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench.receiver", str(port)])
    try:
        time.sleep(1)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait()


def _arrivals(receiver: str) -> dict[str, float]:
    with urllib.request.urlopen(receiver, timeout=60) as answer:
        found: dict[str, float] = json.load(answer)
        return found


async def _wait_for(receiver: str, ids: set[str]) -> dict[str, float]:
    deadline = time.monotonic() + PATIENCE
    while True:
        found = await asyncio.to_thread(_arrivals, receiver)
        if ids <= found.keys():
            return {item: found[item] for item in ids}
        if time.monotonic() > deadline:
            raise RuntimeError(f"{len(ids - found.keys())} events did not arrive")
        await asyncio.sleep(1)


async def _serve(
    variables: Mapping[str, str],
    receiver: str,
    tokens: list[str],
    database: Database,
    workspace: Workspace,
    *,
    first: bool,
) -> tuple[tuple[float, float], float]:
    """Latency at a steady rate, and the cost of a write; by a server with one worker, which delivers as well."""
    with processes.ours(variables) as server:
        base = f"http://127.0.0.1:{server.port}"
        async with aiohttp.ClientSession(base, connector=aiohttp.TCPConnector(limit=32)) as session:
            if first:
                given = {"targetUrl": receiver, "operations": ["company.created"]}
                async with session.post("/rest/metadata/webhooks", json=given, headers=_key(tokens[0])) as answer:
                    answer.raise_for_status()
            await asyncio.sleep(1.5)
            latency = await _latency(session, tokens[0], receiver, database, workspace)
            cost = await _cost(session, tokens)
    return latency, cost


def _key(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def _create(session: aiohttp.ClientSession, token: str) -> str:
    async with session.post("/rest/companies", json={"name": "Linden Works"}, headers=_key(token)) as answer:
        body = await answer.json()
        found: str = body["data"]["createCompany"]["id"]
        return found


async def _latency(
    session: aiohttp.ClientSession, token: str, receiver: str, database: Database, workspace: Workspace
) -> tuple[float, float]:
    """From the beginning of the statement that wrote, which ends with the commit, to the first byte."""
    made: set[str] = set()

    async def one() -> None:
        made.add(await _create(session, token))

    async with asyncio.TaskGroup() as group:
        begin = time.monotonic()
        for number in range(int(RATE * SECONDS)):
            await asyncio.sleep(max(0.0, begin + number / RATE - time.monotonic()))
            group.create_task(one())
    arrived = await _wait_for(receiver, made)
    rows = await database.fetch(
        f'SELECT record_id::text AS id, extract(epoch FROM at)::float8 AS at FROM "{workspace.schema}"._event'
        " WHERE record_id = ANY($1::text[]::uuid[])",
        list(made),
    )
    waits = sorted(arrived[row["id"]] - row["at"] for row in rows)
    return waits[len(waits) // 2], waits[int(len(waits) * 0.99)]


async def _cost(session: aiohttp.ClientSession, tokens: list[str], rounds: int = 400) -> float:
    """The median time of a write with a webhook as a share of one without, in turns."""
    times: list[list[float]] = [[], []]
    for _ in range(rounds):
        for place, token in enumerate(tokens):
            start = time.perf_counter()
            await _create(session, token)
            times[place].append(time.perf_counter() - start)
    return median(times[0]) / median(times[1])


async def _throughput(
    database: Database, workspace: Workspace, variables: Mapping[str, str], receiver: str, events: int
) -> float:
    """Events per second from the first arrival to the last: all are in the log before the process starts."""
    # jsonb has its own order of keys, and the receiver looks for the id in front.
    shown = "('{\"id\":\"' || g.id || '\",' || substr((e.after::jsonb - 'id')::text, 2))::json"
    rows = await database.fetch(
        f'INSERT INTO "{workspace.schema}"._event (object_id, object, record_id, operation, after, actor)'
        f" SELECT e.object_id, e.object, g.id, e.operation, {shown}, e.actor FROM"
        f" (SELECT * FROM \"{workspace.schema}\"._event WHERE operation = 'created' AND object = 'company' LIMIT 1) e,"
        " (SELECT gen_random_uuid() AS id FROM generate_series(1, $1::int)) g RETURNING record_id::text",
        events,
    )
    environment = {**processes.clean_environment(), **variables}
    program = str(Path(sys.executable).with_name("threescore"))
    process = await asyncio.create_subprocess_exec(program, "worker", env=environment, stdout=subprocess.DEVNULL)
    try:
        arrived = await _wait_for(receiver, {row["record_id"] for row in rows})
    finally:
        process.terminate()
        await process.wait()
    return len(arrived) / (max(arrived.values()) - min(arrived.values()))


async def _fill_log(database: Database, workspace: Workspace, rows: int) -> None:
    """Puts deliveries that are done into the log, as they are after a call that went well."""
    sample = await database.fetchrow(
        f"SELECT webhook_id, log::json AS log FROM \"{workspace.schema}\"._delivery WHERE status = 'succeeded' LIMIT 1"
    )
    assert sample is not None
    await database.execute(
        f'INSERT INTO "{workspace.schema}"._delivery (id, event_id, webhook_id, record_id, event_name, status,'
        " attempts, tries, response_status, duration, log, completed_at)"
        " SELECT ('00000000-0000-8000-8000-' || lpad(to_hex(g), 12, '0'))::uuid, 0, $1, gen_random_uuid(),"
        " 'company.created', 'succeeded', 1, 1, 200, 5, $3::json::jsonb, now() FROM generate_series(1, $2::int) g",
        sample["webhook_id"],
        rows,
        sample["log"],
    )
    await database.execute(f'VACUUM ANALYZE "{workspace.schema}"._delivery')
