"""Medians shrug off one bad round."""

from __future__ import annotations

from bench.spread import Spread


def test_one_slow_round_moves_neither_the_median_nor_the_spread_much() -> None:
    assert Spread.of([10, 11, 12, 13, 900]) == Spread(median=12, mad=1, count=5)


def test_a_single_reading_has_no_spread() -> None:
    assert Spread.of([7]) == Spread(median=7, mad=0, count=1)
