"""What happened in the last so many seconds, in so many parts that are forgotten one by one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

Part = TypeVar("Part")


class Window(Generic[Part]):
    """The parts of the last *length* seconds; *forget* is told of each that is over, and its end.

    Times must not go back.  It reaches back between *length* and one part less.
    """

    def __init__(
        self,
        length: float,
        *,
        parts: int,
        make: Callable[[], Part],
        forget: Callable[[Part, float], None],
    ) -> None:
        self._step, self._parts = length / parts, parts
        self._make, self._forget = make, forget
        self._kept: deque[tuple[int, Part]] = deque()

    def at(self, at: float) -> Part:
        """Give the part that *at* is in; forget what is too old by then."""
        number = self.pass_time(at)
        if not self._kept or self._kept[-1][0] != number:
            self._kept.append((number, self._make()))
        return self._kept[-1][1]

    def pass_time(self, at: float) -> int:
        """Forget what is too old at that time; give the number of the part it is in."""
        number = int(at // self._step)
        while self._kept and self._kept[0][0] <= number - self._parts:
            old, part = self._kept.popleft()
            self._forget(part, (old + 1) * self._step)
        return number
