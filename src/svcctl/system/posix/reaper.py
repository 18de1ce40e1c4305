"""Takes leave of orphans that came to us, and of nobody else's children."""

from __future__ import annotations

import os
from collections.abc import Callable

from svcctl.system.posix.process import child_pids, read_process


def reap_orphans(look: Callable[[int], bool]) -> None:
    """Reap every orphan that ended; *look* sees to a pid and says whether it knows it.

    Trees live in sessions of their own, so an ended child in *our* session was started by other
    code in this process, which waits for it itself.
    """
    while True:
        try:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if ended is None:
            return
        if look(ended.si_pid):
            continue
        if not _reap_orphan(ended.si_pid):
            _reap_behind(look)
            return


def _reap_behind(look: Callable[[int], bool]) -> None:
    """Do it one by one: somebody else's child stands first in the kernel's line."""
    for pid in child_pids() or ():
        if not look(pid):
            _reap_orphan(pid)


def _reap_orphan(pid: int) -> bool:
    """Take leave of an orphan; False where it is somebody else's child, or runs."""
    found = read_process(pid)
    if found is None or not found.ended or found.session == os.getsid(0):
        return False
    os.waitpid(pid, os.WNOHANG)
    return True
