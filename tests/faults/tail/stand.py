"""A writer and a tailer as processes of their own, and the count of what was lost and repeated."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = Path(__file__).parent / "programs"
PATIENCE = 300.0


@dataclass(frozen=True, kw_only=True)
class Load:
    """What a writer does: lines in all, lines a second, how and how often it rotates."""

    how: str
    lines: int
    rate: float
    every: float
    keep: int = 20


@dataclass(frozen=True, kw_only=True)
class Count:
    """What came of the lines."""

    lost: int
    repeated: int
    in_order: bool


class Stand:
    """``app.log`` in *folder*, and who writes and follows it."""

    def __init__(self, folder: Path, *, state: Path | None = None) -> None:
        self.log, self._out = folder / "logs" / "app.log", folder / "out"
        self._positions = (state or folder) / "positions"
        self.log.parent.mkdir()

    def write(self, load: Load) -> subprocess.Popen[bytes]:
        words = (load.how, load.lines, load.rate, load.every, load.keep)
        program = [sys.executable, str(PROGRAMS / "writer.py"), str(self.log)]
        return subprocess.Popen([*program, *map(str, words)])

    def follow(self, glob: str = "app.log", *, by: Sequence[str] = ()) -> subprocess.Popen[bytes]:
        """Start a tailer, run *by* another program, and wait until it is ready."""
        program = [*by, sys.executable, str(PROGRAMS / "tailer.py")]
        places = [self.log.parent / glob, self._positions, self._out]
        tailer = subprocess.Popen(  # of its own: where one is stopped, a whole group can be hung up
            [*program, *map(str, places)], stdout=subprocess.PIPE, start_new_session=True
        )
        assert tailer.stdout
        with tailer.stdout as said:
            assert said.readline() == b"ready\n"
        return tailer

    def end(self, tailer: subprocess.Popen[bytes]) -> None:
        tailer.send_signal(signal.SIGTERM)
        assert tailer.wait(PATIENCE) == 0

    @property
    def taken(self) -> list[int]:
        """The numbers of the lines that came."""
        found = self._out.read_bytes() if self._out.exists() else b""
        return [int(line[:9]) for line in found.splitlines(keepends=True) if line.endswith(b"\n")]

    def count(self, lines: int) -> Count:
        numbers = self.taken
        seen = Counter(numbers)
        return Count(
            lost=lines - len(seen),
            repeated=len(numbers) - len(seen),
            in_order=numbers == sorted(numbers),
        )
