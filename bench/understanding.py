"""Measures what it costs that logs are understood: ``python -m bench.understanding``.

A program that writes as fast as it can is captured by a real agent, in turns with and without
detectors: what it could write meanwhile, and the processor time the agent took.  Then lines of each
form are read in this process, for the processor time of one.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.spread import Spread
from svcctl.app.understanding.allowance import SHARE
from svcctl.app.understanding.listener import Listener
from svcctl.detect.log_watch import LogWatch

WITH, WITHOUT = "understood", "not understood"
LEAST = 0.9
"""Of what a program can write without detectors, so much it can write with them."""

_SECONDS = 5.0
_PATIENCE = 60.0  # seconds
_LINES = 20_000
_BATCH = 200  # lines
_LOUD = r"""
import os, sys, time
line = b"2026-11-21T10:00:00 INFO served page 12345 for user77 in 33 ms, and it went well\n"
block = line * (4096 // len(line))
written, end = 0, time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    written += os.write(1, block)
with open(sys.argv[2] + ".new", "w") as file:
    file.write(str(written))
os.rename(sys.argv[2] + ".new", sys.argv[2])
"""
_SERVICE = """
[services.{name}]
exec = [{python}, "loud.py", "{seconds}", "{name}.written"]
start = "manual"
restart.policy = "never"
detect = {detect}
log = {{ max_size = "64MiB", keep = 2, compress = false }}
"""

FORMS: Mapping[str, Callable[[int], str]] = {
    "plain": lambda n: f"2026-11-21T10:00:{n % 60:02d} INFO served page {n} for user{n % 77}",
    "plain, with a time": lambda n: f"2026-11-21 10:00:00 INFO served page {n} in {n % 97} ms",
    "logfmt": lambda n: f'level=info msg="request done" path=/a/{n} status=200 duration={n % 90}ms',
    "JSON": lambda n: json.dumps(
        {"level": "info", "msg": "request done", "path": f"/a/{n}", "status": 200, "took": n % 90}
    ),
    "access log": lambda n: (
        f'10.0.0.{n % 200} - - [21/Nov/2026:10:00:00 +0000] "GET /a/{n} HTTP/1.1" 200 {n} "-" '
        f'"curl/8" 0.0{n % 90}'
    ),
}
"""A line of each form, by its number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One round of the loud program: bytes it could write a second, and the agent's time in it."""

    subject: str
    round: int
    written: float
    processor: float


def main() -> int:
    """Do what the command line asks; 1 if a promise is not kept."""
    parser = argparse.ArgumentParser(prog="python -m bench.understanding", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every reading there")
    args = parser.parse_args()
    readings = measure(rounds=args.rounds, seed=args.seed)
    costs = {form: cost_of(line) for form, line in FORMS.items()}
    if args.json:
        found = {"capture": [asdict(each) for each in readings], "microseconds": costs}
        args.json.write_text(json.dumps(found, indent=0) + "\n")
    print(report(readings, costs))
    if kept(readings) < LEAST:
        print(f"less than {LEAST:.0%} of what is captured without", file=sys.stderr)
    return kept(readings) < LEAST


def measure(*, rounds: int, seed: int) -> list[Reading]:
    """Take a reading with and one without detectors in every round, in an order of its own."""
    chance, readings = random.Random(seed), []
    with tempfile.TemporaryDirectory(prefix="svb") as folder, _agent(Path(folder)) as pid:
        for number in range(rounds):
            for subject in chance.sample([WITH, WITHOUT], 2):
                print(f"round {number + 1}: {subject}", file=sys.stderr)
                readings.append(_read(subject, number, Path(folder), pid))
    return readings


def cost_of(line: Callable[[int], str], *, count: int = _LINES) -> float:
    """Give the microseconds of processor time that one line takes, once its template is known."""
    listener, watch = Listener(), LogWatch("bench")
    lines = [line(number).encode() for number in range(count)]
    begun = time.process_time()
    for first in range(0, count, _BATCH):
        at = 1.75e9 + first / 100
        texts, said = listener.hear(lines[first : first + _BATCH], at=at)
        watch.read(texts, at=at, said=said)
    return (time.process_time() - begun) / count * 1e6


def kept(readings: list[Reading]) -> float:
    """Give what part of what is written without detectors is written with them, round by round."""
    found = {(each.round, each.subject): each.written for each in readings}
    rounds = {number for number, _ in found}
    return Spread.of([found[each, WITH] / found[each, WITHOUT] for each in rounds]).median


def report(readings: list[Reading], costs: Mapping[str, float]) -> str:
    """Give two tables: the loud program, and the cost of a line with what fits into the share."""
    lines = [
        "| a program that writes all it can | MB/s | ± | agent, s of processor per s |",
        "|---|--:|--:|--:|",
    ]
    for subject in (WITHOUT, WITH):
        written = _written(readings, subject)
        took = Spread.of([each.processor for each in readings if each.subject == subject])
        lines.append(
            f"| {subject} | {written.median / 1e6:.0f} | {written.mad / 1e6:.0f} "
            f"| {took.median:.2f} |"
        )
    lines += ["", f"With them, {kept(readings):.0%} is written of what is without.", ""]
    lines += [f"| form | µs a line | lines/s in {SHARE:.0%} of a core |", "|---|--:|--:|"]
    lines += [
        f"| {form} | {cost:.1f} | {SHARE * 1e6 / cost:,.0f} |" for form, cost in costs.items()
    ]
    return "\n".join(lines)


def _written(readings: list[Reading], subject: str) -> Spread:
    return Spread.of([each.written for each in readings if each.subject == subject])


@contextmanager
def _agent(home: Path) -> Iterator[int]:
    """Run an agent that knows both services, and give its pid."""
    (home / "loud.py").write_text(_LOUD)
    names = {"with": "true", "without": "false"}
    text = "version = 1\n" + "".join(
        _SERVICE.format(
            name=name, python=json.dumps(sys.executable), seconds=_SECONDS, detect=detect
        )
        for name, detect in names.items()
    )
    (home / "svcctl.toml").write_text(text)
    command = [sys.executable, "-m", "svcctl", "agent", "run"]
    with (home / "agent.log").open("wb") as log:
        agent = subprocess.Popen(command, env=_environ(home), cwd=home, stdout=log, stderr=log)
    try:
        _until(lambda: _svcctl(home, "agent", "status").returncode == 0)
        _svcctl(home, "apply", "svcctl.toml", "--yes").check_returncode()
        yield agent.pid
    finally:
        agent.terminate()
        agent.wait(_PATIENCE)


def _read(subject: str, number: int, home: Path, pid: int) -> Reading:
    name = "with" if subject == WITH else "without"
    result = home / f"{name}.written"
    result.unlink(missing_ok=True)
    before = _processor(pid)
    _svcctl(home, "start", name).check_returncode()
    _until(result.exists)
    took = _processor(pid) - before
    return Reading(
        subject=subject,
        round=number,
        written=int(result.read_text()) / _SECONDS,
        processor=took / _SECONDS,
    )


def _svcctl(home: Path, *args: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "svcctl", *args]
    return subprocess.run(command, env=_environ(home), cwd=home, capture_output=True, check=False)


def _environ(home: Path) -> dict[str, str]:
    source = str(Path(__file__).parent.parent / "src")
    return {**os.environ, "SVCCTL_HOME": str(home / "home"), "PYTHONPATH": source}


def _processor(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _until(check: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not check():
        if time.monotonic() > deadline:
            raise TimeoutError("the agent does not answer")
        time.sleep(0.02)


if __name__ == "__main__":
    sys.exit(main())
