"""Lines with where they stand, so that whoever breaks off goes on with the very next one.

They are read from the files, also those that come: the files hold what a slow reader has not taken
yet, and new output only wakes whoever waits for it.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from svcctl.app.log_lines import batch, line_document
from svcctl.app.turns import Turns
from svcctl.app.waiting import Emit
from svcctl.engine.keeper import Keeper, ending_text
from svcctl.engine.manager import AgentManager
from svcctl.errors import UsageError
from svcctl.events import Event, InstanceExited, InstanceSpawned
from svcctl.observe.logs.query import Line, Source, Spot, Wanted, end_of, read, read_on
from svcctl.ports import Bus, Cancel, Document, Exit

MOST = 20
"""Streams whose places are told: each item says all of them."""

_PART = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)/(stdout|stderr)=([0-9]{1,12})\.([0-9]{1,15})")

Stream = tuple[str, str]
"""An instance, and the name of one of its streams."""

Spots = dict[Stream, Spot]


def read_place(text: str) -> Spots:
    """Read what :func:`show_place` gives; raises UsageError."""
    found: Spots = {}
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if match is None or len(found) > MOST:
            raise UsageError(f"{text!r:.100} is no place in logs", hint="as an item told it")
        found[match[1], match[2]] = int(match[3]), int(match[4])
    return found


def show_place(spots: Mapping[Stream, Spot]) -> str:
    """Give a place in several streams as one word: ``web/stdout=1.8713``."""
    return ",".join(f"{each}/{name}={at[0]}.{at[1]}" for (each, name), at in sorted(spots.items()))


class Placed:
    """Lines of *keepers* and, while they are followed, of those that join them.

    *source* gives where the files of one are; *wanted* says which lines are; *turns* are those of
    all who read.
    """

    def __init__(
        self,
        names: Iterable[str],
        keepers: Iterable[Keeper],
        *,
        source: Callable[[Keeper], Source],
        wanted: Wanted,
        turns: Turns,
    ) -> None:
        self._names, self._source, self._turns = frozenset(names), source, turns
        self._wanted = replace(wanted, unfinished=False)
        self._keepers = {each.name: each for each in keepers}
        self._spots: Spots = {}
        self._came = asyncio.Event()
        self._said: deque[Document] = deque()
        self._ended: dict[str, str] = {}
        self._over = {name for name, each in self._keepers.items() if not each.state.child}
        self._cancels: list[Cancel] = []

    def begin(self, manager: AgentManager, bus: Bus) -> None:
        """Be woken by what comes from now on."""
        for keeper in self._keepers.values():
            self._listen(keeper)

        def notice(event: Event) -> None:
            if event.instance in self._keepers or event.service in self._names:
                self._notice(event, manager)

        self._cancels.append(bus.subscribe(notice))

    def end(self) -> None:
        """Be woken no more."""
        for cancel in self._cancels:
            cancel()
        self._cancels.clear()

    async def past(self, emit: Emit, *, after: Spots | None, last: int | None) -> int:
        """Hand over what is there: all *after* a place, or the *last* lines; give how many."""
        sources = self._sources()
        if after is not None:
            self._spots = dict(after)
            return await self._hand_over(emit)
        found = await asyncio.to_thread(self._first, sources, last)
        for line in found:
            self._emit(line, emit)
        await emit.room()
        return len(found) + await self._hand_over(emit)

    async def pass_on(self, emit: Emit) -> None:
        """Hand over what comes, for ever."""
        while True:
            await self._came.wait()
            self._came.clear()
            await self._hand_over(emit)
            while self._said:
                emit(self._said.popleft() | {"place": show_place(self._spots)})

    async def _hand_over(self, emit: Emit) -> int:
        """Hand over all that stands behind where we are, no faster than it is taken."""
        count = 0
        for is_over in (False, True):  # what a program left unfinished when it ended is a line
            some = [each for each in self._sources() if (each.instance in self._over) is is_over]
            wanted = replace(self._wanted, unfinished=is_over)
            lines = read_on(some, wanted, after=dict(self._spots))
            while some_more := await self._hand_over_some(lines, emit):
                count += some_more
                await emit.room()
        return count

    async def _hand_over_some(self, lines: Iterator[Line], emit: Emit) -> int:
        async with self._turns.turn():
            found = await asyncio.to_thread(batch, lines)
            for line in found:
                self._emit(line, emit)
        return len(found)

    def _first(self, sources: list[Source], last: int | None) -> list[Line]:
        """Give the first lines, and take note of where each stream is before them."""
        ends = {
            (each.instance, name): end_of(each, name)
            for each in sources
            for name in self._wanted.streams
        }
        found = [
            line
            for line in read(sources, self._wanted, last=last)
            if line.end <= ends[line.instance, line.stream]
        ]
        for line in reversed(found):
            ends[line.instance, line.stream] = line.begin
        self._spots = ends
        return found

    def _emit(self, line: Line, emit: Emit) -> None:
        self._spots[line.instance, line.stream] = line.end
        emit(line_document(line) | {"place": show_place(self._spots)})

    def _sources(self) -> list[Source]:
        return [self._source(keeper) for keeper in self._keepers.values()]

    def _listen(self, keeper: Keeper) -> None:
        self._keepers[keeper.name] = keeper
        self._cancels.append(keeper.sink.follow(lambda _stream, _lines: self._came.set()))

    def _notice(self, event: Event, manager: AgentManager) -> None:
        if isinstance(event, InstanceExited):
            end = ending_text(Exit(code=event.code, signal=event.signal))
            self._ended[event.instance] = end
            self._over.add(event.instance)
            self._say(event, f"ended, {end}")
        elif isinstance(event, InstanceSpawned):
            self._over.discard(event.instance)
            if event.instance not in self._keepers:
                self._listen(manager.instance(event.instance))
            if event.instance in self._ended:
                self._say(event, f"restarted, {self._ended.pop(event.instance)}")

    def _say(self, event: Event, text: str) -> None:
        where: Document = {"at": event.at, "service": event.service, "instance": event.instance}
        self._said.append(where | {"event": text})
        self._came.set()
