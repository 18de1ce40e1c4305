"""Limits are exceeded for five minutes, or not at all."""

from __future__ import annotations

import pytest

from svcctl.detect.finding import What
from svcctl.detect.limits import Limit
from svcctl.detect.log_limits import LogLimits, Sums


def _told(limit: Limit, *buckets: tuple[int, int]) -> list[int]:
    return [at for at, (bad, among) in enumerate(buckets) if limit.add(bad, among)]


def test_it_is_told_after_five_minutes_and_once() -> None:
    assert _told(Limit(0.05), *[(1, 10)] * 100) == [29]


def test_a_minute_of_errors_is_not_five() -> None:
    assert _told(Limit(0.05), *[(0, 10)] * 30, *[(10, 10)] * 6, *[(0, 10)] * 60) == []


def test_as_much_as_is_allowed_is_allowed() -> None:
    assert _told(Limit(0.05), *[(1, 20)] * 100) == []


@pytest.mark.parametrize("buckets", [[(1, 1)] + [(0, 0)] * 9, [(1, 1)] * 3 + [(0, 0)] * 27])
def test_too_few_tell_nothing(buckets: list[tuple[int, int]]) -> None:
    assert _told(Limit(0.05), *buckets * 3) == []


def test_what_is_rare_counts_over_all_five_minutes() -> None:
    """Where a minute has too few to tell, the five together do."""
    assert _told(Limit(0.05), *[(0, 2), (1, 2), (0, 2)] * 20) == [29]


def test_it_is_over_when_the_five_minutes_are_well_and_may_come_again() -> None:
    limit = Limit(0.05)
    _told(limit, *[(1, 10)] * 30)

    assert limit.exceeded
    _told(limit, *[(0, 10)] * 16)
    assert not limit.exceeded
    assert len(_told(limit, *[(1, 10)] * 60)) == 1


def test_while_nobody_listened_nothing_is_exceeded() -> None:
    limit = Limit(0.05)
    _told(limit, *[(1, 10)] * 30)

    limit.rest()

    assert not limit.exceeded
    assert limit.seconds == 0.0


def _run(limits: LogLimits, sums: Sums, took: list[float], buckets: int = 31) -> list[str]:
    return [
        f"{each.what}: {each.subject}: {each.observed}, expected {each.expected}"
        for number in range(buckets)
        for each in limits.add(sums, took, begun=10.0 * number)
    ]


def test_requests_count_where_there_are_some() -> None:
    limits = LogLimits(error_rate=0.05, latency=2.0)

    told = _run(limits, Sums(records=100, failed=50, requests=10, broke=1), [])

    assert told == [
        "error ratio: requests: 30 of 300 failed in 5 minutes (10.0%), expected at most 5.0%"
    ]
    assert not limits.is_over("requests")


def test_the_99th_percentile_is_told_with_its_value() -> None:
    limits = LogLimits(error_rate=0.05, latency=2.0)

    (told,) = _run(limits, Sums(), [0.1] * 97 + [3.0, 4.0, 5.0])

    assert told.startswith(f"{What.SLOW}: 99th percentile: 4 s in 5 minutes (90 of 3000 took")
    assert not limits.is_over("99th percentile")


def test_limits_can_be_turned_off() -> None:
    limits = LogLimits(error_rate=1.0, latency=0.0)

    assert _run(limits, Sums(records=10, failed=10, requests=10, broke=10), [60.0] * 10) == []
    limits.rest()
    assert limits.is_over("requests")
    assert limits.is_over("something else")
