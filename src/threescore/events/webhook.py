"""A webhook as a value, and as the wire shows it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from threescore.catalog.wire import iso


class CustomHeader(Struct, frozen=True):
    """A header that each call carries, for a receiver that wants one."""

    name: str
    value: str


class Sealed(Struct, frozen=True, omit_defaults=True):
    """What of a webhook is kept encrypted."""

    secret: str
    previous: str | None = None
    header: CustomHeader | None = None


class Webhook(Struct, frozen=True, kw_only=True):
    """A webhook. `sealed` is None where its secrets cannot be read, because the server's own is another one now.

    It is *paused* when somebody wants its deliveries to wait, *switched off* when there are none.
    """

    id: UUID
    workspace_id: UUID
    target_url: str
    operations: list[str]
    description: str | None
    sealed: Sealed | None
    previous_secret_until: datetime | None
    updated_fields: list[str] | None
    filter: dict[str, Any] | None
    is_paused: bool
    failing_since: datetime | None
    hold_until: datetime | None
    switched_off_at: datetime | None
    switched_off_reason: str | None
    created_at: datetime
    updated_at: datetime

    @property
    def secret(self) -> str:
        return self.sealed.secret if self.sealed else ""

    @property
    def previous_secret(self) -> str | None:
        """The secret that was replaced, for as long as it is good."""
        if self.sealed is None or self.previous_secret_until is None or self.previous_secret_until <= datetime.now(UTC):
            return None
        return self.sealed.previous


def webhook_values(webhook: Webhook) -> dict[str, Any]:
    """A webhook as the wire shows it, without its secrets and its header: what events tell, too."""

    def moment(value: datetime | None) -> str | None:
        return None if value is None else iso(value)

    return {
        "id": str(webhook.id),
        "targetUrl": webhook.target_url,
        "operations": webhook.operations,
        "description": webhook.description,
        "updatedFields": webhook.updated_fields,
        "filter": webhook.filter,
        "isPaused": webhook.is_paused,
        "isActive": webhook.switched_off_at is None,
        "switchedOffAt": moment(webhook.switched_off_at),
        "switchedOffReason": webhook.switched_off_reason,
        "failingSince": moment(webhook.failing_since),
        "previousSecretUntil": moment(webhook.previous_secret_until) if webhook.previous_secret else None,
        "workspaceId": str(webhook.workspace_id),
        "createdAt": iso(webhook.created_at),
        "updatedAt": iso(webhook.updated_at),
        "deletedAt": None,
    }
