"""Those who are to be told each time something changes."""

from __future__ import annotations

from collections.abc import Callable

from svcctl.ports import Cancel


class Listeners:
    """Calls that are made on each change, in the order they were added."""

    def __init__(self) -> None:
        self._calls: dict[int, Callable[[], None]] = {}
        self._last = 0

    def add(self, call: Callable[[], None]) -> Cancel:
        """Have *call* made from now on, until the cancel that this gives."""
        self._last += 1
        number = self._last
        self._calls[number] = call

        def cancel() -> None:
            self._calls.pop(number, None)

        return cancel

    def tell(self) -> None:
        """Make every call; who is added or cancelled meanwhile counts from the next time on."""
        for call in list(self._calls.values()):
            call()
