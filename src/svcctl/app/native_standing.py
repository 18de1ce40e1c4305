"""How services of native managers stand, and waiting until they stand as they were wanted to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from svcctl.app.goals import PROOFS, PROVING, Goal, Outcome, is_proved, problem, what_became
from svcctl.engine.journal import Entry
from svcctl.engine.last_seen import as_it_ended, at_rest
from svcctl.errors import TimedOut
from svcctl.ports import Applied, InstanceStatus, ServiceManager
from svcctl.spec import canonical
from svcctl.spec.service import ServiceSpec

_LOOK_AGAIN = 0.1  # seconds; another process' manager tells nobody when a job is done
_BEGINNING = 2.0  # seconds a job may take to show at all: until then "stopped" means "not yet"

Tail = Callable[[str, str, int], list[bytes]]
"""Give the last so many lines of an instance, by service and instance."""

LastSeen = Callable[[str], Mapping[str, Entry]]
"""Give what the last host of a service wrote down of its instances."""


class Kept(Protocol):
    """Which services are kept natively, and by which managers."""

    def names(self) -> list[str]:
        """Give them, sorted."""

    def manager_of(self, name: str) -> ServiceManager:
        """Give the manager that keeps *name*; raises UnknownService."""

    def manager_for(self, spec: ServiceSpec) -> ServiceManager | None:
        """Give the manager that is to keep *spec*; None: the agent."""

    def manager_name(self, spec: ServiceSpec) -> str:
        """Name the manager that is to keep *spec*: ``systemd``, ``scm``, ``launchd``, ``agent``."""


class NativeStanding:
    """Asks native managers how services are; blocking."""

    def __init__(self, kept: Kept, *, tail: Tail, last_seen: LastSeen) -> None:
        self._kept, self._tail, self._last_seen = kept, tail, last_seen

    def specs(self) -> dict[str, ServiceSpec]:
        """Give the definition of every service that is kept natively."""
        return {name: canonical.parse(self.query(name).spec) for name in self._kept.names()}

    def query(self, name: str) -> Applied:
        """Give what was applied of *name*; raises UnknownService."""
        return self._kept.manager_of(name).query(name)

    def status(self, names: Iterable[str]) -> list[InstanceStatus]:
        """Say how each instance of *names* (services or instances) is."""
        return self._status(names, ended_after=0.0)

    def _status(self, names: Iterable[str], *, ended_after: float) -> list[InstanceStatus]:
        """Say how they are; a program that was started before *ended_after* has not ended yet."""
        known = set(self._kept.names())
        services = {name: name if name in known else name.rpartition(".")[0] for name in names}
        rows = self.rows(dict.fromkeys(services.values()))
        found: list[InstanceStatus] = []
        for name, service in services.items():
            number = name.removeprefix(f"{service}.") if name != service else ""
            own = service if number == "1" else name
            found += [
                self._as_it_ended(each, after=ended_after)
                for each in rows[service]
                if not number or each.instance == own
            ]
        return found

    def rows(self, services: Iterable[str]) -> dict[str, list[InstanceStatus]]:
        """Ask each manager once for all that it keeps of *services*."""
        found: dict[str, list[InstanceStatus]] = {name: [] for name in services}
        managers = {name: self._kept.manager_of(name) for name in found}
        for manager in {id(each): each for each in managers.values()}.values():
            theirs = [name for name, keeper in managers.items() if keeper is manager]
            for row in manager.status(theirs):
                found[row.service].append(row)
        return found

    def _as_it_ended(self, row: InstanceStatus, *, after: float) -> InstanceStatus:
        return as_it_ended(row, self._last_seen(row.service), after=after) if at_rest(row) else row

    def until(
        self, names: Sequence[str], goal: Goal, *, within: float | None, since: float
    ) -> list[Outcome]:
        """Look until each instance of *names* has reached *goal* or cannot any more.

        *since* (monotonic): when it was asked for.  Raises TimedOut after *within* seconds.
        """
        deadline = None if within is None else time.monotonic() + within
        asked_at = time.time() - (time.monotonic() - since) if since else 0.0
        outcomes: dict[str, Outcome] = {}
        while names:
            fresh = time.monotonic() - since < _BEGINNING
            standing = self._status(names, ended_after=asked_at)
            for each in standing:
                outcomes.pop(each.instance, None)
                if outcome := self._reached(each, goal, fresh=fresh):
                    outcomes[each.instance] = outcome
            if len(outcomes) == len(standing):
                break
            missing = [each.instance for each in standing if each.instance not in outcomes]
            if deadline is not None and time.monotonic() > deadline:
                raise TimedOut(
                    f"not within {within:g}s: {', '.join(missing)} ({goal})",
                    hint="the work goes on: svcctl status",
                )
            time.sleep(_LOOK_AGAIN)
        if goal is Goal.UP:
            self._prove(outcomes)
        return list(outcomes.values())

    def _prove(self, outcomes: dict[str, Outcome]) -> None:
        """Look again at programs that count as up only because they could be started.

        One that was started anew meanwhile has proved nothing yet.
        """
        specs = self.specs()
        fresh = {
            name: each.pid
            for name, each in outcomes.items()
            if each.ok and each.phase == "running" and _merely_started(specs.get(each.service))
        }
        for _ in range(PROOFS):
            if not fresh:
                return
            time.sleep(PROVING)
            services = {outcomes[name].service for name in fresh}
            standing = [each for each in self.status(sorted(services)) if each.instance in fresh]
            before, fresh = fresh, {}
            for each in standing:
                outcome = self._reached(each, Goal.UP, fresh=False)
                outcomes[each.instance] = outcome or outcomes[each.instance]
                if not is_proved(outcome, pid=before[each.instance]):
                    fresh[each.instance] = each.pid

    def _reached(self, status: InstanceStatus, goal: Goal, *, fresh: bool) -> Outcome | None:
        healthy = status.live is not False
        found = problem(goal, status, blocked_by="", healthy=healthy)
        if found is None or (found and fresh and status.phase in {"stopped", "failed"}):
            return None
        lines = self._tail(status.service, status.instance, 10) if found else []
        return what_became(status, found, lines)


def _merely_started(spec: ServiceSpec | None) -> bool:
    return spec is not None and spec.ready == "exec" and not spec.health
