"""Time that a test moves by hand."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable


class FakeTimer:
    """A call that is due at *at* on a fake clock."""

    def __init__(self, at: float, call: Callable[[], None]) -> None:
        self.at = at
        self._call: Callable[[], None] | None = call

    @property
    def waits(self) -> bool:
        """It was neither made nor cancelled."""
        return self._call is not None

    def cancel(self) -> None:
        """Forget it; harmless once it was made."""
        self._call = None

    def ring(self) -> None:
        """Make the call, once."""
        call, self._call = self._call, None
        if call:
            call()


class FakeClock:
    """Stands still until a test moves it; calls are made from :meth:`forward`, in order."""

    def __init__(self, *, now: float = 1_750_000_000.0, monotonic: float = 1_000.0) -> None:
        self._wall, self._monotonic = now, monotonic
        self._timers: list[tuple[float, int, FakeTimer]] = []
        self._order = itertools.count()

    def now(self) -> float:
        """Seconds since 1970, UTC."""
        return self._wall

    def monotonic(self) -> float:
        """Seconds since some point of this boot."""
        return self._monotonic

    def later(self, seconds: float, call: Callable[[], None]) -> FakeTimer:
        """Make *call* once *seconds* have passed, never before :meth:`forward` is called."""
        timer = FakeTimer(self._monotonic + max(0.0, seconds), call)
        heapq.heappush(self._timers, (timer.at, next(self._order), timer))
        return timer

    def forward(self, seconds: float = 0.0) -> None:
        """Let time pass; what is due meanwhile is called at its time, and may set new timers.

        What those are due at once is made too.
        """
        until = self._monotonic + seconds
        while self.ring_next(until):
            pass
        self._pass(until)

    def ring_next(self, until: float) -> bool:
        """Let time pass to the next call and make it, if it is due by *until* (monotonic)."""
        at = self.next_at
        if at is None or at > until:
            return False
        self._pass(at)
        heapq.heappop(self._timers)[2].ring()
        return True

    def stand_still(self, seconds: float) -> None:
        """Let time pass with nobody there: what is due meanwhile comes late, when all goes on."""
        self._pass(self._monotonic + seconds)

    def jump(self, seconds: float) -> None:
        """Set the wall clock, as a person or NTP would; no time passes."""
        self._wall += seconds

    @property
    def next_at(self) -> float | None:
        """When (monotonic) the next call is due; None where none is."""
        while self._timers and not self._timers[0][2].waits:
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def _pass(self, until: float) -> None:
        self._wall += max(0.0, until - self._monotonic)
        self._monotonic = max(self._monotonic, until)
