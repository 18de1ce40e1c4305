"""What becomes of services when their agent is killed, and how soon a new one has them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

from bench import proc
from bench.home import Home, running
from bench.loops import running_loop
from bench.reading import Figure, Reading, floor, ours

_COUNT = 100


def measure(rounds: int) -> Iterator[Reading]:
    """Kill the agent, start another, and compare the services with those before."""
    with running(_COUNT) as home:
        pids = sorted(each["pid"] for each in home.status())
        for _ in range(rounds):
            yield from _agent(home, pids)
            yield floor("new agent ready", _loop(home, pids), "ms")


def _agent(home: Home, pids: list[int]) -> Iterator[Reading]:
    assert home.agent
    os.kill(home.pid, signal.SIGKILL)
    home.agent.wait()
    started = home.stamps.more(within=0.5)
    yield ours("alive without an agent", sum(map(proc.alive, pids)), f"of {_COUNT}")
    at = home.launch()
    yield ours("new agent ready", (home.until_ready() - at) / 1e6, "ms")
    started += home.stamps.more(within=0.5)
    yield ours("started again", len(started), "services")
    same = set(pids) & {each["pid"] for each in home.status() if each["phase"] == "running"}
    yield ours("adopted", len(same), f"of {_COUNT}")


def _loop(home: Home, pids: list[int]) -> float:
    at = time.monotonic_ns()
    with running_loop(home, "watch", *map(str, pids)) as loop:
        return (loop.said() - at) / 1e6


FIGURE = Figure(
    name="kill9",
    about="kill -9 of an agent with 100 services, then a new agent",
    floor="a Python that starts, reads every /proc/PID/stat and opens every pidfd",
    measure=measure,
)
