"""TLS as both sides must have it: version 1.3, a certificate from each, revocation looked at.

What a server shows and trusts can be exchanged while it serves: connections that are open go on,
further ones get the new.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from svcctl.errors import StateFault, quoted

if TYPE_CHECKING:
    import ssl


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Files of one side: its certificate and key, and whom it trusts (with what was revoked).

    *trust* may be empty on a server that asks nobody for a certificate.  *optional*: who has none
    is let in all the same, to show something else.
    """

    certificate: str
    key: str
    trust: str
    optional: bool = False


def server_context(material: Material) -> ssl.SSLContext:
    """Give what a server needs; raises StateFault.

    It lets in nobody without a certificate, unless that is optional or nobody is trusted.
    """
    import ssl  # noqa: PLC0415 - what nobody serves is not loaded

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.num_tickets = 0  # a session that is resumed would pass by what was revoked since
    return _strict(context, material)


def client_context(material: Material) -> ssl.SSLContext:
    """Give what a client needs; the server's name is looked at too; raises StateFault."""
    import ssl  # noqa: PLC0415 - as above

    return _strict(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), material)


class ServerContexts:
    """The context of a listener, and what it shows and trusts now."""

    def __init__(self, material: Material) -> None:
        self._now = server_context(material)
        self.listening = server_context(material)
        self.listening.sni_callback = self._choose

    def reload(self, material: Material) -> None:
        """Show and trust *material* from now on; what cannot be read changes nothing.

        Raises StateFault.
        """
        self._now = server_context(material)

    def _choose(self, connection: ssl.SSLObject, name: str | None, first: ssl.SSLContext) -> None:
        """Called in every handshake, whether or not a name was asked for."""
        del name, first
        connection.context = self._now


def _strict(context: ssl.SSLContext, material: Material) -> ssl.SSLContext:
    import ssl  # noqa: PLC0415 - as above

    context.minimum_version = ssl.TLSVersion.TLSv1_3
    try:
        context.load_cert_chain(material.certificate, material.key)
    except (OSError, ssl.SSLError) as error:
        raise StateFault(
            f"the certificate {quoted(material.certificate)} cannot be used: {_why(error)}",
            hint="see: svcctl cert list; its key must be readable for who serves",
        ) from error
    if material.trust:
        _trust(context, material)
    return context


def _trust(context: ssl.SSLContext, material: Material) -> None:
    """Have the other side show a certificate, which is looked up among those that were revoked."""
    import ssl  # noqa: PLC0415 - as above

    context.verify_mode = ssl.CERT_OPTIONAL if material.optional else ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF | ssl.VERIFY_X509_STRICT
    try:
        context.load_verify_locations(material.trust)
    except (OSError, ssl.SSLError) as error:
        raise StateFault(
            f"{quoted(material.trust)} says of nobody that they are trusted: {_why(error)}",
            hint="give the trust.pem of: svcctl cert init",
        ) from error
    if not context.cert_store_stats()["crl"]:
        raise StateFault(
            f"{quoted(material.trust)} does not say which certificates were revoked",
            hint="add the authority's list (X509 CRL, PEM) to the file; an empty one will do",
        )


def _why(error: OSError) -> str:
    return error.strerror or str(error)
