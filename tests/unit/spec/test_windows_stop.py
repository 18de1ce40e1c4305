"""What a stop that was written for any system becomes on Windows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.errors import SpecError
from svcctl.spec.names import SIGNALS
from svcctl.spec.policy import StopPolicy, StopStep, StopTree
from svcctl.spec.windows_stop import native_stop


def ways(stop: StopPolicy) -> list[str | None]:
    return [step.signal for step in native_stop(stop).steps()]


def test_who_says_nothing_gets_all_ways_in_order() -> None:
    assert ways(StopPolicy()) == ["CTRL_C", "WM_CLOSE", "WM_QUIT"]


@given(st.floats(min_value=0, max_value=1e9))
def test_all_ways_together_take_no_longer_than_the_timeout(timeout: float) -> None:
    steps = native_stop(StopPolicy(timeout=timeout)).steps()

    assert sum(step.timeout for step in steps) == pytest.approx(timeout)


def test_a_console_program_gets_the_longest_time() -> None:
    first, *others = native_stop(StopPolicy(timeout=20.0)).steps()

    assert (first.signal, first.timeout) == ("CTRL_C", 10.0)
    assert [step.timeout for step in others] == [5.0, 5.0]


def test_http_and_exec_come_first_with_their_own_time() -> None:
    asked = StopPolicy(http="http://127.0.0.1/stop", exec=("bye.exe",), timeout=8.0)

    steps = native_stop(asked).steps()

    assert steps[:2] == (
        StopStep(http="http://127.0.0.1/stop", timeout=8.0),
        StopStep(exec=("bye.exe",), timeout=8.0),
    )
    assert [step.signal for step in steps[2:]] == ["CTRL_C", "WM_CLOSE", "WM_QUIT"]


def test_an_interrupt_is_ctrl_c_with_all_the_time() -> None:
    (step,) = native_stop(StopPolicy(signal="INT", timeout=7.0)).steps()

    assert step == StopStep(signal="CTRL_C", timeout=7.0)


@pytest.mark.parametrize("name", ["CTRL_C", "CTRL_BREAK", "WM_CLOSE", "WM_QUIT", "KILL"])
def test_a_way_asked_for_by_name_is_the_only_one(name: str) -> None:
    assert ways(StopPolicy(signal=name)) == [name]


def test_a_sequence_stays_and_what_it_leaves_out_is_skipped() -> None:
    written = (
        StopStep(exec=("bye.exe",), timeout=3.0),
        StopStep(signal="WM_CLOSE", timeout=4.0),
    )

    assert native_stop(StopPolicy(sequence=written)).steps() == written


def test_a_sequence_for_any_system_works_here_too() -> None:
    written = (StopStep(signal="INT", timeout=2.0), StopStep(signal="TERM", timeout=4.0))

    steps = native_stop(StopPolicy(sequence=written)).steps()

    assert [(step.signal, step.timeout) for step in steps] == [
        ("CTRL_C", 2.0),
        ("CTRL_C", 2.0),
        ("WM_CLOSE", 1.0),
        ("WM_QUIT", 1.0),
    ]


def test_what_was_made_native_stays_as_it_is() -> None:
    once = native_stop(StopPolicy(http="http://127.0.0.1/stop"))

    assert native_stop(once) == once


def test_the_tree_and_the_timeout_are_kept() -> None:
    native = native_stop(StopPolicy(tree=StopTree.GROUP, timeout=3.0))

    assert (native.tree, native.timeout) == (StopTree.GROUP, 3.0)


@pytest.mark.parametrize("name", sorted({*SIGNALS} - {"TERM", "INT", "KILL"}))
def test_a_signal_windows_does_not_have_is_refused(name: str) -> None:
    with pytest.raises(SpecError, match=f"Windows has no signal '{name}'") as raised:
        native_stop(StopPolicy(signal=name))

    assert raised.value.hint
