"""Waits until instances have reached a goal, and says what became of each."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from svcctl.app.goals import PROOFS, PROVING, Goal, Outcome, is_proved, problem, what_became
from svcctl.errors import TimedOut, UnknownService
from svcctl.events import Event, PhaseChanged
from svcctl.ports import Bus

if TYPE_CHECKING:  # fronts, which have none, know what takes items
    from svcctl.engine.manager import AgentManager


class Emit(Protocol):
    """Takes items for whoever asked: progress, a line, an event."""

    def __call__(self, item: object) -> None:
        """Hand over *item*; never blocks, drops it where the asker is far too slow."""

    async def room(self) -> None:
        """Wait until the asker has caught up.

        Whoever follows says so before they wait for what comes: it shows that they have begun.
        """


class Nobody:
    """Takes the items of verbs that the agent asks of itself."""

    def __call__(self, item: object) -> None:
        """Forget it."""

    async def room(self) -> None:
        """Always."""


class Waiting:
    """Watches the bus on behalf of verbs."""

    def __init__(self, manager: AgentManager, *, bus: Bus) -> None:
        self._manager, self._bus = manager, bus

    async def until(
        self, goals: Mapping[str, Goal], *, emit: Emit, within: float | None
    ) -> list[Outcome]:
        """Come back when each instance has reached its goal or cannot any more.

        Raises TimedOut, naming what is not there yet, after *within* seconds.
        """
        open_goals, outcomes = dict(goals), dict[str, Outcome]()
        touched, changed = set(goals), asyncio.Event()

        def watch(event: Event) -> None:
            if event.instance in goals:
                emit(event_document(event))
                touched.add(event.instance)
            elif not isinstance(event, PhaseChanged):
                return
            changed.set()

        forget = self._bus.subscribe(watch)
        try:
            async with asyncio.timeout(within):
                while open_goals:
                    await changed.wait() if not touched else None
                    changed.clear()
                    touched |= open_goals.keys() & self._manager.needs.waiting
                    self._settle(touched, open_goals, outcomes)
                    touched.clear()
                await self._prove(goals, outcomes)
        except TimeoutError:
            missing = ", ".join(f"{name} ({goal})" for name, goal in open_goals.items())
            raise TimedOut(
                f"not within {within:g}s: {missing}", hint="the work goes on: svcctl status"
            ) from None
        finally:
            forget()
        return [outcomes[name] for name in goals if name in outcomes]

    def _settle(
        self, touched: set[str], open_goals: dict[str, Goal], outcomes: dict[str, Outcome]
    ) -> None:
        """Look at what was *touched* only: a thousand services, a thousand looks, not a million."""
        for name in touched & open_goals.keys():
            outcome = self.outcome(name, open_goals[name])
            if outcome:
                outcomes[name] = outcome
                del open_goals[name]

    async def _prove(self, goals: Mapping[str, Goal], outcomes: dict[str, Outcome]) -> None:
        """Look again at programs that count as up only because they could be started.

        One that was started anew meanwhile has proved nothing yet.
        """
        fresh = {
            name: outcomes[name].pid
            for name, goal in goals.items()
            if goal is Goal.UP and outcomes[name].ok and self._merely_started(name)
        }
        for _ in range(PROOFS):
            if not fresh:
                return
            await asyncio.sleep(PROVING)
            before, fresh = fresh, {}
            for name, pid in before.items():
                outcome = self.outcome(name, Goal.UP)
                outcomes[name] = outcome or outcomes[name]
                if not is_proved(outcome, pid=pid):
                    fresh[name] = outcome.pid if outcome else None

    def _merely_started(self, name: str) -> bool:
        try:
            keeper = self._manager.instance(name)
        except UnknownService:
            return True  # look again, and find it gone
        return keeper.state.child and keeper.spec.ready == "exec" and not keeper.spec.health

    def outcome(self, name: str, goal: Goal) -> Outcome | None:
        """Say what became of the instance, None while that is open."""
        try:
            keeper = self._manager.instance(name)
        except UnknownService:
            return _removed(name, goal)
        status = self._manager.glance(keeper)
        found = problem(
            goal,
            status,
            blocked_by=self._manager.needs.blocked_by(keeper),
            healthy=keeper.vitals.probing.healthy,
        )
        if found is None:
            return None
        return what_became(status, found, keeper.sink.tail(10) if found else [])


def _removed(name: str, goal: Goal) -> Outcome:
    """Say what became of an instance that is no more: it is as down as can be."""
    down = goal is Goal.DOWN
    problem_text = "" if down else "was removed meanwhile"
    return Outcome(service=name, instance=name, ok=down, phase="stopped", problem=problem_text)


def event_document(event: Event) -> dict[str, object]:
    """Give an event in a form JSON can hold."""
    return {
        "at": event.at,
        "kind": type(event).__name__,
        "service": event.service,
        "instance": event.instance,
        "fields": event.fields(),
    }
