"""The process that serves: it holds the port and keeps the workers alive.

`threescore serve` turns into this program once everything is prepared (`exec`), so that the workers, which are forked
from it, carry nothing of what preparing needed: no command-line library, no migrations.
"""

import argparse
import asyncio
import contextlib

# Not by the first who connects to anything: that is a thread, and a worker that is forked meanwhile would inherit the
# lock of the half-done import and wait for it for ever.
import encodings.idna  # noqa: F401
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, NoReturn, TypeVarTuple

import uvloop
from granian import Granian, loops
from granian.constants import HTTPModes, Interfaces, Loops
from granian.log import LogLevels

from threescore.config import Settings
from threescore.db.embedded import EmbeddedServer
from threescore.stopping import stop

APPLICATION = "threescore.app:create_app"

# How long requests in flight may take to finish after a signal to stop, in seconds.
GRACE = 8

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_LOGGING = {
    "formatters": {"plain": {"format": "%(levelname)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain", "stream": "ext://sys.stderr"}},
    "loggers": {"_granian": {"handlers": ["stderr"], "propagate": False}},
}


_Arguments = TypeVarTuple("_Arguments")


class _Loop(uvloop.Loop):
    """uvloop that hears the first signal only.

    A worker is told to stop by its parent, and often by the terminal or by systemd as well; a second signal while
    requests are in flight makes granian's worker wait for ever.
    """

    _signalled = False

    def add_signal_handler(self, sig: int, callback: Callable[[*_Arguments], object], *args: *_Arguments) -> None:
        """Has the first of all signals call its handler."""

        def first() -> None:
            if not self._signalled:
                self._signalled = True
                # What answers without end has to end, or the worker would wait for it.
                stop(self)
                callback(*args)

        super().add_signal_handler(sig, first)


@loops.register(Loops.uvloop)
def _make_loop() -> _Loop:
    loop = _Loop()
    asyncio.set_event_loop(loop)
    return loop


def become(program: str, url: str, claim: int | None) -> NoReturn:
    """Replaces this process with another program of ours, which is a module: the serving one or the working one.

    `claim` is the descriptor of our claim on the embedded server, which the new program gives up at its end.
    """
    arguments = [sys.executable, "-m", program]
    if claim is not None:
        os.set_inheritable(claim, True)
        arguments += ["--claim", str(claim)]
    # Nobody would stop the database if a signal arrived between the two programs: it has to wait.
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, arguments, {**os.environ, "THREESCORE_DATABASE_URL": url})


def _local_host(settings: Settings) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)


def local_url(settings: Settings) -> str:
    """The address under which this machine reaches the server."""
    return settings.local_url


def main() -> None:
    """Serves until SIGINT or SIGTERM, then finishes the requests in flight and gives up the embedded server."""
    parser = argparse.ArgumentParser(prog="threescore.serving")
    parser.add_argument("--claim", type=int)
    claim: int | None = parser.parse_args().claim
    settings = Settings.from_environment()
    embedded = None
    if claim is not None:
        os.set_inheritable(claim, False)
        embedded = EmbeddedServer(settings.data_dir, claim)
    try:
        for number in _SIGNALS:
            signal.signal(number, _interrupted)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        make_server(settings).serve(target_loader=_load_application)
    finally:
        if embedded is not None:
            embedded.release()


def _interrupted(_number: int, _frame: object) -> NoReturn:
    """A signal before the server took over: nothing is in flight yet."""
    sys.exit(0)


def make_server(settings: Settings) -> Any:
    """The program that listens and keeps the workers alive, not started yet. It says so on stdout when it serves."""
    server = Granian(
        APPLICATION,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        http=HTTPModes.auto,
        websockets=True,
        workers=settings.workers,
        respawn_failed_workers=True,
        respawn_interval=0,
        workers_kill_timeout=GRACE,
        factory=True,
        log_level=LogLevels.debug if settings.log_level == "debug" else LogLevels.warning,
        log_dictconfig=_LOGGING,
    )
    server.on_startup(lambda: threading.Thread(target=_announce, args=(settings,), daemon=True).start())
    return server


def _load_application(_target: str) -> Callable[..., Any]:
    """Runs in each new worker."""
    for number in _SIGNALS:
        # The handlers of the parent would swallow a signal that arrives before the worker has its own.
        signal.signal(number, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from threescore.app import create_app

    return create_app()


def _end_with_parent() -> None:
    """Stops this worker when its parent is gone: a worker alone would hold the port and never be replaced."""
    parent = multiprocessing.parent_process()
    while parent is not None and os.getppid() == parent.pid:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)


def _announce(settings: Settings) -> None:
    """Says that the server serves, as soon as it is true."""
    while not _is_healthy(settings):
        time.sleep(0.1)
    workers = "1 worker" if settings.workers == 1 else f"{settings.workers} workers"
    print(f"Serving on {local_url(settings)} with {workers}. Ctrl-C stops it.", flush=True)


def _is_healthy(settings: Settings) -> bool:
    address = (_local_host(settings), settings.port)
    with contextlib.suppress(OSError), socket.create_connection(address, timeout=2) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return b" 200 " in connection.recv(64)
    return False


if __name__ == "__main__":
    main()
