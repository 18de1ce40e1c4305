"""Where a front may be reached from, and that nobody else is let in without TLS."""

from __future__ import annotations

from ipaddress import ip_address

from svcctl.errors import SpecError


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches *host*; a name is taken for one others reach."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def insist_on_safety(host: str, *, safely: bool) -> None:
    """Raise SpecError where others can reach *host*, unless they do so *safely*, by TLS."""
    if not safely and not is_loopback(host):
        raise SpecError(
            f"{host!r} can be reached from other machines, and there is no TLS",
            hint="give a certificate (--cert F --key F), or listen on 127.0.0.1",
        )
