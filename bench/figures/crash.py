"""How long a killed service is away when its definition asks for no delay."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

from bench.home import PATIENCE, Home, running
from bench.loops import running_loop
from bench.reading import Figure, Reading, floor, ours

_AGAIN = 10  # times the same service is killed after the first


def measure(rounds: int) -> Iterator[Reading]:
    """Kill services of an agent, and the child of a loop of waitpid(2) and posix_spawn(3)."""
    with running(rounds) as home:
        pids = {each["service"]: each["pid"] for each in home.status()}
        for pid in pids.values():
            waits, _ = _kill(home, pid)
            yield from (ours(case, each, "ms") for case, each in _named(waits))
            yield from (floor(case, each, "ms") for case, each in _named(_loop(home)))


def _named(waits: list[float]) -> Iterator[tuple[str, float]]:
    first, *again = waits
    yield "first", first
    yield from (("repeated", each) for each in again)


def _kill(home: Home, pid: int) -> tuple[list[float], int]:
    """Kill *pid*, and each replacement 20 ms after its stamp.

    Gives the milliseconds to the stamps, and the pid of the last replacement.
    """
    waits = []
    for _ in range(_AGAIN + 1):
        time.sleep(0.02)
        at = time.monotonic_ns()
        os.kill(pid, signal.SIGKILL)
        (stamp,) = home.stamps.take(1, within=PATIENCE)
        pid = stamp.pid
        waits.append((stamp.at - at) / 1e6)
    return waits, pid


def _loop(home: Home) -> list[float]:
    with running_loop(home, "respawn", *home.stamps.command("")[:-1]):
        (stamp,) = home.stamps.take(1, within=PATIENCE)
        waits, last = _kill(home, stamp.pid)
        os.kill(last, signal.SIGTERM)
    return waits


FIGURE = Figure(
    name="crash",
    about="kill -9 of a service to the stamp of its replacement",
    floor="a waitpid and posix_spawn loop",
    measure=measure,
)
