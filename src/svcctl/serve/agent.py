"""The life of an agent process: from its lock to its last word."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from svcctl.app.selection import Selection
from svcctl.bootstrap.agent import AgentParts, agent_parts
from svcctl.bootstrap.local import paths
from svcctl.errors import SvcctlError
from svcctl.serve.local import LocalServer

log = logging.getLogger(__name__)


class Nobody:
    """Takes the items of verbs that the agent asks of itself."""

    def __call__(self, item: object) -> None:
        """Forget it."""

    async def room(self) -> None:
        """Always."""


async def keep(home: str | None, *, group: str | None, opened: Callable[[AgentParts], None]) -> str:
    """Run an agent until it is asked to end; say how: ``stop`` or ``upgrade``.

    Members of *group* may use it as well as its own account and root.
    *opened* is called once the door is open.  The first SIGTERM or SIGINT stops all services in
    order, the second kills them.  Raises Conflict where an agent runs already.
    """
    with agent_parts(paths(home), group=group or None) as parts:
        stopping: list[asyncio.Task[None]] = []

        def asked_by_signal() -> None:
            if not stopping:
                stopping.append(asyncio.create_task(stop_in_order(parts)))
            else:
                kill_everything(parts)

        async with LocalServer(parts.dispatch, door=parts.door):
            with parts.stop_signals(asked_by_signal):
                opened(parts)
                await parts.ending.asked.wait()
        for task in stopping:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        return parts.ending.how


async def stop_in_order(parts: AgentParts) -> None:
    """Stop every service, dependants first, and end the agent whatever comes of it."""
    try:
        await parts.dispatch.carry_out(
            "agent-stop", selection=Selection(), args={}, actor="signal", emit=Nobody()
        )
    except SvcctlError as error:
        log.error("agent.stop-failed", extra={"problem": error.problem})
        parts.ending.ask("stop")


def kill_everything(parts: AgentParts) -> None:
    """Stop without asking: somebody is in a hurry."""
    parts.manager.kill_all()
