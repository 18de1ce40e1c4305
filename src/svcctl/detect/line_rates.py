"""Counts the lines of one service by their templates, and judges the counts bucket by bucket."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from svcctl.detect.finding import Deviation, What
from svcctl.detect.rates import BUCKET, Rate, RatePolicy
from svcctl.detect.silence import Silence, SilencePolicy

ALL = "all lines"
"""What stands where the id of a template would, for the sum."""

_MOST_BAD = 2_000
_ENOUGH = 20  # lines of a template that tell how many there were where not all were read


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRatesPolicy:
    """Of how many templates the rate is known, and how rates and silences are judged."""

    most: int
    rate: RatePolicy
    silence: SilencePolicy


class LineRates:
    """What is usual for each template, by its id, and for the sum."""

    def __init__(self, policy: LineRatesPolicy) -> None:
        self._policy = policy
        self._rates: dict[str, Rate] = {}
        self._silences: dict[str, Silence] = {}
        self._bad: set[str] = set()
        self._add(ALL)

    @property
    def may_drop(self) -> bool:
        """Whether there is anything of which less would be told."""
        return any(each.may_drop for each in self._rates.values())

    @property
    def due(self) -> float:
        """When nothing at all would be a silence that is told, in seconds since 1970."""
        return self._silences[ALL].due

    def judge(self, counts: Mapping[str, int], *, begun: float, unread: float) -> list[Deviation]:
        """Take the *counts* of the bucket that began then; *unread* lines were not looked at.

        Where there are such, what was read stands for them: of templates that are many.
        """
        read = sum(counts.values())
        times = 1.0 + unread / read if read else 1.0
        for key in counts:
            if key not in self._rates and self._has_room():
                self._add(key)
        found: list[Deviation | None] = []
        for key, rate in self._rates.items():
            count = read if key == ALL else counts.get(key, 0)
            if key == ALL:
                found.append(rate.add(round(read + unread), at=begun))
            elif not unread or count >= _ENOUGH:
                found.append(rate.add(round(count * times), at=begun))
        found += self._silent(counts, begun=begun, unread=unread)
        told = [each for each in found if each and not self._is_welcome(each)]
        return _without_sum(told, total=read)

    def welcome_less(self, key: str) -> None:
        """Take note that lines of that template are errors: it is no news that none comes."""
        if len(self._bad) > _MOST_BAD:
            self._bad.clear()
        self._bad.add(key)

    def skip(self, buckets: int) -> None:
        """Take in so many buckets in which nothing came."""
        for rate in self._rates.values():
            rate.skip(buckets)

    def rest(self) -> None:
        """Take note that nobody listened."""
        for silence in self._silences.values():
            silence.rest()

    def drop(self, keys: Iterable[str]) -> None:
        """Forget templates, by their ids: there are none such any more."""
        for key in keys:
            self._rates.pop(key, None)
            self._silences.pop(key, None)
            self._bad.discard(key)

    def is_over(self, what: What, key: str) -> bool:
        """Whether a burst, drop or silence that was told of *key* is over."""
        if what is What.SILENCE:
            silence = self._silences.get(key)
            return silence is None or not silence.is_told
        rate = self._rates.get(key)
        return rate is None or rate.is_calm

    def state(self) -> dict[str, object]:
        """Give what has been learnt, as a value that JSON holds."""
        return {
            "version": 1,
            "rates": {key: each.state() for key, each in self._rates.items()},
            "silences": {key: each.state() for key, each in self._silences.items()},
        }

    def restore(self, state: Mapping[str, object]) -> None:
        """Take over what `state` gave, in place of what is known; raise ValueError for other."""
        match state:
            case {"version": 1, "rates": dict(rates), "silences": dict(silences)}:
                self.drop(list(self._rates))
                for key in dict.fromkeys((ALL, *rates)):
                    self._add(key)
                for key in rates:
                    self._rates[key].restore(rates[key])
                    self._silences[key].restore(silences[key])
            case _:
                raise ValueError(f"no state of rates: {state.get('version')!r}")

    def _add(self, key: str) -> None:
        self._rates[key] = Rate(key, self._policy.rate)
        self._silences[key] = Silence(key, self._policy.silence)

    def _has_room(self) -> bool:
        """Whether one more rate can be known; one that sleeps makes room."""
        if len(self._rates) > self._policy.most:
            asleep = (key for key, each in self._rates.items() if key != ALL and each.is_asleep)
            self.drop([next(asleep, "")])
        return len(self._rates) <= self._policy.most

    def _is_welcome(self, found: Deviation) -> bool:
        return found.what is What.DROP and found.subject in self._bad

    def _silent(
        self, counts: Mapping[str, int], *, begun: float, unread: float
    ) -> list[Deviation | None]:
        """Say what has been silent too long; when all is silent, each one is no news."""
        found = []
        is_any = bool(counts) or unread > 0
        for key, silence in self._silences.items():
            if key == ALL:
                if is_any:
                    silence.hear(begun)
                found.append(silence.judge(begun + BUCKET))
            elif unread:
                silence.rest()  # it may have been among them
            elif key in counts:
                silence.hear(begun)
            elif is_any and key not in self._bad:
                found.append(silence.judge(begun + BUCKET))
        return found


def _without_sum(found: list[Deviation], *, total: int) -> list[Deviation]:
    """Tell of a burst by the templates that have it, and once if all there was has dropped."""
    burst = {each.subject for each in found if each.what is What.BURST}
    dropped = {each.subject for each in found if each.what is What.DROP}
    left_out = {(What.BURST, ALL)} if burst > {ALL} else set()
    if ALL in dropped or not total:
        left_out |= {(What.DROP, each) for each in dropped - {ALL}}
    return [each for each in found if (each.what, each.subject) not in left_out]
