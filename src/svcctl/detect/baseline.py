"""What is usual for a number that comes again and again: its mean, its spread, its hour."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Mapping

_WIDEST = 16.0  # times the spread so far: what one unusual count may add to it
_HOUR = 3_600.0
_HOURS = 168


class Baseline:
    """A mean that forgets: a plain one over the first *memory* values, then a moving one."""

    __slots__ = ("_memory", "mean", "seen")

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self.seen = 0
        self.mean = 0.0

    @property
    def is_learnt(self) -> bool:
        """Whether as many values were seen as are remembered."""
        return self.seen >= self._memory

    def add(self, value: float) -> None:
        """Take a value in."""
        self.seen += 1
        self.mean += (value - self.mean) / min(self.seen, self._memory)

    def add_zeros(self, count: int) -> None:
        """Take in so many times 0, at once."""
        young = max(0, min(count, self._memory - self.seen))
        if young:
            self.mean *= self.seen / (self.seen + young)
        self.mean *= (1 - 1 / self._memory) ** (count - young)
        self.seen += count

    def state(self) -> list[float]:
        """Give what has been learnt: how many, and their mean."""
        return [self.seen, self.mean]

    def restore(self, state: list[float]) -> None:
        """Take over what `state` gave."""
        seen, self.mean = state
        self.seen = int(seen)


class Spread:
    """How much wider than chance counts spread around what was expected of them: 1 for Poisson."""

    __slots__ = ("_seen",)

    def __init__(self, memory: int) -> None:
        self._seen = Baseline(memory)

    @property
    def seen(self) -> int:
        """How many counts it was learnt from."""
        return self._seen.seen

    def rarity(self, count: int, mean: float) -> float:
        """Give how rare a count is where *mean* is expected; see the function of that name."""
        return rarity(count, mean, self._seen.mean * mean)

    def add(self, count: int, mean: float, *, unusual: bool) -> None:
        """Learn from a count; an unusual one widens the spread by a little at the most."""
        if mean <= 0:
            return
        wide = (count - mean) ** 2 / mean
        self._seen.add(min(wide, _WIDEST * max(self._seen.mean, 1.0)) if unusual else wide)

    def add_zeros(self, count: int) -> None:
        """Take in that so many times nothing came where next to nothing was expected."""
        self._seen.add_zeros(count)

    def state(self) -> list[float]:
        """Give what has been learnt."""
        return self._seen.state()

    def restore(self, state: list[float]) -> None:
        """Take over what `state` gave."""
        self._seen.restore(state)


class HourOfWeek:
    """The highest and lowest value of each hour of the week, this week and in the two before.

    What both weeks before had in that hour is usual there; once is no habit.  It takes 4 kB.
    """

    __slots__ = ("_weeks",)

    def __init__(self) -> None:
        self._weeks: dict[int, array[float]] = {}  # of each hour low and high, NaN: none

    def add(self, value: float, *, at: float) -> None:
        """Take in a value of *at*, in seconds since 1970."""
        week, hour = divmod(int(at // _HOUR), _HOURS)
        bands = self._weeks.get(week)
        if bands is None:
            bands = self._weeks[week] = array("f", [math.nan]) * (2 * _HOURS)
            # the nearest, not the newest: clocks are set wrong for a while, and right again
            for far in sorted(self._weeks, key=lambda each: abs(each - week))[3:]:
                del self._weeks[far]
        if not value >= bands[2 * hour]:
            bands[2 * hour] = value
        if not value <= bands[2 * hour + 1]:
            bands[2 * hour + 1] = value

    def is_usual(self, value: float, *, at: float) -> bool:
        """Whether the same hour went as high, and as low, as *value* in both weeks before."""
        week, hour = divmod(int(at // _HOUR), _HOURS)
        (value,) = array("f", [value])  # as exact as the bands are
        bands = [self._weeks.get(week - back) for back in (1, 2)]
        return all(
            each is not None and each[2 * hour] <= value <= each[2 * hour + 1] for each in bands
        )

    def state(self) -> dict[str, list[tuple[int, float, float]]]:
        """Give what has been learnt, as a value that JSON holds: of each hour low and high."""
        return {
            str(week): [
                (hour, bands[2 * hour], bands[2 * hour + 1])
                for hour in range(_HOURS)
                if not math.isnan(bands[2 * hour])
            ]
            for week, bands in self._weeks.items()
        }

    def restore(self, state: Mapping[str, Iterable[tuple[int, float, float]]]) -> None:
        """Take over what `state` gave, in place of what is known."""
        self._weeks = {}
        for week, rows in state.items():
            bands = self._weeks[int(week)] = array("f", [math.nan]) * (2 * _HOURS)
            for hour, low, high in rows:
                bands[2 * hour], bands[2 * hour + 1] = low, high


def rarity(count: float, mean: float, variance: float) -> float:
    """Give how rare a count is, as the negative natural logarithm of a bound on its probability.

    The count is taken for Poisson, or for negative binomial where the variance is above the mean;
    the bound is Chernoff's, on the side of the mean where the count lies.
    """
    if mean <= 0:
        return 0.0 if count <= 0 else math.inf
    surprise = count * math.log(count / mean) if count > 0 else 0.0
    if variance > mean * 1.001:
        size = mean * mean / (variance - mean)
        return surprise - (count + size) * math.log((count + size) / (mean + size))
    return surprise - count + mean
