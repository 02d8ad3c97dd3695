"""Who a command acts for, where a service asks."""

from datetime import UTC, datetime
from functools import cached_property
from uuid import UUID

import msgspec

from threescore.access.keys import ApiKey
from threescore.access.roles import admin_role
from threescore.catalog.state import Workspaces, WorkspaceState
from threescore.cli.workplace import Workplace
from threescore.records.caller import Caller

NAME = "Command line"


class Operator(Caller, frozen=True, dict=True):
    """Whoever runs the command line. They hold the database, so they may do what an administrator may.

    The principal is a key that does not exist: no row of it, no token, nothing to be revoked.
    """

    def renewed(self, state: WorkspaceState) -> "Operator":
        return Operator(state, self.principal, self.role)

    @cached_property
    def actor(self) -> bytes:
        return msgspec.json.encode({"source": "SYSTEM", "workspaceMemberId": None, "name": NAME, "context": {}})


async def operator_of(workplace: Workplace) -> Operator:
    """Who works there at the command line."""
    state = await Workspaces(workplace.database).get(workplace.workspace.id)
    role = admin_role(workplace.workspace.id)
    beginning, end = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    nobody = ApiKey(
        id=UUID(int=0),
        workspace_id=workplace.workspace.id,
        name=NAME,
        role_id=role.id,
        expires_at=end,
        created_at=beginning,
        updated_at=beginning,
    )
    return Operator(state, nobody, role)
