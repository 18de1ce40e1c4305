"""Looks at the list of certificates an authority has revoked, as grpcio does not."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from svcctl.auth.doorkeeper import Doorkeeper, Shown
from svcctl.auth.identity import Identity, Proof, Way
from svcctl.errors import StateFault, Unauthenticated, quoted
from svcctl.ports import Cancel, Clock

if TYPE_CHECKING:
    from svcctl.auth.contexts import Material

_LIST = re.compile(rb"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----\n?", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """Serial numbers, in hex, of certificates that hold no more, as was known *until* then."""

    serials: frozenset[str] = frozenset()
    until: float = float("inf")


def read_revoked(trust: bytes, material: Material) -> Revoked:
    """Read the lists in what is trusted; raises StateFault where there is none."""
    from cryptography import x509  # noqa: PLC0415 - an extra

    try:
        lists = [x509.load_pem_x509_crl(each) for each in _LIST.findall(trust)]
        ends = [each.next_update_utc for each in lists]
        serials = frozenset(f"{row.serial_number:x}" for each in lists for row in each)
    except ValueError as error:
        raise _unusable(material, str(error)) from error
    if not lists:
        raise _unusable(material, "it does not say which certificates were revoked")
    return Revoked(serials=serials, until=min(end.timestamp() for end in ends if end))


def _unusable(material: Material, why: str) -> StateFault:
    return StateFault(
        f"{quoted(material.trust)} cannot be used: {why}",
        hint="add the authority's list (X509 CRL, PEM) to the file; an empty one will do",
    )


class Listed:
    """A doorkeeper who looks at the list too."""

    def __init__(self, keeper: Doorkeeper, *, clock: Clock) -> None:
        self._keeper, self._clock = keeper, clock
        self._revoked = Revoked()

    def know(self, revoked: Revoked) -> None:
        """Take another list: who is on it is put out."""
        self._revoked = revoked
        self._keeper.reconsider(lambda identity: not self._is_listed(identity))

    async def identify(self, shown: Shown, *, way: Way, source: str) -> Identity:
        """See :meth:`svcctl.auth.doorkeeper.Doorkeeper.identify`."""
        identity = await self._keeper.identify(shown, way=way, source=source)
        if self._is_listed(identity):
            raise Unauthenticated(f"what {identity.actor} showed was revoked")
        if identity.proof is Proof.CERTIFICATE and self._clock.now() > self._revoked.until:
            raise Unauthenticated(
                "it is not known any more which certificates were revoked",
                hint="renew the authority's list: svcctl cert revoke --help",
            )
        return identity

    def watch(self, identity: Identity, call: Callable[[], None]) -> Cancel:
        """See :meth:`svcctl.auth.doorkeeper.Doorkeeper.watch`."""
        return self._keeper.watch(identity, call)

    def _is_listed(self, identity: Identity) -> bool:
        is_certificate = identity.proof is Proof.CERTIFICATE
        return is_certificate and identity.token_id in self._revoked.serials
