"""Measures what runs now and then, with one look at the machine for all who want to know."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from svcctl.engine.keeper import Keeper
from svcctl.engine.life import Phase
from svcctl.engine.manager import AgentManager
from svcctl.events import Event, InstanceAdopted, InstanceSpawned
from svcctl.ports import Cancel, Timer, Usage

log = logging.getLogger(__name__)

Also = Callable[[], bool]
"""Says whether there is something to look at besides what the engine runs."""

_SLACK = 0.25  # of the shortest interval: who is due as soon is told now, with the same look


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What the program of *keeper* used when it was looked at."""

    keeper: Keeper
    usage: Usage


Told = Callable[[Sequence[Sample]], float | None]
"""Takes the samples of a look; gives the seconds until the next, None for as many as usual."""


@dataclass(slots=True, kw_only=True)
class _Asked:
    every: float
    call: Told
    also: Also
    due: float


def _nothing() -> bool:
    return False


class Sampler:
    """Looks as often as somebody asked, while anything runs; has no timer while nothing does."""

    def __init__(self, manager: AgentManager) -> None:
        self._manager, self._clock = manager, manager.world.clock
        self._asked: list[_Asked] = []
        self._timer: Timer | None = None
        self._forget: Cancel | None = None

    def every(
        self, seconds: float, call: Told, *, also: Also = _nothing, at_once: bool = False
    ) -> None:
        """Call with what all programs use, that often while any runs, or *also* says so.

        With *at_once* for the first time now.
        """
        if self._forget is None:
            self._forget = self._manager.world.bus.subscribe(self._noticed)
        due = self._clock.monotonic() + (0.0 if at_once else seconds)
        self._asked.append(_Asked(every=seconds, call=call, also=also, due=due))
        self._look()

    def close(self) -> None:
        """Look no more."""
        self._asked.clear()
        self._set_timer(())
        if self._forget:
            self._forget()
            self._forget = None

    def look_again(self) -> None:
        """Somebody's *also* may say something else by now."""
        if self._timer is None:
            self._look()

    def _noticed(self, event: Event) -> None:
        if isinstance(event, InstanceSpawned | InstanceAdopted) and self._timer is None:
            now = self._clock.monotonic()
            for each in self._asked:
                each.due = now + each.every
            self._set_timer(self._asked)

    def _look(self) -> None:
        self._timer = None
        running = self._running()
        asked = [each for each in self._asked if running or each.also()]
        now = self._clock.monotonic()
        slack = _SLACK * min((each.every for each in asked), default=0.0)
        due = [each for each in asked if each.due <= now + slack]
        if any(each.due <= now for each in due):
            for each in due:
                each.due = now + each.every
            self._tell(due, running, now)
        self._set_timer(asked)

    def _tell(self, due: Sequence[_Asked], running: Sequence[Keeper], now: float) -> None:
        """Measure, and tell who is due; what fails is tried again at the next look."""
        try:
            samples = self._measure(running)
            for each in due:
                if sooner := each.call(samples):
                    each.due = now + sooner
        except Exception:
            log.exception("sampling.failed")

    def _measure(self, running: Sequence[Keeper]) -> list[Sample]:
        children = [child for keeper in running if (child := keeper.program.child)]
        used = self._manager.world.spawner.usage(children, closely=True)
        return [
            Sample(keeper=keeper, usage=usage) for keeper, usage in zip(running, used, strict=True)
        ]

    def _running(self) -> list[Keeper]:
        manager = self._manager
        return [
            keeper
            for name in manager.names()
            for keeper in manager.keepers(name)
            if keeper.program.child and keeper.state.phase is not Phase.PAUSED
        ]

    def _set_timer(self, asked: Sequence[_Asked]) -> None:
        """Look again when the next of them is due; where there is none, a start begins it again."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if asked:
            wait = min(each.due for each in asked) - self._clock.monotonic()
            self._timer = self._clock.later(max(0.0, wait), self._look)


class Rates:
    """Turns what only grows into so much a second, by name."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[float, float]] = {}

    def take(self, name: str, value: float, *, at: float) -> float | None:
        """Give the rate since the last time, None where it is the first or began anew."""
        then, before = self._last.get(name, (at, 0.0))
        self._last[name] = at, value
        return None if at <= then or value < before else (value - before) / (at - then)

    def keep(self, names: Iterable[str]) -> None:
        """Forget all others."""
        wanted = frozenset(names)
        self._last = {name: last for name, last in self._last.items() if name in wanted}
