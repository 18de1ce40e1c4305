"""Which kind of machine this is, and what it gives."""

from __future__ import annotations

from contextlib import AbstractContextManager

from svcctl.bootstrap.machine import Machine
from svcctl.ports import Bus, Clock
from svcctl.system.detect import Platform, platform
from svcctl.system.paths import Paths


def machine(paths: Paths, *, clock: Clock, bus: Bus) -> AbstractContextManager[Machine]:
    """Give the machine for the agent with the folders *paths*; raises Conflict where one runs.

    To be entered within a running event loop.
    """
    if platform() is Platform.WINDOWS:
        from svcctl.bootstrap import windows  # noqa: PLC0415 - not there on other systems

        return windows.machine(paths, clock=clock, bus=bus)
    from svcctl.bootstrap import posix  # noqa: PLC0415 - not there on Windows

    return posix.machine(paths, clock=clock, bus=bus)


def boot_id() -> str:
    """Give what tells this boot of the machine from all others."""
    if platform() is Platform.WINDOWS:
        from svcctl.system.windows import process as windows_process  # noqa: PLC0415

        return windows_process.boot_id()
    from svcctl.system.posix import process  # noqa: PLC0415

    return process.boot_id()
