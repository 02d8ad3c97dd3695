"""Requests that may be sent twice and count once: `Idempotency-Key`.

The writes of such a request and the answer to it are one transaction. So there is an answer to repeat exactly when the
writes are there, whatever happens to the server in between. That a request is still being worked on is an advisory
lock, which goes with the connection of whoever holds it.

Answers are kept sealed, all of them: some hold tokens and secrets, which whoever has only the database must not read.
"""

import asyncio
import hashlib
import random
import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from uuid import UUID

import msgspec
from msgspec import Struct

from threescore.access.attempts import whereabouts
from threescore.access.sealing import Sealer, Unreadable
from threescore.catalog.state import Stale
from threescore.db.pool import COLLISIONS, Collided, Connection, Database, Joined, Record
from threescore.errors import AccessRefused, BadRequest, Conflict, Gone, ThreescoreError, UnprocessableRequest
from threescore.records.caller import Caller
from threescore.sql import quote_identifier

KEPT = "24 hours"
"""For how long an answer is repeated, as PostgreSQL reads it."""

MAX_KEY_LENGTH = 255
ATTEMPTS = 8

STRANGERS_AT_ONCE = 2
"""How many requests with a key of those in no workspace a worker answers at once. Each keeps a database connection
while passwords are hashed, and of strangers there may be any number."""

_CLEANED_AT_ONCE = 10
"""How many answers that nobody may ask for any more go with each new one. More than one, so that they never pile up."""

_KEY = re.compile(r"[\x20-\x7e]+")
_TRANSIENT = frozenset({401, 409, 429})


class Keyed(Struct, frozen=True):
    """The key of a request, and a fingerprint of all that the request says."""

    key: str
    fingerprint: bytes

    @classmethod
    def of(cls, key: str, parts: Sequence[bytes]) -> "Keyed":
        """A key as the header has it, and what the request consists of."""
        digest = hashlib.sha256()
        for part in parts:
            digest.update(b"%d:" % len(part))
            digest.update(part)
        return cls(key.strip(), digest.digest())

    def check(self) -> None:
        """Raises BadRequest for a key that is none."""
        if not 1 <= len(self.key) <= MAX_KEY_LENGTH or not _KEY.fullmatch(self.key):
            raise BadRequest(
                f"Idempotency-Key must have 1 to {MAX_KEY_LENGTH} printable ASCII characters; a new UUID is a good one"
            )


class Owner(Struct, frozen=True):
    """Whose key it is. The same key of another owner is another key.

    What callers in a workspace are answered is kept in its `schema`, what others are in the server's own. `versions`
    are those of the data model and the access as the caller knows them.
    """

    id: UUID
    schema: str | None = None
    versions: tuple[int, int] | None = None

    @classmethod
    def caller(cls, caller: Caller) -> "Owner":
        """An API key or a member."""
        return cls(caller.principal.id, caller.model.schema, (caller.model.version, caller.state.access_version))

    @classmethod
    def at(cls, address: str) -> "Owner":
        """Whoever calls from a network address without a token."""
        return cls(UUID(bytes=hashlib.sha256(f"at {whereabouts(address)}".encode()).digest()[:16]))

    @property
    def table(self) -> str:
        """Where the answers are, for SQL."""
        if self.schema is None:
            return "threescore.idempotency"
        return f'{quote_identifier(self.schema)}."_idempotency"'


class Answer(Struct, frozen=True):
    """An answer to keep; one that is not `final` is not kept, and all that was written for it is undone."""

    status: int
    body: bytes
    final: bool = True
    replayed: bool = False


def is_final(error: Exception) -> bool:
    """Whether a refusal is about the request itself, so that the same request would be refused again."""
    if isinstance(error, AccessRefused) and error.is_lasting:
        return True
    return isinstance(error, ThreescoreError) and error.status < 500 and error.status not in _TRANSIENT


class KeptAnswers:
    """The answers that one server keeps; `secret` is its own."""

    def __init__(self, database: Database, secret: str) -> None:
        self._database = database
        self._sealer = Sealer(secret, "answers")
        # One connection is left to those who count attempts, which must be written whatever becomes of the request.
        self._room = asyncio.Semaphore(max(1, database.size - 1))
        self._room_of_strangers = asyncio.Semaphore(STRANGERS_AT_ONCE)

    async def once(
        self,
        owner: Owner,
        keyed: Keyed,
        run: Callable[[Database], Awaitable[Answer]],
        refuse: Callable[[ThreescoreError], Answer],
        *,
        snapshot: bool = False,
        on_present_model: bool = True,
    ) -> Answer:
        """What `run` answers, or the kept answer to the same request.

        `run` does all its work with the database that it is given. `refuse` makes an answer of an error that `run`
        raises and that is final. `snapshot` makes the transaction REPEATABLE READ, which what removes records needs.
        The answer counts only if the workspace is still as the caller knows it, unless `on_present_model` is False,
        for what changes the model.

        Raises BadRequest for a malformed key, UnprocessableRequest for one that came with another request, Conflict
        while the same request is being worked on, Gone where the kept answer cannot be read any more, Stale, and errors
        of `run` that are not final.
        """
        keyed.check()
        for attempt in range(ATTEMPTS):
            try:
                async with AsyncExitStack() as stack:
                    if owner.schema is None:
                        await stack.enter_async_context(self._room_of_strangers)
                    await stack.enter_async_context(self._room)
                    connection = await stack.enter_async_context(self._database.acquire())
                    return await self._attempt(connection, owner, keyed, run, refuse, snapshot, on_present_model)
            except Collided:
                await asyncio.sleep(0.01 * 2**attempt * random.uniform(0.5, 1.5))
        raise Conflict("Other requests were changing the same records; nothing was changed. Send it again.")

    async def repeated(self, owner: Owner, keyed: Keyed) -> Answer | None:
        """The kept answer to a request; None where there is none. Raises as `once` does."""
        keyed.check()
        async with self._room, self._database.transaction() as connection:
            return await self._look_up(connection, owner, keyed)

    async def _attempt(
        self,
        connection: Connection,
        owner: Owner,
        keyed: Keyed,
        run: Callable[[Database], Awaitable[Answer]],
        refuse: Callable[[ThreescoreError], Answer],
        snapshot: bool,
        on_present_model: bool,
    ) -> Answer:
        transaction = connection.transaction(isolation="repeatable_read" if snapshot else None)
        await transaction.start()
        try:
            kept = await self._look_up(connection, owner, keyed)
            if kept is not None:
                await transaction.rollback()
                return kept
            try:
                answer = await run(Joined(connection, snapshot=snapshot))
            except ThreescoreError as error:
                if not is_final(error) or connection.is_closed():
                    raise
                answer = refuse(error)
            if not answer.final:
                await transaction.rollback()
                return answer
            await self._keep(connection, owner, keyed, answer, on_present_model)
        except BaseException:
            if not connection.is_closed():
                await transaction.rollback()
            raise
        await transaction.commit()
        return answer

    async def _look_up(self, connection: Connection, owner: Owner, keyed: Keyed) -> Answer | None:
        """The kept answer; None where there is none, and from now on nobody else works on the same request."""
        scope = f"{owner.schema}:{owner.id}:{keyed.key}"
        lock = int.from_bytes(hashlib.sha256(scope.encode()).digest()[:8], signed=True)
        row: Record = await connection.fetchrow(
            "SELECT pg_try_advisory_xact_lock($1) AS is_ours, i.request, i.status, i.body FROM (SELECT) AS one"
            f' LEFT JOIN {owner.table} i ON i."caller" = $2 AND i."key" = $3'
            f" AND i.\"at\" > now() - interval '{KEPT}'",
            lock,
            owner.id,
            keyed.key,
        )
        if row["request"] is None:
            if not row["is_ours"]:
                raise Conflict(
                    "A request with this Idempotency-Key is still being worked on; send it again later",
                    code="IDEMPOTENCY_KEY_IN_USE",
                )
            return None
        if row["request"] != keyed.fingerprint:
            raise UnprocessableRequest(
                "This Idempotency-Key was used for another request: method, path, query or body differ. Use a new key.",
                code="IDEMPOTENCY_KEY_REUSED",
            )
        try:
            body = self._sealer.open(row["body"], _about(owner, keyed, row["status"]))
        except Unreadable as error:
            raise Gone(
                "This request was carried out, but its answer cannot be read any more: the server has another secret"
                " than it had then. Look at what there is now; for another request, use a new Idempotency-Key.",
                code="IDEMPOTENCY_ANSWER_LOST",
            ) from error
        return Answer(row["status"], body, replayed=True)

    async def _keep(
        self, connection: Connection, owner: Owner, keyed: Keyed, answer: Answer, on_present_model: bool
    ) -> None:
        """Keeps an answer, and removes some that are over. Raises Stale, Collided."""
        table = owner.table
        of_state, state = "NULL AS model, NULL AS access", ""
        if owner.schema is not None:
            of_state, state = "s.model, s.access", f" FROM {quote_identifier(owner.schema)}._state s"
        try:
            row: Record = await connection.fetchrow(
                f"WITH kept AS (INSERT INTO {table} AS i"
                ' ("caller", "key", "request", "status", "body") VALUES ($1, $2, $3, $4, $5)'
                ' ON CONFLICT ("caller", "key") DO UPDATE SET "request" = excluded."request",'
                ' "status" = excluded."status", "body" = excluded."body", "at" = excluded."at"'
                f" WHERE i.\"at\" <= now() - interval '{KEPT}'"
                ' RETURNING 1), over AS (SELECT "caller", "key" FROM'
                f' {table} WHERE "at" <= now() - interval \'{KEPT}\' AND ("caller", "key") <> ($1, $2)'
                f' ORDER BY "at" LIMIT {_CLEANED_AT_ONCE} FOR UPDATE SKIP LOCKED), gone AS (DELETE FROM {table} i'
                ' USING over o WHERE i."caller" = o."caller" AND i."key" = o."key")'
                f" SELECT {of_state}, (SELECT count(*) FROM kept) AS kept{state}",
                owner.id,
                keyed.key,
                keyed.fingerprint,
                answer.status,
                self._sealer.seal(answer.body, _about(owner, keyed, answer.status)),
            )
        except COLLISIONS as error:
            raise Collided from error
        if on_present_model and (row["model"], row["access"]) != (owner.versions or (None, None)):
            raise Stale
        if not row["kept"]:
            raise Collided


def _about(owner: Owner, keyed: Keyed, status: int) -> bytes:
    """What a sealed answer is bound to: it cannot be passed off as one to another request, or with another status."""
    return msgspec.json.encode((owner.schema, owner.id, keyed.key, keyed.fingerprint.hex(), status))
