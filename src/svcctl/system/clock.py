"""Real time, for everyone who is not a test."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from svcctl.ports import Timer

# CLOCK_BOOTTIME goes on while the machine sleeps; Linux only.
_MONOTONIC = getattr(time, "CLOCK_BOOTTIME", None)


class SystemClock:
    """The machine's clock; :meth:`later` needs a running event loop."""

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
        return asyncio.get_running_loop().call_later(seconds, call)
