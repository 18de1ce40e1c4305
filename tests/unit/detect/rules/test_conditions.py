"""What rules ask of records, taken together."""

from __future__ import annotations

import math
import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.detect.rules.sketch import ACCURACY, Sketch
from svcctl.detect.rules.watch import measure
from svcctl.record import Level
from svcctl.spec.log_rule import LogRule, RuleLevel
from tests.unit.detect.rules.records import fired, record, told


def test_a_pattern_fires_with_the_line_that_has_it() -> None:
    rule = LogRule(match="ERROR")

    (only,) = fired(rule, [record(1, "fine"), record(2, "an ERROR"), record(3, "fine")])

    assert only.at == 2
    assert only.finding.samples == ("an ERROR",)
    assert only.finding.pattern == "web/rule/ERROR"


def test_a_line_that_has_what_unless_says_does_not_count() -> None:
    rule = LogRule(match="ERROR", unless="ignored|expected")

    assert told(rule, [record(1, "ERROR ignored"), record(2, "ERROR")]) == ["fired 2"]


def test_a_level_means_that_or_worse() -> None:
    rule = LogRule(level=RuleLevel.ERROR, cooldown=0)
    levels = [Level.UNKNOWN, Level.WARNING, Level.ERROR, Level.CRITICAL]

    found = told(rule, [record(at, level=each) for at, each in enumerate(levels)])

    assert [each for each in found if each.startswith("fired")] == ["fired 2", "fired 3"]


def test_conditions_on_fields_and_a_pattern_hold_together() -> None:
    rule = LogRule(match="GET", field_="status>=500")
    records = [record(1, "GET", status=200), record(2, "PUT", status=500)]

    assert told(rule, [*records, record(3, "GET", status="503")]) == ["fired 3"]


def test_so_many_within_a_time_fire_and_one_too_late_does_not() -> None:
    rule = LogRule(match="x", count=3, within=10)

    assert told(rule, [record(at, "x") for at in (0, 5, 11)]) == []
    assert told(rule, [record(at, "x") for at in (0, 5, 10)]) == ["fired 10"]
    (only,) = fired(rule, [record(at, "x") for at in (1, 2, 9)])
    assert only.finding.deviation.observed == "3 lines in 8s"
    assert only.finding.deviation.expected == "fewer than 3 in 10s"


def test_a_rule_holds_back_what_comes_in_its_cooldown() -> None:
    rule = LogRule(match="x", cooldown=60)

    found = fired(rule, [record(at, "x") for at in range(0, 130, 10)])

    assert [each.at for each in found] == [0, 60, 120]
    assert [each.held_back for each in found] == [0, 5, 5]


def test_what_fired_ends_once_it_was_not_met_for_the_cooldown() -> None:
    rule = LogRule(match="x", cooldown=60)

    assert told(rule, [record(0, "x"), record(60, "y"), record(61, "y")]) == ["fired 0", "ended 61"]
    assert told(rule, [record(0, "x")], until=100) == ["fired 0", "ended 100"]


def test_a_dead_mans_switch_fires_when_the_time_is_over_and_ends_with_the_line() -> None:
    rule = LogRule(match="backup done", absent_for=100)
    records = [record(0, "begin"), record(90, "backup done"), record(500, "other")]

    found = told(rule, [*records, record(600, "backup done")], until=650)

    assert found == ["fired 190", "ended 600"]


def test_a_dead_mans_switch_needs_no_record_to_notice() -> None:
    assert told(LogRule(match="x", absent_for=100), [record(0)], until=101) == ["fired 100"]
    assert told(LogRule(absent_for=100), [record(0), record(99)], until=150) == []


def test_so_many_in_a_row_among_those_that_have_the_field() -> None:
    rule = LogRule(field_="status>=500", consecutive=3)

    def statuses(*each: int | None) -> list[str]:
        fields: list[dict[str, Any]] = [{"status": some} if some else {} for some in each]
        return told(rule, [record(at, **some) for at, some in enumerate(fields)])

    assert statuses(500, 503, 200, 500, 500) == []
    assert statuses(500, None, 503, None, 500) == ["fired 4"]
    assert statuses(500, 500, 500, 500, 200) == ["fired 2", "ended 4"]


def test_a_row_of_lines_that_match_is_broken_by_any_other() -> None:
    rule = LogRule(match="failed", consecutive=2)

    assert (
        told(rule, [record(at, each) for at, each in enumerate(["failed", "ok", "failed"])]) == []
    )
    assert told(rule, [record(at, "failed") for at in range(2)]) == ["fired 1"]


def test_a_row_among_the_lines_that_match_looks_at_no_other() -> None:
    rule = LogRule(match="GET /shop", field_="status>=500", consecutive=2)
    texts = ["GET /shop", "GET /other", "GET /shop"]

    records = [
        record(at, each, status=200 if "o" in each[5:6] else 500) for at, each in enumerate(texts)
    ]

    assert told(rule, records) == ["fired 2"]


def test_a_number_beyond_its_limit_counts() -> None:
    rule = LogRule(match=r"took (?P<ms>[\d.]+)ms", value="ms", above=100, consecutive=2)
    texts = ["took 99ms", "took 101.5ms", "nothing", "took 120ms"]

    found = fired(rule, [record(at, each) for at, each in enumerate(texts)])

    assert [each.at for each in found] == [3]
    assert found[0].finding.samples == ("took 101.5ms", "took 120ms")


def test_a_number_with_a_unit_counts_in_seconds() -> None:
    rule = LogRule(match="took (.*)", value="1", above=2.0, cooldown=0)

    found = fired(
        rule, [record(at, f"took {each}") for at, each in enumerate(["1.9s", "2100ms", "1m"])]
    )

    assert [each.at for each in found] == [1, 2]
    assert [measure(each) for each in ("250µs", 3, "4.5", "x", None, True)] == [
        0.00025,
        3.0,
        4.5,
        None,
        None,
        None,
    ]


def test_a_number_may_be_a_field() -> None:
    rule = LogRule(match="done", value="http.took", below=1)

    assert told(rule, [record(1, "done", http={"took": 0.5})]) == ["fired 1"]


def test_a_percentile_fires_when_enough_numbers_are_beyond_the_limit() -> None:
    rule = LogRule(value="ms", above=2000, percentile=99, within=300, count=100)

    slow = [record(at, ms=3000 if at % 50 == 0 else 20) for at in range(200)]
    quick = [record(at, ms=3000 if at == 50 else 20) for at in range(200)]

    (only,) = fired(rule, slow)
    assert only.at == 99
    assert only.finding.deviation.observed.startswith("P99 is 30")
    assert only.finding.deviation.expected == "at most 2000"
    assert fired(rule, quick) == []


def test_numbers_older_than_the_window_are_forgotten() -> None:
    rule = LogRule(value="ms", above=100, percentile=50, within=60, count=5)
    slow, quick = (
        [record(at, ms=500) for at in range(4)],
        [record(at, ms=1) for at in range(70, 80)],
    )

    assert told(rule, [*slow, *quick, record(81, ms=500)]) == []


def test_a_share_fires_above_its_part_of_enough_records() -> None:
    rule = LogRule(match="request", level=RuleLevel.ERROR, share=0.05, within=300, count=20)

    def levels(every: int) -> list[str]:
        said = (Level.ERROR if at % every == every - 1 else Level.INFO for at in range(100))
        return told(rule, [record(at, "request", level=each) for at, each in enumerate(said)])

    assert levels(20) == []  # exactly the part that is allowed
    assert levels(10) == ["fired 19"]


def test_a_rise_is_many_times_what_the_past_had() -> None:
    rule = LogRule(match="x", rises=3, within=60, past=600)
    steady = [record(at, "x") for at in range(0, 600, 5)]

    assert told(rule, steady) == []
    (only,) = fired(rule, [*steady, *(record(600 + at, "x") for at in range(60))])
    assert 600 < only.at < 660
    assert only.finding.deviation.expected.startswith("about 11.6, as in the ")


def test_a_fall_is_noticed_even_when_nothing_comes_any_more() -> None:
    rule = LogRule(match="x", falls=4, within=60, past=600)
    steady = [record(at, "x") for at in range(0, 600, 5)]

    assert told(rule, steady, until=605) == []
    (only,) = told(rule, steady, until=655)
    assert only == "fired 655"


def test_there_is_no_change_before_there_is_a_past() -> None:
    rule = LogRule(match="x", rises=2, within=60, past=600)

    assert told(rule, [record(at, "x") for at in range(100)]) == []


def test_a_sudden_rate_after_silence_is_a_rise() -> None:
    rule = LogRule(match="x", rises=3, within=60, past=600, count=5)
    records = [record(at) for at in range(0, 600, 10)]

    assert told(rule, [*records, *(record(600 + at, "x") for at in range(5))]) == ["fired 604"]


@given(
    st.lists(st.floats(min_value=1e-6, max_value=1e6), min_size=1, max_size=60),
    st.sampled_from([1.0, 50.0, 90.0, 99.0, 100.0]),
)
def test_a_sketch_is_near_the_true_percentile(values: list[float], rank: float) -> None:
    sketch = Sketch()
    for each in values:
        sketch.add(each)

    truth = sorted(values)[math.ceil(len(values) * rank / 100) - 1]

    assert sketch.percentile(rank) == pytest.approx(truth, rel=ACCURACY * 1.001)


def test_a_sketch_stays_small_and_forgets_exactly() -> None:
    chance = random.Random(1)
    every, some = Sketch(), Sketch()
    values = [10 ** chance.uniform(-300, 300) for _ in range(20_000)]
    for each in [0.0, -1.0, *values]:
        some.add(each)
        every.add(each)

    every.add(7.0)
    every.subtract(some)

    assert every.count == 1
    assert every.percentile(50) == pytest.approx(7.0, rel=ACCURACY)
    assert len(vars(some)["_bins"]) <= 2401
    assert Sketch().percentile(99) == 0.0
    assert some.percentile(0) <= some.percentile(50) <= some.percentile(100)
    assert all(a <= b for a, b in pairwise(map(some.percentile, range(0, 101, 10))))
