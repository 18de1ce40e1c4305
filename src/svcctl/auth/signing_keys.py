"""Keys that people and pipelines sign with: Ed25519, kept as PKCS #8 in PEM, as OpenSSL has it."""

from __future__ import annotations

from base64 import b64encode

from svcctl.auth.library import insist_on_cryptography
from svcctl.errors import UsageError


def new_key() -> bytes:
    """Make a private key, in PEM; raises NotAvailable without the extra ``auth``."""
    insist_on_cryptography()
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - an extra
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415

    return ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def private_of(pem: bytes) -> bytes:
    """Give the 32 bytes of a private key; raises UsageError for what is none."""
    insist_on_cryptography()
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - an extra
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    try:
        found = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        found = None
    if not isinstance(found, ed25519.Ed25519PrivateKey):
        raise UsageError("this is no private key of Ed25519", hint="svcctl spec keygen FILE")
    return found.private_bytes_raw()


def public_text(private: bytes) -> str:
    """Give the public half of a private key (32 bytes) as definitions have it: base64."""
    insist_on_cryptography()
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415 - an extra

    key = ed25519.Ed25519PrivateKey.from_private_bytes(private).public_key()
    return b64encode(key.public_bytes_raw()).decode("ascii")
