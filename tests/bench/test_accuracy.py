"""The figures of accuracy: how they are computed, and that what is published was measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.accuracy import hdfs, loghub, numenta
from bench.accuracy.figure import Figure, table
from bench.accuracy.page import kept, shown


def test_the_documentation_shows_what_was_measured() -> None:
    figures = kept()

    assert len(figures) > 20
    assert shown() == table(figures)


def test_what_is_published_meets_what_was_asked() -> None:
    assert [each for each in kept() if not each.is_met] == []


def test_a_table_says_what_was_asked_and_whether_it_is_met() -> None:
    found = table(
        [
            Figure(subject="x", what="speed", reached=312_345.6, asked=300_000),
            Figure(subject="x", what="cost", reached=12.5, asked=10, least=False),
            Figure(subject="x", what="other", reached=0.5),
        ]
    )

    assert found.splitlines()[2:] == [
        "| x: speed | ≥ 300,000 | 312,346 | met |",
        "| x: cost | ≤ 10 | 12.5 | **missed** |",
        "| x: other |  | 0.5 |  |",
    ]


def test_a_group_counts_only_if_it_has_exactly_the_lines_of_a_true_one() -> None:
    lines = ["job 1 done", "job 2 done", "disk a full", "disk b full"]

    assert loghub.grouping(lines, ["j", "j", "a", "b"]) == (1.0, 1.0)
    assert loghub.grouping(lines, ["j", "j", "d", "d"]) == pytest.approx((0.5, 2 / 5))
    assert loghub.grouping(lines, ["j", "k", "d", "d"]) == (0.0, 0.0)


@pytest.mark.slow
@pytest.mark.parametrize("figures", [loghub.figures, hdfs.figures, numenta.figures])
def test_on_the_labelled_data_all_accuracy_that_is_asked_for_is_reached(
    labelled: Path, figures: Callable[[Path], Iterator[Figure]]
) -> None:
    speeds = ("per CPU second", "µs")

    missed = [
        each
        for each in figures(labelled)
        if not each.is_met and not any(speed in each.what for speed in speeds)
    ]

    assert missed == []
