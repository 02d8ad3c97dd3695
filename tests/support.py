"""What tests share that is no fixture: server processes, ports, waiting."""

import io
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import httpx
import psutil

from threescore.cli import main

PROGRAM = Path(sys.executable).with_name("threescore")


def clean_environment() -> dict[str, str]:
    """Our environment without the settings of whoever runs the tests."""
    return {name: value for name, value in os.environ.items() if not name.startswith("THREESCORE_")}


def threescore(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Runs the program with these settings until it ends."""
    return subprocess.run(
        [PROGRAM, *arguments],
        env={**clean_environment(), **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@dataclass(frozen=True)
class Done:
    """What a command did."""

    returncode: int
    stdout: str
    stderr: str


def threescore_here(*arguments: str, **variables: str) -> Done:
    """Runs the program as `threescore` does, but in this process: starting one takes longer than most commands."""
    out, err = io.StringIO(), io.StringIO()
    ended = signal.getsignal(signal.SIGTERM)
    with (
        patch.dict(os.environ, {**clean_environment(), **variables}, clear=True),
        patch.object(sys, "argv", [str(PROGRAM), *arguments]),
        patch.object(sys, "stdin", io.StringIO()),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code
        else:
            code = 0
        finally:
            signal.signal(signal.SIGTERM, ended)
    assert code is None or isinstance(code, int)
    return Done(code or 0, out.getvalue(), err.getvalue())


def free_port() -> int:
    """A TCP port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Returns when the condition holds; fails the test if it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def answers(url: str) -> bool:
    """Whether a server answers its health check."""
    try:
        return httpx.get(f"{url}/healthz", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


@dataclass(frozen=True)
class Server:
    """A server process of a test. It leads a process group of its own, as one that a shell started."""

    url: str
    process: "subprocess.Popen[bytes]"
    output: Path

    def said(self) -> str:
        """What it has printed on standard output so far."""
        return self.output.read_text()

    def press_ctrl_c(self) -> None:
        """Does what a terminal does: the whole group gets SIGINT."""
        os.killpg(self.process.pid, signal.SIGINT)

    def family(self) -> list[psutil.Process]:
        """The process and its workers."""
        leader = psutil.Process(self.process.pid)
        return [leader, *leader.children(recursive=True)]


@contextmanager
def serving(**variables: str) -> Iterator[Server]:
    """A server with these settings, ready to answer; stopped at the end if it still runs."""
    port = free_port()
    environment = {**clean_environment(), "THREESCORE_PORT": str(port), "THREESCORE_LOG_LEVEL": "warning", **variables}
    with tempfile.NamedTemporaryFile() as output:
        process = subprocess.Popen(
            [PROGRAM, "serve"], env=environment, stdin=subprocess.DEVNULL, stdout=output, start_new_session=True
        )
        server = Server(f"http://127.0.0.1:{port}", process, Path(output.name))
        try:
            wait_until(lambda: process.poll() is not None or answers(server.url), 60)
            assert process.poll() is None, f"the server ended with {process.returncode}"
            yield server
        finally:
            process.terminate()
            process.wait(60)
