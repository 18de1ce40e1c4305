"""What is wrong on this machine, as events begin and end it: pure.

====================  =============================  ===========================================
happening             begins with                    ends with
====================  =============================  ===========================================
service_down          phase failed                   running, stopped or finished
service_restarting    phase backoff                  running, stopped, finished or failed
service_flapping      4 times backoff in 10 minutes  10 minutes without, or stopped; where a finding
                      says so, with the end of that
not_live, not_ready   a verdict of a probe           the other verdict, or another run
memory                the soft limit exceeded        another run
capture_paused        output that cannot be written  output that can, or stopped
crash                 an error not handled           an hour without
agent_lost            an agent that never ended      10 minutes
what rules find       a finding                      its end, or a day without
what detectors find   a finding                      its end, or an hour (leaks: a day) without
====================  =============================  ===========================================

What is removed has nothing wrong with it any more.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from svcctl.app.alerting.cause import PURPOSES, Cause, begun, caused, down
from svcctl.events import (
    CaptureResumed,
    Event,
    FindingEnded,
    PhaseChanged,
    ProbePassed,
    SpecApplied,
)
from svcctl.ports import InstanceStatus
from svcctl.spec.alert_policy import Happening

_FLAPS, _WITHIN = 4, 600.0  # failures, and seconds
_FLAPPING = "flapping"  # as findings call it

_OF_A_RUN = frozenset(
    (
        *(Happening.SERVICE_DOWN, Happening.SERVICE_RESTARTING, Happening.NOT_LIVE),
        *(Happening.NOT_READY, Happening.MEMORY),
    )
)
"""What another run of the program has nothing to do with."""

_OF_A_SERVICE = frozenset((Happening.SERVICE_FLAPPING, Happening.CAPTURE_PAUSED))
"""What is over once somebody has stopped it, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What an event changed: causes that *begun* (or were seen again), and that *ended*."""

    begun: tuple[Cause, ...] = ()
    ended: tuple[Cause, ...] = ()


@dataclass(slots=True)
class Causes:
    """All that is wrong now."""

    _known: dict[tuple[str, str, str, str], Cause] = field(default_factory=dict)
    _failures: dict[str, deque[float]] = field(default_factory=dict)

    @property
    def now(self) -> tuple[Cause, ...]:
        """Give all of it, in the order in which it began."""
        return tuple(self._known.values())

    @property
    def next_end(self) -> float | None:
        """Give when the next of them is over by itself."""
        return min((each.until for each in self.now if each.until is not None), default=None)

    def take(self, event: Event) -> Change:
        """Take in what happened."""
        if isinstance(event, SpecApplied) and event.change == "removed":
            return self._end(each for each in self.now if each.service == event.service)
        change = self._end(self._over(event))
        found = (*begun(event), *self._flapping(event))
        self.recall(found)
        return Change(begun=found, ended=change.ended)

    def expire(self, now: float) -> Change:
        """End what is over by itself at *now*."""
        return self._end(each for each in self.now if each.until is not None and each.until <= now)

    def recall(self, causes: Iterable[Cause]) -> None:
        """Take in what was wrong before somebody looked away."""
        self._known |= {each.key: each for each in causes}

    def settle(
        self, standing: Iterable[InstanceStatus], *, now: float, unseen: Collection[str] = ()
    ) -> Change:
        """Take in how things are: for what began or ended while nobody looked.

        Of the services *unseen* nobody knows how they are: what was wrong with them still is.
        """
        phases = {each.instance: each for each in standing}
        change = self._end(
            each for each in self.now if each.service not in unseen and _is_past(each, phases)
        )
        failed = [down(each, now=now) for each in phases.values() if each.phase == "failed"]
        new = tuple(each for each in failed if each.key not in self._known)
        self.recall(new)
        return Change(begun=new, ended=change.ended)

    def _end(self, over: Iterable[Cause]) -> Change:
        ended = tuple(over)
        for each in ended:
            del self._known[each.key]
        return Change(ended=ended)

    def _over(self, event: Event) -> list[Cause]:
        mine = [each for each in self.now if each.instance == event.instance]
        match event:
            case PhaseChanged(new="running" | "failed" | "finished"):
                return [each for each in mine if each.happening in _OF_A_RUN]
            case PhaseChanged(new="stopped"):
                self._failures.pop(event.instance, None)
                ended = _OF_A_RUN | _OF_A_SERVICE
                return [each for each in mine if each.happening in ended]
            case ProbePassed(probe=probe, purpose=purpose):
                happening = PURPOSES.get(purpose)
                return [e for e in mine if e.happening is happening and e.about[1] == probe]
            case CaptureResumed(stream=stream):
                paused = Happening.CAPTURE_PAUSED
                return [e for e in mine if e.happening is paused and e.about[1] == stream]
            case FindingEnded(pattern=pattern):
                about = ("pattern", pattern)
                flapping = [e for e in mine if e.happening is Happening.SERVICE_FLAPPING]
                return [
                    *(e for e in self.now if e.about == about and e.service == event.service),
                    *(flapping if event.instance and f"/{_FLAPPING}/" in pattern else ()),
                ]
            case _:
                return []

    def _flapping(self, event: Event) -> Iterator[Cause]:
        if not isinstance(event, PhaseChanged) or event.new != "backoff":
            return
        failures = self._failures.setdefault(event.instance, deque(maxlen=_FLAPS))
        failures.append(event.at)
        if len(failures) == _FLAPS and event.at - failures[0] <= _WITHIN:
            summary = f"failed {_FLAPS} times within {_WITHIN / 60:.0f} minutes"
            yield caused(event, Happening.SERVICE_FLAPPING, summary)


def _is_past(cause: Cause, phases: Mapping[str, InstanceStatus]) -> bool:
    """Say whether *cause* cannot be so, as things are."""
    if not cause.instance:
        return False
    status = phases.get(cause.instance)
    if status is None:
        return True
    match cause.happening:
        case Happening.SERVICE_DOWN:
            return status.phase != "failed"
        case Happening.SERVICE_RESTARTING:
            return status.phase not in {"backoff", "starting"}
        case _:
            return False
