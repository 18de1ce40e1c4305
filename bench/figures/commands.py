"""How long a person waits for a command, the whole process, with 100 services."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

from bench.manager import Manager
from bench.reading import Figure, Unit, Value
from bench.session import Stage, quiet, session

_COUNT = 100
_OLD_ENOUGH = 2.0  # seconds
_WITHIN = 60.0  # seconds


def _measure(stage: Stage, manager: Manager) -> Iterator[Value]:
    with session(stage, quiet(_COUNT)) as opened:
        opened.begin(manager)
        opened.stamps.more(within=_OLD_ENOUGH)
        for _ in range(3):
            ran = opened.run(manager, manager.status(opened.site))
            if any(each.name not in ran.output for each in opened.site.services):
                raise RuntimeError(f"its status names not all services: {ran.output[-300:]}")
            yield _value("status", ran.ms)
        name = opened.site.services[random.randrange(_COUNT)].name
        at = time.monotonic_ns()
        ran = opened.run(manager, manager.restart(opened.site, name))
        yield _value("restart", ran.ms)
        (stamp,) = opened.stamps.take(1, within=_WITHIN)
        yield _value("restart, until it runs", (stamp.at - at) / 1e6)
        opened.stamps.more(within=_OLD_ENOUGH)
        yield _value("stop", opened.run(manager, manager.stop(opened.site, name)).ms)
        opened.stamps.more(within=_OLD_ENOUGH)
        at = time.monotonic_ns()
        yield _value("start", opened.run(manager, manager.start(opened.site, name)).ms)
        (stamp,) = opened.stamps.take(1, within=_WITHIN)
        yield _value("start, until it runs", (stamp.at - at) / 1e6)


def _value(case: str, number: float) -> Value:
    return Value(figure="commands", case=case, number=number, unit=Unit.MS)


FIGURE = Figure(
    name="commands",
    tables={
        "commands": f"commands about one of {_COUNT} services (status: about all), whole processes"
    },
    measure=_measure,
    rounds=3,
)
