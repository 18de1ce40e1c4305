"""The guard against slow decay: what it compares, and that its parts still do their work."""

from __future__ import annotations

import time

import pytest

from bench.micro import PARTS, Pair, ratio, slower


def busy(milliseconds: float) -> None:
    end = time.thread_time_ns() + milliseconds * 1e6
    while time.thread_time_ns() < end:
        pass


def test_a_part_a_quarter_slower_is_still_good() -> None:
    assert slower({"step": 5.0}, {"step": 4.0}) == []


def test_a_part_more_than_a_quarter_slower_is_named() -> None:
    assert slower({"step": 5.1, "bus": 1.0}, {"step": 4.0, "bus": 1.0}) == [
        "step: 5.10 times its bare loop, 4.00 before"
    ]


def test_a_part_that_no_ratio_was_kept_of_is_not_judged() -> None:
    assert slower({"new": 5.0}, {}) == []


def test_the_ratio_is_that_of_the_time_on_a_processor() -> None:
    found = ratio(Pair(part=lambda: busy(2), bare=lambda: busy(1)))

    assert found == pytest.approx(2, rel=0.5)


@pytest.mark.posix
@pytest.mark.parametrize("name", PARTS)
def test_a_part_and_its_bare_loop_can_be_run_again_and_again(name: str) -> None:
    with PARTS[name]() as pair:
        for _ in range(3):
            pair.part()
            pair.bare()
