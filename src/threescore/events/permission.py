"""Who may see and change webhooks and their deliveries."""

from threescore.records.caller import Caller

FLAG = "API_KEYS_AND_WEBHOOKS"


def require_settings(caller: Caller) -> None:
    """Raises Forbidden unless the caller may manage webhooks, which every API key may, as it may manage API keys."""
    assert caller.key.workspace_id == caller.model.workspace_id
