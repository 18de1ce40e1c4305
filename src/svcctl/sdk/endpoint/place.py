"""Where the endpoint of a service is: told by its name, so that whoever knows that finds it."""

from __future__ import annotations

import os

from svcctl.system.detect import Platform, platform
from svcctl.system.paths import Paths

_LONGEST = 31  # a run folder has 64 bytes at most, and the path of a socket 103 on macOS


def address(paths: Paths, instance: str) -> str:
    """Give the address of the endpoint of *instance*: a socket's path, on Windows a pipe's name.

    Those of one user with the same folders find each other.  Nothing is created.
    """
    if platform() is Platform.WINDOWS:
        return f"{paths.socket}-{instance}"
    return os.path.join(paths.run, "e", f"{_short(instance)}.sock")


def _short(instance: str) -> str:
    if len(instance) <= _LONGEST:
        return instance
    from zlib import crc32  # noqa: PLC0415 - few names are that long

    return f"{instance[: _LONGEST - 9]}-{crc32(instance.encode()):08x}"
