"""Reads processes from /proc, see proc(5)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from svcctl.ports import Document, Identity, Usage
from svcctl.system.posix.descriptors import NONE_LEFT, spare_descriptor

TOKEN_VARIABLE = "SVCCTL_TOKEN"  # noqa: S105  # the name of a variable
TAG_VARIABLE = "SVCCTL_TAG"
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """What proc(5) ``stat`` says of a process; times are in clock ticks."""

    pid: int
    name: str
    state: str
    ppid: int
    group: int
    session: int
    start_ticks: int
    threads: int
    cpu_ticks: int
    pages: int

    @property
    def ended(self) -> bool:
        """Say whether all of it is dead and only waits for its parent to notice."""
        return self.state in "ZX" and self.threads <= 1


class Snapshot:
    """All processes of the machine at one instant, with ways to find them fast."""

    def __init__(self, processes: Iterable[Process]) -> None:
        self.by_pid = {each.pid: each for each in processes}
        self.by_session: dict[int, list[Process]] = {}
        self.by_parent: dict[int, list[Process]] = {}
        self._by_token: dict[str, list[Process]] | None = None
        for each in self.by_pid.values():
            self.by_session.setdefault(each.session, []).append(each)
            self.by_parent.setdefault(each.ppid, []).append(each)

    def with_token(self, token: str) -> list[Process]:
        """Give those that were started with *token* in their environment, as far as we may see."""
        if self._by_token is None:
            self._by_token = {}
            for each in self.by_pid.values():
                found = token_of(each.pid)
                if found:
                    self._by_token.setdefault(found, []).append(each)
        return self._by_token.get(token, [])


def take_snapshot() -> Snapshot:
    """Look at every process of the machine."""
    return Snapshot(_all_processes())


def _all_processes() -> Iterator[Process]:
    for name in _list("/proc"):
        if name[0] in "123456789":
            found = read_process(int(name))
            if found is not None:
                yield found


def read_process(pid: int) -> Process | None:
    """Look at one process; None where there is none."""
    text = read_small(f"/proc/{pid}/stat")
    return parse_stat(text) if text else None


def parse_stat(text: bytes) -> Process:
    """Parse the one line of a ``stat`` file; the name may hold spaces and brackets."""
    head, _, tail = text.rpartition(b") ")
    pid, _, name = head.partition(b" (")
    fields = tail.split()
    return Process(
        pid=int(pid),
        name=os.fsdecode(name),
        state=fields[0].decode(),
        ppid=int(fields[1]),
        group=int(fields[2]),
        session=int(fields[3]),
        cpu_ticks=sum(map(int, fields[11:15])),
        threads=int(fields[17]),
        start_ticks=int(fields[19]),
        pages=int(fields[21]),
    )


def status_of_zombie(pid: int, start_ticks: int) -> int | None:
    """Give how a process ended that nobody took leave of yet, as wait(2) would tell its parent.

    None where it is none, or not ours to see: proc(5) then shows 0.
    """
    try:
        os.readlink(f"/proc/{pid}/exe")  # needs the same right, and a zombie has none
    except PermissionError:
        return None
    except OSError:
        text = read_small(f"/proc/{pid}/stat")
        found = parse_stat(text) if text else None
        if found is not None and found.ended and found.start_ticks == start_ticks:
            return int(text.split()[-1])
    return None


def token_of(pid: int) -> str:
    """Give the token a process was started with; empty where there is none or it is hidden."""
    environ = b"\0" + read_small(f"/proc/{pid}/environ")
    _, found, rest = environ.partition(f"\0{TOKEN_VARIABLE}=".encode())
    return os.fsdecode(rest.partition(b"\0")[0]) if found else ""


def effective_capabilities() -> int:
    """Give what this process may do, a bit for each of capabilities(7)."""
    _, found, rest = read_small("/proc/self/status").partition(b"\nCapEff:")
    return int(rest.split(None, 1)[0], 16) if found else 0


def child_pids() -> set[int] | None:
    """Give the pids of our own children, zombies too; None where the kernel does not list them."""
    pids: set[int] = set()
    for thread in _list("/proc/self/task"):
        path = f"/proc/self/task/{thread}/children"
        if not os.path.exists(path):
            return None
        pids.update(map(int, read_small(path).split()))
    return pids


@cache
def boot_id() -> str:
    """Give what the kernel calls this boot; empty where it does not say."""
    return read_small("/proc/sys/kernel/random/boot_id").decode().strip()


@cache
def _pidfds_have_inodes() -> bool:
    """Say whether a pidfd's inode tells processes apart (pidfs, Linux 6.9)."""
    return _inode_of(os.getpid()) != _inode_of(1)


def _inode_of(pid: int) -> int:
    pidfd = os.pidfd_open(pid)
    try:
        return os.fstat(pidfd).st_ino
    finally:
        os.close(pidfd)


def identity_of(pid: int, pidfd: int) -> Identity | None:
    """Say who *pid* is, which *pidfd* was opened for; None where it is gone."""
    found = read_process(pid)
    if found is None:
        return None
    inode = os.fstat(pidfd).st_ino if _pidfds_have_inodes() else 0
    return Identity(pid=pid, start_ticks=found.start_ticks, boot_id=boot_id(), inode=inode)


def is_same(one: Identity, other: Identity) -> bool:
    """Say whether both are the same process; an inode of 0 is unknown and fits any."""
    if one.inode and other.inode and one.inode != other.inode:
        return False
    return (one.pid, one.start_ticks, one.boot_id) == (other.pid, other.start_ticks, other.boot_id)


def usage_of(processes: Iterable[Process]) -> Usage:
    """Add up what processes use, and what those of their children used that have ended."""
    found = tuple(processes)
    return Usage(
        cpu_seconds=sum(each.cpu_ticks for each in found) / _TICKS,
        memory_bytes=sum(each.pages for each in found) * _PAGE,
        processes=len(found),
    )


def own_usage() -> Document:
    """Measure this process alone, and the threads in it."""
    found = read_process(os.getpid())
    usage = usage_of(() if found is None else (found,))
    return {"cpu_seconds": usage.cpu_seconds, "memory_bytes": usage.memory_bytes}


def read_small(path: str) -> bytes:
    """Read a small file of /proc; nothing where the process is gone or not ours to see.

    Raises OSError where no descriptor is left: who cannot be seen must not be taken for gone.
    """
    try:
        return _read(path)
    except OSError as error:
        if error.errno not in NONE_LEFT:
            return b""
    with spare_descriptor():
        try:
            return _read(path)
        except OSError as error:
            if error.errno in NONE_LEFT:
                raise
            return b""


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        text = part = os.read(descriptor, _CHUNK)
        while len(part) >= _PAGE:
            part = os.read(descriptor, _CHUNK)
            text += part
    finally:
        os.close(descriptor)
    return text


def _list(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError as error:
        if error.errno not in NONE_LEFT:
            raise
    with spare_descriptor():
        return os.listdir(folder)
