"""Writes down now and then what every instance uses, and gives it back."""

from __future__ import annotations

import asyncio
import logging
import re
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from svcctl.app.arguments import Arguments
from svcctl.app.natives import Natives
from svcctl.app.reading import moment
from svcctl.app.sampling import Rates, Sample, Sampler
from svcctl.app.selection import choose, service_of
from svcctl.app.waiting import Emit
from svcctl.engine.manager import AgentManager
from svcctl.errors import Conflict
from svcctl.observe.history.store import History, Point
from svcctl.observe.metrics import catalogue
from svcctl.observe.metrics.exposition import read_back
from svcctl.ports import Document, Usage
from svcctl.spec.instance import instance_names
from svcctl.wire import Selection

if TYPE_CHECKING:  # loaded where a history is kept
    from concurrent.futures import ThreadPoolExecutor

log = logging.getLogger(__name__)

_MEASURED = {
    each.name: each
    for each in (catalogue.CPU, catalogue.MEMORY, catalogue.THREADS, catalogue.FILES)
}
_INSTANCE = re.compile(r'service_instance="([^"]+)"')
_SHARED = 'memtype="private"'  # a part of what is counted already


@dataclass(slots=True, kw_only=True)
class _Used:
    """What an instance uses, as far as it is written down."""

    cpu_seconds: float = 0.0
    memory_bytes: int = 0
    threads: int = 0
    open_files: int | None = None

    @classmethod
    def of(cls, usage: Usage) -> _Used:
        return cls(
            cpu_seconds=usage.cpu_seconds,
            memory_bytes=usage.memory_bytes,
            threads=usage.threads,
            open_files=usage.open_files,
        )


class Historian:
    """Writes what the sampler tells of, every *interval* seconds while anything runs.

    The file is opened when it is begun, and used in a thread of its own.
    """

    def __init__(self, manager: AgentManager, natives: Natives, sampler: Sampler) -> None:
        self._manager, self._natives, self._sampler = manager, natives, sampler
        self._clock = manager.world.clock
        self._history: History | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._asking: asyncio.Task[None] | None = None
        self._writing: asyncio.Future[None] | None = None
        self._refused = False
        self._worked = Rates()

    def begin(self, open_history: Callable[[float], History], *, interval: float) -> None:
        """Write from now on; raises StateFault where the file cannot be opened."""
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - most keep no history

        self._history = open_history(interval)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="history")
        self._sampler.every(interval, self._write, also=self._natives_run, at_once=True)

    def close(self) -> None:
        """Write no more; what is being written is written first."""
        if self._asking is not None:
            self._asking.cancel()
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
        names = self._instances(selection)
        now = self._clock.now()
        since = moment(args.text("since"), now=now)

        def read() -> list[Point]:
            return [each for each in history.read(since=since, until=now) if each.instance in names]

        found = await asyncio.get_running_loop().run_in_executor(self._thread, read)
        return {"since": since, "until": now, "instances": _by_instance(found)}

    def _instances(self, selection: Selection) -> set[str]:
        own = self._manager.specs
        specs = {**self._natives.specs, **own}
        found: set[str] = set()
        for name in choose(selection, specs):
            service = service_of(name, specs)
            if service in own:
                found |= {keeper.name for keeper in self._manager.keepers(name)}
            else:
                every = instance_names(specs[service])
                found |= set(every) if name == service else {name}
        return found

    def look_again(self) -> None:
        """Sample those as well that came meanwhile."""
        self._sampler.look_again()

    def _natives_run(self) -> bool:
        return any(each.hosted for each in self._natives.kept.values())

    def _write(self, samples: Sequence[Sample]) -> None:
        used = {each.keeper.name: _Used.of(each.usage) for each in samples}
        if not self._natives_run():
            self._put(used)
        elif self._asking is None or self._asking.done():
            self._asking = asyncio.get_running_loop().create_task(self._ask_hosts(used))

    async def _ask_hosts(self, used: dict[str, _Used]) -> None:
        for page in (await self._natives.pages()).values():
            used |= _used_by(page)
        self._put(used)

    def _put(self, used: Mapping[str, _Used]) -> None:
        if self._history is None or not used:
            return
        points = [self._point(name, each) for name, each in used.items()]
        self._worked.keep(used)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().run_in_executor(
                self._thread, self._history.write, points
            )
            self._writing.add_done_callback(self._written)

    def _point(self, name: str, used: _Used) -> Point:
        share = self._worked.take(name, used.cpu_seconds, at=self._clock.monotonic())
        return Point(
            at=int(self._clock.now()),
            instance=name,
            cpu=None if share is None else round(100 * share, 2),
            memory_bytes=used.memory_bytes,
            threads=used.threads,
            open_files=used.open_files,
        )

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


def _used_by(page: str) -> dict[str, _Used]:
    """Give what the instances on the page of a host use."""
    found: dict[str, _Used] = {}
    for family, values in read_back(page, _MEASURED):
        for series, value in values.items():
            named = _INSTANCE.search(series)
            if named is None or _SHARED in series:
                continue
            used = found.setdefault(named[1], _Used())
            match family:
                case catalogue.CPU:
                    used.cpu_seconds += value
                case catalogue.MEMORY:
                    used.memory_bytes = int(value)
                case catalogue.THREADS:
                    used.threads = int(value)
                case _:
                    used.open_files = int(value)
    return found
