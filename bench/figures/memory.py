"""How much memory the agent takes, and how much a service adds."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

from bench import proc
from bench.home import Home, running
from bench.reading import Figure, Reading, floor, ours

_SIZES = (0, 10, 100, 1000)
_SETTLE = 2.0  # seconds before memory is read


def measure(rounds: int) -> Iterator[Reading]:
    """Read the memory of an agent that has started its services from its state."""
    for count in _SIZES:
        with running(count) as home:
            for _ in range(min(rounds, 3)):
                home.stop_agent()
                yield ours(f"{count} services", _agent(home, count), "MB")
                yield floor(f"{count} services", _python(), "MB")


def _agent(home: Home, count: int) -> float:
    home.launch()
    home.until_ready()
    home.stamps.take(count, within=60)
    time.sleep(_SETTLE)
    return proc.pss(home.pid)


def _python() -> float:
    with subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as python:
        assert python.stdin
        time.sleep(0.2)
        used = proc.pss(python.pid)
        python.stdin.write(b"\n")
        python.stdin.close()
    return used


FIGURE = Figure(
    name="memory",
    about="PSS of the agent, 2 s after its services run",
    floor="python -c 'input()'",
    measure=measure,
)
