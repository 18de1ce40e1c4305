"""Who a request comes from where a proxy hands it on: decided from headers, of trusted ones alone.

Pure.  ``X-Forwarded-For`` is what proxies have always written, ``Forwarded`` what RFC 7239 has made
of it.  A caller can write either as well: what counts is what trusted proxies have added at its
end, and where both are there it cannot be told which of them a proxy knows of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from svcctl.errors import UsageError

Address = IPv4Address | IPv6Address

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - as RFC 9110 calls it
_PAIR = re.compile(rf'[ \t]*({_TOKEN})=(?:({_TOKEN})|"((?:[^"\\]|\\.)*)")[ \t]*([;,]|\Z)')
_NODE = re.compile(
    r"\[([0-9a-fA-F:.]+)\](?::[0-9]{1,5})?|([0-9.]+)(?::[0-9]{1,5})?|([0-9a-fA-F:.]+)"
)
_NAMES = (b"forwarded", b"x-forwarded-for")


@dataclass(frozen=True, slots=True)
class Proxies:
    """Those whose word is taken for who asks: whoever is in one of *networks*."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    def trusts(self, address: str) -> bool:
        """Whether *address* is one of theirs."""
        if not self.networks:
            return False
        try:
            return self._has(_plain(ip_address(address)))
        except ValueError:
            return False

    def caller(self, peer: str, headers: Iterable[tuple[bytes, bytes]]) -> str:
        """Give the address for which *peer*, who is trusted, has handed on *headers*.

        That is the last one that is not itself trusted; *peer* where nothing is said.  Raises
        UsageError for what cannot be read so far, and where both headers are there.
        """
        said: dict[bytes, list[str]] = {}
        for name, value in headers:
            if name in _NAMES:
                said.setdefault(name, []).append(value.decode("latin-1"))
        if len(said) > 1:
            raise UsageError(
                "there are both 'Forwarded' and 'X-Forwarded-For'",
                hint="have the proxy remove the one that it does not write",
            )
        caller = peer
        for name, values in said.items():
            text = ", ".join(values)
            nodes = list(_forwarded(text)) if name == _NAMES[0] else text.split(",")
            if not nodes:
                raise _unreadable(text)
            for node in reversed(nodes):
                address = _address(node)
                caller = str(address)
                if not self._has(address):
                    return caller
        return caller

    def _has(self, address: Address) -> bool:
        return any(address in network for network in self.networks)


def read_proxies(texts: Iterable[str]) -> Proxies:
    """Read networks as CIDR has them, or addresses; raises UsageError."""
    return Proxies(tuple(map(_network, texts)))


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        found = ip_network(text)
    except ValueError as error:
        raise UsageError(
            f"{text!r} is no network: {error}", hint="such as 127.0.0.1 or 10.1.0.0/16"
        ) from error
    if not found.prefixlen:
        raise UsageError(
            f"{text!r} would have everybody say where they come from",
            hint="name the proxies, such as 10.1.0.0/16",
        )
    return found


def _forwarded(text: str) -> Iterator[str]:
    """Give the nodes that ``for`` names, one of each element; raises UsageError."""
    at, node = 0, ""
    while at < len(text):
        found = _PAIR.match(text, at)
        if found is None:
            raise _unreadable(text[at:])
        name, token, quoted, end = found.groups()
        if name.lower() == "for":
            if node:
                raise _unreadable(text)
            node = token or re.sub(r"\\(.)", r"\1", quoted or "")
        if end != ";":
            yield node
            node = ""
        at = found.end()
    if node:
        yield node


def _address(node: str) -> Address:
    found = _NODE.fullmatch(node.strip(" \t"))
    try:
        return _plain(ip_address((found[1] or found[2] or found[3]) if found else ""))
    except ValueError as error:
        raise _unreadable(node) from error


def _plain(address: Address) -> Address:
    """Give an IPv4 address as it is, also where it came as one of IPv6."""
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


def _unreadable(text: str) -> UsageError:
    return UsageError(
        f"{text.strip()[:100]!r} does not say from whom a proxy has it",
        hint="have the proxy write X-Forwarded-For or Forwarded with an address",
    )
