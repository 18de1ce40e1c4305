"""Reading logs takes no more of the processor than was agreed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.app.understanding.allowance import Allowance


def test_a_peak_after_a_calm_time_goes_through() -> None:
    assert Allowance(0.05).spend("web", 0.09, at=100.0, cpu=0.0) == 0.0


def test_who_takes_too_much_waits_until_it_has_come_in_again() -> None:
    allowance = Allowance(0.05)

    wait = allowance.spend("web", 1.0, at=100.0, cpu=0.0)

    assert wait > 10.0
    assert allowance.spend("web", 0.0, at=100.0 + wait, cpu=0.0) == 0.0


def test_a_quiet_service_does_not_wait_for_a_loud_one() -> None:
    allowance = Allowance(0.05)
    allowance.spend("quiet", 0.001, at=100.0, cpu=0.0)

    assert allowance.spend("loud", 0.15, at=100.0, cpu=0.0) > 0.0
    assert allowance.spend("quiet", 0.001, at=100.1, cpu=0.0) == 0.0


def test_a_thread_that_has_much_else_to_do_gets_little() -> None:
    idle, busy = Allowance(0.05), Allowance(0.05)
    for second in range(100):
        idle.spend("web", 0.05, at=float(second), cpu=0.05 * second)
        busy.spend("web", 0.05, at=float(second), cpu=0.55 * second)

    assert idle.spend("web", 0.0, at=100.0, cpu=5.0) < 1.0
    assert busy.spend("web", 0.0, at=100.0, cpu=55.0) > 30.0


@pytest.mark.slow
@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0.0, 0.2)), max_size=200))
def test_in_the_long_run_no_more_is_spent_than_comes_in(batches: list[tuple[str, float]]) -> None:
    allowance, at, spent = Allowance(0.05), 0.0, 0.0
    free = dict.fromkeys("abc", 0.0)
    for name, seconds in batches:
        at = max(at + 0.01, free[name])
        spent += seconds
        free[name] = at + allowance.spend(name, seconds, at=at, cpu=0.0)

    assert spent <= 0.05 * at + 0.1 + 0.1 + 3 * 0.2
