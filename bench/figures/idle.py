"""What a manager does when there is nothing to do."""

from __future__ import annotations

import time
from collections.abc import Iterator

from bench import proc
from bench.manager import Manager
from bench.reading import Figure, Unit, Value
from bench.session import Stage, quiet, session

_COUNT = 100
_SETTLE = 6.0  # seconds after which the work of starting is over
_QUIET = 20.0  # seconds


def _measure(stage: Stage, manager: Manager) -> Iterator[Value]:
    with session(stage, quiet(_COUNT)) as opened:
        opened.begin(manager)
        time.sleep(_SETTLE)
        pids = list(opened.processes().managing)
        cpu, wakeups, at = proc.cpu(pids), proc.wakeups(pids), time.monotonic()
        time.sleep(_QUIET)
        passed = time.monotonic() - at
        used = (proc.cpu(pids) - cpu) / passed
        yield _value("processor", used * 100, Unit.PERCENT)
        yield _value("wake-ups", (proc.wakeups(pids) - wakeups) / passed, Unit.PER_S)


def _value(case: str, number: float, unit: Unit) -> Value:
    return Value(figure="idle", case=case, number=number, unit=unit)


FIGURE = Figure(
    name="idle",
    tables={"idle": f"{_COUNT} quiet services for {_QUIET:g} s, all processes of the manager"},
    measure=_measure,
    rounds=2,
)
