"""The bench of rules counts the same lines whoever looks for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.rules import Reading, broken, measure, patterns, report, subjects


def is_given_all(reading: Reading) -> bool:
    """The slow ones are given the beginning of the log only."""
    return not any(word in reading.subject for word in ("naive", "standard"))


@pytest.mark.slow
def test_every_subject_finds_the_same_lines(tmp_path: Path) -> None:
    readings = measure(tmp_path, lines=2000, rounds=1)

    assert {each.subject for each in readings} == set(subjects())
    for count in (1, 10, 100):
        hits = [each.hits for each in readings if each.rules == count and is_given_all(each)]
        assert len(set(hits)) == 1
        assert hits[0] > 5
    assert list(tmp_path.iterdir()) == []


def test_there_are_as_many_patterns_as_are_asked_for() -> None:
    assert [len(set(patterns(count))) for count in (1, 10, 100)] == [1, 10, 100]


def test_a_promise_that_is_not_kept_is_named() -> None:
    readings = [
        Reading(subject="svcctl, hyperscan", rules=count, round=0, hits=1, speed=2.5e6)
        for count in (1, 10, 100)
    ]

    assert [each.partition(":")[0] for each in broken(readings)] == ["1 rules", "10 rules"]
    assert "| svcctl, hyperscan | 2.50 M | 2.50 M | 2.50 M |" in report(readings)
