"""Which platform this is: the one place that asks."""

from __future__ import annotations

import os
import sys
from enum import StrEnum


class Platform(StrEnum):
    """Families of operating systems that svcctl has adapters for."""

    LINUX = "linux"
    MACOS = "macos"
    WINDOWS = "windows"
    OTHER = "other"


def platform() -> Platform:
    """Give the platform this process runs on."""
    match sys.platform:
        case "linux":
            return Platform.LINUX
        case "darwin":
            return Platform.MACOS
        case "win32":
            return Platform.WINDOWS
        case _:
            return Platform.OTHER


def native_manager() -> str:
    """Name the manager of services this system runs: systemd, launchd, scm, or none (empty)."""
    match platform():
        case Platform.LINUX:
            return "systemd" if os.path.isdir("/run/systemd/system") else ""  # sd_booted(3)
        case Platform.MACOS:
            return "launchd"
        case Platform.WINDOWS:
            return "scm"
        case _:
            return ""


def privileged() -> bool:
    """Say whether this process may change the services of the whole machine."""
    if platform() is not Platform.WINDOWS:
        return os.geteuid() == 0
    import ctypes  # noqa: PLC0415 - only Windows has to ask so

    return bool(ctypes.WinDLL("shell32").IsUserAnAdmin())  # type: ignore[attr-defined,unused-ignore]


def replaces_programs() -> bool:
    """Say whether an exec replaces the program of a process; on Windows it makes another one."""
    return platform() is not Platform.WINDOWS


def others_may(mode: int) -> bool:
    """Say whether others than its owner may read or write a file of *mode* (as stat gives it).

    On Windows a mode says nothing of that.
    """
    return platform() is not Platform.WINDOWS and bool(mode & 0o077)
