"""A finding explains itself, and one that was called false is quiet from then on."""

from __future__ import annotations

import json

from svcctl.detect.finding import Deviation, Feedback, Finding, What

_BURST = Deviation(
    what=What.BURST,
    subject="job <*> failed",
    observed="120 lines in 10 s",
    expected="about 12",
    since=1_000.0,
    score=0.9,
    pattern="4f2a",
)


def test_a_finding_says_what_was_seen_and_what_was_expected() -> None:
    finding = Finding(service="web", deviation=_BURST)

    assert finding.text == (
        "burst of 'job <*> failed' in service 'web': 120 lines in 10 s, expected about 12"
    )


def test_a_finding_goes_through_json_whole() -> None:
    finding = Finding(service="web", deviation=_BURST, samples=("job 1 failed",))

    assert json.loads(json.dumps(finding.fields())) == {
        "service": "web",
        "what": "burst",
        "subject": "job <*> failed",
        "observed": "120 lines in 10 s",
        "expected": "about 12",
        "since": 1_000.0,
        "score": 0.9,
        "pattern": "web/burst/4f2a",
        "samples": ["job 1 failed"],
        "text": finding.text,
    }


def test_feedback_quiets_the_pattern_in_that_service_alone() -> None:
    feedback = Feedback()
    finding = Finding(service="web", deviation=_BURST)

    feedback.quiet(finding.pattern)

    assert feedback.is_quiet(finding)
    assert not feedback.is_quiet(Finding(service="shop", deviation=_BURST))


def test_what_was_quiet_can_be_woken_and_survives_a_restart() -> None:
    finding = Finding(service="web", deviation=_BURST)
    kept = Feedback((finding.pattern, "web/drop/x")).patterns()
    feedback = Feedback(kept)

    feedback.wake("web/drop/x")

    assert feedback.patterns() == (finding.pattern,)
    assert feedback.is_quiet(finding)


def test_feedback_is_bounded_and_the_latest_stays() -> None:
    feedback = Feedback(map(str, range(10)), most=3)

    assert feedback.patterns() == ("7", "8", "9")
