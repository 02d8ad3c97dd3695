"""Rate limits: token buckets of API keys, workspaces, members and network addresses.

All workers share them through the database.

A worker takes tokens from the shared bucket in blocks: an eighth of what is in it, one at least. What it took it spends
without asking anybody. So the first requests of a key cost one round trip in many, and the last ones before the limit
one each; a bucket that is empty is remembered as empty until it has the next token.

A worker gives back what it has not spent a while after it took it. So all workers together let through at most an
eighth more for each worker than the limit says, and may refuse as much too early.
"""

import asyncio
import contextlib
import hashlib
import math
import time
from collections.abc import Awaitable, Callable
from functools import lru_cache
from uuid import UUID

from msgspec import Struct, field

from threescore.access.attempts import whereabouts
from threescore.access.members import Member
from threescore.access.origin import ORIGIN
from threescore.access.tokens import API_KEY, Claims, Tokens, bearer_token
from threescore.catalog.state import Workspaces, WorkspaceState
from threescore.config import Rate, parse_rates
from threescore.db.pool import Database
from threescore.errors import AccessRefused, RateLimited, ThreescoreError

BLOCK = 8
"""The part of what is in a bucket, as a divisor, that a worker takes at once."""

_KNOWN_LIMIT = 10_000
_SECONDS_BETWEEN_LOOKS = 1.0
_LEASES_BETWEEN_CLEANING = 1000

Fields = tuple[tuple[bytes, bytes], ...]

_TAKE = f"""
WITH asked AS MATERIALIZED (
    SELECT * FROM unnest($1::uuid[], $2::integer[], $3::float8[], $4::float8[], $5::float8[])
        AS a(spender, period, capacity, need, back)
), made AS (
    INSERT INTO threescore.rate_bucket (spender, period, tokens, at)
    SELECT spender, period, capacity, clock_timestamp() FROM asked ORDER BY spender, period
    ON CONFLICT DO NOTHING
), filled AS MATERIALIZED (
    SELECT b.spender, b.period, a.need, least(
        a.capacity,
        b.tokens + a.back + greatest(extract(epoch FROM clock_timestamp() - b.at), 0) * a.capacity / a.period
    ) AS tokens
    FROM threescore.rate_bucket b JOIN asked a USING (spender, period)
    ORDER BY b.spender, b.period FOR UPDATE OF b
), taken AS MATERIALIZED (
    SELECT *, CASE WHEN tokens >= need THEN greatest(need, floor(tokens / {BLOCK})) ELSE 0 END AS taken FROM filled
)
UPDATE threescore.rate_bucket b SET tokens = t.tokens - t.taken, at = clock_timestamp()
FROM taken t WHERE b.spender = t.spender AND b.period = t.period
RETURNING b.spender, b.period, b.tokens, t.taken
"""

_CLEAN = """
DELETE FROM threescore.rate_bucket WHERE (spender, period) IN (
    SELECT spender, period FROM threescore.rate_bucket
    WHERE at < now() - make_interval(secs => 2 * period) LIMIT 1000 FOR UPDATE SKIP LOCKED
)
"""


class _Bucket(Struct):
    """What a worker knows of one bucket: how many tokens it has taken, and how many were left then.

    `name` is what the spender is called in refusals. Times are those of the monotonic clock. Before `empty_until` there
    is nothing to be had.
    """

    spender_type: str
    spender: UUID
    name: str
    rate: Rate
    credit: float = 0
    left: float = 0
    taken_at: float = 0
    empty_until: float = 0
    taking: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def lease(self) -> float:
        """For how many seconds tokens that were taken may be spent."""
        return max(1.0, self.rate.period / BLOCK)

    def can_spend(self, cost: float, now: float) -> bool:
        return self.credit >= cost and now - self.taken_at <= self.lease

    def refusal(self, now: float) -> RateLimited:
        wait = max(0.001, self.empty_until - now)
        return RateLimited(self.spender_type, self.name, self.rate.limit, self.rate.period, wait)

    def remaining(self, now: float) -> float:
        """How many requests are left, as far as this worker knows."""
        refilled = (now - self.taken_at) * self.rate.limit / self.rate.period
        return min(self.rate.limit, self.left + self.credit + refilled)


class RateLimits:
    """The limits of a worker. What an answer tells of them is left with the origin of the request."""

    def __init__(
        self,
        database: Database,
        workspaces: Workspaces,
        tokens: Tokens,
        key: tuple[Rate, ...] = (),
        workspace: tuple[Rate, ...] = (),
    ) -> None:
        """`key` are the rates of a key without any of its own, `workspace` those of all keys of a workspace."""
        self._database = database
        self._workspaces = workspaces
        self._tokens = tokens
        self._key = key
        self._workspace = workspace
        # What anybody else may do: a member, or whoever calls from one network address without a token that is good.
        self._others = key or workspace
        self._known: dict[tuple[UUID, Rate], _Bucket] = {}
        # Apart, so that strangers, of whom there may be any number, make nobody else's be forgotten.
        self._of_strangers: dict[tuple[UUID, Rate], _Bucket] = {}
        self._looked_at: dict[UUID, float] = {}
        self._leases = 0

    async def admit(self, authorization: str | None, cost: Callable[[], int] = lambda: 1) -> Claims:
        """Counts a request, and says who makes it by its `Authorization` header.

        It counts for an API key with its workspace, or for a member; without a token, or with one that is not or no
        longer good, for the network address, so that it spends nothing of anybody else's. `cost` gives its weight, and
        is only called where there is a limit.

        Raises AccessRefused where there is no token of ours, RateLimited.
        """
        try:
            claims = self._tokens.verify(bearer_token(authorization))
        except AccessRefused:
            await _told(self._spend_as_stranger())
            raise
        await self.spend(claims, cost)
        return claims

    async def spend(self, claims: Claims, cost: Callable[[], int] = lambda: 1) -> None:
        """Counts a request of whoever has a token that says so. Raises RateLimited."""
        await _told(self._spend_as(claims, cost))

    async def count(self, authorization: str | None) -> None:
        """Counts a request for what everybody may ask for. Raises RateLimited."""
        with contextlib.suppress(AccessRefused):
            await self.admit(authorization)

    async def refuse(self, error: ThreescoreError, authorization: str | None) -> ThreescoreError:
        """The error that a request is refused with. One that was not counted yet is counted now, for that, too."""
        origin = ORIGIN.get()
        if origin is None or origin.limits is not None or error.status >= 500:
            return error
        try:
            await self.count(authorization)
        except RateLimited as limited:
            return limited
        return error

    async def _spend_as(self, claims: Claims, cost: Callable[[], int]) -> Fields:
        origin = ORIGIN.get()
        if origin is not None and claims.type == API_KEY:
            # What is refused here counts as a request of the key, too.
            origin.key = (claims.workspace_id, claims.principal_id)
        try:
            state = await self._workspaces.get(claims.workspace_id)
            try:
                return await self._spend(self._buckets(state, claims), cost)
            except AccessRefused:
                # Where strangers have no limit, what is refused need not be counted, nor looked at twice.
                if not self._others or not await self._workspaces.refresh(claims.workspace_id, state):
                    raise
            except RateLimited:
                # Nothing else would tell a worker that only refuses that a key has another limit by now.
                if not await self._has_changed(state):
                    raise
            state = await self._workspaces.get(claims.workspace_id)
            return await self._spend(self._buckets(state, claims), cost)
        except AccessRefused:
            # Whoever it is, they are refused elsewhere.
            return await self._spend_as_stranger()

    def _buckets(self, state: WorkspaceState, claims: Claims) -> list[_Bucket]:
        """What a request is taken from. Raises AccessRefused for a token that is no longer good."""
        principal, known = state.principal(claims), self._known
        if isinstance(principal, Member):
            # Keys cannot use up what people have, nor one person another's.
            name = str(principal.workspace_member_id)
            return [_bucket(known, "workspaceMember", principal.id, name, rate) for rate in self._others]
        rates = self._key if principal.rate_limit is None else _parsed(principal.rate_limit)
        workspace_id = principal.workspace_id
        buckets = [_bucket(known, "apiKey", principal.id, str(principal.id), rate) for rate in rates]
        return buckets + [
            _bucket(known, "workspace", workspace_id, str(workspace_id), rate) for rate in self._workspace
        ]

    async def _spend_as_stranger(self) -> Fields:
        origin = ORIGIN.get()
        if not self._others or origin is None:
            return ()
        place = whereabouts(str(origin.address))
        spender = UUID(bytes=hashlib.sha256(f"refused at {place}".encode()).digest()[:16])
        return await self._spend(
            [_bucket(self._of_strangers, "address", spender, place, rate) for rate in self._others]
        )

    async def _has_changed(self, state: WorkspaceState) -> bool:
        """Whether the workspace is another than it was. Looked up once in a while only."""
        workspace_id, now = state.model.workspace_id, time.monotonic()
        if now < self._looked_at.get(workspace_id, 0) + _SECONDS_BETWEEN_LOOKS:
            return False
        if len(self._looked_at) >= _KNOWN_LIMIT:
            self._looked_at.clear()
        self._looked_at[workspace_id] = now
        return await self._workspaces.refresh(workspace_id, state)

    async def _spend(self, buckets: list[_Bucket], cost: Callable[[], int] = lambda: 1) -> Fields:
        """Takes a request from buckets, and gives the headers that tell what is left: none where there is no limit."""
        if not buckets:
            return ()
        weight = cost()
        # What is more than a bucket ever holds would never be let through.
        costs = [min(weight, bucket.rate.limit) for bucket in buckets]
        while lacking := _lacking(buckets, costs):
            async with buckets[-1].taking:
                # Somebody else may have taken enough for us too.
                if lacking := _lacking(buckets, costs):
                    await self._take(lacking)
        for bucket, needed in zip(buckets, costs, strict=True):
            bucket.credit -= needed
        return _fields(buckets)

    async def _take(self, lacking: list[tuple[_Bucket, int]]) -> None:
        """Takes tokens from shared buckets, and gives back those that were taken too long ago."""
        by_key = {(bucket.spender, bucket.rate.period): (bucket, needed) for bucket, needed in lacking}
        arguments = (
            [bucket.spender for bucket, _ in lacking],
            [bucket.rate.period for bucket, _ in lacking],
            [bucket.rate.limit for bucket, _ in lacking],
            [needed for _, needed in lacking],
            [bucket.credit for bucket, _ in lacking],
        )
        rows = await self._database.fetch(_TAKE, *arguments)
        if len(rows) < len(lacking):
            # The statement that makes a bucket does not see it yet.
            rows = await self._database.fetch(_TAKE, *arguments)
        now = time.monotonic()
        for row in rows:
            bucket, needed = by_key[row["spender"], row["period"]]
            bucket.credit, bucket.left, bucket.taken_at = row["taken"], row["tokens"], now
            if not row["taken"]:
                bucket.empty_until = now + (needed - row["tokens"]) * bucket.rate.period / bucket.rate.limit
        self._leases += 1
        if self._leases % _LEASES_BETWEEN_CLEANING == 0:
            await self._database.execute(_CLEAN)


async def _told(spending: Awaitable[Fields]) -> None:
    """Leaves with the request what its answer tells of limits. Raises RateLimited where `spending` does."""
    origin = ORIGIN.get()
    try:
        fields = await spending
    except RateLimited as error:
        if origin is not None:
            origin.limits = refusal_fields(error)
        raise
    if origin is not None:
        origin.limits = fields


def _bucket(
    known: dict[tuple[UUID, Rate], _Bucket], spender_type: str, spender: UUID, name: str, rate: Rate
) -> _Bucket:
    bucket = known.get((spender, rate))
    if bucket is None:
        if len(known) >= _KNOWN_LIMIT:
            known.clear()
        bucket = known[spender, rate] = _Bucket(spender_type, spender, name, rate)
    return bucket


def refusal_fields(error: RateLimited) -> Fields:
    """The headers of a refusal."""
    seconds = max(1, math.ceil(error.wait))
    full = math.ceil(error.period)
    return (
        (b"retry-after", b"%d" % seconds),
        (b"ratelimit-limit", b"%d" % error.limit),
        (b"ratelimit-remaining", b"0"),
        (b"ratelimit-reset", b"%d" % full),
        (b"ratelimit-policy", b"%d;w=%d" % (error.limit, error.period)),
        (b"x-ratelimit-limit", b"%d" % error.limit),
        (b"x-ratelimit-remaining", b"0"),
        (b"x-ratelimit-reset", b"%d" % math.ceil(time.time() + full)),
    )


def _lacking(buckets: list[_Bucket], costs: list[int]) -> list[tuple[_Bucket, int]]:
    """The buckets from which this worker has to take more. Raises RateLimited where it knows that there is none."""
    now = time.monotonic()
    lacking = [(bucket, cost) for bucket, cost in zip(buckets, costs, strict=True) if not bucket.can_spend(cost, now)]
    for bucket, _ in lacking:
        if now < bucket.empty_until:
            raise bucket.refusal(now)
    return lacking


def _fields(buckets: list[_Bucket]) -> Fields:
    """The headers that tell what is left of the bucket that is nearest to its end."""
    now = time.monotonic()
    left, bucket = min(((item.remaining(now), item) for item in buckets), key=lambda pair: pair[0])
    rate = bucket.rate
    policies = ", ".join(f"{item.rate.limit};w={item.rate.period}" for item in buckets)
    return (
        (b"ratelimit-limit", b"%d" % rate.limit),
        (b"ratelimit-remaining", b"%d" % int(left)),
        (b"ratelimit-reset", b"%d" % math.ceil((rate.limit - left) * rate.period / rate.limit)),
        (b"ratelimit-policy", policies.encode()),
    )


@lru_cache(1000)
def _parsed(text: str) -> tuple[Rate, ...]:
    return parse_rates(text)
