"""Recorded calls of people, of keys with few rights, about roles, webhooks, limits and types, sent in their order.

`settings.jsonl` holds the calls with what is compared of their answers, `settings_differences.py` where ours is to
differ. People sign up on a server where everybody may. A second one, where people join by invitation and each key has
a limit, takes the calls that are about that.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio.from_thread import BlockingPortal

from tests.events.receiver import Call, receiving
from tests.support import serving
from threescore.access.keys import signing_secret
from threescore.access.tokens import Tokens
from threescore.db.pool import Database

from .cast import ORIGIN, RECEIVER, Cast
from .compare import Ids, differences, ordered_like, type_differences
from .differences import wrong_otherwise
from .settings_differences import SETTINGS_DIFFERENCES

CASES: list[dict[str, Any]] = [
    json.loads(line) for line in Path(__file__).with_name("settings.jsonl").read_text().splitlines()
]

ON_THE_STRICT_SERVER = ("P61", "L1", "L2", "L3", "L4", "L5", "L6", "L7")
LIMITED = ("L1", "L2", "L3", "L4", "L5", "L6")
_LIMIT = 100
# In milliseconds; the next request may be sent after 600.
_MOMENT = 400

PERSON = "person.{}".format
TOLD: dict[str, dict[tuple[str, tuple[str, ...]], int]] = {
    "W35": {(PERSON("created"), ()): 1},
    "W36": {(PERSON("updated"), ("jobTitle", "name")): 1},
    "W39": {(PERSON("deleted"), ("deletedAt",)): 1},
    "W40": {(PERSON("restored"), ("deletedAt",)): 1},
    "W41": {(PERSON("destroyed"), ()): 1},
    "W42": {(PERSON("created"), ()): 25},
    # The recorded server told nobody of these.
    "W43": {(PERSON("updated"), ("jobTitle",)): 25},
    "W45": {(PERSON("updated"), ("linkedinLink",)): 5},
    "W46": {(PERSON("deleted"), ("deletedAt",)): 25},
    # The recorded server told of one of them.
    "W47": {(PERSON("destroyed"), ()): 25},
    "W48": {(PERSON("created"), ()): 1, (PERSON("updated"), ("jobTitle",)): 1},
    "W49": {(PERSON("deleted"), ("deletedAt",)): 1},
    "W50": {(PERSON("updated"), ("deletedAt",)): 1},
    "W53": {(PERSON("created"), ()): 1},
    "W56": {("rocket.created", ()): 1},
    "W58": {("note.created", ()): 1},
}
"""What the first webhook is told of each call: events with the fields that changed, and how many of them."""

CHANGES = ("W55", "W81")
"""The calls that change and delete it."""


@dataclass(frozen=True)
class Replay:
    """What came of the calls: what is wrong with each answer, and what the webhooks were told."""

    wrong: dict[str, list[str]]
    told: list[Call]
    told_of_companies: list[Call]


@pytest.fixture(scope="module")
def replay(new_database: Callable[[], str], portal: BlockingPortal) -> Iterator[Replay]:
    """Every call made, in order."""
    url = new_database()
    with (
        receiving() as receiver,
        serving(
            THREESCORE_DATABASE_URL=url,
            THREESCORE_WORKERS="1",
            THREESCORE_MULTI_WORKSPACE="true",
            THREESCORE_OUTBOUND_ALLOW="127.0.0.1",
        ) as server,
        serving(
            THREESCORE_DATABASE_URL=url,
            THREESCORE_WORKERS="1",
            THREESCORE_RATE_LIMIT=f"{_LIMIT}/60",
            THREESCORE_DELIVERY="false",
        ) as strict,
        httpx.Client(base_url=server.url, timeout=30) as client,
        httpx.Client(base_url=strict.url, timeout=30) as strict_client,
    ):
        ids = Ids()
        cast = Cast(client, ids, Tokens(portal.call(_secret, url)))
        places = {ORIGIN: server.url, RECEIVER: receiver.url}
        wrong: dict[str, list[str]] = {}
        told: dict[str, list[Call]] = {}
        for case in CASES:
            here = strict_client if case["id"] in ON_THE_STRICT_SERVER else client
            if case["id"] in LIMITED:
                _exhaust(strict_client, cast.tokens["key"])
            if case["id"] in CHANGES:
                # Before a webhook is another one, or none, it is told of all that has happened.
                so_far = [TOLD[made] for made in wrong if made in TOLD]
                expected = sum(count for events in so_far for count in events.values())
                told = {"/hook": receiver.wait("/hook", expected), "/": receiver.wait("/", 1)}
            cast.before(case["id"])
            answer = send(here, case, cast, places)
            cast.after(case["id"], answer)
            wrong[case["id"]] = list(wrong_with(case, answer, ids, places))
        yield Replay(wrong, told["/hook"], told["/"])


async def _secret(url: str) -> str:
    database = await Database.connect(url, 1)
    try:
        return await signing_secret(database, None)
    finally:
        await database.close()


def _exhaust(client: httpx.Client, token: str) -> None:
    """Sends requests until there may be no more, nor in the next moment."""
    headers = {"Authorization": f"Bearer {token}"}
    for _ in range(10 * _LIMIT):
        answer = client.post("/graphql", json={"query": "{ people { totalCount } }"}, headers=headers).json()
        if any(error["extensions"]["retryAfterMs"] > _MOMENT for error in answer.get("errors", ())):
            return
    raise AssertionError("there is no limit")


@pytest.mark.parametrize("case_id", [case["id"] for case in CASES])
def test_case(case_id: str, replay: Replay) -> None:
    assert not replay.wrong[case_id], "\n".join(replay.wrong[case_id])


def test_every_difference_belongs_to_a_case() -> None:
    assert SETTINGS_DIFFERENCES.keys() <= {case["id"] for case in CASES}


def test_what_webhooks_were_told(replay: Replay) -> None:
    expected: Counter[tuple[str, tuple[str, ...]]] = Counter()
    for events in TOLD.values():
        expected.update(events)
    told = [call.body for call in replay.told]
    found = Counter((body["eventName"], tuple(sorted(body.get("updatedFields", ())))) for body in told)
    assert found == expected
    (by_user,) = [body for body in told if "userId" in body]
    assert list(by_user) == [
        *("targetUrl", "eventName", "objectMetadata", "workspaceId", "webhookId", "eventDate"),
        *("userId", "workspaceMemberId", "record"),
    ]
    assert by_user["record"]["jobTitle"] == "byuser"
    (company,) = replay.told_of_companies
    assert company.body["eventName"] == "company.created"
    assert company.body["record"]["name"] == "HookCo"


def send(client: httpx.Client, case: dict[str, Any], cast: Cast, places: dict[str, str]) -> httpx.Response:
    """Makes the recorded call."""
    content = None
    if "body" in case:
        content = cast.speak(case["id"], _moved(case["body"], places))
    request = client.build_request(case["method"], cast.speak(case["id"], case["path"]), content=content)
    request.headers["Content-Type"] = "application/json"
    authorization = cast.authorization(case)
    if authorization is None:
        request.headers.pop("Authorization", None)
    else:
        request.headers["Authorization"] = authorization
    return client.send(request)


def wrong_with(case: dict[str, Any], answer: httpx.Response, ids: Ids, places: dict[str, str]) -> Iterator[str]:
    """What is wrong with our answer to a case."""
    body = answer.json() if answer.content else None
    difference = SETTINGS_DIFFERENCES.get(case["id"])
    if difference is None:
        yield from _compared(case, answer.status_code, body, ids, places)
        return
    found = list(_compared(case, answer.status_code, body, ids.copy(), places))
    if not found:
        yield "is answered as it was recorded: it is no difference any more"
    elif answer.status_code != difference.status:
        yield f"status {answer.status_code} instead of {difference.status}: {answer.text[:300]}"
    elif difference.problems is None:
        yield from wrong_otherwise(difference, body, ids)
    elif found != difference.problems:
        yield f"differs in {found}"


def _compared(case: dict[str, Any], status: int, body: Any, ids: Ids, places: dict[str, str]) -> Iterator[str]:
    """How our answer differs from the recorded one."""
    if status != case["status"]:
        yield f"status {status} instead of {case['status']}: {json.dumps(body)[:300]}"
    elif "types" in case:
        yield from type_differences(case["types"], body["data"])
    elif "rows" in case:
        yield from _row_differences(case["rows"], body)
    else:
        expect = json.loads(_moved(case["expect"], places))
        if case["path"] == "/metadata" and body.get("data"):
            body = {**body, "data": ordered_like(expect.get("data"), body["data"])}
        yield from differences(expect, body, ids)


def _moved(value: Any, places: dict[str, str]) -> str:
    """The JSON of a value, with our places in the place of the recorded ones."""
    text = json.dumps(value, ensure_ascii=False)
    for recorded, ours in places.items():
        text = text.replace(recorded, ours)
    return text


def _row_differences(recorded: dict[str, Any], body: Any) -> Iterator[str]:
    """What is wrong with a list of records, compared by their number and their keys."""
    (rows,) = body["data"].values()
    if len(rows) != recorded["length"]:
        yield f"{len(rows)} rows instead of {recorded['length']}"
    for row in rows[:1]:
        missing = [key for key in recorded.get("keys", ()) if key not in row]
        if missing:
            yield f"rows lack {', '.join(missing)}"
