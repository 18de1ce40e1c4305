"""A program: sends Ctrl-C (0) or Ctrl-Break (1) to the consoles of some processes.

``python -I -S console_event.py EVENT PID...``.  A process of its own, because the event goes to
everyone attached to a console, so to reach that of a child one must leave one's own; and because
it would be hit itself, see GenerateConsoleCtrlEvent.  Exit code 0: one console at least was
reached, 1: none.
"""

from __future__ import annotations

import ctypes
import sys
from ctypes import wintypes

_MANY = 1024
_ERROR_NO_CONSOLE = 1


def main(event: int, pids: list[int]) -> int:
    """Send *event* once to each console that one of *pids* is attached to."""
    kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel32.SetConsoleCtrlHandler(None, True)
    reached: set[int] = set()
    for pid in pids:
        kernel32.FreeConsole()
        if pid not in reached and kernel32.AttachConsole(wintypes.DWORD(pid)):
            found = (wintypes.DWORD * _MANY)()
            count = kernel32.GetConsoleProcessList(found, _MANY)
            reached.update(found[: min(count, _MANY)], [pid])
            kernel32.GenerateConsoleCtrlEvent(event, 0)
    return 0 if reached else _ERROR_NO_CONSOLE


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), [int(each) for each in sys.argv[2:]]))
