"""How long it takes to stop everything."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator

from bench.home import PATIENCE, Home, running
from bench.loops import spawning
from bench.proc import Deathwatch
from bench.reading import Figure, Reading, floor, ours

_COUNT = 100


def measure(rounds: int) -> Iterator[Reading]:
    """Stop the services of an agent with one command, and as many processes with kill(2)."""
    with running(_COUNT) as home:
        for _ in range(rounds):
            death, command = _command(home)
            yield ours("last death", death, "ms")
            yield ours("command returns", command, "ms")
            yield floor("last death", _kill(home), "ms")
            home.run("start", "--all")
            home.stamps.take(_COUNT, within=PATIENCE)


def _command(home: Home) -> tuple[float, float]:
    """Give the milliseconds to the last death, and to the end of the command."""
    with Deathwatch(each["pid"] for each in home.status()) as watch:
        at = time.monotonic_ns()
        with subprocess.Popen(
            home.command("stop", "--all", "--yes"),
            env=home.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        ) as stop:
            last = watch.last(within=PATIENCE)
            stop.wait(PATIENCE)
            ended = time.monotonic_ns()
    return (last - at) / 1e6, (ended - at) / 1e6


def _kill(home: Home) -> float:
    with spawning(home, _COUNT):
        pids = [stamp.pid for stamp in home.stamps.take(_COUNT, within=PATIENCE)]
        with Deathwatch(pids) as watch:
            at = time.monotonic_ns()
            for pid in pids:
                os.kill(pid, signal.SIGTERM)
            last = watch.last(within=PATIENCE)
    return (last - at) / 1e6


FIGURE = Figure(
    name="stop",
    about="svcctl stop --all with 100 services, the command's own start included",
    floor="kill(2) of as many processes",
    measure=measure,
)
