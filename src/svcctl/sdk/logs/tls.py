"""Keeps records from the wrong receiver, and from being read on their way: TLS over TCP."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress

from svcctl.errors import SystemFault, quoted


class Tls:
    """TLS 1.2 or later to *host*, whose certificate is always verified.

    *ca* is a file of certificates (PEM) that are believed in the place of the system's.
    """

    name = "tls"
    nothing_yet = ssl.SSLWantReadError

    def __init__(self, host: str, *, ca: str = "") -> None:
        """Raises SystemFault where *ca* cannot be read, or holds no certificate."""
        self._host = host
        try:
            self._context = ssl.create_default_context(cafile=ca or None)
        except OSError as error:  # an SSLError is one
            raise SystemFault(
                f"the certificates in {quoted(ca)} cannot be read: {error.strerror or error}",
                hint="give a file of certificates in PEM: ?ca=/etc/ssl/receiver.pem",
            ) from error

    def begin(self, connected: socket.socket) -> socket.socket:
        """Shake hands; raises OSError where the peer cannot prove who it is."""
        return self._context.wrap_socket(connected, server_hostname=self._host)

    def end(self, spoken: socket.socket) -> None:
        """Send the alert that RFC 5425, section 4.4, asks for, and wait for no answer."""
        assert isinstance(spoken, ssl.SSLSocket)
        with suppress(OSError, ValueError):
            spoken.settimeout(0)
            spoken.unwrap()
