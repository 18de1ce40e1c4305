"""Restarts that come again and again are one piece of news."""

from __future__ import annotations

import json

import pytest

from svcctl.detect.finding import What
from svcctl.detect.flapping import Flapping


def _told(*restarts: float) -> list[bool]:
    flapping = Flapping("web.1")
    return [flapping.restart(each) is not None for each in restarts]


def test_the_fourth_restart_in_ten_minutes_is_told_and_no_further_one() -> None:
    assert _told(*(60.0 * number for number in range(12))) == [*[False] * 3, True, *[False] * 8]


def test_the_finding_counts_the_restarts() -> None:
    flapping = Flapping("web.1")

    *_, found = [flapping.restart(60.0 * number) for number in range(4)]

    assert found is not None
    assert (found.what, found.subject, found.since) == (What.FLAPPING, "web.1", 0.0)
    assert (found.observed, found.expected) == ("4 restarts in 180 s", "fewer than 4 in 600 s")
    assert found.score > 0.5


def test_a_service_that_falls_every_half_hour_flaps_too() -> None:
    assert _told(*(1_800.0 * number for number in range(12))).index(True) == 9


def test_a_restart_now_and_then_is_none() -> None:
    assert not any(_told(*(7_200.0 * number for number in range(40))))


def test_after_a_rest_the_next_flapping_is_news_again() -> None:
    burst = [60.0 * number for number in range(5)]

    assert _told(*burst, *(50_000.0 + each for each in burst)).count(True) == 2


def test_it_has_settled_when_nothing_fell_for_long() -> None:
    flapping = Flapping("web.1")
    assert flapping.has_settled(0.0)

    for number in range(5):
        flapping.restart(60.0 * number)

    assert not flapping.has_settled(1_000.0)
    assert flapping.has_settled(3_000.0)


def test_a_clock_that_is_set_makes_no_flapping() -> None:
    ahead = [1_000_000.0 + 1_800.0 * number for number in range(4)]

    assert not any(_told(*ahead, *(1_800.0 * number for number in range(4)), *ahead))


def test_what_was_seen_survives_as_json() -> None:
    first, second = Flapping("web.1"), Flapping("web.1")
    for number in range(4):
        first.restart(60.0 * number)

    second.restore(json.loads(json.dumps(first.state())))

    assert second.flaps
    assert second.settles_at == first.settles_at == 1_980.0
    assert second.restart(240.0) is None


def test_what_is_no_state_is_refused() -> None:
    with pytest.raises(ValueError, match="no state of a flapping watch"):
        Flapping("web.1").restore({"version": 2})
