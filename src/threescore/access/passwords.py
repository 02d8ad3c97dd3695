"""Passwords, hashed with argon2id, away from the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar, TypeVarTuple

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from threescore.errors import BadRequest, Unavailable

MIN_LENGTH = 8
MAX_LENGTH = 256
"""How many characters a password has."""

THREADS = 2
"""How many passwords a worker hashes at once. Each takes 64 MiB of memory and some 50 ms of a processor."""

WAITING = 100
"""How many more may wait; a flood of sign-ins is turned away instead of piling up."""

_hasher = PasswordHasher()

_Arguments = TypeVarTuple("_Arguments")
_Result = TypeVar("_Result")


class Passwords:
    """Hashes passwords and compares them, in threads of its own."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, "passwords")
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """What to keep of a password. Raises BadRequest for one that is too short or too long, and Unavailable."""
        check_password(password)
        return await self._run(_hasher.hash, password)

    async def fits(self, hashed: str | None, password: str) -> bool:
        """Whether it is the password that was hashed. Takes as long for a user that does not exist (None)."""
        if len(password) > MAX_LENGTH:
            hashed, password = None, ""
        return await self._run(_fits, hashed, password)

    async def spend(self) -> None:
        """Takes as long as hashing a password does, for answers that must not tell whether one was hashed."""
        await self._run(_fits, None, "")

    async def _run(self, work: Callable[[*_Arguments], _Result], *arguments: *_Arguments) -> _Result:
        if self._waiting >= WAITING:
            raise Unavailable("Too many people are signing in at once; try again")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
        finally:
            self._waiting -= 1


def check_password(password: str) -> None:
    """Raises BadRequest for a password that is too short or too long."""
    if len(password) < MIN_LENGTH:
        raise BadRequest(f"Password too weak: {MIN_LENGTH} characters or more are needed", code="INVALID_INPUT")
    if len(password) > MAX_LENGTH:
        raise BadRequest(f"A password has at most {MAX_LENGTH} characters", code="INVALID_INPUT")


def is_outdated(hashed: str) -> bool:
    """Whether a password was hashed with less effort than is made now, and should be hashed anew."""
    return _hasher.check_needs_rehash(hashed)


def _fits(hashed: str | None, password: str) -> bool:
    try:
        return _hasher.verify(hashed or _of_nobody(), password) and hashed is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _of_nobody() -> str:
    return _hasher.hash("the password of nobody")
