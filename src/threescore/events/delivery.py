"""Delivers: finds events, makes deliveries of them, calls the receivers and writes down how it went.

A process has one `Deliverer`, and in it a `_Pump` for each workspace with webhooks. Any number of processes may work on
the same workspaces: what they share is in the queue, and nothing depends on a process that is gone.
"""

import asyncio
import contextlib
import random
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
import msgspec
import structlog
from msgspec import Struct
from yarl import URL

from threescore.access.sealing import Sealer
from threescore.catalog.load import load_model
from threescore.db.pool import Database, Record
from threescore.errors import ThreescoreError, Unavailable
from threescore.events.client import Client, Outcome
from threescore.events.outbound import Outbound
from threescore.events.payload import body_of_delivery, signed_headers
from threescore.events.queue import Place, Queue, Result
from threescore.events.retries import wait_after
from threescore.events.webhook import Webhook
from threescore.events.webhooks import load_webhooks, switch_off
from threescore.model.objects import Model

LEASE_MARGIN = 10.0
"""How much longer than a call may take a delivery belongs to who took it, in seconds. It is due again after that."""

LATEST_START = 5.0
"""How long after taking a delivery its call may begin, in seconds, so that it ends well within the lease."""

SICK_AFTER = 3
SICK_ROOM = 4
"""How many calls at once a receiver gets after it has failed that often without a success."""

REGISTRY_SECONDS = 1.0
"""How often the list of workspaces with webhooks is read."""

SWEEP_SECONDS = 15.0
"""How often a workspace's log is rid of old deliveries, and webhooks that fail for days are switched off."""

GATHERING = 0.003
"""How long results wait for others while calls are under way, in seconds."""

SWEEP_ROWS = 2000
GRACE = 5.0
"""How long calls may take to end when the process is told to stop, in seconds."""

_SYSTEM = msgspec.json.encode({"source": "SYSTEM", "workspaceMemberId": None, "name": "Threescore", "context": {}})

_FILTER_FAULTS = (ThreescoreError, KeyError, asyncpg.DataError, asyncpg.SyntaxOrAccessError)
"""What a filter of a webhook can run into once the model has changed."""

log = structlog.get_logger()


class Pace(Struct, frozen=True):
    """How often to look for events that another process has written, in seconds; `busy`: while there are some."""

    idle: float
    busy: float


TOLD = Pace(2.0, 0.2)
"""For a process that is told of nearly all events as they are written."""

ALONE = Pace(0.15, 0.02)
"""For one that nobody tells."""


class Rules(Struct, frozen=True, kw_only=True):
    """How deliveries are made. Times in seconds."""

    waits: tuple[float, ...]
    room: int = 50
    timeout: float = 15.0
    keep_days: int = 30
    patience_days: float = 4.0


class Deliverer:
    """Delivers for all workspaces, until it is stopped; then it closes its database connections, too."""

    def __init__(self, database: Database, sealer: Sealer, outbound: Outbound, rules: Rules) -> None:
        self._database = database
        self._sealer = sealer
        self._outbound = outbound
        self._rules = rules
        self.pace = TOLD
        self._pumps: dict[UUID, _Pump] = {}
        self._fresh = asyncio.Event()

    def wake(self, workspace_id: UUID) -> None:
        """Says that a workspace may have something new. Costs next to nothing where it has no webhooks."""
        pump = self._pumps.get(workspace_id)
        if pump is not None:
            pump.wake()

    def heard(self, workspace_id: UUID) -> None:
        """Says that a workspace with webhooks has something new. This process may not know of it yet."""
        if workspace_id in self._pumps:
            self.wake(workspace_id)
        else:
            self._fresh.set()

    def connected(self, is_told: bool) -> None:
        """Says whether `heard` is called from now on. What was missed until then is looked for."""
        self.pace = TOLD if is_told else ALONE
        self._fresh.set()
        for pump in self._pumps.values():
            pump.wake()

    def webhooks_changed(self, workspace_id: UUID) -> None:
        """Says that a workspace's webhooks have changed; they may be its first."""
        self._fresh.set()
        self.wake(workspace_id)

    async def run(self) -> None:
        """Delivers until cancelled; then lets calls end, and gives back what has not begun."""
        client = Client(self._outbound, self._rules.timeout)
        tasks: dict[UUID, asyncio.Task[None]] = {}
        try:
            while True:
                self._fresh.clear()
                with _survived("the list of workspaces with webhooks"):
                    await self._follow(client, tasks)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(REGISTRY_SECONDS):
                        await self._fresh.wait()
        finally:
            for task in tasks.values():
                task.cancel()
            await asyncio.gather(*tasks.values(), return_exceptions=True)
            await client.close()
            await self._database.close()

    async def _follow(self, client: Client, tasks: dict[UUID, "asyncio.Task[None]"]) -> None:
        rows = await self._database.fetch(
            "SELECT w.id, w.schema FROM threescore.webhook_workspace h JOIN threescore.workspace w"
            " ON w.id = h.workspace_id"
        )
        present = {row["id"]: row["schema"] for row in rows}
        for workspace_id, schema in present.items():
            if workspace_id not in self._pumps:
                pump = _Pump(self._database, workspace_id, schema, self._sealer, client, self._rules, lambda: self.pace)
                self._pumps[workspace_id] = pump
                tasks[workspace_id] = asyncio.create_task(pump.run())
        for workspace_id in [known for known in self._pumps if known not in present]:
            del self._pumps[workspace_id]
            tasks.pop(workspace_id).cancel()


class _Job(Struct):
    """A delivery that this process has taken."""

    webhook: Webhook
    row: Record
    claim: UUID
    taken_at: float


class _Done(Struct):
    """An attempt that ended and is not written down yet."""

    webhook_id: UUID
    result: Result
    outcome: Outcome


class _Pump:
    """Moves one workspace's events to its receivers."""

    def __init__(
        self,
        database: Database,
        workspace_id: UUID,
        schema: str,
        sealer: Sealer,
        client: Client,
        rules: Rules,
        pace: Callable[[], Pace],
    ) -> None:
        self._database = database
        self._queue = Queue(database, schema)
        self._workspace_id = workspace_id
        self._schema = schema
        self._sealer = sealer
        self._client = client
        self._rules = rules
        self._pace = pace
        self._woken = asyncio.Event()
        self._model: Model | None = None
        self._version = 0
        self._webhooks: dict[UUID, Webhook] = {}
        self._held: dict[UUID, float] = {}
        self._running: dict[UUID, set[asyncio.Task[None]]] = {}
        self._jobs: dict[UUID, _Job] = {}
        self._done: list[_Done] = []
        self._late: dict[UUID, UUID] = {}
        self._failures: dict[UUID, int] = {}
        self._swept_at = time.monotonic() + random.uniform(0, SWEEP_SECONDS) - SWEEP_SECONDS
        self._busy_until = 0.0

    def wake(self) -> None:
        """Has it look now."""
        self._woken.set()

    async def run(self) -> None:
        """Works until cancelled."""
        try:
            with _survived("the place in the event log"):
                if await self._queue.begin_anew():
                    log.warning("the event log is another database's; webhooks begin anew", workspace=self._schema)
            while True:
                pause = 1.0
                with _survived("webhooks", workspace=self._schema):
                    pause = await self._step()
                if pause > 0:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(pause):
                            await self._woken.wait()
                self._woken.clear()
                if self._done and self._jobs:
                    # Others are about to end: what is written at once costs the least.
                    await asyncio.sleep(GATHERING)
        finally:
            await self._stop()

    async def _step(self) -> float:
        """One round. Gives the seconds until the next, unless something comes in between."""
        await self._write_results()
        place = await self._queue.look()
        if place.version != self._version or self._model is None or self._model.version != place.model_version:
            await self._load(place)
        filled = 0
        if place.has_events:
            filled = await self._fill(place)
        started = await self._start_calls() if filled or self._is_due(place) else 0
        await self._sweep()
        now = time.monotonic()
        if place.has_events or started:
            # Where there are events and none was had, another process is at them. It need not see all, and may die.
            self._busy_until = now + 1.0
        if filled or started:
            return 0.0
        pause = self._pace().busy if now < self._busy_until else self._pace().idle
        pause *= random.uniform(0.8, 1.0)
        return pause if place.due is None or place.due <= 0 else min(pause, place.due)

    @staticmethod
    def _is_due(place: Place) -> bool:
        return place.due is not None and place.due <= 0

    async def _load(self, place: Place) -> None:
        async with (
            self._database.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            self._model = await load_model(connection, self._workspace_id)
            webhooks = await load_webhooks(connection, self._schema, self._workspace_id, self._sealer)
            version = await connection.fetchval(f'SELECT version FROM "{self._schema}"._dispatch')
        self._webhooks = {webhook.id: webhook for webhook in webhooks}
        self._version = version
        now, clock = datetime.now(UTC), time.monotonic()
        self._held = {
            webhook.id: clock + (webhook.hold_until - now).total_seconds()
            for webhook in webhooks
            if webhook.hold_until is not None and webhook.hold_until > now
        }

    # Events become deliveries

    async def _fill(self, place: Place) -> int:
        assert self._model is not None
        try:
            return await self._queue.fill(self._model, self._version, list(self._webhooks.values())) or 0
        except _FILTER_FAULTS as error:
            filtering = [w for w in self._webhooks.values() if w.filter is not None and w.switched_off_at is None]
            present = await self._queue.look()
            if not filtering:
                raise
            if (present.version, present.model_version) == (place.version, place.model_version):
                log.warning("the filter of a webhook fails", workspace=self._schema, error=str(error))
                await self._blame(filtering)
            return 0

    async def _blame(self, filtering: list[Webhook]) -> None:
        """Switches off the webhooks whose filters no longer fit the model: nobody can say what they want."""
        assert self._model is not None
        for webhook in filtering:
            try:
                await self._queue.probe(self._model, self._version, webhook)
            except _FILTER_FAULTS as fault:
                reason = fault.message if isinstance(fault, ThreescoreError) else "it compares what cannot be compared"
                await self._switch_off(webhook.id, f"The filter does not fit the data model any more: {reason}")

    # Deliveries become calls

    async def _start_calls(self) -> int:
        now = time.monotonic()
        room: dict[UUID, int] = {}
        for webhook in self._webhooks.values():
            if webhook.switched_off_at is not None or webhook.is_paused or self._held.get(webhook.id, 0) > now:
                continue
            sick = self._failures.get(webhook.id, 0) >= SICK_AFTER
            limit = min(SICK_ROOM, self._rules.room) if sick else self._rules.room
            free = limit - len(self._running.get(webhook.id, ()))
            if free > 0:
                room[webhook.id] = free
        if not room:
            return 0
        claim = uuid4()
        rows = await self._queue.take(room, claim, self._rules.timeout + LEASE_MARGIN)
        for row in rows:
            webhook = self._webhooks[row["webhook_id"]]
            job = _Job(webhook, row, claim, now)
            self._jobs[row["id"]] = job
            task = asyncio.create_task(self._call(job))
            running = self._running.setdefault(webhook.id, set())
            running.add(task)
            task.add_done_callback(running.discard)
        return len(rows)

    async def _call(self, job: _Job) -> None:
        """One attempt."""
        row, webhook = job.row, job.webhook
        if time.monotonic() - job.taken_at > LATEST_START:
            # The process was held up: somebody else might have it before we would be done.
            self._late[row["id"]] = job.claim
            del self._jobs[row["id"]]
            return
        delivery_id = str(row["id"])
        milliseconds = time.time_ns() // 1_000_000
        body = body_of_delivery(
            row, target_url=webhook.target_url, workspace_id=self._workspace_id, webhook_id=webhook.id
        )
        headers: dict[str, str] = {}
        if webhook.sealed is None:
            outcome = Outcome(
                error="the webhook's secret cannot be read since THREESCORE_SECRET changed; set it anew", seconds=0.0
            )
        elif body is None:
            outcome = Outcome(error="the event is no longer in the event log", seconds=0.0)
        else:
            headers = signed_headers(
                body,
                delivery_id=delivery_id,
                milliseconds=milliseconds,
                nonce=secrets.token_hex(16),
                secret=webhook.secret,
                previous=webhook.previous_secret,
            )
            sent = dict(headers)
            if webhook.sealed.header is not None:
                sent[webhook.sealed.header.name] = webhook.sealed.header.value
                headers[webhook.sealed.header.name] = "(hidden)"
            outcome = await self._client.call(URL(webhook.target_url, encoded=True), body, sent)
        wait = None if outcome.ok else wait_after(row["tries"] + 1, self._rules.waits, outcome.retry_after)
        if body is None or outcome.status == 410:
            wait = None
        entry = {
            "number": row["attempts"] + 1,
            "at": milliseconds,
            "duration": round(outcome.seconds * 1000),
            "status": outcome.status,
            "error": outcome.error,
            "url": webhook.target_url,
            "request": headers,
            "response": outcome.headers,
            # PostgreSQL keeps no NUL in JSON.
            "body": outcome.body.decode("utf-8", "replace").replace("\x00", "\ufffd"),
        }
        result = Result(
            id=row["id"],
            claim=job.claim,
            ok=outcome.ok,
            wait=wait,
            response_status=outcome.status,
            error=outcome.error,
            duration=round(outcome.seconds * 1000),
            entry=entry,
        )
        self._failures[webhook.id] = 0 if outcome.ok else self._failures.get(webhook.id, 0) + 1
        self._done.append(_Done(webhook.id, result, outcome))
        del self._jobs[row["id"]]
        self._woken.set()

    # Calls become results

    async def _write_results(self) -> None:
        if self._late:
            late, self._late = self._late, {}
            await self._queue.release(late)
        if not self._done:
            return
        done, self._done = self._done, []
        try:
            follow = await self._queue.finish([item.result for item in done])
        except BaseException:
            self._done = done + self._done
            raise
        if follow:
            await self._queue.follow_up(follow)
            await self._react(done)

    async def _react(self, done: list[_Done]) -> None:
        """What failures mean for the webhook as a whole."""
        rests: dict[UUID, float] = {}
        for item in done:
            outcome = item.outcome
            if outcome.status in (429, 503) and outcome.retry_after:
                rests[item.webhook_id] = max(rests.get(item.webhook_id, 0.0), outcome.retry_after)
        for webhook_id, seconds in rests.items():
            self._held[webhook_id] = time.monotonic() + seconds
            await self._queue.hold(webhook_id, seconds)
        for webhook_id in {item.webhook_id for item in done if item.outcome.status == 410}:
            await self._switch_off(webhook_id, "The receiver answered 410: it is gone for good")

    async def _switch_off(self, webhook_id: UUID, reason: str) -> None:
        assert self._model is not None
        async with self._database.transaction() as connection:
            if await switch_off(connection, self._model, self._sealer, webhook_id, reason, _SYSTEM):
                log.warning("webhook switched off", workspace=self._schema, webhook=str(webhook_id), reason=reason)
        self._version = 0

    async def _sweep(self) -> None:
        now = time.monotonic()
        if now - self._swept_at < SWEEP_SECONDS:
            return
        forgotten = await self._queue.forget(self._rules.keep_days, SWEEP_ROWS)
        for webhook_id in await self._queue.long_failing(self._rules.patience_days):
            await self._switch_off(webhook_id, f"No delivery has succeeded for {self._rules.patience_days:g} days")
        if forgotten < SWEEP_ROWS:
            self._swept_at = now

    async def _stop(self) -> None:
        """Lets calls end, writes their results, and gives back what has none."""
        tasks = [task for running in self._running.values() for task in running]
        if tasks:
            await asyncio.wait(tasks, timeout=GRACE)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with _survived("the last results", workspace=self._schema):
            await self._write_results()
            await self._queue.release({job_id: job.claim for job_id, job in self._jobs.items()})


@contextlib.contextmanager
def _survived(what: str, **about: str) -> Iterator[None]:
    """Whatever goes wrong is logged, and the work goes on: with the next round everything begins from the database."""
    try:
        yield
    except (Unavailable, OSError, asyncpg.PostgresConnectionError) as error:
        log.warning(f"{what}: the database does not answer", error=str(error), **about)
    except Exception:
        log.exception(f"{what} failed", **about)


@asynccontextmanager
async def delivering(deliverer: Deliverer | None) -> AsyncIterator[None]:
    """Delivers while the block runs, if there is who does it."""
    if deliverer is None:
        yield
        return
    task = asyncio.create_task(deliverer.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
