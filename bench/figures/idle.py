"""What an agent does when there is nothing to do: it should be nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator

from bench import proc
from bench.home import running
from bench.reading import Figure, Reading, ours

_SETTLE = 5.0  # seconds after which the work of starting is over
_QUIET = 10.0  # seconds


def measure(rounds: int) -> Iterator[Reading]:
    """Count what an agent with services that do nothing does."""
    with running(100) as home:
        for _ in range(min(rounds, 3)):
            home.status()  # an agent that was just asked something, as in real life
            time.sleep(_SETTLE)
            cpu, switches = proc.cpu(home.pid), proc.switches(home.pid)
            time.sleep(_QUIET)
            yield ours("context switches", proc.switches(home.pid) - switches, "in 10 s")
            yield ours("processor time", (proc.cpu(home.pid) - cpu) * 1000, "ms in 10 s")


FIGURE = Figure(
    name="idle", about="an agent with 100 quiet services", floor="nothing", measure=measure
)
