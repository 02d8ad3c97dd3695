"""Where the server may connect to on a caller's behalf.

A target is looked at twice: when it is stored, for a clear answer, and when it is called, which is what protects. The
call connects to the very addresses that were looked at (`connecting`), so a name that answers differently the next time
gains nothing. Hosts written in other ways (decimal, octal, hexadecimal) need no care of their own: whatever the
system makes of them is an address, and addresses are what is checked.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from yarl import URL

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Lookup = Callable[[str, int], Awaitable[Sequence[str]]]
"""Gives the addresses of a host for a port. Raises OSError."""

LOOKUP_SECONDS = 5
MAX_URL_LENGTH = 2000

_REFUSED: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
        # A public address, but the metadata server of a cloud answers there.
        "168.63.129.16/32",
    )
)
_PUBLIC_V6 = IPv6Network("2000::/3")
_REFUSED_V6: tuple[IPv6Network, ...] = tuple(
    IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "3fff::/20", "2620:4f:8000::/48")
)
# Where an IPv6 address carries an IPv4 address that is the real target: the network, and how far right it ends.
_CARRIERS: tuple[tuple[IPv6Network, int], ...] = (
    (IPv6Network("::/96"), 0),
    (IPv6Network("::ffff:0:0/96"), 0),
    (IPv6Network("::ffff:0:0:0/96"), 0),
    (IPv6Network("64:ff9b::/96"), 0),
    (IPv6Network("2002::/16"), 80),
)


class TargetRefused(Exception):
    """The target is not one that may be called; the message says why, and what would help."""


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet, through whatever it is wrapped in."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _REFUSED)
    for network, shift in _CARRIERS:
        if address in network:
            # 6to4 leads to a relay besides; what is inside must be public all the same.
            return is_public(IPv4Address((int(address) >> shift) & 0xFFFFFFFF))
    if address.scope_id is not None or address not in _PUBLIC_V6:
        return False
    return not any(address in network for network in _REFUSED_V6)


class Outbound:
    """What may be called: everything public, and the hosts and networks that a setting admits."""

    def __init__(self, allowed: Iterable[str] = (), lookup: Lookup | None = None) -> None:
        self._hosts: set[str] = set()
        self._networks: list[Network] = []
        self._lookup = lookup or _system_lookup
        for item in allowed:
            try:
                self._networks.append(ip_network(item.strip("[]"), strict=False))
            except ValueError:
                self._hosts.add(_plain(item))

    def admits(self, host: str, address: str) -> bool:
        """Whether that address may be called, as one of that host."""
        if _plain(host) in self._hosts:
            return True
        found = ip_address(address)
        plain = found.ipv4_mapped if isinstance(found, IPv6Address) and found.ipv4_mapped else found
        return any(plain in network for network in self._networks) or is_public(found)

    async def addresses(self, host: str, port: int) -> list[str]:
        """The addresses of a host that may be called, at least one. Raises TargetRefused, and OSError."""
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                found = await self._lookup(host.rstrip("."), port)
        except TimeoutError as error:
            raise OSError(f"the name {host} was not resolved within {LOOKUP_SECONDS} seconds") from error
        admitted = [address for address in found if self.admits(host, address)]
        if not admitted:
            raise TargetRefused(
                f"{host} is {', '.join(found) or 'no address'}, which is not on the public internet."
                " THREESCORE_OUTBOUND_ALLOW can admit it."
            )
        return admitted

    async def check(self, url: URL) -> None:
        """Raises TargetRefused for a target that may not be called. One that has no address yet may be."""
        assert url.raw_host is not None
        try:
            await self.addresses(url.raw_host, url.port or 0)
        except OSError:
            return


def parse_target(text: str) -> URL:
    """The URL of a target, in its normal form. Raises ValueError when it is not an HTTP or HTTPS URL with a host."""
    text = text.strip()
    if len(text) > MAX_URL_LENGTH or any(ord(character) < 33 or ord(character) == 127 for character in text):
        raise ValueError("spaces, control characters or too long")
    url = URL(text)
    if url.scheme not in ("http", "https") or not url.raw_host or "://" not in text:
        raise ValueError("no HTTP or HTTPS URL")
    url = url.with_fragment(None)
    return url.with_path("/", keep_query=True) if url.raw_path == "/" else url


def _plain(host: str) -> str:
    return host.strip().strip("[]").rstrip(".").lower()


async def _system_lookup(host: str, port: int) -> list[str]:
    loop = asyncio.get_running_loop()
    try:
        found: list[Any] = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError(f"{host} is no name that can be resolved") from error
    return list(dict.fromkeys(str(item[4][0]) for item in found))
