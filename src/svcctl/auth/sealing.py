"""Signs a text and proves who did: what is sent through others must not be altered on the way.

Ed25519 over the text as it is sent, after a line that says what it is for, ``svcctl command 1`` and
the like: so nobody depends on how two programs would write the same document (no canonical form,
such as RFC 8785, is needed), and a signature made for something else is not taken for one of these.
"""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from enum import StrEnum

from svcctl.auth.library import insist_on_cryptography
from svcctl.errors import Denied

_HINT = "sign it with a key of [access.signers]"


class Purpose(StrEnum):
    """What a text is signed as."""

    COMMAND = "command"
    REPLY = "reply"
    EVENT = "event"


def seal(text: str, private: bytes, *, purpose: Purpose = Purpose.COMMAND) -> str:
    """Give the signature of *text* by a private key of 32 bytes, as base64url.

    Raises NotAvailable without the extra ``auth``.
    """
    insist_on_cryptography()
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415 - an extra

    key = ed25519.Ed25519PrivateKey.from_private_bytes(private)
    return urlsafe_b64encode(key.sign(_covered(text, purpose))).rstrip(b"=").decode()


def insist_sealed(
    text: str, signature: str, public: bytes, *, purpose: Purpose = Purpose.COMMAND
) -> None:
    """Raise Denied unless *signature* is that of *text* by the key whose public half is given."""
    insist_on_cryptography()
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - an extra
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415

    try:
        content = b64decode(signature + "=" * (-len(signature) % 4), altchars=b"-_", validate=True)
        key = ed25519.Ed25519PublicKey.from_public_bytes(public)
        key.verify(content, _covered(text, purpose))
    except (InvalidSignature, ValueError) as error:
        raise Denied("the signature does not hold", hint=_HINT) from error


def _covered(text: str, purpose: Purpose) -> bytes:
    return f"svcctl {purpose} 1\n{text}".encode()
