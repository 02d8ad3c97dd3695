"""Where a request comes from."""

from collections.abc import MutableMapping
from typing import Any


def client_address(scope: MutableMapping[str, Any]) -> str:
    """The address at the other end of the connection."""
    client = scope.get("client")
    return str(client[0]) if client else ""
