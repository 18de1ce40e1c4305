"""Tells when more of what happens fails than usual, however much or little happens."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from svcctl.detect.baseline import Baseline, Spread
from svcctl.detect.finding import Deviation, What
from svcctl.detect.rates import BUCKET, RatePolicy

_SPANS = (6, 30)


class ErrorRatio:
    """Judges how many of all lines, or requests, are errors, bucket after bucket.

    The errors of one and of five minutes are compared with the share of them that was usual in
    the last hours, given how much happened; the rest is as in `Rate`.
    """

    def __init__(self, subject: str, policy: RatePolicy | None = None) -> None:
        self._subject = subject
        self._policy = policy or RatePolicy()
        self._last: deque[tuple[int, int]] = deque(maxlen=_SPANS[-1])
        self._errors = Baseline(self._policy.spread)
        self._totals = Baseline(self._policy.spread)
        self._spreads = {span: Spread(self._policy.spread) for span in _SPANS}
        self._calm = _SPANS[0]

    def add(self, errors: int, total: int, *, at: float) -> Deviation | None:
        """Take the errors among all of the bucket that began *at*; say what began with it."""
        self._last.append((errors, total))
        recent = list(self._last)
        found: Deviation | None = None
        for span in _SPANS:
            if len(recent) < span:
                break
            among = sum(each for _, each in recent[-span:])
            failed = sum(each for each, _ in recent[-span:])
            mean = among * self._usual()
            unusual = self._is_unusual(failed, mean, self._spreads[span])
            if unusual and found is None:
                found = self._deviation(failed, among, span, at=at)
            self._spreads[span].add(failed, mean, unusual=unusual)
        usual = self._policy.times * total * self._usual() + 1
        self._errors.add(min(errors, usual) if found else errors)
        self._totals.add(total)
        was_calm, self._calm = self._calm >= _SPANS[0], 0 if found else self._calm + 1
        return found if was_calm else None

    @property
    def is_calm(self) -> bool:
        """Whether the share has been usual for a minute."""
        return self._calm >= _SPANS[0]

    def state(self) -> dict[str, object]:
        """Give what has been learnt, as a value that JSON holds."""
        return {
            "version": 1,
            "errors": self._errors.state(),
            "totals": self._totals.state(),
            "spreads": [self._spreads[span].state() for span in _SPANS],
        }

    def restore(self, state: Mapping[str, object]) -> None:
        """Take over what `state` gave, in place of what is known; raise ValueError for other."""
        match state:
            case {
                "version": 1,
                "errors": list(errors),
                "totals": list(totals),
                "spreads": list(spreads),
            }:
                self._errors.restore(errors)
                self._totals.restore(totals)
                for span, each in zip(_SPANS, spreads, strict=True):
                    self._spreads[span].restore(each)
                self._last.clear()
            case _:
                raise ValueError(f"no state of a ratio: {state.get('version')!r}")

    def _usual(self) -> float:
        """Give the usual share; of what has never failed, that the next may be the first to."""
        total = self._totals.mean * min(self._totals.seen, self._policy.spread)
        errors = self._errors.mean * min(self._errors.seen, self._policy.spread)
        return (errors + 0.5) / (total + 1.0)

    def _is_unusual(self, failed: int, mean: float, spread: Spread) -> bool:
        policy = self._policy
        if spread.seen < policy.memory or failed < max(policy.least, policy.times * mean):
            return False
        return spread.rarity(failed, mean) > policy.rarity

    def _deviation(self, failed: int, among: int, span: int, *, at: float) -> Deviation:
        seconds, mean = span * BUCKET, among * self._usual()
        rare = self._spreads[span].rarity(failed, mean)
        return Deviation(
            what=What.ERROR_RATIO,
            subject=self._subject,
            observed=f"{failed} of {among} failed in {seconds:.0f} s ({failed / among:.1%})",
            expected=f"{self._usual():.2%} as in the last hours",
            since=at + BUCKET - seconds,
            score=1.0 - self._policy.rarity / (2 * rare),
        )
