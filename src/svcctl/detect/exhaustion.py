"""Tells, minutes ahead, that a resource is about to be exhausted: what leaks fast has no day left.

The rise of the last quarter of an hour is carried on to the limit; one that slows is carried on as
one that slows, so that a warm-up which ends below the limit is no news.  Nor is what came as high
before and was given back: the tooth of a saw.  What uses nearly all it may is told in any case.
"""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass
from itertools import combinations

from svcctl.detect.amounts import Unit, amount, time_left
from svcctl.detect.finding import Deviation, What
from svcctl.detect.least_squares import slope

_WINDOW = 900.0  # seconds
_APART = 30.0  # seconds between two readings that are kept
_LEAST = 10  # readings that make a rise
_STEADY = 0.9  # share of pairs of readings of which the later is the larger
_GIVEN_BACK = 0.15  # of a peak: what falls as far was no leak
_AS_HIGH = 1.05
_HALF = 0.6
_FAR = 4  # times as far away as is soon, at the mean pace: not near at any


@dataclass(frozen=True, slots=True, kw_only=True)
class ExhaustionPolicy:
    """When to tell: *soon* seconds before the limit, or from a *share* of it on.

    It is over below the share *settled*, where nothing is to be exhausted soon.
    """

    soon: float = 1_800.0
    share: float = 0.9
    settled: float = 0.8
    unit: Unit = Unit.NUMBER


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How much of a resource there is: *limit* in all, or None where only a rise can be judged.

    *left* is what can still be had of it.
    """

    left: float
    limit: float | None = None


class Exhaustion:
    """Judges one resource of one process; a new process begins with a new one."""

    __slots__ = (  # an agent has some for each of hundreds of programs
        *("_given_back", "_left", "_peak", "_policy", "_resource"),
        *("_resumed", "_since", "_times", "_values"),
    )

    def __init__(self, resource: str, policy: ExhaustionPolicy | None = None) -> None:
        self._resource = resource
        self._policy = policy or ExhaustionPolicy()
        self._times, self._values = array("d"), array("d")
        self._peak = self._given_back = 0.0
        self._since: float | None = None
        self._left: float | None = None
        self._resumed = False

    @property
    def is_near(self) -> bool:
        """Whether it was told, and is not over."""
        return self._since is not None

    @property
    def exhausted_in(self) -> float | None:
        """Seconds until the limit at the pace of the last quarter of an hour; None: no such end."""
        return self._left

    def resume(self, *, since: float) -> None:
        """It was told by an earlier watch of the same process: it is over once that is sure."""
        self._since, self._resumed = since, True

    def add(self, value: float, *, at: float, room: Room) -> Deviation | None:
        """Take a reading, *at* in seconds of one clock; say that the end is near, once, or None."""
        if not math.isfinite(value):
            return None
        self._note(value, at)
        self._left = self._time_left(room.left)
        is_full = room.limit is not None and value > self._policy.share * room.limit
        is_soon = self._left is not None and self._left < self._soon(value, room)
        if self._since is not None:
            settled = room.limit is None or value < self._policy.settled * room.limit
            if settled and not is_soon and not self._resumed:
                self._since = None
            return None
        if not (is_full or is_soon):
            return None
        self._since = self._times[0] if is_soon else at
        return self._deviation(value, room)

    def _note(self, value: float, at: float) -> None:
        self._peak = max(self._peak, value)
        if value < self._peak * (1 - _GIVEN_BACK):
            self._given_back = max(self._given_back, self._peak)
            self._peak = value
            self._forget(0, len(self._times))
            self._resumed = False
        if len(self._times) > 1 and self._times[-1] - self._times[-2] < _APART:
            self._forget(len(self._times) - 1, len(self._times))
        self._times.append(at)
        self._values.append(value)
        self._resumed = self._resumed and len(self._times) < _LEAST
        while at - self._times[0] > _WINDOW:
            self._forget(0, 1)

    def _forget(self, begin: int, end: int) -> None:
        del self._times[begin:end], self._values[begin:end]

    def _soon(self, value: float, room: Room) -> float:
        """Give the seconds that are too few: fewer where most of it is still to be had."""
        most_is_left = room.limit is not None and value < _HALF * room.limit
        return self._policy.soon / 3 if most_is_left else self._policy.soon

    def _time_left(self, left: float) -> float | None:
        """Give the seconds in which *left* is used up; None: it does not look like that."""
        values, count = self._values, len(self._values)
        if count < _LEAST or values[-1] < self._given_back * _AS_HIGH:
            return None
        rise, length = values[-1] - values[0], self._times[-1] - self._times[0]
        if rise <= 0.0 or left * length > _FAR * self._policy.soon * rise:
            return None  # what most processes do costs next to nothing
        pairs = list(combinations(values, 2))
        if sum(later > earlier for earlier, later in pairs) < _STEADY * len(pairs):
            return None
        first, second = self._slope(0, count // 2 + 1), self._slope(count // 2, count)
        if first <= 0.0 or second <= 0.0:
            return None
        slows = min(1.0, second / first)
        return carried_on(max(0.0, left), pace=second, slows=slows, every=length / 2)

    def _slope(self, begin: int, end: int) -> float:
        return slope(self._times[begin:end], self._values[begin:end])

    def _deviation(self, value: float, room: Room) -> Deviation:
        unit, left = self._policy.unit, self._left
        used = f"{amount(value, unit)}" + (
            f" of {amount(room.limit, unit)}" if room.limit is not None else ""
        )
        ends = "" if left is None else f", the rest is used up in {time_left(left)}"
        soon = time_left(self._policy.soon)
        most = f"{100 * self._policy.share:.0f} % of it"
        return Deviation(
            what=What.LEAK,
            subject=self._resource,
            observed=f"{used}{ends}",
            expected=f"less than {most}, or more than {soon} until then",
            since=self._since or 0.0,
            score=0.95,
            pattern=f"{self._resource} is nearly exhausted",
        )


def carried_on(left: float, *, pace: float, slows: float, every: float) -> float | None:
    """Give the seconds in which *left* is used up at *pace* units a second; None: never.

    In each further *every* seconds the pace is *slows* times what it was.
    """
    if slows >= 1.0:
        return left / pace
    decay = -math.log(slows) / every
    reached = left * decay / pace  # the share of all that is still to come
    return None if reached >= 1.0 else -math.log1p(-reached) / decay
