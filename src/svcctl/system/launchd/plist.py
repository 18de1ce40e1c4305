"""Writes the property list of a service: what launchd is to do; decides all, touches nothing.

The keys are those of launchd.plist(5).  Not tried on macOS: made and checked against its manual.
"""

from __future__ import annotations

import math
import plistlib
from collections.abc import Mapping
from dataclasses import dataclass

from svcctl.errors import SpecError
from svcctl.spec.handover import as_account
from svcctl.spec.policy import Limits, LogTo, Overlap, RestartWhen
from svcctl.spec.service import Scope, ServiceSpec, Start, Type
from svcctl.system.launchd.calendar import calendar

Document = dict[str, object]

_PREFIX = "org.svcctl."
_SLACK = 10  # seconds beyond what the stop steps and hooks may take
_THROTTLE = 10  # seconds between two starts of a host; launchd's own default
_RESOURCES = {
    "core": "Core",
    "cpu": "CPU",
    "data": "Data",
    "fsize": "FileSize",
    "memlock": "MemoryLock",
    "nproc": "NumberOfProcesses",
    "stack": "Stack",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """By which command the host of one service is started, and where its own words go.

    *enabled*: it starts by itself.
    """

    argv: tuple[str, ...]
    output: str
    enabled: bool = True


def label(service: str) -> str:
    """Give the name launchd knows a service by."""
    return f"{_PREFIX}{service}"


def host_plist(spec: ServiceSpec, site: Site) -> bytes:
    """Give the property list under which launchd runs the host of *spec*.

    It runs as the service's user unless only root can do what is asked of it; it sees to limits
    itself, as those of a program are not for its host.  Raises SpecError for what launchd cannot
    do.
    """
    _refuse(spec)
    schedule = _schedule(spec)
    return _written(
        {
            "Label": label(spec.name),
            "ProgramArguments": list(site.argv),
            "RunAtLoad": site.enabled and not schedule,
            **(_account_names(spec) if as_account(spec) else {}),
            "KeepAlive": _keep_alive(by_itself=site.enabled and not schedule),
            "ThrottleInterval": _THROTTLE,
            **schedule,
            "ExitTimeOut": stop_seconds(spec),
            "ProcessType": "Interactive",  # the only one whose processor and disk are not throttled
            "StandardOutPath": site.output,
            "StandardErrorPath": site.output,
        }
    )


def _keep_alive(*, by_itself: bool) -> Document:
    """Have launchd restart a host that failed; one that gave up says it succeeded (see ending).

    ``SuccessfulExit`` would also start it at load; one that is not to start by itself is only
    restarted after a crash.
    """
    return {"SuccessfulExit": False} if by_itself else {"Crashed": True}


def plain_plist(spec: ServiceSpec) -> bytes:
    """Give a property list that runs the program itself, without svcctl.

    What launchd cannot do stands in a comment on top.
    """
    argv = ["/bin/sh", "-c", *spec.exec] if spec.shell else list(spec.exec)
    schedule = {} if _unscheduled(spec) else _schedule(spec)
    document: Document = {
        "Label": f"local.{spec.name}",
        "ProgramArguments": argv,
        "RunAtLoad": _at_load(spec),
        **_restart(spec),
        "ThrottleInterval": max(1, math.ceil(spec.restart.delay)),
        **schedule,
        **({"WorkingDirectory": spec.cwd} if spec.cwd else {}),
        **({"EnvironmentVariables": dict(spec.env)} if spec.env else {}),
        **_account(spec),
        **_resources(spec.limits),
        "ExitTimeOut": stop_seconds(spec),
        **_streams(spec),
    }
    return _commented(_written(document), lost(spec))


def lost(spec: ServiceSpec) -> list[str]:
    """Say what of *spec* a plain property list cannot do."""
    probes = [f"the {each.kind} probe ({each.purpose})" for each in spec.health]
    hooks = (
        *("pre_start", "post_start", "pre_stop", "post_stop"),
        *("pause", "resume"),
    )
    limits = spec.limits
    others = (
        (spec.ready != "exec", f"ready = {spec.ready!r}: launchd waits for nothing"),
        (spec.needs or spec.after, "needs and after: launchd starts everything at once"),
        (spec.start is Start.DELAYED, 'start = "delayed"'),
        (spec.type is Type.FORKING, 'type = "forking": the program must stay in the foreground'),
        (spec.instances > 1, f"{spec.instances} instances"),
        (spec.env_file, "env_file"),
        (spec.env_clean, "env_clean"),
        (spec.secrets, "secrets"),
        (any(getattr(spec.hook, each) for each in hooks), "hooks"),
        (_is_asked(spec), "ways to stop other than TERM, then KILL"),
        (spec.reload.signal or spec.reload.exec, "reload"),
        (spec.restart.factor > 1, "waits that grow from restart to restart"),
        (spec.restart.max, "restart.max: launchd never gives up"),
        (limits.memory or limits.memory_restart, "limits on memory"),
        (limits.cpu or limits.tasks or limits.affinity, "limits.cpu, tasks and affinity"),
        (_unscheduled(spec), _unscheduled(spec)),
        ("as" in limits.rlimit, "limits.rlimit.as"),
        (spec.supplementary_groups or spec.no_new_privs or spec.cap_bound, "rights of the account"),
    )
    return [*probes, *(text for there, text in others if there)]


def _refuse(spec: ServiceSpec) -> None:
    overlap = spec.schedule.overlap if spec.schedule else Overlap.SKIP
    if overlap is not Overlap.SKIP:
        raise SpecError(
            f"service {spec.name!r}: launchd skips a run while one goes on, it cannot {overlap!s}",
            hint="leave schedule.overlap out, or write: manager = 'agent'",
        )


def _unscheduled(spec: ServiceSpec) -> str:
    """Say why the schedule of *spec* has no form here; empty where it has one."""
    try:
        _refuse(spec)
        _schedule(spec)
    except SpecError as error:
        return f"the schedule: {error.problem}"
    return ""


def _schedule(spec: ServiceSpec) -> Document:
    if spec.schedule is None:
        return {}
    if spec.schedule.every is not None:
        return {"StartInterval": max(1, round(spec.schedule.every))}
    return {"StartCalendarInterval": calendar(spec.schedule.cron or "")}


def _restart(spec: ServiceSpec) -> Document:
    match spec.restart.policy:
        case RestartWhen.NEVER:
            return {}
        case RestartWhen.ALWAYS if _at_load(spec):
            return {"KeepAlive": True}
        case RestartWhen.ON_ABNORMAL:
            return {"KeepAlive": {"Crashed": True}}
        case _:
            return {"KeepAlive": _keep_alive(by_itself=_at_load(spec))}


def _at_load(spec: ServiceSpec) -> bool:
    return spec.start in {Start.AUTO, Start.DELAYED} and spec.schedule is None


def _account(spec: ServiceSpec) -> Document:
    found: Document = {}
    if spec.scope is not Scope.USER:
        found |= _account_names(spec)
    if spec.umask is not None:
        found["Umask"] = spec.umask
    return found


def _account_names(spec: ServiceSpec) -> Document:
    user: Document = {"UserName": spec.user} if spec.user else {}
    return user | ({"GroupName": spec.group} if spec.group else {})


def _resources(limits: Limits) -> Document:
    """Give priority and limits; what is unlimited there is no number for."""
    wanted = {_RESOURCES[name]: each for name, each in limits.rlimit.items() if name in _RESOURCES}
    if limits.nofile is not None:
        wanted["NumberOfFiles"] = limits.nofile
    numbers = {name: each for name, each in wanted.items() if each >= 0}
    found: Document = {"Nice": limits.nice} if limits.nice else {}
    if numbers:
        found |= {"SoftResourceLimits": numbers, "HardResourceLimits": dict(numbers)}
    return found


def stop_seconds(spec: ServiceSpec) -> int:
    """Give the time a stop may take before launchd kills, in whole seconds."""
    steps = sum(each.timeout for each in spec.stop.steps())
    hooks = spec.hook.timeout * (len(spec.hook.pre_stop) + len(spec.hook.post_stop))
    return math.ceil(steps + hooks) + _SLACK


def _streams(spec: ServiceSpec) -> Document:
    found: Document = {}
    if spec.stdin.startswith("file:"):
        found["StandardInPath"] = spec.stdin.removeprefix("file:")
    if spec.log.to is LogTo.NULL:
        return found
    folder = "/var/log" if spec.scope is Scope.SYSTEM else spec.cwd or "/tmp"  # noqa: S108 - launchd knows no ~
    output = f"{folder}/{spec.name}.log"
    return {**found, "StandardOutPath": output, "StandardErrorPath": output}


def _is_asked(spec: ServiceSpec) -> bool:
    steps = spec.stop.steps()
    return len(steps) != 1 or steps[0].signal != "TERM"


def _written(document: Mapping[str, object]) -> bytes:
    return plistlib.dumps(dict(document), sort_keys=False)


def _commented(written: bytes, lines: list[str]) -> bytes:
    """Put a comment before the first element; XML allows no two dashes in it."""
    if not lines:
        return written
    text = "".join(f"\n  Not carried over: {each}" for each in lines)
    while "--" in text:
        text = text.replace("--", "- -")
    head, mark, rest = written.partition(b"<plist ")
    return head + f"<!--{text}\n-->\n".encode() + mark + rest
