"""How instances are, in the words of ``svcctl status``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from svcctl.engine.keeper import Keeper
from svcctl.engine.life import Phase
from svcctl.engine.needs import Needs
from svcctl.engine.sources import Sources
from svcctl.ports import Applied, Clock, InstanceStatus, Spawner, Usage

_SHORTEST = 1.0  # seconds between two looks at processor time that make a new sample


class Registered(Protocol):
    """What the manager knows of a service beyond its instances."""

    applied: Applied
    enabled: bool


class Census:
    """Describes instances, with one look at the machine for all of them."""

    def __init__(self, spawner: Spawner, *, clock: Clock, needs: Needs) -> None:
        self._spawner, self._clock, self._needs = spawner, clock, needs
        self._sources = Sources(clock)
        self._samples: dict[str, tuple[float, float]] = {}

    def glance(self, keeper: Keeper, registered: Registered) -> InstanceStatus:
        """Describe one keeper without measuring anything."""
        return self._describe(keeper, registered, None)

    def take(self, asked: Sequence[tuple[Keeper, Registered]]) -> list[InstanceStatus]:
        """Describe each keeper that was *asked* for, and measure what it uses."""
        return [status for status, _ in self.measure(asked, closely=False)]

    def measure(
        self, asked: Sequence[tuple[Keeper, Registered]], *, closely: bool
    ) -> list[tuple[InstanceStatus, Usage | None]]:
        """Describe each, and give all that was measured: None for what does not run."""
        children = [keeper.program.child for keeper, _ in asked]
        running = [child for child in children if child]
        measured = iter(self._spawner.usage(running, closely=closely))
        usages = [next(measured) if child else None for child in children]
        return [
            (self._describe(keeper, registered, usage), usage)
            for (keeper, registered), usage in zip(asked, usages, strict=True)
        ]

    def forget(self, keeper: Keeper) -> None:
        """It is gone."""
        self._samples.pop(keeper.name, None)

    def _describe(
        self, keeper: Keeper, registered: Registered, usage: Usage | None
    ) -> InstanceStatus:
        state, entry, applied = keeper.state, keeper.entry, registered.applied
        missing = ", ".join(self._needs.unmet(keeper))
        return InstanceStatus(
            service=keeper.spec.name,
            instance=keeper.name,
            phase=state.phase,
            ready=state.ready and keeper.vitals.probing.ready,
            live=keeper.vitals.probing.live,
            pid=entry.identity.pid if entry.identity else None,
            started_at=entry.started_at if entry.identity else None,
            restarts=state.restarts,
            exit_code=entry.exit_code,
            exit_signal=entry.exit_signal,
            manager="agent",
            spec_revision=entry.revision,
            applied=entry.revision == applied.revision and self._sources.unchanged(applied.sources),
            enabled=registered.enabled,
            cpu=self._cpu(keeper, usage) if usage else None,
            memory_bytes=usage.memory_bytes if usage else None,
            processes=usage.processes if usage else None,
            reason=f"waits for {missing}" if missing else state.reason,
            status_text=keeper.vitals.hearing.text,
            next_at=keeper.next_at or self._next_try(keeper),
            groups=tuple(keeper.spec.groups),
            labels=dict(keeper.spec.labels),
            description=keeper.spec.description,
        )

    def _next_try(self, keeper: Keeper) -> float | None:
        """Say when (seconds since 1970) a backoff is over."""
        if keeper.state.phase is not Phase.BACKOFF or not keeper.entry.deadline:
            return None
        return self._clock.now() + keeper.entry.deadline - self._clock.monotonic()

    def _cpu(self, keeper: Keeper, usage: Usage) -> float:
        """Percent of one core since the last look, or since the start."""
        now, spawned = self._clock.monotonic(), keeper.state.spawned_at
        at, used = self._samples.get(keeper.name, (spawned, 0.0))
        if at < spawned or used > usage.cpu_seconds:
            at, used = spawned, 0.0
        if now - at >= _SHORTEST:
            self._samples[keeper.name] = (now, usage.cpu_seconds)
        return round(100 * (usage.cpu_seconds - used) / max(now - at, 0.01), 1)
