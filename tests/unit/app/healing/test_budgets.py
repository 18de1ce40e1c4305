"""A budget is never overdrawn, whatever happens to the agent or to the clock."""

from __future__ import annotations

import math
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from svcctl.app.healing.deed import State, deed_of, free_at
from svcctl.app.healing.ledger import KIND, Ledger
from svcctl.spec.heal_notation import Budget
from svcctl.testing.fakes import FakeStore

from .scenes import NOW, deed, found, policy, scene, service, wanted

SOME = wanted(scene(service("web", policy()), events=[found()]))[0]


@given(
    st.lists(st.floats(0.0, 500.0), max_size=60),
    st.integers(0, 5),
    st.sampled_from([1.0, 60.0, 3600.0]),
)
def test_never_more_than_that_many_in_any_time_that_long(
    waits: list[float], most: int, within: float
) -> None:
    budget, now = Budget(most=most, within=within), NOW
    done: list[float] = []

    for wait in waits:
        now += wait
        if free_at(done, budget, now=now) is None:
            done.append(now)

    for begin in done:
        assert sum(begin <= each < begin + within for each in done) <= most


@given(st.lists(st.floats(NOW - 4000.0, NOW), max_size=20), st.integers(1, 5))
def test_it_is_free_when_it_says_and_not_before(times: list[float], most: int) -> None:
    budget = Budget(most=most, within=3600.0)

    due = free_at(times, budget, now=NOW)

    if due is not None:
        assert due > NOW
        assert free_at(times, budget, now=due) is None
        assert free_at(times, budget, now=math.nextafter(due, 0.0) - 1e-3) is not None


def test_what_is_no_budget_at_all_is_never_free() -> None:
    assert free_at([], Budget(most=0, within=60.0), now=NOW) == math.inf


def test_what_was_done_is_known_to_the_next_agent() -> None:
    store = FakeStore()
    ledger = Ledger(store, now=NOW)
    first = ledger.begin(SOME, at=NOW)
    ledger.end(first, State.FAILED, at=NOW + 1, problem="no")
    second = ledger.begin(SOME, at=NOW + 2)

    found_again = Ledger(store, now=NOW + 3)

    assert found_again.deeds == ledger.deeds
    assert found_again.interrupted == (second,)
    assert found_again.begin(SOME, at=NOW + 3).number == 3


def test_a_page_of_the_ledger_that_is_no_good_is_no_end_of_an_agent() -> None:
    store = FakeStore()
    Ledger(store, now=NOW).begin(SOME, at=NOW)
    good = store.items(KIND)[0][1]
    for number, bad in enumerate(({}, good | {"at": "soon"}, good | {"state": "new"}), start=7):
        store.put(KIND, str(number), bad)

    assert [each.number for each in Ledger(store, now=NOW).deeds] == [1]


def test_a_deed_is_read_as_it_was_written() -> None:
    for each in (deed(at=NOW), deed(at=NOW, state=State.BEGUN)):
        assert deed_of(each.document()) == each
    assert deed_of(deed(at=NOW).document() | {"number": "1"}) is None


def test_what_a_wrong_clock_wrote_lies_in_the_past() -> None:
    store = FakeStore()
    Ledger(store, now=NOW).begin(SOME, at=NOW + 1e9)

    (only,) = Ledger(store, now=NOW).deeds

    assert only.at == NOW


def test_what_no_budget_counts_any_more_is_forgotten_but_the_last() -> None:
    store = FakeStore()
    ledger = Ledger(store, now=NOW)
    for each in range(4):
        begun = ledger.begin(SOME, at=NOW + each)
        if each != 1:
            ledger.end(begun, State.DONE, at=NOW + each)

    ledger.prune(now=NOW + 86_401.0, longest=60.0)
    assert [each.number for each in ledger.deeds] == [2, 3, 4]
    ledger.prune(now=NOW + 1e6, longest=1e6 - 2.5)
    assert [each.number for each in ledger.deeds] == [2, 4]
    assert Ledger(store, now=NOW + 1e6).deeds == ledger.deeds


def test_a_deed_that_was_not_done_is_not_counted() -> None:
    ledger = Ledger(FakeStore(), now=NOW)

    ledger.forget(ledger.begin(SOME, at=NOW))

    assert ledger.deeds == ()
    assert replace(deed(at=NOW), what="run:x", by="rule 'it'").may_help is False
