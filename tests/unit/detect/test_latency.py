"""Latency that drifts is told, single slow requests and slow hours are not."""

from __future__ import annotations

import json
import math
from random import Random

import pytest

from svcctl.detect.finding import Deviation, What
from svcctl.detect.latency import Latency, LatencyPolicy

_WEEK = 604_800.0


def _minute(random: Random, typical: float) -> list[float]:
    return [random.lognormvariate(math.log(typical), 0.5) for _ in range(30)]


def _feed(latency: Latency, minutes: list[list[float]], *, begin: float = 0.0) -> list[Deviation]:
    found = [latency.add(each, at=begin + 60.0 * at) for at, each in enumerate(minutes)]
    return [each for each in found if each]


def _learnt(minutes: int = 200) -> Latency:
    latency, random = Latency("GET /"), Random(1)
    assert _feed(latency, [_minute(random, 0.1) for _ in range(minutes)]) == []
    return latency


def test_a_drift_is_told_once_with_what_was_usual() -> None:
    random = Random(2)

    (found,) = _feed(_learnt(), [_minute(random, 0.4) for _ in range(30)], begin=12_000.0)

    assert (found.what, found.subject, found.since) == (What.LATENCY, "GET /", 12_000.0)
    assert "s at quantile 0.5 over 7 minutes" in found.observed
    assert found.expected.startswith("about 0.1")
    assert 0.5 < found.score < 1.0


def test_one_slow_minute_is_no_drift() -> None:
    random = Random(2)
    two_usual = [_minute(random, 0.1) for _ in range(2)]

    assert _feed(_learnt(), [_minute(random, 5.0), *two_usual] * 10) == []


def test_a_tail_that_grows_is_seen_at_its_own_quantile() -> None:
    random = Random(1)
    latency = Latency("GET /", LatencyPolicy(share=0.95))
    _feed(latency, [_minute(random, 0.1) for _ in range(200)])

    slow = [[*_minute(random, 0.1)[:25], *[9.0] * 5] for _ in range(10)]

    assert [each.what for each in _feed(latency, slow)] == [What.LATENCY]


@pytest.mark.slow
def test_days_with_busy_hours_raise_no_alarm() -> None:
    random = Random(4)
    days = [_minute(random, 0.1 * (1 + 0.6 * math.sin(at / 229))) for at in range(7 * 1_440)]

    assert _feed(Latency("GET /"), days) == []


def test_minutes_without_requests_say_nothing() -> None:
    latency = _learnt()
    before = latency.state()

    assert _feed(latency, [[], [math.nan, 0.0, -1.0]]) == []
    assert latency.state() == before


def test_what_the_same_hour_of_both_weeks_before_had_is_usual() -> None:
    random, latency = Random(1), Latency("backup")
    found = []
    for week in range(4):
        minutes = [_minute(random, 0.1) for _ in range(200)]
        slow = [[2.0 if week < 3 else 1.9] * 5 for _ in range(10)]
        found.append(_feed(latency, minutes + slow, begin=week * _WEEK))

    assert found[0] != []
    assert found[3] == []


def test_what_was_learnt_survives_as_json() -> None:
    first, second, random = _learnt(), Latency("GET /"), Random(2)

    second.restore(json.loads(json.dumps(first.state())))

    assert _feed(second, [_minute(random, 0.4) for _ in range(10)]) != []


def test_what_is_no_state_is_refused() -> None:
    with pytest.raises(ValueError, match="no state of a latency"):
        Latency("GET /").restore({})
