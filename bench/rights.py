"""What it costs to know who calls and to weave in what they may see: for one request, and for a list with rules."""

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any
from uuid import UUID, uuid4

from bench import data
from bench.statements import ask, rest_api
from threescore.access.keys import create_key, signing_secret
from threescore.access.roles import ObjectRights, Role, insert_role
from threescore.access.tokens import Claims, Tokens
from threescore.catalog.changes import ModelChanges
from threescore.catalog.load import load_model
from threescore.catalog.state import Workspaces
from threescore.config import Settings
from threescore.db.pool import Connection, Database, Record
from threescore.model.objects import Model
from threescore.records import caller as callers
from threescore.rest.api import RestApi
from threescore.sql import quote_identifier

OBJECT_RULES, FIELD_RULES = 40, 200
ROW_RULES: dict[str, dict[str, Any]] = {
    "person": {"or": [{"jobTitle": {"neq": "Nobody"}}, {"city": {"is": "NULL"}}]},
    "company": {"employees": {"gte": 0}},
    "opportunity": {"stage": {"in": ["NEW", "SCREENING", "MEETING"]}},
}
MOST_ADDED, MOST_TIMES = 0.10e-3, 1.3


@dataclass(frozen=True, slots=True)
class Cost:
    """What rights cost. Times are medians, in seconds."""

    known: float
    """One request of a warm key, from the first byte to the last, without waiting for the database."""
    nobody: float
    """The same where the caller is a constant and may do everything."""
    statements: int
    """How many statements the request of the warm key takes."""
    whole: float
    """A list of 60 people for an administrator."""
    ruled: float
    """The same for a role with many rules."""

    @property
    def added(self) -> float:
        return self.known - self.nobody

    @property
    def times(self) -> float:
        return self.ruled / self.whole


class _Remembering(Database):
    """A pool that answers a statement that it knows from memory, at once."""

    def __init__(self, url: str) -> None:
        super().__init__(url, 2)
        self.known: dict[str, Record | None] = {}
        self.asked = 0
        self.remembers = False

    async def fetchrow(self, sql: str, *arguments: Any) -> Record | None:
        self.asked += 1
        if not self.remembers or sql not in self.known:
            self.known[sql] = await super().fetchrow(sql, *arguments)
        return self.known[sql]


class _Believing(Tokens):
    """Takes every token for the same."""

    def __init__(self, claims: Claims) -> None:
        super().__init__("")
        self._believed = claims

    def verify(self, token: str) -> Claims:
        return self._believed


async def measure(url: str, settings: Settings, workspace_id: UUID, token: str, rounds: int) -> Cost:
    """Measures on a filled workspace, in turns, so that whatever else the machine does meets all alike."""
    database = _Remembering(url)
    try:
        ruled_token = await _ruled_token(database, settings, workspace_id)
        secret = await signing_secret(database, settings.secret)
        tokens = Tokens(secret)
        whole, ruled = (rest_api(database, tokens, secret, settings) for _ in range(2))
        page = f"/rest/people?filter=city[eq]:{data.CITIES[0]}&order_by=name.lastName&depth=1&limit=60"
        lists = await _in_turns(
            rounds, [lambda: _get(whole, token, page), lambda: _get(ruled, ruled_token, page)], warm_up=3
        )
        claims = tokens.verify(token)
        one = f"/rest/people/{UUID(data.record_id('person', 7))}"
        nobody = rest_api(database, _Believing(claims), secret, settings)
        constant = callers.Caller.of(await Workspaces(database).get(workspace_id), claims)
        usual = callers.Caller.of

        async def as_constant() -> None:
            callers.Caller.of = lambda state, claims: constant  # type: ignore[method-assign]
            try:
                await _get(nobody, token, one)
            finally:
                callers.Caller.of = usual  # type: ignore[method-assign]

        database.remembers = True
        singles = await _in_turns(rounds * 100, [lambda: _get(ruled, ruled_token, one), as_constant], warm_up=200)
        database.asked = 0
        await _get(ruled, ruled_token, one)
        return Cost(singles[0], singles[1], database.asked, lists[0], lists[1])
    finally:
        await database.close()


async def _get(api: RestApi, token: str, target: str) -> None:
    status, answer = await ask(api, token, "GET", target, b"")
    if status != 200:
        raise RuntimeError(f"GET {target}: {status} {answer[:500]!r}")


async def _in_turns(rounds: int, subjects: list[Callable[[], Awaitable[None]]], warm_up: int) -> list[float]:
    times: list[list[float]] = [[] for _ in subjects]
    for number in range(warm_up + rounds):
        for subject, measured in zip(subjects, times, strict=True):
            start = time.perf_counter()
            await subject()
            if number >= warm_up:
                measured.append(time.perf_counter() - start)
    return [median(measured) for measured in times]


async def _ruled_token(database: Database, settings: Settings, workspace_id: UUID) -> str:
    """A key with a role that has rules of all kinds."""
    async with database.acquire() as connection:
        model = await load_model(connection, workspace_id)
    changes = ModelChanges(database)
    for number in range(OBJECT_RULES - len(model.objects)):
        names = {"nameSingular": f"ruled{number}", "namePlural": f"ruleds{number}"}
        labels = {"labelSingular": f"Ruled {number}", "labelPlural": f"Ruleds {number}"}
        model, _ = await changes.create_object(workspace_id, names | labels)
    async with database.transaction() as connection:
        role = await _ruled_role(connection, model)
        key = await create_key(
            connection, workspace_id, "Ruled", datetime.now(UTC) + timedelta(days=1), role_id=role.id
        )
    tokens = Tokens(await signing_secret(database, settings.secret))
    return tokens.mint(workspace_id, key.id, key.expires_at)


async def _ruled_role(connection: Connection, model: Model) -> Role:
    role = Role(id=uuid4(), universal_identifier=uuid4(), label=f"Ruled {uuid4()}", can_read_all_object_records=True)
    await insert_role(connection, model.workspace_id, role)
    rights = [ObjectRights(object_id=o.id, can_read=True, can_update=True) for o in model.objects[:OBJECT_RULES]]
    await connection.executemany(
        "INSERT INTO threescore.role_object (role_id, object_id, can_read, can_update) VALUES ($1, $2, $3, $4)",
        [(role.id, r.object_id, r.can_read, r.can_update) for r in rights],
    )
    # What the list shows stays, so that both lists are as long; elsewhere every second field is hidden.
    fields = [field for o in model.objects for field in o.fields if not field.is_system and not field.is_relation]
    listed = {model.by_singular[name].id for name in ("person", "company")}
    fields.sort(key=lambda field: field.object_id not in listed)
    await connection.executemany(
        "INSERT INTO threescore.role_field (role_id, object_id, field_id, can_read, can_update)"
        " VALUES ($1, $2, $3, $4, FALSE)",
        [
            (role.id, field.object_id, field.id, False if field.object_id not in listed and place % 2 else None)
            for place, field in enumerate(fields[:FIELD_RULES])
        ],
    )
    await connection.executemany(
        "INSERT INTO threescore.role_row (role_id, object_id, filter) VALUES ($1, $2, $3)",
        [(role.id, model.by_singular[name].id, json.dumps(rule).encode()) for name, rule in ROW_RULES.items()],
    )
    await connection.execute(f"UPDATE {quote_identifier(model.schema)}._state SET access = access + 1")
    return role
