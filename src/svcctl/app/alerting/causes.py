"""What is wrong on this machine, as events begin and end it: pure.

====================  =============================  ===========================================
happening             begins with                    ends with
====================  =============================  ===========================================
service_down          phase failed                   running, stopped or finished
service_restarting    phase backoff                  running, stopped, finished or failed
service_flapping      4 times backoff in 10 minutes  10 minutes without, or stopped
not_live, not_ready   a verdict of a probe           the other verdict, or another run
memory                the soft limit exceeded        another run
capture_paused        output that cannot be written  output that can
crash                 an error not handled           an hour without
agent_lost            an agent that never ended      10 minutes
what rules find       a finding                      its end, or a day without
what detectors find   a finding                      its end, or an hour without
====================  =============================  ===========================================

What is removed has nothing wrong with it any more.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from svcctl.events import (
    AgentLost,
    CapturePaused,
    CaptureResumed,
    CrashSeen,
    Event,
    FindingEnded,
    FindingMade,
    MemoryExceeded,
    PhaseChanged,
    ProbeFailed,
    ProbePassed,
    SpecApplied,
)
from svcctl.ports import InstanceStatus
from svcctl.spec.alert_policy import Happening

_SHORT, _LONG = 600.0, 3600.0  # seconds after which what has no opposite is over
_A_DAY = 86_400.0  # a rule says that it is over, unless the agent died meanwhile
_FLAPS = 4  # failures within ten minutes

LASTS: Mapping[Happening, float] = {
    **dict.fromkeys((Happening.AGENT_LOST, Happening.SERVICE_FLAPPING), _SHORT),
    **dict.fromkeys(
        (
            *(Happening.CRASH, Happening.ERROR_RATIO, Happening.LATENCY, Happening.SILENCE),
            *(Happening.LEAK, Happening.BURST, Happening.DROP, Happening.NEW_TEMPLATE),
            *(Happening.SESSION, Happening.METRIC),
        ),
        _LONG,
    ),
    Happening.RULE: _A_DAY,
}
"""Seconds after which what nothing else ends is over."""

ABOUT = ("probe", "stream", "crash", "pattern")
"""Labels that tell a cause from others of its kind."""

_OF_A_RUN = frozenset(
    (
        *(Happening.SERVICE_DOWN, Happening.SERVICE_RESTARTING, Happening.NOT_LIVE),
        *(Happening.NOT_READY, Happening.MEMORY),
    )
)
"""What another run of the program has nothing to do with."""

_PURPOSES = {"live": Happening.NOT_LIVE, "ready": Happening.NOT_READY}

FOUND = {
    "latency drift": Happening.LATENCY,
    "unusual session": Happening.SESSION,
    "unusual value": Happening.METRIC,
    "flapping": Happening.SERVICE_FLAPPING,
}
"""Kinds of findings whose happening has another name; an unknown one is a rule's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One thing that is wrong: *about* tells it from others of its kind, as a label.

    *until* is when it is over by itself, None: it is not.  *priority* is empty where whoever found
    it chose none.
    """

    happening: Happening
    service: str
    instance: str
    summary: str
    began: float
    about: tuple[str, str] = ("", "")
    details: str = ""
    samples: tuple[str, ...] = ()
    until: float | None = None
    priority: str = ""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Give what is the same while it is the same thing."""
        return self.happening, self.service, self.instance, self.about[1]


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
        begun = tuple(self._begun(event))
        for each in begun:
            self._known[each.key] = each
        return Change(begun=begun, ended=change.ended)

    def expire(self, now: float) -> Change:
        """End what is over by itself at *now*."""
        return self._end(each for each in self.now if each.until is not None and each.until <= now)

    def recall(self, causes: Iterable[Cause]) -> None:
        """Take in what was wrong before somebody looked away."""
        self._known |= {each.key: each for each in causes}

    def settle(self, standing: Iterable[InstanceStatus], *, now: float) -> Change:
        """Take in how things are: for what began or ended while nobody looked."""
        phases = {each.instance: each for each in standing}
        change = self._end(each for each in self.now if _is_past(each, phases))
        failed = [_failed(each, now=now) for each in phases.values() if each.phase == "failed"]
        begun = [each for each in failed if each.key not in self._known]
        self.recall(begun)
        return Change(begun=tuple(begun), ended=change.ended)

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
                ended = _OF_A_RUN | {Happening.SERVICE_FLAPPING}
                return [each for each in mine if each.happening in ended]
            case ProbePassed(probe=probe, purpose=purpose):
                happening = _PURPOSES.get(purpose)
                return [e for e in mine if e.happening is happening and e.about[1] == probe]
            case CaptureResumed(stream=stream):
                paused = Happening.CAPTURE_PAUSED
                return [e for e in mine if e.happening is paused and e.about[1] == stream]
            case FindingEnded(pattern=pattern):
                about = ("pattern", pattern)
                return [e for e in self.now if e.about == about and e.service == event.service]
            case _:
                return []

    def _begun(self, event: Event) -> Iterator[Cause]:
        match event:
            case PhaseChanged(new="failed", reason=reason):
                yield _cause(event, Happening.SERVICE_DOWN, f"failed: {reason}")
            case PhaseChanged(new="backoff", reason=reason):
                again = f"failed and is about to be started again: {reason}"
                yield _cause(event, Happening.SERVICE_RESTARTING, again)
                yield from self._flapping(event)
            case ProbeFailed(probe=probe, purpose=purpose, problem=problem):
                if happening := _PURPOSES.get(purpose):
                    summary = f"{purpose} probe '{probe}' fails: {problem}"
                    yield _cause(event, happening, summary, about=("probe", probe))
            case MemoryExceeded(memory_bytes=used, limit_bytes=limit):
                mib = 1024**2
                summary = f"uses {used / mib:.0f} MiB, more than {limit / mib:.0f} MiB"
                yield _cause(event, Happening.MEMORY, summary)
            case CapturePaused(stream=stream, problem=problem):
                summary = f"{stream} cannot be written, the program waits: {problem}"
                yield _cause(event, Happening.CAPTURE_PAUSED, summary, about=("stream", stream))
            case CrashSeen():
                yield _crash(event)
            case AgentLost(pid=pid, rebooted=rebooted):
                how = "went down with the machine" if rebooted else "was killed or crashed"
                summary = f"the agent before, pid {pid}, {how}"
                yield _cause(event, Happening.AGENT_LOST, summary)
            case FindingMade():
                yield _found(event)

    def _flapping(self, event: Event) -> Iterator[Cause]:
        failures = self._failures.setdefault(event.instance, deque(maxlen=_FLAPS))
        failures.append(event.at)
        if len(failures) == _FLAPS and event.at - failures[0] <= _SHORT:
            summary = f"failed {_FLAPS} times within {_SHORT / 60:.0f} minutes"
            yield _cause(event, Happening.SERVICE_FLAPPING, summary)


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


def _failed(status: InstanceStatus, *, now: float) -> Cause:
    return Cause(
        happening=Happening.SERVICE_DOWN,
        service=status.service,
        instance=status.instance,
        summary=f"{status.instance}: failed: {status.reason}",
        began=now,
    )


def _cause(
    event: Event,
    happening: Happening,
    summary: str,
    *,
    about: tuple[str, str] = ("", ""),
) -> Cause:
    who = event.instance or event.service
    lasts = LASTS.get(happening)
    return Cause(
        happening=happening,
        service=event.service,
        instance=event.instance,
        summary=f"{who}: {summary}" if who else summary,
        began=event.at,
        about=about,
        until=None if lasts is None else event.at + lasts,
    )


def _crash(event: CrashSeen) -> Cause:
    return Cause(
        happening=Happening.CRASH,
        service=event.service,
        instance=event.instance,
        summary=f"{event.instance}: {event.kind} in {event.where}: {event.problem}",
        details=f"report: {event.file}" if event.file else "",
        began=event.at,
        about=("crash", event.fingerprint),
        until=event.at + LASTS[Happening.CRASH],
    )


def _found(event: FindingMade) -> Cause:
    happening = _happening(event.kind)
    return Cause(
        happening=happening,
        service=event.service,
        instance=event.instance,
        summary=event.explanation,
        details=f"{event.subject}: {event.observed}, expected {event.expected}",
        samples=event.samples,
        began=event.since,
        about=("pattern", event.pattern),
        until=event.at + LASTS[happening],
        priority=event.priority,
    )


def _happening(kind: str) -> Happening:
    if kind in FOUND:
        return FOUND[kind]
    word = kind.replace(" ", "_")
    return Happening(word) if word in LASTS else Happening.RULE
