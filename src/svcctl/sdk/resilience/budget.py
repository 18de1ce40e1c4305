"""How many retries all calls together may make, so that retries do not bring down what is weak."""

from __future__ import annotations

from dataclasses import dataclass, replace

from svcctl.errors import UsageError
from svcctl.ports import Clock
from svcctl.system.clock import SystemClock

_ROUNDING = 1e-6  # of a token: ten tenths are one
_MEMORY = 10.0  # seconds of calls that a budget can save up at most, as Finagle's


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What is left of a budget at a point in time (monotonic seconds)."""

    left: float
    at: float


def refilled(tokens: Tokens, *, per_second: float, most: float, now: float) -> Tokens:
    """Add what time brought, up to *most*; a clock that stood still brings nothing."""
    gained = max(0.0, now - tokens.at) * per_second
    return Tokens(left=min(most, tokens.left + gained), at=now)


class RetryBudget:
    """Allows retries of at most *share* of the calls, and *per_second* of them where calls are few.

    A token bucket: each call adds *share* of a token, each retry takes one, and ten seconds' worth
    can be saved up, as Finagle's RetryBudget.  One budget is shared by all calls of one
    dependency.  Raises UsageError where *share* is not from 0 to 1.
    """

    def __init__(
        self, share: float = 0.2, *, per_second: float = 1.0, clock: Clock | None = None
    ) -> None:
        if not 0 <= share <= 1 or per_second < 0:
            raise UsageError(
                f"a retry budget of {share:g} of the calls, {per_second:g} a second, cannot be",
                hint="share is from 0 to 1, per_second is not negative",
            )
        self._share, self._per_second = share, per_second
        self._clock = clock or SystemClock()
        self._most = max(1.0, per_second * _MEMORY, share * 100)
        first = per_second * _MEMORY
        self._tokens = Tokens(left=first, at=self._clock.monotonic())

    def called(self) -> None:
        """Count a call, which is no retry."""
        now = self._now()
        self._tokens = replace(now, left=min(self._most, now.left + self._share))

    def take(self) -> bool:
        """Take the token of a retry; False, and nothing taken, where none is left."""
        now = self._now()
        enough = now.left >= 1.0 - _ROUNDING
        self._tokens = replace(now, left=now.left - 1.0) if enough else now
        return enough

    def give_back(self) -> None:
        """Put back a token that was taken for a retry that was not made."""
        now = self._now()
        self._tokens = replace(now, left=min(self._most, now.left + 1.0))

    def _now(self) -> Tokens:
        return refilled(
            self._tokens,
            per_second=self._per_second,
            most=self._most,
            now=self._clock.monotonic(),
        )
