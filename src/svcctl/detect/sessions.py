"""Learns what the events of normal sessions look like together, and says where one differs.

A session is what happened under one id: a request, a block, a job.  Its outline is the set of its
events, each with how often it came; of an event that comes in many different numbers only that it
came.  A session is unusual if no learnt one had its outline.  Where normal sessions keep bringing
outlines of their own, that says nothing, and only events are told that never came, never were
missing or never came so often.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from hashlib import blake2s

from svcctl.detect.finding import Deviation, What

_ANY = 0
_SHOWN = 5  # events that differ which are told
_OWN = 0.02  # the share of sessions with an outline of their own from which outlines say nothing

Outline = frozenset[tuple[str, int]]


class Sessions:
    """Judges sessions by the outlines of those it has learnt; at most *most* are kept.

    An event that came in more than *counts* different numbers is known to come in any number.
    """

    def __init__(self, *, counts: int = 2, most: int = 10_000) -> None:
        self._counts, self._most = counts, most
        self._numbers: dict[str, frozenset[int]] = {}  # of each event; empty: any
        self._known: dict[Outline, int] = {}
        self._most_seen: dict[str, int] = {}
        self._came_in: dict[str, int] = {}
        self._learnt = 0
        self._explained: dict[Outline, Deviation | None] = {}  # an unusual kind rarely comes alone

    def learn(self, sessions: Iterable[Iterable[str]]) -> None:
        """Take each session, the events of one id in any order, for a normal one."""
        self._explained.clear()
        for events in sessions:
            numbers = Counter(events)
            freed = [each for each, n in numbers.items() if self._is_freed(each, n)]
            if freed:
                self._free(freed)
            self._learnt += 1
            for event, number in numbers.items():
                self._came_in[event] = self._came_in.get(event, 0) + 1
                self._most_seen[event] = max(self._most_seen.get(event, 0), number)
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
        found = self._explained[seen]
        return found and replace(found, subject=session, since=at)

    def merge(self, events: Collection[str], *, into: str) -> None:
        """Take what was learnt of *events* for something learnt of *into*: they are the same."""
        self._explained.clear()
        gone = [each for each in events if each in self._numbers]
        if not gone:
            return
        self._numbers[into] = frozenset()
        came = [self._came_in.pop(each) for each in gone]
        most = [self._most_seen.pop(each) for each in gone]
        self._came_in[into] = max(self._came_in.get(into, 0), *came)
        self._most_seen[into] = self._most_seen.get(into, 0) + sum(most)
        for each in gone:
            del self._numbers[each]
        self._known = _summed(
            (
                frozenset((into, _ANY) if each in (into, *gone) else (each, n) for each, n in of),
                times,
            )
            for of, times in self._known.items()
        )

    def state(self) -> dict[str, object]:
        """Give what has been learnt, as a value that JSON holds."""
        return {
            "version": 1,
            "numbers": {event: sorted(seen) for event, seen in self._numbers.items()},
            "outlines": [[sorted(each), times] for each, times in self._known.items()],
            "events": [
                [event, came, self._most_seen[event]] for event, came in self._came_in.items()
            ],
            "learnt": self._learnt,
        }

    def restore(self, state: Mapping[str, object]) -> None:
        """Take over what `state` gave, in place of what is known; raise ValueError for other."""
        match state:
            case {
                "version": 1,
                "numbers": dict(numbers),
                "outlines": list(outlines),
                "events": list(events),
                "learnt": int(learnt),
            }:
                self._explained.clear()
                self._learnt = learnt
                self._came_in = {event: came for event, came, _ in events}
                self._most_seen = {event: most for event, _, most in events}
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
        self._known = _summed(
            (frozenset((each, _ANY if each in events else n) for each, n in outline), times)
            for outline, times in self._known.items()
        )

    def _outline(self, numbers: Mapping[str, int]) -> Outline:
        seen = self._numbers
        return frozenset(
            [(each, n if seen.get(each, True) else _ANY) for each, n in numbers.items()]
        )

    def _explain(self, numbers: Mapping[str, int], outline: Outline) -> Deviation | None:
        """Give what is unusual about a session whose outline is not known; None for nothing."""
        own = sum(times == 1 for times in self._known.values())
        if own > _OWN * self._learnt:
            differing = self._beyond(numbers)
            among = f"in {self._learnt} sessions"
        else:
            nearest = min(self._known, key=lambda each: (len(each ^ outline), -self._known[each]))
            differing = _difference(numbers, nearest)
            among = f"as in the nearest of {len(self._known)} known kinds"
        if not differing:
            return None
        is_new = any(each not in self._numbers for each in numbers)
        return Deviation(
            what=What.SESSION,
            subject="",
            observed=_listed([observed for observed, _ in differing]),
            expected=f"{_listed([expected for _, expected in differing])} {among}",
            since=0.0,
            score=1.0 if is_new else 1.0 - 0.5 ** len(differing),
            pattern=_identify(outline),
        )

    def _beyond(self, numbers: Mapping[str, int]) -> list[tuple[str, str]]:
        """Give what no session had, event by event: what was seen, and what was expected."""
        found = []
        for event, number in sorted(numbers.items()):
            most = self._most_seen.get(event, 0)
            if number > most:
                expected = f"{most} x '{event}' at the most" if most else f"no '{event}'"
                found.append((f"{number} x '{event}'", expected))
        for event, came in sorted(self._came_in.items()):
            if came == self._learnt and event not in numbers:
                found.append((f"no '{event}'", f"some '{event}'"))
        return found


def _identify(outline: Outline) -> str:
    """Give a short text that is the same for the same outline."""
    said = " ".join(f"{event}:{number}" for event, number in sorted(outline))
    return blake2s(said.encode(errors="replace"), digest_size=6).hexdigest()


def _listed(parts: list[str]) -> str:
    more = f", and {len(parts) - _SHOWN} more" if len(parts) > _SHOWN else ""
    return ", ".join(parts[:_SHOWN]) + more


def _summed(outlines: Iterable[tuple[Outline, int]]) -> dict[Outline, int]:
    known: dict[Outline, int] = {}
    for outline, times in outlines:
        known[outline] = known.get(outline, 0) + times
    return known


def _difference(numbers: Mapping[str, int], nearest: Outline) -> list[tuple[str, str]]:
    """Give what differs from a known outline: what was seen, and what it has instead."""
    usual = dict(nearest)
    found = []
    for event in sorted(numbers.keys() | usual.keys()):
        came, known = numbers.get(event, 0), usual.get(event)
        if came and known in (came, _ANY):
            continue
        observed = f"{came} x '{event}'" if came else f"no '{event}'"
        if known is None:
            found.append((observed, f"no '{event}'"))
        else:
            found.append((observed, f"{known} x '{event}'" if known else f"some '{event}'"))
    return found
