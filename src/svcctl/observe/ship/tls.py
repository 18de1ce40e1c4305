"""Keeps records from the wrong receiver, and from being read on their way: TLS over TCP."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress

from svcctl.errors import SystemFault, quoted


def context(*, ca: str = "", cert: str = "", key: str = "") -> ssl.SSLContext:
    """Give what verifies servers.

    *ca* is a file of certificates (PEM) that are believed in the place of the system's, *cert* and
    *key* are files by which we prove who we are.  Raises SystemFault where one of them cannot be
    read, or does not hold what it should.
    """
    try:
        found = ssl.create_default_context(cafile=ca or None)
    except OSError as error:  # an SSLError is one
        raise SystemFault(
            f"the certificates in {quoted(ca)} cannot be read: {error.strerror or error}",
            hint="give a file of certificates in PEM",
        ) from error
    if cert:
        try:
            found.load_cert_chain(cert, key or None)
        except OSError as error:
            raise SystemFault(
                f"the certificate in {quoted(cert)} cannot be used: {error.strerror or error}",
                hint="give a file with a certificate, and one with its key, in PEM",
            ) from error
    return found


class Tls:
    """TLS 1.2 or later to *host*, whose certificate is always verified: see :func:`context`."""

    name = "tls"
    nothing_yet = ssl.SSLWantReadError

    def __init__(self, host: str, *, ca: str = "", cert: str = "", key: str = "") -> None:
        """Raises SystemFault as :func:`context` does."""
        self._host = host
        self._context = context(ca=ca, cert=cert, key=key)

    def begin(self, connected: socket.socket) -> socket.socket:
        """Shake hands; raises OSError where the peer cannot prove who it is."""
        return self._context.wrap_socket(connected, server_hostname=self._host)

    def end(self, spoken: socket.socket) -> None:
        """Send the alert that RFC 5425, section 4.4, asks for, and wait for no answer."""
        assert isinstance(spoken, ssl.SSLSocket)
        with suppress(OSError, ValueError):
            spoken.settimeout(0)
            spoken.unwrap()
