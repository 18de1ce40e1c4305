"""Measures what metrics cost: ``python -m bench.metrics``; beside prometheus_client and psutil.

Processor time of this process, the least of several rounds: what a machine that does something
else meanwhile adds is not what is asked for.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from svcctl.app.agent import About
from svcctl.app.foreign_logs import ForeignLogs
from svcctl.app.log_source import LogSources
from svcctl.app.metrics import Metrics
from svcctl.app.natives import Natives
from svcctl.app.watching import Watching
from svcctl.detect.exhaustion import Room
from svcctl.detect.resource_watch import ResourceWatch
from svcctl.engine.manager import AgentManager
from svcctl.observe.history.store import History, Point
from svcctl.observe.metrics.exposition import Family, Kind, render
from svcctl.observe.metrics.tally import Tally
from svcctl.ports import Applied, Launch
from svcctl.spec import canonical
from svcctl.spec.service import ServiceSpec
from svcctl.system.posix.spawn import PosixSpawner
from svcctl.testing.world import FakeWorld

PROCESSES = 1000
SAMPLES = 20_000
MOST = {"sampling": 25.0, "page": 10.0}
"""Milliseconds of processor time that are promised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Milliseconds that something took; *most* is what is promised, None where nothing is."""

    name: str
    milliseconds: float
    most: float | None = None

    @property
    def kept(self) -> bool:
        """Say whether the promise is kept."""
        return self.most is None or self.milliseconds <= self.most


def main() -> int:
    """Do what the command line asks; 1 if a promise is not kept."""
    parser = argparse.ArgumentParser(prog="python -m bench.metrics", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    args = parser.parse_args()
    figures = [
        *asyncio.run(sampling(args.rounds)),
        judging(args.rounds),
        *rendering(args.rounds),
        asyncio.run(whole_page(args.rounds)),
        *history(args.rounds),
    ]
    for each in figures:
        promise = "" if each.most is None else f"  (promised: {each.most:g}, kept: {each.kept})"
        print(f"{each.name:52} {each.milliseconds:8.2f} ms{promise}")
    if args.json:
        args.json.write_text(json.dumps({each.name: each.milliseconds for each in figures}))
    return 0 if all(each.kept for each in figures) else 1


def least(call: Callable[[], object], rounds: int) -> float:
    """Give the least processor time in milliseconds."""
    found = []
    for _ in range(rounds):
        begun = time.process_time()
        call()
        found.append(time.process_time() - begun)
    return 1000 * min(found)


async def sampling(rounds: int) -> list[Figure]:
    """Measure 1,000 programs, each a tree of its own, and beside that the bare system calls."""
    with PosixSpawner() as spawner:
        children = [
            spawner.spawn(
                Launch(tag=f"s{number}", token=f"{number:016x}", argv=("sleep", "600"), env=_env())
            )
            for number in range(PROCESSES)
        ]
        pids = [child.identity.pid for child in children]
        await asyncio.sleep(1.0)

        def look(*, closely: bool) -> None:
            spawner._looks.close()  # a look is shared for a moment, which is not asked for here
            spawner.usage(children, closely=closely)

        look(closely=True)
        title = f"sampling {PROCESSES} services"
        figures = [
            Figure(
                name=f"{title}: bare reads of stat", milliseconds=least(lambda: bare(pids), rounds)
            ),
            Figure(
                name=f"{title}: processor, memory, threads",
                milliseconds=least(lambda: look(closely=False), rounds),
                most=MOST["sampling"],
            ),
            Figure(
                name=f"{title}: files and disk bytes too",
                milliseconds=least(lambda: look(closely=True), rounds),
                most=MOST["sampling"],
            ),
            *_psutil(pids, rounds),
        ]
        for child in children:
            child.signal("KILL")
        await asyncio.sleep(1.0)
    return figures


def judging(rounds: int) -> Figure:
    """Have the detectors judge what 1,000 programs use, once a minute."""
    watches = [ResourceWatch(f"s{number}", started=0.0) for number in range(PROCESSES)]
    minutes = iter(range(10, 100_000))
    rooms = {"memory": Room(left=1e9), "open files": Room(left=1000.0, limit=1024.0)}

    def judge() -> None:
        minute = next(minutes)
        used = {
            "cpu": 10.0 + minute % 7,
            "memory": 1e8 + 1e5 * (minute % 11),
            "open files": 20.0 + minute % 3,
            "threads": 4.0,
            "io": 1e5 * (minute % 5),
        }
        for watch in watches:
            watch.read(used, at=60.0 * minute, rooms=rooms)

    for _ in range(40):  # more than a mean of each
        judge()
    return Figure(
        name=f"judging {PROCESSES} services: five resources each", milliseconds=least(judge, rounds)
    )


def _env() -> dict[str, str]:
    return {"PATH": os.environ["PATH"]}


def bare(pids: list[int]) -> None:
    """Read what cannot be done without."""
    for pid in pids:
        descriptor = os.open(f"/proc/{pid}/stat", os.O_RDONLY)
        os.read(descriptor, 4096)
        os.close(descriptor)


def _psutil(pids: list[int], rounds: int) -> Iterator[Figure]:
    if find_spec("psutil") is None:
        print("psutil is not installed: it is left out", file=sys.stderr)
        return
    psutil: Any = import_module("psutil")
    found = [psutil.Process(pid) for pid in pids]

    def look() -> None:
        for each in found:
            with each.oneshot():
                each.cpu_times(), each.memory_info(), each.num_threads(), each.num_fds()
                each.io_counters()

    yield Figure(name=f"sampling {PROCESSES} processes: psutil", milliseconds=least(look, rounds))


def rendering(rounds: int) -> Iterator[Figure]:
    """Print 20,000 samples, and have prometheus_client do so."""
    labels = [(f"service-{number}", f"service-{number}") for number in range(PROCESSES)]
    families = [
        Family(
            name=f"svcctl_family_{number}",
            kind=Kind.GAUGE,
            help="A number.",
            labels=("service", "service_instance"),
        )
        for number in range(SAMPLES // PROCESSES)
    ]

    samples = [
        (family, {family.series(*each): 12345.678 for each in labels}) for family in families
    ]
    yield Figure(
        name=f"page of {SAMPLES} samples",
        milliseconds=least(lambda: render(samples), rounds),
        most=MOST["page"],
    )
    registry = CollectorRegistry()
    for family in families:
        gauge = Gauge(family.name, family.help, family.labels, registry=registry)
        for each in labels:
            gauge.labels(*each).set(12345.678)
    yield Figure(
        name=f"page of {SAMPLES} samples: prometheus_client",
        milliseconds=least(lambda: generate_latest(registry), max(1, rounds // 5)),
    )


async def whole_page(rounds: int) -> Figure:
    """Gather and print the page of an agent with 1,000 services; its processes are fakes."""
    world = FakeWorld()
    manager = AgentManager(world.ports)
    for number in range(PROCESSES):
        document = canonical.dump(ServiceSpec(name=f"service-{number}", exec=("/bin/app",)))
        name, revision = f"service-{number}", canonical.revision(document)
        await manager.install(Applied(name=name, spec=document, revision=revision))
        manager.start(name)
    about = About(
        version="1",
        home="",
        socket="",
        started_at=0.0,
        adopted=0,
        recovered="",
        usage=dict,
    )
    foreign = ForeignLogs(manager, watching=Watching(manager), open_sources=_no_sources)
    natives, tally = Natives(), Tally()
    metrics = Metrics(manager, about=about, tally=tally, natives=natives, foreign=foreign)
    lines = metrics.page().count("\nsvcctl_")
    return Figure(
        name=f"whole page of {PROCESSES} services, {lines} samples",
        milliseconds=least(metrics.page, rounds),
    )


def _no_sources() -> LogSources:
    raise AssertionError("nothing is watched here")


def history(rounds: int) -> Iterator[Figure]:
    """Write down what 1,000 instances use, and read an hour of one."""
    with _history() as kept:
        at = iter(range(1_750_000_000, 1_760_000_000, 10))

        def write() -> None:
            now = next(at)
            kept.write(
                Point(
                    at=now,
                    instance=f"service-{number}",
                    cpu=1.0,
                    memory_bytes=1 << 24,
                    threads=4,
                    open_files=12,
                )
                for number in range(PROCESSES)
            )

        yield Figure(name="history: a sample of 1000 instances", milliseconds=least(write, rounds))
        last = next(at)
        yield Figure(
            name="history: reading it all back",
            milliseconds=least(lambda: list(kept.read(since=last - 3600, until=last)), rounds),
        )


@contextmanager
def _history() -> Iterator[Any]:
    with tempfile.TemporaryDirectory() as folder:
        kept = History(f"{folder}/history.db", interval=10.0)
        try:
            yield kept
        finally:
            kept.close()


if __name__ == "__main__":
    sys.exit(main())
