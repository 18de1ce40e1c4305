"""All rules of one service over what it logs: searched for in one pass, then judged one by one."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence

from svcctl.detect.rules.pattern import Pattern, decoded
from svcctl.detect.rules.scanner import Scanner
from svcctl.detect.rules.watch import Outcome, Watch
from svcctl.record import Record
from svcctl.spec.log_rule import LogRule

_LATE = 300.0
"""Seconds by which a record may be older than the one before; more, and time itself went back."""

Gather = Callable[[bytes, Iterable[int]], Iterable[tuple[int, int]]]
"""Gives where each record begins and ends that has one of the lines which begin there."""

Read = Callable[[list[bytes]], Record]
"""Makes a record of its lines, without their ends."""


class Book:
    """The rules of a service; not to be shared by threads.

    Time is that of the records.  A record that is a little older than the one before counts as if
    it were not; where time goes back by minutes, the rules begin anew.
    """

    def __init__(self, rules: Sequence[LogRule], *, service: str, lane: str = "") -> None:
        """Take up *rules*; raises SpecError for a pattern that rules cannot use.

        *lane* is for :class:`svcctl.detect.rules.scanner.Scanner`.
        """
        self._patterns: list[Pattern] = []
        self._watches: list[Watch] = []
        self._matches: list[int] = []
        self._unless: list[int] = []
        for rule in rules:
            self._matches.append(self._number(rule.match))
            self._unless.append(self._number(rule.unless))
            capture = _capture(self._patterns, self._matches[-1], rule.value)
            self._watches.append(Watch(rule, service=service, capture=capture))
        self._scanner = Scanner(self._patterns, with_lane=lane)
        self._always = [at for at, each in enumerate(self._watches) if each.hears_all]
        self._by_pattern = {
            number: at for at, number in enumerate(self._matches) if at not in self._always
        }
        self._latest = -math.inf
        self._due = -math.inf

    @property
    def lane(self) -> str:
        """The name of what searches for the patterns."""
        return self._scanner.lane.name

    @property
    def due(self) -> float:
        """When time alone may decide something; infinite where it cannot."""
        return self._due

    def feed(self, records: Iterable[Record]) -> list[Outcome]:
        """Judge records; one that has several lines matches if one of its lines does."""
        batch = list(records)
        found = self._found([each.raw for each in batch])
        outcomes: list[Outcome] = []
        nothing: set[int] = set()
        for number, record in enumerate(batch):
            outcomes += self._judge(record, found.get(number, nothing))
        return outcomes

    def sift(self, block: bytes, *, gather: Gather, read: Read) -> list[Outcome]:
        """Judge a block of whole lines; only the records that rules ask for are made.

        The time of what they do not ask for is told with :meth:`pass_time`.
        """
        found = {hit.start: hit.numbers for hit in self._scanner.hits(block)}
        wanted = _starts(block) if self._always else list(found)
        outcomes: list[Outcome] = []
        for begin, end in gather(block, wanted):
            lines = block[begin:end].split(b"\n")
            patterns = set(found.get(begin, ()))
            at = begin
            for line in lines[:-1]:
                at += len(line) + 1
                patterns.update(found.get(at, ()))
            outcomes += self._judge(read([each.removesuffix(b"\r") for each in lines]), patterns)
        return outcomes

    def pass_time(self, at: float) -> list[Outcome]:
        """Say that it is *at* (seconds since 1970) and that nothing older is still to come."""
        return self._pass_to(at)

    def resume(self, at: float) -> list[Outcome]:
        """Say that the service began to run at that time: nothing is missing from before."""
        for watch in self._watches:
            watch.resume()
        self._due = -math.inf
        return self._pass_to(at)

    def _found(self, raws: Sequence[bytes]) -> dict[int, set[int]]:
        """Give the patterns in each record that has one, by the record's number."""
        starts, at = [], 0
        for raw in raws:
            starts.append(at)
            at += len(raw) + 1
        found: dict[int, set[int]] = {}
        for hit in self._scanner.hits(b"\n".join(raws)):
            found.setdefault(bisect_right(starts, hit.start) - 1, set()).update(hit.numbers)
        return found

    def _judge(self, record: Record, found: set[int]) -> list[Outcome]:
        outcomes = self._pass_to(record.at)
        at = self._latest
        heard = [self._by_pattern[each] for each in found if each in self._by_pattern]
        for each in sorted([*heard, *self._always]):
            watch = self._watches[each]
            outcomes += watch.take(
                record,
                at,
                matched=self._matches[each] in found,
                excluded=self._unless[each] in found,
            )
            due = watch.due(at)
            self._due = self._due if due is None else min(self._due, due)
        return outcomes

    def _pass_to(self, at: float) -> list[Outcome]:
        if at < self._latest - _LATE:
            for watch in self._watches:
                watch.forget()
            self._latest, self._due = at, -math.inf
        self._latest = max(at, self._latest)
        if self._latest < self._due:
            return []
        outcomes = [each for watch in self._watches for each in watch.look(self._latest)]
        dues = [watch.due(self._latest) for watch in self._watches]
        self._due = min((each for each in dues if each is not None), default=math.inf)
        return outcomes

    def _number(self, pattern: str | None) -> int:
        """Give the number of a pattern, -1 where there is none."""
        if pattern is None:
            return -1
        self._patterns.append(Pattern(pattern))
        return len(self._patterns) - 1


def _starts(block: bytes) -> Iterator[int]:
    """Give where each line begins."""
    start = 0
    while 0 <= start < len(block):
        yield start
        start = block.find(b"\n", start) + 1 or len(block)


def _capture(patterns: Sequence[Pattern], number: int, name: str) -> Callable[[Record], str | None]:
    """Give what reads the group called *name* of a record; None where there is no such group."""
    pattern = patterns[number] if number >= 0 else None
    if pattern is None or name not in pattern.regular.groups:
        return lambda _record: None

    def capture(record: Record) -> str | None:
        for line in record.raw.split(b"\n"):
            text = decoded(line.removesuffix(b"\r"))
            if (found := pattern.group(text, name)) is not None:
                return found
        return None

    return capture
