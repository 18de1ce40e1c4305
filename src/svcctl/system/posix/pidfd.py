"""Descriptors that stand for one process, never for another that got its pid; see pidfd_open(2)."""

from __future__ import annotations

import fcntl
import os
import signal
import struct

from svcctl.ports import Exit
from svcctl.system.signal_names import signal_name

# linux/pidfd.h: _IOWR(0xFF, 11, struct pidfd_info), 64 bytes; PIDFD_INFO_EXIT came with Linux 6.15.
_GET_INFO = 3 << 30 | 64 << 16 | 0xFF << 8 | 11
_INFO_EXIT = 1 << 3
_EXIT_CODE_AT = 60


def open_pidfd(pid: int) -> int | None:
    """Open a descriptor for *pid*; None where no such process is left."""
    try:
        return os.pidfd_open(pid)
    except (ProcessLookupError, OverflowError):
        return None


def send(pidfd: int, number: int) -> bool:
    """Send a signal; False where the process is gone. PermissionError is the caller's to judge."""
    try:
        signal.pidfd_send_signal(pidfd, number)
    except ProcessLookupError:
        return False
    return True


def reap(pidfd: int) -> Exit | None:
    """Take leave of our own child; None while it runs. ChildProcessError: it is not ours."""
    ended = os.waitid(os.P_PIDFD, pidfd, os.WEXITED | os.WNOHANG)
    if ended is None:
        return None
    if ended.si_code == os.CLD_EXITED:
        return Exit(code=ended.si_status)
    return Exit(signal=signal_name(ended.si_status))


def exit_of_stranger(pidfd: int) -> Exit | None:
    """Say how somebody else's child ended, once its parent took leave of it.

    None where the kernel does not know yet, or never tells.
    """
    answer = bytearray(64)
    struct.pack_into("=Q", answer, 0, _INFO_EXIT)
    try:
        fcntl.ioctl(pidfd, _GET_INFO, answer)
    except OSError:
        return None
    (mask,) = struct.unpack_from("=Q", answer, 0)
    if not mask & _INFO_EXIT:
        return None
    (status,) = struct.unpack_from("=i", answer, _EXIT_CODE_AT)
    return exit_of(status)


def exit_of(status: int) -> Exit:
    """Say in our words what wait(2) gives."""
    code = os.waitstatus_to_exitcode(status)
    return Exit(code=code) if code >= 0 else Exit(signal=signal_name(-code))
