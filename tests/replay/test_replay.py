"""Recorded calls to another server of the same wire, sent to ours in the same order: each must be answered alike.

`cases.jsonl` holds the calls with what is compared of their answers, `differences.py` and `graphql_differences.py`
where ours is to differ. It was reduced from a recording once, and is kept by hand.
"""

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from anyio.from_thread import BlockingPortal

from threescore.access.keys import create_key, signing_secret
from threescore.access.tokens import Tokens
from threescore.catalog.workspaces import create_workspace
from threescore.db.pool import Database

from .compare import Ids, differences, group_differences, row_differences
from .differences import DIFFERENCES as REST_DIFFERENCES
from .differences import Difference, wrong_otherwise
from .graphql_differences import GRAPHQL_DIFFERENCES
from .state import after, before, set_up

CASES: list[dict[str, Any]] = [
    json.loads(line) for line in Path(__file__).with_name("cases.jsonl").read_text().splitlines()
]

DIFFERENCES = REST_DIFFERENCES | GRAPHQL_DIFFERENCES


async def new_token(database: Database) -> str:
    """The token of a key in a new workspace. Records say the name of the key that made them."""
    workspace = await create_workspace(database, f"Replay {uuid.uuid4()}")
    async with database.transaction() as connection:
        key = await create_key(connection, workspace.id, "Oracle Key", datetime.now(UTC) + timedelta(days=1))
    return Tokens(await signing_secret(database, None)).mint(workspace.id, key.id, key.expires_at)


@pytest.fixture(scope="module")
def client(server: str, portal: BlockingPortal, shared_db: Database) -> Iterator[httpx.Client]:
    """A client with a key of a workspace of its own."""
    headers = {"Authorization": f"Bearer {portal.call(new_token, shared_db)}"}
    with httpx.Client(base_url=server, headers=headers, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def answers(client: httpx.Client) -> dict[str, list[str]]:
    """Every call made, in order: what is wrong with each answer."""
    ids = Ids()
    set_up(client, ids)
    found: dict[str, list[str]] = {}
    for case in CASES:
        before(client, case["id"])
        try:
            found[case["id"]] = list(wrong(case, send(client, case, ids), ids))
        except httpx.TransportError as error:
            found[case["id"]] = [f"no answer: {error!r}"]
        after(client, case["id"])
    return found


@pytest.mark.parametrize("case_id", [case["id"] for case in CASES])
def test_case(case_id: str, answers: dict[str, list[str]]) -> None:
    assert not answers[case_id], "\n".join(answers[case_id])


def test_every_difference_belongs_to_a_case() -> None:
    assert DIFFERENCES.keys() <= {case["id"] for case in CASES}


def send(client: httpx.Client, case: dict[str, Any], ids: Ids) -> httpx.Response:
    """Makes the recorded call. A record that was given an id by the recorded server is given it by us here.

    Lists are in the order of ids, so that pages would not agree otherwise.
    """
    path, mark, query = ids.replace(case["path"]).partition("?")
    headers = {}
    match case.get("auth"):
        case None | "key":
            pass
        case "none":
            headers["Authorization"] = ""
        case "bearer":
            headers["Authorization"] = client.headers["Authorization"].replace("Bearer", "bearer")
        case "broken":
            headers["Authorization"] = client.headers["Authorization"][:-4] + "AAAA"
        case written:
            headers["Authorization"] = written
    content: str | None = case.get("raw")
    if "content_type" in case:
        headers["Content-Type"] = case["content_type"]
    if content is None and "body" in case:
        content = ids.replace(json.dumps(with_id(case), ensure_ascii=False))
        headers["Content-Type"] = "application/json"
    request = client.build_request(case["method"], path + mark + encoded(query), content=content, headers=headers)
    if case.get("auth") == "none":
        del request.headers["Authorization"]
    return client.send(request)


def with_id(case: dict[str, Any]) -> Any:
    """The recorded body, with the id of the record that came of it."""
    body = case["body"]
    creates = case["method"] == "POST" and case["status"] == 201 and "upsert" not in case["path"]
    if creates and isinstance(body, dict) and "metadata" not in case["path"] and "expect" in case:
        ((_, record),) = case["expect"]["data"].items()
        if "id" in record:
            return {"id": record["id"], **body}
    return body


def encoded(query: str) -> str:
    """A recorded query, which stands there as people read it, as it goes over the wire."""
    pairs = [pair.partition("=") for pair in query.split("&")]
    return "&".join(name + mark + quote(value, safe="") for name, mark, value in pairs)


def wrong(case: dict[str, Any], response: httpx.Response, ids: Ids) -> Iterator[str]:
    """What is wrong with our answer to a case."""
    difference = DIFFERENCES.get(case["id"])
    if difference is None:
        yield from wrong_with(None, case, response, ids)
        return
    found = list(wrong_with(None, case, response, ids.copy()))
    if not found:
        yield "is answered as it was recorded: it is no difference any more"
    elif difference.problems is None:
        yield from wrong_with(difference, case, response, ids)
    elif found != difference.problems:
        yield f"differs in {found}"


def wrong_with(
    difference: Difference | None, case: dict[str, Any], response: httpx.Response, ids: Ids
) -> Iterator[str]:
    """What is wrong with our answer, which is to differ from the recorded one in this way."""
    status = difference.status if difference else case["status"]
    if response.status_code != status:
        yield f"status {response.status_code} instead of {status}: {response.text[:300]}"
        return
    if case["method"] == "HEAD" or status == 204:
        if response.content:
            yield f"has a body: {response.text[:300]}"
        return
    body = response.json()
    if difference and difference.order is None:
        yield from wrong_otherwise(difference, body, ids)
    elif "rows" in case:
        yield from row_differences(case["rows"], body, ids)
    elif "groups" in case:
        yield from group_differences(case["groups"], body, ids, "limit=" in case["path"])
    elif "expect" in case:
        yield from differences(reordered(case["expect"], difference), body, ids)


def reordered(expect: Any, difference: Difference | None) -> Any:
    """The recorded answer, with its records in the order that is wanted."""
    if difference is None or difference.order is None:
        return expect
    ((key, records),) = expect["data"].items()
    return {"data": {key: [records[place] for place in difference.order]}}
