"""Looks at the machine for whoever asks how much is used, however often they ask."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from svcctl.system.posix.process import Snapshot, Ties, take_snapshot

_SHARE = 10  # a look holds for as many times as long as it took,
_SHORT, _SHARE_OF_SHORT = 1.0, 30  # or for so many, where that is no more than these seconds


class Looks:
    """Gives a look that is recent, so that no more than a tenth of the time goes into looking.

    Mostly it is a thirtieth: what is no older than a second is recent.

    *now* gives seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._last: Snapshot | None = None
        self._ties: Ties = {}
        self._forget: asyncio.TimerHandle | None = None

    @contextmanager
    def recent(self, pids: Iterable[int]) -> Iterator[Snapshot]:
        """Give a look that is hardly old, and has all of *pids* that are still there.

        What is done in the block counts as looking: a snapshot reads some things when asked.
        """
        if self._last is not None and all(pid in self._last.by_pid for pid in pids):
            yield self._last
            return
        begun = self._now()
        self._last = take_snapshot(self._ties)
        yield self._last
        self._ties = self._last.ties
        took = self._now() - begun
        self._keep_for(max(_SHARE * took, min(_SHARE_OF_SHORT * took, _SHORT)))

    def close(self) -> None:
        """Forget what was seen."""
        self._last = None
        if self._forget is not None:
            self._forget.cancel()
            self._forget = None

    def _keep_for(self, seconds: float) -> None:
        if self._forget is not None:
            self._forget.cancel()
        self._forget = asyncio.get_running_loop().call_later(seconds, self.close)
