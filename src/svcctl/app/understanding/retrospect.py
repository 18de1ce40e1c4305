"""Understands a log that is there already, on its own time: what would have been found, when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from svcctl.app.replaying import Extent, Replay
from svcctl.app.understanding.listener import said_of
from svcctl.app.understanding.memory import policy_of
from svcctl.detect.finding import Finding
from svcctl.detect.log_watch import Known, LogWatch
from svcctl.detect.rates import BUCKET
from svcctl.record import Record
from svcctl.spec.detect_policy import DetectPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A finding that begins *at* some time, in seconds since 1970, or (*over*) that ends then."""

    at: float
    finding: Finding
    over: bool


class Retrospect:
    """Feeds one log, in the order in which it was written, to what watches a service."""

    def __init__(self, service: str, policy: DetectPolicy, *, form: str, now: float) -> None:
        """Begin at *now* (seconds since 1970); raises UsageError for an unknown *form*."""
        self._replay = Replay(form=form, now=now)
        self._watch = LogWatch(service, policy_of(policy))
        self._at = 0.0

    @property
    def extent(self) -> Extent:
        """What was replayed so far."""
        return self._replay.extent

    @property
    def known(self) -> Known:
        """What was learnt so far."""
        return self._watch.known(self._at)

    def feed(self, content: bytes) -> Iterator[Seen]:
        """Take the next part of the log, wherever it is cut; give what would have been told."""
        return self._judge(self._replay.feed(content))

    def end(self) -> Iterator[Seen]:
        """Take what is left for whole, and the last seconds for over."""
        yield from self._judge(self._replay.end())
        if self.extent.records:
            self._at += BUCKET
            yield from self._told(self._watch.miss(0.0, at=self._at))

    def _judge(self, records: list[Record]) -> Iterator[Seen]:
        for _, together in groupby(records, key=lambda each: each.at // BUCKET):
            batch = list(together)
            self._at = max(self._at, batch[0].at)
            yield from self._wait()
            lines, said = said_of(batch)
            yield from self._told(self._watch.read(lines, at=self._at, said=said))

    def _wait(self) -> Iterator[Seen]:
        """Ask whenever time alone would have decided, as the agent does."""
        until = self._at
        while (due := self._watch.due) < until:
            self._at = due
            yield from self._told(self._watch.miss(0.0, at=due))
        self._at = until

    def _told(self, found: list[Finding]) -> Iterator[Seen]:
        yield from (Seen(at=self._at, finding=each, over=False) for each in found)
        for each in self._watch.over(self._at):
            yield Seen(at=self._at, finding=each, over=True)
