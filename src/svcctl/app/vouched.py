"""Holds what a front says of somebody against what is known here: it may have been taken over.

What shows who somebody is reaches the front alone, so the agent has to believe that it was shown.
It need not believe more of them than what was issued here, or is trusted here, vouches for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from svcctl.auth.identity import Identity, Proof, unknown
from svcctl.errors import Denied
from svcctl.ports import Document

if TYPE_CHECKING:
    from svcctl.auth.oidc import Issuer
    from svcctl.auth.signature import SignerKey

_ITSELF = "front:"
"""How actors begin as which fronts ask for what they publish: viewers, and no more."""


Issued = Callable[[str], Document | None]
"""Gives what is known of a token by its id, None where none was issued with it."""

Trusted = Callable[[], tuple[Iterable["Issuer"], Mapping[str, "SignerKey"]]]
"""Gives whose tokens, and whose signed requests, are taken besides our own."""


def insist_vouched(who: Identity, *, issued: Issued, trusted: Trusted) -> None:
    """Raise Denied where nothing here vouches for *who*, or not for each of their roles."""
    roles = _vouched(who, issued, trusted)
    if roles is None:
        raise Denied(f"nothing here vouches for {who.actor!r:.200}", hint="log in again")
    if more := sorted(set(who.roles) - set(roles)):
        raise Denied(f"nothing here gives {who.actor!r:.200} the role {more[0]!r:.100}")


def _vouched(who: Identity, issued: Issued, trusted: Trusted) -> tuple[str, ...] | None:
    """Give the roles that *who* has by what they showed, None where they cannot have shown it."""
    match who.proof:
        case Proof.TOKEN:
            return _of_token(who, issued(who.token_id))
        case Proof.OIDC:
            return _of_issuer(who, trusted()[0])
        case Proof.SIGNATURE:
            return _of_signer(who, trusted()[1])
        case Proof.CERTIFICATE:
            return () if who.actor.startswith("spiffe://") else None
        case Proof.SELF:
            return ("viewer",) if who.actor.startswith(_ITSELF) else None
        case Proof.NOTHING:
            return () if who == unknown(who.way, source=who.source) else None
        case Proof.PEER:
            return None


def _of_issuer(who: Identity, issuers: Iterable[Issuer]) -> tuple[str, ...] | None:
    for each in issuers:
        if who.actor.startswith(f"oidc:{each.name}:"):
            return tuple(each.roles.values())
    return None


def _of_signer(who: Identity, signers: Mapping[str, SignerKey]) -> tuple[str, ...] | None:
    signer = signers.get(who.token_id.removeprefix("key:"))
    return signer.roles if signer and signer.actor == who.actor else None


def _of_token(who: Identity, issued: Document | None) -> tuple[str, ...] | None:
    match issued:
        case {"subject": subject, "roles": [*roles], "expires_at": float() | int() as ends} if (
            who.actor == f"token:{subject}"
            and who.expires_at is not None
            and who.expires_at <= ends
        ):
            return tuple(map(str, roles))
        case _:
            return None
