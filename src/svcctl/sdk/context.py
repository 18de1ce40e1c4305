"""What a service is given to live with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, overload

from svcctl.ports import Clock
from svcctl.sdk.children import Children, Restart, Strategy, Tree
from svcctl.sdk.consuming import Consumer
from svcctl.sdk.equipment import Equipment
from svcctl.sdk.files import placed
from svcctl.sdk.gate import Gate
from svcctl.sdk.lengths import seconds
from svcctl.sdk.logs.logger import Logger
from svcctl.sdk.resources import Resources
from svcctl.sdk.settings import Settings
from svcctl.sdk.waiting import first, sleep
from svcctl.sdk.work import Work

if TYPE_CHECKING:
    from socket import socket

    from svcctl.sdk.durable.job import Job
    from svcctl.sdk.durable.queue import Queue
    from svcctl.sdk.durable.state import State

T = TypeVar("T")

Length = str | float
"""Seconds, or a text such as ``"1m30s"``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a context hands on to its service; *ready* and *say* tell the manager."""

    clock: Clock
    gate: Gate
    stopping: asyncio.Event
    resources: Resources
    work: Work
    children: Children
    settings: Settings
    equipment: Equipment
    ready: Callable[[], None]
    say: Callable[[str], None]
    restart: Callable[[str, Sequence[socket]], None]


class Context:
    """The life of a service, as its ``run``, hooks and jobs see it.

    *retry*, *breaker*, *limit*, *deadline*: for calls that fail or take long.  *queue*, *saga* and
    :attr:`state`: what survives a crash, kept in *folder*.  *metric* counts, *health* has the
    checks.  See :class:`svcctl.sdk.equipment.Equipment`.
    """

    def __init__(self, parts: Parts, *, name: str, log: Logger) -> None:
        self._parts = parts
        self.name, self.log = name, log
        tools = parts.equipment
        self.retry, self.breaker, self.limit = tools.retry, tools.breaker, tools.limit
        self.deadline, self.queue, self.saga = tools.deadline, tools.queue, tools.saga
        self.metric, self.health, self.folder = tools.metrics, tools.health, tools.folder

    @property
    def config(self) -> Any:
        """Its configuration, as it is now; None where it has no ``class Config``."""
        return self._parts.settings.value

    @property
    def config_version(self) -> int:
        """Give the number of the configuration in force; it grows with each, over restarts.

        ``ctx.config.version`` is the same, where its class has neither such a field nor slots.
        """
        return self._parts.settings.version

    @property
    def state(self) -> State:
        """Give what it remembers over restarts: keys and JSON values."""
        return self._parts.equipment.state

    @property
    def stopping(self) -> bool:
        """Say whether the service has been told to stop."""
        return self._parts.stopping.is_set()

    @property
    def paused(self) -> bool:
        """Say whether the service is to stand still."""
        return not self._parts.gate.is_open

    def ready(self) -> None:
        """Tell the manager that the service runs: it can do what it is there for.

        Who waits in :meth:`ticks` or :meth:`stopped` for the first time is ready as well.
        """
        self._parts.ready()

    def status(self, text: str) -> None:
        """Say in a line how it goes, for those who look at the service."""
        self._parts.say(text)

    def now(self) -> float:
        """Give the time of day, in seconds since 1970, by the clock that all of this goes by."""
        return self._parts.clock.now()

    async def sleep(self, length: Length) -> bool:
        """Come back after *length*, later while the service is paused, at once when it stops.

        Gives False where it stops.
        """
        await self.until(sleep(self._parts.clock, seconds(length)))
        await self.until(self._parts.gate.passed())
        return not self.stopping

    async def until(self, *waits: Awaitable[object]) -> bool:
        """Come back once one of *waits* is over, the others being cancelled, or the service stops.

        Gives False where it stops.  What the first raises is raised.
        """
        await first(*waits, self._parts.stopping.wait())
        return not self.stopping

    async def stopped(self) -> None:
        """Come back once the service has been told to stop."""
        self.ready()
        await self._parts.stopping.wait()

    async def ticks(self, period: Length | Callable[[], Length]) -> AsyncIterator[int]:
        """Give 0, 1, 2... one each *period*, the first at once, until the service stops.

        What took longer than a period is not caught up with.  While the service is paused nothing
        is given.  *period* may be a function, asked anew each time: ``lambda: ctx.config.period``.
        """
        self.ready()
        count, clock = 0, self._parts.clock
        due = clock.monotonic()
        while not self.stopping:
            if self.paused:
                await self.until(self._parts.gate.passed())
                due = clock.monotonic()
            if self.stopping:
                return
            yield count
            count += 1
            length = seconds(period() if callable(period) else period)
            due = max(due + length, clock.monotonic())
            await self.until(sleep(clock, due - clock.monotonic()))

    def restart(self, reason: str, *, keep: Sequence[socket] = ()) -> None:
        """Stop in order, then run this program anew: its code, its configuration, all of it.

        The sockets *keep* stay open meanwhile, for :func:`svcctl.take_listeners` in the new run.
        Raises Conflict, and nothing happens, where that was done too often of late; on Windows
        with sockets too, and there it is the manager who starts it again.  A stop that is asked
        for, before or after, is stronger.
        """
        self._parts.restart(reason, keep)

    def work(self, name: str = "work") -> AbstractAsyncContextManager[None]:
        """Count a piece of work while the block lasts: ``async with ctx.work("order"): ...``.

        A stop waits for it, as long as ``drain_timeout`` allows.  Raises Conflict once the service
        stops, before anything is done.
        """
        return self._parts.work.piece(name)

    @overload
    async def use(
        self, resource: AbstractAsyncContextManager[T], *, timeout: Length = ..., name: str = ...
    ) -> T: ...
    @overload
    async def use(
        self, resource: AbstractContextManager[T], *, timeout: Length = ..., name: str = ...
    ) -> T: ...
    @overload
    async def use(self, resource: T, *, timeout: Length = ..., name: str = ...) -> T: ...
    async def use(self, resource: Any, *, timeout: Length = "10s", name: str = "") -> Any:
        """Open *resource* for as long as the service lives, and give what opening gives.

        It is a context manager, async or plain, or something with ``aclose`` or ``close``.  It is
        closed after ``run``, the newest first, in *timeout* at most: one that hangs or fails is
        named in the log, and keeps none of the others.  To be called in ``run`` only.
        """
        resource = placed(resource, self.folder)
        return await self._parts.resources.use(resource, limit=seconds(timeout), name=name)

    def on_stop(
        self, call: Callable[[], object], *, timeout: Length = "10s", name: str = ""
    ) -> None:
        """Make a call, async or plain, when it comes to the turn of what was opened before it."""
        self._parts.resources.call(call, limit=seconds(timeout), name=name)

    def spawn(
        self,
        call: Callable[[], Awaitable[object]],
        *,
        name: str = "",
        restart: Restart = "never",
    ) -> None:
        """Run a coroutine function beside ``run`` until it ends, or the service does.

        *restart* ``"on-failure"`` runs it again when it raised, ``"always"`` when it came back as
        well, after a wait that grows; one that keeps failing, or fails with ``"never"``, crashes
        the service.
        """
        self._parts.children.spawn(call, name=name, restart=restart)

    def consume(self, queue: Queue, call: Callable[[Job], object], *, at_once: int = 1) -> None:
        """Call a function with each job of *queue*, beside ``run``, while the service takes work.

        It is async, or plain and called in a thread; *at_once* calls at most are under way.  A job
        is done when the call comes back, and was tried in vain when it raises.  A pause lets those
        under way end and begins no other; a stop waits for them, as for :meth:`work`.  Raises
        UsageError where the queue is consumed already.
        """
        parts = self._parts
        for number in range(1, at_once + 1):
            consumer = Consumer(
                queue, call, gate=parts.gate, stopping=parts.stopping, work=parts.work
            )
            name = f"queue {queue.name}" + (f" {number}" if number > 1 else "")
            self.spawn(consumer.keep, name=name, restart="on-failure")

    def tree(self, strategy: Strategy = "one_for_one") -> Tree:
        """Give a supervisor of its own for things that belong together.

        With ``"rest_for_one"`` those that were spawned after one that failed are run again too.
        """
        return self._parts.children.tree(strategy)
