"""The life of an agent process: from its lock to its last word."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable

from svcctl.app.waiting import Nobody
from svcctl.auth.identity import inside
from svcctl.bootstrap.agent import AgentParts, agent_parts
from svcctl.bootstrap.local import Paths
from svcctl.errors import StateFault, SvcctlError, SystemFault
from svcctl.ports import HostPhase, HostReport
from svcctl.server.choices import Choices
from svcctl.server.local import LocalServer
from svcctl.wire import Selection

log = logging.getLogger(__name__)


_SIGN_OF_LIFE = 5.0  # seconds between two words to a native manager while services stop


async def keep(where: Paths, *, choices: Choices, opened: Callable[[AgentParts], None]) -> str:
    """Run the agent of *where* until it is asked to end; say how: ``stop`` or ``upgrade``.

    *opened* is called once the door is open.  The first SIGTERM or SIGINT stops all services in
    order, the second kills them.  Raises Conflict where an agent runs already.
    """
    with agent_parts(
        where, group=choices.group, sample=choices.sample, traces=choices.traces
    ) as parts:
        stopping: list[asyncio.Task[None]] = []

        def asked_by_signal() -> None:
            if not stopping:
                stopping.append(asyncio.create_task(stop_in_order(parts)))
            else:
                kill_everything(parts)

        async with (
            LocalServer(parts.dispatch, door=parts.door),
            contextlib.AsyncExitStack() as more,
        ):
            await _offer_metrics(parts, choices, more)
            _begin_history(parts, choices)
            _watch_natives(parts, more)
            with parts.stop_signals(asked_by_signal):
                opened(parts)
                await parts.ending.asked.wait()
        for task in stopping:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        return parts.ending.how


async def _offer_metrics(
    parts: AgentParts, choices: Choices, stack: contextlib.AsyncExitStack
) -> None:
    """Open the port for scrapers, where one was chosen, and count what only they want to know.

    Where it cannot be had, that is logged: services are to be kept all the same.
    """
    if choices.metrics_port is None:
        return
    from svcctl.server.scraping import scraped  # noqa: PLC0415 - most are not scraped

    clock = parts.manager.world.clock
    try:
        port = await stack.enter_async_context(
            scraped(parts.metrics, port=choices.metrics_port, clock=clock)
        )
    except SystemFault as error:
        log.error("agent.no-metrics", extra={"problem": error.problem, "hint": error.hint})
        return
    parts.lines.begin()
    log.info("agent.metrics", extra={"url": f"http://127.0.0.1:{port}/metrics"})


def _begin_history(parts: AgentParts, choices: Choices) -> None:
    """Write down what services use, where that was chosen; see :func:`_offer_metrics`."""
    if choices.history is None:
        return
    from svcctl.observe.history.store import History  # noqa: PLC0415 - most keep none

    path = f"{parts.paths.state}/history.db"
    try:
        parts.historian.begin(
            lambda interval: History(path, interval=interval), interval=choices.history
        )
    except StateFault as error:
        log.error("agent.no-history", extra={"problem": error.problem, "hint": error.hint})


def _watch_natives(parts: AgentParts, stack: contextlib.AsyncExitStack) -> None:
    """Watch what native managers keep, until the stack is left."""
    from svcctl.server.natives import watch_once_registered  # noqa: PLC0415 - not for hosts

    stack.callback(watch_once_registered(parts, os.environ.get("SVCCTL_HOME")))


class Controls:
    """What a native manager may ask of the agent it keeps; see ports.HostControls."""

    def __init__(self, parts: AgentParts, report: HostReport) -> None:
        self._parts, self._report = parts, report
        self._loop = asyncio.get_running_loop()
        self._stopping: asyncio.Task[None] | None = None

    def stop(self, *, shutdown: bool) -> None:
        """Stop every service in order, then the agent."""
        del shutdown
        self._loop.call_soon_threadsafe(self._stop)

    def _stop(self) -> None:
        if self._stopping is None:
            self._tell()
            self._stopping = asyncio.create_task(stop_in_order(self._parts))

    def _tell(self) -> None:
        running = sum(
            keeper.program.child is not None
            for name in self._parts.manager.names()
            for keeper in self._parts.manager.keepers(name)
        )
        text = f"{running} still to stop"
        self._report.tell(HostPhase.STOPPING, text=text, within=_SIGN_OF_LIFE * 3)
        self._loop.call_later(_SIGN_OF_LIFE, self._tell)

    def pause(self) -> None:
        """An agent cannot pause: its services would go on unwatched."""

    def resume(self) -> None:
        """There is nothing to resume."""

    def reload(self) -> None:
        """An agent has no configuration of its own to read."""
        self._report.reloading(over=False)
        self._report.reloading(over=True)

    def custom(self, code: int) -> None:
        """An agent has no user control codes."""


async def stop_in_order(parts: AgentParts) -> None:
    """Stop every service, dependants first, and end the agent whatever comes of it."""
    try:
        await parts.dispatch.carry_out(
            "agent-stop", selection=Selection(), args={}, identity=inside("signal"), emit=Nobody()
        )
    except SvcctlError as error:
        log.error("agent.stop-failed", extra={"problem": error.problem})
        parts.ending.ask("stop")


def kill_everything(parts: AgentParts) -> None:
    """Stop without asking: somebody is in a hurry."""
    parts.manager.kill_all()
