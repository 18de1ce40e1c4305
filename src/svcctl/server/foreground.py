"""Keeps the services of some files in the foreground, as long as this process lives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, cast

from svcctl.app.selection import choose
from svcctl.app.waiting import Nobody
from svcctl.auth.identity import inside
from svcctl.bootstrap.agent import AgentParts, agent_parts
from svcctl.bootstrap.local import paths
from svcctl.engine.keeper import Keeper
from svcctl.engine.life import Phase
from svcctl.errors import Conflict
from svcctl.events import Event
from svcctl.ports import Document, LogSink
from svcctl.server.agent import kill_everything, stop_in_order
from svcctl.server.local import LocalServer
from svcctl.wire import Selection

_LAST_WORDS = 10.0  # seconds that channels get once all is over
_OVER = frozenset({Phase.STOPPED, Phase.FAILED, Phase.FINISHED})


class Audience(Protocol):
    """Who watches.  An OSError means that nobody does any more: everything is stopped then."""

    def opened(self, parts: AgentParts) -> None:
        """The agent is there; what it found running runs."""

    def line(self, service: str, instance: str, stream: str, text: bytes) -> None:
        """*instance* wrote a line to *stream* (``stdout`` or ``stderr``)."""

    def event(self, event: Event) -> None:
        """Something happened."""

    def stopping(self) -> None:
        """Everything is being stopped in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How it ended: which instances gave up, which run on, and whether it was asked to end."""

    failed: tuple[str, ...]
    left: tuple[str, ...]
    asked: bool
    hurried: bool


async def up(
    home: str,
    wanted: Document,
    *,
    names: tuple[str, ...] = (),
    audience: Audience,
    enough: asyncio.Event | None = None,
) -> Ended:
    """Run what is *wanted* (the arguments of ``apply``) until all of it is over.

    Starts those of *names* and what they need; without names what starts by itself.  Stops
    everything in order once *enough* is set, at the first Ctrl-C, SIGTERM or hang-up; the second
    of them kills.  Whoever is to be told of what is wrong is told, of how it ended too.  What an
    earlier run left running is taken over.  Raises Conflict where the same is up already,
    UnknownService; nothing is left running by a failure.
    """
    with _lone_agent(home) as parts:
        run = _Run(parts, audience)
        async with LocalServer(parts.dispatch, door=parts.door):
            with parts.stop_signals(run.stop, hangup=True):
                try:
                    run.open()
                    await run.begin(wanted, names)
                    await run.until_over(enough)
                    await run.last_words()
                except BaseException:
                    await stop_in_order(parts)
                    raise
        ended = run.ended()
        parts.desk.close()  # what is wrong still is
        await run.forget()
    return ended


@contextmanager
def _lone_agent(home: str) -> Iterator[AgentParts]:
    try:
        with agent_parts(paths(home)) as parts:
            yield parts
    except Conflict as error:
        raise Conflict(
            f"this is up already: {error.problem}", hint=f"see: svcctl --home {home} status"
        ) from error


class _Run:
    """One agent in the foreground, from the moment it is there."""

    def __init__(self, parts: AgentParts, audience: Audience) -> None:
        self._parts, self._audience = parts, audience
        self._followed: dict[str, LogSink] = {}
        self._beginning: asyncio.Task[None] | None = None
        self._stopping: asyncio.Task[None] | None = None
        self._telling: asyncio.Task[None] | None = None
        self._hurried = False
        self._unsubscribe = parts.bus.subscribe(self._noticed)

    def open(self) -> None:
        """Show what was found running."""
        for keeper in self._keepers():
            self._follow(keeper)
        self._tell(lambda: self._audience.opened(self._parts))

    # who watches

    def _tell(self, call: Callable[[], None]) -> None:
        try:
            call()
        except OSError:
            if self._stopping is None:
                self.stop()

    def _noticed(self, event: Event) -> None:
        for keeper in self._keepers():
            if keeper.name == event.instance:
                self._follow(keeper)
        self._tell(lambda: self._audience.event(event))
        asyncio.get_running_loop().call_soon(self._end_if_over)

    def _follow(self, keeper: Keeper) -> None:
        """Hear what *keeper*'s program writes; a service defined anew has another sink."""
        if self._followed.get(keeper.name) is keeper.sink:
            return
        self._followed[keeper.name] = keeper.sink
        service, instance = keeper.spec.name, keeper.name

        def tell(stream: str, lines: list[bytes]) -> None:
            for line in lines:
                self._tell(lambda line=line: self._audience.line(service, instance, stream, line))  # type: ignore[misc]

        keeper.sink.follow(tell)

    # its life

    async def begin(self, wanted: Document, names: tuple[str, ...]) -> None:
        """Take the definitions over and start what is to start, unless stopped meanwhile."""
        self._beginning = asyncio.create_task(self._begin(wanted, names))
        await asyncio.wait({self._beginning})
        if not self._beginning.cancelled():
            self._beginning.result()

    async def _begin(self, wanted: Document, names: tuple[str, ...]) -> None:
        manager, dispatch = self._parts.manager, self._parts.dispatch
        known = set(manager.names())
        services = cast("list[Document]", wanted["services"])
        if gone := known - {str(each["name"]) for each in services}:
            selection = Selection(names=tuple(sorted(gone)))
            await dispatch.carry_out(
                "remove", selection=selection, args={}, identity=inside("up"), emit=Nobody()
            )
        await dispatch.carry_out(
            "apply",
            selection=Selection(),
            args={**wanted, "prune": True, "no_wait": True},
            identity=inside("up"),
            emit=Nobody(),
        )
        chosen = choose(Selection(names=names), manager.specs) if names else self._due(known)
        for name in chosen:
            manager.start(name)

    def _due(self, known: set[str]) -> list[str]:
        """Name what is to run: what an earlier run left at rest, and what may need others first."""
        manager = self._parts.manager
        at_rest = [
            name
            for name in known & set(manager.names())
            if all(keeper.state.phase in _OVER for keeper in manager.keepers(name))
        ]
        starting = [k.spec.name for k in self._keepers() if k.state.phase is Phase.STARTING]
        return [
            name
            for name in sorted({*at_rest, *starting})
            if manager.is_enabled(name) and not manager.specs[name].schedule
        ]

    async def until_over(self, enough: asyncio.Event | None) -> None:
        """Wait until everything is over, whoever brings that about."""
        waiting = asyncio.create_task(self._stop_at(enough)) if enough else None
        self._end_if_over()
        await self._parts.ending.asked.wait()
        if waiting:
            waiting.cancel()
        if self._stopping:
            await self._stopping

    async def _stop_at(self, enough: asyncio.Event) -> None:
        await enough.wait()
        if self._stopping is None:
            self.stop()

    def _end_if_over(self) -> None:
        """End where nothing runs or is due any more."""
        if self._beginning is None or not self._beginning.done():
            return
        if all(k.state.phase in _OVER and k.next_at is None for k in self._keepers()):
            self._parts.ending.ask("stop")

    def stop(self) -> None:
        """Stop everything in order; kill everything when asked once more.

        Where all is over, only that is given up which people are still to be told.
        """
        if self._telling:
            self._telling.cancel()
        elif self._stopping is None:
            self._stopping = asyncio.create_task(self._stop())
            self._tell(self._audience.stopping)
        else:
            self._hurried = True
            kill_everything(self._parts)

    async def _stop(self) -> None:
        if self._beginning:
            self._beginning.cancel()
            await asyncio.wait({self._beginning})
        await stop_in_order(self._parts)

    # its end

    async def last_words(self) -> None:
        """Have people told what there is to tell, unless somebody is in a hurry."""
        if not self._hurried:
            words = self._parts.desk.last_words(within=_LAST_WORDS)
            self._telling = asyncio.create_task(words)
            await asyncio.wait({self._telling})

    def ended(self) -> Ended:
        """Say how it ended."""
        keepers = list(self._keepers())
        return Ended(
            failed=tuple(k.name for k in keepers if k.state.phase is Phase.FAILED),
            left=tuple(k.name for k in keepers if k.program.child is not None),
            asked=self._stopping is not None,
            hurried=self._hurried,
        )

    async def forget(self) -> None:
        """Leave to the next run only what still runs: it begins anew with all the rest."""
        self._unsubscribe()
        manager = self._parts.manager
        for name in manager.names():
            if all(keeper.state.phase in _OVER for keeper in manager.keepers(name)):
                await manager.uninstall(name)

    def _keepers(self) -> Iterator[Keeper]:
        manager = self._parts.manager
        return (keeper for name in manager.names() for keeper in manager.keepers(name))
