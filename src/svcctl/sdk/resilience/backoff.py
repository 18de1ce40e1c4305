"""How long to wait before the next try, so that many who wait do not come at once."""

from __future__ import annotations

_DOUBLINGS = 64  # more make no difference to any wait that has a limit


def full_jitter(tries: int, *, first: float, most: float, chance: float) -> float:
    """Give the seconds to wait after *tries* failures in a row (from 1).

    Anything from 0 to *first*, doubled with each further failure up to *most*; *chance* (0 to 1)
    says where between.  Of the ways to jitter, the one with the fewest calls in all:
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    doublings = min(max(tries, 1) - 1, _DOUBLINGS)
    return float(min(first * 2.0**doublings, most) * chance)
