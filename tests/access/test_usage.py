"""How much API keys are used: counted by all workers, written at the end at the latest, told to who may see keys."""

import asyncio
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from anyio.from_thread import BlockingPortal

from tests.access.roles import Office, Rules
from tests.support import serving
from threescore.access.keys import ApiKey, create_key
from threescore.access.origin import Origin
from threescore.access.retention import clean
from threescore.access.usage import HourOfUse, Usage, read_usage
from threescore.catalog.workspaces import Workspace
from threescore.db.pool import Database

KEYS = "/rest/metadata/apiKeys"
LATER = "2100-01-01T00:00:00.000Z"


@pytest.fixture
def new_key(api: httpx.Client) -> Callable[..., tuple[str, dict[str, str]]]:
    """A function that makes a key, and gives its id and headers that come with its token."""
    query = "{ getRoles { id label } }"
    roles = api.post("/metadata", json={"query": query}).json()["data"]["getRoles"]
    admin = next(role["id"] for role in roles if role["label"] == "Admin")

    def make(**more: Any) -> tuple[str, dict[str, str]]:
        made = api.post(KEYS, json={"name": "Counted", "expiresAt": LATER, "roleId": admin, **more}).json()
        token = api.post(f"{KEYS}/{made['id']}/token", json={}).json()["token"]
        return made["id"], {"Authorization": f"Bearer {token}"}

    return make


def totals(hours: list[dict[str, Any]]) -> tuple[int, int]:
    """Of hours of use, all requests and those refused. There may be two: an hour can end while a test runs."""
    return sum(item["requests"] for item in hours), sum(item["refused"] for item in hours)


def test_all_workers_count(
    database_url: str, api: httpx.Client, new_key: Callable[..., tuple[str, dict[str, str]]]
) -> None:
    """Two workers end, and what they counted is one number."""
    key, headers = new_key()
    limited, limited_headers = new_key(rateLimit="2/3600")
    revoked, revoked_headers = new_key()
    away, away_headers = new_key(allowedNetworks=["203.0.113.7"])
    silent, _ = new_key()
    assert api.delete(f"{KEYS}/{revoked}").status_code == 200
    variables = {"DATABASE_URL": database_url, "WORKERS": "2", "DELIVERY": "false"}
    with serving(**{f"THREESCORE_{name}": value for name, value in variables.items()}) as other:

        def ask(number: int) -> int:
            # A connection for each request, so that both workers get some.
            path = "people?limit=1" if number % 4 else f"people/{uuid4()}"
            return httpx.get(f"{other.url}/rest/{path}", headers=headers, timeout=30).status_code

        with ThreadPoolExecutor(8) as threads:
            assert sorted(threads.map(ask, range(80))) == [200] * 60 + [404] * 20
        statuses = [httpx.get(f"{other.url}/rest/people", headers=limited_headers).status_code for _ in range(5)]
        assert statuses == [200, 200, 429, 429, 429]
        for name in (revoked_headers, away_headers):
            assert httpx.get(f"{other.url}/rest/people", headers=name).status_code == 403
            # It refuses with a status that does not tell.
            answer = httpx.post(f"{other.url}/graphql", headers=name, json={"query": "{ people { totalCount } }"})
            assert (answer.status_code, "errors" in answer.json()) == (200, True)
        # What comes with no token of a key's is nobody's request.
        forged = {"Authorization": f"{headers['Authorization'][:-4]}AAAA"}
        assert httpx.get(f"{other.url}/rest/people", headers=forged).status_code in (401, 403)
        assert httpx.options(f"{other.url}/rest/people", headers=headers).status_code == 204
        assert api.get(f"{KEYS}/{key}/usage").json() == {"data": []}
    counted = api.get(f"{KEYS}/{key}/usage").json()["data"]
    assert totals(counted) == (80, 20)
    assert [list(item) for item in counted] == [["hour", "requests", "refused"]] * len(counted)
    for item in counted:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:00:00\.000Z", item["hour"])
    begun = datetime.fromisoformat(counted[-1]["hour"])
    assert begun <= datetime.now(UTC) < begun + timedelta(hours=2)
    assert api.get(f"/rest/apiKeys/{key}/usage").json() == counted
    query = "query($key: UUID!) { apiKeyUsage(apiKeyId: $key) { hour requests refused } }"
    shown = api.post("/metadata", json={"query": query, "variables": {"key": key}}).json()
    assert shown == {"data": {"apiKeyUsage": counted}}
    for other_key, expected in ((limited, (5, 3)), (revoked, (2, 2)), (away, (2, 2)), (silent, (0, 0))):
        assert totals(api.get(f"{KEYS}/{other_key}/usage").json()["data"]) == expected
    assert api.get(f"{KEYS}/{away}").json()["lastUsedAt"] is None


def test_which_hours_are_told(
    api: httpx.Client, new_key: Callable[..., tuple[str, dict[str, str]]], portal: BlockingPortal, shared_db: Database
) -> None:
    key, _ = new_key()
    this = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    ages = {"now": 0, "yesterday": 24, "last week": 24 * 8, "last month": 24 * 35}
    for number, age in enumerate(ages.values(), 1):
        statement = "INSERT INTO threescore.api_key_usage VALUES ($1, $2, $3, 0)"
        portal.call(shared_db.execute, statement, UUID(key), this - timedelta(hours=age), number)

    def asked(**given: str) -> list[int]:
        over_rest = api.get(f"{KEYS}/{key}/usage", params=given).json()["data"]
        query = """query($key: UUID!, $since: DateTime, $until: DateTime) {
            apiKeyUsage(apiKeyId: $key, since: $since, until: $until) { hour requests refused } }"""
        body = {"query": query, "variables": {"key": key, **given}}
        assert api.post("/metadata", json=body).json() == {"data": {"apiKeyUsage": over_rest}}
        return [item["requests"] for item in over_rest]

    def moment(age: int) -> str:
        return (this - timedelta(hours=age)).strftime("%Y-%m-%dT%H:%M:%S.000Z")

    assert asked() == [2, 1]
    assert asked(since=moment(24 * 30)) == [3, 2, 1]
    assert asked(since=moment(24 * 35)) == [4, 3, 2, 1]
    assert asked(since=moment(24 * 30), until=moment(24)) == [3]
    assert asked(since=moment(24), until=moment(0)) == [2]
    assert asked(since=moment(0), until=moment(24)) == []


def test_what_cannot_be_asked(
    api: httpx.Client,
    new_key: Callable[..., tuple[str, dict[str, str]]],
    office: Office,
    new_workspace: Callable[[], Workspace],
    new_token: Callable[[Workspace], str],
) -> None:
    key, _ = new_key()
    path = f"{KEYS}/{key}/usage"
    for name in ("since", "until"):
        answer = api.get(path, params={name: "yesterday"})
        assert (answer.status_code, name in answer.text) == (400, True)
        query = f'{{ apiKeyUsage(apiKeyId: "{key}", {name}: "yesterday") {{ hour }} }}'
        (error,) = api.post("/metadata", json={"query": query}).json()["errors"]
        assert error["message"].startswith(f"{name} must be a date and time")
    query = f'{{ apiKeyUsage(apiKeyId: "{key}", since: 5) {{ hour }} }}'
    assert "errors" in api.post("/metadata", json={"query": query}).json()
    for method in ("POST", "PATCH", "DELETE"):
        assert api.request(method, path, json={}).status_code == 404
    assert api.get(f"{KEYS}/{uuid4()}/usage").json()["code"] == "API_KEY_NOT_FOUND"
    # Keys of other workspaces are not there.
    with httpx.Client(
        base_url=api.base_url, headers={"Authorization": f"Bearer {new_token(new_workspace())}"}
    ) as other:
        assert other.get(path).json()["code"] == "API_KEY_NOT_FOUND"
    # And who sees no keys sees none of it.
    with office.client(Rules()) as client:
        answer = client.get(path)
        assert (answer.status_code, answer.json()["needs"]) == (400, "API_KEYS_AND_WEBHOOKS")


async def _keys(db: Database, workspace: Workspace, number: int) -> list[ApiKey]:
    async with db.transaction() as connection:
        until = datetime.now(UTC) + timedelta(days=1)
        return [await create_key(connection, workspace.id, f"Key {index}", until) for index in range(number)]


def _request(workspace: Workspace, key: UUID) -> Origin:
    origin = Origin({"method": "GET", "path": "/rest/people", "headers": []})
    origin.key, origin.let_in = (workspace.id, key), True
    return origin


@pytest.mark.anyio
async def test_hours_are_told_apart(db: Database, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written once holds what was seen in two of them, and the last use is the last."""
    [key] = await _keys(db, workspace, 1)
    noon = datetime(2030, 1, 1, 12, tzinfo=UTC)
    gathered = Usage(db)
    for minutes, status in ((59, 200), (59, 404), (60, 200), (119, 399)):
        moment = (noon + timedelta(minutes=minutes)).timestamp()
        monkeypatch.setattr(time, "time", lambda moment=moment: moment)
        gathered.note(_request(workspace, key.id), status)
    # Whoever is gone by now is left out.
    gathered.note(_request(workspace, uuid4()), 200)
    gathered.start()
    await gathered.stop()
    read = await read_usage(db, workspace.id, key.id, noon, noon + timedelta(days=1))
    assert read == [HourOfUse(noon, 2, 1), HourOfUse(noon + timedelta(hours=1), 2, 0)]
    used = await db.fetchval("SELECT last_used_at FROM threescore.api_key WHERE id = $1", key.id)
    assert used == noon + timedelta(minutes=119)


@pytest.mark.anyio
async def test_workers_do_not_wait_for_one_another_for_ever(db: Database, workspace: Workspace) -> None:
    """Each has seen the keys in an order of its own."""
    keys = [key.id for key in await _keys(db, workspace, 60)]
    since = datetime.now(UTC) - timedelta(hours=1)
    rounds = 8
    for _ in range(rounds):
        workers = [Usage(db) for _ in range(4)]
        for number, worker in enumerate(workers):
            for key in keys if number % 2 else reversed(keys):
                worker.note(_request(workspace, key), 200)
            worker.start()
        await asyncio.gather(*(worker.stop() for worker in workers))
    for key in keys:
        read = await read_usage(db, workspace.id, key, since, since + timedelta(hours=2))
        assert sum(item.requests for item in read) == rounds * 4


@pytest.mark.anyio
async def test_a_write_that_fails_is_not_the_last(db: Database, database_url: str, workspace: Workspace) -> None:
    [key] = await _keys(db, workspace, 1)
    own = await Database.connect(database_url, 1)
    gathered = Usage(own, 0.01)
    broken = _request(workspace, key.id)
    # An id that is none cannot be sent to the database.
    broken.key = (workspace.id, "nonsense")  # type: ignore[assignment]
    gathered.note(broken, 200)
    gathered.start()
    await asyncio.sleep(0.3)
    gathered.note(_request(workspace, key.id), 200)
    await gathered.stop()
    await own.close()
    assert await db.fetchval("SELECT requests FROM threescore.api_key_usage WHERE key_id = $1", key.id) == 1


@pytest.mark.anyio
async def test_old_counts_are_forgotten(db: Database, workspace: Workspace) -> None:
    [key] = await _keys(db, workspace, 1)
    for age in (0, 89, 91, 400):
        await db.execute(
            "INSERT INTO threescore.api_key_usage VALUES ($1, now() - make_interval(days => $2), 5, $2)", key.id, age
        )
    assert await clean(db, 400) >= 2
    kept = await db.fetch("SELECT refused FROM threescore.api_key_usage WHERE key_id = $1 ORDER BY hour", key.id)
    assert [row["refused"] for row in kept] == [89, 0]
