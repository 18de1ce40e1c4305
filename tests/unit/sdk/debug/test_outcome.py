"""A step holds only where the life went as it should."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from svcctl.ports import Exit
from svcctl.sdk.debug.outcome import Seen, Verdict, judge, surprise
from svcctl.sdk.debug.script import Step, Verb
from svcctl.sdk.phases import Phase

RUNNING, STOPPED = Seen(phase=Phase.RUNNING), Seen(phase=Phase.STOPPED)
GOOD = Verdict()


def ended(code: int | None = 0, signal: str | None = None, crash: str = "") -> Seen:
    return Seen(phase=Phase.STOPPED, moved=True, exit=Exit(code=code, signal=signal), crash=crash)


def judged(verb: Verb, now: Seen, *, watched: bool = False, **more: Any) -> Verdict | None:
    """Judge a step that was taken while the service ran."""
    return judge(Step(verb=verb, text=str(verb), **more), RUNNING, now, watched=watched)


@pytest.mark.parametrize(
    ("verb", "phase"),
    [
        (Verb.READY, Phase.RUNNING),
        (Verb.START, Phase.RUNNING),
        (Verb.PAUSE, Phase.PAUSED),
        (Verb.RESUME, Phase.RUNNING),
    ],
)
def test_a_phase_is_waited_for(verb: Verb, phase: Phase) -> None:
    assert judged(verb, Seen(phase=Phase.STARTING)) is None
    assert judged(verb, Seen(phase=phase)) == GOOD


def test_a_pause_that_fails_is_no_pause() -> None:
    assert judged(Verb.PAUSE, RUNNING) is None
    assert judged(Verb.PAUSE, replace(RUNNING, moved=True)) == Verdict(
        problem="it is running again"
    )


def test_who_ends_meanwhile_is_neither_ready_nor_reloaded() -> None:
    for verb in (Verb.READY, Verb.PAUSE, Verb.RELOAD, Verb.CONTROL):
        seen = replace(ended(70), asking=True)
        assert judged(verb, seen) == Verdict(problem="it does not run: status 70")


def test_a_reload_is_waited_for() -> None:
    assert judged(Verb.RELOAD, RUNNING) is None
    assert judged(Verb.RELOAD, replace(RUNNING, reloads=1)) == GOOD


@pytest.mark.parametrize(
    ("verb", "seen"),
    [
        (Verb.STOP, ended(0)),
        (Verb.PRESHUTDOWN, ended(0)),
        (Verb.CRASH, ended(70, crash="/crashes/1.json")),
        (Verb.KILL, ended(None, "KILL")),
    ],
)
def test_an_end_as_it_should_be(verb: Verb, seen: Seen) -> None:
    assert judged(verb, RUNNING) is None
    assert judged(verb, seen) == GOOD


@pytest.mark.parametrize(
    ("verb", "seen", "problem"),
    [
        (Verb.STOP, ended(1), "it did not stop in order: status 1"),
        (Verb.SHUTDOWN, ended(None, "KILL"), "it did not stop in order: killed by SIGKILL"),
        (Verb.CRASH, ended(0), "status 0, not 70"),
        (Verb.CRASH, ended(70), "it left no crash report"),
        (Verb.KILL, ended(0), "it ended in order"),
    ],
)
def test_an_end_as_it_should_not_be(verb: Verb, seen: Seen, problem: str) -> None:
    assert judged(verb, seen) == Verdict(problem=problem)


def test_a_hang_ends_only_where_somebody_watches() -> None:
    assert judged(Verb.HANG, RUNNING) == GOOD
    assert judged(Verb.HANG, RUNNING, watched=True) is None
    assert judged(Verb.HANG, ended(None, "ABRT"), watched=True) == GOOD


def test_an_exit_status_is_compared() -> None:
    assert judged(Verb.STATUS, RUNNING, number=70) is None
    assert judged(Verb.STATUS, ended(70), number=70) == GOOD
    assert judged(Verb.STATUS, ended(1), number=70) == Verdict(problem="status 1, not 70")


def test_what_is_refused_does_not_hold_unless_that_was_expected() -> None:
    refused = replace(RUNNING, refused="it is running")

    assert judged(Verb.RESUME, refused) == Verdict(problem="refused: it is running")
    assert judged(Verb.RESUME, refused, refused=True) == GOOD
    assert judged(Verb.PAUSE, RUNNING, refused=True) == Verdict(problem="it was not refused")
    assert judged(Verb.CONTROL, replace(RUNNING, asking=True), refused=True) is None


def test_an_end_is_a_surprise_only_to_who_saw_it_run() -> None:
    assert surprise(RUNNING, ended(70)) == Verdict(problem="it does not run: status 70")
    assert surprise(RUNNING, RUNNING) is None
    assert surprise(STOPPED, STOPPED) is None
