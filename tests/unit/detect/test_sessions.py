"""Sessions are compared with normal ones, by what came and how often."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.detect.finding import What
from svcctl.detect.sessions import Sessions

_NORMAL = (["open", "read", "close"], ["open", "read", "read", "close"], ["open", "close"])


def _learnt(*sessions: list[str]) -> Sessions:
    known = Sessions()
    known.learn([*(sessions or _NORMAL)] * 100)
    return known


def test_a_session_like_a_learnt_one_is_normal_in_any_order() -> None:
    assert _learnt().judge("7", ["close", "read", "open"], at=1.0) is None


def test_nothing_is_unusual_before_anything_was_learnt() -> None:
    assert Sessions().judge("7", ["open"], at=1.0) is None


def test_what_is_missing_is_named_with_what_was_expected() -> None:
    found = _learnt().judge("7", ["open", "read"], at=1.0)

    assert found is not None
    assert (found.what, found.subject, found.since) == (What.SESSION, "7", 1.0)
    assert found.observed == "no 'close'"
    assert found.expected == "1 x 'close' as in the nearest of 3 known kinds"


def test_an_event_that_never_came_scores_highest() -> None:
    found = _learnt().judge("7", ["open", "panic", "close"], at=1.0)

    assert found is not None
    assert found.observed == "1 x 'panic'"
    assert found.expected.startswith("no 'panic'")
    assert found.score == 1.0


def test_a_number_that_never_came_is_unusual_while_the_numbers_are_few() -> None:
    found = _learnt().judge("7", ["open", "open", "open", "close"], at=1.0)

    assert found is not None
    assert found.observed == "3 x 'open'"
    assert 0.0 < found.score < 1.0


def test_an_event_that_comes_in_many_numbers_may_come_in_any() -> None:
    known = _learnt(*(["open", *["read"] * number, "close"] for number in (1, 2, 3)))

    assert known.judge("7", ["open", *["read"] * 40, "close"], at=1.0) is None
    found = known.judge("8", ["open", "close"], at=1.0)
    assert found is not None
    assert (found.observed, found.expected.split(" as ")[0]) == ("no 'read'", "some 'read'")


def test_the_same_difference_has_the_same_pattern_in_another_session() -> None:
    known = _learnt()

    one, two = (known.judge(each, ["open", "panic"], at=1.0) for each in ("7", "8"))

    assert one is not None
    assert two is not None
    assert one.pattern == two.pattern


def _unlike() -> Sessions:
    """Learn sessions that all differ, but for how they begin."""
    known = Sessions()
    known.learn([["open", f"step {at}", f"step {at + 1}"] for at in range(40)])
    return known


def test_where_each_session_is_its_own_kind_another_kind_is_no_news() -> None:
    assert _unlike().judge("7", ["open", "step 7", "step 9"], at=1.0) is None


def test_there_too_what_never_came_or_was_never_missing_is_told() -> None:
    known = _unlike()

    new, missing, many = (
        known.judge("7", each, at=1.0) for each in (["open", "panic"], ["step 1"], ["open", "open"])
    )

    assert new is not None
    assert (new.observed, new.expected) == ("1 x 'panic'", "no 'panic' in 40 sessions")
    assert new.score == 1.0
    assert missing is not None
    assert (missing.observed, missing.expected) == ("no 'open'", "some 'open' in 40 sessions")
    assert many is not None
    assert many.expected == "1 x 'open' at the most in 40 sessions"


def test_events_that_became_one_may_come_in_any_number() -> None:
    known = _learnt(["open", "red", "close"], ["open", "blue", "close"])

    known.merge(["blue", "never seen"], into="red")

    assert known.judge("7", ["open", "red", "red", "close"], at=1.0) is None
    assert known.judge("7", ["open", "blue", "close"], at=1.0) is not None
    assert known.judge("7", ["open", "close"], at=1.0) is not None


def test_what_was_learnt_survives_as_json() -> None:
    first, second = _learnt(), Sessions()

    second.restore(json.loads(json.dumps(first.state())))

    assert second.state() == first.state()
    assert second.judge("7", ["open", "read", "close"], at=1.0) is None


def test_what_is_no_state_is_refused() -> None:
    with pytest.raises(ValueError, match="no state of sessions"):
        Sessions().restore({"version": 9})


def test_explanations_are_bounded_too() -> None:
    known = Sessions(most=1)
    known.learn([["a"]] * 100)

    found = [known.judge("7", [each], at=1.0) for each in ("b", "c", "b")]

    assert [each.observed for each in found if each] == [
        "no 'a', 1 x 'b'",
        "no 'a', 1 x 'c'",
        "no 'a', 1 x 'b'",
    ]


def test_memory_is_bounded_and_the_latest_kinds_stay() -> None:
    known = Sessions(most=2)
    known.learn([[each] for each in "aaabbbccc"])

    assert known.judge("7", ["c"], at=1.0) is None
    assert known.judge("7", ["a"], at=1.0) is not None


@given(st.lists(st.lists(st.sampled_from("abcd"), max_size=9), min_size=1, max_size=30))
def test_whatever_was_learnt_is_normal(sessions: list[list[str]]) -> None:
    known = Sessions()

    known.learn(sessions)

    assert all(known.judge("x", each, at=0.0) is None for each in sessions)
