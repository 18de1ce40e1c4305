"""Nothing is allowed unless something allows it, and whatever denies wins."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.auth.roles import (
    RANKS,
    Decision,
    Question,
    RoleRule,
    Rule,
    Scope,
    Verdict,
    decide,
)

STOP = Question(
    actor="token:ci",
    roles=("operator",),
    verb="stop",
    needs="operator",
    service="web",
    labels={"tier": "front"},
    environment="prod",
)

words = st.sampled_from(["web", "db", "web-*", "*", "stop", "start", "st*", "token:*", "uid:1"])
scopes = st.builds(
    Scope,
    verbs=st.lists(words, max_size=2).map(tuple),
    services=st.lists(words, max_size=2).map(tuple),
    labels=st.lists(st.sampled_from(["tier=front", "tier=*", "a=b"]), max_size=2).map(tuple),
    environments=st.lists(st.sampled_from(["prod", "test"]), max_size=2).map(tuple),
)
rules = st.builds(
    Rule,
    denies=st.booleans(),
    who=st.lists(words, max_size=2).map(tuple),
    roles=st.lists(st.sampled_from([*RANKS, "night"]), max_size=2).map(tuple),
    scope=scopes,
)
questions = st.builds(
    Question,
    actor=st.sampled_from(["token:ci", "uid:1", "spiffe://shop/ci"]),
    roles=st.lists(st.sampled_from([*RANKS, "night", "none"]), max_size=3).map(tuple),
    verb=st.sampled_from(["stop", "start", "status"]),
    needs=st.sampled_from(RANKS),
    service=st.sampled_from(["", "web", "db"]),
    labels=st.sampled_from([{}, {"tier": "front"}]),
    environment=st.sampled_from(["", "prod"]),
)
own = st.builds(
    RoleRule, name=st.just("night"), like=st.sampled_from(["", *RANKS]), scope=scopes
).map(lambda role: {"night": role})


def asked(question: Question, *given_rules: Rule, **roles: RoleRule) -> Decision:
    return decide(question, own=roles, rules=given_rules)


def test_who_has_no_role_may_nothing() -> None:
    decision = asked(replace(STOP, roles=()))

    assert not decision.allowed
    assert decision.reason == "nothing allows it"


@pytest.mark.parametrize("needs", RANKS)
@pytest.mark.parametrize("role", RANKS)
def test_a_role_may_what_those_before_it_may(role: str, needs: str) -> None:
    decision = asked(replace(STOP, roles=(role,), needs=needs))

    assert decision.allowed is (RANKS.index(role) >= RANKS.index(needs))


def test_a_role_that_does_not_exist_allows_nothing_and_is_told() -> None:
    decision = asked(replace(STOP, roles=("root",)))

    assert not decision.allowed
    assert decision.steps[0].why == "there is no such role"


def test_deny_wins_wherever_it_stands() -> None:
    deny = Rule(denies=True, scope=Scope(verbs=("stop",)), why="not today", at="a.toml:3")
    allow = Rule(denies=False)

    for order in ((deny, allow), (allow, deny)):
        decision = asked(STOP, *order)

        assert not decision.allowed
        assert decision.reason == "rule deny: not today"


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Scope(), True),
        (Scope(verbs=("st*",)), True),
        (Scope(verbs=("start", "kill")), False),
        (Scope(services=("w?b",)), True),
        (Scope(services=("db",)), False),
        (Scope(labels=("tier=fr*",)), True),
        (Scope(labels=("tier=back",)), False),
        (Scope(labels=("tier=front", "zone=a")), False),
        (Scope(environments=("test", "prod")), True),
        (Scope(environments=("test",)), False),
    ],
)
def test_a_rule_extends_as_far_as_its_scope(scope: Scope, expected: bool) -> None:
    nobody = replace(STOP, roles=())

    assert asked(nobody, Rule(denies=False, scope=scope)).allowed is expected
    assert asked(STOP, Rule(denies=True, scope=scope)).allowed is not expected


@pytest.mark.parametrize(
    ("who", "roles", "expected"),
    [
        ((), (), True),
        (("token:*",), (), True),
        (("uid:*",), (), False),
        ((), ("operator",), True),
        ((), ("admin",), False),
        (("uid:*",), ("operator",), True),
    ],
)
def test_a_rule_is_for_whom_it_names(
    who: tuple[str, ...], roles: tuple[str, ...], expected: bool
) -> None:
    rule = Rule(denies=True, who=who, roles=roles)

    assert asked(STOP, rule).allowed is not expected


def test_a_rule_for_services_does_not_fit_what_is_about_none() -> None:
    about_none = replace(STOP, service="", labels={}, roles=())

    for scope in (Scope(services=("*",)), Scope(labels=("tier=*",))):
        assert not asked(about_none, Rule(denies=False, scope=scope)).allowed


def test_a_role_of_ones_own_has_its_verbs_for_its_services_alone() -> None:
    night = RoleRule(
        name="night",
        like="viewer",
        scope=Scope(verbs=("restart",), services=("web*",)),
        at="a.toml:9",
    )
    question = replace(STOP, roles=("night",))

    def may(verb: str, needs: str, service: str) -> bool:
        return asked(
            replace(question, verb=verb, needs=needs, service=service), night=night
        ).allowed

    assert may("restart", "operator", "web")
    assert may("status", "viewer", "web-2")
    assert not may("stop", "operator", "web")
    assert not may("restart", "operator", "db")
    assert not may("status", "viewer", "db")
    assert asked(question, night=night).steps[0].at == "a.toml:9"


def test_every_rule_has_a_step_with_its_reason() -> None:
    decision = asked(STOP, Rule(denies=True, who=("uid:1",)), Rule(denies=False, at="a.toml:4"))

    assert [(each.verdict, each.why, each.at) for each in decision.steps] == [
        (Verdict.ALLOWS, "everything fits", ""),
        (Verdict.DOES_NOT_FIT, "token:ci is not uid:1", ""),
        (Verdict.ALLOWS, "everything fits", "a.toml:4"),
    ]


@given(question=questions, given_rules=st.lists(rules, max_size=4), roles=own)
def test_to_deny_more_never_allows_more(
    question: Question, given_rules: list[Rule], roles: dict[str, RoleRule]
) -> None:
    before = decide(question, own=roles, rules=given_rules)
    after = decide(question, own=roles, rules=[*given_rules, Rule(denies=True)])

    assert not after.allowed
    without = [each for each in given_rules if not each.denies]
    assert before.allowed <= decide(question, own=roles, rules=without).allowed


@given(question=questions, given_rules=st.lists(rules, max_size=4), roles=own)
def test_what_is_allowed_was_allowed_by_a_step_and_denied_by_none(
    question: Question, given_rules: list[Rule], roles: dict[str, RoleRule]
) -> None:
    decision = decide(question, own=roles, rules=given_rules)

    verdicts = {each.verdict for each in decision.steps}
    assert decision.allowed is (Verdict.ALLOWS in verdicts and Verdict.DENIES not in verdicts)
    assert len(decision.steps) == len(question.roles) + len(given_rules)


@given(question=questions, given_rules=st.lists(rules, max_size=4), roles=own)
def test_the_order_of_rules_does_not_matter(
    question: Question, given_rules: list[Rule], roles: dict[str, RoleRule]
) -> None:
    one = decide(question, own=roles, rules=given_rules)
    other = decide(question, own=roles, rules=given_rules[::-1])

    assert one.allowed is other.allowed
