"""Which platform this is: the one place that asks."""

from __future__ import annotations

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
