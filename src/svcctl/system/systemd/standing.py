"""How a service is, judged by what systemd says of its unit: pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from svcctl.ports import InstanceStatus
from svcctl.spec import canonical
from svcctl.spec.instance import instance_names
from svcctl.system.registrations import Registration

RUNS = frozenset(("active", "activating", "deactivating", "reloading"))
"""Values of ``ActiveState`` of a unit that has, or may have, a process."""

_PHASES = {
    "active": "running",
    "reloading": "running",
    "activating": "starting",
    "deactivating": "stopping",
    "inactive": "stopped",
    "failed": "failed",
}
_REASONS = {
    "exit-code": "{who} ended with exit code {status}",
    "signal": "{who} was killed by signal {status}",
    "core-dump": "{who} crashed with signal {status}",
    "timeout": "systemd waited too long",
    "watchdog": "{who} gave no sign of life",
    "start-limit-hit": "systemd gave up: too many starts in too short a time",
    "oom-kill": "killed for lack of memory",
    "resources": "systemd could not set it up",
}
_EXITED = "1"  # CLD_EXITED of waitid(2)
_GAVE_UP = {"69": "svcctl gave up: it failed too often", "78": "its configuration is bad"}


def outside_views(
    registration: Registration,
    properties: Mapping[str, str],
    *,
    timer: Mapping[str, str],
    now: float,
    monotonic: float,
) -> list[InstanceStatus]:
    """Give a row for each instance; see :func:`outside_view`.

    What the host has and uses stands in the first one only: it is there once.
    """
    first = outside_view(registration, properties, timer=timer, now=now, monotonic=monotonic)
    _, *others = instance_names(canonical.parse(registration.applied.spec))
    more = replace(first, pid=None, started_at=None, memory_bytes=None, processes=None)
    return [first, *(replace(more, instance=name) for name in others)]


def outside_view(
    registration: Registration,
    properties: Mapping[str, str],
    *,
    timer: Mapping[str, str],
    now: float,
    monotonic: float,
) -> InstanceStatus:
    """Say how the first instance of a service is whose host does not answer.

    *timer* are the properties of its timer, if it has one; *now* (seconds since 1970) and
    *monotonic* are the same moment.
    """
    applied = registration.applied
    spec = canonical.parse(applied.spec)
    phase = _PHASES.get(properties.get("ActiveState", ""), "stopped")
    if properties.get("SubState") == "auto-restart":
        phase = "backoff"
    pid = _number(properties.get("MainPID")) or None
    started = _number(properties.get("ActiveEnterTimestampMonotonic"))
    return InstanceStatus(
        service=spec.name,
        instance=spec.name,
        phase=phase,
        ready=phase == "running",
        live=None,
        pid=pid,
        started_at=now - monotonic + started / 1e6 if pid and started else None,
        restarts=_number(properties.get("NRestarts")) or 0,
        exit_code=None if spec.host or pid else _exit_code(properties),
        exit_signal=None,
        manager="systemd",
        spec_revision=applied.revision,
        applied=properties.get("NeedDaemonReload") != "yes",
        enabled=registration.enabled,
        cpu=None,
        memory_bytes=_number(properties.get("MemoryCurrent")) if pid else None,
        processes=_number(properties.get("TasksCurrent")) if pid else None,
        reason=_reason(phase, properties, hosted=spec.host),
        status_text=properties.get("StatusText", "") if pid else "",
        next_at=next_run(timer, now=now, monotonic=monotonic),
        groups=tuple(spec.groups),
        labels=dict(spec.labels),
        description=spec.description,
    )


def remarks(
    status: InstanceStatus, properties: Mapping[str, str], *, lasts: bool
) -> InstanceStatus:
    """Add to the reason what an administrator did to the unit, and where it is forgotten.

    *lasts*: it starts at boot if it is enabled, not only when its user logs in.
    """
    own = f"/{status.service}.service.d/"
    said = [
        f"changed by {each}" for each in properties.get("DropInPaths", "").split() if own in each
    ]
    if not lasts:
        said.append("starts at log-in; to start it at boot: loginctl enable-linger")
    return replace(status, reason="; ".join([each for each in (status.reason, *said) if each]))


def next_run(timer: Mapping[str, str], *, now: float, monotonic: float) -> float | None:
    """Give when (seconds since 1970) a *timer* that is active elapses; None where it does not."""
    if timer.get("ActiveState") != "active":
        return None
    at = _number(timer.get("NextElapseUSecRealtime"))
    passed = _number(timer.get("NextElapseUSecMonotonic"))
    if at:
        return at / 1e6
    return now - monotonic + passed / 1e6 if passed else None


def _exit_code(properties: Mapping[str, str]) -> int | None:
    """Give the code its last process ended with; None where a signal ended it, or none ever ran."""
    exited = properties.get("ExecMainCode") == _EXITED
    return _number(properties.get("ExecMainStatus")) if exited else None


def _reason(phase: str, properties: Mapping[str, str], *, hosted: bool) -> str:
    result = properties.get("Result", "success")
    if properties.get("LoadState") == "not-found":
        return "its unit is gone: svcctl install it anew"
    if phase not in {"failed", "backoff"} or result == "success":
        return ""
    status = properties.get("ExecMainStatus", "")
    if result == "exit-code" and status in _GAVE_UP:
        return (hosted and properties.get("StatusText")) or _GAVE_UP[status]
    who = "the host" if hosted else "it"
    return _REASONS.get(result, result).format(who=who, status=status)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None
