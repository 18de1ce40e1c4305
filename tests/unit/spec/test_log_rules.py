"""Rules over logs are read whole, and what they cannot mean is refused in its place."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from svcctl.app.verbs import find
from svcctl.errors import SpecError
from svcctl.spec.alert_policy import Priority
from svcctl.spec.load import Loaded
from svcctl.spec.log_rule import LogRule, Mode, RuleLevel
from svcctl.spec.log_rules import ACTIONS

Load = Callable[..., Loaded]

SERVICE = '[services.web]\nexec = "a"\nhook.run.dump = "b"\n[[services.web.rules]]\n'


def test_a_rule_is_read_with_its_units(load: Load) -> None:
    loaded = load(
        SERVICE
        + 'match = "took (?P<t>.*)$"\nvalue = "t"\nabove = "2s"\npercentile = 99\nwithin = "5m"\n'
        'level = "error"\nfield = "status>=500"\nseverity = "P0"\naction = "run:dump"\n'
    )

    (rule,) = loaded.services["web"].rules
    assert rule == LogRule(
        match="took (?P<t>.*)$",
        value="t",
        above=2.0,
        percentile=99.0,
        within=300.0,
        level=RuleLevel.ERROR,
        field_="status>=500",
        severity=Priority.P0,
        action="run:dump",
    )
    assert (rule.mode, rule.least) == (Mode.PERCENTILE, 10)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("", "4:"),
        ('match = "("', "5:9 rules[0].match: '(' is not a pattern"),
        (r"match = '(a)\1'", r"5:9 rules[0].match: '(a)\1' refers back to a group"),
        ("match = 'a'\nunless = '(?=a)'", "6:10 rules[0].unless: '(?=a)' looks ahead or behind"),
        ('field = "status>="', "5:9 rules[0].field: 'status>=' is no condition on fields"),
        ('field = "status>=high"', "5:9 rules[0].field: 'high' is no number, which >= needs"),
        ('match = "a"\ncount = 5', "6:9 count needs a time"),
        ('match = "a"\nshare = 0.1\nwithin = "1m"', "6:9 share has no part to compare"),
        ('level = "error"\nshare = 0.1', "6:9 share needs a time"),
        ('match = "a"\nabove = 3', "6:9 above needs a value to look at"),
        ('value = "ms"', "5:9 value needs above or below"),
        (
            'match = "(?P<ms>.)"\nvalue = "s"\nabove = 3',
            "6:9 's' is no group of match",
        ),
        (
            'value = "a"\nabove = 3\nbelow = 1\npercentile = 9\nwithin = "1m"',
            "8:14 percentile needs a limit",
        ),
        ('match = "a"\nconsecutive = 3\nabsent_for = "1m"', "6:15 a rule takes one of"),
        ('rises = 3\nwithin = "1h"', "4:16 past is not from 3 to 1000 times within"),
        ('match = "a"\naction = "explode"', "6:10 'explode' is no action of a rule"),
        ('match = "a"\naction = "run:dmp"', "6:10 hook.run has no 'dmp'"),
        ('match = "a"\n[[services.web.rules]]\nmatch = "a"', "6:16 there is another rule 'a'"),
    ],
)
def test_what_a_rule_cannot_mean_is_refused_in_its_place(
    load: Load, rule: str, expected: str
) -> None:
    with pytest.raises(SpecError) as caught:
        load(f"{SERVICE}{rule}\n")

    (mistake,) = caught.value.mistakes
    assert f"{mistake.line}:{mistake.column} {mistake.problem}".startswith(expected)


def test_rules_need_output_that_is_captured(load: Load) -> None:
    with pytest.raises(SpecError) as caught:
        load(f'{SERVICE}match = "a"\n[services.web.log]\nto = "null"\n')

    assert caught.value.mistakes[0].problem == "rules see nothing of output that goes to null"


def test_a_command_for_rules_has_a_name_one_can_ask_for(load: Load) -> None:
    with pytest.raises(SpecError, match="cannot name a command"):
        load('[services.web]\nexec = "a"\nhook.run."a b" = "c"\n')


def test_actions_are_verbs_there_are() -> None:
    assert all(find(each) for each in ACTIONS if each != "alert")


@pytest.mark.parametrize(
    ("rule", "title"),
    [
        (LogRule(name="mine", match="a"), "mine"),
        (LogRule(match="a.*b"), "a.*b"),
        (LogRule(match="backup", absent_for=90.0), "no backup for 1m30s"),
        (LogRule(absent_for=60.0), "no line for 1m"),
        (LogRule(level=RuleLevel.ERROR, field_="status>=500"), "error status>=500"),
    ],
)
def test_a_rule_without_a_name_is_called_after_what_it_looks_for(rule: LogRule, title: str) -> None:
    assert rule.title == title
