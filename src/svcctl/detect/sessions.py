"""Learns what the events of normal sessions look like together, and says where one differs.

A session is what happened under one id: a request, a block, a job.  Its outline is the set of its
events, each with how often it came; of an event that comes in many different numbers only that it
came.  A session is unusual if no learnt one had its outline.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from svcctl.detect.finding import Deviation, What

_ANY = 0

Outline = frozenset[tuple[str, int]]


class Sessions:
    """Judges sessions by the outlines of those it has learnt; at most *most* are kept.

    An event that came in more than *counts* different numbers is known to come in any number.
    """

    def __init__(self, *, counts: int = 2, most: int = 10_000) -> None:
        self._counts, self._most = counts, most
        self._numbers: dict[str, frozenset[int]] = {}  # of each event; empty: any
        self._known: dict[Outline, int] = {}
        self._explained: dict[Outline, Deviation] = {}  # an unusual kind rarely comes alone

    def learn(self, sessions: Iterable[Iterable[str]]) -> None:
        """Take each session, the events of one id in any order, for a normal one."""
        self._explained.clear()
        for events in sessions:
            numbers = Counter(events)
            freed = [each for each, n in numbers.items() if self._is_freed(each, n)]
            if freed:
                self._free(freed)
            outline = self._outline(numbers)
            self._known[outline] = self._known.pop(outline, 0) + 1
            if len(self._known) > self._most:
                del self._known[next(iter(self._known))]

    def judge(self, session: str, events: Iterable[str], *, at: float) -> Deviation | None:
        """Say how the session of that id differs from all learnt ones; None if it does not.

        Nothing is learnt from it, and nothing is unusual before anything was learnt.
        """
        numbers = Counter(events)
        outline = self._outline(numbers)
        if outline in self._known or not self._known:
            return None
        seen = frozenset(numbers.items())
        if seen not in self._explained:
            if len(self._explained) >= self._most:
                self._explained.clear()
            self._explained[seen] = self._explain(numbers, outline)
        return replace(self._explained[seen], subject=session, since=at)

    def state(self) -> dict[str, object]:
        """Give what has been learnt, as a value that JSON holds."""
        return {
            "version": 1,
            "numbers": {event: sorted(seen) for event, seen in self._numbers.items()},
            "outlines": [[sorted(each), times] for each, times in self._known.items()],
        }

    def restore(self, state: Mapping[str, object]) -> None:
        """Take over what `state` gave, in place of what is known; raise ValueError for other."""
        match state:
            case {"version": 1, "numbers": dict(numbers), "outlines": list(outlines)}:
                self._explained.clear()
                self._numbers = {event: frozenset(seen) for event, seen in numbers.items()}
                self._known = {
                    frozenset((event, number) for event, number in each): times
                    for each, times in outlines
                }
            case _:
                raise ValueError(f"no state of sessions: {state.get('version')!r}")

    def _is_freed(self, event: str, number: int) -> bool:
        seen = self._numbers.get(event)
        if seen is not None and (not seen or number in seen):
            return False
        wider = (seen or frozenset()) | {number}
        self._numbers[event] = wider if len(wider) <= self._counts else frozenset()
        return not self._numbers[event]

    def _free(self, events: list[str]) -> None:
        """Make one of the outlines that differ in the numbers of these events alone."""
        known: dict[Outline, int] = {}
        for outline, times in self._known.items():
            freed = frozenset((each, _ANY if each in events else n) for each, n in outline)
            known[freed] = known.get(freed, 0) + times
        self._known = known

    def _outline(self, numbers: Mapping[str, int]) -> Outline:
        seen = self._numbers
        return frozenset(
            [(each, n if seen.get(each, True) else _ANY) for each, n in numbers.items()]
        )

    def _explain(self, numbers: Mapping[str, int], outline: Outline) -> Deviation:
        nearest = min(self._known, key=lambda each: (len(each ^ outline), -self._known[each]))
        observed, expected = _difference(numbers, nearest)
        return Deviation(
            what=What.SESSION,
            subject="",
            observed=observed,
            expected=f"{expected} as in the nearest of {len(self._known)} known kinds",
            since=0.0,
            score=self._score(numbers, outline, nearest),
            pattern=" ".join(f"{event}:{number or '*'}" for event, number in sorted(outline)),
        )

    def _score(self, numbers: Mapping[str, int], outline: Outline, nearest: Outline) -> float:
        if any(each not in self._numbers for each in numbers):
            return 1.0
        differing = len({event for event, _ in outline ^ nearest})
        return 1.0 - 0.5**differing


def _difference(numbers: Mapping[str, int], nearest: Outline) -> tuple[str, str]:
    """Say in words what was observed, and what the nearest known outline has instead."""
    usual = dict(nearest)
    observed, expected = [], []
    for event in sorted(numbers.keys() | usual.keys()):
        came, known = numbers.get(event, 0), usual.get(event)
        if came and known in (came, _ANY):
            continue
        observed.append(f"{came} x '{event}'" if came else f"no '{event}'")
        if known is None:
            expected.append(f"no '{event}'")
        else:
            expected.append(f"{known} x '{event}'" if known else f"some '{event}'")
    return ", ".join(observed), ", ".join(expected)
