"""Who wants to hear of what, and when not: silences, maintenance windows and inhibition, pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from svcctl.alert.alert import Alert
from svcctl.spec.matching import Matcher, fit


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Nobody is told of what all *matchers* fit, from *begins* until *ends* (since 1970).

    *every* seconds it comes again, as maintenance windows do: None for once.  *who* asked for it
    and *why* are for people.
    """

    number: int
    matchers: tuple[Matcher, ...]
    begins: float
    ends: float
    who: str
    why: str = ""
    every: float | None = None

    def holds(self, now: float) -> bool:
        """Say whether it is in force."""
        if self.every is None or now < self.begins:
            return self.begins <= now < self.ends
        return (now - self.begins) % self.every < self.ends - self.begins

    def is_over(self, now: float) -> bool:
        """Say whether it will never be in force again."""
        return self.every is None and now >= self.ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Inhibition:
    """While something that *sources* fit fires, nobody is told of what *targets* fit.

    Both must have the same values of the labels *equal*; what fits both sides does not inhibit.
    """

    sources: tuple[Matcher, ...]
    targets: tuple[Matcher, ...]
    equal: tuple[str, ...] = ()

    def mutes(self, alert: Alert, firing: Iterable[Alert]) -> bool:
        """Say whether one of *firing* makes *alert* not worth telling."""
        if not fit(self.targets, alert):
            return False
        return any(
            fit(self.sources, each) and not fit(self.targets, each)
            for each in firing
            if each.fires and all(each.label(name) == alert.label(name) for name in self.equal)
        )


def silenced(alert: Alert, silences: Iterable[Silence], *, now: float) -> Silence | None:
    """Give the silence that covers *alert* now, None where none does."""
    return next((each for each in silences if each.holds(now) and fit(each.matchers, alert)), None)
