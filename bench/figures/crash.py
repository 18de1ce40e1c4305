"""How long a killed service is away, with the least restart delay that a manager has."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Generator, Iterator

from bench.manager import Manager
from bench.reading import Figure, Unit, Value
from bench.session import Session, Stage, quiet, session

_COUNT = 5
_GROWN_UP = 1.5  # seconds; some punish those that die younger
_WITHIN = 60.0  # seconds


def _measure(stage: Stage, manager: Manager) -> Iterator[Value]:
    with session(stage, quiet(_COUNT)) as opened:
        _, started = opened.begin(manager)
        for stamp in started[:1] if manager.traits.detached else started:
            yield from _kill_twice(opened, stamp.pid)


def _floor(stage: Stage) -> Iterator[Value]:
    with session(stage) as opened:
        opened.floor("respawn", stage.workload, opened.stamps.path)
        (stamp,) = opened.stamps.take(1, within=_WITHIN)
        pid = stamp.pid
        for _ in range(_COUNT):
            pid = yield from _kill_twice(opened, pid)


def _kill_twice(opened: Session, pid: int) -> Generator[Value, None, int]:
    """Kill a service, and its replacement as soon as it runs; give the pid of the next."""
    # at any instant, so that it is in step with nobody's clock
    time.sleep(_GROWN_UP + random.random())
    for case in ("first", "again at once"):
        at = time.monotonic_ns()
        os.kill(pid, signal.SIGKILL)
        (stamp,) = opened.stamps.take(1, within=_WITHIN)
        pid = stamp.pid
        yield Value(figure="crash", case=case, number=(stamp.at - at) / 1e6, unit=Unit.MS)
    return pid


FIGURE = Figure(
    name="crash",
    tables={"crash": "kill -9 of a service to the stamp of its replacement"},
    measure=_measure,
    floors={"waitpid loop": _floor},
)
