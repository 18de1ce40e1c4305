from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from svcctl.engine.judge import memory_verdict, next_sample


def test_three_samples_in_a_row_above_the_limit_are_too_many() -> None:
    over, verdicts = 0, []
    for used in (11, 11, 9, 11, 11, 11):
        over, exceeded = memory_verdict(over, used, 10)
        verdicts.append(exceeded)

    assert verdicts == [False] * 5 + [True]


def test_a_memory_just_at_its_limit_is_within_it() -> None:
    assert memory_verdict(2, 10, 10) == (0, False)


def test_a_memory_near_its_limit_is_sampled_oftener() -> None:
    assert next_sample(79, 100) > next_sample(80, 100)


@given(used=st.integers(min_value=0, max_value=2**60), limit=st.integers(1, 2**60))
def test_what_is_above_its_limit_is_always_near_it(used: int, limit: int) -> None:
    if used > limit:
        assert next_sample(used, limit) == 1.0
