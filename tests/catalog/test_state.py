"""What a worker knows of the workspaces that it serves."""

from uuid import uuid4

import pytest

from threescore.catalog import state
from threescore.catalog.state import Workspaces
from threescore.catalog.workspaces import create_workspace
from threescore.db.pool import Database

pytestmark = pytest.mark.anyio


async def test_workspaces_that_were_not_used_for_longest_leave(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """With all that was derived of their models: schemas, statements, documents."""
    monkeypatch.setattr(state, "WORKSPACE_LIMIT", 2)
    one, two, three = [(await create_workspace(db, f"Test {uuid4()}")).id for _ in range(3)]
    workspaces = Workspaces(db)
    first, second = await workspaces.get(one), await workspaces.get(two)
    assert await workspaces.get(one) is first
    await workspaces.get(three)
    assert await workspaces.get(one) is first
    assert (await workspaces.get(two)).model is not second.model
