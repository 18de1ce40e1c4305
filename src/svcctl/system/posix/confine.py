"""Decides what the shim must set for a program, and which limits this machine cannot set."""

from __future__ import annotations

import os
import resource
from collections.abc import Mapping
from dataclasses import dataclass

from svcctl.errors import CannotSpawn
from svcctl.ports import Launch
from svcctl.spec.policy import Limits
from svcctl.system.posix.account import Account
from svcctl.system.posix.process import effective_capabilities

Problem = tuple[str, str]

# linux/capability.h, in the order of their numbers.
_NAMES = (
    "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap "
    "linux_immutable net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner "
    "sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin sys_boot sys_nice "
    "sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap "
    "mac_override mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf "
    "checkpoint_restore "
)
CAPABILITIES = tuple(_NAMES.split())
_SETPCAP = CAPABILITIES.index("setpcap")
_SYS_NICE = CAPABILITIES.index("sys_nice")
_SYS_RESOURCE = CAPABILITIES.index("sys_resource")


@dataclass(frozen=True, slots=True, kw_only=True)
class Confinement:
    """What a program sets for itself before it becomes itself.

    *rlimits* are (resource, soft, hard); *unenforced* are limits that cannot be had here.
    """

    account: Account | None
    rlimits: tuple[tuple[int, int, int], ...]
    nice: int
    affinity: tuple[int, ...]
    cap_drop: tuple[int, ...]
    no_new_privs: bool
    unenforced: tuple[Problem, ...]

    @property
    def needs_shim(self) -> bool:
        """Say whether posix_spawn alone does not do."""
        asked = (self.rlimits, self.nice, self.affinity, self.cap_drop, self.no_new_privs)
        return self.account is not None or any(asked)

    def settings(
        self, *, program: str, argv: tuple[str, ...], env: Mapping[str, str], cwd: str, cgroup: str
    ) -> dict[str, object]:
        """Give what shim.py reads; *cgroup* is the file to write to, or empty."""
        account = self.account
        return {
            "program": program,
            "argv": list(argv),
            "env": dict(env),
            "cwd": cwd,
            "cgroup": cgroup,
            "rlimits": list(self.rlimits),
            "nice": self.nice,
            "affinity": list(self.affinity),
            "groups": None if account is None or account.groups is None else list(account.groups),
            "gid": None if account is None else account.gid,
            "uid": None if account is None else account.uid,
            "cap_drop": list(self.cap_drop),
            "no_new_privs": self.no_new_privs,
        }


def confine(launch: Launch, account: Account | None) -> Confinement:
    """Say what has to be set; raises CannotSpawn for what is unknown or would be unsafe to skip."""
    problems: list[Problem] = []
    return Confinement(
        account=account,
        rlimits=_rlimits(launch.limits, problems),
        nice=_nice(launch.limits.nice, problems),
        affinity=_affinity(launch.limits.affinity, problems),
        cap_drop=_cap_drop(launch.cap_bound),
        no_new_privs=launch.no_new_privs,
        unenforced=tuple(problems),
    )


def _rlimits(limits: Limits, problems: list[Problem]) -> tuple[tuple[int, int, int], ...]:
    wanted = dict(limits.rlimit)
    if limits.nofile is not None:
        wanted["nofile"] = limits.nofile
    found = []
    for name, value in wanted.items():
        which = getattr(resource, f"RLIMIT_{name.upper()}", None)
        if which is None:
            raise CannotSpawn(
                f"there is no resource limit '{name}'",
                hint="see them all: ulimit -a",
                permanent=True,
            )
        found.append((which, *_within_reach(name, which, value, problems)))
    return tuple(found)


def _within_reach(name: str, which: int, value: int, problems: list[Problem]) -> tuple[int, int]:
    """Give the limits to set: what is asked for, or the most that we may give."""
    _, most = resource.getrlimit(which)
    endless = resource.RLIM_INFINITY
    if most != endless and (value == endless or value > most) and not _capable(_SYS_RESOURCE):
        asked = "unlimited" if value == endless else str(value)
        problems.append((name, f"{asked} is more than the agent itself may use; {most} was set"))
        return most, most
    return value, value


def _nice(nice: int, problems: list[Problem]) -> int:
    if nice == 0 or nice >= os.getpriority(os.PRIO_PROCESS, 0) or _capable(_SYS_NICE):
        return nice
    problems.append(("nice", f"only root may set {nice}"))
    return 0


def _affinity(wanted: tuple[int, ...], problems: list[Problem]) -> tuple[int, ...]:
    if not wanted:
        return ()
    if not hasattr(os, "sched_getaffinity"):
        problems.append(("affinity", "this system cannot bind programs to processors"))
        return ()
    there = os.sched_getaffinity(0)
    missing = [each for each in wanted if each not in there]
    if missing:
        named = ", ".join(map(str, missing))
        problems.append(("affinity", f"this machine has no processor {named} for the agent"))
    return tuple(each for each in wanted if each in there)


def _cap_drop(keep: tuple[str, ...] | None) -> tuple[int, ...]:
    """Give the numbers of all capabilities but those to *keep*."""
    if keep is None:
        return ()
    kept = set()
    for name in keep:
        short = name.lower().removeprefix("cap_")
        if short not in CAPABILITIES:
            raise CannotSpawn(
                f"there is no capability '{name}'",
                hint="see them all: man 7 capabilities",
                permanent=True,
            )
        kept.add(CAPABILITIES.index(short))
    if not _capable(_SETPCAP):
        raise CannotSpawn(
            "only an agent of root can restrict capabilities (cap_bound)",
            hint="run the agent as root, or use no_new_privs = true instead",
            permanent=True,
        )
    last = _last_capability()
    return tuple(each for each in range(last + 1) if each not in kept)


def _capable(capability: int) -> bool:
    return bool(effective_capabilities() >> capability & 1)


def _last_capability() -> int:
    """Give the highest number this kernel knows; newer kernels know more than our list."""
    try:
        with open("/proc/sys/kernel/cap_last_cap", encoding="ascii") as source:
            return int(source.read())
    except OSError:
        return len(CAPABILITIES) - 1
