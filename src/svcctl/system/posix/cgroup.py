"""Keeps each tree in a control group of its own, where this agent was given a place for that.

Layout below the group the agent was started in::

    svcctl-AGENT/agent          the agent, once limits are asked for (see below)
    svcctl-AGENT/svc/TAG~TOKEN  one tree

See https://docs.kernel.org/admin-guide/cgroup-v2.html: a group that hands controllers on may have
no processes itself, so the agent moves aside when the first limit is asked for.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass

from svcctl.spec.policy import Limits
from svcctl.system.posix.process import read_small

Problem = tuple[str, str]
_CONTROLLERS = frozenset({"cpu", "memory", "pids"})
_PERIOD_US = 100_000
_LEAVE_TO_SYSTEMD = "/run/systemd/system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The control group of one tree."""

    path: str

    @property
    def name(self) -> str:
        """Give the last part of its path, which no other group of ours has."""
        return self.path.rpartition("/")[2]

    @property
    def procs(self) -> str:
        """Give the file a process joins by."""
        return f"{self.path}/cgroup.procs"

    def add(self, pid: int) -> bool:
        """Put a process in; False where it is gone already."""
        return _write(self.procs, str(pid))

    def pids(self) -> tuple[int, ...]:
        """Give who is in, in groups below as well."""
        return tuple(_pids_in(self.path))

    def kill(self) -> None:
        """Kill everyone in it; none can fork away from that (Linux 5.14, else nothing happens)."""
        _write(f"{self.path}/cgroup.kill", "1")

    def freeze(self, *, frozen: bool) -> bool:
        """Make everyone in it stand still, or go on; False where the kernel cannot."""
        return _write(f"{self.path}/cgroup.freeze", "1" if frozen else "0")

    def is_empty(self) -> bool:
        """Say whether nobody lives in it any more."""
        return "populated 1" not in _read(f"{self.path}/cgroup.events")

    def limit(self, limits: Limits) -> tuple[Problem, ...]:
        """Set what the kernel enforces by groups; give what it would not, with the problem."""
        wanted: list[tuple[str, str, str]] = []
        if limits.memory is not None:
            wanted.append(("memory", "memory.max", str(limits.memory)))
        if limits.cpu is not None:
            quota = max(1000, int(limits.cpu * _PERIOD_US))
            wanted.append(("cpu", "cpu.max", f"{quota} {_PERIOD_US}"))
        if limits.tasks is not None:
            wanted.append(("tasks", "pids.max", str(limits.tasks)))
        problems = tuple(
            (name, f"the agent was not given the controller '{file.partition('.')[0]}'")
            for name, file, value in wanted
            if not _write(f"{self.path}/{file}", value)
        )
        if limits.memory is not None:
            _write(f"{self.path}/memory.oom.group", "1")
        return problems

    def remove(self) -> None:
        """Take it away, and the groups below, as far as nobody lives in them."""
        for folder, _, _ in os.walk(self.path, topdown=False):
            _remove(folder)


class Cgroups:
    """The groups of one agent; *base* is the group it was started in."""

    def __init__(self, base: str, agent: str) -> None:
        self._base = base
        self._top = f"{base}/svcctl-{agent}"
        self._trees = f"{self._top}/svc"
        self._aside = f"{self._top}/agent"
        self._handed_on = False

    def group(self, tag: str, token: str) -> Group:
        """Give the group of a tree, which may not exist."""
        return Group(path=f"{self._trees}/{_name(tag, token)}")

    def make(self, tag: str, token: str, limits: Limits) -> tuple[Group, tuple[Problem, ...]]:
        """Make the group of a tree; OSError where that is not possible after all."""
        if needs_group(limits):
            self._hand_on()
        group = self.group(tag, token)
        os.makedirs(group.path, exist_ok=True)
        return group, group.limit(limits)

    def close(self) -> None:
        """Take away what is empty, and go back to where the agent was started."""
        for path in _folders(self._trees):
            _remove(path)
        if self._handed_on:
            self._control("-", (self._trees, self._top, self._base))
            _write(f"{self._base}/cgroup.procs", "0")
        for path in (self._trees, self._aside, self._top):
            _remove(path)

    def _hand_on(self) -> None:
        """Make controllers available to the trees, as far as that is up to us."""
        there = _read(f"{self._base}/cgroup.controllers").split()
        if self._handed_on or _CONTROLLERS.isdisjoint(there):
            return
        self._handed_on = True
        os.makedirs(self._aside, exist_ok=True)
        os.makedirs(self._trees, exist_ok=True)
        _write(f"{self._aside}/cgroup.procs", "0")
        self._control("+", (self._base, self._top, self._trees))

    def _control(self, sign: str, folders: tuple[str, ...]) -> None:
        for folder in folders:
            there = _read(f"{folder}/cgroup.controllers").split()
            for each in sorted(_CONTROLLERS.intersection(there)):
                _write(f"{folder}/cgroup.subtree_control", f"{sign}{each}")


def open_cgroups(agent: str) -> Cgroups | None:
    """Give the place for the groups of *agent*; None where it was given none.

    A place is used where we may write and nobody else arranges groups: no systemd runs, or it
    marked the group as handed over (``Delegate=yes``).
    """
    mount = find_mount(_read("/proc/self/mountinfo"))
    own = find_own(_read("/proc/self/cgroup"))
    if not mount or not own:
        return None
    base = (mount + own.removesuffix(f"/svcctl-{agent}/agent")).rstrip("/")
    may_write = os.access(base, os.W_OK) and os.access(f"{base}/cgroup.procs", os.W_OK)
    if not may_write or (os.path.isdir(_LEAVE_TO_SYSTEMD) and not _is_delegated(base)):
        return None
    return Cgroups(base, agent)


def needs_group(limits: Limits) -> bool:
    """Say whether *limits* has what only a group can enforce."""
    return (limits.memory, limits.cpu, limits.tasks) != (None, None, None)


def find_mount(mountinfo: str) -> str:
    """Give where the version 2 hierarchy is mounted, from proc(5) ``mountinfo``; empty: nowhere."""
    for line in mountinfo.splitlines():
        place, _, kind = line.partition(" - ")
        if kind.startswith("cgroup2 ") and place.split()[3] == "/":
            return place.split()[4].encode().decode("unicode_escape")
    return ""


def find_own(membership: str) -> str:
    """Give our group in the version 2 hierarchy, from proc(5) ``cgroup``; empty: none."""
    for line in membership.splitlines():
        if line.startswith("0::/"):
            return line.removeprefix("0::")
    return ""


def group_of(pid: int, tag: str, token: str) -> Group | None:
    """Give the group that an earlier agent, maybe started elsewhere, made for the tree of *pid*."""
    mount = find_mount(_read("/proc/self/mountinfo"))
    path = find_own(_read(f"/proc/{pid}/cgroup"))
    if not mount or not path.endswith(f"/svc/{_name(tag, token)}"):
        return None
    return Group(path=mount + path)


def _name(tag: str, token: str) -> str:
    return f"{tag.replace('/', '_')}~{token[:12]}"


def _is_delegated(path: str) -> bool:
    for name in ("trusted.delegate", "user.delegate"):
        try:
            if os.getxattr(path, name) == b"1":
                return True
        except OSError:
            continue
    return False


def _pids_in(path: str) -> list[int]:
    found = list(map(int, _read(f"{path}/cgroup.procs").split()))
    with suppress(OSError):
        if os.stat(path).st_nlink > 2:  # a link for each group below
            for folder in _folders(path):
                found += _pids_in(folder)
    return found


def _folders(path: str) -> list[str]:
    try:
        with os.scandir(path) as found:
            return [each.path for each in found if each.is_dir()]
    except OSError:
        return []


def _remove(path: str) -> None:
    try:
        os.rmdir(path)
    except OSError:
        return  # still lived in, or gone already: the next agent takes it away


def _read(path: str) -> str:
    return os.fsdecode(read_small(path))


def _write(path: str, text: str) -> bool:
    """Write as a single system call, as these files want it; say whether the kernel took it."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        os.write(descriptor, text.encode())
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
