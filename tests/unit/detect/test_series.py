"""A metric is unusual where it has not been before, and the finding says where it has been."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.detect.finding import Deviation, What
from svcctl.detect.series import Series, SeriesPolicy

_QUICK = SeriesPolicy(learning=10, quiet=5, mean=4)


def _fed(values: list[float], policy: SeriesPolicy = _QUICK) -> tuple[Series, list[Deviation]]:
    series = Series("cpu", policy)
    found = [series.add(each, at=60.0 * number) for number, each in enumerate(values)]
    return series, [each for each in found if each]


def _saw(count: int) -> list[float]:
    return [10.0 + number % 4 for number in range(count)]


def test_what_stays_where_it_has_been_is_usual() -> None:
    assert _fed(_saw(200))[1] == []


def test_a_value_outside_the_band_is_told_with_the_band() -> None:
    series, _ = _fed(_saw(40))

    found = series.add(20.0, at=9_000.0)

    assert found is not None
    assert (found.what, found.subject, found.since) == (What.METRIC, "cpu", 9_000.0)
    assert found.observed == "20"
    assert found.expected == "between 10 and 13 as in 40 points before"
    assert 0.5 < found.score < 1.0


def test_nothing_is_told_while_it_learns() -> None:
    assert _fed([1.0, 50.0, -3.0, 900.0])[1] == []


def test_a_shift_that_stays_inside_the_band_is_seen_in_the_mean() -> None:
    series, _ = _fed(_saw(40))

    found = [series.add(13.0, at=9_000.0 + 60 * number) for number in range(4)]

    assert [each.observed for each in found if each] == ["a mean of 12.25 over 4 points"]


def test_a_value_that_is_usual_by_day_is_unusual_at_night() -> None:
    series = Series("load", SeriesPolicy(learning=96, quiet=5, mean=400))
    for number in range(48 * 6):
        series.add(100.0 if number % 48 >= 24 else 1.0, at=1_800.0 * number)

    found = series.add(90.0, at=1_800.0 * 48 * 6)

    assert found is not None
    assert found.observed.startswith("90, which is +")


def test_after_a_finding_there_is_quiet() -> None:
    series, _ = _fed(_saw(40))

    found = [series.add(20.0 + number, at=9_000.0) for number in range(7)]

    assert [bool(each) for each in found] == [True, False, False, False, False, True, False]


def test_a_second_outlier_is_seen_beside_a_greater_first() -> None:
    series, _ = _fed([*_saw(40), 1_000.0, *_saw(40)])

    assert series.add(100.0, at=9_000.0) is not None


def test_a_flat_series_is_left_by_more_than_a_hair() -> None:
    series, _ = _fed([100.0] * 40)

    assert series.add(100.2, at=9_000.0) is None
    assert series.add(107.0, at=9_060.0) is not None


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_left_out(value: float) -> None:
    series, _ = _fed(_saw(40))
    before = series.state()

    assert series.add(value, at=9_000.0) is None
    assert series.state() == before


def test_what_was_learnt_survives_as_json() -> None:
    first, _ = _fed(_saw(40))
    second = Series("cpu", _QUICK)

    second.restore(json.loads(json.dumps(first.state())))

    assert second.state() == first.state()
    assert second.add(20.0, at=9_000.0) == first.add(20.0, at=9_000.0)


def test_what_is_no_state_is_refused() -> None:
    with pytest.raises(ValueError, match="no state of a series"):
        Series("cpu").restore({"version": 1})


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, width=32), max_size=80))
def test_any_numbers_are_taken_and_every_score_is_a_share(values: list[float]) -> None:
    assert all(0.5 <= each.score <= 1.0 for each in _fed(values)[1])


_LASTING = SeriesPolicy(learning=30, quiet=10, floor=5.0, beyond=0.5, lasting=3)


def test_what_does_not_last_is_no_news_where_only_that_is_asked_for() -> None:
    series, _ = _fed(_saw(40), _LASTING)

    found = [series.add(each, at=9_000.0) for each in (30.0, 30.0, 12.0, 30.0, 30.0, 12.0)]

    assert not any(found)
    assert not series.is_unusual


def test_what_lasts_is_told_against_what_was_usual_before_and_is_over_when_that_is_back() -> None:
    series, _ = _fed(_saw(40), _LASTING)

    found = [series.add(90.0, at=9_000.0) for _ in range(4)]

    assert [bool(each) for each in found] == [False, False, True, False]
    assert found[2] is not None
    assert found[2].expected == "between 10 and 13 as in 42 points before"
    assert series.is_unusual
    series.add(12.0, at=9_000.0)
    assert not series.is_unusual


def test_what_lasts_for_long_has_become_usual() -> None:
    series, _ = _fed(_saw(40), _LASTING)

    found = [series.add(90.0, at=9_000.0) for _ in range(40)]

    assert not series.is_unusual
    assert sum(each is not None for each in found) < 4


def test_what_falls_is_no_news_where_only_rises_are_asked_for() -> None:
    rising = SeriesPolicy(learning=30, lasting=3, rise_only=True)
    series, _ = _fed([100.0 + each for each in _saw(40)], rising)

    assert not any(series.add(0.0, at=9_000.0) for _ in range(5))


def test_a_new_process_begins_with_nothing_unusual() -> None:
    series, _ = _fed([*_saw(40), 90.0, 90.0, 90.0], _LASTING)
    assert series.is_unusual

    series.begin_anew()

    assert not series.is_unusual
