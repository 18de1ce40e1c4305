"""The pure part of a breaker: each line of its table, and what holds whatever happens."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from svcctl.sdk.happenings import Position
from svcctl.sdk.resilience.circuit import (
    Circuit,
    Tolerance,
    asked,
    ended,
    given_back,
    retry_in,
)
from svcctl.sdk.resilience.window import LastCalls, Outcome

TOLERANCE = Tolerance(failure_rate=0.5, slow_rate=1.0, minimum_calls=4, cooldown=30.0, probes=2)
FAILED, FINE = Outcome(failed=True), Outcome(failed=False)
SLOW = Outcome(failed=False, slow=True)


def closed() -> Circuit:
    return Circuit(window=LastCalls(size=10))


def after(circuit: Circuit, *outcomes: Outcome, now: float = 0.0) -> Circuit:
    for outcome in outcomes:
        circuit = ended(circuit, TOLERANCE, outcome, turn=circuit.turn, now=now)
    return circuit


def opened() -> Circuit:
    return after(closed(), *[FAILED] * 4)


def half_open() -> Circuit:
    circuit, may = asked(opened(), TOLERANCE, 30.0)
    assert may
    return circuit


def test_it_opens_once_enough_calls_failed() -> None:
    assert after(closed(), FINE, FINE, FAILED).position is Position.CLOSED
    assert after(closed(), FINE, FINE, FAILED, FAILED).position is Position.OPEN


def test_it_does_not_judge_by_fewer_calls_than_the_minimum() -> None:
    assert after(closed(), FAILED, FAILED, FAILED).position is Position.CLOSED


def test_it_opens_once_enough_calls_are_slow() -> None:
    assert after(closed(), SLOW, SLOW, SLOW, SLOW).position is Position.OPEN
    assert after(closed(), SLOW, SLOW, SLOW, FINE).position is Position.CLOSED


def test_the_share_of_slow_calls_that_opens_it_is_the_one_given() -> None:
    tolerance = replace(TOLERANCE, slow_rate=0.75)
    circuit = closed()

    for outcome in (FINE, FINE, SLOW, SLOW, SLOW, SLOW, SLOW):
        circuit = ended(circuit, tolerance, outcome, turn=0, now=0.0)
    assert circuit.position is Position.CLOSED

    circuit = ended(circuit, tolerance, SLOW, turn=0, now=0.0)
    assert circuit.position is Position.OPEN


def test_an_open_one_refuses_until_the_cooldown_is_over() -> None:
    circuit = opened()

    assert asked(circuit, TOLERANCE, 29.9) == (circuit, False)
    assert retry_in(circuit, TOLERANCE, 10.0) == 20.0
    assert retry_in(closed(), TOLERANCE, 10.0) == 0.0
    assert asked(circuit, TOLERANCE, 30.0)[0].position is Position.HALF_OPEN


def test_a_half_open_one_lets_so_many_probes_through() -> None:
    circuit, second = asked(half_open(), TOLERANCE, 30.0)
    circuit, third = asked(circuit, TOLERANCE, 31.0)

    assert (second, third) == (True, False)


def test_good_probes_close_it_with_nothing_counted() -> None:
    assert after(half_open(), FINE, FINE) == Circuit(window=LastCalls(size=10), turn=3)


def test_bad_probes_open_it_again_for_another_cooldown() -> None:
    circuit = after(half_open(), FINE, FAILED, now=35.0)

    assert circuit.position is Position.OPEN
    assert retry_in(circuit, TOLERANCE, 35.0) == 30.0


def test_a_probe_given_back_is_left_again() -> None:
    circuit = given_back(half_open(), turn=half_open().turn)

    assert circuit.out == 0
    assert given_back(closed(), turn=0) == closed()


def test_probes_that_hang_are_replaced_after_another_cooldown() -> None:
    circuit, _ = asked(half_open(), TOLERANCE, 30.0)

    fresh, may = asked(circuit, TOLERANCE, 60.0)

    assert may
    assert (fresh.out, fresh.turn) == (1, circuit.turn + 1)
    assert ended(fresh, TOLERANCE, FAILED, turn=circuit.turn, now=61.0) == fresh


def test_a_call_of_an_earlier_phase_is_not_counted() -> None:
    circuit = half_open()

    assert ended(circuit, TOLERANCE, FAILED, turn=0, now=31.0) == circuit
    assert given_back(circuit, turn=0) == circuit
    assert ended(opened(), TOLERANCE, FINE, turn=opened().turn, now=1.0) == opened()


@given(st.lists(st.booleans(), max_size=60))
def test_it_is_open_exactly_when_a_full_enough_window_was_bad_enough(fails: list[bool]) -> None:
    circuit, bad = closed(), False

    for count in range(1, len(fails) + 1):
        circuit = ended(circuit, TOLERANCE, Outcome(failed=fails[count - 1]), turn=0, now=0.0)
        latest = fails[max(0, count - 10) : count]
        bad = bad or (len(latest) >= 4 and sum(latest) >= len(latest) / 2)

    assert (circuit.position is Position.OPEN) is bad


class Callers(RuleBasedStateMachine):
    """Many who call, end, give up and hang, at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.circuit = closed()
        self.now = 0.0
        self.turns: list[int] = []  # of the calls under way

    @rule(seconds=st.floats(0, 40))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def ask(self) -> None:
        before = self.circuit
        self.circuit, may = asked(before, TOLERANCE, self.now)
        if may:
            self.turns.append(self.circuit.turn)
        else:
            assert self.circuit == before
            assert retry_in(self.circuit, TOLERANCE, self.now) > 0

    @precondition(lambda self: self.turns)
    @rule(which=st.integers(0), failed=st.booleans(), slow=st.booleans())
    def end(self, which: int, failed: bool, slow: bool) -> None:
        turn = self.turns.pop(which % len(self.turns))
        outcome = Outcome(failed=failed, slow=slow)
        self.circuit = ended(self.circuit, TOLERANCE, outcome, turn=turn, now=self.now)

    @precondition(lambda self: self.turns)
    @rule(which=st.integers(0))
    def give_up(self, which: int) -> None:
        turn = self.turns.pop(which % len(self.turns))
        self.circuit = given_back(self.circuit, turn=turn)

    @invariant()
    def no_more_probes_are_out_than_may_be(self) -> None:
        if self.circuit.position is Position.HALF_OPEN:
            assert self.circuit.probed.calls <= self.circuit.out <= TOLERANCE.probes
            out = self.turns.count(self.circuit.turn)
            assert out == self.circuit.out - self.circuit.probed.calls

    @invariant()
    def whoever_comes_after_the_cooldown_is_let_through(self) -> None:
        later = self.now + TOLERANCE.cooldown + 1
        assert asked(self.circuit, TOLERANCE, later)[1]


TestCallers = Callers.TestCase
