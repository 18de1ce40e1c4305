"""Knows how instances stand, and since when they are up, from their events alone: pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from svcctl.engine.life import Phase
from svcctl.events import Event, PhaseChanged, SpecApplied


@dataclass(slots=True)
class Lives:
    """The instances that anything was heard of, by service and name; *up* since when, if ever."""

    phases: dict[str, dict[str, Phase]] = field(default_factory=dict)
    up: dict[str, dict[str, float]] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Take in what happened."""
        match event:
            case PhaseChanged(service=service, instance=instance, old=old, new=new):
                self.phases.setdefault(service, {})[instance] = Phase(new)
                if new == Phase.RUNNING and old == Phase.STARTING:
                    self.came_up(service, instance, at=event.at)
            case SpecApplied(service=service, change="removed"):
                self.phases.pop(service, None)
                self.up.pop(service, None)

    def came_up(self, service: str, instance: str, *, at: float) -> None:
        """The instance is up, since *at* (seconds since 1970)."""
        self.up.setdefault(service, {})[instance] = at
