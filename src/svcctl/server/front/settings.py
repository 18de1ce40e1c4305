"""What a front that listens is told to do: read and checked before anything is opened.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from svcctl.auth.contexts import Material
from svcctl.errors import UsageError
from svcctl.server.http.proxies import Proxies


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Where a front listens, what it shows, whom it lets in by certificate, whom it becomes.

    *scheme* is that of its URLs without TLS.  *material* is None without TLS; *domain* is the trust
    domain of client certificates (empty: none is taken); *user* is the account to become (empty:
    as :mod:`svcctl.bootstrap.confining` chooses).
    """

    scheme: str
    host: str
    port: int
    material: Material | None = None
    domain: str = ""
    user: str = ""

    def url_at(self, port: int) -> str:
        """Give where it is found, as far as the address says so, at the *port* it was given."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}{'s' if self.material else ''}://{host}:{port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """What an HTTP front is told: *names* are further names of this host.

    *proxies* are taken at their word for whom they hand on.
    """

    at: Listening
    names: tuple[str, ...] = ()
    proxies: Proxies = field(default_factory=Proxies)
    dashboard: bool = True


def read_listen(text: str) -> tuple[str, int]:
    """Read ``HOST:PORT``, an IPv6 address in brackets; raises UsageError."""
    host, colon, number = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        colon = ""
    if not colon or not host or not (number.isascii() and number.isdecimal()):
        raise UsageError(
            f"{text!r} is no address to listen at", hint="such as 127.0.0.1:7411 or [::1]:7411"
        )
    if int(number) > 65_535:
        raise UsageError(f"there is no port {number}", hint="0 to 65535; 0: any that is free")
    return host, int(number)


def material_of(*, certificate: str, key: str, client_ca: str, domain: str) -> Material | None:
    """Give the files of TLS, None where there is none; raises UsageError for half of them."""
    if bool(certificate) != bool(key):
        given, missing = ("--cert", "--key") if certificate else ("--key", "--cert")
        raise UsageError(f"{given} is given without {missing}", hint="TLS needs both of them")
    if client_ca and not certificate:
        raise UsageError(
            "client certificates can only be shown over TLS", hint="give --cert and --key too"
        )
    if bool(client_ca) != bool(domain):
        raise UsageError(
            "client certificates need an authority and its domain",
            hint="give both: --client-ca trust.pem --domain example.org",
        )
    if not certificate:
        return None
    return Material(certificate=certificate, key=key, trust=client_ca, optional=True)


def listening_of(
    address: str,
    *,
    scheme: str,
    certificate: str | None,
    key: str | None,
    client_ca: str | None,
    domain: str | None,
    user: str | None,
) -> Listening:
    """Give what the options say; raises UsageError."""
    host, port = read_listen(address)
    material = material_of(
        certificate=certificate or "",
        key=key or "",
        client_ca=client_ca or "",
        domain=domain or "",
    )
    return Listening(
        scheme=scheme,
        host=host,
        port=port,
        material=material,
        domain=domain or "",
        user=user or "",
    )
