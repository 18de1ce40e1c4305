"""Guards the three hottest parts against slowly becoming slower: ``python -m bench.micro --check``.

Each part is timed beside a bare loop that does the least of the same kind of work, in the same
process and in turns.  What is kept and compared is the ratio of the two, since that survives a
change of machine.  Time is processor time, so that a busy machine matters little.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from svcctl.engine.bus import LocalBus
from svcctl.engine.life import Ending, Input, Instance, Told
from svcctl.engine.machine import step
from svcctl.events import Event, PhaseChanged
from svcctl.observe.logs.archive import Packer
from svcctl.observe.logs.capture import Capture
from svcctl.observe.logs.fifo import Fifos
from svcctl.spec.policy import LogPolicy, RestartPolicy
from svcctl.spec.service import ServiceSpec
from svcctl.system.clock import SystemClock

RATIOS = Path(__file__).with_name("ratios.json")
TOLERANCE = 1.25
"""A ratio may be this much larger than the one that is kept."""

_BATCHES = 40
_CHUNK = b"%099d\n" % 0 * 41  # bytes of a write: about 4 KiB


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A part and its bare loop; each does the same number of turns with every call."""

    part: Callable[[], None]
    bare: Callable[[], None]


@contextmanager
def machine() -> Iterator[Pair]:
    """A service that starts, fails and starts again; bare: as many records, changed once each."""
    spec = ServiceSpec(name="web", exec=("web",), restart=RestartPolicy(delay=1.0, jitter=0.0))
    up = [Input(kind=kind, at=1.0) for kind in (Told.START, Told.SPAWNED, Told.READY)]
    told = [*up, Input(kind=Told.EXITED, at=9.0, ending=Ending.BAD, reason="exit code 1")]

    def part() -> None:
        for _ in range(100):
            instance = Instance()
            for each in told:
                instance, _effects = step(instance, each, spec)

    def bare() -> None:
        for _ in range(100):
            record = Instance()
            for each in told:
                record = replace(record, reason=each.reason)

    yield Pair(part=part, bare=bare)


@contextmanager
def bus() -> Iterator[Pair]:
    """Events for three subscribers; bare: three calls for each event."""
    event = PhaseChanged(at=1.0, service="web", old="starting", new="running", reason="")
    seen: list[Event] = []
    subscribers = [seen.append, seen.append, seen.append]
    local = LocalBus()
    for each in subscribers:
        local.subscribe(each)

    def part() -> None:
        seen.clear()
        for _ in range(1000):
            local.publish(event)

    def bare() -> None:
        seen.clear()
        for _ in range(1000):
            for each in subscribers:
                each(event)

    yield Pair(part=part, bare=bare)


@contextmanager
def capture() -> Iterator[Pair]:
    """Writes of 4 KiB that are drained one by one; bare: a write and a splice(2) for each."""
    with tempfile.TemporaryDirectory(prefix="svb") as folder, _capturing(folder) as captured:
        writer = captured.writer("stdout")
        assert writer is not None
        read, write = os.pipe()
        file = os.open(f"{folder}/bare", os.O_WRONLY | os.O_CREAT)

        def part() -> None:
            for _ in range(100):
                os.write(writer, _CHUNK)
                captured.drain()

        def bare() -> None:
            for _ in range(100):
                os.write(write, _CHUNK)
                os.splice(read, file, 1 << 20)

        try:
            yield Pair(part=part, bare=bare)
        finally:
            for descriptor in (writer, read, write, file):
                os.close(descriptor)


PARTS: Mapping[str, Callable[[], AbstractContextManager[Pair]]] = {
    "step": machine,
    "bus": bus,
    "capture": capture,
}


def ratio(pair: Pair) -> float:
    """Give the time of the part divided by that of its bare loop: the least of many batches each.

    Whatever disturbs a batch makes it longer, never shorter.
    """
    part, bare = [], []
    for _ in range(_BATCHES):
        part.append(_timed(pair.part))
        bare.append(_timed(pair.bare))
    return min(part) / min(bare)


def slower(found: Mapping[str, float], kept: Mapping[str, float]) -> list[str]:
    """Give a line for each part whose ratio is more than a quarter above the one kept."""
    return [
        f"{name}: {found[name]:.2f} times its bare loop, {kept[name]:.2f} before"
        for name in found
        if name in kept and found[name] > kept[name] * TOLERANCE
    ]


def main() -> int:
    """Measure; compare with the ratios kept for this Python, or keep new ones."""
    parser = argparse.ArgumentParser(prog="python -m bench.micro", description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail if a part became 25 %% slower")
    parser.add_argument("--save", action="store_true", help="keep what is found, at a release")
    args = parser.parse_args()
    python = ".".join(platform.python_version_tuple()[:2])
    stored: dict[str, dict[str, float]] = json.loads(RATIOS.read_text())
    found = _measure()
    for name, each in found.items():
        print(f"{name}: {each:.2f} times its bare loop")
    if args.save:
        RATIOS.write_text(json.dumps(stored | {python: found}, indent=2) + "\n")
    if not args.check:
        return 0
    if python not in stored:
        print(f"no ratios are kept for Python {python}, so nothing was compared", file=sys.stderr)
        return 0
    problems = slower(found, stored[python])
    if problems:  # once more, in case something else was at work
        problems = slower(_measure(), stored[python])
    print("\n".join(problems), file=sys.stderr, end="\n" if problems else "")
    return bool(problems)


def _measure() -> dict[str, float]:
    found = {}
    for name, opened in PARTS.items():
        with opened() as pair:
            found[name] = round(ratio(pair), 2)
    return found


def _timed(call: Callable[[], None]) -> int:
    at = time.thread_time_ns()
    call()
    return time.thread_time_ns() - at


@contextmanager
def _capturing(folder: str) -> Iterator[Capture]:
    """Open a capture; its event loop never runs, so that nothing but ``drain`` moves bytes."""
    loop = asyncio.new_event_loop()

    async def opened() -> Capture:
        return Capture(
            "web",
            "web",
            folder=f"{folder}/logs",
            inlets=Fifos(f"{folder}/pipes", "web", owner=None),
            policy=LogPolicy(max_size=1 << 30),
            clock=SystemClock(),
            bus=LocalBus(),
            packer=Packer(),
        )

    captured = loop.run_until_complete(opened())
    try:
        yield captured
    finally:
        loop.run_until_complete(_close(captured))
        loop.close()


async def _close(captured: Capture) -> None:
    captured.close()


if __name__ == "__main__":
    sys.exit(main())
