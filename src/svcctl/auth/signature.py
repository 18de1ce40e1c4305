"""Requests that are signed one by one: RFC 9421 with Ed25519, RFC 9530 for what they carry.

A signature covers the method, the whole address, the content, and the headers that decide whether
something is done; it says when it was made and until when it holds, and has a nonce that is taken
once: what somebody overhears they cannot send again, not even to an agent that was restarted
meanwhile.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from svcctl.auth.identity import Identity, Proof, Way
from svcctl.auth.keys import SLACK
from svcctl.auth.library import http_signatures
from svcctl.errors import Denied, UsageError

TAG = "svcctl"
"""What a signature says it is for, so that one for another purpose is not taken for it."""

HOLDS = 60.0
"""Seconds a signature holds, unless said otherwise."""

LONGEST = 300.0
"""Seconds it holds at most."""

_COVERED = ("@method", "@target-uri")
_DIGEST = "content-digest"
_COVERED_IF_THERE = ("idempotency-key", "if-match")
_LONGEST_HEADER = 4_096  # characters
_NONCE = range(16, 129)  # characters
_HINT = "sign it anew"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A request: *method* in capitals, *url* whole, names of *headers* in any case.

    *body* is None where it is still to come: a signature must cover its digest then, and what comes
    is held against that by :func:`insist_on_content`.
    """

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerKey:
    """The public key (32 bytes, Ed25519) of *actor*, which vouches for *roles*."""

    actor: str
    public: bytes
    roles: tuple[str, ...] = ()


class Nonces(Protocol):
    """Remembers which nonces were taken."""

    def take(self, key_id: str, nonce: str, *, until: float, now: float) -> bool:
        """Take *nonce*, to be remembered until then; False where it was taken before."""


def sign(
    message: Message, *, key_id: str, private: bytes, now: float, holds: float = HOLDS
) -> dict[str, str]:
    """Give the headers that sign *message* with a private key of 32 bytes.

    Raises UsageError for what cannot be signed.
    """
    library = http_signatures()
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415 - an extra

    key = ed25519.Ed25519PrivateKey.from_private_bytes(private)
    signed = Message(
        method=message.method, url=message.url, headers=dict(message.headers), body=message.body
    )
    signer = library.HTTPMessageSigner(
        signature_algorithm=library.algorithms.ED25519,
        key_resolver=library.MappingKeyResolver(public_keys={}, private_keys={key_id: key}),
    )
    try:
        _sign(signer, signed, key_id=key_id, now=now, holds=holds)
    except library.HTTPMessageSignaturesException as error:
        raise UsageError(f"this cannot be signed: {error!s:.200}") from error
    return {name: value for name, value in signed.headers.items() if name not in message.headers}


def _sign(
    signer: Any,  # noqa: ANN401 - the library's
    message: Message,
    *,
    key_id: str,
    now: float,
    holds: float,
) -> None:
    signer.sign(
        message,
        key_id=key_id,
        created=datetime.fromtimestamp(int(now), UTC),
        expires=datetime.fromtimestamp(int(now + holds), UTC),
        nonce=secrets.token_urlsafe(24),
        tag=TAG,
        label=TAG,
        covered_component_ids=_to_cover(message),
        body=message.body,
    )


def verify(
    message: Message,
    keys: Mapping[str, SignerKey],
    *,
    nonces: Nonces,
    way: Way,
    source: str,
    now: float,
) -> Identity:
    """Give who signed *message*; raises Denied, whatever is wrong with it.

    Blocks while its nonce is taken; what *nonces* raises is passed on.
    """
    _insist_on_size(message)
    found = proven(
        message,
        {name: key.public for name, key in keys.items()},
        require=_to_cover(message),
        check_times=lambda parameters: _check_times(parameters, now=now),
        tag=TAG,
    )
    key_id, nonce = str(found.get("keyid")), found.get("nonce")
    if not isinstance(nonce, str) or len(nonce) not in _NONCE:
        raise Denied("the signature has no nonce of 16 to 128 characters", hint=_HINT)
    until = float(str(found["expires"])) + SLACK
    if not nonces.take(key_id, nonce, until=until, now=now):
        raise Denied("this very request was made before", hint=_HINT)
    signer = keys[key_id]
    return Identity(
        actor=signer.actor,
        way=way,
        proof=Proof.SIGNATURE,
        source=source,
        roles=signer.roles,
        expires_at=until,
        token_id=f"key:{key_id}",
    )


def insist_on_content(message: Message, body: bytes) -> None:
    """Raise Denied unless *body* is what the verified *message* was signed for."""
    library = http_signatures()
    headers = {name.lower(): value for name, value in message.headers.items()}
    try:
        library.ContentDigest.verify(headers[_DIGEST], body)
    except library.HTTPMessageSignaturesException as error:
        raise Denied(f"the content was not signed: {error!s:.200}", hint=_HINT) from error


def proven(
    message: Message,
    keys: Mapping[str, bytes],
    *,
    require: tuple[str, ...],
    check_times: Callable[[Mapping[str, object]], None],
    tag: str | None,
) -> dict[str, object]:
    """Give the parameters of the one signature of *message* with *tag*; raises Denied.

    It must cover what is in *require*, and the content where there is any.  Nothing is decided
    here of nonces.
    """
    library = http_signatures()
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415 - an extra

    public: dict[str, Any] = {
        name: ed25519.Ed25519PublicKey.from_public_bytes(key) for name, key in keys.items()
    }
    verifier = library.HTTPMessageVerifier(
        signature_algorithm=library.algorithms.ED25519,
        key_resolver=library.MappingKeyResolver(public_keys=public, private_keys={}),
    )

    def check(signed: Any, max_age: object = None) -> None:  # noqa: ANN401 - the library's
        del max_age
        check_times(signed.params)

    verifier.validate_created_and_expires = check  # its own clock is the machine's
    try:
        results = verifier.verify(
            message, max_age=None, expect_tag=tag, require_components=require, body=message.body
        )
    except Denied:
        raise
    except Exception as error:  # whatever a stranger's headers make of a parser
        raise Denied(f"the signature does not hold: {error!s:.200}", hint=_HINT) from error
    if len(results) != 1:
        raise Denied("the request is signed more than once", hint="sign it once")
    parameters: dict[str, object] = results[0].parameters
    return parameters


def _to_cover(message: Message) -> tuple[str, ...]:
    """Name what a signature has to cover: whatever decides what is done, and whether it is."""
    there = {name.lower() for name in message.headers}
    content = () if message.body is not None else (_DIGEST,)
    return (*_COVERED, *content, *(each for each in _COVERED_IF_THERE if each in there))


def _insist_on_size(message: Message) -> None:
    for name, value in message.headers.items():
        is_ours = name.lower() in {"signature", "signature-input", _DIGEST}
        if is_ours and len(value) > _LONGEST_HEADER:
            raise Denied(f"the header {name!r:.40} is too long", hint=_HINT)


def _check_times(parameters: Mapping[str, object], *, now: float) -> None:
    """Raise Denied unless a signature holds *now*, clocks differing by no more than ``SLACK``."""
    created, expires = parameters.get("created"), parameters.get("expires")
    if type(created) is not int or type(expires) is not int:
        raise Denied("the signature does not say when it holds", hint=_HINT)
    if created - now > SLACK:
        raise Denied(
            f"the signature is of a time {created - now:.0f}s ahead",
            hint=f"set both clocks: they may differ by {SLACK:g}s",
        )
    if now - expires > SLACK:
        raise Denied(f"the signature has expired {now - expires:.0f}s ago", hint=_HINT)
    if not 0 <= expires - created <= LONGEST:
        raise Denied(f"a signature holds {LONGEST:g}s at most", hint=_HINT)
