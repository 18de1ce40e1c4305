"""How well unusual sessions are told in the logs of HDFS, from normal sessions alone."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from statistics import fmean

from bench.accuracy.figure import Figure
from svcctl.detect.sessions import Sessions

_SPLITS = 12
_NORMAL = 553_366  # normal sessions of the whole log: what a false alarm is weighed with


def figures(data: Path) -> Iterator[Figure]:
    """Measure on each collection: the mean of a dozen splits of its normal sessions."""
    costs = []
    for folder in sorted((data / "hdfs_sessions").glob("hdfs_*")):
        normal, unusual = _load(folder / "hdfs_train"), _load(folder / "hdfs_test_abnormal")
        found = [_split(normal, unusual, seed) for seed in range(_SPLITS)]
        costs += [cost for _, cost in found]
        yield Figure(
            subject="sessions",
            what=f"F1, {folder.name}",
            reached=round(fmean(f1 for f1, _ in found), 3),
            asked=0.97,
        )
    yield Figure(
        subject="sessions",
        what="µs a session",
        reached=round(1e6 * fmean(costs), 1),
        asked=10,
        least=False,
    )


def _load(file: Path) -> list[list[str]]:
    lines = file.read_text().splitlines()
    return [line.partition(",")[2].split() for line in lines if line]


def _split(
    normal: Sequence[Sequence[str]], unusual: Sequence[Sequence[str]], seed: int
) -> tuple[float, float]:
    """Learn from half of the normal sessions; give F1 on all others, and seconds for each."""
    drawn = Random(seed).sample(normal, len(normal))
    half = len(drawn) // 2
    sessions = Sessions()
    sessions.learn(drawn[:half])
    begun = time.process_time()
    true = sum(sessions.judge("", each, at=0.0) is not None for each in unusual)
    false = sum(sessions.judge("", each, at=0.0) is not None for each in drawn[half:])
    cost = (time.process_time() - begun) / (len(unusual) + len(drawn) - half)
    alarms = false / (len(drawn) - half) * _NORMAL
    return 2 * true / (true + alarms + len(unusual)), cost
