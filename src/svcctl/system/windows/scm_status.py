"""Says how a service is, from what the SCM and the service's own host tell of it; pure."""

from __future__ import annotations

from dataclasses import dataclass

from svcctl.ports import InstanceStatus
from svcctl.spec.instance import instance_names
from svcctl.spec.service import ServiceSpec, Type
from svcctl.system.registrations import Registration
from svcctl.system.windows.scm_plan import MANAGER
from svcctl.system.windows.scm_words import NEVER_STARTED, SERVICE_SPECIFIC
from svcctl.system.windows.service_status import State

_PHASES = {
    State.STOPPED: "stopped",
    State.START_PENDING: "starting",
    State.STOP_PENDING: "stopping",
    State.RUNNING: "running",
    State.CONTINUE_PENDING: "resuming",
    State.PAUSE_PENDING: "pausing",
    State.PAUSED: "paused",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScmStatus:
    """What the SCM says of a service: SERVICE_STATUS_PROCESS.

    *exit_code* is an error of Windows; with 1066 *specific_code* is the service's own. *pid* is
    that of the host, 0 where there is none; *lost*: the SCM has not noticed that it died.
    """

    state: State
    exit_code: int = 0
    specific_code: int = 0
    pid: int = 0
    lost: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeService:
    """A service of Windows, whoever installed it; *command* is empty where we may not see it."""

    name: str
    display_name: str
    state: State
    pid: int
    command: str


def rows(
    spec: ServiceSpec,
    registration: Registration,
    found: ScmStatus,
    *,
    enabled: bool,
    trouble: str = "",
) -> list[InstanceStatus]:
    """Give a row for each instance, from what can be told without its host.

    *trouble* is why the last start that was asked for did not even begin.
    """
    return [
        _without_host(name, spec, registration, found, enabled=enabled, trouble=trouble)
        for name in instance_names(spec)
    ]


def phase_of(found: ScmStatus, *, oneshot: bool) -> str:
    """Give the phase of a service whose host does not answer."""
    if found.lost:
        return "failed"
    if found.state is not State.STOPPED:
        return _PHASES[found.state]
    if found.exit_code in {0, NEVER_STARTED}:
        return "finished" if oneshot and found.exit_code == 0 else "stopped"
    return "failed"


def reason_of(found: ScmStatus) -> str:
    """Say why a service is not running; nothing where there is nothing to say."""
    if found.lost:
        return f"its host (pid {found.pid}) has died, and Windows has not noticed"
    if found.state is not State.STOPPED or found.exit_code in {0, NEVER_STARTED}:
        return ""
    if found.exit_code == SERVICE_SPECIFIC:
        return f"ended with status {found.specific_code}"
    return f"ended with error {found.exit_code} of Windows"


def _without_host(
    name: str,
    spec: ServiceSpec,
    registration: Registration,
    found: ScmStatus,
    *,
    enabled: bool,
    trouble: str,
) -> InstanceStatus:
    phase = phase_of(found, oneshot=spec.type is Type.ONESHOT)
    quiet = phase in {"stopped", "failed", "finished"}
    failed = phase == "failed" and found.exit_code == SERVICE_SPECIFIC and not found.lost
    return InstanceStatus(
        service=spec.name,
        instance=name,
        phase="failed" if trouble and quiet else phase,
        ready=phase == "running",
        live=None,
        pid=None if quiet else found.pid or None,
        started_at=None,
        restarts=0,
        exit_code=found.specific_code if failed else None,
        exit_signal=None,
        manager=MANAGER,
        spec_revision=registration.applied.revision,
        applied=True,
        enabled=enabled,
        cpu=None,
        memory_bytes=None,
        processes=None,
        reason=trouble if trouble and quiet else reason_of(found),
        status_text="",
        next_at=None,
        groups=tuple(spec.groups),
        labels=dict(spec.labels),
        description=spec.description,
    )
