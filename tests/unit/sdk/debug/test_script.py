"""A script is read whole before anything is done, and single keys mean the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.errors import SvcctlError, UsageError
from svcctl.sdk.debug.exchange import Act
from svcctl.sdk.debug.script import Step, Toggle, Verb, for_key, parse_script
from svcctl.sdk.phases import Phase


def one(text: str) -> Step:
    """Give the only step of a script."""
    (step,) = parse_script(text)
    assert isinstance(step, Step)
    return step


def test_steps_are_parted_by_semicolons_and_lines_and_may_be_explained() -> None:
    steps = parse_script("ready; pause  # it stands still\nresume;\n\n# over\nstop")

    assert [each.text for each in steps] == ["ready", "pause", "resume", "stop"]


@pytest.mark.parametrize(("letter", "verb"), [("r", "reload"), ("c", "crash"), ("w", "hang")])
def test_a_letter_is_the_short_name_of_a_verb(letter: str, verb: str) -> None:
    assert one(letter).verb == verb
    assert one(letter).act == Act(verb)


@pytest.mark.parametrize(
    ("letter", "phase", "verb"),
    [
        ("p", Phase.RUNNING, Verb.PAUSE),
        ("p", Phase.PAUSED, Verb.RESUME),
        ("s", Phase.RUNNING, Verb.STOP),
        ("s", Phase.STOPPED, Verb.START),
    ],
)
def test_p_and_s_go_there_and_back(letter: str, phase: Phase, verb: Verb) -> None:
    toggle = for_key(letter)

    assert isinstance(toggle, Toggle)
    assert toggle.settled(phase).verb is verb


def test_lengths_and_numbers_are_understood() -> None:
    assert one("sleep 1m30s").number == 90.0
    assert one("control 130").number == 130
    assert one("status 70").number == 70
    assert one("expect a letter.sent to=bob").words == "a letter.sent to=bob"


def test_a_step_may_have_a_time_limit_be_refused_and_not_be_waited_for() -> None:
    assert one("ready within 5s").within == 5.0
    assert one("expect sent within 2s").words == "sent"
    assert one("refused p").refused
    assert one("refused p").verb is Verb.PAUSE
    assert not one("stop &").waits
    assert not one("stop within 2s &").waits


@pytest.mark.parametrize(
    "text",
    [
        "fly",
        "pause now",
        "sleep",
        "sleep soon",
        "control 12",
        "control x",
        "status good",
        "ready within soon",
        "refused",
        "refused fly",
    ],
)
def test_mistakes_are_told_before_anything_is_done(text: str) -> None:
    with pytest.raises(SvcctlError) as caught:
        parse_script(f"ready; {text}")

    assert caught.value.hint or caught.value.problem


@pytest.mark.parametrize("text", ["", " ; # nothing"])
def test_a_script_has_steps(text: str) -> None:
    with pytest.raises(UsageError):
        parse_script(text)


def test_an_unknown_step_is_named_beside_those_there_are() -> None:
    with pytest.raises(UsageError) as caught:
        parse_script("ready; fly")

    assert "'fly'" in caught.value.problem
    assert "pause" in caught.value.hint


@given(st.text())
def test_whatever_stands_there_is_steps_or_an_error_of_ours(text: str) -> None:
    try:
        steps = parse_script(text)
    except SvcctlError:
        return

    assert steps


def test_a_key_that_means_nothing_is_nothing() -> None:
    assert for_key("x") is None
    assert for_key("") is None
