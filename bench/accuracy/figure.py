"""One figure of accuracy, beside what is asked of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_ROW = "| {0} | {1} | {2} | {3} |"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What was reached in one respect; *asked* is a limit (None: nothing is asked).

    With *least* more is better.
    """

    subject: str
    what: str
    reached: float
    asked: float | None = None
    least: bool = True

    @property
    def is_met(self) -> bool:
        """Whether what was asked is reached."""
        if self.asked is None:
            return True
        return self.reached >= self.asked if self.least else self.reached <= self.asked


def table(figures: Iterable[Figure]) -> str:
    """Give the figures as a table in Markdown."""
    lines = [_ROW.format("what", "asked", "reached", ""), "|---|---:|---:|---|"]
    for each in figures:
        sign = "≥" if each.least else "≤"
        asked = "" if each.asked is None else f"{sign} {_short(each.asked)}"
        verdict = "" if each.asked is None else "met" if each.is_met else "**missed**"
        name = f"{each.subject}: {each.what}"
        lines.append(_ROW.format(name, asked, _short(each.reached), verdict))
    return "\n".join(lines)


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"
