"""Recorded GraphQL calls about the data model and API keys, sent to our server in the same order.

`metadata.jsonl` holds the calls with what is compared of their answers; `DIFFERENCES` where ours is to differ.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio.from_thread import BlockingPortal

from threescore.access.keys import create_key, signing_secret
from threescore.access.tokens import Tokens
from threescore.catalog.workspaces import create_workspace
from threescore.db.pool import Database

from .compare import Ids, differences, ordered_like

CASES: list[dict[str, Any]] = [
    json.loads(line) for line in Path(__file__).with_name("metadata.jsonl").read_text().splitlines()
]

_OWN_WORDS = "The recorded text shows the program's insides; ours says what is wrong."
_BY_KEY = "API keys can manage API keys."
_LISTED = "All versions' keys are served."

_CAUSE = "A refused change reports its cause once."
_SAID = "People are told no more than the message says."

REPORT = "METADATA_VALIDATION_FAILED"
_MANY = "Multiple validation errors occurred while"
_FIELD = ("fieldMetadata", "INVALID_FIELD_INPUT")
HOME_DEPOT = {"joinColumnName": "homeDepotId", "onDelete": "SET_NULL"}

SEARCH_INDEX = {
    "name": "<text>",
    "isUnique": False,
    "isCustom": False,
    "indexType": "GIN",
    "indexWhereClause": None,
    "indexFieldMetadataList": [{"fieldMetadataId": "<text>", "order": 0, "subFieldName": None}],
}

ADMIN = {
    "id": "35c8a3f9-6bc4-4344-a8df-a8d22693fafb",
    "label": "Admin",
    "description": "Admin role",
    "icon": "IconUserCog",
    "isEditable": False,
    **{f"can{right}": True for right in ("UpdateAllSettings", "AccessAllTools", "ReadAllObjectRecords")},
    **{f"can{right}AllObjectRecords": True for right in ("Update", "SoftDelete", "Destroy")},
    **{f"canBeAssignedTo{whom}": whom != "Agents" for whom in ("Users", "Agents", "ApiKeys")},
}


def refused(code: str, message: str, *issue: str) -> dict[str, Any]:
    """An answer with one error. With an issue, that of a report is meant: its kind, code and message."""
    error: dict[str, Any] = {"message": message, "code": code}
    if issue:
        error |= {"kind": issue[0], "issues": [{"<some>": {"code": issue[1], "message": issue[2]}}]}
    return {"errors": [error]}


DIFFERENCES: dict[str, tuple[str, dict[str, Any]]] = {
    "AF14": (_OWN_WORDS, refused("FORBIDDEN", "This API Key is expired")),
    "AF15": (_OWN_WORDS, refused("FORBIDDEN", "This API Key is expired")),
    "AF21": (_OWN_WORDS, refused("NOT_FOUND", "Could not find role for given roleId")),
    "AF23": (
        _BY_KEY,
        {
            "errors": [],
            "data": {
                "createApiKey": {
                    "id": "<text>",
                    "name": "Second",
                    "expiresAt": "2100-01-01T00:00:00.000Z",
                    "role": {"label": "Admin"},
                }
            },
        },
    ),
    "AF24": (_BY_KEY, {"errors": [], "data": {"generateApiKeyToken": {"token": "<text>"}}}),
    "AF43": (_LISTED, {"errors": [], "data": {"getApiKeyRoles": [{"id": ADMIN["id"], "label": "Admin"}]}}),
    "M2": (
        _LISTED,
        refused("GRAPHQL_VALIDATION_FAILED", 'Cannot query field "label" on type "ObjectStandardOverrides".'),
    ),
    "M10": ("Paging that makes no sense is refused.", refused("BAD_USER_INPUT", "<text>")),
    "M11": (_OWN_WORDS, refused("BAD_USER_INPUT", "Invalid cursor: nonsense")),
    "M14": (_SAID, refused("NOT_FOUND", "<text>")),
    "M15": (_SAID, refused("NOT_FOUND", "<text>")),
    "M19": (
        "What lists are ordered by has indexes too.",
        {"data": {"object": {"indexMetadataList": [SEARCH_INDEX, "<any>", "<any>"]}}},
    ),
    "M26": (
        _OWN_WORDS,
        refused(REPORT, f"{_MANY} creating fields", *_FIELD, "Default value should be as quoted string"),
    ),
    "M59": (
        _CAUSE,
        refused(
            REPORT, f"{_MANY} creating fields", *_FIELD, 'Field type POSITION must be named "position", got "pos2"'
        ),
    ),
    "M60": (
        _OWN_WORDS,
        refused(REPORT, f"{_MANY} creating fields", *_FIELD, "TS Vector is not supported for field creation"),
    ),
    "M102": (_OWN_WORDS, refused("NOT_FOUND", "Could not find flat entity in maps")),
    "M109": (
        "The join column of a renamed relation has the new name.",
        {"data": {"updateOneField": {"<some>": {"name": "homeDepot", "settings": {"<some>": HOME_DEPOT}}}}},
    ),
    "M129": (_SAID, refused("BAD_USER_INPUT", "Composite field price requires a sub-field selection")),
    "P65": (
        _OWN_WORDS,
        refused(
            REPORT,
            f"{_MANY} creating index",
            "index",
            "INDEX_DUPLICATE_VALUES",
            'Field "codeName" cannot be unique: some records share the same value',
        ),
    ),
    "P66": (
        _OWN_WORDS,
        refused(
            REPORT,
            f"{_MANY} creating fields",
            *_FIELD,
            'Field "mustHave" cannot be required: some records have no value for it.'
            " Give it a default value, or fill it in first",
        ),
    ),
    "P67": (
        "A field becomes required, or the request is refused; it is not ignored.",
        refused(
            REPORT,
            f"{_MANY} updating field",
            *_FIELD,
            'Field "thrust" cannot be required: some records have no value for it.'
            " Give it a default value, or fill it in first",
        ),
    ),
}
"""By case, why ours differs, and what takes the place of the recorded answer."""


def new_token(portal: BlockingPortal, database: Database) -> str:
    """The token of a key in a new workspace."""

    async def make() -> str:
        workspace = await create_workspace(database, "Apple")
        async with database.transaction() as connection:
            key = await create_key(connection, workspace.id, "First", datetime.now(UTC) + timedelta(days=1))
        return Tokens(await signing_secret(database, None)).mint(workspace.id, key.id, key.expires_at)

    return portal.call(make)


@pytest.fixture(scope="module")
def answers(server: str, portal: BlockingPortal, shared_db: Database) -> Iterator[dict[str, list[str]]]:
    """Every call made, in order: what is wrong with each answer."""
    headers = {"Authorization": f"Bearer {new_token(portal, shared_db)}"}
    with httpx.Client(base_url=server, headers=headers, timeout=30) as client:
        ids = Ids()
        found: dict[str, list[str]] = {}
        for case in CASES:
            if case["id"] == "P65":
                # Two records with the same code name, so that it cannot be unique.
                for number in (1, 2):
                    body = {"codeName": "X", "serialTwo": str(number)}
                    assert client.post("/rest/rockets", json=body).status_code == 201
            request = {"query": case["query"], "variables": case.get("variables")}
            response = client.post("/metadata", content=ids.replace(json.dumps(request)), headers=JSON)
            found[case["id"]] = list(wrong_with(case, response, ids))
        yield found


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("case_id", [case["id"] for case in CASES])
def test_case(case_id: str, answers: dict[str, list[str]]) -> None:
    assert not answers[case_id], "\n".join(answers[case_id])


def test_every_difference_belongs_to_a_case() -> None:
    assert DIFFERENCES.keys() <= {case["id"] for case in CASES}


def wrong_with(case: dict[str, Any], response: httpx.Response, ids: Ids) -> Iterator[str]:
    """What is wrong with our answer to a case, which is to differ from the recorded one where DIFFERENCES says so."""
    if case["id"] not in DIFFERENCES:
        yield from wrong(case, response, ids)
    elif not list(wrong(case, response, ids.copy())):
        yield "is answered as it was recorded: it is no difference any more"
    else:
        yield from wrong({**case, **DIFFERENCES[case["id"]][1]}, response, ids)


def wrong(case: dict[str, Any], response: httpx.Response, ids: Ids) -> Iterator[str]:
    """What is wrong with our answer to a case."""
    if response.status_code != case.get("status", 200):
        yield f"status {response.status_code} instead of {case.get('status', 200)}: {response.text[:500]}"
        return
    body = response.json()
    if case.get("errors"):
        recorded = [{"<some>": error} for error in case["errors"]]
        yield from differences(recorded, [shown(error) for error in body.get("errors", ())], ids, "errors")
    elif "errors" in body:
        yield f"fails: {response.text[:500]}"
    else:
        yield from differences(case["data"], ordered_like(case["data"], body["data"]), ids, "data")


def shown(error: dict[str, Any]) -> dict[str, Any]:
    """An error, as it is compared: a report as its kind and what is wrong with its one entity."""
    extensions = error["extensions"]
    result = {"message": error["message"]}
    result |= {key: extensions[key] for key in ("code", "subCode", "userFriendlyMessage") if key in extensions}
    if "errors" in extensions:
        ((kind, (failed,)),) = extensions["errors"].items()
        assert extensions["summary"] == {"totalErrors": 1, kind: 1}
        assert extensions["message"] == f"Validation failed for 1 {kind}"
        assert failed["metadataName"] == kind
        result["kind"] = kind
        result["issues"] = [{key: i[key] for key in ("code", "message", "value") if key in i} for i in failed["errors"]]
    return result
