"""How long to wait before the next try."""

from __future__ import annotations

import math


def wait(
    tries: int, *, first: float, factor: float, most: float, jitter: float, chance: float
) -> float:
    """Give seconds to wait after *tries* failures in a row (from 1).

    The first wait is *first*, each further one *factor* times as long, none longer than *most*;
    then *chance* (0 to 1) moves it by up to the share *jitter* either way.
    """
    if first <= 0:
        return 0.0
    steps = max(tries, 1) - 1
    most_steps = math.log(max(most / first, 1.0)) / math.log(factor) if factor > 1 else math.inf
    plain = most if steps >= most_steps else min(first * factor**steps, most)
    return plain * (1 + jitter * (2 * chance - 1))
