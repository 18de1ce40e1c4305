"""When a verb has reached its goal: pure decisions on how an instance stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from svcctl.ports import Document, InstanceStatus


class Goal(StrEnum):
    """What is waited for."""

    UP = "up"
    DOWN = "stopped"
    PAUSED = "paused"
    STARTED = "started"
    READY = "ready"
    HEALTHY = "healthy"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one instance; *lines* are the last it wrote, given when it failed."""

    service: str
    instance: str
    ok: bool
    phase: str
    problem: str = ""
    hint: str = ""
    lines: tuple[str, ...] = ()
    pid: int | None = None

    def document(self) -> Document:
        """Give it in a form JSON can hold."""
        return {
            "service": self.service,
            "instance": self.instance,
            "ok": self.ok,
            "phase": self.phase,
            "problem": self.problem,
            "hint": self.hint,
            "lines": list(self.lines),
            "pid": self.pid,
        }


PROVING = 0.2
"""Seconds a program that merely has to start must survive before it counts as up."""

PROOFS = 50
"""Times at the most that it is looked at for that."""

_UP = frozenset({"running", "finished"})
_DOWN = frozenset({"stopped", "failed", "finished"})


def problem(goal: Goal, status: InstanceStatus, *, blocked_by: str, healthy: bool) -> str | None:
    """Say what stands between *status* and *goal*: "" nothing, None nothing final yet."""
    match goal:
        case Goal.UP:
            return _up(status, blocked_by)
        case Goal.DOWN:
            return "" if status.phase in _DOWN else None
        case Goal.PAUSED:
            return _paused(status)
        case Goal.STARTED:
            return "" if status.pid is not None or status.phase in _UP else None
        case Goal.READY:
            return "" if status.ready or status.phase == "finished" else None
        case Goal.HEALTHY:
            return "" if status.ready and healthy else None
        case Goal.DONE:
            return _done(status)
        case Goal.FAILED:
            return "" if status.phase == "failed" else None


def _up(status: InstanceStatus, blocked_by: str) -> str | None:
    if status.phase in _UP:
        return ""
    if status.phase == "stopped":
        return "" if status.next_at is not None else "was stopped meanwhile"
    if status.phase in {"failed", "backoff"}:
        return status.reason or f"is in phase {status.phase}"
    if status.phase == "paused" and status.reason:  # it was to go on, and does not
        return status.reason
    if blocked_by:
        return f"needs {blocked_by!r}, which does not run"
    return None


def _paused(status: InstanceStatus) -> str | None:
    if status.phase == "paused":
        return ""
    if status.phase == "pausing":
        return None
    refused = status.reason if status.phase == "running" else ""
    return refused or f"is {status.phase}: only what runs can be paused"


def _done(status: InstanceStatus) -> str | None:
    if status.phase == "finished":
        return ""
    return (status.reason or "has failed") if status.phase == "failed" else None


def what_became(status: InstanceStatus, found: str, lines: Sequence[bytes]) -> Outcome:
    """Give what became of an instance: what was *found* wrong, or nothing, and its last lines."""
    return Outcome(
        service=status.service,
        instance=status.instance,
        ok=not found,
        phase=status.phase,
        problem=found,
        hint=hint(status) if found else "",
        lines=tuple(line.decode(errors="replace") for line in lines),
        pid=status.pid,
    )


def is_proved(outcome: Outcome | None, *, pid: int | None) -> bool:
    """Say whether *outcome* is for good, where process *pid* was seen :data:`PROVING` ago."""
    return outcome is not None and (
        not outcome.ok or outcome.phase != "running" or outcome.pid == pid
    )


def hint(status: InstanceStatus) -> str:
    """Say what to do about an instance that did not reach its goal."""
    if status.phase == "backoff":
        return f"it will be tried again; see: svcctl logs {status.service}"
    if status.phase == "failed":
        return f"see: svcctl logs {status.service}; then: svcctl reset {status.service}"
    return f"see: svcctl events {status.service}"
