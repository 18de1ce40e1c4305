"""How fast many services start and stop, and what keeping them costs in memory."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence

from bench import proc
from bench.manager import Manager
from bench.reading import Figure, Unit, Value
from bench.session import PATIENCE, Session, Stage, quiet, session
from bench.stamps import Stamp

_SETTLE = 2.0  # seconds before memory is read


def of(count: int) -> Figure:
    """Give the figure for *count* services; it also fills the tables of memory and stop."""

    def measure(stage: Stage, manager: Manager) -> Iterator[Value]:
        with session(stage, quiet(count)) as opened:
            at, stamps = opened.begin(manager)
            yield _value("start", count, _last(stamps, at))
            time.sleep(_SETTLE)
            yield from _costs(opened, count)
            yield from _stop(opened, manager, count)

    def floor(stage: Stage) -> Iterator[Value]:
        with session(stage) as opened:
            at = opened.floor("spawn", str(count), stage.workload, opened.stamps.path)
            stamps = opened.stamps.take(count, within=PATIENCE)
            yield _value("start", count, _last(stamps, at))
            yield _value("stop", count, _kill(opened))

    return Figure(
        name=f"start{count}",
        tables={
            "start": "exec of the manager to the last service's own stamp; processor time of the "
            f"manager's processes until {_SETTLE:g} s later",
            "memory": f"of all processes of the manager, {_SETTLE:g} s after the last start",
            "stop": "the command that stops all, its own start included, to the last death",
        },
        measure=measure,
        floors={"spawn loop": floor},
        fits=lambda manager: manager.traits.most >= count,
        rounds=2 if count > 100 else 100,
        patience=300,
    )


def _last(stamps: Sequence[Stamp], began: int) -> float:
    """Give the milliseconds to the last start."""
    return (max(stamp.at for stamp in stamps) - began) / 1e6


def _costs(opened: Session, count: int) -> Iterator[Value]:
    managing = opened.processes().managing
    used = proc.cpu(managing) * 1000
    yield Value(figure="start", case=f"{count} services, processor", number=used, unit=Unit.MS)
    found = proc.memory(managing)
    yield _value("memory", count, found.pss, Unit.MB)
    case = f"{count} services, alone on the machine"
    yield Value(figure="memory", case=case, number=found.alone, unit=Unit.MB)


def _stop(opened: Session, manager: Manager, count: int) -> Iterator[Value]:
    """Stop all by the manager's own command; its start counts, as a person waits for that too."""
    with proc.Deathwatch(opened.processes().kept) as watch:
        at = time.monotonic_ns()
        with subprocess.Popen(
            manager.stop_all(opened.site),
            env=opened.environ(manager),
            cwd=opened.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as command:
            last = watch.last(within=PATIENCE)
            command.wait(PATIENCE)
            ended = time.monotonic_ns()
    yield _value("stop", count, (last - at) / 1e6)
    case = f"{count} services, command returns"
    yield Value(figure="stop", case=case, number=(ended - at) / 1e6, unit=Unit.MS)


def _kill(opened: Session) -> float:
    pids = opened.processes().kept
    with proc.Deathwatch(pids) as watch:
        at = time.monotonic_ns()
        for pid in pids:
            os.kill(pid, signal.SIGTERM)
        return (watch.last(within=PATIENCE) - at) / 1e6


def _value(figure: str, count: int, number: float, unit: Unit = Unit.MS) -> Value:
    return Value(figure=figure, case=f"{count} services", number=number, unit=unit)
