"""Sliding windows, beside a plain list."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from svcctl.sdk.resilience.window import LastCalls, LastSeconds, Outcome, Tally, Window

OUTCOMES = st.builds(Outcome, failed=st.booleans(), slow=st.booleans())


def counted(outcomes: list[Outcome]) -> Tally:
    return Tally(
        calls=len(outcomes),
        failed=sum(each.failed for each in outcomes),
        slow=sum(each.slow for each in outcomes),
    )


@given(st.integers(1, 70), st.lists(OUTCOMES, max_size=150))
def test_the_last_calls_are_counted_as_in_a_list(size: int, outcomes: list[Outcome]) -> None:
    window: Window = LastCalls(size=size)

    for each in outcomes:
        window = window.with_one(each, 0.0)

    assert window.tally(0.0) == counted(outcomes[-size:])


@given(st.lists(st.tuples(st.integers(0, 40), OUTCOMES), max_size=100), st.integers(0, 40))
def test_the_last_seconds_are_counted_as_in_a_list_give_or_take_a_slice(
    calls: list[tuple[int, Outcome]], idle: int
) -> None:
    window: Window = LastSeconds(length=10.0)
    now, at = 0, list[tuple[int, Outcome]]()

    for step, outcome in calls:
        now += step
        window = window.with_one(outcome, now / 4)
        at.append((now, outcome))
    now += idle

    surely = [outcome for when, outcome in at if now - when <= 36]  # nine seconds, in quarters
    perhaps = [outcome for when, outcome in at if now - when <= 40]
    least, found, most = counted(surely), window.tally(now / 4), counted(perhaps)
    assert least.calls <= found.calls <= most.calls
    assert least.failed <= found.failed <= most.failed
    assert least.slow <= found.slow <= most.slow


@given(st.lists(st.tuples(st.floats(0, 1), OUTCOMES), max_size=200))
def test_a_window_of_seconds_does_not_grow(calls: list[tuple[float, Outcome]]) -> None:
    window, now = LastSeconds(length=1.0), 0.0

    for step, outcome in calls:
        now += step
        window = window.with_one(outcome, now)

    assert len(window.slices) <= 11


def test_an_emptied_window_is_as_long_and_knows_of_no_call() -> None:
    for window in (LastCalls(size=3), LastSeconds(length=3.0)):
        used = window.with_one(Outcome(failed=True), 1.0)

        assert used.emptied() == window
