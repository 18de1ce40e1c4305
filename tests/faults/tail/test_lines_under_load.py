"""Real writers that rotate, and real tailers that are stopped and killed: no line is lost."""

from __future__ import annotations

import random
import signal
import subprocess
from pathlib import Path

import pytest

from tests.faults.tail.stand import PATIENCE, Count, Load, Stand
from tests.faults.trial import Effort

WELL = Count(lost=0, repeated=0, in_order=True)


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    """A log nobody writes yet."""
    return Stand(tmp_path)


@pytest.mark.parametrize(
    ("how", "rate", "every"),
    [
        ("rename", 20_000, 1.0),
        ("rename", 100_000, 0.3),
        ("rename", 20_000, 0.05),
        ("copy", 20_000, 1.0),
        ("copy", 100_000, 0.3),
        ("copy", 20_000, 0.05),
        ("delete", 20_000, 1.0),
        ("delete", 20_000, 0.5),
    ],
)
def test_no_rotation_loses_or_repeats_a_line(
    stand: Stand, effort: Effort, how: str, rate: float, every: float
) -> None:
    load = Load(how=how, lines=effort.of(int(15 * rate), bounded=40_000), rate=rate, every=every)
    tailer = stand.follow()
    writer = stand.write(load)

    assert writer.wait(PATIENCE) == 0
    stand.end(tailer)

    assert stand.count(load.lines) == WELL


@pytest.mark.parametrize("how", ["rename", "copy"])
@pytest.mark.parametrize("glob", ["app.log", "app.log*"])
def test_a_tailer_that_is_stopped_over_rotations_misses_none(
    stand: Stand, effort: Effort, how: str, glob: str
) -> None:
    lines = effort.of(150_000, bounded=30_000)
    load = Load(how=how, lines=lines, rate=10_000, every=lines / 10_000 / 12)
    tailer = stand.follow(glob)
    writer = stand.write(load)
    _pass(writer, lines / 10_000 / 3)

    tailer.send_signal(signal.SIGSTOP)
    _pass(writer, lines / 10_000 / 3)
    tailer.send_signal(signal.SIGCONT)
    assert writer.wait(PATIENCE) == 0
    stand.end(tailer)

    assert stand.count(load.lines) == WELL


@pytest.mark.parametrize("how", ["rename", "copy"])
@pytest.mark.parametrize("glob", ["app.log", "app.log*"])
def test_a_tailer_that_is_killed_over_rotations_misses_none(
    stand: Stand, effort: Effort, how: str, glob: str
) -> None:
    lines = effort.of(150_000, bounded=30_000)
    load = Load(how=how, lines=lines, rate=10_000, every=lines / 10_000 / 12)
    tailer = stand.follow(glob)
    writer = stand.write(load)
    _pass(writer, lines / 10_000 / 3)

    tailer.kill()
    tailer.wait()
    _pass(writer, lines / 10_000 / 3)
    tailer = stand.follow(glob)
    assert writer.wait(PATIENCE) == 0
    stand.end(tailer)

    count = stand.count(load.lines)
    assert count.lost == 0
    assert count.in_order == (not count.repeated)
    assert count.repeated <= lines / 3  # what was not yet saved when it was killed


@pytest.mark.parametrize("how", ["rename", "copy"])
def test_a_tailer_killed_again_and_again_loses_nothing_and_repeats_little(
    stand: Stand, effort: Effort, chance: random.Random, how: str
) -> None:
    rate = 20_000
    lines = effort.of(30 * rate, bounded=4 * rate)
    load = Load(how=how, lines=lines, rate=rate, every=0.5, keep=60)
    tailer, kills = stand.follow(), 0
    writer = stand.write(load)

    while writer.poll() is None:
        _pass(writer, 0.3 + chance.random())
        tailer.kill()
        tailer.wait()
        kills += 1
        _pass(writer, chance.random())
        tailer = stand.follow()
    stand.end(tailer)

    count = stand.count(load.lines)
    assert count.lost == 0
    assert count.in_order == (not count.repeated)
    assert count.repeated <= kills * 0.5 * rate  # what comes between two savings, and more
    print(f"{kills} kills, {count.repeated} of {lines} lines repeated")  # noqa: T201


def _pass(writer: subprocess.Popen[bytes], seconds: float) -> None:
    """Let the writer write for so long."""
    try:
        writer.wait(seconds)
    except subprocess.TimeoutExpired:
        return
