"""API keys. The rules are those of the one service; here is only what it is told and what is shown."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from threescore.access.key_wire import key_values, usage_values
from threescore.access.keys import ApiKey
from threescore.access.role_wire import role_values
from threescore.graphql.metadata.context import Context, Info

Input = Mapping[str, Any]
Values = dict[str, Any]


def _shown(context: Context, key: ApiKey) -> Values:
    role = context.state.roles.get(key.role_id) if key.role_id else None
    return {**key_values(key), "role": None if role is None else role_values(role)}


def _api_keys(_root: None, info: Info) -> list[Values]:
    context = info.context
    found = [key for key in context.wait(context.services.keys.list(context.caller)) if key.revoked_at is None]
    context.count(len(found))
    return [_shown(context, key) for key in found]


def _api_key(_root: None, info: Info, *, input: Input) -> Values | None:
    context = info.context
    key = context.wait(context.services.keys.get(context.caller, UUID(input["id"])))
    return None if key is None else _shown(context, key)


def _api_key_usage(_root: None, info: Info, *, apiKeyId: str, **given: str | None) -> list[Values]:
    context = info.context
    found = context.wait(context.services.keys.usage(context.caller, UUID(apiKeyId), given))
    context.count(len(found))
    return [usage_values(item) for item in found]


def _create_key(_root: None, info: Info, *, input: Input) -> Values:
    context = info.context
    key = context.wait(context.services.keys.create(context.caller, input))
    context.renew()
    return _shown(context, key)


def _update_key(_root: None, info: Info, *, input: Input) -> Values | None:
    context = info.context
    return _changed(context, context.wait(context.services.keys.update(context.caller, UUID(input["id"]), input)))


def _revoke_key(_root: None, info: Info, *, input: Input) -> Values | None:
    context = info.context
    return _changed(context, context.wait(context.services.keys.revoke(context.caller, UUID(input["id"]))))


def _changed(context: Context, key: ApiKey | None) -> Values | None:
    if key is None:
        return None
    context.renew()
    return _shown(context, key)


def _assign_role(_root: None, info: Info, *, apiKeyId: str, roleId: str) -> bool:
    context = info.context
    context.wait(context.services.keys.assign_role(context.caller, UUID(apiKeyId), UUID(roleId)))
    context.renew()
    return True


def _generate_token(_root: None, info: Info, *, apiKeyId: str, expiresAt: str) -> Values:
    context = info.context
    return {"token": context.wait(context.services.keys.mint(context.caller, UUID(apiKeyId), expiresAt))}


def _regenerate_token(
    _root: None, info: Info, *, apiKeyId: str, expiresAt: str | None = None, overlapHours: float | None = None
) -> Values:
    context = info.context
    work = context.services.keys.regenerate(context.caller, UUID(apiKeyId), expiresAt, overlapHours)
    token = context.wait(work)
    context.renew()
    return {"token": token}


RESOLVERS: Mapping[str, Mapping[str, Callable[..., Any]]] = {
    "Query": {"apiKeys": _api_keys, "apiKey": _api_key, "apiKeyUsage": _api_key_usage},
    "Mutation": {
        "createApiKey": _create_key,
        "updateApiKey": _update_key,
        "revokeApiKey": _revoke_key,
        "assignRoleToApiKey": _assign_role,
        "generateApiKeyToken": _generate_token,
        "regenerateApiKeyToken": _regenerate_token,
    },
}
