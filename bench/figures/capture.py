"""How fast what services write reaches rotated files, at what cost, and whether all of it does."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bench import proc
from bench.manager import Manager
from bench.reading import Figure, Unit, Value
from bench.session import Load, Session, Stage, session, until
from bench.tally import LINE, tally

_BYTES = 200_000_000
_WITHIN = 120.0  # seconds
_TRIES, _PAUSE = 5, 0.2  # looks at files that lack something, and seconds between them
_STRAGGLE = 5.0  # seconds for which bytes are waited for once all was written


def of(chunk: int, writers: int = 1) -> Figure:
    """Give the figure for writes of *chunk* bytes by a number of services at once."""
    case = f"{chunk} B writes" if writers == 1 else f"{writers} services, {chunk} B writes"
    size = _BYTES // writers
    loads = [
        Load(name=f"w{number}", mode="loud", args=(str(size), str(chunk)))
        for number in range(writers)
    ]

    def measure(stage: Stage, manager: Manager) -> Iterator[Value]:
        with session(stage, loads) as opened:
            opened.begin(manager)
            before = proc.cpu(opened.processes().managing)
            seconds = _write(opened, lambda: _size(_logs(opened, manager)))
            used = proc.cpu(opened.processes().managing) - before
            yield _value("capture", case, _BYTES / 1e6 / seconds, Unit.MB_PER_S)
            yield _value("capture", f"{case}, processor", used * 1000, Unit.MS)
            yield from _lines(opened, manager, case, written=size // LINE)

    def loop(*command: str) -> Callable[[Stage], Iterator[Value]]:
        def measured(stage: Stage) -> Iterator[Value]:
            with session(stage, loads) as opened:
                seconds = _through(opened, [part.format(floor=stage.floor) for part in command])
                yield _value("capture", case, _BYTES / 1e6 / seconds, Unit.MB_PER_S)

        return measured

    return Figure(
        name=f"capture{chunk}" + (f"x{writers}" if writers > 1 else ""),
        tables={
            "capture": "200 MB of numbered lines, from the first write to the last byte in a file; "
            "managers that rotate do so at 20 MB, loops never",
            "lines": "what became of these lines",
        },
        measure=measure,
        floors={"splice loop": loop("{floor}", "splice"), "cat": loop("cat")},
        fits=lambda manager: manager.traits.captures,
        repeat=2,
    )


def _through(opened: Session, command: Sequence[str]) -> float:
    """Let each service write to a loop of its own."""
    files = [opened.site.logs / each.name for each in opened.site.services]
    for service, file in zip(opened.site.services, files, strict=True):
        pipeline = f"{shlex.join(service.command)} | {shlex.join(command)} > {file}"
        opened.nursery.start(["sh", "-c", pipeline], opened.environ(), opened.folder)
    opened.stamps.take(len(files), within=_WITHIN)
    return _write(opened, lambda: _size(files))


def _write(opened: Session, size: Callable[[], int]) -> float:
    """Have all services write; give the seconds from the first write until all is in files.

    Files are only looked at when the writers are done and a pipeful is left, so that looking takes
    no time from those who are measured.  Bytes that never come count as lost lines.
    """
    writers = len(opened.site.services)
    for pid in opened.processes().kept:
        os.kill(pid, signal.SIGUSR1)
    began = min(stamp.at for stamp in opened.stamps.take(writers, within=_WITHIN, what="began"))
    ended = max(stamp.at for stamp in opened.stamps.take(writers, within=_WITHIN, what="ended"))
    with contextlib.suppress(TimeoutError):
        until(lambda: size() >= _BYTES, what="all is in files", within=_STRAGGLE)
        ended = max(time.monotonic_ns(), ended)
    return (ended - began) / 1e9


def _lines(opened: Session, manager: Manager, case: str, *, written: int) -> Iterator[Value]:
    lost = doubled = torn = 0
    for each in opened.site.services:
        found = tally(_contents(opened, manager, each.name, written), written=written)
        lost, doubled, torn = lost + found.lost, doubled + found.doubled, torn + found.torn
    yield _value("lines", f"{case}, lost", lost, Unit.LINES)
    yield _value("lines", f"{case}, doubled", doubled, Unit.LINES)
    yield _value("lines", f"{case}, cut in two", torn, Unit.LINES)


def _contents(opened: Session, manager: Manager, name: str, written: int) -> list[bytes]:
    """Read the files of a service; once more if some were rotated while they were listed."""
    contents: list[bytes] = []
    for _ in range(_TRIES):
        with contextlib.suppress(FileNotFoundError):
            contents = [file.read_bytes() for file in manager.logs(opened.site, name)]
            if sum(map(len, contents)) >= written * LINE:
                break
        time.sleep(_PAUSE)
    return contents


def _logs(opened: Session, manager: Manager) -> list[Path]:
    return [path for each in opened.site.services for path in manager.logs(opened.site, each.name)]


def _size(files: Sequence[Path]) -> int:
    try:
        return sum(each.stat().st_size for each in files)
    except FileNotFoundError:
        return 0  # one was rotated between listing and looking


def _value(figure: str, case: str, number: float, unit: Unit) -> Value:
    return Value(figure=figure, case=case, number=number, unit=unit)
