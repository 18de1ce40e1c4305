"""Whether a browser's request comes from a page of ours, at a name of ours; decided from headers.

A page elsewhere can have a browser ask us with cookies and certificates of whoever sits there
(CSRF), and a name elsewhere can be made to mean our address (DNS rebinding).
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address

from svcctl.errors import Denied
from svcctl.server.http.names import host_of

CSRF = "x-svcctl-csrf"
"""The header that says what only our own pages know."""

_OWN_SITES = ("same-origin", "none")


def insist_on_host(headers: Mapping[str, str], *, address: str, names: Collection[str]) -> None:
    """Raise Denied unless the Host is *address*, at which we were reached, or one of *names*.

    The port may be another one: what forwards to us has its own.  On loopback ``localhost`` is a
    name of ours.  *names* are as :func:`svcctl.server.http.names.names_of` gives them.
    """
    host = host_of(headers.get("host", ""))
    if host in names:
        return
    own, asked = _address(address), _address(host)
    if own is not None and own.is_loopback:
        if host == "localhost" or (asked is not None and asked.is_loopback):
            return
    elif own is not None and own == asked:
        return
    raise Denied(
        f"this is not {host[:100]!r}",
        hint="ask for it by its address, or have it know the name: --name NAME",
    )


def insist_on_own_page(headers: Mapping[str, str], *, scheme: str) -> None:
    """Raise Denied where a page of another origin has the browser ask.

    See the Fetch Metadata request headers of W3C, and RFC 6454 for ``Origin``.  Who sends neither
    is no browser.
    """
    site = headers.get("sec-fetch-site", "")
    if site and site not in _OWN_SITES:
        raise Denied("a page of another site asks for this", hint="open the dashboard itself")
    origin = headers.get("origin", "")
    if origin and origin.lower() != f"{scheme}://{headers.get('host', '').lower()}":
        raise Denied(f"a page of {origin[:100]!r} asks for this", hint="open the dashboard itself")


def insist_on_csrf(headers: Mapping[str, str], *, token: str) -> None:
    """Raise Denied unless the request says *token*, as ``GET /session`` told it."""
    if not hmac.compare_digest(headers.get(CSRF, "").encode(), token.encode()):
        raise Denied("no page of ours asks for this", hint=f"say the header {CSRF}")


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
