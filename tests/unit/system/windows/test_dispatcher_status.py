"""What the SCM is told, and what its controls mean: every claim of the API's documentation."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.ports import HostPhase
from svcctl.system.windows.service_status import (
    LONGEST_SLICE,
    Accept,
    Control,
    Standing,
    State,
    Taken,
    Wish,
    asked,
    begun,
    ended,
    told,
)

ALL = Taken(preshutdown=True, custom=frozenset({128, 200, 255}))
ENDS = (Control.STOP, Control.SHUTDOWN, Control.PRESHUTDOWN)
PENDING = {State.START_PENDING, State.STOP_PENDING, State.CONTINUE_PENDING, State.PAUSE_PENDING}


def standing(*phases: HostPhase, taken: Taken = ALL) -> Standing:
    """Give the standing of a service whose host told *phases*, a second apart."""
    now = begun(at=0.0, within=5.0)
    for second, phase in enumerate(phases, 1):
        now = told(now, phase, at=float(second), within=5.0, taken=taken)
    return now


def ask(before: Standing, control: int, *, taken: Taken = ALL) -> Any:
    """Give what comes of *control* after a hundred seconds."""
    return asked(before, control, at=100.0, within=7.0, taken=taken)


def test_the_first_word_is_that_it_starts_and_takes_nothing() -> None:
    first = begun(at=50.0, within=20.0)

    assert first.fields() == (0x10, 2, 0, 0, 0, 1, 20_000)


def test_while_it_starts_the_checkpoint_and_the_hint_grow_and_nothing_is_accepted() -> None:
    now = begun(at=0.0, within=20.0)

    seen = []
    for at in (5.0, 10.0, 15.0):
        now = told(now, HostPhase.STARTING, at=at, within=15.0, taken=ALL)
        seen.append((now.checkpoint, now.wait_hint, now.accepted))

    assert seen == [(2, 20_000, 0), (3, 25_000, 0), (4, 30_000, 0)]


def test_a_promise_is_never_longer_than_windows_waits_for_a_checkpoint() -> None:
    now = told(begun(at=0.0, within=1.0), HostPhase.STARTING, at=1.0, within=600.0, taken=ALL)

    assert now.wait_hint == 1000 + LONGEST_SLICE * 1000


def test_a_hint_that_was_given_is_not_shortened_while_the_state_lasts() -> None:
    now = told(begun(at=0.0, within=20.0), HostPhase.STARTING, at=1.0, within=2.0, taken=ALL)

    assert now.wait_hint == 20_000


def test_every_passing_state_counts_from_one() -> None:
    now = standing(HostPhase.RUNNING, HostPhase.PAUSING)

    assert (now.state, now.checkpoint, now.wait_hint) == (State.PAUSE_PENDING, 1, 5000)


@pytest.mark.parametrize("phases", [[HostPhase.RUNNING], [HostPhase.RUNNING, HostPhase.PAUSED]])
def test_a_settled_service_accepts_everything_and_shows_no_progress(
    phases: list[HostPhase],
) -> None:
    now = standing(*phases)

    assert now.accepted == (
        Accept.STOP | Accept.PAUSE_CONTINUE | Accept.PARAMCHANGE | Accept.PRESHUTDOWN
    )
    assert (now.checkpoint, now.wait_hint) == (0, 0)


def test_who_does_not_hear_of_a_shutdown_early_hears_of_the_shutdown_itself() -> None:
    now = standing(HostPhase.RUNNING, taken=Taken(preshutdown=False))

    assert now.accepted & (Accept.SHUTDOWN | Accept.PRESHUTDOWN) == Accept.SHUTDOWN


def test_what_cannot_stand_still_is_not_asked_to() -> None:
    restless = Taken(pausable=False)
    now = standing(HostPhase.RUNNING, taken=restless)

    answer = ask(now, Control.PAUSE, taken=restless)

    assert now.accepted == Accept.STOP | Accept.SHUTDOWN | Accept.PARAMCHANGE
    assert (answer.result, answer.wish) == (120, None)


@pytest.mark.parametrize("phase", [HostPhase.PAUSING, HostPhase.RESUMING])
def test_between_running_and_paused_only_the_end_is_accepted(phase: HostPhase) -> None:
    now = standing(HostPhase.RUNNING, phase)

    assert now.accepted == Accept.STOP | Accept.PRESHUTDOWN


def test_asked_how_it_is_nothing_changes() -> None:
    before = standing(HostPhase.RUNNING)

    answer = ask(before, Control.INTERROGATE)

    assert (answer.result, answer.wish) == (0, None)
    assert answer.standing is before


@pytest.mark.parametrize(
    ("control", "wish"),
    [
        (Control.STOP, Wish.STOP),
        (Control.SHUTDOWN, Wish.SHUTDOWN),
        (Control.PRESHUTDOWN, Wish.SHUTDOWN),
    ],
)
def test_an_end_is_told_as_under_way_before_the_host_hears_of_it(control: int, wish: Wish) -> None:
    answer = ask(standing(HostPhase.RUNNING), control)

    assert (answer.result, answer.wish) == (0, wish)
    assert answer.standing.fields() == (0x10, 3, 0, 0, 0, 1, 7000)


def test_an_end_asked_for_twice_is_one() -> None:
    once = ask(standing(HostPhase.RUNNING), Control.PRESHUTDOWN)

    twice = ask(once.standing, Control.STOP)

    assert (twice.result, twice.wish) == (0, None)
    assert twice.standing is once.standing


@pytest.mark.parametrize("phase", [each for each in HostPhase if each is not HostPhase.STOPPING])
def test_a_host_that_does_not_know_yet_cannot_take_the_end_back(phase: HostPhase) -> None:
    leaving = ask(standing(HostPhase.RUNNING), Control.STOP).standing

    now = told(leaving, phase, at=101.0, within=5.0, taken=ALL)

    assert (now.state, now.checkpoint, now.accepted) == (State.STOP_PENDING, 2, Accept.NOTHING)


def test_a_host_that_stops_by_itself_may_be_started_again_meanwhile() -> None:
    now = standing(HostPhase.RUNNING, HostPhase.STOPPING, HostPhase.STARTING, HostPhase.RUNNING)

    assert now.state is State.RUNNING


def test_a_pause_is_told_as_under_way() -> None:
    answer = ask(standing(HostPhase.RUNNING), Control.PAUSE)

    assert (answer.result, answer.wish) == (0, Wish.PAUSE)
    assert answer.standing.state is State.PAUSE_PENDING


def test_a_continue_is_told_as_under_way() -> None:
    answer = ask(standing(HostPhase.RUNNING, HostPhase.PAUSED), Control.CONTINUE)

    assert (answer.result, answer.wish) == (0, Wish.RESUME)
    assert answer.standing.state is State.CONTINUE_PENDING


@pytest.mark.parametrize(
    ("phase", "control"),
    [(HostPhase.PAUSED, Control.PAUSE), (HostPhase.RUNNING, Control.CONTINUE)],
)
def test_what_is_so_already_is_good(phase: HostPhase, control: int) -> None:
    before = standing(HostPhase.RUNNING, phase)

    answer = ask(before, control)

    assert (answer.result, answer.wish) == (0, None)
    assert answer.standing is before


@pytest.mark.parametrize("control", [Control.PAUSE, Control.CONTINUE])
def test_a_pause_of_what_only_starts_is_refused(control: int) -> None:
    answer = ask(standing(HostPhase.STARTING), control)

    assert (answer.result, answer.wish) == (1061, None)


def test_changed_parameters_are_read_again() -> None:
    before = standing(HostPhase.RUNNING)

    answer = ask(before, Control.PARAMCHANGE)

    assert (answer.result, answer.wish) == (0, Wish.RELOAD)
    assert answer.standing is before


@pytest.mark.parametrize("code", [128, 200, 255])
def test_a_user_code_somebody_configured_is_passed_on(code: int) -> None:
    assert ask(standing(HostPhase.RUNNING), code).wish is Wish.CUSTOM


@pytest.mark.parametrize("code", [0, 7, 13, 14, 127, 129, 254, 256])
def test_a_code_that_means_nothing_here_is_refused(code: int) -> None:
    before = standing(HostPhase.RUNNING)

    answer = ask(before, code)

    assert (answer.result, answer.wish) == (120, None)
    assert answer.standing is before


def test_a_code_outside_the_users_range_means_nothing_even_if_configured() -> None:
    odd = Taken(custom=frozenset({13, 300}))

    assert {ask(standing(HostPhase.RUNNING), code, taken=odd).result for code in (13, 300)} == {120}


def test_a_good_end_has_no_error() -> None:
    assert ended(standing(HostPhase.STOPPING), 0).fields() == (0x10, 1, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(("status", "code"), [(3, 3), (0xC0000005, 0xC0000005), (-1, 0xFFFFFFFF)])
def test_a_bad_end_is_the_services_own_error(status: int, code: int) -> None:
    assert ended(standing(HostPhase.RUNNING), status).fields() == (0x10, 1, 0, 1066, code, 0, 0)


def test_after_the_end_nothing_is_told_any_more() -> None:
    over = ended(standing(HostPhase.RUNNING), 3)

    later = told(over, HostPhase.RUNNING, at=200.0, within=1.0, taken=ALL)

    assert later is over
    assert ended(over, 0) is over
    assert all(ask(over, control).standing is over for control in ENDS)


STEPS = st.lists(
    st.tuples(
        st.one_of(st.sampled_from(HostPhase), st.integers(0, 300)),
        st.floats(0.0, 1000.0),
        st.floats(0.0, 100.0),
    )
)


@given(steps=STEPS, taken=st.sampled_from([Taken(), Taken(pausable=False), ALL]))
def test_whatever_happens_the_scm_sees_progress_and_an_honest_mask(
    steps: list[Any], taken: Taken
) -> None:
    now, at = begun(at=0.0, within=20.0), 0.0
    for step, passed, within in steps:
        before, at = now, at + passed
        if isinstance(step, HostPhase):
            now = told(before, step, at=at, within=within, taken=taken)
            assert now.state not in PENDING or now.checkpoint == (
                before.checkpoint + 1 if now.state is before.state else 1
            )
        else:
            now = asked(before, step, at=at, within=within, taken=taken).standing
        if now is before:
            continue
        if now.state in PENDING:
            assert now.checkpoint > 0
            assert now.wait_hint >= round(min(within, LONGEST_SLICE) * 1000)
            assert now.state is not before.state or now.wait_hint >= before.wait_hint
        else:
            assert (now.checkpoint, now.wait_hint) == (0, 0)
        if now.state in {State.START_PENDING, State.STOP_PENDING}:
            assert now.accepted == Accept.NOTHING
        else:
            assert Accept.STOP in now.accepted
        assert not before.leaving or now.state is State.STOP_PENDING
