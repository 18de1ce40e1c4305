"""Counts what could not be written and says so, at most once a minute."""

from __future__ import annotations

import os
from collections.abc import Callable

_EVERY = 60.0  # seconds

Told = Callable[[str], None]
"""Is given one sentence for people."""


class Losses:
    """What one sink lost since it last said so; the first loss is told at once.

    Does not lock: its sink does.
    """

    __slots__ = ("_clock", "_count", "_name", "_next", "_problem", "_tell", "total")

    def __init__(self, name: str, *, clock: Callable[[], float], tell: Told) -> None:
        self._name, self._clock, self._tell = name, clock, tell
        self._count, self._problem, self._next = 0, "", 0.0
        self.total = 0

    def count(self, records: int, problem: object) -> None:
        """Count *records* that are lost for *problem*."""
        self._count += records
        self.total += records
        self._problem = str(problem)

    def due_in(self) -> float | None:
        """Give the seconds until there is something to tell; None where nothing waits for it."""
        return max(0.0, self._next - self._clock()) if self._count else None

    def tell(self, *, now: bool = False) -> None:
        """Tell what was not told yet, once a minute, or *now*."""
        at = self._clock()
        if not self._count or (at < self._next and not now):
            return
        count, self._count, self._next = self._count, 0, at + _EVERY
        self._tell(f"{self._name}: {count} log records were dropped: {self._problem}")


def on_stderr(sentence: str) -> None:
    """Write to the standard error of the process, past whatever stands for it in Python."""
    try:
        os.write(2, f"svcctl: {sentence}\n".encode("utf-8", "replace"))
    except OSError:  # there is nobody left to tell
        return
