"""Where the endpoint of a service is: told by its name, so that whoever knows that finds it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace

from svcctl.system.detect import Platform, platform
from svcctl.system.paths import Paths, find_paths

RUN = "SVCCTL_RUN"
"""The variable in which a manager names the folder for the endpoint of what it has started."""

_LONGEST = 31  # a run folder has 64 bytes at most, and the path of a socket 103 on macOS


def own_paths(environ: Mapping[str, str]) -> Paths:
    """Give the folders of a service: its manager may have a run folder for it alone.

    Whoever runs the command line finds it there, though the service runs as somebody else.
    """
    found, given = find_paths(environ), environ.get(RUN, "")
    return replace(found, run=given) if os.path.isabs(given) else found


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
