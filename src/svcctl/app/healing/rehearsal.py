"""Goes through the past and says what would have been done, by what is written now: pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from svcctl.app.healing.deciding import ECHOES, Held, decide
from svcctl.app.healing.deed import Deed, State
from svcctl.app.healing.lives import Lives
from svcctl.app.healing.scene import Scene, Standing
from svcctl.app.healing.wanted import Requests, Wanted
from svcctl.engine.life import Phase
from svcctl.events import Event

_MOST = 10_000  # decisions between two events, whatever is due


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """At that time (seconds since 1970) *wanted* would have been done; *held*: or not, and why."""

    at: float
    wanted: Wanted
    held: Held | None = None


@dataclass(slots=True, kw_only=True)
class Rehearsal:
    """One past, told event by event; what would have been done is over at once, and helps nobody.

    *scene* says what is so today: definitions, what services need, local time.
    """

    scene: Scene
    _requests: Requests = field(default_factory=Requests)
    _lives: Lives = field(default_factory=Lives)
    _deeds: list[Deed] = field(default_factory=list)
    _told: set[tuple[object, str]] = field(default_factory=set)

    def run(self, events: Iterable[Event], *, until: float) -> list[Rehearsed]:
        """Tell *events*, oldest first, and let time pass *until* then."""
        found: list[Rehearsed] = []
        at, due = 0.0, math.inf
        for event in events:
            found += self._pass_time(due, until=event.at)
            at = max(at, event.at)
            self._requests.take(event)
            self._lives.take(event)
            rows, due = self._decide(at)
            found += rows
        return [*found, *self._pass_time(due, until=until)]

    def _pass_time(self, due: float, *, until: float) -> list[Rehearsed]:
        found: list[Rehearsed] = []
        for _ in range(_MOST):
            if due >= until:
                break
            rows, due = self._decide(due)
            found += rows
        return found

    def _decide(self, now: float) -> tuple[list[Rehearsed], float]:
        """Decide on all at *now*; give what is new, and when it is to be decided anew."""
        troubles = self._requests.troubles
        troubles.expire(now)
        self._requests.forget_what_is_over()
        found: list[Rehearsed] = []
        dues = [] if troubles.next_end is None else [troubles.next_end]
        for wanted in map(_meant, list(self._requests.wanted(self.scene.specs))):
            held = decide(wanted, self._as_of(now))
            if held is None:
                self._do(wanted, now)
                found.append(Rehearsed(at=now, wanted=wanted))
                held = None if wanted.once else decide(wanted, self._as_of(now))
            elif held.reason not in ECHOES and (wanted.key, held.reason) not in self._told:
                self._told.add((wanted.key, held.reason))
                found.append(Rehearsed(at=now, wanted=wanted, held=held))
            if held is not None:
                self._requests.hold(wanted.trouble.key)
                dues += [] if held.until is None else [held.until]
        return found, min((each for each in dues if each > now), default=math.inf)

    def _do(self, wanted: Wanted, now: float) -> None:
        self._told = {each for each in self._told if each[0] != wanted.key}
        if wanted.once:
            self._requests.answer(wanted.trouble.key)
        self._deeds.append(
            Deed(
                number=len(self._deeds),
                at=now,
                ended=now,
                state=State.DONE,
                service=wanted.service,
                what=wanted.policy.do,
                by=wanted.by,
                why=wanted.trouble.summary,
                instance=wanted.trouble.instance,
            )
        )

    def _as_of(self, now: float) -> Scene:
        """Give the scene as it was: dry runs are rehearsed as if they were none."""
        return replace(
            self.scene,
            now=now,
            healing=replace(self.scene.healing, dry_run=False),
            troubles=self._requests.troubles,
            deeds=self._deeds,
            standing=self._standing,
            busy=lambda _: 0.0,
        )

    def _standing(self, service: str) -> Standing | None:
        spec = self.scene.specs.get(service)
        if spec is None:
            return None
        phases = self._lives.phases.get(service) or {service: Phase.RUNNING}
        return Standing(phases=phases, up=self._lives.up.get(service, {}))


def _meant(wanted: Wanted) -> Wanted:
    return replace(wanted, policy=replace(wanted.policy, dry_run=False))
