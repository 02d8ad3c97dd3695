"""The commands beside a server: workspaces and keys, refusals with a clear message."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import typer
from typer.core import TyperCommand, TyperGroup

from tests.support import PROGRAM, clean_environment, threescore
from threescore import installation
from threescore.catalog.workspaces import Workspace
from threescore.cli.program import app
from threescore.config import Settings


def status(server: str, token: str) -> int:
    return httpx.get(f"{server}/rest/companies", headers={"Authorization": f"Bearer {token}"}).status_code


def test_a_key_made_beside_a_running_server_works_until_it_is_revoked(server: str, database_url: str) -> None:
    name = f"Command line {uuid.uuid4()}"
    created = threescore("workspace", "create", name, THREESCORE_DATABASE_URL=database_url)
    assert created.returncode == 0, created.stderr
    uuid.UUID(created.stdout.strip())
    listed = threescore("workspace", "list", THREESCORE_DATABASE_URL=database_url)
    [line] = [line for line in listed.stdout.splitlines() if line.startswith(f"{name} ")]
    assert line.removeprefix(name).split()[0] == created.stdout.strip()

    made = threescore(
        *("key", "create", "--name", "CI", "--workspace", name, "--expires-in", "3"),
        THREESCORE_DATABASE_URL=database_url,
    )
    assert made.returncode == 0, made.stderr
    token = made.stdout.removesuffix("\n")
    assert token.count(".") == 2
    assert not token.split()[1:]
    assert status(server, token) == 200

    shown = threescore("key", "list", "--workspace", name, THREESCORE_DATABASE_URL=database_url).stdout.splitlines()
    assert [line.split()[0] for line in shown] == ["Name", "CI"]
    assert "Admin" in shown[1].split()
    assert token not in "".join(shown)

    revoked = threescore(
        *("key", "revoke", shown[1].split()[1], "--workspace", name), THREESCORE_DATABASE_URL=database_url
    )
    assert revoked.returncode == 0, revoked.stderr
    assert {status(server, token) for _ in range(8)} == {403}


HEAVY = ("alembic", "sqlalchemy", "httptools", "graphql", "starlette")
"""What takes long to load, and no command needs that finds its database as it should be."""

_LOADED = """
import json, sys
from threescore.cli.program import app
before = [name for name in {heavy} if name in sys.modules]
try:
    app({arguments})
finally:
    print(json.dumps([before, [name for name in {heavy} if name in sys.modules]]), file=sys.stderr)
"""


@pytest.mark.parametrize("arguments", [["--help"], ["workspace", "list"]])
def test_commands_load_little(arguments: list[str], database_url: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LOADED.format(heavy=HEAVY, arguments=arguments)],
        env={**os.environ, "THREESCORE_DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout
    assert json.loads(done.stderr) == [[], []]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["workspace", "create", " "], 1, "A workspace's name has 1 to 200 characters"),
        (["key", "create", "--name", "x", "--workspace", "no such"], 1, 'There is no workspace named "no such".'),
        (["key", "create"], 2, "--name"),
        (["role", "list", "--workspace", "no such"], 1, 'There is no workspace named "no such".'),
        (["key", "create", "--name", "x", "--expires-in", "0"], 2, "--expires-in"),
        (["key", "revoke", "not-a-uuid"], 2, "valid UUID"),
        (["fly"], 2, "fly"),
    ],
)
def test_what_cannot_be_done_is_refused(arguments: list[str], code: int, message: str, database_url: str) -> None:
    done = threescore(*arguments, THREESCORE_DATABASE_URL=database_url)
    assert done.returncode == code
    assert message in done.stderr
    assert done.stdout == ""


def test_two_workspaces_cannot_have_one_name(database_url: str) -> None:
    name = f"Twice {uuid.uuid4()}"
    assert threescore("workspace", "create", name, THREESCORE_DATABASE_URL=database_url).returncode == 0
    again = threescore("workspace", "create", name, THREESCORE_DATABASE_URL=database_url)
    assert (again.returncode, again.stdout) == (1, "")
    assert f'"{name}" exists already' in again.stderr


def test_several_workspaces_need_a_choice(database_url: str) -> None:
    for _ in range(2):
        threescore("workspace", "create", f"Choice {uuid.uuid4()}", THREESCORE_DATABASE_URL=database_url)
    done = threescore("key", "create", "--name", "x", THREESCORE_DATABASE_URL=database_url)
    assert done.returncode == 2
    assert "choose one with --workspace" in done.stderr
    assert "Choice" in done.stderr


def test_a_wrong_setting_ends_with_code_2_and_its_name() -> None:
    done = threescore("serve", THREESCORE_PORT="many", THREESCORE_WORKERS="0")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "THREESCORE_PORT cannot be 'many': a whole number from 1 to 65535 is needed.",
        "THREESCORE_WORKERS cannot be '0': a whole number from 1 to 256 is needed.",
    ]


def test_a_database_that_cannot_be_reached_is_reported_without_its_password() -> None:
    done = threescore("workspace", "list", THREESCORE_DATABASE_URL="postgresql://me:tell-nobody@127.0.0.1:1/none")
    assert done.returncode == 1
    assert "THREESCORE_DATABASE_URL cannot be used" in done.stderr
    assert "tell-nobody" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_is_too_old_is_refused(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "_LEAST_VERSION", 990000)
    settings = Settings(database_url=database_url)
    with pytest.raises(installation.DatabaseUnusable, match=r"runs PostgreSQL 18\..*needs PostgreSQL 15 or later"):
        installation.Installation.open(settings)


def leaves(group: TyperGroup, *before: str) -> Iterator[tuple[tuple[str, ...], TyperCommand]]:
    """All commands with the words that call them."""
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from leaves(command, *before, name)
        else:
            assert isinstance(command, TyperCommand)
            yield (*before, name), command


def test_every_command_but_the_processes_speaks_json() -> None:
    program = typer.main.get_command(app)
    assert isinstance(program, TyperGroup)
    silent = {
        words for words, command in leaves(program) if not any("--json" in param.opts for param in command.params)
    }
    assert silent == {("serve",), ("worker",)}


def test_no_traceback_is_shown(database_url: str, workspace: Workspace) -> None:
    """A full disk, and an output that takes few characters."""
    variables = {**clean_environment(), "THREESCORE_DATABASE_URL": database_url}
    with Path("/dev/full").open("w") as full:
        for arguments in (["workspace", "list"], ["workspace", "list", "--json"]):
            done = subprocess.run(
                [PROGRAM, *arguments], env=variables, stdout=full, stderr=subprocess.PIPE, text=True, check=False
            )
            assert done.returncode == 1
            assert done.stderr == "It could not be done: OSError: [Errno 28] No space left on device\n"
    made = ("object", "create", "Лодка", "Лодки", "--workspace", workspace.name)
    assert threescore(*made, THREESCORE_DATABASE_URL=database_url).returncode == 0
    shown = threescore(
        *("object", "list", "--workspace", workspace.name),
        THREESCORE_DATABASE_URL=database_url,
        PYTHONIOENCODING="ascii",
    )
    assert shown.returncode == 0, shown.stderr
    assert "\\u041b\\u043e\\u0434\\u043a\\u0430" in shown.stdout


def test_words_that_are_no_text(database_url: str) -> None:
    done = threescore("role", "list", "--workspace", os.fsdecode(b"caf\xe9"), THREESCORE_DATABASE_URL=database_url)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "'caf\\udce9' is not in UTF-8.\n"


def test_version() -> None:
    assert threescore("--version").stdout.startswith("threescore ")


def test_keys_get_the_role_that_is_named(server: str, database_url: str) -> None:
    name = f"Roles {uuid.uuid4()}"
    assert threescore("workspace", "create", name, THREESCORE_DATABASE_URL=database_url).returncode == 0
    listed = threescore("role", "list", "--workspace", name, THREESCORE_DATABASE_URL=database_url).stdout.splitlines()
    assert [line.split()[0] for line in listed] == ["Label", "Admin", "Member"]
    command = ("key", "create", "--name", "CI", "--workspace", name, "--role")
    for role in ("Admin", listed[1].split()[1]):
        made = threescore(*command, role, THREESCORE_DATABASE_URL=database_url)
        assert made.returncode == 0, made.stderr
        assert status(server, made.stdout.strip()) == 200
    for role, message in (("No such", 'There is no role "No such"'), ("Member", "cannot be assigned to API keys")):
        made = threescore(*command, role, THREESCORE_DATABASE_URL=database_url)
        assert (made.returncode, made.stdout) == (1, "")
        assert message in made.stderr
