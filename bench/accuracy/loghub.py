"""How well and how fast templates are found in the logs of Loghub.

Grouping accuracy (GA) is the share of lines whose group has exactly the lines of a true one; FGA
is the harmonic mean of the shares of found and of true groups that are such.
Zhu et al., "Loghub", ISSRE 2023; Jiang et al., "How Far are We?", ISSTA 2024.
"""

from __future__ import annotations

import csv
import re
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from statistics import fmean

from bench.accuracy.figure import Figure
from svcctl.detect.templates import Templates

_COPIES = 10
_DIGIT = re.compile(r"\d")


def figures(data: Path) -> Iterator[Figure]:
    """Measure on the sets that rules were chosen on, and on those kept for reporting."""
    for kind, asked in (("tune", None), ("report", 0.92)):
        scores = [grouping(*logs) for logs in load(data / "loghub" / kind)]
        for name, place in (("GA", 0), ("FGA", 1)):
            what = f"{name}, mean of the sets in `{kind}`"
            reached = round(fmean(each[place] for each in scores), 3)
            yield Figure(subject="templates", what=what, reached=reached, asked=asked)
    lines = [line for logs, _ in load(data / "loghub" / "report") for line in logs]
    yield Figure(
        subject="templates",
        what="lines per CPU second",
        reached=round(_speed(lines), -3),
        asked=300_000,
    )


def load(folder: Path) -> list[tuple[list[str], list[str]]]:
    """Read the lines of each set, without their headers, and the true template of each."""
    found = []
    for file in sorted(folder.glob("*/*_structured_corrected.csv")):
        with file.open(newline="", encoding="utf-8") as opened:
            rows = list(csv.DictReader(opened))
        found.append(([row["Content"] for row in rows], [row["EventTemplate"] for row in rows]))
    return found


def grouping(lines: Sequence[str], truth: Sequence[str]) -> tuple[float, float]:
    """Give GA and FGA of what is found in the lines, learnt one by one in their order."""
    templates = Templates()
    ids = templates.learn(lines)
    found = _groups([templates.resolve(each) for each in ids])
    true = _groups(truth)
    same = found & true
    if not same:
        return 0.0, 0.0
    precision, recall = len(same) / len(found), len(same) / len(true)
    return sum(map(len, same)) / len(lines), 2 * precision * recall / (precision + recall)


def _groups(names: Sequence[str]) -> set[frozenset[int]]:
    groups: dict[str, set[int]] = defaultdict(set)
    for at, name in enumerate(names):
        groups[name].add(at)
    return {frozenset(each) for each in groups.values()}


def _speed(lines: Sequence[str]) -> float:
    """Give lines per second of CPU, from nothing known; each copy has digits of its own."""
    random = Random(1)
    copies = [
        [_DIGIT.sub(lambda _: str(random.randrange(10)), line) for line in lines]
        for _ in range(_COPIES)
    ]
    templates = Templates()
    begun = time.process_time()
    for each in copies:
        templates.learn(each)
    return _COPIES * len(lines) / (time.process_time() - begun)
