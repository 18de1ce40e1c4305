"""Finds in blocks of lines those that have one of many patterns, and which."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from svcctl.detect.rules.lanes import Lane, lane
from svcctl.detect.rules.pattern import Pattern, decoded


@dataclass(frozen=True, slots=True)
class Hit:
    """A line (from *start* to *end* in the block, without its end) and the patterns in it."""

    start: int
    end: int
    numbers: tuple[int, ...]


class Scanner:
    """Looks for *patterns* in blocks of whole lines; a hit is confirmed on its own line.

    A carriage return before the end of a line is no part of it.  *with_lane* names one of
    :data:`svcctl.detect.rules.lanes.LANES`; by default it is the quickest that is installed.
    """

    def __init__(self, patterns: Sequence[Pattern], *, with_lane: str = "") -> None:
        self._patterns = tuple(patterns)
        self.lane: Lane = lane([each.regular.node for each in patterns], name=with_lane)

    def hits(self, block: bytes) -> list[Hit]:
        """Give the lines of *block* that have a pattern, in their order."""
        suspects = _by_line(block, self.lane.spots(block))
        if self.lane.every_line:
            suspects = _with_every(block, suspects, self.lane.every_line)
        found: list[Hit] = []
        for start, end, numbers in suspects:
            text = decoded(block[start:end])
            held = tuple(each for each in sorted(numbers) if self._patterns[each].matches(text))
            if held:
                found.append(Hit(start, end, held))
        return found


_Suspect = tuple[int, int, set[int]]


def _by_line(block: bytes, spots: Iterable[tuple[int, int]]) -> list[_Suspect]:
    found: list[_Suspect] = []
    begin = after = -1
    numbers: set[int] = set()
    for at, number in sorted(spots):
        if at < after:
            numbers.add(number)
            continue
        begin = block.rfind(b"\n", 0, at) + 1
        end = block.find(b"\n", at)
        after, numbers = (len(block) if end < 0 else end) + 1, {number}
        found.append((begin, _without_return(block, begin, after - 1), numbers))
    return found


def _with_every(block: bytes, suspects: list[_Suspect], every: tuple[int, ...]) -> list[_Suspect]:
    known = {begin: numbers for begin, _, numbers in suspects}
    found: list[_Suspect] = []
    begin, size = 0, len(block)
    while begin < size:
        end = block.find(b"\n", begin)
        end = size if end < 0 else end
        numbers = known.get(begin, set()).union(every)
        found.append((begin, _without_return(block, begin, end), numbers))
        begin = end + 1
    return found


def _without_return(block: bytes, begin: int, end: int) -> int:
    return end - 1 if end > begin and block[end - 1] == 13 else end
