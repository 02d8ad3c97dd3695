"""API keys over REST. The rules are those of the one service; here are the shapes of requests and answers."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from threescore.access.key_changes import KeyChanges
from threescore.access.key_wire import key_values, usage_values
from threescore.access.keys import ApiKey
from threescore.access.operations import check_operation
from threescore.errors import InvalidInput
from threescore.records.caller import Caller
from threescore.rest.metadata_pages import Page, by_place

Query = Sequence[tuple[str, str]]

NOTHING = object()
"""What answers where there is nothing: no body at all."""


class ApiKeys:
    """Answers requests about API keys."""

    def __init__(self, keys: KeyChanges) -> None:
        self._keys = keys

    async def __call__(
        self, caller: Caller, operation: str, key_id: UUID | None, query: Query, body: object, *, bare: bool
    ) -> tuple[int, Any]:
        """The status and the JSON value that answer a request, or NOTHING. `bare` leaves the envelope of lists away."""
        check_operation(caller, operation)
        if operation == "apiKeys" and key_id is None:
            found = [key for key in await self._keys.list(caller) if key.revoked_at is None]
            if bare:
                return 200, [key_values(key) for key in found]
            return 200, Page(query).of(found, key_values, by_place(found))
        sent = _object(body)
        if key_id is None:
            return 201, key_values(await self._keys.create(caller, sent))
        match operation:
            case "apiKeys":
                return 200, _shown(await self._keys.get(caller, key_id))
            case "apiKeyUsage":
                hours = [usage_values(item) for item in await self._keys.usage(caller, key_id, dict(query))]
                return 200, hours if bare else {"data": hours}
            case "updateApiKey":
                return 200, _shown(await self._keys.update(caller, key_id, sent))
            case "revokeApiKey":
                return 200, _shown(await self._keys.revoke(caller, key_id))
            case "generateApiKeyToken":
                return 201, {"token": await self._keys.mint(caller, key_id, _text(sent, "expiresAt"))}
            case _:
                overlap = sent.get("overlapHours")
                if overlap is not None and (isinstance(overlap, bool) or not isinstance(overlap, int | float)):
                    raise InvalidInput(["overlapHours must be a number"])
                expires_at = _text(sent, "expiresAt")
                return 201, {"token": await self._keys.regenerate(caller, key_id, expires_at, overlap)}


def _object(body: object) -> dict[str, Any]:
    if body is not None and not isinstance(body, dict):
        raise InvalidInput(["body must be an object"])
    return body or {}


def _text(sent: dict[str, Any], name: str) -> str | None:
    value = sent.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidInput([f"{name} must be a string"])
    return value


def _shown(key: ApiKey | None) -> Any:
    return NOTHING if key is None else key_values(key)
