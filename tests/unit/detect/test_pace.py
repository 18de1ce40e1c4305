"""News comes by the few, and the rest is counted."""

from __future__ import annotations

from svcctl.detect.pace import Pace


def test_so_many_an_hour_pass_and_the_others_are_counted() -> None:
    pace = Pace(2)

    assert [pace.passes(at) for at in (0.0, 1.0, 2.0, 3.0)] == [True, True, False, False]
    assert pace.passes(3_600.0)
    assert (pace.take_held_back(), pace.take_held_back()) == (2, 0)


def test_a_clock_that_is_set_back_holds_nothing_back() -> None:
    pace = Pace(1)
    pace.passes(90_000.0)

    assert pace.passes(3_600.0)
    assert not pace.passes(3_601.0)
