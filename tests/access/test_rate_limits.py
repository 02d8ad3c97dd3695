"""Rate limits over two workers: refused with all that the wire says, shared, told of, off unless asked for."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from anyio.from_thread import BlockingPortal
from websockets.asyncio.client import connect

from tests.access.people import GET_LOGIN, ORIGIN, PASSWORD, RENEW, SIGN_IN, new_email, somebody
from tests.events.test_subscriptions import PROTOCOL, hear, opened, say
from tests.support import serving
from threescore.access.keys import signing_secret, update_key
from threescore.access.members import Member
from threescore.access.person_tokens import PersonTokens, Session
from threescore.access.rates import BLOCK
from threescore.access.roles import admin_role
from threescore.access.seats import join
from threescore.access.session_rows import open_session
from threescore.access.sessions import COOKIE
from threescore.access.tokens import Tokens
from threescore.access.users import create_user
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
        good = stranger.http.get("/rest/people", headers={"Authorization": f"Bearer {token}"})
        assert good.status_code == 200
        # The revoked key has not spent anything: a worker takes an eighth at most.
        assert int(good.headers["ratelimit-remaining"]) >= LIMIT - 1 - WORKERS * LIMIT / BLOCK
    with somebody(limited) as another:
        assert another.http.get("/rest/people").status_code == 403


class Person:
    """A member with the tokens of a session."""

    def __init__(self, session: Session, tokens: PersonTokens) -> None:
        assert session.member is not None
        self.member: Member = session.member
        self.access = tokens.pair(session).access.token
        self.playground = tokens.playground(session).token
        self.cookie = tokens.cookie(session).token


@pytest.fixture
def new_person(portal: BlockingPortal, shared_db: Database, workspace: Workspace) -> Callable[[], Person]:
    """Makes an administrator of the test's workspace."""

    async def make() -> Person:
        async with shared_db.transaction() as connection:
            user = await create_user(connection, new_email(), "", locale="en", is_email_verified=True)
            member = await join(connection, user, workspace.id, admin_role(workspace.id).id)
            session = await open_session(connection, user, member)
        return Person(session, PersonTokens(Tokens(await signing_secret(shared_db, None))))

    return lambda: portal.call(make)


def test_members_have_a_limit_of_their_own(
    limited: str, token: str, new_person: Callable[[], Person], set_rate: Callable[..., None]
) -> None:
    """One for all that they do: with tokens, with the cookie, through the playground."""
    set_rate("1000/600")
    flood(limited, token, 3 * LIMIT)
    one, other = new_person(), new_person()
    cookie = {"Cookie": f"{COOKIE}={one.cookie}", "Sec-Fetch-Site": "same-origin"}
    with httpx.Client(base_url=limited, timeout=30) as http:
        ways = [{"Authorization": f"Bearer {one.access}"}, {"Authorization": f"Bearer {one.playground}"}, cookie]
        left = []
        for headers in ways:
            answers = [
                http.get("/rest/people", headers=headers),
                http.post("/graphql", json={"query": "{ people { totalCount } }"}, headers=headers),
                http.post("/metadata", json={"query": "{ currentWorkspace { id } }"}, headers=headers),
            ]
            assert [answer.status_code for answer in answers] == [200, 200, 200]
            assert all("errors" not in answer.json() for answer in answers)
            left += [told(answer) for answer in answers]
            assert answers[0].headers["ratelimit-policy"] == f"{LIMIT};w={PERIOD}, 1000;w=1"
        assert left == list(range(LIMIT - 1, LIMIT - 1 - len(left), -1))
        flood(limited, one.access, 3 * LIMIT)
        for headers in ways:
            refused = http.get("/rest/people", headers=headers)
            assert refused.status_code == 429
            assert set(REFUSED) <= set(refused.headers)
            assert refused.json()["scope"] == {
                "spenderType": "workspaceMember",
                "spenderId": str(one.member.workspace_member_id),
                "operationType": "API_REQUEST",
            }
        # The workspace's keys are through, this person is: nobody else.
        assert told(http.get("/rest/people", headers={"Authorization": f"Bearer {other.access}"})) == LIMIT - 1


def test_what_is_open_to_everybody_counts_for_the_address(limited: str) -> None:
    given = {"email": new_email(), "password": PASSWORD, "origin": ORIGIN, "token": "none"}
    queries = [SIGN_IN, GET_LOGIN, RENEW, '{ checkUserExists(email: "a@b.example") { exists } }']
    with somebody(limited) as stranger:
        answers = [stranger.http.post("/metadata", json={"query": query, "variables": given}) for query in queries]
        answers += [
            stranger.http.get("/metadata/schema.graphql"),
            stranger.http.get("/open-api/core"),
            stranger.http.get("/rest/docs.md"),
            stranger.http.get("/llms.txt", headers={"Authorization": "Bearer x"}),
            stranger.http.get("/rest/"),
            stranger.http.delete("/llms.txt"),
            stranger.http.put("/graphql"),
            stranger.http.post("/metadata", content=b"{"),
        ]
        left = [told(answer) for answer in answers]
        assert len(set(left)) == len(left)
        for _ in range(2 * LIMIT):
            refused = stranger.http.post("/metadata", json={"query": SIGN_IN, "variables": given})
        assert refused.json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
        assert set(REFUSED) <= set(refused.headers)
        assert stranger.http.get("/llms.txt").status_code == 429


def test_whatever_is_answered_counts_for_who_asked(limited: str, token: str, new_person: Callable[[], Person]) -> None:
    """Nothing that a caller does wrong is free, or told to somebody else's account."""
    large = b"[" + b" " * 30_000_000
    for bearer in (token, new_person().access):
        headers = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"}
        with httpx.Client(base_url=limited, headers=headers, timeout=60) as http:
            answers = [
                http.get("/rest/open-api/core"),
                http.get("/graphql/schema.graphql"),
                http.delete("/graphql/schema.graphql"),
                http.delete("/rest/open-api/core"),
                http.get("/rest/"),
                http.get("/rest/metadata/nonsense"),
                http.get("/rest/people/00000000-0000-4000-8000-000000000000"),
                http.put("/graphql"),
                http.post("/graphql", content=b"{"),
                http.post("/metadata", content=b"[]"),
                http.post("/graphql", json={"query": "{ nonsense }"}),
                http.post("/graphql", json={"query": "{"}),
                http.post("/rest/people", content=large),
                http.post("/graphql", content=large),
            ]
            with http.stream("GET", "/rest/events/stream", headers={"Accept": "text/event-stream"}) as stream:
                answers.append(stream)
            subscribe = {"query": "subscription { recordEvents { id } }"}
            with http.stream("POST", "/graphql", json=subscribe, headers={"Accept": "text/event-stream"}) as stream:
                answers.append(stream)
        assert {answer.status_code for answer in answers} >= {200, 400, 404, 405, 413}
        left = [told(answer) for answer in answers]
        # A large body ends the connection, and the next one may be another worker's.
        assert left[:13] == list(range(LIMIT - 1, LIMIT - 14, -1))
        assert max(left[13:]) <= LIMIT - 1 - 3 + WORKERS * LIMIT / BLOCK


@pytest.mark.anyio
async def test_websockets_count_for_who_opened_them(limited: str, token: str) -> None:
    def left() -> int:
        return told(httpx.get(f"{limited}/rest/people", headers={"Authorization": f"Bearer {token}"}))

    before = await asyncio.to_thread(left)
    async with connect(f"{limited.replace('http', 'ws')}/graphql", subprotocols=[PROTOCOL]) as socket:
        await opened(socket, token)
        for number in range(3 * LIMIT):
            await say(socket, type="subscribe", id=str(number), payload={"query": "{ people { totalCount } }"})
            answer = await hear(socket)
            if answer["type"] == "error":
                break
            assert (await hear(socket))["type"] == "complete"
        assert before - number <= WORKERS * LIMIT / BLOCK + 2
        assert answer["payload"][0]["extensions"]["code"] == "RATE_LIMITED"
    await asyncio.to_thread(flood, limited, token, 2 * LIMIT)
    codes = set()
    for _ in range(6):
        async with connect(f"{limited.replace('http', 'ws')}/graphql", subprotocols=[PROTOCOL]) as socket:
            await say(socket, type="connection_init", payload={"Authorization": f"Bearer {token}"})
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2):
                    await socket.wait_closed()
            codes.add(socket.close_code)
    assert 4429 in codes


def test_a_refused_sign_in_says_when_to_come_back(server: str) -> None:
    """Those are limited always."""
    given = {"email": new_email(), "password": "wrong password"}
    with somebody(server) as stranger:
        for _ in range(11):
            answer = stranger.http.post("/metadata", json={"query": SIGN_IN, "variables": given})
    extensions = answer.json()["errors"][0]["extensions"]
    assert extensions["subCode"] == "LIMIT_REACHED"
    # Ten in a quarter of an hour: the next one in less than two minutes.
    assert 80_000 < extensions["retryAfterMs"] <= 180_000
    assert int(answer.headers["retry-after"]) * 1000 == pytest.approx(extensions["retryAfterMs"], abs=1000)


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
