"""Measures a service that does nothing, beside Python without svcctl: ``python -m bench.sdk``.

Each subject is a process of its own, in turns: how long until it is ready, what memory it takes
once it is idle, and how long from a SIGTERM to its death.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.proc import Deathwatch, memory, resident
from bench.spread import Spread

OURS, BARE = "svcctl", "python alone"
SUBJECTS: Mapping[str, str] = {
    OURS: """
import os
from svcctl import Context, Service


class Hello(Service):
    async def run(self, ctx: Context) -> None:
        ctx.ready()
        os.write(1, b"!")
        await ctx.stopped()


if __name__ == "__main__":
    Hello.main()
""",
    "asyncio alone": """
import asyncio, os, signal


async def main():
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    os.write(1, b"!")
    await stopping.wait()


asyncio.run(main())
""",
    BARE: """
import os, signal, sys

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
os.write(1, b"!")
while True:
    signal.pause()
""",
}
MOST_MEMORY = 22.0
"""MB of resident memory that are promised not to be exceeded."""
LONGEST_STOP = 50.0
"""Milliseconds likewise."""
LONGEST_IMPORT = 50.0
"""Milliseconds of ``import svcctl``, likewise."""

_ROOT = Path(__file__).parent.parent
_SETTLED = 0.5  # seconds after which nothing of the start is under way
_PATIENCE = 30.0  # seconds
_IMPORT = "import time; t = time.perf_counter(); import svcctl; print(time.perf_counter() - t)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One subject in one round: milliseconds, and MB of memory (10^6 bytes)."""

    subject: str
    round: int
    start: float
    stop: float
    resident: float
    pss: float


def main() -> int:
    """Do what the command line asks; 1 if a promise is not kept."""
    parser = argparse.ArgumentParser(prog="python -m bench.sdk", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every reading there")
    args = parser.parse_args()
    readings = measure(rounds=args.rounds, seed=args.seed)
    imports = [import_time() for _ in range(args.rounds)]
    if args.json:
        args.json.write_text(json.dumps([asdict(each) for each in readings], indent=0) + "\n")
    print(report(readings))
    print(f"\n`import svcctl`: {Spread.of(imports).median:.1f} ms")
    missed = broken(readings, imports)
    for each in missed:
        print(each, file=sys.stderr)
    return bool(missed)


def measure(*, rounds: int, seed: int) -> list[Reading]:
    """Take one reading of each subject in every round, in an order of its own."""
    chance, readings = random.Random(seed), []
    with tempfile.TemporaryDirectory(prefix="svb") as folder:
        for number in range(rounds):
            for subject in chance.sample(list(SUBJECTS), len(SUBJECTS)):
                print(f"round {number + 1}: {subject}", file=sys.stderr)
                readings.append(read(subject, number, Path(folder)))
    return readings


def read(subject: str, number: int, folder: Path) -> Reading:
    """Start a subject in *folder*, let it come to rest, and stop it."""
    program = folder / "subject.py"
    program.write_text(SUBJECTS[subject])
    began = time.monotonic_ns()
    with subprocess.Popen(
        [sys.executable, str(program)],
        env=_environ(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        if process.stdout.read(1) != b"!":
            raise RuntimeError(f"{subject} has not begun")
        ready = time.monotonic_ns()
        time.sleep(_SETTLED)
        found, pages = memory([process.pid]), resident([process.pid])
        with Deathwatch([process.pid]) as watch:
            asked = time.monotonic_ns()
            process.send_signal(signal.SIGTERM)
            died = watch.last(within=_PATIENCE)
        if process.wait() != 0:
            raise RuntimeError(f"{subject} ended with {process.returncode}")
    return Reading(
        subject=subject,
        round=number,
        start=(ready - began) / 1e6,
        stop=(died - asked) / 1e6,
        resident=pages,
        pss=found.pss,
    )


def import_time() -> float:
    """Give the milliseconds of ``import svcctl`` in a Python that runs already."""
    ran = subprocess.run(
        [sys.executable, "-c", _IMPORT], env=_environ(_ROOT), capture_output=True, check=True
    )
    return float(ran.stdout) * 1000


def report(readings: Sequence[Reading]) -> str:
    """Give a table of medians, with the time of a stop as a multiple of that of bare Python."""
    least = _median(readings, BARE, lambda each: each.stop)
    lines = [
        "| | ready, ms | stopped, ms | beside bare Python | resident, MB | PSS, MB |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for subject in SUBJECTS:
        stop = _median(readings, subject, lambda each: each.stop)
        lines.append(
            f"| {subject} | {_median(readings, subject, lambda each: each.start):.0f} "
            f"| {stop:.1f} | {stop / least:.1f}× "
            f"| {_median(readings, subject, lambda each: each.resident):.1f} "
            f"| {_median(readings, subject, lambda each: each.pss):.1f} |"
        )
    return "\n".join(lines)


def broken(readings: Sequence[Reading], imports: Sequence[float]) -> list[str]:
    """Give the promises that are not kept."""
    kept = (
        ("resident memory", _median(readings, OURS, lambda each: each.resident), MOST_MEMORY, "MB"),
        ("a stop", _median(readings, OURS, lambda each: each.stop), LONGEST_STOP, "ms"),
        ("import svcctl", Spread.of(imports).median, LONGEST_IMPORT, "ms"),
    )
    return [
        f"{what}: {found:.1f} {unit}, more than the {most:g} promised"
        for what, found, most, unit in kept
        if found > most
    ]


def _median(readings: Sequence[Reading], subject: str, of: Callable[[Reading], float]) -> float:
    return Spread.of([of(each) for each in readings if each.subject == subject]).median


def _environ(folder: Path) -> dict[str, str]:
    ours = {"PYTHONPATH": str(_ROOT / "src"), "SVCCTL_HOME": str(folder), "NOTIFY_SOCKET": ""}
    return os.environ | ours


if __name__ == "__main__":
    sys.exit(main())
