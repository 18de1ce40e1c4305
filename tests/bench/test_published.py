"""The published page says what was read, and nothing else."""

from __future__ import annotations

from pathlib import Path

from bench.figures import FIGURES
from bench.outcome import load
from bench.report import report

ROOT = Path(__file__).parents[2]


def test_the_page_of_benchmarks_is_the_report_of_the_readings_beside_it() -> None:
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")

    assert page == report(load(ROOT / "bench" / "results.json"), FIGURES)
