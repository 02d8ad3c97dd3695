"""Which permission flags each operation on the data model and the settings needs. One table for all doors.

Operations have the names that GraphQL gives them; what REST offers is one of them. An operation that is neither in the
table nor on the list of the open ones is refused to everybody.
"""

from collections.abc import Mapping

from threescore.access.openness import OF_PERSON, PUBLIC, SESSION_ONLY
from threescore.access.tokens import PLAYGROUND
from threescore.errors import Forbidden
from threescore.records.caller import Caller

_DATA_MODEL = ("DATA_MODEL",)
_KEYS = ("API_KEYS_AND_WEBHOOKS",)
_ROLES = ("ROLES",)
_MEMBERS = ("WORKSPACE_MEMBERS",)

OPEN = frozenset(
    {
        "objects",
        "object",
        "fields",
        "field",
        "indexMetadatas",
        "index",
        "minimalMetadata",
        "currentWorkspace",
        # About the person who calls.
        "deleteUser",
        # Everybody may leave; the service has more to ask of who sends somebody else away.
        "deleteUserFromWorkspace",
        "generatePlaygroundToken",
        "updatePassword",
        *((PUBLIC | OF_PERSON) - {"__typename"}),
    }
)
"""What every caller of a workspace may do."""

NEEDED: Mapping[str, tuple[str, ...]] = {
    "createOneObject": _DATA_MODEL,
    "updateOneObject": _DATA_MODEL,
    "updateManyObjects": _DATA_MODEL,
    "deleteOneObject": _DATA_MODEL,
    "createOneField": _DATA_MODEL,
    "updateOneField": _DATA_MODEL,
    "deleteOneField": _DATA_MODEL,
    "createOneIndex": _DATA_MODEL,
    "deleteOneIndex": _DATA_MODEL,
    # It counts records that the caller may not be able to see.
    "objectRecordCounts": _DATA_MODEL,
    "updateWorkspace": ("WORKSPACE",),
    "activateWorkspace": ("WORKSPACE",),
    "deleteCurrentWorkspace": ("WORKSPACE",),
    "findWorkspaceInvitations": _MEMBERS,
    "sendInvitations": _MEMBERS,
    "resendWorkspaceInvitation": _MEMBERS,
    "deleteWorkspaceInvitation": _MEMBERS,
    "updateWorkspaceMemberRole": _ROLES,
    "apiKeys": _KEYS,
    "apiKey": _KEYS,
    "apiKeyUsage": _KEYS,
    "getApiKeyRoles": _KEYS,
    "updateApiKey": _KEYS,
    "revokeApiKey": _KEYS,
    "generateApiKeyToken": _KEYS,
    "regenerateApiKeyToken": _KEYS,
    "createApiKey": _KEYS + _ROLES,
    "assignRoleToApiKey": _KEYS + _ROLES,
    "auditEvents": ("SECURITY",),
    "webhooks": _KEYS,
    "webhook": _KEYS,
    "createWebhook": _KEYS,
    "updateWebhook": _KEYS,
    "deleteWebhook": _KEYS,
    "rotateWebhookSecret": _KEYS,
    "webhookDeliveries": _KEYS,
    "webhookDelivery": _KEYS,
    "resendWebhookDelivery": _KEYS,
    "resendFailedWebhookDeliveries": _KEYS,
    "sendTestWebhookEvent": _KEYS,
    "getRoles": _ROLES,
    "getRole": _ROLES,
    "getPermissionFlags": _ROLES,
    "createOneRole": _ROLES,
    "updateOneRole": _ROLES,
    "deleteOneRole": _ROLES,
    "upsertObjectPermissions": _ROLES,
    "upsertFieldPermissions": _ROLES,
    "upsertPermissionFlags": _ROLES,
    "upsertRowLevelPermissionPredicates": _ROLES,
    "setRowRule": _ROLES,
}
"""The flags, all of which the caller's role must hold."""


def check_operation(caller: Caller, operation: str) -> None:
    """Raises Forbidden unless the caller may do this."""
    if operation in SESSION_ONLY and caller.claims is not None and caller.claims.type == PLAYGROUND:
        raise Forbidden("This endpoint requires a session access token", code="FORBIDDEN_EXCEPTION")
    if operation in OPEN:
        return
    flags = NEEDED.get(operation)
    if not flags:
        raise Forbidden(f'Nobody may use "{operation}"', code="PERMISSION_DENIED")
    for flag in flags:
        caller.require(flag)
