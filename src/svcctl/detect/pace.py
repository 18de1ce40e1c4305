"""Keeps news from coming by the hundred: a few an hour, and then how many there were beside."""

from __future__ import annotations

from collections import deque

_HOUR = 3_600.0


class Pace:
    """Lets *most* an hour pass, and counts the others."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._passed: deque[float] = deque()
        self._held_back = 0

    def passes(self, at: float) -> bool:
        """Whether one more may be told *at*, in seconds since 1970."""
        while self._passed and not at - _HOUR < self._passed[0] <= at:  # clocks are set back, too
            self._passed.popleft()
        if len(self._passed) >= self._most:
            self._held_back += 1
            return False
        self._passed.append(at)
        return True

    def take_held_back(self) -> int:
        """Give how many were not told since the last call."""
        held_back, self._held_back = self._held_back, 0
        return held_back
