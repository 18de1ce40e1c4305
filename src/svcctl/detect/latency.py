"""Tells when what took a certain time takes longer, while single slow ones are no news."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median

from svcctl.detect.baseline import Baseline, HourOfWeek
from svcctl.detect.finding import Deviation, What

_MINUTE = 60.0
_WIDEST = 9.0  # times the variance so far: what one minute may add to it


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyPolicy:
    """When a latency has drifted.

    *share*: the quantile that is watched.  *memory*: minutes that are remembered; *learning*:
    and learnt from first.  *minutes*: how many are judged together, by the middle one of them.
    *times*: how much longer than usual it has to be, and *deviations*: and how far outside of the
    spread between minutes.
    """

    share: float = 0.5
    memory: int = 1_440
    learning: int = 60
    minutes: int = 7
    times: float = 1.5
    deviations: float = 2.5


class Latency:
    """Judges the times that one kind of work takes, minute after minute.

    The quantile of each minute is compared, on a logarithmic scale, with those of the last day,
    and with those of the same hour of the two weeks before.
    """

    def __init__(self, subject: str, policy: LatencyPolicy | None = None) -> None:
        self._subject = subject
        self._policy = policy or LatencyPolicy()
        self._usual = Baseline(self._policy.memory)
        self._spread = Baseline(self._policy.memory)
        self._last: deque[float] = deque(maxlen=self._policy.minutes)
        self._hours = HourOfWeek()
        self._slow = False

    def add(self, seconds: Iterable[float], *, at: float) -> Deviation | None:
        """Take the times of the minute that began *at*; say when they have become slow, or None.

        A minute without any says nothing.  It tells the beginning, and no other until the times
        have been usual once.
        """
        times = sorted(each for each in seconds if math.isfinite(each) and each > 0)
        if not times:
            return None
        seen = times[min(len(times) - 1, int(self._policy.share * len(times)))]
        self._last.append(math.log(seen))
        slow = self._is_slow() and not self._hours.is_usual(seen, at=at)
        found = self._deviation(at) if slow and not self._slow else None
        self._slow = slow
        self._learn(math.log(seen), slow=slow)
        self._hours.add(seen, at=at)
        return found

    @property
    def is_slow(self) -> bool:
        """Whether the times of late are longer than usual."""
        return self._slow

    def state(self) -> dict[str, object]:
        """Give what has been learnt, as a value that JSON holds."""
        return {
            "version": 1,
            "usual": self._usual.state(),
            "spread": self._spread.state(),
            "hours": self._hours.state(),
        }

    def restore(self, state: Mapping[str, object]) -> None:
        """Take over what `state` gave, in place of what is known; raise ValueError for other."""
        match state:
            case {"version": 1, "usual": list(usual), "spread": list(spread), "hours": dict(hours)}:
                self._usual.restore(usual)
                self._spread.restore(spread)
                self._hours.restore(hours)
                self._last.clear()
            case _:
                raise ValueError(f"no state of a latency: {state.get('version')!r}")

    def _is_slow(self) -> bool:
        """Whether most of the last minutes were slow."""
        policy = self._policy
        if self._usual.seen < policy.learning or len(self._last) < policy.minutes:
            return False
        away = max(math.log(policy.times), policy.deviations * math.sqrt(self._spread.mean))
        return median(self._last) - self._usual.mean >= away

    def _learn(self, seen: float, *, slow: bool) -> None:
        away = seen - self._usual.mean
        if self._usual.seen:
            most = _WIDEST * self._spread.mean
            self._spread.add(min(away * away, most) if slow else away * away)
        self._usual.add(seen)

    def _deviation(self, at: float) -> Deviation:
        policy, usual = self._policy, math.exp(self._usual.mean)
        now = math.exp(median(self._last))
        return Deviation(
            what=What.LATENCY,
            subject=self._subject,
            observed=f"{now:.3g} s at quantile {policy.share:g} over {policy.minutes} minutes",
            expected=f"about {usual:.3g} s as in {self._usual.seen} minutes before",
            since=at - policy.minutes // 2 * _MINUTE,
            score=1.0 - usual / now / 2,
        )
