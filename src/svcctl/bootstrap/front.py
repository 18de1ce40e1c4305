"""What this machine gives a process that serves others: signals, watched files, who hears of it."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress

from svcctl.ports import Clock, FileWatch, HostReport
from svcctl.system.clock import SystemClock
from svcctl.system.detect import Platform, platform
from svcctl.system.systemd.report import SystemdReport
from svcctl.system.watch import FileSystemWatch

_POSIX = ("posix.local_socket", "posix.signals")
_WINDOWS = ("windows.pipe_client", "windows.console_signals")


def load_everything() -> None:
    """Load what reaches the agent: who has given up its rights may not be able to later."""
    names = _WINDOWS if platform() is Platform.WINDOWS else _POSIX
    for name in names:
        importlib.import_module(f"svcctl.system.{name}")
    for name in ("glob", "watchfiles"):
        with suppress(ImportError):  # without watchfiles files are looked at now and then
            importlib.import_module(name)


def raise_file_limit() -> None:
    """Let this process have as many files as it may: every connection is one, 1024 are common."""
    if platform() is not Platform.WINDOWS:
        from svcctl.system.posix.descriptors import raise_file_limit as to_all  # noqa: PLC0415

        to_all()


def clock() -> Clock:
    """Give the time of this machine."""
    return SystemClock()


def files() -> FileWatch:
    """Give what tells when files change."""
    return FileSystemWatch(SystemClock())


def report() -> HostReport:
    """Give what tells systemd, or an agent of ours, how this process is."""
    return SystemdReport(os.environ)


def stop_signals(call: Callable[[], None]) -> AbstractContextManager[None]:
    """Make *call* from the event loop when this process is asked to stop, while the block lasts."""
    if platform() is Platform.WINDOWS:
        from svcctl.system.windows import console_signals  # noqa: PLC0415 - not there elsewhere

        return console_signals.stop_signals(call)
    from svcctl.system.posix import signals  # noqa: PLC0415 - not there on Windows

    return signals.stop_signals(call)


def on_hangup(call: Callable[[], None]) -> None:
    """Have *call* made from the event loop at every SIGHUP, where there is such a thing."""
    if platform() is not Platform.WINDOWS:
        from svcctl.system.posix.signals import on_hangup as told  # noqa: PLC0415 - as above

        told(call)
