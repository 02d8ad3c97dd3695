"""The two HTTP servers that are measured, each a process of its own."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import psutil

from bench.cases import Case
from bench.minimal import Answer

_START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class HttpServer:
    """A server that answers, and its main process."""

    port: int
    pid: int

    @property
    def worker_memory(self) -> int:
        """The resident memory of the worker process, in bytes."""
        children = psutil.Process(self.pid).children(recursive=True)
        memory: int = max(child.memory_info().rss for child in children)
        return memory


def clean_environment() -> dict[str, str]:
    """Our environment without the settings of whoever measures."""
    return {name: value for name, value in os.environ.items() if not name.startswith("THREESCORE_")}


def free_port() -> int:
    """A TCP port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def ours(variables: Mapping[str, str]) -> Iterator[HttpServer]:
    """Our server, started as users start it."""
    with _serving([str(Path(sys.executable).with_name("threescore")), "serve"], variables) as server:
        yield server


@contextmanager
def minimal(variables: Mapping[str, str], cases: list[Case], connections: int) -> Iterator[HttpServer]:
    """The minimal application."""
    answers = {case.key: _answer(case) for case in cases}
    with tempfile.NamedTemporaryFile() as statements:
        Path(statements.name).write_bytes(msgspec.msgpack.encode(answers))
        command = [sys.executable, "-m", "bench.minimal", statements.name, str(connections)]
        with _serving(command, variables) as server:
            yield server


def _answer(case: Case) -> Answer:
    sql, arguments = case.statement.sql, list(case.statement.arguments)
    return Answer(sql, arguments[: case.varied], arguments[case.varied + 1 :], case.status)


@contextmanager
def _serving(command: list[str], variables: Mapping[str, str]) -> Iterator[HttpServer]:
    port = free_port()
    environment = {**clean_environment(), **variables, "THREESCORE_PORT": str(port)}
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{' '.join(command)} does not serve")
            time.sleep(0.1)
        yield HttpServer(port, process.pid)
    finally:
        process.terminate()
        process.wait(_START_SECONDS)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return b" 200 " in connection.recv(64)
    except OSError:
        return False
