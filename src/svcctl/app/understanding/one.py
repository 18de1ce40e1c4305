"""Has the log of one service understood as it comes, at a price that is agreed beforehand."""

from __future__ import annotations

import json
import logging
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from svcctl.app.understanding.place import Hear, Place, Tap
from svcctl.ports import Timer
from svcctl.spec.detect_policy import DetectPolicy

if TYPE_CHECKING:  # loaded when the first line comes
    from svcctl.app.understanding.listener import Listener
    from svcctl.detect.finding import Finding
    from svcctl.detect.log_watch import Known, LogWatch

log = logging.getLogger(__name__)

_SAVE_FIRST, _SAVE_EVERY = 20.0, 300.0  # seconds; twice as many each time
_AT_ONCE = 250  # lines that are read before others get their turn: a few milliseconds
_WAITING = 5_000  # lines that may wait for theirs
_STREAMS = 1_000  # whose forms are known
_SLACK = 0.05  # seconds after which a time is surely over
_ABSENT = 30.0  # seconds by which a call may be late; later, nobody was there
_WIDTH = 120.0  # bytes of a line until some were seen


@dataclass(slots=True)
class Share:
    """How many lines were read, and about how many were not, as there was no time for them."""

    read: int = 0
    unread: float = 0.0


class Understood:
    """One service; *open_tap* gives where its lines come from, which are handed to its argument."""

    def __init__(
        self,
        service: str,
        policy: DetectPolicy,
        *,
        place: Place,
        open_tap: Callable[[Hear], Tap],
    ) -> None:
        self.policy, self.share = policy, Share()
        self._service, self._place = service, place
        self._tap = open_tap(self.hear)
        self._watch: LogWatch | None = None
        self._listeners: dict[str, Listener] = {}
        self._waiting: deque[tuple[str, list[bytes]]] = deque()
        self._unread = 0.0  # lines that are not yet told to the watch
        self._bytes = 0
        self._pausing: Timer | None = None
        self._full = False  # nothing more is wanted now
        self._began_at = -math.inf
        self._turn: Timer | None = None
        self._timer: Timer | None = None
        self._due = math.inf
        self._saving: Timer | None = None
        self._save_after = _SAVE_FIRST
        self._last: tuple[float, float] | None = None

    @property
    def known(self) -> Known | None:
        """How much has been learnt; None where no line came since the agent started."""
        return self._watch.known(self._place.clock.now()) if self._watch else None

    def begin(self) -> None:
        """Listen from now on."""
        self._tap.turn_on()

    def began(self) -> None:
        """A program was started: what it then says is as usual."""
        if self._pausing is None and not self._full:
            self._tap.turn_on()
        self._began_at = self._place.clock.now()
        if self._watch:
            self._watch.restarted(self._began_at)

    def ended(self) -> None:
        """A program ended: while none runs, nothing is expected of it."""
        if self._watch and not self._tap.runs():
            self._watch.rest()
            self._tell([])

    def hear(self, source: str, lines: list[bytes]) -> None:
        """Take lines of one of its streams, as they come."""
        room = 0 if self._full else _WAITING - sum(len(each) for _, each in self._waiting)
        self._unread += max(0, len(lines) - room)
        if room > 0:
            self._waiting.append((source, lines[:room]))
        if len(lines) >= room and not self._full:
            self._full = True
            self._tap.turn_off()  # lines that nobody will look at need not be read back
        if self._waiting and self._turn is None:
            self._work()

    def close(self, *, forget: bool = False) -> None:
        """Listen no more; *forget*: nobody will want what was learnt."""
        self._tap.turn_off()
        for each in (self._turn, self._timer, self._pausing, self._saving):
            if each:
                each.cancel()
        if forget:
            self._place.shelf.delete(self._service)
        elif self._watch and self._saving:
            self._save(last=True)

    def _work(self) -> None:
        """Read some of what waits, and see what it costs."""
        self._turn = None
        watch = self._load()
        began = self._place.cpu()
        source, lines = self._waiting.popleft()
        if len(lines) > _AT_ONCE:
            self._waiting.appendleft((source, lines[_AT_ONCE:]))
        self._read(watch, source, lines[:_AT_ONCE])
        clock = self._place.clock
        if pause := self._spent(began):
            self._pause(pause)
        elif self._waiting:
            self._turn = clock.later(0.0, self._work)
        elif self._full:
            self._full = False
            self._tap.turn_on()
        if self._saving is None:
            self._saving = clock.later(self._save_after, self._save)
            self._save_after = min(2 * self._save_after, _SAVE_EVERY)

    def _read(self, watch: LogWatch, source: str, lines: list[bytes]) -> None:
        listener = self._listeners.get(source)
        if listener is None:
            from svcctl.app.understanding.listener import Listener  # noqa: PLC0415 - a line came

            if len(self._listeners) >= _STREAMS:
                self._listeners.clear()
            listener = self._listeners[source] = Listener()
        now = self._now(watch)
        texts, said = listener.hear(lines, at=now)
        self.share.read += len(lines)
        self._bytes += sum(map(len, lines)) + len(lines)
        found = self._missed(watch, now)
        self._tell(found + watch.read(texts, at=now, said=said))

    def _missed(self, watch: LogWatch, now: float) -> list[Finding]:
        """Have the watch know how much was not read."""
        width = self._bytes / self.share.read if self.share.read else _WIDTH
        unread, self._unread = self._unread + self._tap.take_missed() / width, 0.0
        self.share.unread += unread
        return watch.miss(unread, at=now) if unread else []

    def _pause(self, seconds: float) -> None:
        """Want no lines for a while."""
        self._unread += sum(len(lines) for _, lines in self._waiting)
        self._waiting.clear()
        self._full = True
        self._tap.turn_off()
        self._pausing = self._place.clock.later(seconds, self._go_on)

    def _go_on(self) -> None:
        self._pausing, self._full = None, False
        self._tap.turn_on()

    def _look(self) -> None:
        """See what the passing of time alone shows."""
        self._timer = None
        watch, began = self._watch, self._place.cpu()
        if watch is None:
            return
        if not self._tap.runs():
            watch.rest()
        now = self._now(watch)
        found = self._missed(watch, now) or watch.miss(0.0, at=now)
        self._tell(found)
        self._spent(began)

    def _spent(self, began: float) -> float:
        """Account for the processor time since *began*; give how long to pause for it."""
        cpu = self._place.cpu()
        at = self._place.clock.monotonic()
        return self._place.allowance.spend(self._service, cpu - began, at=at, cpu=cpu)

    def _now(self, watch: LogWatch) -> float:
        """Give the time.

        Nobody was there where this process stood still, the machine slept or its clock was set.
        """
        wall, monotonic = self._place.clock.now(), self._place.clock.monotonic()
        was_absent = monotonic > self._due + _ABSENT
        if self._last:
            passed = monotonic - self._last[1]
            was_absent |= abs(wall - self._last[0] - passed) > max(_ABSENT, passed / 100)
        if was_absent:
            watch.rest()
        self._last = wall, monotonic
        return wall

    def _tell(self, found: list[Finding]) -> None:
        """Tell what begins and what ends, and be back when time may decide."""
        watch, now = self._watch, self._place.clock.now()
        if watch is None:
            return
        for each in found:
            self._place.told.found(each, at=now)
        for each in watch.over(now):
            self._place.told.over(each, at=now)
        self._set_timer(watch.due, now)

    def _set_timer(self, at: float, now: float) -> None:
        """Be back *at* that time; infinite: when somebody says something."""
        due = self._place.clock.monotonic() + max(at - now, 0.0) + _SLACK
        if self._timer and abs(due - self._due) < _SLACK:
            return
        if self._timer:
            self._timer.cancel()
            self._timer = None
        self._due = due
        if math.isfinite(due):
            self._timer = self._place.clock.later(max(at - now, 0.0) + _SLACK, self._look)

    def _load(self) -> LogWatch:
        if self._watch is None:
            from svcctl.app.understanding.memory import watch_of  # noqa: PLC0415 - a line came

            self._watch = watch_of(self._service, self.policy, place=self._place)
            self._watch.restarted(self._began_at)
        return self._watch

    def _save(self, *, last: bool = False) -> None:
        self._saving = None
        if self._watch:
            content = json.dumps(self._watch.state(), separators=(",", ":")).encode()
            self._place.shelf.put(self._service, content, last=last)
