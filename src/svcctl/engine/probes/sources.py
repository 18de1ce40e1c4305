"""Where the checks of a probe come from: a poll, the heartbeat, or the log."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Protocol

from svcctl.contact import Notice
from svcctl.ports import Cancel, Clock, LogSink, Timer

Check = Callable[[], Awaitable[str]]
"""Look once; give what is wrong, or an empty text."""

OnCheck = Callable[[str], None]
"""Told of every check: what was wrong, or an empty text."""

_FIRST_PAUSE = 0.05  # seconds after an eager check that failed; doubles up to the interval
_STOOD_STILL = 1.0  # seconds by which a timer is late where the machine was not merely busy
_SHOWN = 200  # characters of a fatal line that are told


class Source(Protocol):
    """Something that checks on its own until it is stopped."""

    def start(self, on_check: OnCheck) -> None: ...
    def stop(self) -> None: ...


class Poll:
    """Checks at an interval, one check at a time.

    *eager* begins at once and looks often until the first success; otherwise the first check
    comes after *delay* seconds.  A check that takes longer than *limit* has failed.
    """

    def __init__(
        self,
        check: Check,
        *,
        clock: Clock,
        interval: float,
        limit: float,
        delay: float = 0.0,
        eager: bool = False,
    ) -> None:
        self._check, self._clock = check, clock
        self._interval, self._limit, self._delay = interval, limit, delay
        self._pause = _FIRST_PAUSE if eager else 0.0
        self._timer: Timer | None = None
        self._task: asyncio.Task[str] | None = None
        self._given_up = False
        self._on_check: OnCheck | None = None

    def start(self, on_check: OnCheck) -> None:
        """Begin to check."""
        self._on_check = on_check
        self._timer = self._clock.later(self._delay, self._look)

    def stop(self) -> None:
        """Check no more, and give up the check under way."""
        self._on_check = None
        if self._timer:
            self._timer.cancel()
        if self._task:
            self._task.cancel()

    def _look(self) -> None:
        if self._task:  # given up long ago, and its program still cannot be killed
            self._conclude(self._late)
            return
        self._task = asyncio.get_running_loop().create_task(self._look_once())
        self._timer = self._clock.later(self._limit, self._give_up)
        self._task.add_done_callback(self._looked)

    async def _look_once(self) -> str:
        return await self._check()

    def _give_up(self) -> None:
        self._given_up = True
        if self._task:
            self._task.cancel()
        self._conclude(self._late)

    def _looked(self, task: asyncio.Task[str]) -> None:
        given_up, self._task, self._given_up = self._given_up, None, False
        if task.cancelled():
            return
        error = task.exception()
        if given_up or self._on_check is None:
            return
        if self._timer:
            self._timer.cancel()
        self._conclude(f"{type(error).__name__}: {error}" if error else task.result())

    def _conclude(self, problem: str) -> None:
        pause = self._interval
        if self._pause and problem:
            pause = min(self._pause, self._interval)
            self._pause *= 2
        else:
            self._pause = 0.0
        self._timer = self._clock.later(pause, self._look)
        if self._on_check:
            self._on_check(problem)

    @property
    def _late(self) -> str:
        return f"no answer within {self._limit:g}s"


class Heartbeat:
    """Fails when the program has been silent for too long; needs no polling.

    The first beat may take *patience* seconds, where that is longer.  WATCHDOG_USEC changes the
    length, 0 ends the watch, as in sd_notify(3).  Where this process or the whole machine stood
    still, which is seen from a timer that rings late, the time begins anew, but not twice.
    """

    def __init__(
        self,
        longest: float,
        *,
        clock: Clock,
        hear: Callable[[Callable[[Notice], None]], Cancel],
        patience: float = 0.0,
    ) -> None:
        self._longest, self._clock, self._hear = longest, clock, hear
        self._patience = patience
        self._expected = 0.0
        self._due = 0.0
        self._excused = False
        self._timer: Timer | None = None
        self._deafen: Cancel | None = None
        self._on_check: OnCheck | None = None

    def start(self, on_check: OnCheck) -> None:
        """Expect the next beat."""
        self._on_check = on_check
        self._deafen = self._hear(self._heard)
        self._expect(max(self._longest, self._patience))

    def stop(self) -> None:
        """Expect nothing."""
        self._on_check = None
        if self._timer:
            self._timer.cancel()
        if self._deafen:
            self._deafen()

    def _expect(self, seconds: float) -> None:
        if self._timer:
            self._timer.cancel()
        self._expected, self._due = seconds, self._clock.monotonic() + seconds
        self._timer = self._clock.later(seconds, self._silent) if seconds > 0 else None

    def _heard(self, notice: Notice) -> None:
        length = _microseconds(notice.fields.get("WATCHDOG_USEC", ""))
        if length is not None:
            self._longest = length
            self._expect(length)
        match notice.fields.get("WATCHDOG"):
            case "1":
                self._excused = False
                self._expect(self._longest)
                self._tell("")
            case "trigger":
                self._tell("the program reported itself as failed")
            case _:
                return

    def _silent(self) -> None:
        if self._clock.monotonic() > self._due + _STOOD_STILL and not self._excused:
            self._excused = True
            self._expect(self._expected)
            return
        self._tell(f"no heartbeat for {self._expected:g}s")

    def _tell(self, problem: str) -> None:
        if self._on_check:
            self._on_check(problem)


def _microseconds(text: str) -> float | None:
    """Give the seconds in *text*, None where it is no number; 2**64 - 1 means never."""
    number = whole_number(text)
    if number is None:
        return None
    return 0.0 if number >= 2**64 - 1 else number / 1_000_000


def whole_number(text: str) -> int | None:
    """Read a number from a notice; None for anything else, and for more than 64 bits hold."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 20 else None


class LogMatch:
    """Passes, or where *fatal* fails, when a captured line matches."""

    def __init__(self, pattern: str, *, sink: LogSink, fatal: bool) -> None:
        self._pattern, self._sink, self._fatal = re.compile(pattern), sink, fatal
        self._unfollow: Cancel | None = None

    def start(self, on_check: OnCheck) -> None:
        """Begin to read along."""

        def read(_stream: str, lines: list[bytes]) -> None:
            for line in lines:
                text = line.decode(errors="replace")
                if self._pattern.search(text):
                    on_check(f"logged: {text[:_SHOWN]}" if self._fatal else "")
                    return

        self._unfollow = self._sink.follow(read)

    def stop(self) -> None:
        """Read no more."""
        if self._unfollow:
            self._unfollow()
