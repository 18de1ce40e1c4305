"""Whether something is done by itself now, and why not: each reason has its case."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from svcctl.app.healing.answers import SETTLING
from svcctl.app.healing.deciding import Held, able, decide
from svcctl.app.healing.deed import State
from svcctl.app.healing.scene import Scene, Standing
from svcctl.app.healing.wanted import Requests
from svcctl.engine.life import Phase
from svcctl.events import FindingEnded, FindingRejected, PhaseChanged
from svcctl.spec.heal import HealingSpec
from svcctl.spec.heal_notation import Window
from svcctl.spec.log_rule import LogRule

from .scenes import NOW, deed, found, policy, scene, service, up, wanted


def decided(now: Scene, **options: Any) -> Held | None:
    (only,) = wanted(now)
    return decide(only, now, **options)


def reason(now: Scene) -> str:
    held = decided(now)
    return held.reason if held else ""


def until(now: Scene) -> float | None:
    held = decided(now)
    assert held is not None
    return held.until


def test_what_is_written_is_done_where_it_is_found() -> None:
    assert decided(scene(service("web", policy()), events=[found()])) is None


def test_nothing_is_done_about_what_nobody_wrote() -> None:
    assert wanted(scene(service("web"), events=[found()])) == []
    assert wanted(scene(service("web", policy("leak")), events=[found()])) == []
    assert wanted(scene(service("web", policy()), events=[found(service="other")])) == []


def test_a_rule_is_named_by_its_name_or_as_any_rule() -> None:
    event = found("rule", subject="slow")

    assert len(wanted(scene(service("web", policy("slow")), events=[event]))) == 1
    assert len(wanted(scene(service("web", policy("rule")), events=[event]))) == 1
    assert wanted(scene(service("web", policy("quick")), events=[event])) == []


def test_what_is_over_or_was_no_trouble_is_not_healed() -> None:
    pattern = found().pattern
    ended = FindingEnded(at=NOW, service="web", pattern=pattern)
    rejected = FindingRejected(at=NOW, service="web", pattern=pattern, who="ann")

    for event in (ended, rejected):
        assert wanted(scene(service("web", policy()), events=[found(), event])) == []


def test_healing_can_be_switched_off_and_rehearsed() -> None:
    web, events = service("web", policy()), [found()]

    assert reason(scene(web, events=events, healing=HealingSpec(enabled=False))) == "off"
    assert reason(scene(web, events=events, healing=HealingSpec(dry_run=True))) == "dry_run"
    dry = service("web", policy(dry_run=True))
    assert reason(scene(dry, events=events)) == "dry_run"


def test_a_guess_is_not_acted_upon() -> None:
    web = service("web", policy(min_score=0.8))

    assert reason(scene(web, events=[found(score=0.79)])) == "unsure"
    assert reason(scene(web, events=[found(score=0.8)])) == ""


def test_what_has_to_last_is_waited_for() -> None:
    web = service("web", policy(after=300.0))

    assert until(scene(web, events=[found()], now=NOW + 10)) == NOW + 300
    assert reason(scene(web, events=[found()], now=NOW + 300)) == ""


def test_what_is_seen_again_has_lasted_since_it_was_seen_first() -> None:
    events = [found(), found(at=NOW + 290, since=NOW + 290)]

    assert reason(scene(service("web", policy(after=300.0)), events=events, now=NOW + 300)) == ""


@pytest.mark.parametrize(
    ("phases", "do", "expected"),
    [
        ((Phase.RUNNING,), "restart", ""),
        ((Phase.STOPPED,), "restart", "stopped"),
        ((Phase.FINISHED,), "restart", "stopped"),
        ((Phase.PAUSED,), "restart", "stopped"),
        ((Phase.PAUSING,), "stop", "stopped"),
        ((Phase.FAILED,), "restart", ""),
        ((Phase.FAILED,), "reset", ""),
        ((Phase.FAILED,), "reload", "stopped"),
        ((Phase.STARTING,), "restart", "changing"),
        ((Phase.STOPPING,), "restart", "changing"),
        ((Phase.BACKOFF,), "restart", "changing"),
        ((Phase.BACKOFF,), "stop", ""),
        ((Phase.STARTING,), "run:dump", ""),
        ((Phase.RUNNING, Phase.STOPPED), "restart", ""),
        ((Phase.RUNNING, Phase.STARTING), "restart", "changing"),
    ],
)
def test_it_depends_on_how_the_service_stands(
    phases: tuple[Phase, ...], do: str, expected: str
) -> None:
    web = service("web", policy(do=do))

    assert reason(scene(web, events=[found()], standing={"web": up(*phases)})) == expected


def test_only_instances_that_are_up_are_touched() -> None:
    now = scene(service("web", policy()), events=[found()])
    (only,) = wanted(now)

    assert able(only, up(Phase.RUNNING, Phase.STOPPED, Phase.FAILED)) == ("web", "web.3")


def test_a_disabled_a_reloading_and_a_missing_service_are_left_alone() -> None:
    web, events = service("web", policy()), [found()]

    for standing, expected in (
        (replace(up(), enabled=False), "stopped"),
        (replace(up(), reloads=True), "changing"),
        (replace(up(), attended="ann (restart)"), "attended"),
        (Standing(phases={}), "stopped"),
    ):
        assert reason(scene(web, events=events, standing={"web": standing})) == expected


def test_what_is_found_in_one_instance_is_healed_there() -> None:
    web = service("web", policy(), instances=2)
    standing = {"web": up(Phase.STARTING, Phase.RUNNING)}

    now = scene(web, events=[found(instance="web.2")], standing=standing)

    (only,) = wanted(now)
    assert only.targets == ("web.2",)
    assert reason(now) == ""


def test_a_service_is_healed_once_at_a_time() -> None:
    web = service("web", policy(), policy("leak"))
    under_way = [deed(at=NOW - 1, by="heal[1]", state=State.BEGUN)]

    assert reason(scene(web, events=[found()], deeds=under_way)) == "healing"


def test_what_was_done_may_have_helped() -> None:
    web = service("web", policy(cooldown=0.0))
    deeds = [deed(at=NOW + 5, ended=NOW + 10)]

    assert until(scene(web, events=[found()], deeds=deeds, now=NOW + 20)) == NOW + 10 + SETTLING
    assert reason(scene(web, events=[found()], deeds=deeds, now=NOW + 10 + SETTLING)) == ""
    again = [found(), found(at=NOW + 15)]
    assert reason(scene(web, events=again, deeds=deeds, now=NOW + 20)) == ""


def test_a_start_may_have_helped_whoever_asked_for_it() -> None:
    standing = {"web": up(since=NOW + 10)}

    now = scene(service("web", policy()), events=[found()], standing=standing, now=NOW + 20)

    assert reason(now) == "answered"


@pytest.mark.parametrize("kind", ["leak", "new template"])
def test_what_is_of_the_past_has_to_be_seen_again(kind: str) -> None:
    web = service("web", policy("leak", "new_template", cooldown=0.0))
    deeds = [deed(at=NOW + 5)]

    assert until(scene(web, events=[found(kind)], deeds=deeds, now=NOW + 3000)) is None


def test_the_same_is_not_done_twice_within_its_cooldown() -> None:
    web = service("web", policy(cooldown=600.0))
    deeds = [deed(at=NOW - 100)]

    assert until(scene(web, events=[found()], deeds=deeds)) == NOW + 500
    other = [deed(at=NOW - 100, by="heal[7]")]
    assert reason(scene(web, events=[found()], deeds=other)) == ""


def test_it_waits_for_its_hour() -> None:
    web = service("web", policy(at="02:00-05:00"))

    assert until(scene(web, events=[found()])) == NOW + 10 * 3600 + 53 * 60 + 20  # 02:00
    assert reason(scene(web, events=[found()], now=NOW + 12 * 3600)) == ""


def test_a_leak_that_is_nearly_at_its_end_does_not_wait() -> None:
    web = service("web", policy("leak", at="02:00-05:00", latest=1800.0, below=0.1))
    event = found("leak", exhausted_at=NOW + 7200)

    assert until(scene(web, events=[event], busy=99.0)) == NOW + 5400
    assert reason(scene(web, events=[event], now=NOW + 5400, busy=99.0)) == ""


def test_the_quiet_hour_is_the_one_that_is_known() -> None:
    web = service("web", policy(at="quiet"))
    now = scene(web, events=[found()], quiet=Window(begins=16 * 60, ends=17 * 60))

    assert until(now) == NOW + 53 * 60 + 20
    assert until(scene(web, events=[found()])) == NOW + 10 * 3600 + 53 * 60 + 20


def test_a_busy_service_is_left_alone() -> None:
    web, events = service("web", policy(below=0.2)), [found()]

    assert until(scene(web, events=events, busy=20.0)) == NOW + 60
    assert reason(scene(web, events=events, busy=None)) == "busy"
    assert reason(scene(web, events=events, busy=19.0)) == ""


def test_each_budget_holds() -> None:
    web, events = service("web", policy(budget="2 in 1h", cooldown=0.0)), [found()]
    mine = [deed(at=NOW - 3000), deed(at=NOW - 2000)]
    others = [deed("db", at=NOW - 100 - each) for each in range(60)]

    assert until(scene(web, events=events, deeds=mine)) == NOW + 600
    assert until(scene(web, events=events, deeds=others)) == NOW - 159 + 3600
    one = HealingSpec(service_budget="1 in 1h")
    rich = service("web", policy(budget="9 in 1h", cooldown=0.0))
    assert until(scene(rich, events=events, deeds=mine[:1], healing=one)) == NOW + 600
    none = service("web", policy(budget="0 in 1h"))
    assert until(scene(none, events=events)) is None
    assert reason(scene(none, events=events)) == "budget"


def test_as_many_instances_as_are_wanted_are_enough() -> None:
    web = service("web", policy(do="scale:2"))

    assert reason(scene(web, events=[found()])) == ""
    two = {"web": up(Phase.RUNNING, Phase.RUNNING)}
    assert reason(scene(web, events=[found()], standing=two)) == "nothing"


def test_a_person_need_not_wait_for_the_hour_but_for_the_budget() -> None:
    late = service("web", policy(at="02:00-05:00", after=300.0, below=0.1))
    poor = service("web", policy(budget="0 in 1h"))

    assert decided(scene(late, events=[found()], busy=99.0), at_once=True) is None
    held = decided(scene(poor, events=[found()]), at_once=True)
    assert held is not None
    assert held.reason == "budget"


# what it needs

WEB = service("web", policy(), needs=("db",))
DB = service("db", policy())


def of_web(now: Scene) -> Held | None:
    (only,) = (each for each in wanted(now) if each.service == "web")
    return decide(only, now)


def of_db(now: Scene) -> Held | None:
    (only,) = (each for each in wanted(now) if each.service == "db")
    return decide(only, now)


@pytest.mark.parametrize(
    "phase", [Phase.STARTING, Phase.BACKOFF, Phase.FAILED, Phase.STOPPED, Phase.PAUSED]
)
def test_what_needs_another_waits_until_that_is_up(phase: Phase) -> None:
    held = of_web(scene(WEB, DB, events=[found()], standing={"db": up(phase, name="db")}))

    assert held is not None
    assert (held.reason, held.problem) == ("cause", f"it needs 'db', which is {phase}")


def test_where_both_are_at_fault_the_cause_is_healed_first() -> None:
    events = [found(), found(service="db", at=NOW + 1)]

    now = scene(WEB, DB, events=events, now=NOW + 2)

    assert of_db(now) is None
    held = of_web(now)
    assert held is not None
    assert held.reason == "cause"


def test_the_dependant_is_healed_only_if_its_finding_lasts_once_the_cause_is_well() -> None:
    events = [found(), found(service="db")]
    deeds = [deed("db", at=NOW + 1, ended=NOW + 10)]

    early = of_web(scene(WEB, DB, events=events, deeds=deeds, now=NOW + 11))
    late = of_web(scene(WEB, DB, events=events, deeds=deeds, now=NOW + 10 + SETTLING))
    again = [*events, found(at=NOW + 12)]

    assert early == Held(
        reason="cause",
        problem="what it needs is well, which may help",
        until=NOW + 10 + SETTLING,
    )
    assert late is None
    assert of_web(scene(WEB, DB, events=again, deeds=deeds, now=NOW + 13)) is None


def test_a_cause_that_is_over_by_itself_gives_its_dependants_time_too() -> None:
    db = found(service="db")
    over = FindingEnded(at=NOW + 5, service="db", pattern=db.pattern)

    held = of_web(scene(WEB, DB, events=[found(), db, over], now=NOW + 6))

    assert held is not None
    assert held.until == NOW + 5 + SETTLING


def test_a_cause_that_is_being_healed_is_waited_for() -> None:
    deeds = [deed("db", at=NOW, state=State.BEGUN)]

    held = of_web(scene(WEB, DB, events=[found()], deeds=deeds))

    assert held is not None
    assert held.problem == "it needs 'db', which is being healed"


@pytest.mark.parametrize("kind", ["leak", "burst", "unusual value", "new template", "unhealed"])
def test_others_do_not_suffer_from_what_is_harmless(kind: str) -> None:
    assert of_web(scene(WEB, DB, events=[found(), found(kind, service="db")])) is None


def test_a_rule_of_the_dependant_may_be_over_as_late_as_it_says() -> None:
    rule = LogRule(name="slow", match="slow", cooldown=300.0)
    web = replace(service("web", policy("slow"), needs=("db",)), rules=(rule,))
    standing = {"db": up(name="db", since=NOW + 5)}

    now = scene(web, DB, events=[found("rule", subject="slow")], standing=standing, now=NOW + 9)

    held = of_web(now)
    assert held is not None
    assert held.until == NOW + 5 + 301


@pytest.mark.parametrize(("kind", "expected"), [("leak", ""), ("unusual session", "cause")])
def test_nobody_leaks_because_of_others(kind: str, expected: str) -> None:
    web = service("web", policy("leak", "session"), needs=("db",))
    standing = {"db": up(name="db", since=NOW + 5)}

    now = scene(web, DB, events=[found(kind)], standing=standing, now=NOW + 3600)

    held = of_web(now)
    assert (held.reason if held else "") == expected


def test_a_service_that_is_needed_and_not_there_is_no_reason_to_wait() -> None:
    assert of_web(scene(WEB, events=[found()])) is None


def test_a_service_that_is_gone_is_not_healed() -> None:
    now = scene(service("web", policy()), events=[found()])
    (only,) = wanted(now)

    held = decide(only, replace(now, standing=lambda _: None))

    assert held is not None
    assert held.problem == "there is no such service any more"


def test_what_a_rule_that_is_no_more_found_is_over_like_anything_else() -> None:
    web = service("web", policy("rule", cooldown=0.0))
    events, deeds = [found("rule", subject="gone")], [deed(at=NOW + 1)]

    assert until(scene(web, events=events, deeds=deeds, now=NOW + 2)) == NOW + 1 + SETTLING


# rules that ask


def test_what_a_rule_asks_for_is_wanted_once() -> None:
    now = scene(service("web"))
    fired = found("rule", action="restart", seen_in="web.2")

    (only,) = wanted(now, requests=[fired])

    assert (only.policy.do, only.by, only.once, only.targets) == ("restart", "rule 'it'", True, ())
    assert decide(only, now) is None


def test_a_command_of_a_rule_is_run_where_it_fired_whatever_was_done() -> None:
    now = scene(service("web"), deeds=[deed(at=NOW + 5)], now=NOW + 6)

    (only,) = wanted(now, requests=[found("rule", action="run:dump", seen_in="web.2")])

    assert only.targets == ("web.2",)
    assert able(only, up(Phase.RUNNING, Phase.RUNNING)) == ("web.2",)


def test_a_command_of_a_rule_disturbs_nobody_and_is_counted_by_itself() -> None:
    standing = {"web": replace(up(), attended="ann (apply)"), "db": up(Phase.FAILED, name="db")}
    looks = [deed(at=NOW - each, what="run:dump", by="rule 'it'") for each in range(12)]
    cures = [deed(at=NOW - each) for each in range(12)]
    web = service("web", needs=("db",))

    for deeds, expected in ((cures, None), (looks, "budget")):
        now = scene(web, DB, standing=standing, deeds=deeds)
        (only,) = wanted(now, requests=[found("rule", action="run:dump", seen_in="web")])
        held = decide(only, now)
        assert (held.reason if held else None) == expected


def test_what_a_rule_asks_for_is_done_though_it_is_over_unless_it_had_to_wait() -> None:
    requests, specs = Requests(), {"web": service("web")}
    fired = found("rule", action="restart")
    over = FindingEnded(at=NOW, service="web", pattern=fired.pattern)

    requests.take(fired)
    requests.take(over)
    (only,) = requests.wanted(specs)
    assert not requests.is_empty
    requests.hold(only.trouble.key)
    requests.forget_what_is_over()

    assert list(requests.wanted(specs)) == []


def test_a_command_of_a_rule_is_no_cure() -> None:
    looked = deed(at=NOW + 5, what="run:dump", by="rule 'it'")
    now = scene(service("web", policy()), events=[found()], deeds=[looked], now=NOW + 6)

    assert reason(now) == ""


def test_a_probe_that_fails_can_be_healed_like_any_finding() -> None:
    gave_up = PhaseChanged(
        at=NOW, service="web", instance="web", old="backoff", new="failed", reason="exit 1"
    )
    now = scene(
        service("web", policy("service_down", do="reset")),
        events=[gave_up],
        standing={"web": up(Phase.FAILED)},
    )

    assert reason(now) == ""
