"""How long the next try is waited for: exact at the corners, within its bounds everywhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.engine.backoff import wait

HUGE = 10**9
some_seconds = st.floats(min_value=0.001, max_value=1e6)
some_factor = st.floats(min_value=1.0, max_value=100.0)
some_share = st.floats(min_value=0.0, max_value=1.0)
some_tries = st.integers(min_value=1, max_value=HUGE)


def plain(tries: int, *, first: float = 1.0, factor: float = 2.0, most: float = 60.0) -> float:
    return wait(tries, first=first, factor=factor, most=most, jitter=0.0, chance=0.5)


def test_each_wait_is_longer_by_the_factor_until_the_longest() -> None:
    assert [plain(tries) for tries in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_longest_wait_that_is_a_step_is_reached_exactly() -> None:
    assert [plain(tries, most=8.0) for tries in (3, 4, 5)] == [4, 8, 8]


def test_a_factor_of_one_waits_the_same_every_time() -> None:
    assert [plain(tries, first=3.0, factor=1.0) for tries in (1, 2, HUGE)] == [3, 3, 3]


def test_no_delay_is_no_wait_whatever_else_is_said() -> None:
    assert wait(9, first=0.0, factor=2.0, most=60.0, jitter=1.0, chance=1.0) == 0.0


def test_a_very_short_delay_is_none_the_less_a_wait() -> None:
    assert plain(1, first=0.25) == 0.25


def test_a_first_wait_beyond_the_longest_is_cut() -> None:
    assert [plain(tries, first=5.0, most=2.0) for tries in (1, 2)] == [2, 2]


def test_a_first_wait_beyond_the_longest_is_cut_without_a_factor_too() -> None:
    assert plain(1, first=5.0, factor=1.0, most=2.0) == 2


def test_a_longest_wait_of_nothing_is_no_wait() -> None:
    assert plain(3, most=0.0) == 0


@pytest.mark.parametrize("tries", [0, 1], ids=["before the first failure", "after it"])
def test_the_first_wait_is_the_first(tries: int) -> None:
    assert plain(tries) == 1


@pytest.mark.parametrize(("chance", "waited"), [(0.0, 9.0), (0.5, 10.0), (1.0, 11.0)])
def test_chance_moves_a_wait_by_the_jitter_either_way(chance: float, waited: float) -> None:
    found = wait(1, first=10.0, factor=2.0, most=60.0, jitter=0.1, chance=chance)

    assert found == pytest.approx(waited)


def test_a_short_first_wait_grows_step_by_step_too() -> None:
    found = [plain(tries, first=0.25) for tries in range(1, 10)]

    assert found == [0.25, 0.5, 1, 2, 4, 8, 16, 32, 60]


@pytest.mark.parametrize("factor", [1.5, 2.0, 1e300])
def test_the_number_of_tries_may_be_astronomic(factor: float) -> None:
    assert plain(HUGE, factor=factor, most=60.0) == 60


@given(
    tries=some_tries,
    first=some_seconds,
    factor=some_factor,
    most=some_seconds,
    jitter=some_share,
    chance=some_share,
)
def test_no_wait_leaves_its_bounds(
    *, tries: int, first: float, factor: float, most: float, jitter: float, chance: float
) -> None:
    found = wait(tries, first=first, factor=factor, most=most, jitter=jitter, chance=chance)

    assert 0 <= found <= most * (1 + jitter) * (1 + 1e-9)
    assert found >= min(first, most) * (1 - jitter) * (1 - 1e-9)


@given(tries=st.integers(1, 10_000), first=some_seconds, factor=some_factor, most=some_seconds)
def test_no_wait_is_shorter_than_the_one_before(
    tries: int, first: float, factor: float, most: float
) -> None:
    now = plain(tries, first=first, factor=factor, most=most)
    after = plain(tries + 1, first=first, factor=factor, most=most)

    assert after >= now * (1 - 1e-9)
