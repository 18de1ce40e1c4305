"""Bursts and drops stand out of the noise of a stream, and the noise never does."""

from __future__ import annotations

import json
from random import Random

import pytest

from bench.accuracy.streams import DAY, count, counts
from svcctl.detect.finding import Deviation, What
from svcctl.detect.rates import BUCKET, Rate

_WEEK = 604_800.0


def _feed(rate: Rate, stream: list[int], *, begin: float = 0.0) -> list[Deviation]:
    found = [rate.add(each, at=begin + BUCKET * at) for at, each in enumerate(stream)]
    return [each for each in found if each]


def _even(buckets: int) -> list[int]:
    return [4 + at % 3 for at in range(buckets)]


@pytest.mark.slow
@pytest.mark.parametrize("spread", [1.0, 2.0, 5.0])
@pytest.mark.parametrize("mean", [0.1, 1.0, 5.0, 30.0])
def test_a_stream_of_a_week_with_its_days_raises_no_alarm(mean: float, spread: float) -> None:
    rate = Rate("errors")

    assert _feed(rate, list(counts(mean, 7 * DAY, spread=spread))) == []


@pytest.mark.slow
@pytest.mark.parametrize("spread", [1.0, 2.0, 5.0])
@pytest.mark.parametrize("mean", [5.0, 30.0])
def test_ten_times_as_many_are_seen_within_a_minute(mean: float, spread: float) -> None:
    random, seen = Random(7), 0
    for attempt in range(10):
        rate = Rate("errors")
        _feed(rate, list(counts(mean, DAY // 4, spread=spread, seed=attempt)))
        burst = [count(10 * mean, spread, random) for _ in range(6)]
        seen += [each.what for each in _feed(rate, burst, begin=1e6)] == [What.BURST]

    assert seen >= 9


def test_a_burst_says_how_many_came_and_how_many_were_expected() -> None:
    rate = Rate("job <*> failed", pattern="4f2a")
    _feed(rate, _even(800))

    (found,) = _feed(rate, [60], begin=8_000.0)

    assert (found.what, found.subject, found.pattern) == (What.BURST, "job <*> failed", "4f2a")
    assert (found.observed, found.expected) == ("60 in 10 s", "about 5.0 as in the last hour")
    assert found.since == 8_000.0
    assert 0.5 < found.score < 1.0


def test_nothing_is_told_while_it_learns() -> None:
    assert _feed(Rate("x"), [*_even(100), 500]) == []


def test_when_a_stream_dries_up_that_is_a_drop() -> None:
    rate = Rate("x")
    _feed(rate, _even(800))

    found = _feed(rate, [0] * 30, begin=8_000.0)

    assert [each.what for each in found] == [What.DROP]


def test_a_burst_that_lasts_is_told_once_and_another_later_again() -> None:
    rate = Rate("x")
    _feed(rate, _even(800))

    found = _feed(rate, [*[60] * 30, *_even(200), *[200] * 30], begin=8_000.0)

    assert [each.what for each in found if each.what is What.BURST] == [What.BURST] * 2


def test_one_burst_does_not_make_the_next_usual() -> None:
    rate = Rate("x")
    _feed(rate, _even(800))
    _feed(rate, [*[60] * 12, *_even(400)], begin=8_000.0)

    assert _feed(rate, [60] * 3, begin=14_000.0) != []


def test_what_the_same_hour_of_both_weeks_before_had_is_usual() -> None:
    rate = Rate("nightly")
    for week in (1, 2):
        _feed(rate, [*_even(800), *[60] * 12], begin=week * _WEEK)

    again = _feed(rate, [*_even(800), *[60] * 12], begin=3 * _WEEK)

    assert [each for each in again if each.what is What.BURST] == []


def test_what_comes_once_an_hour_is_learnt_though_nothing_is_counted_in_between() -> None:
    rate = Rate("x")

    assert _feed(rate, [*[0] * 400, *([1, *[0] * 359] * 20)]) == []

    assert _feed(rate, [20] * 6, begin=1e6) != []


def test_what_was_learnt_survives_as_json() -> None:
    first, second = Rate("x"), Rate("x")
    _feed(first, _even(800))

    second.restore(json.loads(json.dumps(first.state())))

    assert second.state() == first.state()
    assert _feed(second, [60], begin=8_000.0) == _feed(first, [60], begin=8_000.0)


def test_what_is_no_state_is_refused() -> None:
    with pytest.raises(ValueError, match="no state of a rate"):
        Rate("x").restore({})
