"""Keeps slow receivers away from the program: a bounded queue, and a thread that delivers."""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Protocol

from svcctl.sdk.logs.forks import renew_after_fork
from svcctl.sdk.logs.losses import Losses, Told, on_stderr

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 30.0  # seconds
_LONGEST_ASKED = 300.0  # seconds a receiver may ask for


class Delivery(Protocol):
    """Brings records to a receiver; only ever called from one thread, where it may wait."""

    @property
    def name(self) -> str:
        """What people know the receiver by; without secrets."""

    @property
    def batch(self) -> int:
        """How many records it takes at once."""

    def deliver(self, records: Sequence[bytes]) -> int:
        """Bring all of *records*; give how many of them the receiver refused for good.

        Raises OSError where none of them can be brought now: they are tried again.
        """

    def close(self) -> None:
        """Let go of the connection; the next delivery makes a new one."""


class NotNow(OSError):
    """The receiver asks to be left alone for *after* seconds."""

    def __init__(self, problem: str, *, after: float) -> None:
        super().__init__(problem)
        self.after = after


class Isolated:
    """Gives records to a *delivery* on a thread of its own; the caller never waits for it.

    What does not fit the queue is dropped and counted: the newest, since what came first tells why.
    Failed deliveries are tried again after growing pauses, so a record may come twice.  *tell*
    hears of what was dropped at most once a minute, from that thread.
    """

    def __init__(
        self,
        delivery: Delivery,
        *,
        clock: Callable[[], float],
        capacity: int = 10_000,
        capacity_bytes: int = 16 << 20,
        flush_within: float = 1.0,
        stop_within: float = 5.0,
        tell: Told = on_stderr,
    ) -> None:
        """Hold up to *capacity* records of *capacity_bytes* in all; limits of time in seconds."""
        self._delivery, self._clock, self._tell = delivery, clock, tell
        self._capacity, self._capacity_bytes = capacity, capacity_bytes
        self._flush_within, self._stop_within = flush_within, stop_within
        self._begin()
        renew_after_fork(self)

    @property
    def dropped(self) -> int:
        """How many records were dropped so far."""
        return self._losses.total

    def write(self, record: bytes, level: int) -> None:
        """Put it into the queue, or drop it."""
        del level
        with self._changed:
            if self._stopping:
                self._losses.count(1, "it is closed")
            elif len(self._queue) >= self._capacity or self._bytes >= self._capacity_bytes:
                self._losses.count(1, self._problem or "the queue is full")
            else:
                self._queue.append(record)
                self._bytes += len(record)
                if len(self._queue) == 1:
                    self._wake()

    def flush(self) -> None:
        """Wait until all is delivered, but not longer than *flush_within*."""
        with self._changed:
            self._changed.wait_for(lambda: not self._queue, self._flush_within)

    def close(self) -> None:
        """Deliver what waits, but not longer than *stop_within*; the rest is dropped and told."""
        with self._changed:
            self._stopping = True
            self._give_up_at = time.monotonic() + self._stop_within
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._queue, self._stop_within)
            self._lose_all()
            self._losses.tell(now=True)
            self._changed.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(max(0.0, self._give_up_at - time.monotonic()))

    def renew(self) -> None:
        """Begin anew in a forked child: what waits, and the connection, are the parent's."""
        self._delivery.close()
        self._begin()

    def _begin(self) -> None:
        self._changed = threading.Condition()
        self._queue: deque[bytes] = deque()
        self._bytes = 0
        self._problem = ""
        self._stopping, self._give_up_at = False, 0.0
        self._thread: threading.Thread | None = None
        self._losses = Losses(self._delivery.name, clock=self._clock, tell=self._tell)

    def _wake(self) -> None:
        if self._thread is None:
            name = f"svcctl-logs {self._delivery.name}"
            thread = threading.Thread(target=self._run, name=name, daemon=True)
            try:
                thread.start()
            except RuntimeError as error:  # the interpreter is about to end, or there are too many
                self._problem = str(error)
                self._lose_all()
                return
            self._thread = thread
        self._changed.notify_all()

    def _lose_all(self) -> None:
        if self._queue:
            self._losses.count(len(self._queue), self._problem or "there was no time")
            self._queue.clear()
            self._bytes = 0

    def _run(self) -> None:
        failures = 0
        while batch := self._next():
            pause = self._deliver(batch)
            failures = failures + 1 if pause is not None else 0
            with self._changed:
                self._losses.tell()
                if pause is not None:
                    self._rest(pause or pause_after(failures, random.random()))  # noqa: S311
        self._delivery.close()

    def _next(self) -> list[bytes]:
        """Wait for records; nothing once the queue is empty and no more will come."""
        with self._changed:
            while not self._changed.wait_for(self._is_wanted, self._losses.due_in()):
                self._losses.tell()
            return list(islice(self._queue, self._delivery.batch))

    def _is_wanted(self) -> bool:
        return bool(self._queue) or self._stopping

    def _deliver(self, batch: list[bytes]) -> float | None:
        """Deliver *batch*; where that fails for now give how long to wait, 0: as usual."""
        try:
            refused = self._delivery.deliver(batch)
            self._problem = ""
        except OSError as error:
            self._problem = error.strerror or str(error) or type(error).__name__
            return error.after if isinstance(error, NotNow) else 0.0
        except Exception as error:  # noqa: BLE001 - one record must not stop all that come after
            refused, self._problem = len(batch), f"{type(error).__name__}: {error}"
        with self._changed:
            for _ in range(min(len(batch), len(self._queue))):  # a stop may have given them up
                self._bytes -= len(self._queue.popleft())
            if refused:
                self._losses.count(refused, self._problem or "the receiver refused them")
            self._changed.notify_all()
        return None

    def _rest(self, seconds: float) -> None:
        """Wait before the next try; a stop cuts it short, and leaves time for many tries."""
        until = time.monotonic() + min(seconds, _LONGEST_ASKED)
        while not self._stopping and (left := until - time.monotonic()) > 0:
            self._changed.wait(left)
        if self._stopping and self._queue:
            self._changed.wait(_FIRST_PAUSE)


def pause_after(failures: int, chance: float) -> float:
    """Give how many seconds to wait after so many *failures* in a row; *chance* is from 0 to 1.

    Doubles up to 30 s, and half of it is left to chance: not all clients come back at once.
    """
    longest: float = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(failures - 1, 20))
    return longest * (0.5 + chance / 2)
