"""Reads processes from /proc, see proc(5)."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from typing import NamedTuple

from svcctl.ports import Document, Identity, Usage
from svcctl.system.posix.descriptors import NONE_LEFT, spare_descriptor

TOKEN_VARIABLE = "SVCCTL_TOKEN"  # noqa: S105  # the name of a variable
TAG_VARIABLE = "SVCCTL_TAG"
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")
_CHUNK = 1 << 16


class Process(NamedTuple):
    """What proc(5) ``stat`` says of a process; times are in clock ticks.

    A tuple, as a thousand of them are made at every look: a frozen dataclass takes four times
    as long.
    """

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
    system_ticks: int = 0

    @property
    def ended(self) -> bool:
        """Say whether all of it is dead and only waits for its parent to notice."""
        return self.state in "ZX" and self.threads <= 1


Ties = Mapping[tuple[int, int], tuple[str, str]]
"""The token and, where there is none, the control group of processes, by pid and start."""


class Snapshot:
    """All processes of the machine at one instant, with ways to find them fast.

    *ties* are those that an earlier look found: they last, and are not read again.
    """

    def __init__(self, processes: Iterable[Process], ties: Ties | None = None) -> None:
        self.ties: Ties = ties or {}
        self.by_pid = {each.pid: each for each in processes}
        self.by_session: dict[int, list[Process]] = {}
        self.by_parent: dict[int, list[Process]] = {}
        self._by_tie: dict[str, list[Process]] | None = None
        for each in self.by_pid.values():
            self.by_session.setdefault(each.session, []).append(each)
            self.by_parent.setdefault(each.ppid, []).append(each)

    def with_token(self, token: str) -> list[Process]:
        """Give those that were started with *token* in their environment, as far as we may see."""
        return self._tied().get(token, [])

    def in_group(self, name: str) -> list[Process]:
        """Give those without a token whose control group is called *name*, or is below one."""
        return self._tied().get(f"/{name}", [])

    def _tied(self) -> dict[str, list[Process]]:
        if self._by_tie is None:
            self._by_tie, ties = {}, {}
            for each in self.by_pid.values():
                key = each.pid, each.start_ticks
                ties[key] = token, group = self.ties.get(key) or _ties_of(each.pid)
                names = [token] if token else [f"/{name}" for name in group.split("/") if name]
                for name in names:
                    self._by_tie.setdefault(name, []).append(each)
            self.ties = ties
        return self._by_tie


def take_snapshot(ties: Ties | None = None) -> Snapshot:
    """Look at every process of the machine; *ties* as an earlier look had them."""
    return Snapshot(_all_processes(), ties)


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
    fields = tail.split(None, 22)  # the rest is not asked for, and takes as long again
    system_ticks = int(fields[12]) + int(fields[14])
    return Process(
        pid=int(pid),
        name=name.decode(errors="surrogateescape"),
        state=fields[0].decode(),
        ppid=int(fields[1]),
        group=int(fields[2]),
        session=int(fields[3]),
        cpu_ticks=int(fields[11]) + int(fields[13]) + system_ticks,
        threads=int(fields[17]),
        start_ticks=int(fields[19]),
        pages=int(fields[21]),
        system_ticks=system_ticks,
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


def _ties_of(pid: int) -> tuple[str, str]:
    token = token_of(pid)
    if token:
        return token, ""
    _, _, group = read_small(f"/proc/{pid}/cgroup").rpartition(b"0::")
    return "", os.fsdecode(group).rstrip("\n")


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


def usage_of(
    processes: Collection[Process],
    *,
    open_files: int | None = None,
    read_bytes: int | None = None,
    written_bytes: int | None = None,
) -> Usage:
    """Add up what processes use, and what those of their children used that have ended."""
    ticks = system = pages = threads = 0
    for each in processes:
        ticks += each.cpu_ticks
        system += each.system_ticks
        pages += each.pages
        threads += each.threads
    return Usage(
        cpu_seconds=ticks / _TICKS,
        memory_bytes=pages * _PAGE,
        processes=len(processes),
        threads=threads,
        open_files=open_files,
        read_bytes=read_bytes,
        written_bytes=written_bytes,
        system_seconds=system / _TICKS,
    )


@cache
def _folders_have_sizes() -> bool:
    """Say whether the size of a ``fd`` folder is the number of files (Linux 6.2)."""
    return os.stat("/proc/self/fd").st_size > 0


def open_files(pid: int) -> int | None:
    """Count the files a process has open; None where it is gone or not ours to see."""
    try:
        if _folders_have_sizes():
            return os.stat(f"/proc/{pid}/fd").st_size
        return len(_list(f"/proc/{pid}/fd"))
    except OSError:
        return None


def most_open_files(pid: int) -> int | None:
    """Give how many files a process may have open; None: no limit, or not ours to see."""
    _, found, rest = read_small(f"/proc/{pid}/limits").partition(b"\nMax open files")
    soft = rest.split(None, 1)[0] if found else b""
    return int(soft) if soft.isdigit() else None


def disk_bytes(pid: int) -> tuple[int, int] | None:
    """Give what a process read from disks and wrote to them; None where it is not ours to see."""
    words = read_small(f"/proc/{pid}/io").split()
    return (int(words[9]), int(words[11])) if len(words) > 11 else None


def private_bytes(pid: int) -> int | None:
    """Give what of a process no other shares, see proc(5) ``smaps_rollup``; None: unknown."""
    words = read_small(f"/proc/{pid}/smaps_rollup").split()
    sizes = [int(words[at + 1]) for at, word in enumerate(words) if word.startswith(b"Private_")]
    return sum(sizes) * 1024 if sizes else None


def own_usage() -> Document:
    """Measure this process alone, and the threads in it."""
    found = read_process(os.getpid())
    usage = usage_of(() if found is None else (found,))
    return {
        "cpu_seconds": usage.cpu_seconds,
        "memory_bytes": usage.memory_bytes,
        "threads": usage.threads,
        "open_files": open_files(os.getpid()),
    }


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
