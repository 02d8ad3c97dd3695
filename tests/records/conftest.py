"""The events of a test's workspace, read from its table as webhooks and feeds will read them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal

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
