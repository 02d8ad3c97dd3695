"""The events of a test's workspace, read from its table as webhooks and feeds will read them; people to group."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from anyio.from_thread import BlockingPortal

from tests.records.wire import Record, create, create_many, soft_delete
from threescore.catalog.workspaces import Workspace
from threescore.db.pool import Database


@dataclass(frozen=True)
class Event:
    """One row of the event table, its JSON decoded."""

    id: int
    object: str
    record_id: str
    operation: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    changed: tuple[str, ...]
    actor: dict[str, Any]


Events = Callable[[], list[Event]]


@pytest.fixture
def events(portal: BlockingPortal, shared_db: Database, workspace: Workspace) -> Events:
    """A function that gives the events since it was last called, in their order."""
    seen = 0

    def new_events() -> list[Event]:
        nonlocal seen
        rows = portal.call(
            shared_db.fetch,
            f"SELECT id, object, record_id::text, operation, before, after, changed, actor"
            f' FROM "{workspace.schema}"._event WHERE id > $1 ORDER BY id',
            seen,
        )
        found = [
            Event(
                row["id"],
                row["object"],
                row["record_id"],
                row["operation"],
                row["before"] and json.loads(row["before"]),
                row["after"] and json.loads(row["after"]),
                tuple(row["changed"]),
                json.loads(row["actor"]),
            )
            for row in rows
        ]
        seen = max((event.id for event in found), default=seen)
        return found

    return new_events


@pytest.fixture
def crowd(api: httpx.Client) -> dict[str, Record]:
    """Companies a (Rome), b (Oslo, owned), c (nobody works there), gone (soft-deleted), and people of each."""
    companies = create_many(
        api,
        "companies",
        [
            {"name": "a", "employees": 5, "address": {"addressCity": "Rome"}},
            {"name": "b", "address": {"addressCity": "Oslo"}, "domainName": {"primaryLinkUrl": "https://b.example"}},
            {"name": "c", "employees": 50},
            {"name": "gone", "employees": 7},
        ],
    )
    by_name = {company["name"]: company for company in companies}
    for name, city in (("a", "Rome"), ("a", "Oslo"), ("b", "Rome"), ("gone", "Paris"), (None, "Kyiv")):
        company_id = by_name[name]["id"] if name else None
        person = create(api, "people", {"city": city, "companyId": company_id, "jobTitle": f"{city} {name}"})
        by_name[person["jobTitle"]] = person
    soft_delete(api, "companies", by_name["gone"]["id"])
    return by_name
