"""What is to be healed is read whole, and what it cannot mean is refused in its place."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from svcctl.app.verbs import find
from svcctl.errors import SpecError
from svcctl.spec import canonical
from svcctl.spec.diff import diff
from svcctl.spec.heal import HealingSpec, HealPolicy
from svcctl.spec.heal_notation import (
    Budget,
    Cron,
    QuietHour,
    Window,
    parse_budget,
    parse_hours,
)
from svcctl.spec.heal_rules import DEEDS
from svcctl.spec.load import Loaded

Load = Callable[..., Loaded]

SERVICE = """[services.web]
exec = "a"
hook.run.dump = "b"
[[services.web.rules]]
name = "slow"
match = "b"
[[services.web.heal]]
"""


def test_a_healing_is_read_with_its_units(load: Load) -> None:
    loaded = load(
        SERVICE + 'on = ["leak", "slow"]\ndo = "run:dump"\nmin_score = 0.9\nafter = "5m"\n'
        'at = "02:00-05:00"\nlatest = "1h"\nbelow = "20%"\nbudget = "2 in 1d"\n'
        'cooldown = "1h"\ndry_run = true\n'
    )

    (policy,) = loaded.services["web"].heal
    assert policy == HealPolicy(
        on=("leak", "slow"),
        do="run:dump",
        min_score=0.9,
        after=300.0,
        at="02:00-05:00",
        latest=3600.0,
        below=0.2,
        budget="2 in 1d",
        cooldown=3600.0,
        dry_run=True,
    )


def test_nothing_is_healed_unless_it_is_written(load: Load) -> None:
    assert load("[services.web]\nexec = 'a'\n").services["web"].heal == ()


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("", "7:16 heal[0] has no 'on'"),
        ("on = []", "8:6 nothing is named to heal"),
        ('on = ["leek"]', "8:7 nothing is called 'leek' that could be wrong"),
        ('on = ["agent_lost"]', "8:7 nothing is called 'agent_lost' that could be wrong"),
        ('on = ["leak"]\ndo = "restrat"', "9:6 'restrat' heals nothing"),
        ('on = ["leak"]\ndo = "alert"', "9:6 'alert' heals nothing"),
        ('on = ["leak"]\ndo = "run:dmp"', "9:6 hook.run has no 'dmp'"),
        ('on = ["leak"]\ndo = "scale:0"', "9:6 'scale:0': '0' is not a number from 1 to 1000"),
        ('on = ["leak"]\nmin_score = 2', "9:13 heal[0].min_score: 2 is not from 0 to 1"),
        ('on = ["leak"]\nbudget = "often"', "9:10 heal[0].budget: 'often' is no budget"),
        ('on = ["leak"]\nbudget = "3 in 0s"', "9:10 heal[0].budget: '3 in 0s' spans no time"),
        ('on = ["leak"]\nat = "night"', "9:6 heal[0].at: 'night' is no time of day"),
        ('on = ["leak"]\nat = "25:00-26:00"', "9:6 heal[0].at: '25:00-26:00': 25:00 is no time"),
        ('on = ["leak"]\nat = "9:00-09:00"', "9:6 heal[0].at: '9:00-09:00' is no time at all"),
        ('on = ["leak"]\nat = "0 3 * * zzz"', "9:6 heal[0].at: '0 3 * * zzz':"),
        ('on = ["leak"]\ncooldwon = "1s"', "9:1 unknown option 'heal[0].cooldwon'"),
    ],
)
def test_what_it_cannot_mean_is_refused_in_its_place(
    load: Load, policy: str, expected: str
) -> None:
    with pytest.raises(SpecError) as caught:
        load(SERVICE + policy)

    (mistake,) = caught.value.mistakes
    assert f"{mistake.line}:{mistake.column} {mistake.problem}".startswith(expected)


def test_a_mistyped_word_gets_a_hint(load: Load) -> None:
    with pytest.raises(SpecError) as caught:
        load(SERVICE + 'on = ["slwo", "not_lvie"]\ndo = "restrat"\n')

    assert [each.hint for each in caught.value.mistakes] == [
        "did you mean 'slow'?",
        "did you mean 'not_live'?",
        "did you mean 'restart'?",
    ]


def test_every_deed_is_a_verb() -> None:
    assert [each for each in DEEDS if find(each) is None] == []


def test_what_holds_for_all_healing_is_said_once(load: Load) -> None:
    loaded = load('[healing]\nenabled = false\ndry_run = true\nservice_budget = "2 in 1h"\n')

    expected = HealingSpec(enabled=False, dry_run=True, service_budget="2 in 1h")
    assert loaded.common.healing == expected
    assert loaded.said == {"healing"}


def test_a_budget_for_all_that_is_none_is_refused(load: Load) -> None:
    with pytest.raises(SpecError) as caught:
        load('[healing]\nbudget = "1 per hour"\nservice_budget = "3 in 50w"\n')

    places = [(each.line, each.column, each.problem) for each in caught.value.mistakes]
    assert places == [
        (2, 10, "healing.budget: '1 per hour' is no budget"),
        (3, 18, "healing.service_budget: '3 in 50w' spans no time, or more than 31 days"),
    ]


def test_healing_survives_its_canonical_form_and_needs_no_restart(load: Load) -> None:
    before = load(SERVICE + 'on = ["leak"]').services["web"]
    after = load(SERVICE + 'on = ["leak"]\ncooldown = "1h"').services["web"]

    assert canonical.parse(canonical.dump(after)) == after
    change = diff(before, after)
    assert (change.kind, change.needs_restart) == ("changed", False)


def test_budgets_and_hours_are_understood() -> None:
    assert parse_budget("3 in 1h") == Budget(most=3, within=3600.0)
    assert parse_hours("") is None
    assert parse_hours("quiet") == QuietHour()
    assert parse_hours("0 3 * * *") == Cron(fields="0 3 * * *")
    assert parse_hours("22:30-24:00") == Window(begins=22 * 60 + 30, ends=0)


@pytest.mark.parametrize("text", ["1001 in 1h", "3 in 5", "x in 1h", "2:60-3:00"])
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(SpecError):
        parse_hours(text) if ":" in text else parse_budget(text)
