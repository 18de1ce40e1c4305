"""Retries as a share of the calls."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.errors import UsageError
from svcctl.sdk.resilience.budget import RetryBudget
from svcctl.testing.fakes import FakeClock


def taken(budget: RetryBudget, wanted: int) -> int:
    return sum(budget.take() for _ in range(wanted))


def test_a_share_of_the_calls_may_be_retried_where_nothing_else_is_given(clock: FakeClock) -> None:
    budget = RetryBudget(0.2, per_second=0.0, clock=clock)

    for _ in range(50):
        budget.called()

    assert taken(budget, 50) == 10


def test_where_calls_are_few_some_retries_a_second_are_allowed(clock: FakeClock) -> None:
    budget = RetryBudget(0.0, per_second=2.0, clock=clock)
    taken(budget, 1000)

    clock.forward(3.0)

    assert taken(budget, 1000) == 6


def test_no_more_than_ten_seconds_are_saved_up(clock: FakeClock) -> None:
    budget = RetryBudget(0.0, per_second=2.0, clock=clock)

    clock.forward(3600.0)

    assert taken(budget, 1000) == 20


def test_a_retry_that_was_not_made_costs_nothing(clock: FakeClock) -> None:
    budget = RetryBudget(0.0, per_second=0.1, clock=clock)
    assert budget.take()

    budget.give_back()
    budget.give_back()

    assert taken(budget, 5) == 1


@given(st.floats(0, 1), st.integers(0, 500), st.integers(0, 500))
def test_there_are_never_more_retries_than_the_share(share: float, calls: int, wanted: int) -> None:
    budget = RetryBudget(share, per_second=0.0, clock=FakeClock())

    for _ in range(calls):
        budget.called()

    assert taken(budget, wanted) <= share * calls + 1e-5


@pytest.mark.parametrize(("share", "per_second"), [(-0.1, 1.0), (1.1, 1.0), (0.5, -1.0)])
def test_a_budget_that_cannot_be_is_refused(share: float, per_second: float) -> None:
    with pytest.raises(UsageError, match="cannot be"):
        RetryBudget(share, per_second=per_second)
