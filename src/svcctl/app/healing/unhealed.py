"""Tells people of what was to be healed by itself and is not: a finding like any other."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from svcctl.app.healing.trouble import Key, Troubles
from svcctl.app.healing.wanted import Wanted
from svcctl.events import FindingEnded, FindingMade
from svcctl.ports import Bus, Clock
from svcctl.spec.alert_policy import Happening


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What was told of *service*, *about* which trouble; None: an earlier agent told it."""

    service: str
    about: Key | None = None
    problem: str = ""


class Unhealed:
    """What is not healed, by the pattern of its finding."""

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._bus, self._clock = bus, clock
        self._told: dict[str, _Told] = {}

    def recall(self, troubles: Troubles) -> None:
        """Take up what an earlier agent told and did not end."""
        found = [each for each in troubles.now if each.happening is Happening.UNHEALED]
        self._told |= {each.about: _Told(service=each.service) for each in found}

    def tell(self, wanted: Wanted, problem: str) -> None:
        """Say once that *wanted* is not done, and why."""
        told = _Told(service=wanted.service, about=wanted.trouble.key, problem=problem)
        pattern = _pattern(wanted)
        if self._told.get(pattern) == told:
            return
        self._told[pattern] = told
        now, trouble = self._clock.now(), wanted.trouble
        self._bus.publish(
            FindingMade(
                at=now,
                service=wanted.service,
                kind=Happening.UNHEALED,
                subject=wanted.by,
                pattern=pattern,
                observed=problem,
                expected=f"{wanted.policy.do} heals it",
                since=now,
                score=1.0,
                explanation=f"service '{wanted.service}' is not healed by {wanted.policy.do}: "
                f"{problem}; {trouble.summary}",
            )
        )

    def end(self, wanted: Wanted) -> None:
        """It was done after all."""
        self._end({_pattern(wanted)} & self._told.keys())

    def keep_only(self, troubles: Collection[Key]) -> None:
        """Say that the rest is over: nothing but *troubles* is wrong."""
        self._end({pattern for pattern, told in self._told.items() if told.about not in troubles})

    def _end(self, patterns: Iterable[str]) -> None:
        for pattern in patterns:
            service = self._told.pop(pattern).service
            self._bus.publish(FindingEnded(at=self._clock.now(), service=service, pattern=pattern))


def _pattern(wanted: Wanted) -> str:
    """Give what is the same while the same is not healed."""
    trouble = wanted.trouble
    about = trouble.about or trouble.happening
    return f"{trouble.instance or trouble.service}/unhealed/{wanted.by}/{about}"
