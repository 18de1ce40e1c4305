"""How a service is, judged by what launchd says of its job: pure."""

from __future__ import annotations

from dataclasses import replace

from svcctl.ports import InstanceStatus
from svcctl.spec import canonical
from svcctl.spec.instance import instance_names
from svcctl.spec.service import ServiceSpec
from svcctl.system.launchd.ending import GAVE_UP
from svcctl.system.launchd.launchctl import Job
from svcctl.system.registrations import Registration


def outside_views(registration: Registration, job: Job | None) -> list[InstanceStatus]:
    """Give a row for each instance whose host does not answer; *job* None: it is not loaded.

    The pid of the host stands in the first one only.
    """
    spec = canonical.parse(registration.applied.spec)
    first = _outside_view(registration, spec, job)
    _, *others = instance_names(spec)
    return [first, *(replace(first, instance=name, pid=None) for name in others)]


def _outside_view(registration: Registration, spec: ServiceSpec, job: Job | None) -> InstanceStatus:
    phase = _phase(job)
    return InstanceStatus(
        service=spec.name,
        instance=spec.name,
        phase=phase,
        ready=False,
        live=None,
        pid=job.pid if job else None,
        started_at=None,
        restarts=max(0, job.runs - 1) if job else 0,
        exit_code=None,
        exit_signal=None,
        manager="launchd",
        spec_revision=registration.applied.revision,
        applied=True,
        enabled=registration.enabled,
        cpu=None,
        memory_bytes=None,
        processes=None,
        reason=_reason(job) if phase == "failed" else "",
        status_text="",
        next_at=None,
        groups=tuple(spec.groups),
        labels=dict(spec.labels),
        description=spec.description,
    )


def _phase(job: Job | None) -> str:
    if job is None:
        return "stopped"
    if job.pid is not None:
        return "starting"  # a host answers as soon as it can
    if job.running:
        return "backoff"
    return "failed" if job.exit_code or job.signal else "stopped"


def _reason(job: Job | None) -> str:
    if job is None:
        return ""
    if job.signal:
        return f"the host was killed: {job.signal}"
    return GAVE_UP.get(job.exit_code or 0, f"the host ended with exit code {job.exit_code}")
