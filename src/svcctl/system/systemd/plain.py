"""Writes a unit that runs the program itself, without svcctl: for ``svcctl export systemd``."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from svcctl.spec.policy import LogTo, RestartWhen, StopTree
from svcctl.spec.probe import Purpose
from svcctl.spec.service import ServiceSpec, Start, Type
from svcctl.system.systemd import sandbox
from svcctl.system.systemd.quoting import command, path, value, word
from svcctl.system.systemd.unit_file import Lines, enforced, unit_section, verbatim

_RESTART = {
    RestartWhen.ALWAYS: "always",
    RestartWhen.ON_FAILURE: "on-failure",
    RestartWhen.ON_ABNORMAL: "on-abnormal",
    RestartWhen.NEVER: "no",
}
_KILL = {StopTree.GROUP: "control-group", StopTree.MIXED: "mixed", StopTree.MAIN: "process"}


def plain_unit(spec: ServiceSpec) -> str:
    """Give the text of a unit for *spec*; what systemd cannot do stands in comments on top."""
    sections: list[tuple[str, Lines]] = [
        ("Unit", [*counting(spec), *verbatim(spec.systemd.unit)]),
        (
            "Service",
            [
                *program(spec),
                *sandbox.lines(spec, outside=(spec.cwd, *spec.exec[:1])),
                *verbatim(spec.systemd.service),
            ],
        ),
        ("Install", [*_install(spec), *verbatim(spec.systemd.install)]),
    ]
    head = [f"# {spec.name}, as svcctl would run it, for systemd alone."]
    head += [f"# Not carried over: {each}" for each in lost(spec)]
    blocks = [
        "\n".join([f"[{name}]", *(f"{key}={said}" for key, said in lines)])
        for name, lines in sections
        if lines
    ]
    return "\n\n".join(["\n".join(head), *blocks]) + "\n"


def lost(spec: ServiceSpec) -> list[str]:
    """Say what of *spec* a plain unit cannot do."""
    probes = [
        f"the {each.kind} probe ({each.purpose}): systemd asks no program how it is"
        for each in spec.health
        if each.kind != "heartbeat"
    ]
    posts = [
        f"the stop by HTTP ({each.http})" for each in spec.stop.steps() if each.http is not None
    ]
    others = (
        (
            not spec.ready.startswith(("exec", "notify")),
            f"ready = {spec.ready!r}: systemd waits for sd_notify or for the start only",
        ),
        (spec.schedule, "the schedule: write a timer, or have svcctl keep it (svcctl install)"),
        (spec.instances > 1, f"{spec.instances} instances: make it a template (NAME@.service)"),
        (spec.limits.memory_restart, "limits.memory_restart: systemd kills at MemoryMax only"),
        (spec.reload.watch, "reload.watch: write a path unit"),
        (spec.rules, "the rules over its logs: systemd reads none"),
        (
            spec.restart.factor > 1,
            "waits that grow from restart to restart (RestartSteps needs systemd 254)",
        ),
        (spec.hook.pause or spec.hook.resume, "the hooks for pause and resume"),
    )
    return [*probes, *(text for there, text in others if there), *posts]


def counting(spec: ServiceSpec) -> Lines:
    """Give what the service is, and how often systemd may start it anew."""
    own = {
        "StartLimitIntervalSec": f"{spec.restart.window:g}s",
        "StartLimitBurst": str(spec.restart.max or 0),
    }
    if not spec.restart.max:
        own = {"StartLimitIntervalSec": "0"}
    common = [each for each in unit_section(spec) if not each[0].startswith("StartLimit")]
    return [*common, *own.items()]


def program(spec: ServiceSpec) -> Lines:
    """Give how systemd runs and ends the program itself, and all that it enforces."""
    return [
        *_program(spec),
        *_environment(spec),
        *_endings(spec),
        *_output(spec),
        *enforced(spec, host=False),
    ]


def _program(spec: ServiceSpec) -> Lines:
    lines: Lines = [("Type", _type(spec)), ("ExecStart", command(_argv(spec)))]
    if spec.pid_file:
        lines.append(("PIDFile", path(spec.pid_file)))
    if spec.cwd:
        lines.append(("WorkingDirectory", path(spec.cwd)))
    for option, hooks in (
        ("ExecStartPre", spec.hook.pre_start),
        ("ExecStartPost", spec.hook.post_start),
        ("ExecStopPost", spec.hook.post_stop),
    ):
        lines += [(option, command(each)) for each in hooks]
    stops = [*spec.hook.pre_stop, *(each.exec for each in spec.stop.steps() if each.exec)]
    lines += [("ExecStop", command(each)) for each in stops]
    if spec.reload.exec:
        lines.append(("ExecReload", command(spec.reload.exec)))
    elif spec.reload.signal:
        lines.append(("ExecReload", f"/bin/kill -{spec.reload.signal} $MAINPID"))
    return lines


def _argv(spec: ServiceSpec) -> Sequence[str]:
    """Give the command; systemd wants a whole path, or a name to look for."""
    if spec.shell:
        return ("/bin/sh", "-c", *spec.exec)
    program = spec.exec[0]
    if "/" in program and not program.startswith("/"):
        return (posixpath.normpath(posixpath.join(spec.cwd or "/", program)), *spec.exec[1:])
    return spec.exec


def _type(spec: ServiceSpec) -> str:
    match spec.type:
        case Type.ONESHOT:
            return "oneshot"
        case Type.FORKING:
            return "forking"
        case _:
            beats = any(each.kind == "heartbeat" for each in spec.health)
            return "notify" if spec.ready == "notify" or beats else "exec"


def _environment(spec: ServiceSpec) -> Lines:
    lines: Lines = [("Environment", word(f"{name}={said}")) for name, said in spec.env.items()]
    if spec.python:  # so that it knows its name, which is not that of its class
        lines.append(("Environment", word(f"SVCCTL_SERVICE={spec.name}")))
    lines += [("EnvironmentFile", path(each)) for each in spec.env_file]
    if spec.stdin.startswith("file:"):
        lines.append(("StandardInput", path(spec.stdin)))
    return lines


def _endings(spec: ServiceSpec) -> Lines:
    restart, stop = spec.restart, spec.stop
    lines: Lines = [
        ("Restart", _RESTART[restart.policy]),
        ("RestartSec", f"{restart.delay:g}s"),
        ("KillSignal", f"SIG{_signal(spec)}"),
        ("KillMode", _KILL[stop.tree]),
        ("TimeoutStartSec", f"{spec.ready_timeout:g}s"),
        ("TimeoutStopSec", f"{sum(each.timeout for each in stop.steps()):g}s"),
    ]
    good = [str(each) for each in restart.ok_exit if each]
    if good:
        lines.append(("SuccessExitStatus", " ".join(good)))
    if restart.never_exit:
        final = " ".join(map(str, restart.never_exit))
        lines.append(("RestartPreventExitStatus", final))
    for probe in spec.health:
        if probe.heartbeat is not None and probe.purpose is Purpose.LIVE:
            lines.append(("WatchdogSec", f"{probe.heartbeat:g}s"))
            break
    return lines


def _signal(spec: ServiceSpec) -> str:
    named = [each.signal for each in spec.stop.steps() if each.signal]
    return named[0] if named else "TERM"


def _output(spec: ServiceSpec) -> Lines:
    where = "null" if spec.log.to is LogTo.NULL else "journal"
    return [
        ("StandardOutput", where),
        ("StandardError", where),
        ("SyslogIdentifier", value(spec.name)),
    ]


def _install(spec: ServiceSpec) -> Lines:
    by_itself = spec.start in {Start.AUTO, Start.DELAYED}
    return [("WantedBy", "multi-user.target")] if by_itself else []
