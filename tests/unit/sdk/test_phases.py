"""The table of a life has no way back from its end, and no phase that leads nowhere."""

from __future__ import annotations

import itertools

import pytest

from svcctl.sdk.phases import PASSING, TOLD, Input, Phase, step


@pytest.mark.parametrize(("phase", "happened"), list(itertools.product(Phase, Input)))
def test_who_drains_only_comes_to_its_end(phase: Phase, happened: Input) -> None:
    after = step(phase, happened)

    if phase in {Phase.DRAINING, Phase.STOPPED}:
        assert after in {phase, Phase.STOPPED}
    if happened is Input.STOP and phase is not Phase.STOPPED:
        assert after is Phase.DRAINING
    if happened is Input.OVER:
        assert after is Phase.STOPPED


@pytest.mark.parametrize("phase", Phase)
def test_every_phase_can_be_reached_told_and_stopped(phase: Phase) -> None:
    reached = {Phase.STARTING}
    while new := {step(each, happened) for each in reached for happened in Input} - reached:
        reached |= new

    assert phase in reached
    assert phase in TOLD


def test_only_who_stands_still_stays_where_it_is() -> None:
    assert {Phase.RUNNING, Phase.PAUSED, Phase.STOPPED} == set(Phase) - PASSING
