"""Who is told of which alerts, at what pace, and who is told next if nobody cares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from svcctl.alert.alert import Alert
from svcctl.alert.flapping import Bounds
from svcctl.alert.group import Pace
from svcctl.alert.silences import Inhibition, Silence
from svcctl.spec.alert_policy import Priority
from svcctl.spec.matching import Matcher, fit

PACES: Mapping[Priority, Pace] = {
    Priority.P0: Pace(group_wait=0.0, group_interval=60.0, repeat_interval=900.0),
    Priority.P1: Pace(group_wait=30.0, group_interval=300.0, repeat_interval=14_400.0),
    Priority.P2: Pace(group_wait=300.0, group_interval=1800.0, repeat_interval=86_400.0),
}
"""How often is told of each priority, unless a route says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """Channels that are told as well once nobody has acknowledged for *after* seconds."""

    after: float
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where alerts go that all *matchers* fit, told together by the labels *group_by*."""

    name: str
    matchers: tuple[Matcher, ...]
    channels: tuple[str, ...]
    pace: Pace
    group_by: tuple[str, ...] = ("service", "priority")
    escalations: tuple[Escalation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """All of it; of the *routes* the first that fits is taken, an alert without one is kept only.

    *maintenance* are the silences that it has of its own; *flapping* None: nothing is damped.
    """

    routes: tuple[Route, ...]
    inhibitions: tuple[Inhibition, ...] = ()
    maintenance: tuple[Silence, ...] = ()
    flapping: Bounds | None = field(default_factory=Bounds)

    def route(self, alert: Alert) -> Route | None:
        """Give where *alert* goes."""
        return next((each for each in self.routes if fit(each.matchers, alert)), None)


def group_key(route: Route, alert: Alert) -> dict[str, str]:
    """Give the labels that *alert* shares with those it is told with."""
    return {name: alert.label(name) for name in route.group_by}
