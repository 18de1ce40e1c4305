"""Who is behind a request: told by a token or a certificate, and only for as long as that holds."""

from __future__ import annotations

import hashlib
import ssl
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from svcctl.auth.identity import Identity, Way
from svcctl.errors import Denied, TooManyTries, Unauthenticated
from svcctl.ports import Cancel, Clock

if TYPE_CHECKING:
    from starlette.requests import Request

    from svcctl.auth.revocation import Revocations

_KNOWN = 1_024  # tokens whose signature need not be looked at again
_TRIES, _WINDOW = 20, 60.0  # failures from one address, within seconds
_ADDRESSES = 10_000

OfCertificate = Callable[[bytes, str], Identity]
"""Gives whom a certificate (DER) is of, who asks from a source; raises Denied."""


class Tokens(Protocol):
    """Looks at tokens; see :class:`svcctl.auth.bearer.Bearer`."""

    async def identity(self, text: str, *, way: Way, source: str) -> Identity:
        """Give who *text* vouches for; raises Denied."""


class Gate:
    """Says who asks, and has who is let in put out once what they showed holds no more."""

    def __init__(
        self,
        *,
        tokens: Tokens,
        revocations: Revocations,
        clock: Clock,
        of_certificate: OfCertificate | None = None,
    ) -> None:
        self._tokens, self._revocations, self._clock = tokens, revocations, clock
        self._of_certificate = of_certificate
        self._known: OrderedDict[bytes, Identity] = OrderedDict()
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    async def identify(self, request: Request) -> Identity:
        """Give who asks; raises Unauthenticated, TooManyTries."""
        source = request.client.host if request.client else ""
        self._insist_on_few_failures(source)
        try:
            return await self._identity(request, source)
        except Denied as error:
            self._note_failure(source)
            raise Unauthenticated(error.problem, hint=error.hint) from error

    def watch(self, identity: Identity, call: Callable[[], None]) -> Cancel:
        """Have *call* made once what *identity* showed is revoked, or expires."""
        cancel = self._revocations.watch(identity, call)
        if identity.expires_at is None:
            return cancel
        left = max(identity.expires_at - self._clock.now(), 0.0)
        timer = self._clock.later(left, call)

        def cancel_both() -> None:
            cancel()
            timer.cancel()

        return cancel_both

    async def _identity(self, request: Request, source: str) -> Identity:
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and text:
            return await self._of_token(text.strip(), source)
        if scheme:
            raise Denied("only bearer tokens are taken", hint="Authorization: Bearer TOKEN")
        if self._of_certificate and (shown := _certificate(request)):
            identity = self._of_certificate(shown, source)
            self._revocations.insist(identity, now=self._clock.now())
            return identity
        raise Denied("nothing shows who asks", hint="Authorization: Bearer TOKEN")

    async def _of_token(self, text: str, source: str) -> Identity:
        """Look at a token's signature once, and at every request whether it still holds."""
        digest = hashlib.sha256(text.encode()).digest()
        if known := self._known.get(digest):
            self._known.move_to_end(digest)
        else:
            known = await self._tokens.identity(text, way=Way.HTTP, source=source)
            self._known[digest] = known
            if len(self._known) > _KNOWN:
                self._known.popitem(last=False)
        self._revocations.insist(known, now=self._clock.now())
        return replace(known, source=source)

    def _insist_on_few_failures(self, source: str) -> None:
        failures = self._failures.get(source)
        if not failures:
            return
        now = self._clock.now()
        while failures and not 0 <= now - failures[0] <= _WINDOW:
            failures.popleft()
        if len(failures) >= _TRIES:
            raise TooManyTries(
                f"{_TRIES} tries from {source} have failed", hint="wait a minute, and look why"
            )

    def _note_failure(self, source: str) -> None:
        failures = self._failures.setdefault(source, deque(maxlen=_TRIES))
        failures.append(self._clock.now())
        self._failures.move_to_end(source)
        if len(self._failures) > _ADDRESSES:
            self._failures.popitem(last=False)


def _certificate(request: Request) -> bytes:
    tls = request.scope.get("extensions", {}).get("tls", {})
    chain = tls.get("client_cert_chain") or [""]
    return ssl.PEM_cert_to_DER_cert(chain[0]) if chain[0] else b""
