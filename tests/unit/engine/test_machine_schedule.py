"""Runs that are due, and what becomes of them when one is under way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from svcctl.engine.life import Effect, Input, Instance, Phase, Told
from svcctl.spec.policy import (
    Overlap,
    Schedule,
)
from svcctl.spec.service import ServiceSpec
from svcctl.testing.play import SPEC, UP, bad, ok, play, with_

# --- schedules


def scheduled(overlap: Overlap) -> ServiceSpec:
    return with_(schedule=Schedule(every=60.0, overlap=overlap))


def test_arming_starts_nothing_yet() -> None:
    instance, asked = play(Told.ARM, spec=scheduled(Overlap.SKIP))

    assert (instance.phase, instance.wanted) == (Phase.STOPPED, True)
    assert asked == [Effect.ARM_SCHEDULE]


def test_arming_what_has_no_schedule_only_says_that_it_is_wanted() -> None:
    assert play(Told.ARM) == (Instance(wanted=True), [])


def test_a_due_run_starts_and_the_next_one_is_armed() -> None:
    spec = scheduled(Overlap.SKIP)

    running, asked = play(Told.ARM, Told.DUE, spec=spec)
    finished, _ = play(Told.SPAWNED, Told.READY, ok(), spec=spec, instance=running)

    assert asked == [
        *(Effect.ARM_SCHEDULE, Effect.ARM_SCHEDULE),
        *(Effect.DISARM, Effect.SPAWN),
    ]
    assert finished.phase is Phase.FINISHED


def test_nothing_is_due_once_it_was_stopped() -> None:
    spec = scheduled(Overlap.SKIP)
    stopped, asked = play(Told.ARM, Told.STOP, spec=spec)

    assert asked[-1] is Effect.DISARM_SCHEDULE
    assert play(Told.DUE, spec=spec, instance=stopped) == (stopped, [])


def test_a_person_may_start_a_scheduled_service_now() -> None:
    instance, asked = play(Told.START, spec=scheduled(Overlap.SKIP))

    assert instance.phase is Phase.STARTING
    assert asked[0] is Effect.ARM_SCHEDULE


def test_a_run_that_is_due_too_early_is_skipped() -> None:
    instance, asked = play(*UP, Told.DUE, spec=scheduled(Overlap.SKIP))

    assert instance.phase is Phase.RUNNING
    assert asked[-2:] == [Effect.ARM_SCHEDULE, Effect.SKIP_RUN]


def test_a_run_that_is_due_too_early_is_queued_once() -> None:
    spec = scheduled(Overlap.QUEUE)

    first, _ = play(*UP, Told.DUE, Told.DUE, ok(), spec=spec)
    second, _ = play(Told.SPAWNED, Told.READY, ok(), spec=spec, instance=first)

    assert first.phase is Phase.STARTING
    assert second.phase is Phase.FINISHED


@pytest.mark.parametrize(
    "told", [(bad(), Told.TIME_OVER), (Told.MEMORY_EXCEEDED, bad(), Told.SWEPT)]
)
def test_a_queued_run_waits_until_the_one_before_it_needs_no_retry(
    told: tuple[Told | Input, ...],
) -> None:
    spec = scheduled(Overlap.QUEUE)

    retried, _ = play(*UP, Told.DUE, *told, spec=spec)
    queued, _ = play(Told.SPAWNED, Told.READY, ok(), spec=spec, instance=retried)
    finished, _ = play(Told.SPAWNED, Told.READY, ok(), spec=spec, instance=queued)

    assert (retried.queued, queued.queued) == (True, False)
    assert (queued.phase, finished.phase) == (Phase.STARTING, Phase.FINISHED)


@pytest.mark.parametrize(
    "told",
    [
        Input(kind=Told.SPAWN_FAILED, permanent=True),
        Input(kind=Told.SPAWN_FAILED),
    ],
)
def test_a_queued_run_follows_one_that_could_not_be_started(told: Input) -> None:
    spec = with_(scheduled(Overlap.QUEUE), restart=replace(SPEC.restart, max=1))
    spent = Instance(phase=Phase.BACKOFF, wanted=True, failures=(0.0,))

    queued, asked = play(Told.TIME_OVER, Told.DUE, told, spec=spec, instance=spent)
    failed, _ = play(Input(kind=Told.SPAWN_FAILED, permanent=True), spec=spec, instance=queued)

    assert (queued.phase, queued.queued, asked[-1]) == (Phase.STARTING, False, Effect.SPAWN)
    assert failed.phase is Phase.FAILED


def test_a_run_that_is_due_in_a_backoff_is_the_queued_one_too() -> None:
    spec = scheduled(Overlap.QUEUE)

    instance, _ = play(*UP, Told.DUE, bad(), Told.DUE, spec=spec)

    assert (instance.phase, instance.queued, instance.tries) == (Phase.STARTING, False, 0)


def test_a_run_that_is_due_too_early_replaces_the_one_before() -> None:
    spec = scheduled(Overlap.REPLACE)

    stopping, asked = play(*UP, Told.DUE, spec=spec)
    instance, _ = play(Told.DUE, bad(), Told.SWEPT, spec=spec, instance=stopping)

    assert (stopping.phase, asked[-1]) == (Phase.STOPPING, Effect.TAKE_STEP)
    assert instance.phase is Phase.STARTING


def test_a_run_that_is_due_during_a_stop_that_is_no_end_comes_after_it() -> None:
    sick, _ = play(*UP, Told.PROBE_FAILED, spec=scheduled(Overlap.REPLACE))

    instance, asked = play(Told.DUE, spec=scheduled(Overlap.REPLACE), instance=sick)

    assert (instance, asked) == (replace(sick, again=True), [Effect.ARM_SCHEDULE])


def test_a_schedule_taken_away_meanwhile_is_due_no_more() -> None:
    running, _ = play(*UP)
    finished, _ = play(ok(), instance=running)

    assert play(Told.DUE, instance=running) == (running, [])
    assert play(Told.DUE, instance=finished) == (finished, [])


@pytest.mark.parametrize("told", [Told.START, Told.RESTART])
def test_a_start_after_a_stop_arms_the_schedule_again(told: Told) -> None:
    spec = scheduled(Overlap.SKIP)

    _, while_stopping = play(*UP, Told.STOP, told, spec=spec)
    _, while_spawning = play(Told.START, Told.STOP, told, spec=spec)

    assert while_stopping[-1] is Effect.ARM_SCHEDULE
    assert while_spawning[-1] is Effect.ARM_SCHEDULE


def test_stopping_a_scheduled_run_disarms_it() -> None:
    spec = scheduled(Overlap.SKIP)

    _, asked = play(*UP, Told.STOP, Told.STOP, spec=spec)

    assert asked.count(Effect.DISARM_SCHEDULE) == 2
