"""One command, from its delivery to its reply: done once at most, whoever dies in between.

row in the ledger     it says      what happens
none                               who sent it is proven; it is written down, asked for, finished
begun, only looks                  it is asked for again
begun, changes                     its outcome is not known, and that is what is told
finished              a reply      the reply is told again
of another command                 refused: an id is used once
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

from svcctl.app.envelope import Command, Sealed
from svcctl.app.statements import Reply, State
from svcctl.auth.identity import Identity
from svcctl.auth.keys import SLACK
from svcctl.engine.backoff import wait
from svcctl.errors import AgentUnreachable, Conflict, StateFault, SvcctlError, TimedOut
from svcctl.ports import Clock
from svcctl.sdk.waiting import sleep
from svcctl.server.answers import Answers
from svcctl.server.mq.bounds import Items, bounded, changes, fitting
from svcctl.server.mq.ledger import Ledger, Row, insist_same
from svcctl.server.mq.turns import Turns

_LONGEST = 600.0  # seconds an answer is waited for; a broker gives up after 1800
_GRACE = 15.0  # seconds more, in which an agent says itself that it took too long


class Proving(Protocol):
    """Says who sent a command; see :class:`svcctl.server.mq.proving.Prover`."""

    async def identity(self, sealed: Sealed, *, source: str) -> Identity:
        """Give who sent *sealed*; raises Unauthenticated, TimedOut."""

    def insist(self, command: Command, identity: Identity) -> None:
        """Raise Denied, TimedOut where it holds no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is to be told of a command; *kept*: it stands in the ledger.

    *set_aside*: it was refused, and the message is of no more use.
    """

    id: str
    label: str
    body: bytes
    kept: bool = False
    set_aside: bool = False


class Errands:
    """Does commands for *host*: changes of the same services as they came, looks at once."""

    def __init__(
        self,
        host: str,
        *,
        answers: Answers,
        proving: Proving,
        ledger: Ledger,
        clock: Clock,
        chance: Callable[[], float],
    ) -> None:
        self._host, self._answers, self._proving = host, answers, proving
        self._ledger, self._clock, self._chance = ledger, clock, chance
        self._under_way: dict[str, asyncio.Task[Told]] = {}
        self._turns = Turns()

    async def run(self, sealed: Sealed, *, source: str) -> Told:
        """Give what is to be told of *sealed*; one that is under way already is waited for.

        Who is cancelled here leaves it under way.
        """
        digest = sealed.digest
        work = self._under_way.get(digest)
        if work is None:
            work = asyncio.create_task(self._run(sealed, source))
            self._under_way[digest] = work
            work.add_done_callback(lambda _: self._under_way.pop(digest, None))
        return await asyncio.shield(work)

    async def close(self) -> None:
        """Wait for nothing any more: what is under way is told as unknown, later."""
        tasks = list(self._under_way.values())
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, sealed: Sealed, source: str) -> Told:
        try:
            async with self._turn(sealed.command):
                return await self._patiently(sealed, source)
        except SvcctlError as error:
            reply = self._reply(sealed, State.FAILED, error=error)
            return self._told(sealed, reply.text().encode(), set_aside=True)

    def _turn(self, command: Command) -> AbstractAsyncContextManager[None]:
        return self._turns.turn(command.select) if changes(command) else nullcontext()

    async def _patiently(self, sealed: Sealed, source: str) -> Told:
        """Do it once that can be; raises what it is refused with, TimedOut when it is too late."""
        tries = 0
        while True:
            try:
                return await self._once(sealed, source)
            except (AgentUnreachable, StateFault) as error:
                tries += 1
                await self._wait(tries, sealed.command, error)

    async def _wait(self, tries: int, command: Command, error: SvcctlError) -> None:
        left = command.expires_at - self._clock.now()
        if left <= 0:
            raise TimedOut(
                f"the command expired, and was not begun: {error.problem}", hint=error.hint
            ) from error
        pause = wait(tries, first=0.2, factor=2.0, most=5.0, jitter=0.3, chance=self._chance())
        await sleep(self._clock, min(pause, left))

    async def _once(self, sealed: Sealed, source: str) -> Told:
        command = sealed.command
        row = await self._ledger.find(command.id)
        if row is not None and (told := await self._again(sealed, row)):
            return told
        identity = await self._proving.identity(sealed, source=source)
        await self._ledger.begin(
            command.id,
            digest=sealed.digest,
            label=command.reply,
            until=command.expires_at + SLACK,
        )
        return await self._finished(sealed, await self._answer(sealed, identity))

    async def _again(self, sealed: Sealed, row: Row) -> Told | None:
        """Give what is told of a command that was begun, None where it can be done once more."""
        insist_same(row, sealed.digest)
        if row.reply is not None:
            return self._told(sealed, row.reply, kept=True)
        return (
            await self._finished(sealed, self._unknown(sealed)) if changes(sealed.command) else None
        )

    async def _answer(self, sealed: Sealed, identity: Identity) -> Reply:
        """Have the agent do it; raises AgentUnreachable where it can be asked again."""
        try:
            return await self._done(sealed, identity)
        except AgentUnreachable as error:
            if not error.asked:
                await self._ledger.forget(sealed.command.id)
            elif changes(sealed.command):
                return self._unknown(sealed)
            raise
        except TimeoutError:
            if changes(sealed.command):
                return self._unknown(sealed)
            late = TimedOut("the agent did not answer in time", hint="ask for less")
            return self._reply(sealed, State.FAILED, error=late)
        except SvcctlError as error:
            return self._reply(sealed, State.FAILED, error=error)

    async def _done(self, sealed: Sealed, identity: Identity) -> Reply:
        command, items = sealed.command, Items()
        within = min(command.expires_at - self._clock.now(), _LONGEST)
        async with asyncio.timeout(within + _GRACE):
            result = await self._answers.carry_out(
                command.verb,
                selection=command.select,
                args=bounded(command, within),
                identity=identity,
                emit=items,
            )
        if not changes(command):
            self._proving.insist(command, identity)
        items.insist_on_all()
        return self._reply(sealed, State.DONE, result=result, items=tuple(items.kept))

    async def _finished(self, sealed: Sealed, reply: Reply) -> Told:
        """Write down what became of it, however often the disk refuses; give what is told."""
        body, tries = fitting(sealed.command, reply), 0
        while True:
            try:
                await self._ledger.finish(sealed.command.id, body)
            except StateFault:
                tries += 1
                pause = wait(tries, first=0.2, factor=2, most=5, jitter=0.3, chance=self._chance())
                await sleep(self._clock, pause)
            else:
                return self._told(sealed, body, kept=True)

    def _unknown(self, sealed: Sealed) -> Reply:
        error = Conflict(
            "it is not known whether this was done: whoever did it was interrupted",
            hint="look first: status, or svcctl audit; then ask anew, under another id",
        )
        return self._reply(sealed, State.UNKNOWN, error=error)

    def _reply(
        self,
        sealed: Sealed,
        state: State,
        *,
        result: object = None,
        items: tuple[object, ...] = (),
        error: SvcctlError | None = None,
    ) -> Reply:
        return Reply(
            id=sealed.command.id,
            host=self._host,
            digest=sealed.digest,
            at=self._clock.now(),
            state=state,
            result=result,
            items=items,
            error=error,
        )

    def _told(
        self, sealed: Sealed, body: bytes, *, kept: bool = False, set_aside: bool = False
    ) -> Told:
        command = sealed.command
        return Told(id=command.id, label=command.reply, body=body, kept=kept, set_aside=set_aside)
