"""Sends Ctrl-C and Ctrl-Break to programs, which have hidden consoles of their own."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from ctypes import wintypes

from svcctl.errors import SystemFault
from svcctl.system.windows import console_event
from svcctl.system.windows.command_line import command_line, environment_block
from svcctl.system.windows.create import DETACHED, Creation, create_process
from svcctl.system.windows.kernel import close_handle, kernel32
from svcctl.system.windows.program import system_root
from svcctl.system.windows.winapi import declare

CTRL_C = 0
CTRL_BREAK = 1


def send_console_event(event: int, pids: Iterable[int]) -> None:
    """Have everyone on the consoles of *pids* get *event*, soon.

    Who has no console gets none.  Raises SystemFault where the program that sends it cannot be
    started.
    """
    program = os.path.abspath(getattr(sys, "_base_executable", "") or sys.executable)
    argv = (program, "-I", "-S", console_event.__file__, str(event), *map(str, pids))
    creation = Creation(
        program=program,
        line=command_line(argv),
        block=environment_block({"SystemRoot": system_root()}),
        folder=os.path.dirname(program),
        flags=DETACHED,
    )
    try:
        created = create_process(creation)
    except OSError as error:
        raise SystemFault(f"no console event can be sent: {error.strerror}") from error
    close_handle(created.thread)
    close_handle(created.process)


def heed_ctrl_c() -> None:
    """Have programs we start get Ctrl-C, even where whoever started us had it ignored.

    Whether it is ignored is inherited, and set for whoever leads a new process group: see
    CREATE_NEW_PROCESS_GROUP and SetConsoleCtrlHandler.
    """
    ignore = declare(
        kernel32().SetConsoleCtrlHandler, wintypes.BOOL, wintypes.LPVOID, wintypes.BOOL
    )
    ignore(None, False)
