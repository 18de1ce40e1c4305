"""TLS as gRPC has it: version 1.3 alone, certificates exchanged while it serves.

grpcio has no setting for the least version.  Its list of cipher suites is for TLS 1.2 alone: with
one that only RSA keys could use, and a key that is none, nothing older than 1.3 can be agreed on.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from svcctl.auth.library import insist_on_cryptography
from svcctl.errors import StateFault, quoted
from svcctl.server.grpc.revoked import Revoked, read_revoked

if TYPE_CHECKING:
    import grpc

    from svcctl.auth.contexts import Material

ENVIRONMENT: Mapping[str, str] = {
    "GRPC_SSL_CIPHER_SUITES": "ECDHE-RSA-AES128-GCM-SHA256",
    "GRPC_VERBOSITY": "ERROR",  # or strangers fill the log with handshakes that fail
}
"""What grpcio reads when it is loaded, and never again."""


def prepare() -> None:
    """Set what grpcio is to read; to be called before it is loaded."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)


class Shown:
    """What a server shows and whom it trusts, now.

    Raises StateFault for files that cannot be used.
    """

    def __init__(self, material: Material) -> None:
        self._asks = bool(material.trust)
        self.reload(material)

    @property
    def revoked(self) -> Revoked:
        """Which client certificates hold no more."""
        return self._revoked

    def reload(self, material: Material) -> None:
        """Show and trust *material* in handshakes from now on; connections that are open go on.

        What cannot be read changes nothing, and raises StateFault.
        """
        trust = _read(material.trust) if material.trust else None
        revoked = read_revoked(trust, material) if trust else Revoked()
        self._now = _configuration(material, trust)
        self._revoked = revoked

    def credentials(self) -> grpc.ServerCredentials:
        """Give what a port is opened with; where somebody is trusted, all show a certificate."""
        import grpc  # noqa: PLC0415 - after prepare()

        return grpc.dynamic_ssl_server_credentials(
            self._now, lambda: self._now, require_client_authentication=self._asks
        )


def _configuration(material: Material, trust: bytes | None) -> grpc.ServerCertificateConfiguration:
    import grpc  # noqa: PLC0415 - as above

    certificate, key = _read(material.certificate), _read(material.key)
    _check(certificate, key, material)
    return grpc.ssl_server_certificate_configuration([(key, certificate)], trust)


def _check(certificate: bytes, key: bytes, material: Material) -> None:
    insist_on_cryptography()
    from cryptography import x509  # noqa: PLC0415 - an extra
    from cryptography.hazmat.primitives.asymmetric.ec import (  # noqa: PLC0415
        EllipticCurvePublicKey,
    )
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    try:
        shown = x509.load_pem_x509_certificate(certificate).public_key()
        belongs = load_pem_private_key(key, password=None).public_key() == shown
    except (TypeError, ValueError) as error:
        raise _unusable(material, str(error)) from error
    if not isinstance(shown, EllipticCurvePublicKey):
        raise _unusable(material, "its key is not on an elliptic curve, such as P-256")
    if not belongs:
        raise _unusable(material, f"it is not that of the key {quoted(material.key)}")


def _unusable(material: Material, why: str) -> StateFault:
    return StateFault(
        f"the certificate {quoted(material.certificate)} cannot be used: {why}",
        hint="see: svcctl cert issue --help",
    )


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise StateFault(
            f"{quoted(path)} cannot be read: {error.strerror}", hint="may this account read it?"
        ) from error
