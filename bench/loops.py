"""Runs the bare loops of ``floor.py`` so that they end, with their children, whatever happens."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from typing import IO

from bench import floor
from bench.home import Home


class Loop:
    """A loop that runs."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def said(self) -> int:
        """Wait for the number that the loop says, and give it."""
        return int(_open(self._process.stdout).readline())


@contextlib.contextmanager
def running_loop(home: Home, what: str, *args: str) -> Iterator[Loop]:
    """Run the loop *what*; leaving the block ends its children, and waits for it."""
    process = subprocess.Popen(
        [sys.executable, floor.__file__, what, *args],
        env=home.environ,  # so that the home, when it closes, finds what was left
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Loop(process)
        _open(process.stdin).close()
        process.wait(10)
    finally:
        process.kill()
        process.wait()
        _open(process.stdout).close()


def spawning(home: Home, count: int) -> contextlib.AbstractContextManager[Loop]:
    """Run a loop that starts *count* programs that stamp."""
    return running_loop(home, "spawn", str(count), *home.stamps.command("")[:-1])


def _open(stream: IO[str] | None) -> IO[str]:
    assert stream
    return stream
