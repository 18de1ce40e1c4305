"""A silence is judged by the gaps there were before."""

from __future__ import annotations

import json
import math
from random import Random

import pytest

from svcctl.detect.finding import What
from svcctl.detect.silence import Silence, SilencePolicy

_WEEK = 604_800.0


def _heard(*gaps: float, begin: float = 1_000.0) -> tuple[Silence, float]:
    silence, at = Silence("heartbeat", pattern="beat"), begin
    silence.hear(at)
    for gap in gaps:
        at += gap
        silence.hear(at)
    return silence, at


def test_a_heartbeat_that_stops_is_told_once() -> None:
    silence, last = _heard(*[30.0] * 40)

    assert silence.judge(last + 140.0) is None
    found = silence.judge(last + 160.0)

    assert found is not None
    assert (found.what, found.subject, found.pattern) == (What.SILENCE, "heartbeat", "beat")
    assert found.observed == "nothing for 160 s"
    assert found.expected == "one within 30 s, and within 30 s at the most"
    assert found.since == last
    assert silence.judge(last + 500.0) is None


def test_after_it_was_heard_again_the_next_silence_is_news() -> None:
    silence, last = _heard(*[30.0] * 40)
    assert silence.judge(last + 160.0) is not None

    silence.hear(last + 170.0)

    assert silence.judge(last + 500.0) is not None


def test_a_minute_is_no_silence_however_fast_the_beat() -> None:
    silence, last = _heard(*[1.0] * 40)

    assert silence.judge(last + 60.0) is None
    assert silence.judge(last + 61.0) is not None


def test_what_came_for_a_while_only_is_not_missed() -> None:
    silence = Silence("job", SilencePolicy(span=3_600.0))
    for beat in range(100):
        silence.hear(10.0 * beat)

    assert silence.judge(9_000.0) is None
    assert silence.due == math.inf


def test_it_says_when_it_is_to_be_asked_again() -> None:
    silence, last = _heard(*[30.0] * 40)

    assert silence.due == last + 150.0
    silence.judge(last + 151.0)
    assert (silence.due, silence.is_told) == (math.inf, True)


def test_nothing_is_told_before_enough_gaps_were_seen() -> None:
    silence, last = _heard(*[30.0] * 19)

    assert silence.judge(last + 9_000.0) is None
    assert Silence("x").judge(9_000.0) is None


def test_a_gap_there_was_this_week_or_the_last_is_usual() -> None:
    silence, last = _heard(*[30.0] * 40, 3_600.0, *[30.0] * 300)

    assert silence.judge(last + 3_700.0) is None
    assert silence.judge(last + 6_000.0) is not None


def test_a_gap_of_three_weeks_ago_is_forgotten() -> None:
    beats = int(3 * _WEEK / 300)

    silence, last = _heard(*[300.0] * 40, 36_000.0, *[300.0] * beats)

    assert silence.judge(last + 1_400.0) is None
    assert silence.judge(last + 1_600.0) is not None


@pytest.mark.parametrize("seed", range(5))
def test_what_comes_at_random_raises_no_alarm(seed: int) -> None:
    random, silence, at = Random(seed), Silence("x"), 0.0
    for _ in range(5_000):
        gap = random.expovariate(1 / 40.0)
        assert silence.judge(at + gap) is None
        at += gap
        silence.hear(at)


def test_while_nobody_listened_it_was_not_silent() -> None:
    silence, last = _heard(*[30.0] * 40)
    before = silence.state()

    silence.rest()
    silence.hear(last + 5_000.0)

    assert silence.judge(last + 5_100.0) is None
    assert silence.state() == before


def test_a_clock_that_goes_back_teaches_nothing() -> None:
    silence, last = _heard(*[30.0] * 40)
    before = silence.state()

    silence.hear(last - 500.0)

    assert silence.state() == before


def test_what_was_learnt_survives_as_json_and_the_pause_between_is_no_silence() -> None:
    first, last = _heard(*[30.0] * 40)
    second = Silence("heartbeat")

    second.restore(json.loads(json.dumps(first.state())))

    assert second.state() == first.state()
    assert second.judge(last + 9_000.0) is None
    second.hear(last + 9_000.0)
    assert second.judge(last + 9_200.0) is not None


def test_what_is_no_state_is_refused() -> None:
    with pytest.raises(ValueError, match="no state of a silence"):
        Silence("x").restore({"version": 1})
