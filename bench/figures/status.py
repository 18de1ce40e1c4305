"""How long a person waits for ``svcctl status``, the whole process."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

from bench.home import Home, running
from bench.reading import Figure, Reading, floor, ours


def measure(rounds: int) -> Iterator[Reading]:
    """Run the command and an empty Python in turn."""
    with running(100) as home:
        for _ in range(rounds * 4):
            yield ours("100 services", _wall(home, home.command("status")), "ms")
            yield floor("100 services", _wall(home, [sys.executable, "-c", "pass"]), "ms")


def _wall(home: Home, command: list[str]) -> float:
    at = time.monotonic_ns()
    subprocess.run(
        command,
        env=home.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=True,
        timeout=60,
    )
    return (time.monotonic_ns() - at) / 1e6


FIGURE = Figure(
    name="status", about="svcctl status, whole process", floor="python -c pass", measure=measure
)
