"""Tells a burst or a drop in how often something happens from the noise it always has."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from svcctl.detect.baseline import Baseline, HourOfWeek, Spread
from svcctl.detect.finding import Deviation, What

BUCKET = 10.0
"""Seconds that are counted together."""

_MINUTE = 6
_SPANS = (1, 3, _MINUTE, 30)


@dataclass(frozen=True, slots=True, kw_only=True)
class RatePolicy:
    """When a rate is unusual.

    *memory*: how many buckets the mean is of, and are learnt from first; *spread*: how many the
    spread is of.  *rarity*: how rare a count has to be, as the negative logarithm of its
    probability; *times*: and how much more, or less, than expected.  *least*: what a burst has at
    the least, and what is expected at the least where a drop is told.
    """

    memory: int = 360
    spread: int = 4_320
    rarity: float = 14.0
    times: float = 2.0
    least: int = 5


class _Span:
    """The usual sum of so many buckets: its mean of an hour, its spread of half a day."""

    __slots__ = ("count", "policy", "spread", "usual")

    def __init__(self, count: int, policy: RatePolicy) -> None:
        self.count, self.policy = count, policy
        self.usual = Baseline(policy.memory)
        self.spread = Spread(policy.spread)

    def is_unusual(self, total: int) -> bool:
        mean = self.usual.mean
        if not self.usual.is_learnt or mean <= 0 or self.spread.seen < self.policy.memory:
            return False
        if total > mean:
            far = total >= max(self.policy.least, self.policy.times * mean)
        else:
            far = total * self.policy.times <= mean >= self.policy.least
        return far and self.spread.rarity(total, mean) > self.policy.rarity

    def add(self, total: int, *, unusual: bool) -> None:
        """Learn from a sum; from an unusual one no more than makes it usual in about an hour."""
        mean = self.usual.mean
        if self.usual.seen * 6 > self.policy.memory:
            self.spread.add(total, mean, unusual=unusual)
        most = mean * self.policy.times + self.policy.least
        self.usual.add(min(total, most) if unusual else total)

    def add_zeros(self, count: int) -> None:
        self.usual.add_zeros(count)
        self.spread.add_zeros(count)


class Rate:
    """Judges the counts of one kind of line, bucket after bucket.

    Sums over 10 s to 5 min are each compared with what was usual for them in the last hour, as
    negative binomial counts with the spread they had in the last half day.  What the same hour of
    the two weeks before had is usual too.  It tells the beginning of a burst or drop, and no other
    until the rate has been usual for a minute.
    """

    def __init__(
        self, subject: str, policy: RatePolicy | None = None, *, pattern: str = ""
    ) -> None:
        self._subject, self._pattern = subject, pattern
        self._policy = policy or RatePolicy()
        self._spans = [_Span(count, self._policy) for count in _SPANS]
        self._last: deque[int] = deque(maxlen=_SPANS[-1])
        self._hours: HourOfWeek | None = None  # as soon as there is enough to be unusual
        self._calm = _MINUTE
        self._zeros = 0  # in a row
        self._skipped = 0  # of them, not yet learnt from

    @property
    def is_asleep(self) -> bool:
        """Whether nothing comes and nothing much is expected: most rates, most of the time."""
        widest = self._spans[-1]
        return self._zeros > widest.count and widest.usual.mean < widest.policy.least

    def add(self, count: int, *, at: float) -> Deviation | None:
        """Take the count of the bucket that began *at*; say what began with it, or None.

        A bucket without lines counts as 0; while nobody watched there are no buckets.
        """
        self._zeros = 0 if count else self._zeros + 1
        if self.is_asleep:
            self._skipped += 1
            return None
        self._wake()
        self._last.append(count)
        recent = list(self._last)
        found: Deviation | None = None
        for span in self._spans:
            if len(recent) < span.count:
                break
            total = sum(recent[-span.count :])
            unusual = span.is_unusual(total)
            if unusual and found is None:
                found = self._deviation(total, span, at=at)
            span.add(total, unusual=unusual)
        minute = sum(recent[-_MINUTE:])
        if found and self._hours and self._hours.is_usual(minute, at=at):
            found = None
        if self._hours is None and minute >= self._policy.least:
            self._hours = HourOfWeek()
        if self._hours:
            self._hours.add(minute, at=at)
        was_calm, self._calm = self._calm >= _MINUTE, 0 if found else self._calm + 1
        return found if was_calm else None

    @property
    def is_calm(self) -> bool:
        """Whether the rate has been usual for a minute."""
        return self._calm + self._skipped >= _MINUTE

    @property
    def may_drop(self) -> bool:
        """Whether so much is expected that less of it would be told."""
        widest = self._spans[-1]
        return widest.usual.is_learnt and widest.usual.mean >= self._policy.least

    def skip(self, count: int) -> None:
        """Take in so many buckets without any, and judge none of them."""
        self._zeros += count
        self._skipped += count
        self._last.extend([0] * min(count, _SPANS[-1]))

    def state(self) -> dict[str, object]:
        """Give what has been learnt, as a value that JSON holds."""
        self._wake()
        return {
            "version": 1,
            "spans": [[each.usual.state(), each.spread.state()] for each in self._spans],
            "hours": self._hours.state() if self._hours else {},
        }

    def restore(self, state: Mapping[str, object]) -> None:
        """Take over what `state` gave, in place of what is known; raise ValueError for other."""
        match state:
            case {"version": 1, "spans": list(spans), "hours": dict(hours)}:
                for each, (usual, spread) in zip(self._spans, spans, strict=True):
                    each.usual.restore(usual)
                    each.spread.restore(spread)
                self._hours = HourOfWeek() if hours else None
                if self._hours:
                    self._hours.restore(hours)
                self._last.clear()
                self._zeros = self._skipped = 0
            case _:
                raise ValueError(f"no state of a rate: {state.get('version')!r}")

    def _wake(self) -> None:
        """Learn from the zeros that were skipped."""
        for span in self._spans if self._skipped else ():
            span.add_zeros(self._skipped)
        self._calm += self._skipped
        self._skipped = 0

    def _deviation(self, total: int, span: _Span, *, at: float) -> Deviation:
        mean = span.usual.mean
        rare = span.spread.rarity(total, mean)
        seconds = span.count * BUCKET
        return Deviation(
            what=What.BURST if total > mean else What.DROP,
            subject=self._subject,
            observed=f"{total} in {seconds:.0f} s",
            expected=f"about {mean:.1f} as in the last hour",
            since=at + BUCKET - seconds,
            score=1.0 - span.policy.rarity / (2 * rare),
            pattern=self._pattern,
        )
