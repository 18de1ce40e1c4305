"""Shares out the processor time that reading logs may take, so that services keep theirs."""

from __future__ import annotations

SHARE = 0.05
"""Of one processor, all services taken together."""

_BURST = 0.5  # seconds of processor time that may be taken at once, after a calm time
_WINDOW = 10.0  # seconds over which services are compared
_CHUNK = 0.02  # seconds of processor time that a pause has to bring


class Allowance:
    """Seconds of processor time that come in at *share* a second; whoever took most waits."""

    def __init__(self, share: float = SHARE) -> None:
        self._share = share
        self._left = _BURST
        self._at = 0.0
        self._window = 0
        self._spent: dict[str, float] = {}

    def spend(self, name: str, seconds: float, *, at: float) -> float:
        """Take note that *name* took so much *at* a monotonic time; give how long it is to wait.

        0: it may go on.  One that took no more than its part of late never waits for others,
        until there is nothing left at all.
        """
        self._left = min(_BURST, self._left + self._share * max(0.0, at - self._at)) - seconds
        self._at = at
        if int(at // _WINDOW) != self._window:
            self._window = int(at // _WINDOW)
            self._spent.clear()
        self._spent[name] = self._spent.get(name, 0.0) + seconds
        if self._left > 0.0:
            return 0.0
        fair = self._share * _WINDOW / len(self._spent)
        if self._left > -_BURST and self._spent[name] <= fair and len(self._spent) > 1:
            return 0.0
        return (_CHUNK - self._left) / self._share
