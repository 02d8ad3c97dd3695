"""The benchmark still measures what our server does: its statements are ours, and its parts work."""

import asyncio
import math

import pytest
from anyio.from_thread import BlockingPortal

from bench import load, pgbench, rights
from bench.cases import Case, make_cases
from bench.data import Sizes, make_workspace
from bench.load import Measured
from bench.statements import pgbench_script
from threescore.config import Settings
from threescore.db.pool import Database

SIZES = Sizes(companies=20, people=200, opportunities=50)
SETTINGS = Settings.from_environment({})


@pytest.fixture
def cases(portal: BlockingPortal, shared_db: Database, database_url: str) -> list[Case]:
    async def prepare() -> list[Case]:
        _, token = await make_workspace(shared_db, SETTINGS, SIZES)
        return await make_cases(database_url, SETTINGS, token, SIZES)

    return portal.call(prepare)


def test_pgbench_runs_the_statement_of_each_request(cases: list[Case], database_url: str) -> None:
    assert {"get", "list", "create"} <= {case.key for case in cases}
    for case in cases:
        measured = pgbench.run(database_url, case, clients=2, warm_up=0.1, seconds=0.5)
        assert measured.latencies, case.key


def test_our_server_answers_each_request(cases: list[Case], server: str) -> None:
    port = int(server.rpartition(":")[2])
    for case in cases:
        measured = load.run(port, case.ours, case.status, connections=3, warm_up=0.1, seconds=0.5)
        assert measured.latencies, case.key


def test_what_rights_cost(portal: BlockingPortal, shared_db: Database, database_url: str) -> None:
    async def measure() -> rights.Cost:
        workspace, token = await make_workspace(shared_db, SETTINGS, SIZES)
        return await rights.measure(database_url, SETTINGS, workspace.id, token, 1)

    cost = portal.call(measure)
    assert cost.statements == 1
    assert min(cost.known, cost.nobody, cost.whole, cost.ruled) > 0


def test_another_status_ends_the_measurement(cases: list[Case], server: str) -> None:
    port = int(server.rpartition(":")[2])
    with pytest.raises(RuntimeError, match="403"):
        load.run(port, lambda: b"GET /rest/people HTTP/1.1\r\nHost: localhost\r\n\r\n", 200, 1, 0.1, 0.2)


def test_a_reply_in_pieces_counts_once() -> None:
    requests = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests
        while await reader.readline():
            await reader.readuntil(b"\r\n\r\n")
            requests += 1
            for piece in (b"HTTP/1.1 200 OK\r\nconte", b"nt-length: 6\r\n\r\nab", b"cd", b"ef"):
                writer.write(piece)
                await asyncio.sleep(0.002)
        writer.close()

    async def measure() -> Measured:
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as listening:
            port = listening.sockets[0].getsockname()[1]
            request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
            return await asyncio.to_thread(load.run, port, lambda: request, 200, 2, 0.0, 0.3)

    measured = asyncio.run(measure())
    assert 0 < len(measured.latencies) <= requests <= len(measured.latencies) + 2
    assert measured.percentile(0.5) >= 0.006


def test_a_script_keeps_what_pgbench_would_take_for_variables() -> None:
    sql = """SELECT to_char(t."a", 'HH24:MI'), $2::text, $12::int, 'it''s :x' WHERE "$1" = $1"""
    script = pgbench_script(sql, {0: ":one", 1: ":two", 11: ":twelve"}, "\\set one 1")
    assert script == (
        "\\set one 1\n"
        """SELECT to_char(t."a", ('HH24'||chr(58)||'MI')), :two::text, :twelve::int,"""
        """ ('it''s '||chr(58)||'x') WHERE "$1" = :one;\n"""
    )


def test_percentiles() -> None:
    measured = Measured(2.0, [0.004, 0.001, 0.003, 0.002])
    assert measured.rate == 2
    assert measured.percentile(0.5) == 0.003
    assert measured.percentile(0.99) == 0.004
    assert math.isnan(Measured(1.0, []).percentile(0.5))
