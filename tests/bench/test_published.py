"""The published page says what was read, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.figures import FIGURES
from bench.headline import READMES, headline
from bench.outcome import load
from bench.report import report

ROOT = Path(__file__).parents[2]


def test_the_page_of_benchmarks_is_the_report_of_the_readings_beside_it() -> None:
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")

    assert page == report(load(ROOT / "bench" / "results.json"), FIGURES)


@pytest.mark.parametrize("language", READMES)
def test_the_headlines_in_the_readme_are_those_of_the_readings(language: str) -> None:
    page = (ROOT / READMES[language]).read_text(encoding="utf-8")

    found = headline(load(ROOT / "bench" / "results.json"), language)

    assert found.count("\n") > 5
    assert found in page
