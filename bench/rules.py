"""Measures rules over a followed log, beside a naive loop and grep: ``python -m bench.rules``.

A log of 120-byte lines, of which one in a hundred has a rule's pattern, is read from its beginning
by each subject in turn.  What counts is processor time, so that a busy machine matters little.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from bench.spread import Spread
from svcctl.detect.rules.book import Book
from svcctl.detect.rules.lanes import LANES
from svcctl.observe.logs.tail.tail import Tail
from svcctl.observe.records.around import around
from svcctl.record import Record
from svcctl.spec.log_rule import LogRule
from svcctl.system.clock import SystemClock

COUNTS = (1, 10, 100)
PROMISED: Mapping[int, float] = {1: 4.0, 10: 3.0, 100: 2.0}
"""Millions of lines a second of processor time that are promised with hyperscan, by rules."""

_WIDTH = 120  # bytes of a line
_HITS = 100  # one line in so many has a pattern
_SHARES: Mapping[str, int] = {"naive": 400, "standard": 40, "fluent": 400}
"""How many lines a slow subject is given less of, for a hundred rules."""

FLUENT_BIT = """\
[SERVICE]
    flush 0.2
    grace 60
    log_level error
[INPUT]
    name tail
    path {log}
    read_from_head on
    exit_on_eof on
    buffer_chunk_size 1M
    buffer_max_size 1M
[FILTER]
    name grep
    match *
    logical_op or
{rules}[OUTPUT]
    name file
    match *
    path {folder}
    file out
    format template
    template {{log}}
"""

_KINDS = (
    "job {0} has failed",
    "order-{0}: (?:refused|expired) after [0-9]+ms",
    "user {0} .* denied",
    "(?i)panic in module {0}",
    "disk{0}: .*(?:full|read-only)",
)
_SAID = (
    "job {0} has failed",
    "order-{0}: refused after 120ms",
    "user {0} was denied",
    "PANIC in module {0}",
    "disk{0}: it is full",
)
_WORDS = ("connection", "request", "session", "worker", "cache", "queue", "user", "order", "job")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One subject in one round: lines with a pattern, and lines per second of processor time."""

    subject: str
    rules: int
    round: int
    hits: int
    speed: float


def patterns(count: int) -> list[str]:
    """Give *count* patterns; the first is that of every handbook."""
    kinds = len(_KINDS)
    more = [_KINDS[at % kinds].format(at) for at in range(count - 1)]
    return ["ERROR|Exception|Timeout", *more]


def write_log(path: Path, *, lines: int, rules: int, seed: int = 1) -> None:
    """Write a log in which one line in a hundred has one of the patterns."""
    chance = random.Random(seed)
    with path.open("w", encoding="ascii") as file:
        for number in range(lines):
            second, milli = divmod(number // 20, 1000)
            said = " ".join(chance.choices(_WORDS, k=4)) + f" id={chance.getrandbits(48):012x}"
            if chance.random() < 1 / _HITS:
                rule = chance.randrange(rules)
                hit = _SAID[(rule - 1) % len(_SAID)].format(rule - 1) if rule else "ERROR"
                said = f"{hit} {said}"
            line = (
                f"2026-11-21T10:{second // 60 % 60:02d}:{second % 60:02d}.{milli:03d} INFO {said}"
            )
            file.write(f"{line[: _WIDTH - 1]:.<{_WIDTH - 1}}\n")


def by_svcctl(path: Path, rules: Sequence[str], *, lane: str) -> int:
    """Follow the log with rules that never fire, so that only looking for them is measured."""
    found = 0

    def read(lines: list[bytes]) -> Record:
        nonlocal found
        found += 1
        return Record(raw=lines[0], at=1.0, message="")

    asked = [LogRule(match=each, count=10_000, within=0.001) for each in rules]
    book = Book(asked, service="bench", lane=lane)
    with Tail([str(path)], clock=SystemClock(), at_end=False) as tail:
        while taken := tail.take():
            for block in taken:
                book.sift(block.content, gather=around, read=read)
    return found


def by_loop(path: Path, rules: Sequence[str]) -> int:
    """Search each line for each pattern, as handbooks do."""
    compiled = [re.compile(each) for each in rules]
    with path.open(encoding="utf-8") as file:
        return sum(any(each.search(line) for each in compiled) for line in file)


def by_grep(path: Path, rules: Sequence[str], *, program: Sequence[str]) -> int:
    """Have a program count the lines."""
    argv = [*program, "-e", "|".join(f"(?:{each})" for each in rules), str(path)]
    env = {**os.environ, "LC_ALL": "C"}
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=True)
    return int(done.stdout)


def by_fluent_bit(path: Path, rules: Sequence[str], *, program: str) -> int:
    """Have fluent-bit follow the file to its end and write the lines that have a pattern."""
    with tempfile.TemporaryDirectory() as folder:
        asked = "".join(f"    regex log {each}\n" for each in rules)
        config = Path(folder) / "configuration"
        config.write_text(FLUENT_BIT.format(log=path, folder=folder, rules=asked))
        subprocess.run([program, "-c", str(config)], capture_output=True, check=True)
        found = Path(folder) / "out"
        return found.read_bytes().count(b"\n") if found.exists() else 0


def subjects() -> dict[str, Callable[[Path, Sequence[str]], int]]:
    """Give every subject that can be had on this machine."""
    found: dict[str, Callable[[Path, Sequence[str]], int]] = {
        f"svcctl, {name}": partial(by_svcctl, lane=name)
        for name, (library, _) in LANES.items()
        if not library or find_spec(library)
    }
    found["naive loop"] = by_loop
    if shutil.which("grep"):
        found["grep -cP"] = partial(by_grep, program=("grep", "-cP"))
    if shutil.which("rg"):
        found["ripgrep -j1"] = partial(by_grep, program=("rg", "-c", "-j1"))
    if program := shutil.which("fluent-bit"):
        found["fluent-bit"] = partial(by_fluent_bit, program=program)
    return found


def measure(folder: Path, *, lines: int, rounds: int, only: str = "") -> list[Reading]:
    """Take one reading of each subject and number of rules in every round."""
    readings: list[Reading] = []
    for count in COUNTS:
        log = folder / f"{count}.log"
        write_log(log, lines=lines, rules=count)
        for subject, run in subjects().items():
            for number in range(rounds) if only in subject else ():
                print(f"{count} rules, round {number + 1}: {subject}", file=sys.stderr)
                part, taken = _part(log, subject, count, lines)
                speed, hits = _timed(partial(run, part, patterns(count)), taken)
                readings.append(
                    Reading(subject=subject, rules=count, round=number, hits=hits, speed=speed)
                )
        for each in folder.glob("*.log"):
            each.unlink()
    return readings


def _part(log: Path, subject: str, rules: int, lines: int) -> tuple[Path, int]:
    """Give the beginning of the log that a subject reads in a few seconds."""
    slow = next((less for word, less in _SHARES.items() if word in subject), 0)
    taken = max(lines * 100 // (100 + slow * rules // 10), 1000)
    if taken >= lines:
        return log, lines
    part = log.with_name(f"part of {log.name}")
    with log.open("rb") as file:
        part.write_bytes(file.read(taken * _WIDTH))
    return part, taken


def _timed(call: Callable[[], int], lines: int) -> tuple[float, int]:
    before = _processor()
    hits = call()
    return lines / max(_processor() - before, 1e-9), hits


def _processor() -> float:
    """Give the seconds of processor time of this process and those it has waited for."""
    own, children = (
        resource.getrusage(of) for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def report(readings: Sequence[Reading]) -> str:
    """Give a table of medians, in millions of lines a second of processor time."""
    names = list(dict.fromkeys(each.subject for each in readings))
    lines = ["| | 1 rule | 10 rules | 100 rules |", "|---|--:|--:|--:|"]
    for name in names:
        cells = [f"{median(readings, name, count) / 1e6:.2f} M" for count in COUNTS]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def median(readings: Sequence[Reading], subject: str, rules: int) -> float:
    """Give the speed of a subject, 0 where it has no reading."""
    found = [each.speed for each in readings if (each.subject, each.rules) == (subject, rules)]
    return Spread.of(found).median if found else 0.0


def broken(readings: Sequence[Reading]) -> list[str]:
    """Give the promises that are not kept."""
    found = ((count, median(readings, "svcctl, hyperscan", count) / 1e6) for count in COUNTS)
    return [
        f"{count} rules: {speed:.2f} M lines a second, {PROMISED[count]:g} M promised"
        for count, speed in found
        if speed and speed < PROMISED[count]
    ]


def main() -> int:
    """Do what the command line asks; 1 if a promise is not kept."""
    parser = argparse.ArgumentParser(prog="python -m bench.rules", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--lines", type=int, default=2_000_000)
    parser.add_argument("--only", default="", metavar="TEXT", help="subjects that have it in them")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every reading there")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="svb") as folder:
        readings = measure(Path(folder), lines=args.lines, rounds=args.rounds, only=args.only)
    if args.json:
        args.json.write_text(json.dumps([asdict(each) for each in readings], indent=0) + "\n")
    print(report(readings))
    missed = broken(readings)
    for each in missed:
        print(each, file=sys.stderr)
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
