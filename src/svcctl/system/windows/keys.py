"""Reads single keys of a console, without Enter and without echo."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_LOOK_AGAIN = 0.05  # seconds; a console's handle is signalled by much that is no key


@contextmanager
def keys() -> Iterator[Callable[[float], str]]:
    """See :func:`svcctl.system.keys.keys`; a console needs no giving back."""
    import msvcrt  # noqa: PLC0415 - Windows only

    def next_key(seconds: float) -> str:
        deadline = time.monotonic() + seconds
        while not msvcrt.kbhit():
            left = deadline - time.monotonic()
            if left <= 0:
                return ""
            time.sleep(min(_LOOK_AGAIN, left))
        key: str = msvcrt.getwch()
        return key

    yield next_key
