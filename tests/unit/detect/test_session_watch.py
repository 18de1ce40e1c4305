"""Sessions are gathered, learnt first and judged when they end."""

from __future__ import annotations

import json

import pytest

from svcctl.detect.session_watch import SessionPolicy, SessionWatch

_POLICY = SessionPolicy(learning=50, most=100, longest=10, most_an_hour=1_000)


def _run(watch: SessionWatch, name: str, *events: str, at: float = 0.0) -> list[str]:
    for event in events:
        watch.add(name, event, at=at)
    return [each.observed for each in watch.close(at + 60.0)]


def _learnt() -> SessionWatch:
    watch = SessionWatch(_POLICY)
    for number in range(50):
        assert _run(watch, str(number), "open", "close") == []
    return watch


def test_a_session_is_judged_once_it_has_been_quiet() -> None:
    watch = _learnt()
    watch.add("x", "open", at=100.0)

    early, late = watch.close(159.0), watch.close(160.0)

    assert early == []
    assert [(each.subject, each.observed, each.since) for each in late] == [
        ("x", "no 'close'", 100.0)
    ]
    assert watch.close(900.0) == []


def test_sessions_that_run_beside_each_other_are_kept_apart() -> None:
    watch = _learnt()
    for event in ("open", "close"):
        for name in ("x", "y"):
            watch.add(name, event, at=100.0)

    assert watch.close(200.0) == []


def test_a_session_that_never_ends_is_judged_in_pieces() -> None:
    watch = _learnt()
    for _ in range(10):
        watch.add("x", "open", at=100.0)

    assert [each.subject for each in watch.close(100.0)] == ["x"]


def test_when_too_many_are_open_the_oldest_ends() -> None:
    watch = _learnt()
    for number in range(101):
        watch.add(f"new {number}", "open", at=100.0)

    assert [each.subject for each in watch.close(100.0)] == ["new 0"]


def test_a_service_that_has_changed_is_told_of_for_a_while_and_learnt() -> None:
    watch = _learnt()

    told = [_run(watch, f"new {number}", "open", "ping", "close") for number in range(300)]

    assert [bool(each) for each in told] == [*[True] * 200, *[False] * 100]


def test_what_was_learnt_survives_as_json() -> None:
    watch = SessionWatch(_POLICY)

    watch.restore(json.loads(json.dumps(_learnt().state())))

    assert _run(watch, "x", "open", at=100.0) == ["no 'close'"]


def test_what_is_no_state_is_refused() -> None:
    with pytest.raises(ValueError, match="no state of a session watch"):
        SessionWatch().restore({})
