"""The verbs that are about the agent itself."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field

from svcctl.app.arguments import Arguments
from svcctl.app.natives import Natives
from svcctl.app.waiting import Emit
from svcctl.engine.manager import AgentManager
from svcctl.errors import NotAvailable, TimedOut
from svcctl.ports import Clock, Document
from svcctl.wire import Selection


@dataclass(slots=True)
class Ending:
    """How the agent is to end: ``stop`` or ``upgrade``, once *asked* is set."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    how: str = "stop"

    def ask(self, how: str) -> None:
        """End the agent."""
        self.how = how
        self.asked.set()


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What does not change while an agent runs; *usage* measures the process itself.

    *outlived*: programs live on when the agent ends.
    """

    version: str
    home: str
    socket: str
    started_at: float
    adopted: int
    recovered: str
    usage: Callable[[], Document]
    outlived: bool = True


class Agent:
    """Says how the agent is, and ends it."""

    def __init__(
        self,
        manager: AgentManager,
        *,
        about: About,
        ending: Ending,
        clock: Clock,
        natives: Natives,
    ) -> None:
        self._manager, self._about, self._natives = manager, about, natives
        self._ending, self._clock = ending, clock

    async def status(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        """Say who the agent is and how it is."""
        del selection, args, emit
        names = self._manager.names()
        keepers = [keeper for name in names for keeper in self._manager.keepers(name)]
        return {
            "pid": os.getpid(),
            "version": self._about.version,
            "started_at": self._about.started_at,
            "uptime": self._clock.now() - self._about.started_at,
            "home": self._about.home,
            "socket": self._about.socket,
            "services": len(names),
            "instances": len(keepers),
            "running": sum(keeper.program.child is not None for keeper in keepers),
            "adopted": self._about.adopted,
            "recovered": self._about.recovered,
            "natives": len(self._natives.kept),
            "natives_unseen": self._unseen(),
        } | self._about.usage()

    def _unseen(self) -> Document:
        """Give what is not known of native services, by name, with the reason."""
        unknown = dict.fromkeys(sorted(self._natives.unseen), "nobody has said yet how it is")
        return {**unknown, **self._natives.problems}

    async def stop(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        """Stop all services in order, or leave them running, then end the agent."""
        del selection, emit
        if args.flag("leave_services"):
            self._insist_they_live_on()
        running = self._running()
        if not args.flag("leave_services"):
            try:
                async with asyncio.timeout(args.seconds("timeout")):
                    await self._manager.stop_all()
            except TimeoutError:
                raise TimedOut(
                    f"still running: {', '.join(self._running())}",
                    hint="svcctl kill NAME, or svcctl agent stop --leave-services",
                ) from None
        left = self._running()
        self._ending.ask("stop")
        return {"stopped": [name for name in running if name not in left], "left": left}

    async def upgrade(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        """Replace the agent's program; services run on and are adopted."""
        del selection, args, emit
        self._insist_they_live_on()
        self._ending.ask("upgrade")
        return {"pid": os.getpid(), "version": self._about.version, "running": self._running()}

    def _insist_they_live_on(self) -> None:
        if not self._about.outlived:
            raise NotAvailable(
                "on this system services end with their agent",
                hint="svcctl agent stop, then svcctl agent run --detach starts them anew",
            )

    def _running(self) -> list[str]:
        return [
            keeper.name
            for name in self._manager.names()
            for keeper in self._manager.keepers(name)
            if keeper.program.child is not None
        ]
