"""Learns the least busy hour of services from their history, where one is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from svcctl.app.healing.acting import CarryOut
from svcctl.app.healing.hours import quiet_hour
from svcctl.app.healing.wanted import Wanted
from svcctl.engine.schedule import LocalTime
from svcctl.errors import SvcctlError
from svcctl.ports import Clock
from svcctl.spec.heal import QUIET
from svcctl.spec.heal_notation import Window

_GOOD_FOR = 3600.0  # seconds
_PAST = "1w"


class QuietHours:
    """Asks for the history of those services only that are to be healed at their quiet hour."""

    def __init__(self, carry_out: CarryOut, clock: Clock, *, then: Callable[[], None]) -> None:
        self._carry_out, self._clock, self._then = carry_out, clock, then
        self._known: dict[str, Window | None] = {}
        self._asked_at: dict[str, float] = {}
        self.fetching: set[asyncio.Task[None]] = set()

    def of(self, service: str) -> Window | None:
        """Give its least busy hour, None where that is not known."""
        return self._known.get(service)

    def want(self, wanted: Wanted) -> None:
        """Learn the hour of the service that is to be healed, and decide anew once it is known."""
        service, now = wanted.service, self._clock.monotonic()
        asked_at = self._asked_at.get(service)
        if wanted.policy.at != QUIET or (asked_at is not None and now - asked_at < _GOOD_FOR):
            return
        self._asked_at[service] = now
        task = asyncio.get_running_loop().create_task(self._learn(service))
        self.fetching.add(task)
        task.add_done_callback(self.fetching.discard)

    async def _learn(self, service: str) -> None:
        try:
            found = await self._carry_out("history", names=(service,), args={"since": _PAST})
        except SvcctlError:  # no history is kept: the hour that is taken for quiet holds
            found = None
        rows = found.get("instances", {}) if isinstance(found, dict) else {}
        used = [(at, cpu) for each in rows.values() for at, cpu, *_ in each if cpu is not None]
        self._known[service] = quiet_hour(used, zone=LocalTime())
        self._then()
