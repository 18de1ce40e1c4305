"""Says which processes belong to a tree, makes them stand still, and lets them go on."""

from __future__ import annotations

import ntpath

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
from svcctl.system.windows.process import looking_at, path_of, resident_bytes, resume, suspend
from svcctl.system.windows.program import system_root

# A tree that outruns this many looks starts programs faster than they can be stopped.
_LOOKS = 64


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
        """
        console_host = ntpath.normcase(ntpath.join(system_root(), "System32", "conhost.exe"))
        found = []
        for pid in sorted(self.job.pids(), key=lambda pid: pid != self.main.pid):
            with looking_at(pid) as process:
                path = "" if process is None else path_of(process)
            if process is not None and ntpath.normcase(path) != console_host:
                found.append(Member(pid=pid, name=ntpath.basename(path)))
        return tuple(found)

    def pids(self) -> list[int]:
        """Give the pids of the live ones, the main process first."""
        return [each.pid for each in self.members()]

    def usage(self) -> Usage:
        """Measure those that live; processor time is also of those that do not any more."""
        memory = processes = 0
        for pid in self.pids():
            with looking_at(pid) as process:
                if process is not None:
                    memory += resident_bytes(process)
                    processes += 1
        return Usage(cpu_seconds=self.job.cpu_seconds(), memory_bytes=memory, processes=processes)

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
