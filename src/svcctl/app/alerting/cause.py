"""One thing that is wrong on this machine, as an event tells it: pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from svcctl.events import (
    AgentLost,
    CapturePaused,
    CrashSeen,
    Event,
    FindingMade,
    MemoryExceeded,
    PhaseChanged,
    ProbeFailed,
)
from svcctl.ports import InstanceStatus
from svcctl.spec.alert_policy import Happening

_SHORT, _LONG = 600.0, 3600.0  # seconds after which what has no opposite is over
_A_DAY = 86_400.0  # whoever found it says that it is over, unless the agent died meanwhile

LASTS: Mapping[Happening, float] = {
    **dict.fromkeys((Happening.AGENT_LOST, Happening.SERVICE_FLAPPING), _SHORT),
    **dict.fromkeys(
        (Happening.CRASH, Happening.NEW_TEMPLATE, Happening.SESSION, Happening.METRIC), _LONG
    ),
    **dict.fromkeys(
        (
            *(Happening.RULE, Happening.UNHEALED, Happening.LEAK, Happening.SILENCE),
            *(Happening.ERROR_RATIO, Happening.LATENCY, Happening.BURST, Happening.DROP),
        ),
        _A_DAY,
    ),
}
"""Seconds after which what nothing else ends is over."""

ABOUT = ("probe", "stream", "crash", "pattern")
"""Labels that tell a cause from others of its kind."""

PURPOSES = {"live": Happening.NOT_LIVE, "ready": Happening.NOT_READY}
"""What a probe that fails means, by its purpose; the others mean nothing."""

_FOUND = {
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


def begun(event: Event) -> Iterator[Cause]:
    """Give what *event* says is wrong, by itself."""
    match event:
        case PhaseChanged(new="failed", reason=reason):
            yield caused(event, Happening.SERVICE_DOWN, f"failed: {reason}")
        case PhaseChanged(new="backoff", reason=reason):
            again = f"failed and is about to be started again: {reason}"
            yield caused(event, Happening.SERVICE_RESTARTING, again)
        case ProbeFailed(probe=probe, purpose=purpose, problem=problem):
            if happening := PURPOSES.get(purpose):
                summary = f"{purpose} probe '{probe}' fails: {problem}"
                yield caused(event, happening, summary, about=("probe", probe))
        case MemoryExceeded(memory_bytes=used, limit_bytes=limit):
            mib = 1024**2
            summary = f"uses {used / mib:.0f} MiB, more than {limit / mib:.0f} MiB"
            yield caused(event, Happening.MEMORY, summary)
        case CapturePaused(stream=stream, problem=problem):
            summary = f"{stream} cannot be written, the program waits: {problem}"
            yield caused(event, Happening.CAPTURE_PAUSED, summary, about=("stream", stream))
        case CrashSeen():
            yield _crash(event)
        case AgentLost(pid=pid, rebooted=rebooted):
            how = "went down with the machine" if rebooted else "was killed or crashed"
            summary = f"the agent before, pid {pid}, {how}"
            yield caused(event, Happening.AGENT_LOST, summary)
        case FindingMade():
            yield _found(event)


def down(status: InstanceStatus, *, now: float) -> Cause:
    """Give the cause that an instance which has failed is, as somebody sees it *now*."""
    return Cause(
        happening=Happening.SERVICE_DOWN,
        service=status.service,
        instance=status.instance,
        summary=f"{status.instance}: failed: {status.reason}",
        began=now,
    )


def caused(
    event: Event,
    happening: Happening,
    summary: str,
    *,
    about: tuple[str, str] = ("", ""),
) -> Cause:
    """Give the cause that *event* is; *summary* is a sentence without its subject."""
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
    flaps = happening is Happening.SERVICE_FLAPPING  # as counted here too: it is the same thing
    return Cause(
        happening=happening,
        service=event.service,
        instance=event.instance,
        summary=event.explanation,
        details=f"{event.subject}: {event.observed}, expected {event.expected}",
        samples=event.samples,
        began=event.since,
        about=("", "") if flaps else ("pattern", event.pattern),
        until=event.at + (_A_DAY if flaps else LASTS[happening]),
        priority=event.priority,
    )


def _happening(kind: str) -> Happening:
    if kind in _FOUND:
        return _FOUND[kind]
    word = kind.replace(" ", "_")
    return Happening(word) if word in LASTS else Happening.RULE
