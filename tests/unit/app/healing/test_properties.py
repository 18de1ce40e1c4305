"""Whatever happens, and in whatever order: budgets hold, causes come first, and one at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from svcctl.app.healing.deciding import decide
from svcctl.app.healing.deed import Deed, State
from svcctl.app.healing.scene import Scene, Standing
from svcctl.app.healing.wanted import Requests, Wanted
from svcctl.engine.life import Phase
from svcctl.events import FindingEnded
from svcctl.spec.heal import HealingSpec

from .scenes import NOW, found, policy, scene, service

KINDS = ("silence", "leak", "error ratio", "rule")
SERVICES = ("db", "cache", "web", "shop")
NEEDS = {"db": (), "cache": (), "web": ("db", "cache"), "shop": ("web", "db", "cache")}
POLICY = policy("silence", "leak", "error_ratio", "rule", budget="9 in 1h", cooldown=0.0)
HEALING = HealingSpec(budget="2 in 1h", service_budget="1 in 1h")
HOUR = 3600.0


class Machine(RuleBasedStateMachine):
    """Four services that need each other, and everything that can befall them."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.requests = Requests()
        self.phases = dict.fromkeys(SERVICES, Phase.RUNNING)
        self.up = dict.fromkeys(SERVICES, NOW - HOUR)
        self.deeds: list[Deed] = []
        self.specs = [service(name, POLICY, needs=NEEDS[name]) for name in SERVICES]

    def scene(self) -> Scene:
        standing = {
            name: Standing(phases={name: self.phases[name]}, up={name: self.up[name]})
            for name in SERVICES
        }
        plain = scene(*self.specs, standing=standing, deeds=self.deeds, healing=HEALING)
        return replace(
            plain, now=self.now, troubles=self.requests.troubles, needs=lambda name: NEEDS[name]
        )

    @rule(
        name=st.sampled_from(SERVICES),
        kind=st.sampled_from(KINDS),
        action=st.sampled_from(["", "restart"]),
    )
    def something_is_found(self, name: str, kind: str, action: str) -> None:
        self.requests.take(found(kind, name, at=self.now, action=action))

    @rule(name=st.sampled_from(SERVICES), kind=st.sampled_from(KINDS))
    def it_is_over(self, name: str, kind: str) -> None:
        pattern = found(kind, name).pattern
        self.requests.take(FindingEnded(at=self.now, service=name, pattern=pattern))

    @rule(name=st.sampled_from(SERVICES), phase=st.sampled_from(list(Phase)))
    def it_goes_on(self, name: str, phase: Phase) -> None:
        if phase is Phase.RUNNING and self.phases[name] is not Phase.RUNNING:
            self.up[name] = self.now
        self.phases[name] = phase

    @rule(seconds=st.sampled_from([0.0, 1.0, 59.0, 61.0, 301.0, 1800.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.requests.troubles.expire(self.now)

    @precondition(lambda self: any(each.state is State.BEGUN for each in self.deeds))
    @rule(state=st.sampled_from([State.DONE, State.FAILED, State.UNKNOWN]))
    def a_deed_is_over(self, state: State) -> None:
        number = next(n for n, each in enumerate(self.deeds) if each.state is State.BEGUN)
        self.deeds[number] = replace(self.deeds[number], state=state, ended=self.now)

    @rule()
    def all_is_decided(self) -> None:
        for wanted in list(self.requests.wanted(self.scene().specs)):
            if decide(wanted, self.scene()) is None:
                self._begin(wanted)

    def _begin(self, wanted: Wanted) -> None:
        name = wanted.service
        assert not self._under_way(name)
        assert self.phases[name] in {Phase.RUNNING, Phase.FAILED}
        for needed in NEEDS[name]:
            assert self.phases[needed] in {Phase.RUNNING, Phase.FINISHED}
            assert not self._under_way(needed)
            assert not self._unanswered(needed)
        if wanted.once:
            self.requests.answer(wanted.trouble.key)
        self.deeds.append(
            Deed(
                number=len(self.deeds),
                at=self.now,
                service=name,
                what=wanted.policy.do,
                by=wanted.by,
                why="it",
            )
        )

    def _under_way(self, name: str) -> bool:
        return any(each.service == name and each.state is State.BEGUN for each in self.deeds)

    def _unanswered(self, name: str) -> list[object]:
        """Give what is wrong with *name* that nothing was done about since it was seen."""
        ends = [each.ended for each in self.deeds if each.service == name]
        return [
            each
            for each in self.requests.troubles.of(name)
            if each.is_fault and self.up[name] <= each.seen and max(ends, default=0.0) < each.seen
        ]

    @invariant()
    def budgets_hold(self) -> None:
        assert _most([each.at for each in self.deeds]) <= 2
        for name in SERVICES:
            assert _most([each.at for each in self.deeds if each.service == name]) <= 1


def _most(times: Sequence[float]) -> int:
    """Give how many of *times* fell into any one hour at the most."""
    return max((sum(at <= each < at + HOUR for each in times) for at in times), default=0)


@pytest.mark.slow
def test_budgets_hold_and_causes_come_first_whatever_happens() -> None:
    run_state_machine_as_test(Machine)
