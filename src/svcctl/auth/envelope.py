"""Documents that are signed whole: envelopes after DSSE 1.0, with Ed25519.

https://github.com/secure-systems-lab/dsse: the signature covers the bytes of what is carried and
what kind of thing it is, so that nothing has to be put in a canonical form, and nothing signed for
another purpose is taken for one of ours.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping

from svcctl.auth.library import insist_on_cryptography
from svcctl.errors import Denied, UsageError

SPEC = "application/vnd.svcctl.spec+json"
"""The kind of what carries definitions."""

_HINT = "make one: svcctl spec sign FILE --key KEY"


def seal(payload: bytes, *, kind: str, key_id: str, private: bytes) -> dict[str, object]:
    """Give the envelope of *payload*, signed with a private key of 32 bytes."""
    insist_on_cryptography()
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415 - an extra

    signature = ed25519.Ed25519PrivateKey.from_private_bytes(private).sign(_covered(kind, payload))
    return {
        "payload": b64encode(payload).decode("ascii"),
        "payloadType": kind,
        "signatures": [{"keyid": key_id, "sig": b64encode(signature).decode("ascii")}],
    }


def contents(envelope: object, *, kind: str) -> bytes:
    """Give what *envelope* carries, of which nothing is proven; raises UsageError."""
    return _read(envelope, kind)[0]


def opened(envelope: object, keys: Mapping[str, bytes], *, kind: str) -> tuple[str, bytes]:
    """Give the id of the key that signed *envelope*, one of *keys*, and what it carries.

    *keys* has public ones of 32 bytes by their ids.  Raises UsageError for what is no envelope,
    Denied where none of *keys* signed it.
    """
    insist_on_cryptography()
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - an extra
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415

    payload, key_id, signature = _read(envelope, kind)
    if key_id not in keys:
        raise Denied(f"it is signed with key {key_id!r:.80}, which is not trusted here")
    try:
        key = ed25519.Ed25519PublicKey.from_public_bytes(keys[key_id])
        key.verify(signature, _covered(kind, payload))
    except InvalidSignature as error:
        raise Denied(f"the signature with key {key_id!r:.80} is wrong", hint=_HINT) from error
    return key_id, payload


def _covered(kind: str, payload: bytes) -> bytes:
    """Give what is signed: the protocol's "pre-authentication encoding"."""
    name = kind.encode()
    return b"DSSEv1 %d %s %d %s" % (len(name), name, len(payload), payload)


def _read(envelope: object, kind: str) -> tuple[bytes, str, bytes]:
    match envelope:
        case {
            "payload": str(payload),
            "payloadType": str(found),
            "signatures": [{"keyid": str(key_id), "sig": str(signature)}],
        } if found == kind:
            try:
                return (
                    b64decode(payload, validate=True),
                    key_id,
                    b64decode(signature, validate=True),
                )
            except ValueError as error:
                raise UsageError("what is signed is no base64", hint=_HINT) from error
        case _:
            raise UsageError(f"this is nothing that was signed once as {kind}", hint=_HINT)
