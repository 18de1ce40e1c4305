"""``logs``: what services wrote, with their restarts told inline."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator

from svcctl.app.arguments import Arguments
from svcctl.app.reading import moment, pattern
from svcctl.app.selection import Selection, choose
from svcctl.app.waiting import Emit
from svcctl.engine.keeper import Keeper, ending_text
from svcctl.engine.manager import AgentManager
from svcctl.events import Event, InstanceExited, InstanceSpawned
from svcctl.observe.logs.files import STREAMS, instance_folder
from svcctl.observe.logs.query import Line, Source, Wanted, read
from svcctl.ports import Bus, Cancel, Clock, Document, Exit

_BATCH = 500  # lines read between two looks at whether the asker keeps up
_BATCH_BYTES = 128 * 1024  # bytes of lines, which JSON can make six times as long, before that
_LINES = 100  # lines of the past shown where nobody says how many


class Logs:
    """Reads captured files in a thread, and follows captures in the loop."""

    def __init__(self, manager: AgentManager, *, folder: str, bus: Bus, clock: Clock) -> None:
        self._manager, self._folder, self._bus, self._clock = manager, folder, bus, clock

    async def logs(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        """Give lines as items; with ``follow`` go on until the asker hangs up."""
        names = choose(selection, self._manager.specs)
        keepers = [keeper for name in names for keeper in self._manager.keepers(name)]
        grep, stream = pattern(args.text("grep")), args.text("stream")
        wanted, last = asked_for(args, now=self._clock.now())
        lines = read([self._source(keeper) for keeper in keepers], wanted, last=last)
        following = _Following(names, emit, grep=grep, stream=stream, clock=self._clock)
        cancels = following.begin(keepers, self._manager, self._bus) if args.flag("follow") else []
        try:
            count = await _emit_all(lines, emit)
            following.release()
            if cancels:
                await asyncio.get_running_loop().create_future()
        finally:
            for cancel in cancels:
                cancel()
        return {"lines": count}

    def _source(self, keeper: Keeper) -> Source:
        service = keeper.spec.name
        folder = instance_folder(self._folder, service, keeper.name)
        return Source(service=service, instance=keeper.name, folder=folder)


def asked_for(args: Arguments, *, now: float) -> tuple[Wanted, int | None]:
    """Give which lines of the past were asked for, and how many of the last (None: all)."""
    grep, stream = pattern(args.text("grep")), args.text("stream")
    since, until = moment(args.text("since"), now=now), moment(args.text("until"), now=now)
    last = args.integer("lines")
    wanted = Wanted(
        since=since,
        until=until or None,
        grep=re.compile(grep.pattern.encode()) if grep else None,
        streams=frozenset({stream} if stream else STREAMS),
        unfinished=not args.flag("follow"),
    )
    return wanted, _LINES if last is None and not since else last


def line_document(line: Line) -> Document:
    """Give a line of the past in a form JSON can hold."""
    return _document(line.at, line.service, line.instance, line.stream, line.text)


async def _emit_all(lines: Iterator[Line], emit: Emit) -> int:
    """Hand over all of *lines*, reading in a thread, no faster than they are taken."""
    count = 0

    def batch() -> list[Line]:
        found: list[Line] = []
        size = 0
        while len(found) < _BATCH and size < _BATCH_BYTES and (line := next(lines, None)):
            found.append(line)
            size += len(line.text)
        return found

    while found := await asyncio.to_thread(batch):
        for line in found:
            emit(line_document(line))
        count += len(found)
        await emit.room()
    return count


def _document(at: float, service: str, instance: str, stream: str, text: bytes) -> Document:
    return {
        "at": at,
        "service": service,
        "instance": instance,
        "stream": stream,
        "text": text.decode(errors="replace"),
    }


class _Following:
    """Passes on new lines and restarts; holds them back until the past has been told."""

    def __init__(
        self,
        names: list[str],
        emit: Emit,
        *,
        grep: re.Pattern[str] | None,
        stream: str | None,
        clock: Clock,
    ) -> None:
        self._names, self._emit = frozenset(names), emit
        self._grep, self._stream, self._clock = grep, stream, clock
        self._held: list[Document] | None = []
        self._ended: dict[str, str] = {}
        self._followed: set[str] = set()
        self._cancels: list[Cancel] = []

    def begin(self, keepers: list[Keeper], manager: AgentManager, bus: Bus) -> list[Cancel]:
        """Follow *keepers* and those that join them; give what ends it."""
        for keeper in keepers:
            self._follow(keeper)

        def notice(event: Event) -> None:
            if event.instance in self._followed or event.service in self._names:
                self._tell_event(event, manager)

        self._cancels.append(bus.subscribe(notice))
        return self._cancels

    def release(self) -> None:
        """The past has been told: hand over what was held back."""
        held, self._held = self._held or [], None
        for item in held:
            self._emit(item)

    def _put(self, item: Document) -> None:
        if self._held is None:
            self._emit(item)
        else:
            self._held.append(item)

    def _follow(self, keeper: Keeper) -> None:
        if keeper.name in self._followed:
            return
        self._followed.add(keeper.name)

        def take(stream: str, lines: list[bytes]) -> None:
            if self._stream not in {None, stream}:
                return
            now = self._clock.now()
            for line in lines:
                item = _document(now, keeper.spec.name, keeper.name, stream, line)
                if self._grep is None or self._grep.search(str(item["text"])):
                    self._put(item)

        self._cancels.append(keeper.sink.follow(take))

    def _tell_event(self, event: Event, manager: AgentManager) -> None:
        if isinstance(event, InstanceExited):
            end = ending_text(Exit(code=event.code, signal=event.signal))
            self._ended[event.instance] = end
            self._put(self._event(event, f"ended, {end}"))
        elif isinstance(event, InstanceSpawned):
            self._follow(manager.instance(event.instance))
            if event.instance in self._ended:
                self._put(self._event(event, f"restarted, {self._ended.pop(event.instance)}"))

    def _event(self, event: Event, text: str) -> Document:
        return {
            "at": event.at,
            "service": event.service,
            "instance": event.instance,
            "event": text,
        }
