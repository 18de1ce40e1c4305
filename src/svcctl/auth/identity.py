"""Who asks: the same few facts, whatever way somebody came in by and however they proved it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from svcctl.errors import UsageError


class Way(StrEnum):
    """By which way a request came in."""

    INSIDE = "inside"
    LOCAL = "local"
    HTTP = "http"
    GRPC = "grpc"
    QUEUE = "queue"


class Proof(StrEnum):
    """What showed that they are who they say."""

    NOTHING = "nothing"
    SELF = "self"
    PEER = "peer-credentials"
    TOKEN = "token"  # noqa: S105 - a kind of proof
    OIDC = "oidc"
    CERTIFICATE = "certificate"
    SIGNATURE = "signature"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """One asker: *actor* names them, *source* is where they asked from (an address, a socket).

    *roles* are those the proof itself vouches for; what else they have is said in ``[access]``.
    *expires_at* is in seconds since 1970, None where it does not expire.  *token_id* is that of
    what can be revoked: the ``jti`` of a token, the serial number of a certificate.
    """

    actor: str
    way: Way
    proof: Proof
    source: str = ""
    roles: tuple[str, ...] = ()
    expires_at: float | None = None
    token_id: str = ""


def inside(actor: str) -> Identity:
    """Give the identity of a part of the agent itself: ``healer``, ``up``, ``signal``."""
    return Identity(actor=actor, way=Way.INSIDE, proof=Proof.SELF, roles=("admin",))


def local(actor: str, *, source: str = "") -> Identity:
    """Give the identity of who came in at the door of this machine, named by the kernel."""
    return Identity(actor=actor, way=Way.LOCAL, proof=Proof.PEER, source=source)


def unknown(way: Way, *, source: str) -> Identity:
    """Give the identity of who was refused before it was known who they are."""
    return Identity(actor="unknown", way=way, proof=Proof.NOTHING, source=source)


def parse(document: Mapping[str, object]) -> Identity:
    """Give the identity that *document* is (see :func:`dataclasses.asdict`); raises UsageError."""
    match document:
        case {
            "actor": str(actor),
            "way": str(way),
            "proof": str(proof),
            "source": str(source),
            "roles": [*roles],
            "expires_at": (float() | None) as expires_at,
            "token_id": str(token_id),
        } if actor and all(isinstance(each, str) for each in roles):
            try:
                return Identity(
                    actor=actor,
                    way=Way(way),
                    proof=Proof(proof),
                    source=source,
                    roles=tuple(map(str, roles)),
                    expires_at=expires_at,
                    token_id=token_id,
                )
            except ValueError as error:
                raise UsageError(f"not an identity: {error}") from error
        case _:
            raise UsageError("not an identity", hint="it has every field of one")
