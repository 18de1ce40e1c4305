"""What every front shares, whatever it speaks: the way to the agent, and who is to be let in.

A front is a process without rights.  It shows the agent on whose behalf it asks; the agent decides
and writes it down.  What shows who somebody is, it is told by the agent, which keeps the keys.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from svcctl.app.verbs import VERBS
from svcctl.app.waiting import Emit
from svcctl.auth.bearer import Bearer
from svcctl.auth.doorkeeper import Doorkeeper, Signers
from svcctl.auth.fetching import fetch
from svcctl.auth.identity import Identity, Way
from svcctl.auth.oidc import Trust
from svcctl.auth.revocation import Revocations
from svcctl.bootstrap.connection import streams_to
from svcctl.bootstrap.own_name import own_name
from svcctl.client.conversation import Conversation
from svcctl.client.link import Connect, Link
from svcctl.client.together import Together
from svcctl.errors import AgentUnreachable, Denied, SvcctlError, Unauthenticated
from svcctl.ports import Clock
from svcctl.server.following_trust import FollowingTrust
from svcctl.server.trusted import Trusted, vouching
from svcctl.wire import Selection

if TYPE_CHECKING:
    from svcctl.auth.signature import Nonces
    from svcctl.bootstrap.local import Paths


_SHARED = frozenset(verb.name for verb in VERBS if verb.shared)


class FreshLink:
    """Carries out verbs by asking the agent, while what is known of trust is what it says now.

    So nobody gets through who was revoked while the agent could not be reached.
    """

    def __init__(
        self, link: Link, *, trust: FollowingTrust, revocations: Revocations, clock: Clock
    ) -> None:
        self._link, self._together, self._trust = link, Together(link), trust
        self._revocations, self._clock = revocations, clock

    async def carry_out(
        self,
        name: str,
        *,
        selection: Selection,
        args: Mapping[str, object],
        identity: Identity,
        emit: Emit,
    ) -> object:
        """See :meth:`svcctl.client.link.Link.carry_out`; raises Unauthenticated as well.

        AgentUnreachable at once where there is no agent, or after two seconds.
        """
        await self._trust.insist_on_contact()
        try:
            self._revocations.insist(identity, now=self._clock.now())
        except Denied as error:
            raise Unauthenticated(error.problem, hint=error.hint) from error
        if name in _SHARED:
            return await self._together.look(
                name, selection=selection, args=args, identity=identity
            )
        return await self._link.carry_out(
            name, selection=selection, args=args, identity=identity, emit=emit
        )

    async def note_refusal(
        self, verb: str, *, selection: Selection, identity: Identity, error: SvcctlError
    ) -> None:
        """See :meth:`svcctl.client.link.Link.note_refusal`."""
        await self._link.note_refusal(verb, selection=selection, identity=identity, error=error)

    async def close(self) -> None:
        """Ask nothing any more."""
        await self._together.close()
        await self._link.close()


class _Tokens:
    """Looks at tokens once it is known what makes them good."""

    def __init__(self, bearer: Bearer, trust: FollowingTrust) -> None:
        self._bearer, self._trust = bearer, trust

    async def identity(self, text: str, *, way: Way, source: str) -> Identity:
        """See :class:`svcctl.auth.bearer.Bearer`; raises AgentUnreachable as well."""
        await self._trust.insist_on_knowing()
        return await self._bearer.identity(text, way=way, source=source)


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """What a way in needs: *link* carries out verbs, *doorkeeper* says who asks.

    *trust* says what is trusted now, *revocations* what no longer holds.
    """

    link: FreshLink
    doorkeeper: Doorkeeper
    revocations: Revocations
    trust: FollowingTrust
    clock: Clock


@asynccontextmanager
async def fronting(
    connect: Connect, *, clock: Clock, domain: str = "", nonces: Nonces | None = None
) -> AsyncIterator[Front]:
    """Give a front of the agent that *connect* reaches, while the block lasts.

    An agent that is not there is waited for: until it is, whoever asks gets AgentUnreachable.
    Raises Denied where it does not want this front, UsageError where it is too old for one.

    *domain* is the trust domain whose client certificates are taken (empty: none are); without
    *nonces* signed requests are not.
    """
    revocations, trusts = Revocations(None), dict[str, Trust]()

    def take(before: Trusted | None, told: Trusted) -> None:
        known = revocations.known()
        for token_id, until in told.revoked.items():
            if token_id not in known:
                revocations.revoke(token_id, until=until, now=clock.now())
        same = before.issuers if before else ()
        kept = {each.url: trusts.get(each.url) for each in told.issuers if each in same}
        trusts.clear()
        for each in told.issuers:
            trusts[each.url] = kept.get(each.url) or Trust(each, fetch=fetch, now=clock.now)
        doorkeeper.reconsider(vouching(before, told))

    def lapse() -> None:
        doorkeeper.lapse()

    trust = FollowingTrust(connect, clock=clock, take=take, lapse=lapse)
    bearer = Bearer(
        lambda: trust.trusted.ring, revocations=revocations, trusts=trusts, now=clock.now
    )
    doorkeeper = Doorkeeper(
        tokens=_Tokens(bearer, trust),
        revocations=revocations,
        clock=clock,
        domain=domain,
        signers=Signers(keys=lambda: trust.trusted.signers, nonces=nonces) if nonces else None,
    )
    link = FreshLink(Link(connect), trust=trust, revocations=revocations, clock=clock)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(link.close)
        following = asyncio.create_task(trust.follow())
        stack.push_async_callback(partial(_end, following))
        await trust.begun()
        yield Front(
            link=link,
            doorkeeper=doorkeeper,
            revocations=revocations,
            trust=trust,
            clock=clock,
        )


def connecting(where: Paths) -> Connect:
    """Give what reaches the agent with the folders *where*, on this machine."""

    async def connect() -> Conversation:
        try:
            return Conversation(*await streams_to(where))
        except PermissionError as error:
            raise Denied(
                f"the agent does not let {own_name()} in at '{where.socket}'",
                hint=f'[access] fronts = ["{own_name()}"], and: svcctl apply',
            ) from error
        except OSError as error:
            raise AgentUnreachable(
                f"no agent answers at '{where.socket}': {error.strerror or error}",
                hint="start one: svcctl agent run",
            ) from error

    return connect


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
