"""What the terminal of this machine can do."""

from __future__ import annotations

from collections.abc import Callable

from svcctl.system.detect import Platform, platform


def shows_escapes(descriptor: int) -> bool:
    """Say whether the terminal behind *descriptor* obeys escape sequences; on Windows ask it to."""
    if platform() is not Platform.WINDOWS:
        return True
    from svcctl.system.windows.terminal import show_escapes  # noqa: PLC0415

    return show_escapes(descriptor)


def console_keys() -> Callable[[float], str] | None:
    """Give what waits so many seconds for a key of Windows' console; None elsewhere."""
    if platform() is not Platform.WINDOWS:
        return None
    from svcctl.system.windows.terminal import next_key  # noqa: PLC0415

    return next_key
