"""Leaks are found within a day, and what only looks like one is not."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from random import Random

import pytest

from bench.accuracy.growth import HARMLESS, MINUTE, leak, samples
from svcctl.detect.finding import Deviation, What
from svcctl.detect.leaks import Leak, LeakPolicy

_HOUR = 3_600.0


def _watch(leaking: Leak, shape: Callable[[float], float], hours: float) -> list[Deviation]:
    stream = samples(shape, hours, random=Random(1))
    found = [leaking.add(each, at=MINUTE * at) for at, each in enumerate(stream)]
    return [each for each in found if each]


@pytest.mark.parametrize("name", HARMLESS)
def test_what_only_looks_like_a_leak_raises_no_alarm(name: str) -> None:
    random = Random(5)
    for _ in range(8):
        assert _watch(Leak("memory", started=0.0), HARMLESS[name](random), 40) == []


@pytest.mark.parametrize("rate", [1.5, 3.0, 10.0])
def test_a_leak_is_found_within_18_hours_and_told_once(rate: float) -> None:
    (found,) = _watch(Leak("memory", started=0.0), leak(rate), 18)

    assert (found.what, found.subject) == (What.LEAK, "memory")
    assert found.expected == "a rise of less than 1e+06 an hour, or one that ends"
    assert found.score > 0.8


def test_a_leak_under_a_sawtooth_is_found_too() -> None:
    def shape(hour: float) -> float:
        return 3.0 * hour + 30.0 * (hour % 0.5)

    assert len(_watch(Leak("memory", started=0.0), shape, 20)) == 1


def test_the_trend_has_its_rate_and_the_time_that_is_left() -> None:
    leaking = Leak("memory", started=0.0, limit=5e9)
    assert leaking.trend() is None

    (found,) = _watch(leaking, leak(5.0), 18)

    trend = leaking.trend()
    assert trend is not None
    assert trend.hour == pytest.approx(5e6, rel=0.05)
    assert trend.exhausted_in is not None
    assert 500 * _HOUR < trend.exhausted_in < 1_000 * _HOUR
    assert not trend.confirmed
    assert "at its limit in" in found.observed


def test_after_a_whole_day_it_is_confirmed_and_told_once_more() -> None:
    leaking = Leak("memory", started=0.0)

    suspected, confirmed = _watch(leaking, leak(5.0), 40)

    assert "suspected" in suspected.observed
    assert "confirmed after 24 h" in confirmed.observed
    assert confirmed.score > suspected.score
    trend = leaking.trend()
    assert trend is not None
    assert trend.confirmed
    assert trend.exhausted_in is None


def test_a_leak_that_goes_on_is_told_once_a_day() -> None:
    found = _watch(Leak("memory", started=0.0), leak(5.0), 24 * 5)

    assert len(found) == 6


def test_a_leak_that_ends_is_over_and_told_anew_if_it_comes_again() -> None:
    leaking = Leak("memory", started=0.0)

    def shape(hour: float) -> float:
        return 10.0 * (min(hour, 18.0) + max(0.0, hour - 60.0))

    _watch(leaking, shape, 18)
    assert leaking.is_leaking

    found = _watch(Leak("memory", started=0.0), shape, 120)
    before = [each for each in found if each.since < 60 * _HOUR]
    assert before
    assert len(found) > len(before)


def test_descriptors_that_leak_one_by_one_are_found() -> None:
    leaking = Leak("open files", LeakPolicy(least=1.0), started=1_000.0)

    found = [
        leaking.add(float(50 + minute // 20), at=1_000.0 + 60.0 * minute) for minute in range(1_080)
    ]

    assert [each.subject for each in found if each] == ["open files"]


def test_what_is_no_number_is_left_out() -> None:
    leaking = Leak("memory", started=0.0)
    before = leaking.state()

    assert leaking.add(math.nan, at=0.0) is None
    assert leaking.state() == before


def test_what_was_learnt_survives_as_json() -> None:
    first, second = Leak("memory", started=0.0), Leak("memory", started=0.0)
    _watch(first, leak(5.0), 12)

    second.restore(json.loads(json.dumps(first.state())))

    stream = samples(leak(5.0), 18, random=Random(1))
    late = [(MINUTE * at, each) for at, each in enumerate(stream) if at >= 720]
    assert sum(second.add(each, at=at) is not None for at, each in late) == 1


def test_the_state_of_another_process_is_refused() -> None:
    state = Leak("memory", started=0.0).state()

    with pytest.raises(ValueError, match="no state of this leak"):
        Leak("memory", started=1.0).restore(state)
