"""NAB's scoring: its fixed points, and what its sigmoid says of early, late and false."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from bench.accuracy.nab import Profile, Series, load, profiles, score, windowed_gaussian

_STANDARD = Profile(found=1.0, missed=1.0, false=0.11)
_ONE = Series(name="one", times=range(1000), values=[0.0] * 1000, windows=[(500, 599)])


def _at(*places: int) -> list[float]:
    return [float(each in places) for each in range(1000)]


def _sigmoid(place: float) -> float:
    return 2 / (1 + math.exp(5 * place)) - 1


def test_detecting_nothing_is_0_and_the_first_point_of_each_window_100() -> None:
    assert score([_ONE], [[0.0] * 1000], _STANDARD) == 0.0
    assert score([_ONE], [_at(500)], _STANDARD) == pytest.approx(100.0)


def test_the_earliest_detection_in_a_window_counts_alone() -> None:
    late = score([_ONE], [_at(580)], _STANDARD)

    assert score([_ONE], [_at(520, 580, 590)], _STANDARD) > late
    expected = (1 + _sigmoid(-20 / 100) / _sigmoid(-1.0)) / 2
    assert late == pytest.approx(100 * expected)


def test_a_false_detection_costs_the_more_the_farther_it_is_behind_the_window() -> None:
    def cost(place: int) -> float:
        return 100.0 - score([_ONE], [_at(500, place)], _STANDARD)

    assert cost(700) == pytest.approx(100 * 0.11 * -_sigmoid(101 / 99) / 2)
    assert cost(605) < cost(640) < cost(400) == pytest.approx(100 * 0.11 / 2)
    assert cost(950) == cost(400)


def test_the_probation_is_not_judged() -> None:
    assert _ONE.probation == 150
    assert score([_ONE], [_at(10, 149, 500)], _STANDARD) == pytest.approx(100.0)


def test_the_best_threshold_is_chosen_for_all_series_at_once() -> None:
    noisy = [0.3 * each for each in _at(*range(200, 400))]

    best = score([_ONE, _ONE], [_at(500), noisy], _STANDARD)

    assert best == pytest.approx(50.0)


@pytest.mark.slow
def test_on_the_real_series_the_anchors_hold(labelled: Path) -> None:
    corpus = load(labelled / "nab")
    standard = profiles(labelled / "nab")["standard"]

    nothing = [[0.0] * len(each.values) for each in corpus]
    perfect = [
        [float(at in {left for left, _ in each.windows}) for at in range(len(each.values))]
        for each in corpus
    ]
    gaussian = [windowed_gaussian(each) for each in corpus]

    assert score(corpus, nothing, standard) == 0.0
    assert score(corpus, perfect, standard) == pytest.approx(100.0)
    assert 35 < score(corpus, gaussian, standard) < 45  # 39.6 on all series, of which these are 41
