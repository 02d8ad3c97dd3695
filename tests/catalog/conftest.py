"""What the tests of the catalog share."""

import pytest

from tests.catalog.workshop import Workshop
from threescore.catalog.workspaces import Workspace
from threescore.db.pool import Database


@pytest.fixture
def shop(db: Database, workspace: Workspace) -> Workshop:
    """A workspace of its own to change the model of."""
    return Workshop(db, workspace)
