"""Writes the units of a service: what systemd is to do, as text; decides all, touches nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from svcctl.spec.handover import by_credentials, by_timer
from svcctl.spec.policy import Limits
from svcctl.spec.service import ServiceSpec, Start
from svcctl.system.systemd import sandbox
from svcctl.system.systemd.calendar import on_calendar
from svcctl.system.systemd.quoting import command, path, value, word

Lines = list[tuple[str, str]]

MARK = "# Written by svcctl. Put changes into the definition, or into a drop-in (systemctl edit)."
"""The first line of every unit of ours: what does not begin with it belongs to somebody else."""

_DELAY = "60s"  # after boot, for `start = "delayed"`, as the agent has it
_FINAL = "69 78"  # svcctl gave up; the configuration is bad: starting again would not help
_SLACK = 10  # seconds beyond what the stop steps and hooks may take
_TASKS_OF_A_HOST = 8

_RESOURCES = {
    "as": "LimitAS",
    "core": "LimitCORE",
    "cpu": "LimitCPU",
    "data": "LimitDATA",
    "fsize": "LimitFSIZE",
    "memlock": "LimitMEMLOCK",
    "nproc": "LimitNPROC",
    "stack": "LimitSTACK",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where the host of one service writes, and by which command it is started.

    *service* is the folder of a service in Python itself, where it is one; *logs* is empty where
    the journal has them.  *user_scope*: the units are a user's own; *reloads_notified*: this
    systemd, as of version 253, waits for the end of a reload (``Type=notify-reload``).
    """

    argv: tuple[str, ...]
    state: str
    run: str
    logs: str
    service: str = ""
    user_scope: bool = False
    reloads_notified: bool = False


def unit_name(service: str) -> str:
    """Give the name of the unit that runs a service."""
    return f"{service}.service"


def timer_name(service: str) -> str:
    """Give the name of the unit that starts a service by the clock."""
    return f"{service}.timer"


def units(spec: ServiceSpec, site: Site) -> dict[str, str]:
    """Give the text of each unit, by name."""
    return {unit_name(spec.name): text(_service(spec, site)), **timers(spec)}


def timers(spec: ServiceSpec) -> dict[str, str]:
    """Give the text of the timer that starts a service, by name; nothing where none does."""
    if by_timer(spec) or spec.start is Start.DELAYED:
        return {timer_name(spec.name): text(_timer(spec))}
    return {}


def started_by(spec: ServiceSpec) -> str:
    """Give the unit that is enabled so that the service starts by itself."""
    delayed = spec.start is Start.DELAYED
    return timer_name(spec.name) if by_timer(spec) or delayed else unit_name(spec.name)


def text(sections: Sequence[tuple[str, Lines]]) -> str:
    """Give the text of a unit of ours."""
    blocks = [
        "\n".join([f"[{name}]", *(f"{key}={said}" for key, said in lines)])
        for name, lines in sections
        if lines
    ]
    return "\n\n".join([MARK, *blocks]) + "\n"


def _service(spec: ServiceSpec, site: Site) -> list[tuple[str, Lines]]:
    return [
        ("Unit", [*unit_section(spec), *verbatim(spec.systemd.unit)]),
        (
            "Service",
            [
                *_life(spec, site),
                *folders(spec, site),
                *enforced(spec),
                *sandbox.lines(spec, outside=(*site.argv, spec.cwd, *spec.exec[:1])),
                *verbatim(spec.systemd.service),
            ],
        ),
        ("Install", install_section(spec, site)),
    ]


def install_section(spec: ServiceSpec, site: Site) -> Lines:
    """Give what is to want the unit, where no timer starts it."""
    installed = started_by(spec) == unit_name(spec.name)
    target = "default.target" if site.user_scope else "multi-user.target"
    return [*([("WantedBy", target)] if installed else []), *verbatim(spec.systemd.install)]


def unit_section(spec: ServiceSpec) -> Lines:
    """Give what the service is, and what it needs."""
    needed = [unit_name(each) for each in spec.needs]
    later = [*needed, *(unit_name(each) for each in spec.after)]
    return [
        ("Description", value(spec.description or spec.display_name or spec.name)),
        *([("Requires", " ".join(needed))] if needed else []),
        ("After", " ".join(["network.target", *later])),
        *_start_limit(spec),
    ]


def _start_limit(spec: ServiceSpec) -> Lines:
    """Give how often a host may fail to live: starts by the clock count as well, so none there."""
    if by_timer(spec):
        return [("StartLimitIntervalSec", "0")]
    return [("StartLimitIntervalSec", "5min"), ("StartLimitBurst", "10")]


def _life(spec: ServiceSpec, site: Site) -> Lines:
    return [
        ("Type", "notify"),
        ("NotifyAccess", "main"),
        ("ExecStart", command(site.argv)),
        ("ExecReload", "/bin/kill -HUP $MAINPID"),
        ("Restart", "on-failure"),
        ("RestartSec", "1s"),
        ("RestartPreventExitStatus", _FINAL),
        ("KillMode", "mixed"),
        ("TimeoutStartSec", "90s"),
        ("TimeoutStopSec", f"{stop_seconds(spec):g}s"),
        ("WatchdogSec", "30s"),
        ("Delegate", "yes"),
        ("OOMPolicy", "continue"),
        ("SyslogIdentifier", value(spec.name)),
    ]


def stop_seconds(spec: ServiceSpec) -> float:
    """Give the seconds a stop may take with all its steps and hooks."""
    steps = sum(each.timeout for each in spec.stop.steps())
    hooks = spec.hook.timeout * (len(spec.hook.pre_stop) + len(spec.hook.post_stop))
    return steps + hooks + _SLACK


def folders(spec: ServiceSpec, site: Site) -> Lines:
    """Have the folders of the host made for its account.

    systemd does so below its own; elsewhere they are made by root before the start.
    """
    lines: Lines = []
    elsewhere: list[str] = []
    states = (site.state, *([site.service] if site.service else []))
    for option, root, wanted in (
        ("StateDirectory", "/var/lib/", states),
        ("RuntimeDirectory", "/run/", (site.run,)),
        ("LogsDirectory", "/var/log/", (site.logs,) if site.logs else ()),
    ):
        if not wanted:
            continue
        if not site.user_scope and all(each.startswith(root) for each in wanted):
            lines.append((option, " ".join(word(each.removeprefix(root)) for each in wanted)))
        else:
            elsewhere += wanted
    if lines:
        lines.append(("RuntimeDirectoryPreserve", "restart"))
        lines.append(("StateDirectoryMode", "0711"))
        lines.append(("RuntimeDirectoryMode", "0711"))
        lines += [("LogsDirectoryMode", "0750")] if site.logs else []
    if elsewhere and spec.user and not site.user_scope:
        owner = ["-o", spec.user, *(["-g", spec.group] if spec.group else [])]
        made = command(["/usr/bin/install", "-d", "-m", "0711", *owner, *elsewhere])
        lines.append(("ExecStartPre", f"+{made}"))
    if elsewhere:
        lines.append(("ReadWritePaths", " ".join(word(f"-{each}") for each in elsewhere)))
    return lines


def enforced(spec: ServiceSpec, *, host: bool = True) -> Lines:
    """Give the account, its rights and the limits: systemd sets them, for a *host* as well."""
    lines: Lines = []
    if spec.user:
        lines.append(("User", spec.user))
    if spec.group:
        lines.append(("Group", spec.group))
    if spec.supplementary_groups:
        lines.append(("SupplementaryGroups", " ".join(spec.supplementary_groups)))
    if spec.umask is not None:
        lines.append(("UMask", f"{spec.umask:04o}"))
    if spec.no_new_privs:
        lines.append(("NoNewPrivileges", "yes"))
    if spec.cap_bound is not None:
        named = " ".join(f"CAP_{each.upper()}" for each in spec.cap_bound)
        lines.append(("CapabilityBoundingSet", named))
    lines += limits(spec.limits, host=host)
    for name, reference in spec.secrets.items():
        if reference.startswith("file:") and (by_credentials(spec) or spec.user):
            lines.append(("LoadCredential", f"{name}:{path(reference.removeprefix('file:'))}"))
    return lines


def limits(found: Limits, *, host: bool) -> Lines:
    """Give the limits; with *host*, room for the host's own tasks."""
    lines: Lines = []
    if found.memory is not None:
        lines.append(("MemoryMax", str(found.memory)))
    if found.cpu is not None:
        lines.append(("CPUQuota", f"{found.cpu * 100:g}%"))
    if found.tasks is not None:
        lines.append(("TasksMax", str(found.tasks + (_TASKS_OF_A_HOST if host else 0))))
    if found.nofile is not None:
        lines.append(("LimitNOFILE", str(found.nofile)))
    for name, most in found.rlimit.items():
        lines.append((_RESOURCES[name], "infinity" if most < 0 else str(most)))
    if found.nice:
        lines.append(("Nice", str(found.nice)))
    if found.affinity:
        lines.append(("CPUAffinity", " ".join(map(str, found.affinity))))
    return lines


def _timer(spec: ServiceSpec) -> list[tuple[str, Lines]]:
    lines: Lines = []
    if spec.schedule and spec.schedule.cron:
        lines += [("OnCalendar", each) for each in on_calendar(spec.schedule.cron)]
        lines.append(
            ("Persistent", "no")
        )  # what was due while the machine was off is not made up for
    elif spec.schedule and spec.schedule.every:
        lines.append(("OnActiveSec", f"{spec.schedule.every:g}s"))
        lines.append(("OnUnitActiveSec", f"{spec.schedule.every:g}s"))
    else:
        lines.append(("OnBootSec", _DELAY))
    return [
        ("Unit", [("Description", value(f"Starts {spec.name} by the clock"))]),
        ("Timer", [*lines, ("AccuracySec", "1s"), ("Unit", unit_name(spec.name))]),
        ("Install", [("WantedBy", "timers.target")]),
    ]


def verbatim(lines: Iterable[str]) -> Lines:
    """Give the lines a person wrote for a section; ``Key=value`` each."""
    return [(key.strip(), said.strip()) for key, _, said in (each.partition("=") for each in lines)]
