"""Who a request acts for, and what is known of the workspace while it does."""

from functools import cached_property

import msgspec
from msgspec import Struct

from threescore.access.keys import ApiKey
from threescore.catalog.state import WorkspaceState
from threescore.model.objects import Model


class Caller(Struct, frozen=True, dict=True):
    """An API key at work in its workspace."""

    state: WorkspaceState
    key: ApiKey

    @property
    def model(self) -> Model:
        return self.state.model

    @property
    def actor_name(self) -> str:
        """The name that `createdBy` and `updatedBy` show."""
        return self.key.name

    @cached_property
    def actor(self) -> bytes:
        """The actor as records and events keep it, as JSON."""
        return msgspec.json.encode(
            {
                "source": "API",
                "workspaceMemberId": None,
                "name": self.key.name,
                "context": {},
                "apiKeyId": self.key.id,
            }
        )
