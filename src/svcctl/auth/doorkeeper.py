"""Who is behind what was shown, whatever way it came in by, and only for as long as it holds."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from svcctl.auth.identity import Identity, Way
from svcctl.auth.tries import Tries
from svcctl.errors import Denied, LimitReached, Unauthenticated
from svcctl.ports import Cancel, Clock

if TYPE_CHECKING:
    from svcctl.auth.revocation import Revocations
    from svcctl.auth.signature import Message, Nonces, SignerKey

EACH = 200
"""What one actor may have under way at once: the way to an agent has places for more than one."""

_KNOWN = 1_024  # tokens whose signature need not be looked at again


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What somebody shows: a token, a signed request, the certificate (DER) of their connection.

    TLS has proven that the certificate's key is theirs.  A token or a signature counts rather than
    the certificate of the connection it came over; both of them at once are refused.
    """

    bearer: str = field(default="", repr=False)
    signed: Message | None = None
    certificate: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inside:
    """One who was let in."""

    identity: Identity
    put_out: Callable[[], None]
    lasting: bool


class Tokens(Protocol):
    """Looks at tokens; see :class:`svcctl.auth.bearer.Bearer`."""

    async def identity(self, text: str, *, way: Way, source: str) -> Identity:
        """Give who *text* vouches for; raises Denied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signers:
    """Whose signed requests are taken: *keys* by their ids, as they are now."""

    keys: Callable[[], Mapping[str, SignerKey]]
    nonces: Nonces


class Doorkeeper:
    """Says who asks, and has who is let in put out once what they showed holds no more.

    *domain* is the SPIFFE trust domain whose certificates are taken; empty: none is.  Without
    *signers* no signed request is.  *each* is how much one actor may have under way at once.
    """

    def __init__(
        self,
        *,
        tokens: Tokens,
        revocations: Revocations,
        clock: Clock,
        domain: str = "",
        signers: Signers | None = None,
        each: int = EACH,
    ) -> None:
        self._tokens, self._revocations, self._clock = tokens, revocations, clock
        self._domain, self._signers, self._each = domain, signers, each
        self._known: OrderedDict[bytes, Identity] = OrderedDict()
        self._reconsidered = 0
        self._tries = Tries(clock)
        self._inside: dict[object, _Inside] = {}
        self._by_actor: Counter[str] = Counter()

    async def identify(self, shown: Shown, *, way: Way, source: str) -> Identity:
        """Give who shows *shown* from *source* (an address); raises Unauthenticated, TooManyTries.

        SystemFault where whoever vouches for them is silent, StateFault where it cannot be written
        down that a signed request was taken.  Who shows nothing has tried nothing, and a token that
        was found good before is no try: else any page a browser has open could lock out whoever
        asks from the same address.
        """
        if _digest(shown.bearer) not in self._known:
            self._tries.insist_on_few(source)
        try:
            identity = await self._identity(shown, way, source)
            self._revocations.insist(identity, now=self._clock.now())
        except Denied as error:
            if shown.bearer or shown.signed or shown.certificate:
                self._tries.note_failure(source)
            raise Unauthenticated(error.problem, hint=error.hint) from error
        return identity

    def watch(
        self, identity: Identity, call: Callable[[], None], *, lasting: bool = False
    ) -> Cancel:
        """Have *call* made, once, when what *identity* showed is revoked or expires.

        So it is when whoever vouched for it is trusted no more, see :meth:`reconsider`, and when
        that is not known any more, see :meth:`lapse`, but for what is *lasting*: what nothing is
        done for until it is known again.  Raises LimitReached where its actor has too much under
        way, which lasts until it is cancelled.
        """
        if self._by_actor[identity.actor] >= self._each:
            raise LimitReached(
                f"{identity.actor} has {self._each} requests under way", hint="end some of them"
            )
        self._by_actor[identity.actor] += 1
        mark = object()

        def put_out() -> None:
            if self._inside.pop(mark, None):
                call()

        self._inside[mark] = _Inside(identity=identity, put_out=put_out, lasting=lasting)
        cancels = [self._revocations.watch(identity, put_out)]
        if identity.expires_at is not None:
            left = max(identity.expires_at - self._clock.now(), 0.0)
            cancels.append(self._clock.later(left, put_out).cancel)

        def cancel() -> None:
            self._inside.pop(mark, None)
            if cancels:
                self._leave(identity.actor)
            while cancels:
                cancels.pop()()

        return cancel

    def reconsider(self, still_holds: Callable[[Identity], bool]) -> None:
        """Look anew at every token that is shown, and put out whoever *still_holds* no more.

        To be called once something else is trusted than before.
        """
        self._put_out(lambda each: not still_holds(each.identity))

    def lapse(self) -> None:
        """Put out whoever is in: it is not known any more what is trusted."""
        self._put_out(lambda each: not each.lasting)

    def _put_out(self, has_to_go: Callable[[_Inside], bool]) -> None:
        self._known.clear()
        self._reconsidered += 1
        for each in list(self._inside.values()):
            if has_to_go(each):
                each.put_out()

    def _leave(self, actor: str) -> None:
        self._by_actor[actor] -= 1
        if not self._by_actor[actor]:
            del self._by_actor[actor]

    async def _identity(self, shown: Shown, way: Way, source: str) -> Identity:
        if shown.bearer and shown.signed:
            raise Denied("a token and a signature at once", hint="show one of them")
        if shown.bearer:
            return await self._of_token(shown.bearer, way, source)
        if shown.signed:
            return await self._of_signature(shown.signed, way, source)
        if shown.certificate and self._domain:
            return self._of_certificate(shown.certificate, way, source)
        raise Denied("nothing shows who asks", hint="Authorization: Bearer TOKEN")

    async def _of_token(self, text: str, way: Way, source: str) -> Identity:
        """Look at a token's signature once, and at every request whether it still holds.

        What was found while something else began to be trusted is looked at again.
        """
        digest = _digest(text)
        known = self._known.get(digest)
        if known:
            self._known.move_to_end(digest)
        while known is None:
            before = self._reconsidered
            found = await self._tokens.identity(text, way=way, source=source)
            if before == self._reconsidered:
                known = self._known[digest] = found
        if len(self._known) > _KNOWN:
            self._known.popitem(last=False)
        if known.way is way and known.source == source:
            return known
        return replace(known, way=way, source=source)

    async def _of_signature(self, message: Message, way: Way, source: str) -> Identity:
        if self._signers is None:
            raise Denied("signed requests are not taken here", hint="Authorization: Bearer TOKEN")
        from svcctl.auth.signature import verify  # noqa: PLC0415 - where there are any

        def look(signers: Signers) -> Identity:
            now = self._clock.now()
            return verify(
                message, signers.keys(), nonces=signers.nonces, way=way, source=source, now=now
            )

        return await asyncio.to_thread(look, self._signers)

    def _of_certificate(self, certificate: bytes, way: Way, source: str) -> Identity:
        from svcctl.auth.spiffe import identity_of  # noqa: PLC0415 - where there are any

        now = self._clock.now()
        return identity_of(certificate, domain=self._domain, way=way, source=source, now=now)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="surrogateescape")).digest()
