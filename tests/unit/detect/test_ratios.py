"""The share of errors, told apart from their number."""

from __future__ import annotations

import json
from random import Random

import pytest

from bench.accuracy.streams import DAY, count, counts
from svcctl.detect.finding import Deviation, What
from svcctl.detect.ratios import ErrorRatio


def _feed(ratio: ErrorRatio, stream: list[tuple[int, int]]) -> list[Deviation]:
    found = [ratio.add(errors, total, at=10.0 * at) for at, (errors, total) in enumerate(stream)]
    return [each for each in found if each]


def _steady(buckets: int) -> list[tuple[int, int]]:
    return [(1 if at % 5 == 0 else 0, 20) for at in range(buckets)]


@pytest.mark.slow
@pytest.mark.parametrize("spread", [1.0, 4.0])
def test_errors_that_come_with_the_traffic_raise_no_alarm(spread: float) -> None:
    random = Random(3)
    totals = counts(30.0, 3 * DAY, spread=spread)
    stream = [(sum(random.random() < 0.02 for _ in range(each)), each) for each in totals]

    assert _feed(ErrorRatio("web"), stream) == []


def test_a_larger_share_is_told_with_both_shares() -> None:
    ratio = ErrorRatio("web")
    _feed(ratio, _steady(800))

    (found,) = _feed(ratio, [(8, 20)] * 6)

    assert (found.what, found.subject) == (What.ERROR_RATIO, "web")
    assert found.observed == "16 of 120 failed in 60 s (13.3%)"
    assert found.expected == "1.05% as in the last hours"


def test_more_traffic_with_as_many_errors_in_it_is_no_shift() -> None:
    ratio = ErrorRatio("web")
    _feed(ratio, _steady(800))

    assert _feed(ratio, [(each * 10, total * 10) for each, total in _steady(60)]) == []


def test_what_never_failed_may_fail_a_little() -> None:
    ratio, random = ErrorRatio("web"), Random(1)
    _feed(ratio, [(0, count(20, 1, random)) for _ in range(800)])

    assert _feed(ratio, [(1, 20), *[(0, 20)] * 5]) == []
    assert _feed(ratio, [(10, 20)] * 6) != []


def test_hours_without_traffic_are_no_news() -> None:
    ratio = ErrorRatio("web")

    assert _feed(ratio, [*_steady(800), *[(0, 0)] * 800, *_steady(100)]) == []


def test_what_was_learnt_survives_as_json() -> None:
    first, second = ErrorRatio("web"), ErrorRatio("web")
    _feed(first, _steady(800))

    second.restore(json.loads(json.dumps(first.state())))

    assert _feed(second, [(8, 20)] * 30) != []
    assert second.state() != first.state()


def test_what_is_no_state_is_refused() -> None:
    with pytest.raises(ValueError, match="no state of a ratio"):
        ErrorRatio("web").restore({})
