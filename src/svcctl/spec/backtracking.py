"""Says in how long a line backtracking is harmless, from what a pattern is made of.

A repetition can be given back step by step, and whatever comes after it is tried again each time,
unless that must begin with a character which the repetition does not take.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from svcctl.spec.characters import Signs, first, first_of, signs
from svcctl.spec.regular import Chain, Chars, Choice, Edge, Group, Node, Place, Repeat

_ENDLESS = 1 << 40
_LONGEST = 24  # as a power of two
_NOTHING: Signs = frozenset()


def reach(node: Node, *, steps: int) -> int:
    """Give a length, in characters, of which backtracking decides any line within *steps*.

    It is the greatest power of two that is one, or 0.
    """
    return (
        1 << bisect_right(range(_LONGEST), steps, key=lambda each: _steps(node, 1 << each))
    ) >> 1


def _steps(node: Node, length: int) -> int:
    cost = _Cost(length)
    ways = cost.ways(node, _NOTHING)
    return min(_starts(node, length) * ways * (length if cost.runs else 1), _ENDLESS)


def _starts(node: Node, length: int) -> int:
    """Give how often the search begins anew, where what it has tried before is tried again."""
    links = node.links if isinstance(node, Chain) else (node,)
    if not links or (isinstance(links[0], Edge) and links[0].place is Place.START):
        return 1
    if isinstance(links[0], Chars):
        begin = signs(links[0])
        if not any(begin & signs(each) for each in _repeated(node)):
            return 1  # no repetition goes on over the next beginning
    return length + 1


def _repeated(node: Node, *, inside: bool = False) -> Iterator[Chars]:
    """Give the characters that stand in repetitions."""
    match node:
        case Chars() if inside:
            yield node
        case Chain(parts) | Choice(parts):
            for each in parts:
                yield from _repeated(each, inside=inside)
        case Group(_, inner):
            yield from _repeated(inner, inside=inside)
        case Repeat(inner):
            yield from _repeated(inner, inside=True)


@dataclass(slots=True)
class _Cost:
    """Counts in a line of that *length*; *runs*: it is gone through for each way as well."""

    length: int
    runs: bool = False

    def ways(self, node: Node, follow: Signs) -> int:
        """Give how many ways through *node* may be tried when *follow* has to come after it."""
        match node:
            case Chain(links):
                return self._chain(links, follow)
            case Choice(options):
                return self._choice(options, follow)
            case Group(_, inner):
                return self.ways(inner, follow)
            case Repeat():
                return self._repeat(node, follow)
        return 1

    def _chain(self, links: tuple[Node, ...], follow: Signs) -> int:
        ways = 1
        for at, link in enumerate(links):
            after, empty = first_of(links[at + 1 :])
            ways = min(ways * self.ways(link, after | follow if empty else after), _ENDLESS)
        return ways

    def _choice(self, options: tuple[Node, ...], follow: Signs) -> int:
        ways = [self.ways(each, follow) for each in options]
        begins = [first(each) for each in options]
        together = frozenset().union(*(each for each, _ in begins))
        apart = sum(len(each) for each, _ in begins) == len(together)
        if apart and not any(empty for _, empty in begins):
            return max(ways)
        return min(sum(ways), _ENDLESS)

    def _repeat(self, repeat: Repeat, follow: Signs) -> int:
        begins, empty = first(repeat.node)
        turns = self.length if repeat.most is None else min(repeat.most, self.length)
        within = self.ways(repeat.node, begins | follow)
        if within > 1 or empty:
            power: int = max(within, 2) ** min(turns, 64)
            return min(power, _ENDLESS)
        if begins & follow:
            return max(turns - repeat.least + 1, 1)
        self.runs = self.runs or repeat.most is None
        return 1
