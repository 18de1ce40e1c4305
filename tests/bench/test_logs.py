"""Logging beside others: what is measured, and how it is told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.log_subjects import SUBJECTS
from bench.logs import Reading, report


def reading(subject: str, rate: float, lost: int = 0) -> Reading:
    return Reading(subject=subject, round=0, rate=rate, rate_of_processor=2 * rate, lost=lost)


def test_a_report_compares_all_with_ours_in_the_order_of_the_list() -> None:
    found = [
        reading("logging + json", 50_000, lost=-1),
        *(reading("svcctl", rate, lost=3) for rate in (190_000, 200_000, 290_000)),
    ]

    lines = report(found).splitlines()

    assert lines[2:] == [
        "| svcctl | 200,000 | 10,000 | 400,000 | 1.00× | 3 |",
        "| logging + json | 50,000 | 0 | 100,000 | 4.00× | – |",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("subject", [each for each in SUBJECTS if each != "loguru"])
def test_every_subject_logs_as_many_records_as_it_is_told(subject: str, tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    command = [sys.executable, "-m", "bench.log_subjects", subject, str(log), "time", "100"]

    ran = subprocess.run(command, capture_output=True, check=True, timeout=30)

    records = log.read_bytes().splitlines()
    assert set(json.loads(ran.stdout)) == {"wall", "processor"}
    assert len(records) == (0 if "not wanted" in subject else 2100)
    if "write(2)" not in subject and records:
        assert json.loads(records[-1])["event"] == "request.done"
        assert b"curl/8.5.0" in records[-1]
