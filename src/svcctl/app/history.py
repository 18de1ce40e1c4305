"""Writes down now and then what every instance uses, and gives it back."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from svcctl.app.arguments import Arguments
from svcctl.app.reading import moment
from svcctl.app.selection import choose
from svcctl.app.waiting import Emit
from svcctl.engine.manager import AgentManager
from svcctl.errors import Conflict
from svcctl.events import Event, InstanceAdopted, InstanceSpawned
from svcctl.observe.history.store import History, Point
from svcctl.ports import Document, Timer
from svcctl.wire import Selection

if TYPE_CHECKING:  # loaded where a history is kept
    from concurrent.futures import ThreadPoolExecutor

log = logging.getLogger(__name__)


class Historian:
    """Samples every *interval* seconds while anything runs; has no timer while nothing does.

    The file is opened when it is begun, and used in a thread of its own.
    """

    def __init__(self, manager: AgentManager) -> None:
        self._manager, self._clock = manager, manager.world.clock
        self._history: History | None = None
        self._interval = 0.0
        self._thread: ThreadPoolExecutor | None = None
        self._timer: Timer | None = None
        self._writing: asyncio.Future[None] | None = None
        self._refused = False
        self._used: dict[str, tuple[float, float]] = {}

    def begin(self, open_history: Callable[[float], History], *, interval: float) -> None:
        """Write from now on; raises StateFault where the file cannot be opened."""
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - most keep no history

        self._history = open_history(interval)
        self._interval = interval
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="history")
        self._manager.world.bus.subscribe(self._noticed)
        self._sample()

    def close(self) -> None:
        """Write no more; what is being written is written first."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._thread is not None:
            self._thread.shutdown(wait=True)
        if self._history is not None:
            self._history.close()
            self._history = None

    async def history(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        """Give what instances used, oldest first.  Raises Conflict where nothing is written."""
        del emit
        history = self._history
        if history is None:
            raise Conflict(
                "this agent keeps no history", hint="svcctl agent run --history 10s, from now on"
            )
        names = {
            keeper.name
            for name in choose(selection, self._manager.specs)
            for keeper in self._manager.keepers(name)
        }
        now = self._clock.now()
        since = moment(args.text("since"), now=now)

        def read() -> list[Point]:
            return [each for each in history.read(since=since, until=now) if each.instance in names]

        found = await asyncio.get_running_loop().run_in_executor(self._thread, read)
        return {"since": since, "until": now, "instances": _by_instance(found)}

    def _noticed(self, event: Event) -> None:
        if isinstance(event, InstanceSpawned | InstanceAdopted) and self._timer is None:
            self._timer = self._clock.later(self._interval, self._sample)

    def _sample(self) -> None:
        self._timer = None
        points = self._measure()
        if not points:  # nobody runs: the next start begins it again
            return
        self._timer = self._clock.later(self._interval, self._sample)
        if self._writing is None or self._writing.done():
            assert self._history is not None
            self._writing = asyncio.get_running_loop().run_in_executor(
                self._thread, self._history.write, points
            )
            self._writing.add_done_callback(self._written)

    def _measure(self) -> list[Point]:
        at, now = int(self._clock.now()), self._clock.monotonic()
        points: list[Point] = []
        used: dict[str, tuple[float, float]] = {}
        for keeper, _, usage in self._manager.measure(closely=True):
            if usage is None:
                continue
            used[keeper.name] = now, usage.cpu_seconds
            points.append(
                Point(
                    at=at,
                    instance=keeper.name,
                    cpu=self._percent(keeper.name, now, usage.cpu_seconds),
                    memory_bytes=usage.memory_bytes,
                    threads=usage.threads,
                    open_files=usage.open_files,
                )
            )
        self._used = used
        return points

    def _percent(self, name: str, now: float, seconds: float) -> float | None:
        """Give percent of one core since the last sample; None where that is not known."""
        at, before = self._used.get(name, (now, 0.0))
        if at >= now or seconds < before:  # the first, or of another program
            return None
        return round(100 * (seconds - before) / (now - at), 2)

    def _written(self, writing: asyncio.Future[None]) -> None:
        error = None if writing.cancelled() else writing.exception()
        if error is not None and not isinstance(error, sqlite3.Error):
            raise error
        if error is not None and not self._refused:
            log.warning("history.not-written", extra={"problem": str(error)})
        self._refused = error is not None


def _by_instance(points: Iterable[Point]) -> Document:
    found: dict[str, list[list[float | None]]] = {}
    for each in points:
        row = [each.at, each.cpu, each.memory_bytes, each.threads, each.open_files]
        found.setdefault(each.instance, []).append(row)
    return dict(found)
