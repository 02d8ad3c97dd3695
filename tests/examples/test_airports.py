"""The example with all airports of the world: it is run as a reader would, with some of the airports."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from rich.console import Console

from examples.airports.__main__ import ask_all, connect, fill
from examples.airports.api import Api
from examples.airports.graphql import GRAPHQL_READING
from examples.airports.questions import READING
from examples.airports.walks import WALKING
from examples.airports.world import read_world

ROOT = Path(__file__).parents[2]


def run(server: str, key: str, *options: str) -> "subprocess.CompletedProcess[str]":
    """The example as a program."""
    command = [sys.executable, "-m", "examples.airports", "--url", server, "--key", key, *options]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)


def test_every_answer_is_what_python_computes(server: str, token: str) -> None:
    done = run(server, token, "--limit", "800")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "800 airports in " in done.stdout
    assert done.stdout.count("✓") >= 42
    assert "✗" not in done.stdout


def test_a_second_run_finds_everything_and_changes_nothing(server: str, token: str) -> None:
    done = [run(server, token, "--limit", "300", "--concurrency", str(count)) for count in (1, 16)]
    assert [one.returncode for one in done] == [0, 0], done
    assert "31 objects and fields are new" in done[0].stdout
    assert "0 objects and fields are new" in done[1].stdout

    smaller = run(server, token, "--limit", "240")
    assert smaller.returncode == 2
    assert "The workspace has 300 airports, and this run loaded 240" in smaller.stdout


@pytest.mark.anyio
async def test_a_wrong_answer_is_noticed(server: str, token: str) -> None:
    world = read_world(datetime.now(UTC), 260)
    console = Console(quiet=True)
    async with connect(server, token) as client:
        api = Api(client)
        await fill(api, world, 4, console)
        assert await ask_all(api, world, console, [*READING, *WALKING, *GRAPHQL_READING])

        [highest] = await api.records("airports", order_by="elevation[DescNullsLast]", limit=1)
        await api.call("PATCH", f"airports/{highest['id']}", {"elevation": 1, "iata": None})
        questions = [*READING, *GRAPHQL_READING]
        wrong = [question.text for question in questions if not await ask_all(api, world, console, [question])]
    assert "Is every airport as it was sent, and in its country?" in wrong
    assert "Which ten airports are the highest, and in which country?" in wrong
    assert "How many airports of each altitude, how high on average, at least, at most, and in total?" in wrong
    assert "Is every country as it was sent?" not in wrong
    assert "GraphQL: is every airport as it was sent, and in its country?" in wrong
    assert "GraphQL: how many airports of each quadrant and altitude are there, and which are the highest?" in wrong
    assert len([text for text in wrong if text.startswith("GraphQL")]) < len(GRAPHQL_READING)


def test_what_is_wrong_with_a_run_is_said(server: str, api: httpx.Client, token: str) -> None:
    refused = run(server, "nonsense")
    assert refused.returncode == 2
    assert "Token invalid." in refused.stdout

    names = {"nameSingular": "country", "namePlural": "countries", "labelSingular": "Country", "labelPlural": "All"}
    made = api.post("/rest/metadata/objects", json=names).json()
    flag = {"objectMetadataId": made["id"], "type": "NUMBER", "name": "flag", "label": "Flag"}
    assert api.post("/rest/metadata/fields", json=flag).status_code == 201
    other = run(server, token, "--limit", "1")
    assert other.returncode == 2
    assert "country.flag is NUMBER in this workspace, and should be TEXT" in other.stdout
