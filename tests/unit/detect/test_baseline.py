"""Means that forget, hours that come again, and how rare a count is."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.detect.baseline import Baseline, HourOfWeek, Spread, rarity

_WEEK = 604_800.0


def test_the_first_values_have_a_plain_mean() -> None:
    baseline = Baseline(10)

    for each in (1.0, 2.0, 3.0, 6.0):
        baseline.add(each)

    assert baseline.mean == pytest.approx(3.0)
    assert not baseline.is_learnt


def test_later_values_push_the_old_ones_out() -> None:
    baseline = Baseline(10)
    for _ in range(200):
        baseline.add(1.0)

    for _ in range(200):
        baseline.add(9.0)

    assert baseline.mean == pytest.approx(9.0)


@given(st.integers(0, 30), st.integers(0, 30))
def test_zeros_at_once_are_the_same_as_one_by_one(before: int, zeros: int) -> None:
    one, other = Baseline(10), Baseline(10)
    for each in range(before):
        one.add(each)
        other.add(each)

    one.add_zeros(zeros)
    for _ in range(zeros):
        other.add(0.0)

    assert one.state() == pytest.approx(other.state())


def test_what_both_weeks_before_had_in_that_hour_is_usual() -> None:
    hours = HourOfWeek()
    for week in (10, 11):
        hours.add(5.0, at=week * _WEEK)
        hours.add(80.0, at=week * _WEEK + 60)

    assert hours.is_usual(70.0, at=12 * _WEEK + 600)
    assert not hours.is_usual(90.0, at=12 * _WEEK + 600)
    assert not hours.is_usual(4.0, at=12 * _WEEK + 600)
    assert not hours.is_usual(70.0, at=12 * _WEEK + 3_600)


def test_the_same_value_again_is_usual_however_it_is_written() -> None:
    hours = HourOfWeek()
    for week in (10, 11):
        hours.add(0.1, at=week * _WEEK)

    assert hours.is_usual(0.1, at=12 * _WEEK)


def test_what_happened_once_is_no_habit() -> None:
    hours = HourOfWeek()
    hours.add(80.0, at=11 * _WEEK)

    assert not hours.is_usual(80.0, at=12 * _WEEK)


def test_three_weeks_are_kept_and_survive_as_json() -> None:
    first, second = HourOfWeek(), HourOfWeek()
    for week in range(10, 20):
        first.add(1.0, at=week * _WEEK)

    second.restore(json.loads(json.dumps(first.state())))

    assert set(second.state()) == {"17", "18", "19"}
    assert second.is_usual(1.0, at=20 * _WEEK)


@pytest.mark.parametrize("wrong", [1, 9, 500])
def test_a_week_on_a_wrong_clock_costs_no_habit(wrong: int) -> None:
    hours = HourOfWeek()
    for week in (10, 11, wrong, 12, 13):
        hours.add(5.0, at=week * _WEEK)

    assert hours.is_usual(5.0, at=13 * _WEEK)


def _poisson(count: int, mean: float) -> float:
    return math.exp(count * math.log(mean) - mean - math.lgamma(count + 1))


@given(st.integers(0, 60), st.floats(0.1, 30))
def test_the_bound_is_never_below_the_probability(count: int, mean: float) -> None:
    among = range(count, 400) if count > mean else range(count + 1)

    tail = sum(_poisson(each, mean) for each in among)

    assert math.exp(-rarity(count, mean, mean)) >= tail * 0.999


def test_a_count_is_less_rare_where_counts_spread_more() -> None:
    assert rarity(50, 10, 10) > rarity(50, 10, 30) > rarity(50, 10, 300) > 0


def test_nothing_is_rare_where_nothing_is_expected_but_something() -> None:
    assert rarity(0, 0, 0) == 0
    assert rarity(3, 0, 0) == math.inf
    assert rarity(7, 7, 7) == 0


def test_the_spread_of_counts_is_one_where_chance_alone_spreads_them() -> None:
    even, wide = Spread(100), Spread(100)
    for each in (7, 13, 7, 13, 10):
        even.add(each, 10.0, unusual=False)
    for each in (0, 20, 0, 20, 10):
        wide.add(each, 10.0, unusual=False)

    assert even.rarity(30, 10.0) > wide.rarity(30, 10.0) > 0


def test_an_unusual_count_widens_the_spread_a_little_only() -> None:
    told, untold = Spread(100), Spread(100)
    for spread, unusual in ((told, True), (untold, False)):
        for _ in range(100):
            spread.add(13, 10.0, unusual=False)
        spread.add(5_000, 10.0, unusual=unusual)

    assert told.rarity(100, 10.0) > 10 * untold.rarity(100, 10.0)
