"""What the agent needs of a log that others keep: a port, and a thread that follows one."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from svcctl.errors import SvcctlError
from svcctl.observe.logs.tail.past import TimeOf
from svcctl.record import Portion
from svcctl.spec.watch import WatchSpec

log = logging.getLogger(__name__)

_WAIT = 0.5  # seconds for which a source waits at once, so that it can be told to end
_LAG_EVERY = 1.0  # seconds between two looks at how much is left
_PAUSES = (1.0, 2.0, 5.0, 15.0, 60.0)  # seconds before it is tried again, by how often it failed


class LogSource(Protocol):
    """A log from a place on; used by one thread.  Its calls raise SvcctlError and OSError."""

    def take(self) -> list[Portion]:
        """Give what came, at most so much; an empty list where nothing whole has come."""

    def acknowledge(self) -> None:
        """All that was taken is safe: it is not wanted again after a restart."""

    def wait(self, seconds: float) -> None:
        """Come back when there may be more, or after *seconds*."""

    def behind(self) -> int:
        """Give the bytes that were written and not yet taken, as far as they are known."""

    def problem(self) -> str:
        """Say what cannot be read now, and why; empty where all is well."""

    def close(self) -> None:
        """Save what was acknowledged, and let go."""


class LogSources(Protocol):
    """Opens logs of others."""

    def open(self, watch: WatchSpec) -> LogSource:
        """Give the log from where it was left; may take its time, raises as what it gives."""

    def past(
        self, watch: WatchSpec, *, since: float, most: int | None, time_of: TimeOf
    ) -> Sequence[Iterator[Portion]]:
        """Give what each part of the log says, the oldest first.

        *since* (seconds since 1970) and *most* (bytes from its end) allow to leave out what came
        before; *time_of* tells when a line says it was written.  Raises SvcctlError, also later.
        """

    def forget(self, name: str) -> None:
        """The watch is no more: forget where its log was left."""


@dataclass(slots=True, kw_only=True)
class Standing:
    """How the reading of a log stands."""

    lines: int = 0
    behind: int = 0
    last_at: float | None = None
    problem: str = ""


Take = Callable[[list[Portion]], None]
"""Takes what came, in the event loop; an empty list says that it is all there is by now."""


class Follower:
    """A thread that follows one log, no faster than what comes is taken.

    What was taken is acknowledged, and so is what *take* raised for: that is logged.  What cannot
    be read is tried again.  *told* hears, in the event loop, of a problem and (empty) of its end.
    *settled* is set once it is known from where on it is followed, or that it cannot be.
    """

    def __init__(
        self,
        name: str,
        open_source: Callable[[], LogSource],
        *,
        take: Take,
        told: Callable[[str], None],
    ) -> None:
        """Begin; needs a running event loop."""
        self.standing = Standing()
        self._name, self._open, self._take, self._told = name, open_source, take, told
        self._loop = asyncio.get_running_loop()
        self._over, self._answered = threading.Event(), threading.Event()
        self._next_lag = 0.0
        self.settled = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name=f"watch {name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take no more; what was not taken yet is not acknowledged."""
        self._over.set()
        self._answered.set()

    def join(self, seconds: float) -> None:
        """Wait until where the log was left is saved, at most so long."""
        self._thread.join(seconds)

    def _run(self) -> None:
        failed = 0
        while not self._over.is_set():
            begun = time.monotonic()
            try:
                source = self._open()
                try:
                    self._in_loop(self.settled.set)
                    self._follow(source)
                finally:
                    source.close()
            except SvcctlError as error:
                self._note(error.problem)
            except OSError as error:
                self._note(f"{error.filename or self._name}: {error.strerror or error}")
            except Exception:
                log.exception("watch.failed", extra={"watch": self._name})
                self._note("it failed; see the log of the agent")
            else:
                return
            self._in_loop(self.settled.set)
            failed = 0 if time.monotonic() - begun > _PAUSES[-1] else failed + 1
            self._over.wait(_PAUSES[min(failed, len(_PAUSES) - 1)])

    def _follow(self, source: LogSource) -> None:
        idle = False
        while not self._over.is_set():
            found = source.take()
            if (found or not idle) and not self._hand_over(found):
                return
            idle = not found
            source.acknowledge()
            self._look(source, idle=idle)
            if idle:
                source.wait(_WAIT)

    def _look(self, source: LogSource, *, idle: bool) -> None:
        """See how it stands, now and then."""
        now = time.monotonic()
        if now >= self._next_lag:
            self._next_lag = now + _LAG_EVERY
            self.standing.behind = source.behind()
            self._note(source.problem())
        elif idle:
            self.standing.behind = 0

    def _hand_over(self, found: list[Portion]) -> bool:
        """Have *found* taken; say whether it was, and not given up."""
        taken = False

        def take() -> None:
            nonlocal taken
            if self._over.is_set():
                return
            try:
                self._take(found)
            except Exception:
                log.exception("watch.not-judged", extra={"watch": self._name})
            taken = True
            self._answered.set()

        self._answered.clear()
        if self._over.is_set() or not self._in_loop(take):
            return False
        self._answered.wait()
        return taken

    def _note(self, problem: str) -> None:
        """Tell of a problem once, and of its end."""
        if problem != self.standing.problem:
            self.standing.problem = problem
            self._in_loop(lambda: self._told(problem))

    def _in_loop(self, call: Callable[[], None]) -> bool:
        try:
            self._loop.call_soon_threadsafe(call)
        except RuntimeError:  # the loop is closed: the agent ends
            return False
        return True
