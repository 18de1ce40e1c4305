"""Follows logs whoever writes and rotates them, and goes on after a restart where it was left.

What was acknowledged is saved within a fifth of a second.  A restart in order repeats nothing; one
after a crash repeats what was acknowledged since the last saving, and what was not acknowledged.
No line is left out unless its file was deleted, or emptied without a copy, before it was read.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Self

from svcctl.observe.logs.tail.changes import Asleep, Changes
from svcctl.observe.logs.tail.discovery import Folders, find_logs
from svcctl.observe.logs.tail.generation import Block, Manner
from svcctl.observe.logs.tail.lineage import Lineage
from svcctl.observe.logs.tail.names import belongs_to
from svcctl.observe.logs.tail.positions import Place, Positions, Saved
from svcctl.ports import Clock

_SHORTEST, _LONGEST = 0.01, 0.1  # seconds between two looks without an event, while busy and idle
_EVERYTHING = 2.0  # seconds between two looks at everything, where events tell of changes
_SPARE = 1.0  # seconds by which the times of files may be before those of clocks
_LOOK_SHARE, _SEARCH_SHARE = 24, 49  # so many times as long as these take nothing is done


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much at once: bytes of a :meth:`Tail.take`, logs held open, seconds between searches.

    A log that was just rotated holds two files or more.
    """

    take: int = 8 << 20
    open_logs: int = 512
    search_every: float = 1.0


class Tail:
    """Follows the logs that fit *globs*; who wants lines takes them, nothing is read ahead.

    *at_end*: of a log that is there at the very first start, only what comes is wanted.  Not to be
    used by two threads at once.
    """

    def __init__(
        self,
        globs: Iterable[str],
        *,
        clock: Clock,
        place: Place | None = None,
        at_end: bool = True,
        manner: Manner | None = None,
        bounds: Bounds | None = None,
        changes: Changes | None = None,
    ) -> None:
        self._globs = tuple(globs)
        self._clock, self._at_end = clock, at_end
        self._manner, self._bounds = manner or Manner(), bounds or Bounds()
        self._changes = changes or Asleep()
        self._folders = Folders()
        self._positions = Positions(place, globs=self._globs, clock=clock)
        self._logs: dict[str, Lineage] = {}
        self._targets: dict[str, str] = {}
        self._since_ns = 0
        self._next_search = self._next_everything = self._earliest_search = 0.0
        self._queue: deque[Lineage] = deque()
        self._given: dict[str, Lineage] = {}
        self._open: OrderedDict[str, Lineage] = OrderedDict()
        self._pause, self._cost, self._next_look = _SHORTEST, 0.0, 0.0
        self._start(self._positions.load())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def paths(self) -> list[str]:
        """The logs that are followed."""
        return list(self._logs)

    def take(self) -> list[Block]:
        """Give what came, at most so many bytes; an empty list where nothing whole has come."""
        now = self._clock.monotonic()
        self._folders.forget()
        everything = False
        if not self._queue:
            self._queue.extend(self._to_look_at(now))
            everything = len(self._queue) == len(self._logs)
        found: list[Block] = []
        room = self._bounds.take
        while self._queue and room > 0:
            each = self._queue.popleft()
            if block := self._read(each, now):
                found.append(block)
                room -= len(block.content)
                self._queue.append(each)
        if found:
            self._pause = _SHORTEST
        elif everything:
            over = self._clock.monotonic()
            self._cost, self._next_look = over - now, over + (over - now) * _LOOK_SHARE
        return found

    def acknowledge(self) -> None:
        """All that was taken is safe: it is not wanted again after a restart."""
        for path, each in self._given.items():
            self._positions.put(path, each.marks())
        self._given.clear()
        self._positions.save()

    def wait(self, seconds: float) -> None:
        """Come back when there may be more, or after *seconds*."""
        self._positions.save()
        if self._queue:
            return
        now = self._clock.monotonic()
        blind = isinstance(self._changes, Asleep)
        if blind or any(each.is_restless(now) for each in self._open.values()):
            seconds = min(seconds, max(self._pause, self._cost * _LOOK_SHARE))
            self._pause = min(self._pause * 2, _LONGEST)
        self._changes.wait(max(0.0, min(seconds, self._next_search - now)))

    def behind(self) -> int:
        """Give the bytes that were written and not yet taken, as far as files are known."""
        return sum(each.behind() for each in self._logs.values())

    def close(self) -> None:
        """Save what was acknowledged, and let go of all files."""
        self._positions.save(now=True)
        for each in self._logs.values():
            each.close()
        self._changes.close()

    def _start(self, saved: Saved | None) -> None:
        now = self._clock.monotonic()
        since = saved.at if saved else self._clock.now()
        self._since_ns = int((since - _SPARE if saved else since) * 1e9)
        if saved:
            for path, (held, done) in saved.logs.items():
                each = self._new(path)
                each.resume(held, done, now)
                self._close_some()
                self._positions.put(path, (held, done))
        self._search(now, at_end=self._at_end and (saved is None or saved.globs != self._globs))
        self._since_ns = int((since - _SPARE) * 1e9)
        self._positions.save(now=True)

    def _new(self, path: str) -> Lineage:
        each = Lineage(path, parts=self._folders.parts, manner=self._manner)
        self._logs[path] = each
        self._open[path] = each
        return each

    def _search(self, now: float, *, at_end: bool) -> list[Lineage]:
        """Find and give logs that came; those that went are followed on, they may come again."""
        new: list[Lineage] = []
        for path in find_logs(self._globs, self._logs):
            if path not in self._logs:
                each = self._new(path)
                each.begin(now, at_end=at_end, since_ns=self._since_ns)
                self._positions.put(path, each.marks())
                self._close_some()
                new.append(each)
        self._targets = {
            os.path.realpath(path): path for path in self._logs if os.path.islink(path)
        }
        self._changes.watch({os.path.dirname(path) for path in [*self._logs, *self._targets]})
        self._earliest_search = now + (self._clock.monotonic() - now) * _SEARCH_SHARE
        self._next_search = max(now + self._bounds.search_every, self._earliest_search)
        return new

    def _read(self, each: Lineage, now: float) -> Block | None:
        if not each.look(now):
            return None
        self._open[each.path] = each
        self._open.move_to_end(each.path)
        self._close_some()
        self._given[each.path] = each
        return each.read(now)

    def _to_look_at(self, now: float) -> list[Lineage]:
        new = self._search(now, at_end=False) if now >= self._next_search else []
        touched = self._touched(now)
        return touched + [each for each in new if each not in touched]

    def _touched(self, now: float) -> list[Lineage]:
        """Give the logs to look at: those that changed, and those where something is due."""
        changed = self._changes.take()
        found = self._known(changed or ())
        if now >= (self._next_everything if changed is not None else self._next_look):
            self._next_everything = now + max(_EVERYTHING, self._cost * _LOOK_SHARE)
            return list(self._logs.values())
        due = [each.path for each in self._open.values() if each.is_restless(now)]
        return [self._logs[path] for path in dict.fromkeys((*found, *due))]

    def _known(self, changed: Iterable[str]) -> list[str]:
        """Give the logs that changed files belong to; one of none may be a new log."""
        found: list[str] = []
        for path in changed:
            folder, name = os.path.split(path)
            names = [path, *(os.path.join(folder, base) for base in belongs_to(name))]
            known = [each for each in map(self._target, names) if each in self._logs]
            found += known
            if not known:
                self._next_search = min(self._next_search, self._earliest_search)
        return found

    def _target(self, path: str) -> str:
        """Give the log that a link leads to *path*, or *path*."""
        return self._targets.get(path, path)

    def _close_some(self) -> None:
        """Keep few files open: those that were quiet for longest are closed first."""
        for _ in range(len(self._open) - self._bounds.open_logs):
            path, each = self._open.popitem(last=False)
            if each.is_open and not each.park():
                self._open[path] = each


def follow(tail: Tail, take: Callable[[list[Block]], None], *, over: threading.Event) -> None:
    """Hand what comes to *take*, and acknowledge it when that came back, until *over* is set.

    What *take* raises ends it; what it was given then is given again by the next one.
    """
    while not over.is_set():
        if found := tail.take():
            take(found)
        tail.acknowledge()
        if not found:
            tail.wait(_LONGEST)
