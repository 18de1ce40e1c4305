"""How long after the start of an agent all its services run."""

from __future__ import annotations

from collections.abc import Iterator

from bench.home import PATIENCE, Home, running
from bench.loops import spawning
from bench.reading import Figure, Reading, floor, ours

_SIZES = (10, 100, 1000)


def measure(rounds: int) -> Iterator[Reading]:
    """Start an agent that finds its services in its state, and a loop of posix_spawn(3)."""
    for count in _SIZES:
        case = f"{count} services"
        with running(count) as home:
            for _ in range(rounds):
                home.stop_agent()
                yield ours(case, _agent(home, count), "ms")
                home.stop_agent()
                yield floor(case, _loop(home, count), "ms")


def _agent(home: Home, count: int) -> float:
    """Give the time from before the agent's process to the stamp of its last service."""
    at = home.launch()
    return (home.stamps.take(count, within=PATIENCE)[-1].at - at) / 1e6


def _loop(home: Home, count: int) -> float:
    """Give the time from the first posix_spawn (Python runs already) to the last stamp."""
    with spawning(home, count) as loop:
        last = home.stamps.take(count, within=PATIENCE)[-1].at
        return (last - loop.said()) / 1e6


FIGURE = Figure(
    name="start",
    about="start of the agent's process to the last service's own stamp",
    floor="a posix_spawn loop, already running",
    measure=measure,
)
