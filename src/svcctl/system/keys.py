"""Single keys, wherever a person sits at a terminal."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from svcctl.system.detect import Platform, platform


def keys() -> AbstractContextManager[Callable[[float], str]]:
    """Take the keys of stdin, which is a terminal, while the block lasts; Ctrl-C works as ever.

    What is given waits so many seconds for a key; an empty text if none is pressed, or none ever
    will be.  The terminal is given back as it was, whatever happens in the block.
    """
    if platform() is Platform.WINDOWS:
        from svcctl.system.windows import keys as windows  # noqa: PLC0415 - not there elsewhere

        return windows.keys()
    from svcctl.system.posix import keys as posix  # noqa: PLC0415 - not there on Windows

    return posix.keys()
