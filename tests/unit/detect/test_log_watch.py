"""The log of a service, watched by all detectors at once."""

from __future__ import annotations

import json

import pytest

from svcctl.detect.finding import Finding, What
from svcctl.detect.log_watch import LogWatch
from svcctl.detect.log_watch_policy import LogWatchPolicy
from svcctl.detect.said import Said

_HOUR = 3_600.0


def _usual(bucket: int) -> list[str]:
    return [f"served page {bucket * 5 + each} in {each} ms" for each in range(4 + bucket % 3)]


def _run(watch: LogWatch, seconds: float, *, begin: float = 0.0) -> list[Finding]:
    """Let it serve as usual, a call every ten seconds."""
    found: list[Finding] = []
    for bucket in range(int(seconds / 10)):
        found += watch.read(_usual(bucket), at=begin + 10.0 * bucket)
    return found


def _learnt() -> LogWatch:
    watch = LogWatch("web")
    assert _run(watch, 6 * _HOUR) == []
    return watch


def test_a_line_of_a_kind_never_seen_is_told_with_the_line() -> None:
    watch = _learnt()

    (found,) = watch.read(["disk 3 is on fire"], at=6 * _HOUR)

    assert (found.deviation.what, found.service) == (What.NEW_TEMPLATE, "web")
    assert found.samples == ("disk 3 is on fire",)
    assert "disk <*> is on fire" in found.text


def test_a_burst_names_the_template_and_shows_a_line_of_it() -> None:
    watch = _learnt()

    watch.read([f"served page {each} in 1 ms" for each in range(100)], at=6 * _HOUR)
    (found,) = watch.read([], at=6 * _HOUR + 10)

    assert (found.deviation.what, found.deviation.subject) == (
        What.BURST,
        "served page <*> in <*>",
    )
    assert found.deviation.observed == "100 in 10 s"
    assert found.samples == ("served page 99 in 1 ms",)
    assert found.pattern == f"web/burst/{watch.templates.learn(['served page 1 in 1 ms'])[0]}"


def test_a_service_that_falls_silent_is_told_of() -> None:
    watch = _learnt()

    told = [watch.read([], at=6 * _HOUR + 10.0 * each) for each in range(30)]

    kinds = [each.deviation.what for found in told for each in found]
    assert kinds == [What.DROP, What.SILENCE]


def test_more_errors_than_usual_are_told_of() -> None:
    watch = _learnt()

    said = Said(records=5, failed=(0, 1, 2, 3))
    told = [watch.read(_usual(each), at=6 * _HOUR + 10.0 * each, said=said) for each in range(12)]

    assert [each.deviation.what for found in told for each in found] == [What.ERROR_RATIO]


def test_what_a_start_brings_is_no_news() -> None:
    watch = _learnt()

    watch.restarted(6 * _HOUR)

    watch.read([f"served page {each} in 1 ms" for each in range(100)], at=6 * _HOUR)
    assert _run(watch, _HOUR, begin=6 * _HOUR + 10) == []


def test_while_nobody_watched_nothing_was_silent() -> None:
    watch = _learnt()

    watch.rest()

    assert _run(watch, _HOUR, begin=10 * _HOUR) == []


def test_when_too_many_lines_are_kept_those_of_late_remain() -> None:
    watch = LogWatch("web", LogWatchPolicy(samples=3))
    watch.read([f"{each} has begun" for each in ("one", "two", "three", "four")], at=0.0)

    found = _run(watch, 6 * _HOUR, begin=10.0)
    watch.read([f"served page {each} in 1 ms" for each in range(100)], at=6 * _HOUR + 10)
    found += watch.read([], at=6 * _HOUR + 20)

    assert [each.samples for each in found] == [("served page 99 in 1 ms",)]


def test_a_rate_that_sleeps_makes_room_for_another() -> None:
    watch = LogWatch("web", LogWatchPolicy(rated=1))
    watch.read(["started once"], at=0.0)

    found = _run(watch, 6 * _HOUR, begin=10.0)
    watch.read([f"served page {each} in 1 ms" for each in range(100)], at=6 * _HOUR + 10)
    found += watch.read([], at=6 * _HOUR + 20)

    assert [each.deviation.subject for each in found] == ["served page <*> in <*>"]


def test_templates_that_become_one_have_one_rate() -> None:
    watch = LogWatch("web")
    for bucket, each in enumerate(("red", "green", "blue", "white", "black") * 200):
        watch.read([f"painted the house {each}"] * 5, at=10.0 * bucket)

    watch.read(["painted the house pink"] * 60, at=10_000.0)
    found = watch.read([], at=10_010.0)

    assert [each.deviation.subject for each in found] == ["painted the house <*>"]


def test_an_unusual_request_is_found_by_its_id() -> None:
    watch = LogWatch("web")
    for number in range(2_100):
        lines = [f"request_id=r{number} {what}" for what in ("begun", "done")]
        assert watch.read(lines, at=float(number)) == []

    watch.read(["request_id=lost begun"], at=2_100.0)
    found = watch.read([], at=2_165.0)

    (session,) = [each for each in found if each.deviation.what is What.SESSION]
    assert session.text == (
        "unusual session of 'lost' in service 'web': no 'request_id=<*> done', "
        "expected 1 x 'request_id=<*> done' as in the nearest of 1 known kinds"
    )


def test_sessions_stay_usual_when_templates_become_one() -> None:
    watch = LogWatch("web")
    colours = ("red", "green", "blue", "white", "black")
    found: list[Finding] = []
    for number in range(2_400):
        colour = colours[0] if number < 2_200 else colours[number % 5]
        lines = [f"request_id=r{number} begun", f"request_id=r{number} painted house {colour}"]
        found += watch.read(lines, at=float(number))

    assert len(watch.templates) == 2
    assert [each for each in found if each.deviation.what is What.SESSION] == []


def test_ids_are_not_looked_for_where_that_is_not_wanted() -> None:
    watch = LogWatch("web", LogWatchPolicy(sessions=False))
    for number in range(2_100):
        watch.read([f"request_id=r{number} begun", f"request_id=r{number} done"], at=float(number))

    watch.read(["request_id=lost begun"], at=2_100.0)
    found = watch.read([], at=2_165.0)

    assert [each for each in found if each.deviation.what is What.SESSION] == []


def test_what_was_learnt_survives_as_json() -> None:
    first, second = _learnt(), LogWatch("web")

    second.restore(json.loads(json.dumps(first.state())))

    assert json.dumps(second.state()) == json.dumps(first.state())
    second.read([f"served page {each} in 1 ms" for each in range(100)], at=6 * _HOUR)
    assert [each.deviation.what for each in second.read([], at=6 * _HOUR + 10)] == [What.BURST]


def test_what_is_no_state_is_refused() -> None:
    with pytest.raises(ValueError, match="no state of a log watch"):
        LogWatch("web").restore({"version": 1})


def test_of_templates_that_all_change_at_once_a_few_are_told() -> None:
    watch = LogWatch("web", LogWatchPolicy(most_an_hour=2))
    names = ("alpha", "beta", "gamma", "delta", "epsilon")
    usual = [f"{name} {name} of {name} begun" for name in names for _ in range(5)]
    for bucket in range(800):
        watch.read(usual, at=10.0 * bucket)

    watch.read(usual * 20, at=8_000.0)
    found = watch.read([], at=8_010.0)

    assert [each.deviation.what for each in found] == [What.BURST, What.BURST]
