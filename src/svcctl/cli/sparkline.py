"""Draws numbers over time in one line of text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

BARS = "▁▂▃▄▅▆▇█"
PLAIN = "_.-~=+*#"
"""For terminals that cannot show bars."""


def spread(
    points: Iterable[tuple[float, float]], *, since: float, until: float, columns: int
) -> list[float | None]:
    """Give the most that was seen in each of *columns* equal parts of the time; None: nothing.

    *points* are pairs of a time and a number.
    """
    found: list[float | None] = [None] * columns
    length = max(until - since, 1e-9) / columns
    for at, value in points:
        if at >= since:
            column = min(int((at - since) / length), columns - 1)
            before = found[column]
            found[column] = value if before is None else max(before, value)
    return found


def sparkline(values: Sequence[float | None], *, bars: str = BARS) -> str:
    """Give a bar for each value, from 0 to the greatest of them; a blank where there is none."""
    most = max((each for each in values if each is not None), default=0.0)
    if most <= 0:
        return "".join(" " if each is None else bars[0] for each in values)
    top = len(bars) - 1
    return "".join(" " if each is None else bars[round(each / most * top)] for each in values)
