"""API keys as both doors show them."""

from typing import Any

from threescore.access.keys import ApiKey
from threescore.access.usage import HourOfUse
from threescore.catalog.wire import iso


def key_values(key: ApiKey) -> dict[str, Any]:
    """What can be told of a key: never a token."""
    return {
        "id": str(key.id),
        "workspaceId": str(key.workspace_id),
        "name": key.name,
        "expiresAt": iso(key.expires_at),
        "revokedAt": None if key.revoked_at is None else iso(key.revoked_at),
        "createdAt": iso(key.created_at),
        "updatedAt": iso(key.updated_at),
        "roleId": None if key.role_id is None else str(key.role_id),
        "createdBy": key.created_by,
        "lastUsedAt": None if key.last_used_at is None else iso(key.last_used_at),
        "lastUsedRoute": key.last_used_route,
        "rateLimit": key.rate_limit,
        "allowedNetworks": list(key.allowed_networks),
        "scope": None
        if key.scope is None
        else {
            "allObjects": key.scope.of_all.value,
            "objects": [
                {"objectMetadataId": str(item.object_id), "access": item.access.value} for item in key.scope.objects
            ],
        },
    }


def usage_values(item: HourOfUse) -> dict[str, Any]:
    """What is told of an hour in which a key was used."""
    return {"hour": iso(item.hour), "requests": item.requests, "refused": item.refused}
