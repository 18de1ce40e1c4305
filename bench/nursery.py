"""Runs managers so that nothing they start can escape: orphans and daemons come back to it.

Run as a file by ``session.py``.  Each line on standard input is a JSON object with a command; it is
started, and answered with ``PID NANOSECONDS`` (the monotonic time just before).  When standard
input ends, every descendant is killed.  It reaps like an init, at once.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from typing import Any

_PR_SET_CHILD_SUBREAPER = 36  # prctl(2)


def main() -> None:
    """Serve until standard input ends."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        ready, _, _ = select.select([0, woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            _reap()
        if 0 in ready:
            line = sys.stdin.readline()
            if not line:
                break
            print(*_start(json.loads(line)), flush=True)
    _end_all()


def _start(asked: dict[str, Any]) -> tuple[int, int]:
    with open(asked["output"], "ab") as output:
        at = time.monotonic_ns()
        started = subprocess.Popen(
            asked["command"],
            env=asked["environ"],
            cwd=asked["folder"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    started.returncode = 0  # it is reaped here, with all others
    return started.pid, at


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _end_all() -> None:
    while pids := _descendants():
        for kind in (signal.SIGSTOP, signal.SIGKILL):  # first stopped, so that none is restarted
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, kind)
        _reap()


def _descendants() -> list[int]:
    parents: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{entry}/stat", "rb") as stat:
                parent = int(stat.read().rsplit(b") ", 1)[1].split()[1])
                parents.setdefault(parent, []).append(int(entry))
    found: list[int] = []
    asked = [os.getpid()]
    while asked:
        children = parents.get(asked.pop(), [])
        found += children
        asked += children
    return found


if __name__ == "__main__":
    main()
