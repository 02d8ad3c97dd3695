"""The programs of GraphQL clients that the tests run: those of npm, and a generator in an environment of its own."""

import subprocess
from pathlib import Path

import pytest

TOOLS = Path(__file__).parent / "tools"
MODULES = TOOLS / "node_modules"
GENERATORS = Path(__file__).parents[2] / ".venv" / "generators" / "bin"


def run(*command: str | Path, cwd: Path = TOOLS, given: str = "", seconds: float = 60) -> str:
    """What a program prints; the test fails with all that it said when the program does."""
    program = Path(command[0])
    if not MODULES.is_dir() or (program.is_absolute() and not program.exists()):
        pytest.fail('The tools of GraphQL clients are not installed: run "make setup".')
    done = subprocess.run(command, cwd=cwd, input=given, capture_output=True, text=True, timeout=seconds, check=False)
    if done.returncode != 0:
        pytest.fail(f"{program.name} ended with {done.returncode}:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
    return done.stdout
