"""What this server is called by who asks it: what is signed for another is not for us."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from svcctl.server.addresses import is_loopback

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def names_of(listen: str, *, certificate: str = "", more: Iterable[str] = ()) -> frozenset[str]:
    """Give the names of a server that listens at *listen*, in small letters, without a port.

    Those are the names in its *certificate* (a file in PEM), those of loopback where it listens
    there, and *more*.  A certificate's wildcard is no name: others may have it too.  Raises
    StateFault for a certificate that cannot be read.
    """
    found = {_plain(each) for each in more}
    if is_loopback(listen):
        found |= {*_LOOPBACK, _plain(listen)}
    if certificate:
        found |= set(_names_in(certificate))
    return frozenset(found - {""})


def host_of(authority: str) -> str:
    """Give the host of a Host header, in small letters; empty where it has none."""
    if any(each in authority for each in "/?#@\\ \t") or not authority.isascii():
        return ""
    try:
        parts = urlsplit(f"//{authority}")
        return _plain(parts.hostname or "") if parts.port != 0 else ""
    except ValueError:
        return ""


def _names_in(path: str) -> list[str]:
    from cryptography import x509  # noqa: PLC0415 - an extra

    from svcctl.errors import StateFault, quoted  # noqa: PLC0415

    try:
        with open(path, encoding="ascii") as file:  # noqa: PTH123 - pathlib is slow to load
            der = ssl.PEM_cert_to_DER_cert(file.read().partition("-----END")[0] + _END)
        names = (
            x509.load_der_x509_certificate(der)
            .extensions.get_extension_for_class(x509.SubjectAlternativeName)
            .value
        )
    except x509.ExtensionNotFound:
        return []
    except (OSError, ValueError) as error:
        raise StateFault(f"the certificate {quoted(path)} cannot be read: {error}") from error
    hosts = names.get_values_for_type(x509.DNSName)
    addresses = map(str, names.get_values_for_type(x509.IPAddress))
    return [_plain(each) for each in (*hosts, *addresses) if "*" not in each]


_END = "-----END CERTIFICATE-----"


def _plain(name: str) -> str:
    """Give *name* in the one form it is compared in."""
    name = name.strip("[]").lower().removesuffix(".")
    try:
        return str(ip_address(name))
    except ValueError:
        return name
