"""Roles for tests of what they mean."""

import pytest
from anyio.from_thread import BlockingPortal

from tests.access.roles import NewOffice, Office
from tests.records.conftest import events as events
from threescore.catalog.workspaces import Workspace
from threescore.db.pool import Database


@pytest.fixture(scope="session")
def new_office(portal: BlockingPortal, shared_db: Database, server: str) -> NewOffice:
    """A function that gives what hands out roles and keys of a workspace."""
    return lambda workspace: Office(portal, shared_db, workspace, server)


@pytest.fixture
def office(workspace: Workspace, new_office: NewOffice) -> Office:
    """Hands out roles and keys of the test's workspace."""
    return new_office(workspace)
