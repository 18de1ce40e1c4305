"""How long a change of a few among many services takes, and whether the others notice."""

from __future__ import annotations

import time
from collections.abc import Iterator

from bench.manager import Manager, Reconciling
from bench.reading import Figure, Unit, Value
from bench.session import Stage, quiet, session

_COUNT = 1000
_CHANGED = 10
_WITHIN = 120.0  # seconds


def _measure(stage: Stage, manager: Manager) -> Iterator[Value]:
    assert isinstance(manager, Reconciling)
    with session(stage, quiet(_COUNT)) as opened:
        opened.begin(manager)
        opened.stamps.more(within=2.0)
        changed = [each.name for each in opened.site.services[:: _COUNT // _CHANGED]]
        opened.setup(manager, changed=changed)
        command = manager.apply(opened.site)
        at = time.monotonic_ns()
        ran = opened.run(manager, command)
        stamps = opened.stamps.take(_CHANGED, within=_WITHIN)
        yield _value("command returns", ran.ms, Unit.MS)
        yield _value("the last of them runs", (stamps[-1].at - at) / 1e6, Unit.MS)
        others = {each.name for each in [*stamps, *opened.stamps.more(within=1.0)]} - {*changed}
        yield _value("others restarted", len(others), Unit.SERVICES)


def _value(case: str, number: float, unit: Unit) -> Value:
    return Value(figure="change", case=case, number=number, unit=unit)


FIGURE = Figure(
    name="change",
    tables={"change": f"{_CHANGED} of {_COUNT} definitions have changed and are taken over"},
    measure=_measure,
    fits=lambda manager: isinstance(manager, Reconciling) and manager.traits.most >= _COUNT,
    rounds=2,
    patience=300,
)
