"""Who is behind a command, and whether it still holds: a broker is not believed in anything.

A signature covers the whole command, so whoever runs the broker can neither alter it nor have it
done by another host or a second time.  A token covers nothing but who sends: whoever sees it can
send others with it.  So tokens are taken only where the operator of the broker is trusted as well.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from svcctl.app.envelope import LONGEST, Command, Sealed
from svcctl.auth.identity import Identity, Proof, Way
from svcctl.auth.keys import SLACK
from svcctl.auth.sealing import insist_sealed
from svcctl.auth.signature import SignerKey
from svcctl.errors import Denied, TimedOut, Unauthenticated
from svcctl.ports import Clock

Signers = Callable[[], Mapping[str, SignerKey]]
"""Gives whose signatures are taken now, by the ids of their keys."""

InTouch = Callable[[], Awaitable[None]]
"""Comes back once what is known of trust is what the agent says now; raises AgentUnreachable."""


class Tokens(Protocol):
    """Looks at tokens; see :class:`svcctl.auth.bearer.Bearer`."""

    async def identity(self, text: str, *, way: Way, source: str) -> Identity:
        """Give who *text* vouches for; raises Denied."""


class Revocations(Protocol):
    """Knows what was revoked; see :class:`svcctl.auth.revocation.Revocations`."""

    def insist(self, identity: Identity, *, now: float) -> None:
        """Raise Denied where what proved *identity* was revoked, or has expired by now."""


class Prover:
    """Says who sent a command to *host*; without *tokens* only signed ones are taken."""

    def __init__(
        self,
        host: str,
        *,
        signers: Signers,
        revocations: Revocations,
        clock: Clock,
        in_touch: InTouch,
        tokens: Tokens | None = None,
    ) -> None:
        self._host, self._signers, self._tokens = host, signers, tokens
        self._in_touch = in_touch
        self._revocations, self._clock = revocations, clock

    async def identity(self, sealed: Sealed, *, source: str) -> Identity:
        """Give who sent *sealed*, over *source*; raises Unauthenticated, TimedOut.

        AgentUnreachable where it is not known who is trusted, SystemFault where whoever vouches
        for them is silent.
        """
        await self._in_touch()
        try:
            if sealed.command.host != self._host:
                raise Denied("the command is for another host", hint="send it to that one")
            identity = await self._identity(sealed, source)
            self.insist(sealed.command, identity)
        except Denied as error:
            raise Unauthenticated(error.problem, hint=error.hint) from error
        return identity

    def insist(self, command: Command, identity: Identity) -> None:
        """Raise Denied where what showed who sent *command* holds no more.

        TimedOut once the command has expired.
        """
        now = self._clock.now()
        if command.issued_at - now > SLACK:
            raise Denied(
                f"the command is of a time {command.issued_at - now:.0f}s ahead",
                hint=f"set both clocks: they may differ by {SLACK:g}s",
            )
        if command.expires_at - command.issued_at > LONGEST:
            raise Denied(f"a command may wait {LONGEST}s at most", hint="sign it anew")
        if now > command.expires_at:
            raise TimedOut(
                f"the command expired {now - command.expires_at:.0f}s ago",
                hint="send another, which may wait longer",
            )
        self._revocations.insist(identity, now=now)

    async def _identity(self, sealed: Sealed, source: str) -> Identity:
        if sealed.token and (sealed.key or sealed.signature):
            raise Denied("a token and a signature at once", hint="show one of them")
        if sealed.token:
            if self._tokens is None:
                hint = "sign it: whoever runs the broker could use the token for other commands"
                raise Denied("tokens are not taken from this broker", hint=hint)
            return await self._tokens.identity(sealed.token, way=Way.QUEUE, source=source)
        if not sealed.key:
            raise Denied("nothing shows who sent the command", hint="sign it")
        return self._of_signature(sealed, source)

    def _of_signature(self, sealed: Sealed, source: str) -> Identity:
        signer = self._signers().get(sealed.key)
        if signer is None:
            raise Denied("the command is signed with a key that is not known here")
        insist_sealed(sealed.text, sealed.signature, signer.public)
        return Identity(
            actor=signer.actor,
            way=Way.QUEUE,
            proof=Proof.SIGNATURE,
            source=source,
            roles=signer.roles,
            expires_at=float(sealed.command.expires_at),
            token_id=f"key:{sealed.key}",
        )
