"""What the terminal of this machine can do."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from svcctl.system import keys as system_keys
from svcctl.system.detect import Platform, platform


def shows_escapes(descriptor: int) -> bool:
    """Say whether the terminal behind *descriptor* obeys escape sequences; on Windows ask it to."""
    if platform() is not Platform.WINDOWS:
        return True
    from svcctl.system.windows.terminal import show_escapes  # noqa: PLC0415

    return show_escapes(descriptor)


def keys() -> AbstractContextManager[Callable[[float], str]]:
    """See :func:`svcctl.system.keys.keys`."""
    return system_keys.keys()
