"""How fast the output of a service reaches its files, at what cost, and whether all of it does."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import proc, writer
from bench.home import PATIENCE, Home, new_home, until
from bench.loops import running_loop
from bench.reading import Figure, Reading, floor, ours
from bench.tally import tally

_BYTES = 200_000_000
_ROTATED = '{ max_size = "20MB", keep = 20, compress = false }'


def measure(rounds: int) -> Iterator[Reading]:
    """Let the same program write to an agent and to a loop of splice(2), on the same disk."""
    for chunk in (100, 4096, 65536):
        with new_home() as home:
            home.launch()
            home.until_ready()
            for number in range(rounds):
                yield from _agent(home, f"w{number}", chunk)
                yield from _loop(home, chunk)


def _command(home: Home, chunk: int) -> list[str]:
    return [sys.executable, writer.__file__, str(_BYTES), str(chunk), home.stamps.fifo]


def _agent(home: Home, name: str, chunk: int) -> Iterator[Reading]:
    command = json.dumps(_command(home, chunk))
    home.apply(
        f"version = 1\n[services.{name}]\nexec = {command}\nlog = {_ROTATED}\n"
        'restart.policy = "never"\n'
    )
    files = home.folder / "logs" / name / name
    cpu = proc.cpu(home.pid)
    seconds = _until_written(home, lambda: _size(files))
    cpu = proc.cpu(home.pid) - cpu
    found = tally((f.read_bytes() for f in _logs(files)), written=_BYTES // writer.LINE)
    yield ours(f"{chunk} B writes", _BYTES / 1e6 / seconds, "MB/s")
    yield ours(f"{chunk} B writes, processor", cpu * 1000, "ms")
    yield ours(f"{chunk} B writes, lost", found.lost, "lines")
    yield ours(f"{chunk} B writes, doubled", found.doubled, "lines")
    yield ours(f"{chunk} B writes, torn", found.torn, "lines")
    for each in _logs(files):
        each.unlink()


def _loop(home: Home, chunk: int) -> Iterator[Reading]:
    target = home.folder / "spliced"
    with running_loop(home, "splice", str(target), *_command(home, chunk)) as loop:
        seconds = _until_written(home, lambda: target.stat().st_size)
        cpu = loop.said() / 1e6
    target.unlink()
    yield floor(f"{chunk} B writes", _BYTES / 1e6 / seconds, "MB/s")
    yield floor(f"{chunk} B writes, processor", cpu, "ms")


def _until_written(home: Home, size: Callable[[], int]) -> float:
    """Give the seconds from the writer's first write until all it wrote is in files.

    Files are only looked at when the writer is done and a pipeful is left, so that looking takes
    no time from those who are measured.  Bytes that never come count as 5 s, and as lost lines.
    """
    begin, end = home.stamps.take(2, within=PATIENCE)
    with contextlib.suppress(TimeoutError):
        until(lambda: size() >= _BYTES, what="all output is in files", within=5.0)
    return (max(time.monotonic_ns(), end.at) - begin.at) / 1e9


def _size(folder: Path) -> int:
    try:
        return sum(each.stat().st_size for each in _logs(folder))
    except FileNotFoundError:
        return 0  # a file was rotated between listing and looking


def _logs(folder: Path) -> list[Path]:
    """Give the files of standard output, without their indexes."""
    found = [folder / name for name in os.listdir(folder) if name.startswith("stdout")]
    return sorted(each for each in found if each.suffix != ".idx")


FIGURE = Figure(
    name="capture",
    about="200 MB of numbered lines, from the first write to the last byte in rotated files",
    floor="a splice loop into one file",
    measure=measure,
)
