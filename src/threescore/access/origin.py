"""Where a request comes from, for the keys that may be used from some networks only; and who turned out to make it."""

from collections.abc import MutableMapping, Sequence
from contextvars import ContextVar
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any
from uuid import UUID

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address


class Origin:
    """One request.

    `key` is the workspace and the id of the API key whose token came with it, once that is known; `let_in` says whether
    the key was good, too. `limits` are the headers that tell of rate limits; None until the request is counted.
    """

    __slots__ = ("_scope", "_trusted", "key", "let_in", "limits")

    def __init__(self, scope: MutableMapping[str, Any], trusted: Sequence[Network] = ()) -> None:
        self._scope = scope
        self._trusted = trusted
        self.key: tuple[UUID, UUID] | None = None
        self.let_in = False
        self.limits: tuple[tuple[bytes, bytes], ...] | None = None

    @property
    def route(self) -> str:
        """What was asked for, roughly: `GET /rest/people`, `POST /graphql`; never an id."""
        parts = str(self._scope["path"]).split("/")
        depth = 4 if parts[1:3] == ["rest", "metadata"] or parts[1:3] == ["rest", "batch"] else 3
        return f"{self._scope['method']} {'/'.join(parts[:depth])}"[:200]

    @property
    def address(self) -> Address | None:
        """The client's address: that of the connection, or what a trusted proxy says about whom it forwards for."""
        client = self._scope.get("client")
        address = _address(client[0]) if client else None
        if not self._trusted:
            return address
        for forwarded in reversed(self._forwarded()):
            if address is None or not within(address, self._trusted):
                break
            # What cannot be read is no address; nothing beyond it can be trusted.
            address = _address(forwarded)
        return address

    def _forwarded(self) -> list[str]:
        headers = self._scope["headers"]
        values = [value.decode("latin-1") for name, value in headers if name == b"x-forwarded-for"]
        return [part.strip() for value in values for part in value.split(",")]


def within(address: Address, networks: Sequence[Network]) -> bool:
    """Whether an address is in one of the networks."""
    return any(address in network for network in networks)


def _address(text: str) -> Address | None:
    try:
        address = ip_address(text.strip("[]"))
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


ORIGIN: ContextVar[Origin | None] = ContextVar("origin", default=None)
"""The request that is being answered; None outside of one."""
