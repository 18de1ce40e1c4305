"""What the report says of readings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bench.budgets import Budget, judge
from bench.figures import FIGURES
from bench.outcome import Outcome, load, machine, merged, save
from bench.reading import Gap, Reading, Unit
from bench.report import better, budget_table, report, short, table


def outcome(
    values: Mapping[str, Sequence[float]], *, unit: Unit = Unit.MS, figure: str = "crash"
) -> Outcome:
    readings = [
        Reading(figure=figure, case="first", subject=subject, value=each, unit=unit, load=0.5)
        for subject, given in values.items()
        for each in given
    ]
    return Outcome(
        machine=machine(),
        versions={"svcctl": "1.0", "runit": "2.1"},
        missing=["monit"],
        figures=["crash"],
        seed=1,
        rounds=3,
        readings=readings,
    )


def budget(**given: object) -> Budget:
    return Budget(what="crash", figure="crash", cases=("first",), **given)  # type: ignore[arg-type]


def test_a_row_has_medians_and_spreads_and_the_best_manager_is_bold() -> None:
    found = outcome({"waitpid loop": [1.0], "runit": [4.0, 6.0, 20.0], "svcctl": [3.0, 2.0]})

    assert table(found, "crash").splitlines() == [
        "| | svcctl | runit | waitpid loop |",
        "|---|---:|---:|---:|",
        "| first, ms | **2.5 ± 0.5** | 6 ± 2 | 1 |",
    ]


def test_where_all_are_alike_none_is_the_best() -> None:
    found = outcome({"svcctl": [0], "runit": [0]})

    assert table(found, "crash").splitlines()[-1] == "| first, ms | 0 | 0 |"


def test_what_a_peer_does_better_is_said() -> None:
    found = outcome({"svcctl": [3.0], "runit": [1.0]})

    assert list(better(found, ["crash"])) == ["- crash, first: runit 1; svcctl 3 ms"]


def test_more_megabytes_per_second_are_better() -> None:
    found = outcome({"svcctl": [3.0], "runit": [1.0]}, unit=Unit.MB_PER_S)

    assert list(better(found, ["crash"])) == []


def test_a_bare_loop_is_no_peer() -> None:
    found = outcome({"svcctl": [3.0], "waitpid loop": [1.0]})

    assert list(better(found, ["crash"])) == []


@pytest.mark.parametrize(
    ("ours", "met"), [([4.0, 5.0, 6.0], True), ([4.0, 5.1, 6.0], False), ([], None)]
)
def test_a_budget_beside_a_rival_is_judged_by_the_ratio_of_medians(
    ours: list[float], met: bool | None
) -> None:
    found = outcome({"svcctl": ours, "runit": [10.0]})

    assert judge(budget(times=0.5, rival="runit"), found).met is met


def test_a_budget_whose_rival_was_not_measured_is_not_judged() -> None:
    assert judge(budget(times=0.5, rival="pm2"), outcome({"svcctl": [1.0]})).met is None


def test_a_budget_for_always_is_missed_by_one_bad_reading() -> None:
    found = outcome({"svcctl": [0, 0, 0, 1]})

    assert judge(budget(times=0), found).met is True
    assert judge(budget(times=0, always=True), found).met is False


def test_at_least_nine_tenths_of_a_loop_is_asked_of_throughput() -> None:
    asked = budget(times=0.9, rival="splice loop", least=True)

    assert judge(asked, outcome({"svcctl": [8.9], "splice loop": [10]})).met is False
    assert judge(asked, outcome({"svcctl": [9.1], "splice loop": [10]})).met is True


def test_a_missed_budget_stands_out() -> None:
    found = budget_table([judge(budget(times=2), outcome({"svcctl": [3.0]}))])

    assert found.splitlines()[-1] == "| crash |  | ≤ 2 | 3 | **missed** |"


def test_the_report_names_whoever_was_not_measured_and_why() -> None:
    gap = Gap(figure="kill9", subject="runit", why="given up after 180s")
    found = replace(outcome({"svcctl": [1.0]}), gaps=[gap])

    text = report(found, FIGURES)

    assert "- not installed, so not measured: monit" in text
    assert "- kill9, runit: given up after 180s" in text


def test_an_outcome_survives_being_written(tmp_path: Path) -> None:
    found = outcome({"svcctl": [1.0, 2.0]})

    save(found, tmp_path / "found.json")

    assert load(tmp_path / "found.json") == found


def test_a_case_that_was_measured_again_replaces_all_that_was_read_of_it() -> None:
    before = outcome({"svcctl": [9.0], "runit": [9.0]})
    other = outcome({"svcctl": [5.0]}, figure="idle")
    now = outcome({"svcctl": [1.0]})

    found = merged(merged(before, other), now)

    assert found.values("crash", "first", "svcctl") == [1.0]
    assert found.values("crash", "first", "runit") == []
    assert found.values("idle", "first", "svcctl") == [5.0]


def test_a_gap_is_forgotten_once_its_figure_was_measured_again() -> None:
    gap = Gap(figure="crash", subject="runit", why="given up")
    before = replace(outcome({"svcctl": [9.0]}), gaps=[gap])

    assert merged(before, outcome({"svcctl": [1.0]})).gaps == []


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (3, "3"), (1234.5, "1234"), (12.345, "12.3"), (0.01234, "0.0123"), (1e-5, "1e-05")],
)
def test_numbers_have_three_digits_that_matter(value: float, shown: str) -> None:
    assert short(value) == shown
