"""Starts a program with a pid of our choice: ``same_pid.py PID PROGRAM ARGUMENT...``; needs root.

See clone3(2): ``set_tid``.  Exits with 75 while somebody has that pid.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import sys

CLONE3 = 435  # the same number on every kind of machine


class CloneArgs(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_uint64)
        for name in (
            *("flags", "pidfd", "child_tid", "parent_tid", "exit_signal", "stack", "stack_size"),
            *("tls", "set_tid", "set_tid_size", "cgroup"),
        )
    ]


def main() -> None:
    wanted = ctypes.c_int(int(sys.argv[1]))
    args = CloneArgs(exit_signal=signal.SIGCHLD, set_tid=ctypes.addressof(wanted), set_tid_size=1)
    libc = ctypes.CDLL(None, use_errno=True)
    pid = libc.syscall(CLONE3, ctypes.byref(args), ctypes.sizeof(args))
    if pid == 0:
        os.setsid()
        os.execvp(sys.argv[2], sys.argv[2:])
    if pid < 0:
        sys.exit(75 if ctypes.get_errno() == errno.EEXIST else os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    main()
