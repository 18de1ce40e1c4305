"""Says which processes belong to a tree, makes them stand still, and lets them go on."""

from __future__ import annotations

import ntpath
from collections.abc import Mapping
from dataclasses import replace

from svcctl.ports import Identity, Member, Usage
from svcctl.system.windows.job import Job
from svcctl.system.windows.kernel import (
    PROCESS_QUERY_LIMITED_INFORMATION,
    PROCESS_SUSPEND_RESUME,
    SYNCHRONIZE,
    close_handle,
    has_ended,
    open_process,
)
from svcctl.system.windows.process import looking_at, path_of, resume, suspend
from svcctl.system.windows.program import system_root
from svcctl.system.windows.snapshot import Process

# A tree that outruns this many looks starts programs faster than they can be stopped.
_LOOKS = 64
_CONSOLE_HOST = "conhost.exe"


class Tree:
    """One main process and all that came of it: whoever is in its job.

    Who breaks away from the job, where that is allowed, is not of the tree any more.
    """

    def __init__(self, *, main: Identity, job: Job) -> None:
        self.main = main
        self.job = job
        self._frozen: dict[int, int] = {}

    def members(self) -> tuple[Member, ...]:
        """Give the live ones, the main process first.

        What draws their consoles is Windows' own and ends with the last of them: it is none.
        Nor is, yet, a process that is still being made: it has no name, and may become that.
        """
        return tuple(each for each in self.everyone() if each.name or each.pid == self.main.pid)

    def everyone(self) -> tuple[Member, ...]:
        """Give the live ones like :meth:`members`, and those that are still being made."""
        console_host = ntpath.normcase(ntpath.join(system_root(), "System32", _CONSOLE_HOST))
        found = []
        for pid in sorted(self.job.pids(), key=lambda pid: pid != self.main.pid):
            with looking_at(pid) as process:
                path = "" if process is None else path_of(process)
            if process is not None and ntpath.normcase(path) != console_host:
                found.append(Member(pid=pid, name=ntpath.basename(path)))
        return tuple(found)

    def pids(self) -> list[int]:
        """Give the pids of :meth:`everyone`, the main process first."""
        return [each.pid for each in self.everyone()]

    def usage(self, snapshot: Mapping[int, Process], *, closely: bool) -> Usage:
        """Measure those that live; processor time is also of those that do not any more.

        *closely* counts handles and transferred bytes too.
        """
        found = self._in(snapshot)
        cpu_seconds, system_seconds = self.job.cpu_seconds()
        usage = Usage(
            cpu_seconds=cpu_seconds,
            system_seconds=system_seconds,
            memory_bytes=sum(each.resident_bytes for each in found),
            processes=len(found),
            threads=sum(each.threads for each in found),
        )
        if not closely:
            return usage
        read, written = self.job.transferred()
        handles = sum(each.handles for each in found)
        return replace(usage, open_files=handles, read_bytes=read, written_bytes=written)

    def private_bytes(self, snapshot: Mapping[int, Process]) -> int:
        """Give what those that live have committed and no other shares."""
        return sum(each.private_bytes for each in self._in(snapshot))

    def _in(self, snapshot: Mapping[int, Process]) -> list[Process]:
        """Give what *snapshot* has of the members."""
        seen = (snapshot[pid] for pid in self.job.pids() if pid in snapshot)
        others = ("", _CONSOLE_HOST)
        return [
            each for each in seen if each.name.casefold() not in others or each.pid == self.main.pid
        ]

    def freeze(self) -> None:
        """Make all stand still, and look again: one may have started another meanwhile.

        A handle is kept to each, so that none of their pids means another process before
        :meth:`thaw`.
        """
        for _ in range(_LOOKS):
            fresh = [pid for pid in self.pids() if pid not in self._frozen]
            if not sum(self._freeze(pid) for pid in fresh):
                return

    def thaw(self) -> None:
        """Let those go on that :meth:`freeze` stopped."""
        frozen, self._frozen = self._frozen, {}
        for process in frozen.values():
            resume(process)
            close_handle(process)

    def release(self, *, spare: bool) -> None:
        """Let go of the job: where nobody else has it, all in it end, unless they are spared."""
        for process in self._frozen.values():
            close_handle(process)
        self._frozen.clear()
        self.job.close(spare=spare)

    def _freeze(self, pid: int) -> bool:
        """Stop one; False where it is gone, or hidden from us."""
        process = open_process(
            pid, PROCESS_SUSPEND_RESUME | PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE
        )
        if process is None:
            return False
        if has_ended(process) or not suspend(process):
            close_handle(process)
            return False
        self._frozen[pid] = process
        return True
