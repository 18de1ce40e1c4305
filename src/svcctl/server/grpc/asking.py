"""What every RPC does, whatever it is for: it is let in, read, asked of the agent, and answered."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from svcctl.app.verb import Effect, Verb
from svcctl.app.waiting import Emit
from svcctl.auth.identity import Identity, Way, unknown
from svcctl.errors import AgentUnreachable, Denied, LimitReached, TimedOut, UsageError
from svcctl.server.answers import Answers
from svcctl.server.grpc.caller import Caller, Door, source_of
from svcctl.server.grpc.connection_cap import Connections
from svcctl.server.holding import while_it_holds
from svcctl.server.refusals import Refusals
from svcctl.wire import Selection

if TYPE_CHECKING:
    from svcctl.server.grpc.caller import Context

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What those who are let in may use up.

    *streams*: at once, *per_actor*: of them by one actor.  *stuck*: seconds a reader may take for
    one message, *patience*: seconds until a request is there.
    """

    streams: int = 150
    per_actor: int = 50
    stuck: float = 60.0
    patience: float = 10.0


class Places:
    """Streams that are open, counted by who reads them."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._open: Counter[str] = Counter()

    @contextmanager
    def place(self, actor: str) -> Iterator[None]:
        """Count one more while the block lasts; raises LimitReached."""
        if self._open.total() >= self._limits.streams:
            raise LimitReached("too many streams are open", hint="ask again later")
        if self._open[actor] >= self._limits.per_actor:
            raise LimitReached(
                f"{actor!r} has {self._limits.per_actor} streams open", hint="close one first"
            )
        self._open[actor] += 1
        try:
            yield
        finally:
            self._open[actor] -= 1
            if not self._open[actor]:
                del self._open[actor]


class Asking:
    """Lets callers in through *doorkeeper*, and has *answers* carry out what they ask for.

    Nothing of a request is read before it is known who asks.
    """

    def __init__(
        self,
        answers: Answers,
        *,
        doorkeeper: Door,
        limits: Limits,
        connections: Connections,
        refusals: Refusals | None = None,
    ) -> None:
        """*refusals* has it written down where who would change something is not let in."""
        self._answers, self._doorkeeper, self._refusals = answers, doorkeeper, refusals
        self._limits, self._connections = limits, connections
        self._places = Places(limits)
        self._telling: set[asyncio.Task[object]] = set()
        self._is_over = False

    def end_streams(self) -> None:
        """Tell nobody any more: a stream has no end to wait for.

        Whoever reads one is told to ask again, of whoever comes next.
        """
        self._is_over = True
        for each in self._telling:
            each.cancel()

    async def answer(self, context: Context, work: Callable[[Caller], Awaitable[T]]) -> T:
        """Give what *work* gives to who calls, unless their address has too many connections.

        Every error of ours ends the RPC with a status that tells it.
        """
        caller = Caller.of(context)

        async def counted() -> T:
            with self._connections.asking(context.peer()):
                return await work(caller)

        return await caller.answer(counted())

    async def identify(self, caller: Caller) -> Identity:
        """Give who asks; raises Unauthenticated, TooManyTries, and see the doorkeeper."""
        return await caller.identify(self._doorkeeper)

    async def identify_for(self, caller: Caller, verb: Verb) -> Identity:
        """Give who asks for *verb*, see :meth:`identify`; of which services is not read yet."""
        try:
            return await self.identify(caller)
        except Denied as error:
            if self._refusals and verb.effect is not Effect.READ:
                who = unknown(Way.GRPC, source=source_of(caller.context.peer()))
                await self._refusals.note(
                    error, verb=verb.name, selection=Selection(), identity=who
                )
            raise

    async def read(self, caller: Caller) -> bytes:
        """Give the request as it came; raises TimedOut, UsageError where there is none."""
        try:
            async with asyncio.timeout(self._limits.patience):
                raw = await caller.context.read()
        except TimeoutError:
            raise TimedOut(f"no request came for {self._limits.patience:g}s") from None
        if not isinstance(raw, bytes):
            raise UsageError("it was called without a request")
        return raw

    async def ask(
        self,
        name: str,
        *,
        selection: Selection,
        args: Mapping[str, object],
        identity: Identity,
        emit: Emit,
    ) -> object:
        """Have a verb carried out for as long as what *identity* showed holds."""
        work = self._answers.carry_out(
            name, selection=selection, args=args, identity=identity, emit=emit
        )
        return await while_it_holds(self._doorkeeper, identity, work)

    async def tell(
        self, caller: Caller, identity: Identity, replies: AsyncGenerator[bytes]
    ) -> None:
        """Write *replies*, each once the reader has room for it, while *identity* holds.

        Raises LimitReached where there is no place, TimedOut where the reader is stuck,
        AgentUnreachable once streams are to end.
        """
        async with aclosing(replies):
            with self._places.place(identity.actor), self._until_over():
                await while_it_holds(self._doorkeeper, identity, self._write(caller, replies))

    @contextmanager
    def _until_over(self) -> Iterator[None]:
        """Have the block end once streams are to end; raises AgentUnreachable then."""
        task = asyncio.current_task()
        assert task is not None
        self._telling.add(task)
        try:
            if self._is_over:
                raise _over()
            yield
        except asyncio.CancelledError:
            if self._is_over and not task.uncancel():
                raise _over() from None
            raise
        finally:
            self._telling.discard(task)

    async def _write(self, caller: Caller, replies: AsyncGenerator[bytes]) -> None:
        async for reply in replies:
            try:
                async with asyncio.timeout(self._limits.stuck):
                    await caller.context.write(reply)
            except TimeoutError:
                problem = f"nothing was read for {self._limits.stuck:g}s"
                raise TimedOut(problem, hint="go on after the last cursor") from None


def _over() -> AgentUnreachable:
    problem = "this server is being stopped"
    return AgentUnreachable(problem, hint="ask again, and go on after the last cursor", asked=False)
