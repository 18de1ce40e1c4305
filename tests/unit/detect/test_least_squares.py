"""What shapes leave of values, and how values rise."""

from __future__ import annotations

import math

import pytest

from svcctl.detect.least_squares import misfit, slope


def test_a_line_leaves_nothing_of_a_line() -> None:
    places = [0.0, 1.0, 2.0, 5.0]

    assert misfit([(x,) for x in places], [3 + 2 * x for x in places]) == pytest.approx(0.0)
    assert slope(places, [3 + 2 * x for x in places]) == pytest.approx(2.0)


def test_a_wave_of_any_phase_is_a_sum_of_its_two_halves() -> None:
    turns = [each / 5 for each in range(40)]

    left = misfit([(math.sin(x), math.cos(x)) for x in turns], [math.sin(x + 1) for x in turns])

    assert left == pytest.approx(0.0, abs=1e-9)


def test_what_no_shape_describes_is_left() -> None:
    assert misfit([(0.0,), (1.0,), (0.0,), (1.0,)], [1.0, 1.0, -1.0, -1.0]) == pytest.approx(4.0)


def test_a_shape_that_says_nothing_is_left_out() -> None:
    assert misfit([(7.0,), (7.0,)], [1.0, 3.0]) == pytest.approx(2.0)
