"""Has something done about what is found: through the verbs, as anybody else would ask for them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from svcctl.engine.manager import AgentManager
from svcctl.errors import SvcctlError
from svcctl.events import Event, FindingMade
from svcctl.ports import Cancel
from svcctl.spec.log_rule import RUN

log = logging.getLogger(__name__)

HEALER = "healer"
"""The actor that the audit log names."""

CarryOut = Callable[[str, str], Awaitable[object]]
"""Carries out a verb for a service, audited; raises what the verb does."""


class Healer:
    """Carries out what is asked for of a service in which something was found."""

    def __init__(self, manager: AgentManager, *, carry_out: CarryOut) -> None:
        self._manager, self._carry_out = manager, carry_out
        self._forget: Cancel | None = None
        self._acting: set[asyncio.Task[None]] = set()

    def begin(self) -> None:
        """Act on what is found from now on; needs a running event loop."""
        self._forget = self._manager.world.bus.subscribe(self._noticed)

    def close(self) -> None:
        """Act no more; what is being done is given up."""
        if self._forget:
            self._forget()
        for task in self._acting:
            task.cancel()

    def _noticed(self, event: Event) -> None:
        if not isinstance(event, FindingMade) or not event.action:
            return
        if event.action.startswith(RUN):
            keeper = self._manager.instance(event.seen_in or event.service)
            keeper.program.run_named(event.action.removeprefix(RUN))
            return
        task = asyncio.get_running_loop().create_task(self._do(event.action, event.service))
        self._acting.add(task)
        task.add_done_callback(self._acting.discard)

    async def _do(self, verb: str, service: str) -> None:
        try:
            await self._carry_out(verb, service)
        except SvcctlError as error:
            fields = {"service": service, "verb": verb, "problem": error.problem}
            log.warning("healing.not_done", extra=fields)
