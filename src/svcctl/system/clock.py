"""Real time, for everyone who is not a test."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from svcctl.ports import Timer

# CLOCK_BOOTTIME goes on while the machine sleeps; Linux only.
_MONOTONIC = getattr(time, "CLOCK_BOOTTIME", None)

_LATE = 0.1  # seconds after which a call is not late by chance: this process stood still
_HEARING = 0.25  # share of it in which what was said meanwhile is heard, before anybody is judged
_LONGEST_HEARING = 1.0  # seconds


class SystemClock:
    """The machine's clock; :meth:`later` needs a running event loop.

    A loop that was stopped looks at its timers first and at its sockets later.  So a call that is
    much too late waits a little longer: the answer it is to miss may have come in time.
    """

    def now(self) -> float:
        """Seconds since 1970, UTC; may jump."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since the machine booted, the same for every process; never jumps."""
        if _MONOTONIC is None:
            return time.monotonic()
        return time.clock_gettime(_MONOTONIC)

    def later(self, seconds: float, call: Callable[[], None]) -> Timer:
        """Make *call* from the running event loop once *seconds* have passed."""
        return _LaterCall(asyncio.get_running_loop(), seconds, call)


class _LaterCall:
    """A Timer."""

    __slots__ = ("_call", "_handle", "_loop")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, seconds: float, call: Callable[[], None]
    ) -> None:
        self._loop, self._call = loop, call
        self._handle = loop.call_later(seconds, self._ring)

    def cancel(self) -> None:
        """Forget it."""
        self._handle.cancel()

    def _ring(self) -> None:
        late = self._loop.time() - self._handle.when()
        if late > _LATE:
            hearing = min(late * _HEARING, _LONGEST_HEARING)
            self._handle = self._loop.call_later(hearing, self._call)
        else:
            self._call()
