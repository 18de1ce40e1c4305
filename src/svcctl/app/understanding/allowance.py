"""Shares out the processor time that reading logs may take, so that services keep theirs."""

from __future__ import annotations

SHARE = 0.05
"""Of one processor, all services taken together."""

_BURST = 0.1  # seconds of processor time that may be taken at once, after a calm time
_WINDOW = 10.0  # seconds over which services are compared
_MODESTY = 4  # a thread that is busy for a third of its time has a fifth of the share left
_CHUNK = 0.02  # seconds of processor time that a pause has to bring


class Allowance:
    """Seconds of processor time that come in at *share* a second; whoever took most waits.

    Less comes in while the same thread has other work, such as output to capture: next to nothing
    when it has no time left at all.
    """

    def __init__(self, share: float = SHARE) -> None:
        self._share = share
        self._left = _BURST
        self._at = 0.0
        self._cpu: float | None = None
        self._window = 0
        self._spent: dict[str, float] = {}

    def spend(self, name: str, seconds: float, *, at: float, cpu: float) -> float:
        """Take note that *name* took so much *at* a monotonic time; give how long it is to wait.

        *cpu* is what the thread took so far, this included.  0: it may go on.  One that took
        less than others of late does not wait for them until nothing is left at all.
        """
        self._come_in(seconds, at=at, cpu=cpu)
        if int(at // _WINDOW) != self._window:
            self._window = int(at // _WINDOW)
            self._spent.clear()
        self._spent[name] = self._spent.get(name, 0.0) + seconds
        if self._left > 0.0:
            return 0.0
        mean = sum(self._spent.values()) / len(self._spent)
        if self._left > -_BURST and self._spent[name] < mean:
            return 0.0
        return (_CHUNK - self._left) / self._share

    def _come_in(self, seconds: float, *, at: float, cpu: float) -> None:
        passed = max(0.0, at - self._at)
        other = 0.0 if self._cpu is None else max(0.0, cpu - self._cpu - seconds)
        busy = min(1.0, other / passed) if passed else 0.0
        come_in = self._share * passed * (1.0 - busy) ** _MODESTY
        self._left = min(_BURST, self._left + come_in) - seconds
        self._at, self._cpu = at, cpu
