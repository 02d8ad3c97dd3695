"""Rate limits over two workers: refused with all that the wire says, shared, told of, off unless asked for."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from anyio.from_thread import BlockingPortal

from tests.access.people import somebody
from tests.support import serving
from threescore.access.keys import update_key
from threescore.access.rates import BLOCK
from threescore.catalog.workspaces import Workspace
from threescore.db.pool import Database
from threescore.errors import BadRequest

LIMIT, PERIOD, WORKERS = 40, 600, 2
OWN = ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "ratelimit-policy"]
REFUSED = ["retry-after", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"]
NAMES = "query { a: people { totalCount } companies { totalCount } }"


@pytest.fixture(scope="module")
def limited(database_url: str) -> Iterator[str]:
    """The URL of a server on which keys may send so many requests in so many seconds."""
    settings = {
        "THREESCORE_DATABASE_URL": database_url,
        "THREESCORE_WORKERS": str(WORKERS),
        "THREESCORE_RATE_LIMIT": f"{LIMIT}/{PERIOD} 1000/1",
        "THREESCORE_RATE_LIMIT_WORKSPACE": f"{2 * LIMIT}/{PERIOD}",
    }
    with serving(**settings) as running:
        yield running.url


@contextmanager
def client(url: str, token: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=30) as opened:
        yield opened


def flood(url: str, token: str, count: int) -> list[httpx.Response]:
    """Answers to requests sent at once, over connections that both workers get some of."""

    async def send() -> list[httpx.Response]:
        async with httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60) as opened:
            return await asyncio.gather(*(opened.get("/rest/people?limit=1") for _ in range(count)))

    return asyncio.run(send())


def passed(answers: list[httpx.Response]) -> int:
    counted = Counter(answer.status_code for answer in answers)
    assert set(counted) <= {200, 429}, counted
    return counted[200]


def within_bounds(number: int, limit: int, seconds: float) -> None:
    """Each worker may keep up to an eighth to itself, and tokens come back while time goes by."""
    slack = WORKERS * (limit / BLOCK)
    assert limit - slack <= number <= limit + slack + limit * seconds / PERIOD + 1


@pytest.fixture
def key_id(portal: BlockingPortal, shared_db: Database, workspace: Workspace, token: str) -> Any:
    return portal.call(shared_db.fetchval, "SELECT id FROM threescore.api_key WHERE workspace_id = $1", workspace.id)


@pytest.fixture
def set_rate(
    portal: BlockingPortal, shared_db: Database, workspace: Workspace, key_id: Any
) -> Callable[[str | None], None]:
    """Gives the test's key a limit of its own."""

    async def change(text: str | None) -> None:
        async with shared_db.transaction() as connection:
            await update_key(connection, workspace.id, key_id, rate_limit=text)

    return lambda text: portal.call(change, text)


def test_the_limit_holds_over_all_workers(limited: str, token: str) -> None:
    begun = time.monotonic()
    answers = flood(limited, token, 4 * LIMIT)
    within_bounds(passed(answers), LIMIT, time.monotonic() - begun)
    # What is used up stays used up, on every worker.
    assert passed(flood(limited, token, 40)) <= 2 * LIMIT / BLOCK


def test_a_refusal_over_rest(limited: str, token: str, key_id: Any) -> None:
    flood(limited, token, 3 * LIMIT)
    with client(limited, token) as api:
        for method, path in (("GET", "/rest/people"), ("POST", "/rest/people"), ("GET", "/rest/metadata/objects")):
            refused = api.request(method, path)
            assert refused.status_code == 429
            body = refused.json()
            wait = body["retryAfterSeconds"]
            assert body == {
                "statusCode": 429,
                "error": "RATE_LIMITED",
                "messages": [f"Limit reached ({LIMIT} tokens per {PERIOD * 1000} ms)"],
                "limitKind": "speed",
                "exhaustedKind": "speed",
                "scope": {"spenderType": "apiKey", "spenderId": str(key_id), "operationType": "API_REQUEST"},
                "limit": LIMIT,
                "remaining": 0,
                "periodCount": PERIOD,
                "periodUnit": "SECOND",
                "retryAfterSeconds": wait,
            }
            assert list(body)[:3] == ["statusCode", "error", "messages"]
            assert 1 <= wait <= PERIOD // LIMIT
            headers = refused.headers
            assert headers["retry-after"] == str(wait)
            assert headers["x-ratelimit-limit"] == headers["ratelimit-limit"] == str(LIMIT)
            assert headers["x-ratelimit-remaining"] == headers["ratelimit-remaining"] == "0"
            assert abs(int(headers["x-ratelimit-reset"]) - time.time() - PERIOD) < 10
            assert "Retry-After" in headers["access-control-expose-headers"]


def test_a_refusal_over_graphql(limited: str, token: str, key_id: Any) -> None:
    flood(limited, token, 3 * LIMIT)
    with client(limited, token) as api:
        refused = api.post("/graphql", json={"query": NAMES})
        metadata = api.post("/metadata", json={"query": "{ currentWorkspace { id } }"})
    assert refused.status_code == metadata.status_code == 200
    assert int(refused.headers["retry-after"]) >= 1
    body = refused.json()
    assert body["data"] == {"a": None, "companies": None}
    assert [error["path"] for error in body["errors"]] == [["a"], ["companies"]]
    for error in (*body["errors"], *metadata.json()["errors"]):
        assert error["message"] == f"Limit reached ({LIMIT} tokens per {PERIOD * 1000} ms)"
        extensions = error["extensions"]
        assert 0 < extensions.pop("retryAfterMs") <= 1000 * PERIOD / LIMIT
        assert extensions == {
            "subCode": "RATE_LIMITED",
            "userFriendlyMessage": "Rate limit reached. Please try again later.",
            "code": "RATE_LIMITED",
            "limitKind": "speed",
            "limit": LIMIT,
            "remaining": 0,
            "periodCount": PERIOD,
            "periodUnit": "SECOND",
            "scope": {"spenderType": "apiKey", "spenderId": str(key_id)},
        }


def test_every_answer_tells_what_is_left(limited: str, token: str) -> None:
    with client(limited, token) as api:
        answers = [
            api.get("/rest/people"),
            api.get("/rest/nonsense"),
            api.get("/rest/metadata/objects"),
            api.post("/graphql", json={"query": NAMES}),
            api.post("/metadata", json={"query": "{ currentWorkspace { id } }"}),
        ]
    assert [answer.status_code for answer in answers] == [200, 400, 200, 200, 200]
    left = [int(answer.headers["ratelimit-remaining"]) for answer in answers]
    # A root field counts as a request.
    assert left == [LIMIT - 1, LIMIT - 2, LIMIT - 3, LIMIT - 5, LIMIT - 6]
    for answer in answers:
        assert answer.headers["ratelimit-limit"] == str(LIMIT)
        assert 1 <= int(answer.headers["ratelimit-reset"]) <= PERIOD
        assert answer.headers["ratelimit-policy"] == f"{LIMIT};w={PERIOD}, 1000;w=1, {2 * LIMIT};w={PERIOD}"
        assert not set(REFUSED) & set(answer.headers)


def test_all_keys_of_a_workspace_share_its_limit(
    limited: str, workspace: Workspace, new_token: Callable[[Workspace], str]
) -> None:
    begun = time.monotonic()
    tokens = [new_token(workspace) for _ in range(4)]
    total = sum(passed(flood(limited, token, 2 * LIMIT)) for token in tokens)
    within_bounds(total, 2 * LIMIT, time.monotonic() - begun)
    with client(limited, tokens[-1]) as api:
        body = api.get("/rest/people").json()
    assert body["scope"] == {
        "spenderType": "workspace",
        "spenderId": str(workspace.id),
        "operationType": "API_REQUEST",
    }


def test_workspaces_do_not_disturb_each_other(
    limited: str, token: str, new_workspace: Callable[[], Workspace], new_token: Callable[[Workspace], str]
) -> None:
    flood(limited, token, 3 * LIMIT)
    with client(limited, new_token(new_workspace())) as api:
        assert api.get("/rest/people").status_code == 200


def test_tokens_come_back(server: str, token: str, set_rate: Callable[[str | None], None]) -> None:
    """A burst of what the bucket holds, then as many as the rate gives, wherever they are sent."""
    set_rate("8/4")
    with client(server, token) as api:
        assert api.get("/rest/people").status_code == 200
        flood(server, token, 20)
        begun, fine = time.monotonic(), 0
        while (elapsed := time.monotonic() - begun) < 6:
            answer = api.get("/rest/people")
            fine += answer.status_code == 200
            if answer.status_code == 429:
                assert int(answer.headers["retry-after"]) >= 1
            time.sleep(0.05)
    # Two in a second, and what was on its way when the count began.
    assert 2 * elapsed - 4 <= fine <= 2 * elapsed + 4


def test_a_key_may_have_a_limit_of_its_own(
    limited: str, server: str, token: str, set_rate: Callable[[str | None], None]
) -> None:
    set_rate("5/600")
    with client(limited, token) as api:
        assert api.get("/rest/people").headers["ratelimit-policy"] == f"5;w=600, {2 * LIMIT};w={PERIOD}"
    # On a server without limits too.
    assert passed(flood(server, token, 20)) <= 5 + 2
    set_rate("off")
    # Workers that only refuse learn of it within a second.
    time.sleep(1.1)
    for _ in range(3):
        flood(server, token, 8)
    assert passed(flood(server, token, 20)) == 20


@pytest.mark.parametrize("text", ["5", "5/0", "0/5", "5/5 6/5", "-1/5", "x", "1/2/3"])
def test_a_limit_that_is_none(set_rate: Callable[[str | None], None], text: str) -> None:
    with pytest.raises(BadRequest, match="rate limit"):
        set_rate(text)


def test_off_unless_asked_for(api: httpx.Client) -> None:
    answers = [api.get("/rest/people") for _ in range(150)]
    answers += [api.post("/graphql", json={"query": NAMES}), api.get("/rest/metadata/objects")]
    assert {answer.status_code for answer in answers} == {200}
    assert not {*OWN, *REFUSED} & {name for answer in answers for name in answer.headers}


def test_who_is_not_let_in_spends_what_their_address_has(
    limited: str, token: str, portal: BlockingPortal, shared_db: Database, workspace: Workspace, key_id: Any
) -> None:
    """Whatever is wrong with their token, over every door, and with nothing taken from the key or the workspace."""

    async def revoke(moment: datetime | None) -> None:
        async with shared_db.transaction() as connection:
            await update_key(connection, workspace.id, key_id, revoked_at=moment)

    refusals = [({}, 403), ({"Authorization": "Bearer x"}, 401), ({"Authorization": f"Bearer {token}"}, 403)]
    portal.call(revoke, datetime.now(UTC))
    with somebody(limited) as stranger:
        left = []
        for headers, status in refusals:
            answer = stranger.http.get("/rest/people", headers=headers)
            assert answer.status_code == status
            left.append(told(answer))
            for path in ("/graphql", "/metadata"):
                answer = stranger.http.post(path, json={"query": "{ people { totalCount } }"}, headers=headers)
                if "errors" in answer.json() and "Cannot query" not in answer.text:
                    left.append(told(answer))
            if headers:
                answer = stranger.http.get("/graphql/schema.graphql", headers=headers)
                assert answer.status_code == status
                left.append(told(answer))
        assert len(left) >= 8
        assert max(left) < LIMIT
        assert min(left) >= LIMIT - 2 * len(left)

        # Too many are refused as such, from there; what is right is let in all the same.
        answers = [stranger.http.get("/rest/people", headers={"Authorization": "Bearer x"}) for _ in range(2 * LIMIT)]
        refused = answers[-1]
        assert refused.status_code == 429
        assert refused.json()["scope"] == {
            "spenderType": "address",
            "spenderId": stranger.address,
            "operationType": "API_REQUEST",
        }
        assert set(REFUSED) <= set(refused.headers)
        graphql = stranger.http.post("/graphql", json={"query": NAMES}, headers={"Authorization": "Bearer x"})
        assert graphql.json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
        assert graphql.headers["retry-after"]
        portal.call(revoke, None)
        # A worker that has refused the key looks again after a second; its first request would be let in uncounted.
        time.sleep(1.1)
        good = stranger.http.get("/rest/people", headers={"Authorization": f"Bearer {token}"})
        assert good.status_code == 200
        # The revoked key has not spent anything: a worker takes an eighth at most.
        assert int(good.headers["ratelimit-remaining"]) >= LIMIT - 1 - WORKERS * LIMIT / BLOCK
    with somebody(limited) as another:
        assert another.http.get("/rest/people").status_code == 403


def test_strangers_are_told_nothing_where_limits_are_off(server: str) -> None:
    answers = [httpx.get(f"{server}/rest/people", headers={"Authorization": "Bearer x"}) for _ in range(2 * LIMIT)]
    assert {answer.status_code for answer in answers} == {401}
    assert not {*OWN, *REFUSED} & {name for answer in answers for name in answer.headers}


def told(answer: httpx.Response) -> int:
    """How many more an answer says that there may be."""
    assert set(OWN) <= set(answer.headers), (answer.request.url, answer.text)
    assert answer.headers["ratelimit-limit"] == str(LIMIT)
    return int(answer.headers["ratelimit-remaining"])


def test_few_requests_ask_the_database(
    portal: BlockingPortal, shared_db: Database, limited: str, token: str, key_id: Any, set_rate: Callable[..., None]
) -> None:
    """A worker takes many tokens at once while there are many."""
    set_rate("10000/60")
    written = "SELECT xmin::text FROM threescore.rate_bucket WHERE spender = $1"
    seen = set()
    with client(limited, token) as api:
        for _ in range(2 * LIMIT - 20):
            assert api.get("/rest/people").status_code == 200
            seen.add(portal.call(shared_db.fetchval, written, key_id))
    assert len(seen - {None}) <= 2 + WORKERS
