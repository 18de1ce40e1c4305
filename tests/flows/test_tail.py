"""A log that is rotated under load, followed by a process that is stopped and killed."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from tests.faults.tail.stand import PATIENCE, Count, Load, Stand

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="needs Linux: signals"),
]


@pytest.mark.parametrize("how", ["rename", "copy"])
def test_lines_come_once_from_a_log_rotated_under_load(tmp_path: Path, how: str) -> None:
    stand = Stand(tmp_path)
    load = Load(how=how, lines=20_000, rate=20_000, every=0.1)
    tailer = stand.follow("app.log*")

    assert stand.write(load).wait(PATIENCE) == 0
    stand.end(tailer)

    assert stand.count(load.lines) == Count(lost=0, repeated=0, in_order=True)


def test_a_killed_follower_is_succeeded_by_one_that_loses_nothing(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    load = Load(how="rename", lines=20_000, rate=20_000, every=0.2)
    tailer = stand.follow()
    writer = stand.write(load)

    tailer.send_signal(signal.SIGKILL)
    tailer.wait(PATIENCE)
    assert writer.wait(PATIENCE) == 0
    stand.end(stand.follow())

    assert stand.count(load.lines).lost == 0
