"""Waits with full jitter."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from svcctl.sdk.resilience.backoff import full_jitter


def test_the_longest_wait_doubles_with_each_try_up_to_the_most() -> None:
    waits = [full_jitter(tries, first=0.1, most=1.0, chance=1.0) for tries in range(1, 7)]

    assert waits == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]


@given(st.integers(0, 10**9), st.floats(0, 100), st.floats(0, 100), st.floats(0, 1))
def test_no_wait_is_negative_or_longer_than_the_most(
    tries: int, first: float, most: float, chance: float
) -> None:
    assert 0 <= full_jitter(tries, first=first, most=most, chance=chance) <= most
