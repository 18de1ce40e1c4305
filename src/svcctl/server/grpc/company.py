"""Has those who come one by one, to look at the same, set out together.

grpcio hands over one call at a time, so a crowd would reach the agent in twos and threes; to the
agent a look for one is about as dear as a look for thirty.
"""

from __future__ import annotations

import asyncio
from functools import partial

from svcctl.ports import Clock

_CROWD = 8  # who are answered at once; fewer wait for nobody
_STEP = 0.003  # seconds in which nobody comes, after which nobody is waited for
_STEPS = 4  # that anybody waits at most
_ENOUGH = 0.5  # of those expected: the agent works for them while the others are answered
_FADES = 0.95  # what is expected, where fewer come


class Company:
    """A crowd waits for those of it that have yet to come, and never for long.

    It is entered by whoever asks, until they are answered; who is cancelled keeps nobody waiting.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: list[asyncio.Future[None]] = []
        self._inside = 0
        self._expected = 0.0

    async def __aenter__(self) -> None:
        self._inside += 1
        self._expected = max(self._expected, self._inside)
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        if len(self._waiting) == 1:
            self._clock.later(0.0, partial(self._look, seen=0, left=_STEPS))
        try:
            await place
        except asyncio.CancelledError:
            self._inside -= 1
            raise

    async def __aexit__(self, *_: object) -> None:
        self._inside -= 1

    def _look(self, *, seen: int, left: int) -> None:
        """See who has come since there were *seen*; set out, or look again *left* times."""
        count = len(self._waiting)
        if left and seen < count and self._lacks_some():
            self._clock.later(_STEP, partial(self._look, seen=count, left=left - 1))
            return
        self._expected *= _FADES
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if not each.done():
                each.set_result(None)

    def _lacks_some(self) -> bool:
        return self._expected >= _CROWD and self._inside < self._expected * _ENOUGH
