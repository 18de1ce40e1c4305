"""Keeps a front in touch with the agent: it is told of trust, and whether that is current."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from svcctl.app.access import TRUST
from svcctl.client.conversation import Conversation
from svcctl.client.link import Connect
from svcctl.errors import AgentUnreachable, SvcctlError
from svcctl.ports import Clock, Timer
from svcctl.server.trusted import Trusted, parse_trusted
from svcctl.wire import Request

log = logging.getLogger(__name__)

GRACE = 10.0
"""Seconds that what was last told is believed without the agent: an upgrade takes less."""

_PATIENCE = 2.0  # seconds who asks waits for an agent that is just not there
_FIRST = 10.0  # seconds that the first answer is waited for
_SOONEST, _LATEST = 0.05, 2.0  # seconds between two tries to reach it


class FollowingTrust:
    """Follows the verb ``trust`` of one agent, whoever is the agent meanwhile.

    *take* is called with what was told before, however long ago (None: nothing), and with each
    thing told; *lapse* once the agent was out of reach for GRACE seconds: nobody is known then
    until it is back.
    """

    def __init__(
        self,
        connect: Connect,
        *,
        clock: Clock,
        take: Callable[[Trusted | None, Trusted], None],
        lapse: Callable[[], None],
    ) -> None:
        self._connect, self._clock = connect, clock
        self._take, self._lapse = take, lapse
        self._told: Trusted | None = None
        self._before: Trusted | None = None
        self._current, self._wanted = asyncio.Event(), asyncio.Event()
        self._lapsing: Timer | None = None
        self._problem: SvcctlError | None = None
        self._tried, self._was_told = asyncio.Event(), False
        self._conversation: Conversation | None = None

    @property
    def trusted(self) -> Trusted:
        """What was told last; raises AgentUnreachable where nothing was, or too long ago."""
        if self._told is None:
            raise self._unreachable()
        return self._told

    async def insist_on_knowing(self) -> None:
        """Come back once something is known, be it of GRACE seconds ago; see the other."""
        if self._told is None:
            await self.insist_on_contact()

    async def insist_on_contact(self) -> None:
        """Come back once what is known is what the agent says now; raises AgentUnreachable."""
        if self._current.is_set():
            return
        self._wanted.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await self._current.wait()
                return
        raise self._unreachable()

    async def follow(self) -> None:
        """Do so for ever, trying again sooner where somebody wants to ask."""
        pause = _SOONEST
        while True:
            try:
                await self._be_told()
            except SvcctlError as error:
                self._lose(error)
            except Exception:
                log.exception("front.failed")
                self._lose(SvcctlError("it failed inside svcctl", hint="see the log of the front"))
            self._tried.set()
            pause = _SOONEST if self._was_told else min(pause * 2, _LATEST)
            self._was_told = False
            await asyncio.sleep(_SOONEST)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wanted.wait()
            self._wanted.clear()

    async def begun(self) -> None:
        """Come back once the agent was tried; an absent one is waited for by others.

        Raises what it refuses with, such as Denied.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(_FIRST):
                await self._tried.wait()
        if self._problem and not isinstance(self._problem, AgentUnreachable):
            raise self._problem

    def ask_again(self) -> None:
        """Have all of it told anew."""
        if self._conversation:
            self._conversation.hang_up()
        self._wanted.set()

    async def _be_told(self) -> None:
        """Take what is told until the agent hangs up; raises what it answers with."""
        conversation = self._conversation = await self._connect()
        try:
            async for _, document in conversation.answers(Request(verb=TRUST)):
                self._note(parse_trusted(document))
        finally:
            self._conversation = None
            await conversation.close()

    def _note(self, told: Trusted) -> None:
        before, self._before, self._told = self._before, told, told
        self._take(before, told)
        if self._lapsing:
            self._lapsing.cancel()
            self._lapsing = None
        if not self._current.is_set():
            log.info("front.in-touch")
        self._problem, self._was_told = None, True
        self._current.set()
        self._tried.set()

    def _lose(self, error: SvcctlError) -> None:
        if self._current.is_set() or self._problem is None:
            log.warning("front.out-of-touch", extra={"problem": error.problem, "hint": error.hint})
        self._problem = error
        self._current.clear()
        if self._told and not self._lapsing:
            self._lapsing = self._clock.later(GRACE, self._forget)

    def _forget(self) -> None:
        self._lapsing = self._told = None
        self._lapse()

    def _unreachable(self) -> AgentUnreachable:
        why = self._problem.problem if self._problem else "it has not answered yet"
        problem = f"the agent cannot be asked: {why}"
        return AgentUnreachable(problem, hint="ask again in a moment", asked=False)
