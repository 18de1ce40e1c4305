"""Measures logging beside others, in turns: ``python -m bench.logs``; get them first: --install.

Each subject runs in a Python of its own, all of the same virtual environment.  What is compared is
the rate of records, ten fields each, and how many of them a ``kill -9`` loses though their call had
come back.
"""

from __future__ import annotations

import argparse
import json
import mmap
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.cache import cache
from bench.log_subjects import SUBJECTS
from bench.spread import Spread

PEERS = ("orjson", "msgspec", "structlog", "loguru")
OURS = "svcctl"
LEAST = {"svcctl": 200_000, "svcctl, buffered": 300_000}
"""Records a second that are promised."""

_ROOT = Path(__file__).parent.parent
_COUNT = 200_000  # records of one reading
_SLOW_COUNT = 40_000  # of those that would take longer than the rest together
_KILLED_AFTER = 20_000  # records
_PATIENCE = 120.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One subject in one round: records a second of the wall and of the processor; and lost."""

    subject: str
    round: int
    rate: float
    rate_of_processor: float
    lost: int


def main() -> int:
    """Do what the command line asks; 1 if a promise is not kept."""
    parser = argparse.ArgumentParser(prog="python -m bench.logs", description=__doc__)
    parser.add_argument("--install", action="store_true", help="get the peers, and do no more")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every reading there")
    args = parser.parse_args()
    if args.install:
        install()
        return 0
    subjects = _available()
    readings = measure(subjects, rounds=args.rounds, seed=args.seed)
    if args.json:
        args.json.write_text(json.dumps([asdict(each) for each in readings], indent=0) + "\n")
    print(report(readings))
    missed = [name for name, least in LEAST.items() if _rate(readings, name).median < least]
    for name in missed:
        print(f"{name}: less than the {LEAST[name]:,} records/s promised", file=sys.stderr)
    return bool(missed)


def install() -> None:
    """Make the virtual environment in the cache: nothing of it is a part of svcctl's own."""
    subprocess.run([sys.executable, "-m", "venv", _folder()], check=True)
    subprocess.run([_python(), "-m", "pip", "install", "--quiet", *PEERS], check=True)


def measure(subjects: Sequence[str], *, rounds: int, seed: int) -> list[Reading]:
    """Take one reading of each subject in every round, in an order of its own."""
    chance, readings = random.Random(seed), []
    for number in range(rounds):
        for subject in chance.sample(subjects, len(subjects)):
            print(f"round {number + 1}: {subject}", file=sys.stderr)
            with tempfile.TemporaryDirectory(prefix="svb") as folder:
                readings.append(_read(subject, number, Path(folder)))
    return readings


def report(readings: Sequence[Reading]) -> str:
    """Give a table: rates as medians, the ratio to svcctl, and the most records that were lost."""
    ours = _rate(readings, OURS).median
    lines = [
        "| | records/s | ± | per second of processor | svcctl is faster | lost on kill -9 |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for subject in dict.fromkeys(each.subject for each in sorted(readings, key=_rank)):
        found = [each for each in readings if each.subject == subject]
        wall = _rate(readings, subject)
        processor = Spread.of([each.rate_of_processor for each in found]).median
        lost = max(each.lost for each in found)
        lines.append(
            f"| {subject} | {wall.median:,.0f} | {wall.mad:,.0f} | {processor:,.0f} "
            f"| {ours / wall.median:.2f}× | {lost if lost >= 0 else '–'} |"
        )
    return "\n".join(lines)


def _rank(reading: Reading) -> int:
    return list(SUBJECTS).index(reading.subject)


def _rate(readings: Sequence[Reading], subject: str) -> Spread:
    return Spread.of([each.rate for each in readings if each.subject == subject])


def _read(subject: str, number: int, folder: Path) -> Reading:
    count = _SLOW_COUNT if subject in {"loguru", "logging + json"} else _COUNT
    command = [*_command(subject, folder / "timed.log"), "time", str(count)]
    ran = subprocess.run(
        command, env=_environ(), cwd=_ROOT, capture_output=True, check=True, timeout=_PATIENCE
    )
    took = json.loads(ran.stdout)
    return Reading(
        subject=subject,
        round=number,
        rate=count / took["wall"],
        rate_of_processor=count / took["processor"],
        lost=-1 if "not wanted" in subject or "alone" in subject else _lost(subject, folder),
    )


def _lost(subject: str, folder: Path) -> int:
    """Kill a subject while it logs; give how many records it had been told were written."""
    log, counter = folder / "killed.log", folder / "counter"
    counter.write_bytes(bytes(8))
    command = [*_command(subject, log), "count", str(counter)]
    deadline = time.monotonic() + _PATIENCE
    with (
        counter.open("rb") as file,
        mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ) as written,
        subprocess.Popen(command, env=_environ(), cwd=_ROOT) as process,
    ):
        while int.from_bytes(written[:], "little") < _KILLED_AFTER:
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                raise RuntimeError(f"{subject} wrote nothing")
            time.sleep(0.001)
        process.kill()
        process.wait()
        counted = int.from_bytes(written[:], "little")
    return max(0, counted - log.read_bytes().count(b"\n"))


def _command(subject: str, log: Path) -> list[str]:
    return [_python(), "-m", "bench.log_subjects", subject, str(log)]


def _environ() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{_ROOT}{os.pathsep}{_ROOT / 'src'}"}


def _available() -> list[str]:
    """Give the subjects that can be measured; say what is missing."""
    if (Path(_folder()) / "bin" / "python").exists():
        return list(SUBJECTS)
    print("the peers are not installed: python -m bench.logs --install", file=sys.stderr)
    return [name for name in SUBJECTS if name not in {"structlog + orjson", "loguru"}]


def _folder() -> str:
    return str(cache() / "logging")


def _python() -> str:
    there = Path(_folder()) / "bin" / "python"
    return str(there) if there.exists() else sys.executable


if __name__ == "__main__":
    sys.exit(main())
