"""A service that does nothing: what is measured of it, and how it is told."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bench.sdk import BARE, OURS, SUBJECTS, Reading, broken, read, report


def reading(subject: str, *, stop: float = 10.0, resident: float = 20.0) -> Reading:
    return Reading(subject=subject, round=0, start=99.6, stop=stop, resident=resident, pss=1.0)


def test_a_report_compares_the_stop_with_that_of_bare_python() -> None:
    found = [
        reading(BARE, stop=5.0),
        reading("asyncio alone"),
        *(reading(OURS, stop=stop) for stop in (10.0, 12.0, 99.0)),
    ]

    lines = report(found).splitlines()

    assert lines[2] == "| svcctl | 100 | 12.0 | 2.4× | 20.0 | 1.0 |"
    assert len(lines) == 2 + len(SUBJECTS)


def test_promises_that_are_not_kept_are_told() -> None:
    slow, large = [reading(OURS, stop=51.0)], [reading(OURS, resident=22.5)]

    assert broken(slow, [1.0]) == ["a stop: 51.0 ms, more than the 50 promised"]
    assert broken(large, [60.0]) == [
        "resident memory: 22.5 MB, more than the 22 promised",
        "import svcctl: 60.0 ms, more than the 50 promised",
    ]
    assert broken([reading(OURS)], [1.0]) == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux, whose /proc is read")
@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_subject_begins_rests_and_ends(subject: str, tmp_path: Path) -> None:
    found = read(subject, 0, tmp_path)

    assert found.start > 0
    assert found.stop > 0
    assert found.resident > 1
