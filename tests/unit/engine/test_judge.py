"""What exits, checks and answers mean."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.engine.judge import Verdict, describe_code, ending, judge, status_expected
from svcctl.engine.life import Ending
from svcctl.ports import Exit
from svcctl.spec.policy import RestartPolicy
from svcctl.spec.probe import Probe

PROBE = Probe(tcp=":1", fails=3, passes=2, fail_ratio=0.0)
FLAPPING = Probe(tcp=":1", fails=9, passes=1, fail_ratio=0.5, ratio_window=4)


def after(checks: str, probe: Probe = PROBE, *, in_grace: bool = False) -> Verdict:
    """Judge *checks*, ``+`` a pass and ``-`` a failure, one after the other."""
    verdict = Verdict()
    for check in checks:
        verdict = judge(verdict, passed=check == "+", probe=probe, in_grace=in_grace)
    return verdict


# --- exits


@pytest.mark.parametrize(
    ("end", "meaning"),
    [
        (Exit(code=0), Ending.OK),
        (Exit(code=3), Ending.OK),
        (Exit(code=78), Ending.NEVER),
        (Exit(code=1), Ending.BAD),
        (Exit(), Ending.BAD),
        (Exit(signal="KILL"), Ending.ABNORMAL),
        (Exit(code=0, signal="TERM"), Ending.ABNORMAL),
        (Exit(code=0xC0000005), Ending.ABNORMAL),
        (Exit(code=0xC000013A), Ending.ABNORMAL),
        (Exit(code=0xE0434352), Ending.ABNORMAL),
        (Exit(code=0xFFFFFFFF), Ending.BAD),
        (Exit(code=0x80070005), Ending.BAD),
        (Exit(code=255), Ending.BAD),
    ],
    ids=[
        *("0", "listed as ok", "listed as never", "1", "unknown", "signal", "both"),
        *("access violation", "Ctrl-C", "exception of .NET", "-1", "HRESULT", "255"),
    ],
)
def test_an_exit_means(end: Exit, meaning: Ending) -> None:
    assert ending(end, RestartPolicy(ok_exit=(0, 3), never_exit=(78,))) is meaning


def test_a_crash_that_is_listed_as_ok_is_ok() -> None:
    assert ending(Exit(code=0xC000013A), RestartPolicy(ok_exit=(0xC000013A,))) is Ending.OK


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (3, "exit code 3"),
        (0xC0000005, "exit code 0xC0000005 (access violation)"),
        (0xC000013A, "exit code 0xC000013A (ended by Ctrl-C)"),
        (0xC0001234, "exit code 0xC0001234"),
        (0xFFFFFFFF, "exit code 4294967295"),
    ],
)
def test_a_code_is_said_as_people_look_for_it(code: int, said: str) -> None:
    assert describe_code(code) == said


def test_a_code_that_is_both_ok_and_never_is_ok() -> None:
    assert ending(Exit(code=5), RestartPolicy(ok_exit=(5,), never_exit=(5,))) is Ending.OK


# --- checks in a row


@pytest.mark.parametrize(
    ("checks", "good"),
    [
        ("", None),
        ("+", None),
        ("++", True),
        ("--", None),
        ("---", False),
        ("+-+-", None),
        ("++--", True),
        ("++---", False),
        ("---+", False),
        ("---++", True),
        ("---+-+", False),
    ],
)
def test_a_verdict_takes_so_many_in_a_row(checks: str, good: bool | None) -> None:
    assert after(checks).good is good


def test_a_pass_forgets_the_failures_in_a_row_and_the_reverse() -> None:
    assert (after("--+").fails, after("--+").passes) == (0, 1)
    assert (after("+-").fails, after("+-").passes) == (1, 0)


def test_a_failure_in_the_grace_time_counts_for_nothing() -> None:
    assert after("-----", in_grace=True) == Verdict()


def test_a_pass_in_the_grace_time_counts() -> None:
    assert after("++", in_grace=True).good is True


def test_a_failure_in_the_grace_time_does_not_break_passes_in_a_row() -> None:
    assert after("+-+", in_grace=True).good is True


# --- flapping


@pytest.mark.parametrize(
    ("checks", "good"),
    [
        ("+-+", True),
        ("+-+-", False),
        ("-+-+", True),
        ("+-+-+", False),
        ("+-+-+++", True),
        ("++++-", True),
    ],
    ids=[
        "window not full",
        "half of a full window",
        "half, and the last one passed",
        "a pass does not help while half failed",
        "the window has moved on",
        "a quarter",
    ],
)
def test_a_service_that_flaps_is_bad_though_never_often_enough_in_a_row(
    checks: str, good: bool | None
) -> None:
    assert after(checks, FLAPPING).good is good


def test_a_ratio_of_nothing_is_no_ratio() -> None:
    off = Probe(tcp=":1", fails=9, passes=1, fail_ratio=0.0, ratio_window=4)

    assert after("+-+-+-+-", off).good is True


def test_no_more_checks_are_remembered_than_the_window_has() -> None:
    assert after("+-+-++--", FLAPPING).recent == (True, True, False, False)


@given(
    checks=st.text(alphabet="+-", max_size=60),
    fails=st.integers(1, 5),
    passes=st.integers(1, 5),
    window=st.integers(1, 10),
    ratio=st.floats(0, 1),
)
def test_a_verdict_turns_good_only_by_a_pass_and_bad_only_by_a_failure(
    checks: str, fails: int, passes: int, window: int, ratio: float
) -> None:
    probe = Probe(tcp=":1", fails=fails, passes=passes, fail_ratio=ratio, ratio_window=window)
    verdicts = [Verdict()]
    for check in checks:
        verdicts.append(judge(verdicts[-1], passed=check == "+", probe=probe, in_grace=False))

    for check, (before, now) in zip(checks, pairwise(verdicts), strict=True):
        if now.good is not before.good:
            assert now.good is (check == "+")
        assert len(now.recent) <= window


# --- answers


@pytest.mark.parametrize("expect", ["200", "200-299", "404, 200", "100-150,200-200"])
def test_a_status_that_is_listed_is_fine(expect: str) -> None:
    assert status_expected(expect, 200, "") == ""


@pytest.mark.parametrize(("status", "fine"), [(199, False), (200, True), (299, True), (300, False)])
def test_both_ends_of_a_range_belong_to_it(status: int, fine: bool) -> None:
    assert (status_expected("200-299", status, "") == "") is fine


def test_a_status_that_is_not_listed_is_named_with_what_is() -> None:
    assert status_expected("200-299,304", 503, "") == "status 503, expected 200-299,304"


def test_a_body_must_have_a_match_anywhere() -> None:
    assert status_expected("body:ok|fine", 200, "all is fine here") == ""


def test_a_body_without_a_match_is_told_with_the_pattern() -> None:
    assert status_expected("body:^ok$", 200, "not ok") == "the body has no match for '^ok$'"


@pytest.mark.parametrize(("status", "fine"), [(199, False), (200, True), (299, True), (300, False)])
def test_a_matching_body_counts_only_with_success(status: int, fine: bool) -> None:
    found = status_expected("body:ok", status, "ok")

    assert found == ("" if fine else f"status {status}, expected 2xx")
