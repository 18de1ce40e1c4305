"""Reads files that hold what shows who somebody is, and are for their owner alone."""

from __future__ import annotations

import os

from svcctl.errors import UsageError, quoted
from svcctl.system.detect import others_may

_LONGEST = 65_536  # bytes; more than any key or address has


def read_private(path: str, *, what: str) -> bytes:
    """Give the content of *path*, which holds *what*.

    Raises UsageError where it cannot be read, and where others may read or write it.
    """
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - pathlib is slow to load
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(_LONGEST)
    except OSError as error:
        raise UsageError(f"cannot read {quoted(path)}: {error.strerror}") from error
    if others_may(mode):
        raise UsageError(
            f"{what} in {quoted(path)} can be read by others", hint=f"chmod 600 {quoted(path)}"
        )
    return content
