"""What went wrong in the demo and how long it took to heal: read off the events, nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median

from svcctl.cli.human import size
from svcctl.events import Event, InstanceExited, MemoryExceeded, PhaseChanged, ProbeFailed

CRASH, HANG, LEAK = "crash", "hang", "leak"
_UP = frozenset({"running", "finished"})
_UNASKED = frozenset({"starting", "running"})  # phases in which a program has no reason to end


@dataclass(slots=True, kw_only=True)
class Incident:
    """Something that went wrong: when it was noticed, and when (None: not yet) it was healed.

    Times are in seconds since 1970.
    """

    service: str
    kind: str
    what: str
    at: float
    healed_at: float | None = None

    @property
    def seconds(self) -> float | None:
        """How long it took until the service was ready again."""
        return None if self.healed_at is None else self.healed_at - self.at


@dataclass(slots=True)
class Story:
    """Takes the events of a run in their order; *phases* is where each instance stands."""

    incidents: list[Incident] = field(default_factory=list)
    phases: dict[str, str] = field(default_factory=dict)
    closed_at: float | None = None

    def close(self, at: float) -> None:
        """Take nothing more: what happens from *at* (seconds since 1970) on is the end of it."""
        if self.closed_at is None:
            self.closed_at = at

    def take(self, event: Event) -> None:
        """Take one more event into account."""
        if self.closed_at is not None:
            return
        match event:
            case InstanceExited() if self._is_crash(event):
                how = f"signal {event.signal}" if event.signal else f"exit code {event.code}"
                self._begin(event, CRASH, how)
            case ProbeFailed(purpose="live"):
                self._begin(event, HANG, event.problem)
            case MemoryExceeded():
                self._begin(event, LEAK, f"{size(event.memory_bytes)} of memory")
            case PhaseChanged():
                self.phases[event.instance] = event.new
                if event.new in _UP:
                    self._end(event)

    def is_healed(self, kept: tuple[str, ...]) -> bool:
        """All that went wrong was healed, and the services *kept* are all up."""
        calm = all(each.healed_at is not None for each in self.incidents)
        return calm and all(self.phases.get(each) in _UP for each in kept)

    def healed(self, kind: str, service: str = "") -> int:
        """Count what was healed, of one service or of all."""
        return sum(
            each.kind == kind and each.healed_at is not None and service in {"", each.service}
            for each in self.incidents
        )

    def times(self) -> tuple[float, float] | None:
        """Give the median and the longest time to heal, in seconds; None where nothing healed."""
        found = [each.seconds for each in self.incidents if each.seconds is not None]
        return (median(found), max(found)) if found else None

    def _is_crash(self, event: InstanceExited) -> bool:
        return event.code != 0 and self.phases.get(event.instance) in _UNASKED

    def _open(self, instance: str) -> Incident | None:
        found = (each for each in self.incidents if each.service == instance)
        return next((each for each in found if each.healed_at is None), None)

    def _begin(self, event: Event, kind: str, what: str) -> None:
        if self._open(event.instance) is None:
            self.incidents.append(
                Incident(service=event.instance, kind=kind, what=what, at=event.at)
            )

    def _end(self, event: Event) -> None:
        if incident := self._open(event.instance):
            incident.healed_at = event.at


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A story told to its end: *kept* are the services that are to be up all the time.

    *began* and *ended* are in seconds since 1970.
    """

    story: Story
    services: tuple[str, ...]
    kept: tuple[str, ...]
    began: float
    ended: float

    @property
    def healed(self) -> bool:
        """All that went wrong was healed at the end."""
        return self.story.is_healed(self.kept)

    def document(self) -> dict[str, object]:
        """Give it in a form JSON can hold."""
        times = self.story.times()
        return {
            "seconds": round(self.ended - self.began, 3),
            "healed": self.healed,
            **self._counts(""),
            "time_to_heal": {
                "median": None if times is None else round(times[0], 3),
                "max": None if times is None else round(times[1], 3),
            },
            "services": [
                {"service": each, "phase": self._phase(each), **self._counts(each)}
                for each in self.services
            ],
            "incidents": [self._incident(each) for each in self.story.incidents],
        }

    def lines(self) -> list[str]:
        """Give it for people."""
        story = self.story
        lines = [
            f"{len(self.services)} services ran for {self.ended - self.began:.0f}s",
            f"  crashes healed  {story.healed(CRASH)}",
            f"  hangs caught    {story.healed(HANG)}",
            f"  leaks caught    {story.healed(LEAK)}",
        ]
        if times := story.times():
            lines.append(f"  time to heal    median {times[0]:.2f}s, longest {times[1]:.2f}s")
        if not self.healed:
            return [*lines, f"not healed: {self._ill()}"]
        return [*lines, "healed: all of it" if story.incidents else "nothing broke in that time"]

    def _phase(self, service: str) -> str:
        return self.story.phases.get(service, "stopped")

    def _counts(self, service: str) -> dict[str, object]:
        return {
            "crashes_healed": self.story.healed(CRASH, service),
            "hangs_caught": self.story.healed(HANG, service),
            "leaks_caught": self.story.healed(LEAK, service),
        }

    def _incident(self, incident: Incident) -> dict[str, object]:
        seconds = incident.seconds
        return {
            "service": incident.service,
            "kind": incident.kind,
            "what": incident.what,
            "after": round(incident.at - self.began, 3),
            "time_to_heal": None if seconds is None else round(seconds, 3),
        }

    def _ill(self) -> str:
        down = {each for each in self.kept if self._phase(each) not in _UP}
        open_ones = {each.service for each in self.story.incidents if each.healed_at is None}
        return ", ".join(sorted(down | open_ones))
