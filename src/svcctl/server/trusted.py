"""What a front was told of trust, read and compared: pure."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from svcctl.auth.identity import Identity, Proof
from svcctl.auth.keys import PublicRing, parse_public
from svcctl.auth.oidc import Issuer
from svcctl.auth.signature import SignerKey
from svcctl.auth.tokens import audience
from svcctl.errors import StateFault


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusted:
    """What shows who somebody is, as the agent tells it; see :mod:`svcctl.app.telling_trust`.

    *domain* and *authorities* (PEM) are of the machine's own certificate authority, if it has one.
    """

    ring: PublicRing = field(default_factory=PublicRing)
    revoked: Mapping[str, float] = field(default_factory=dict)
    issuers: tuple[Issuer, ...] = ()
    signers: Mapping[str, SignerKey] = field(default_factory=dict)
    domain: str = ""
    authorities: str = ""


def parse_trusted(document: object) -> Trusted:
    """Read what the verb ``trust`` emits; raises StateFault."""
    try:
        told = cast("dict[str, Any]", document)
        certificates = told["certificates"]
        return Trusted(
            ring=parse_public(told["tokens"]),
            revoked={str(name): float(until) for name, until in told["revoked"].items()},
            issuers=tuple(Issuer(**each) for each in told["issuers"]),
            signers={
                str(name): SignerKey(
                    actor=str(each["actor"]),
                    public=b64decode(each["public"], validate=True),
                    roles=tuple(map(str, each["roles"])),
                )
                for name, each in told["signers"].items()
            },
            domain=str(certificates.get("domain", "")),
            authorities=str(certificates.get("trust", "")),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise StateFault(
            f"what the agent tells of trust is unreadable: {error}",
            hint="the agent is of another version: svcctl agent upgrade",
        ) from error


def vouching(before: Trusted | None, now: Trusted) -> Callable[[Identity], bool]:
    """Give what says whether whoever vouched for somebody *before* does so *now*, unchanged.

    Where nothing was told before, it is enough that they are known now.  Certificates are left to
    TLS, and what was revoked to the revocations.
    """
    before = before or now
    issuers = {each.name for each in before.issuers if each in now.issuers}
    signers = {
        each.actor for name, each in before.signers.items() if each == now.signers.get(name, None)
    }
    same_host = audience(before.ring) == audience(now.ring)

    def still_holds(identity: Identity) -> bool:
        match identity.proof:
            case Proof.TOKEN:
                return same_host
            case Proof.OIDC:
                return identity.actor.split(":")[1] in issuers
            case Proof.SIGNATURE:
                return identity.actor in signers
            case _:
                return True

    return still_holds
