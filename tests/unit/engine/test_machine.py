"""The machine decides; these tests never wait and never start a process."""

from __future__ import annotations

from dataclasses import replace

import pytest

from svcctl.engine.life import Cause, Effect, Ending, Input, Instance, Phase, Stage, Told
from svcctl.spec.policy import (
    Hooks,
    ReloadPolicy,
    RestartWhen,
    StopPolicy,
    StopStep,
)
from svcctl.spec.service import Need
from svcctl.testing.play import SPEC, UP, bad, ok, play, policy, with_

# --- up


def test_a_start_spawns_and_waits_until_it_is_ready() -> None:
    instance, asked = play(*UP)

    assert (instance.phase, instance.ready, instance.child) == (Phase.RUNNING, True, True)
    assert asked == [
        *(Effect.DISARM, Effect.SPAWN, Effect.WATCH_READY),
        *(Effect.DISARM, Effect.WATCH_LIVE),
    ]


def test_needs_then_hooks_then_the_program() -> None:
    spec = with_(needs={"db": Need.READY}, hook=Hooks(pre_start=(("true",),)))

    instance, asked = play(
        Told.START, Told.NEEDS_MET, Told.HOOKS_DONE, Told.SPAWNED, Told.READY, spec=spec
    )

    assert instance.phase is Phase.RUNNING
    wanted = [Effect.AWAIT_NEEDS, Effect.RUN_PRE_START, Effect.SPAWN]
    assert [each for each in asked if each in wanted] == wanted


def test_what_comes_after_another_waits_for_it_too() -> None:
    instance, _ = play(Told.START, spec=with_(after=("db",)))

    assert instance.stage is Stage.NEEDS


def test_post_start_hooks_run_once_it_is_ready() -> None:
    _, asked = play(*UP, spec=with_(hook=Hooks(post_start=(("true",),))))

    assert asked[-1] is Effect.RUN_POST_START


def test_a_failed_pre_start_hook_counts_as_a_failure() -> None:
    spec = with_(hook=Hooks(pre_start=(("false",),)))

    instance, _ = play(Told.START, Told.HOOKS_FAILED, spec=spec)

    assert (instance.phase, instance.tries) == (Phase.BACKOFF, 1)


def test_a_program_that_cannot_ever_start_fails_at_once() -> None:
    never = Input(kind=Told.SPAWN_FAILED, permanent=True, reason="not found")

    instance, _ = play(Told.START, never)

    assert (instance.phase, instance.reason) == (Phase.FAILED, "not found")


def test_a_program_that_could_not_start_now_is_tried_again() -> None:
    instance, _ = play(Told.START, Told.SPAWN_FAILED)

    assert instance.phase is Phase.BACKOFF


@pytest.mark.parametrize("when", [RestartWhen.ON_ABNORMAL, RestartWhen.NEVER])
def test_a_start_that_failed_is_not_tried_again_where_a_crash_is_not(when: RestartWhen) -> None:
    spec = policy(policy=when)
    with_hook = with_(spec, hook=Hooks(pre_start=(("false",),)))
    failed = Input(kind=Told.HOOKS_FAILED, reason="hook failed")

    unhooked, _ = play(Told.START, failed, spec=with_hook)
    unspawned, _ = play(Told.START, Told.SPAWN_FAILED, spec=spec)

    assert (unhooked.phase, unhooked.reason) == (Phase.FAILED, "hook failed")
    assert unspawned.phase is Phase.FAILED


def test_what_does_not_become_ready_in_time_is_stopped_and_tried_again() -> None:
    stopping, _ = play(Told.START, Told.SPAWNED, Told.TIME_OVER)
    after, _ = play(ok(), Told.SWEPT, instance=stopping)

    assert (stopping.phase, stopping.cause) == (Phase.STOPPING, Cause.NOT_READY)
    assert (after.phase, after.ending) == (Phase.BACKOFF, Ending.ABNORMAL)


def test_a_program_that_ends_well_before_it_was_ready_has_failed() -> None:
    instance, _ = play(Told.START, Told.SPAWNED, ok())

    assert (instance.phase, instance.ending) == (Phase.BACKOFF, Ending.BAD)
    assert instance.reason == "exit code 0 before it was ready"


def test_a_program_that_failed_before_it_was_ready_says_so_itself() -> None:
    instance, _ = play(Told.START, Told.SPAWNED, bad())

    assert instance.reason == "exit code 1"


@pytest.mark.parametrize("told", [Told.NEEDS_MET, Told.HOOKS_DONE, Told.HOOKS_FAILED, Told.READY])
def test_news_of_another_stage_of_the_start_changes_nothing(told: Told) -> None:
    spawning, _ = play(Told.START)

    assert play(told, instance=spawning) == (spawning, [])


@pytest.mark.parametrize("told", [Told.SPAWNED, Told.SPAWN_FAILED, Told.TIME_OVER])
def test_news_of_a_spawn_that_is_not_under_way_changes_nothing(told: Told) -> None:
    waiting, _ = play(Told.START, spec=with_(needs={"db": Need.READY}))

    assert play(told, instance=waiting) == (waiting, [])


# --- down


def test_a_stop_asks_and_then_kills_until_the_program_is_gone() -> None:
    instance, asked = play(*UP, Told.STOP, Told.TIME_OVER, Told.TIME_OVER, bad(), Told.SWEPT)

    assert (instance.phase, instance.wanted) == (Phase.STOPPED, False)
    assert asked[5:] == [
        *(Effect.DISARM, Effect.UNWATCH, Effect.TAKE_STEP),
        *(Effect.KILL, Effect.KILL),
        *(Effect.DISARM, Effect.UNWATCH, Effect.SWEEP),
        Effect.DISARM,
    ]


def test_every_step_of_the_stop_is_taken_before_the_kill() -> None:
    steps = (StopStep(http="http://x/stop"), StopStep(signal="INT"), StopStep(signal="TERM"))

    instance, asked = play(
        *UP,
        *(Told.STOP, Told.TIME_OVER, Told.TIME_OVER, Told.TIME_OVER, Told.TIME_OVER),
        spec=with_(stop=StopPolicy(sequence=steps)),
    )

    assert asked[-5:] == [Effect.TAKE_STEP] * 3 + [Effect.KILL] * 2
    assert (instance.stage, instance.step) == (Stage.KILLING, 2)


def test_hooks_run_before_and_after_a_stop() -> None:
    spec = with_(hook=Hooks(pre_stop=(("a",),), post_stop=(("b",),)))

    instance, asked = play(
        *UP,
        *(Told.STOP, Told.HOOKS_DONE, bad(), Told.SWEPT, Told.HOOKS_DONE),
        spec=spec,
    )

    assert instance.phase is Phase.STOPPED
    wanted = [Effect.RUN_PRE_STOP, Effect.TAKE_STEP, Effect.SWEEP, Effect.RUN_POST_STOP]
    assert [each for each in asked if each in wanted] == wanted


def test_the_time_does_not_matter_to_hooks_and_sweeps() -> None:
    stopping, _ = play(*UP, Told.STOP, spec=with_(hook=Hooks(pre_stop=(("a",),))))

    assert play(Told.TIME_OVER, instance=stopping) == (stopping, [])


@pytest.mark.parametrize("told", [Told.HOOKS_DONE, Told.SWEPT])
def test_news_of_another_stage_of_the_stop_changes_nothing(told: Told) -> None:
    stopping, _ = play(*UP, Told.STOP)

    assert play(told, instance=stopping) == (stopping, [])


def test_a_second_exit_while_stopping_changes_nothing() -> None:
    sweeping, _ = play(*UP, Told.STOP, bad())

    assert play(bad(), instance=sweeping) == (sweeping, [])


def test_a_start_asked_for_while_stopping_is_done_after_the_stop() -> None:
    instance, asked = play(*UP, Told.STOP, Told.START, bad(), Told.SWEPT)

    assert (instance.phase, instance.restarts) == (Phase.STARTING, 0)
    assert asked.count(Effect.SPAWN) == 2


def test_a_start_asked_for_while_a_crash_is_swept_up_forgives_too() -> None:
    tired = replace(play(*UP)[0], failures=(1.0, 2.0), tries=2)

    instance, _ = play(bad(leftover=True), Told.START, Told.SWEPT, instance=tired)

    assert (instance.phase, instance.failures, instance.tries) == (Phase.STARTING, (), 0)


def test_the_last_word_counts_while_stopping() -> None:
    instance, asked = play(*UP, Told.STOP, Told.RESTART, Told.STOP, bad(), Told.SWEPT)

    assert instance.phase is Phase.STOPPED
    assert asked.count(Effect.SPAWN) == 1


def test_a_stop_during_the_sweep_after_a_crash_is_not_lost() -> None:
    instance, _ = play(*UP, bad(leftover=True), Told.STOP, Told.SWEPT)

    assert (instance.phase, instance.wanted) == (Phase.STOPPED, False)


@pytest.mark.parametrize("before", [(Told.START,), (*UP, bad()), (Told.START, Told.SPAWN_FAILED)])
def test_a_stop_without_a_program_is_done_at_once(before: tuple[Told | Input, ...]) -> None:
    spec = with_(needs={"db": Need.READY}) if before == (Told.START,) else SPEC

    instance, asked = play(*before, Told.STOP, spec=spec)

    assert (instance.phase, instance.wanted) == (Phase.STOPPED, False)
    assert asked[-2:] == [Effect.DISARM, Effect.UNWATCH]


def test_a_restart_stops_and_starts_and_forgives() -> None:
    instance, asked = play(*UP, Told.RESTART, bad(), Told.SWEPT)

    assert (instance.phase, instance.failures) == (Phase.STARTING, ())
    assert asked[-2:] == [Effect.DISARM, Effect.SPAWN]


def test_a_restart_of_what_waits_begins_anew() -> None:
    spec = with_(hook=Hooks(pre_start=(("a",),)))

    instance, asked = play(Told.START, Told.RESTART, spec=spec)

    assert instance.stage is Stage.PRE_START
    assert asked[-3:] == [Effect.UNWATCH, Effect.DISARM, Effect.RUN_PRE_START]


@pytest.mark.parametrize("told", [Told.START, Told.RESTART])
def test_a_person_may_start_what_rests(told: Told) -> None:
    for phase in (Phase.STOPPED, Phase.FAILED, Phase.FINISHED, Phase.BACKOFF):
        tired = Instance(phase=phase, failures=(1.0,), tries=3, delay=4.0)

        instance, _ = play(told, instance=tired)

        assert (instance.phase, instance.failures, instance.tries) == (Phase.STARTING, (), 0)


def test_a_start_of_what_is_up_only_says_that_it_is_wanted() -> None:
    running, _ = play(*UP)

    assert play(Told.START, instance=replace(running, wanted=False)) == (running, [])


def test_a_stop_while_the_program_is_being_spawned_is_not_lost() -> None:
    stopping, _ = play(Told.START, Told.STOP, Told.SPAWNED)
    stopped, _ = play(Told.START, Told.STOP, Told.SPAWN_FAILED)

    assert (stopping.phase, stopping.child) == (Phase.STOPPING, True)
    assert stopped.phase is Phase.STOPPED


def test_a_restart_while_the_program_is_being_spawned_is_that_very_start() -> None:
    instance, asked = play(Told.START, Told.STOP, Told.RESTART, Told.SPAWNED)

    assert instance.stage is Stage.WARMING
    assert asked.count(Effect.SPAWN) == 1


# --- pause, reload, reset


def test_pause_freezes_and_resume_thaws() -> None:
    paused, asked = play(*UP, Told.PAUSE, Told.FROZEN)
    running, more = play(Told.RESUME, Told.THAWED, instance=paused)

    assert (paused.phase, paused.ready) == (Phase.PAUSED, False)
    assert asked[-2:] == [Effect.UNWATCH, Effect.FREEZE]
    assert (running.phase, running.ready) == (Phase.RUNNING, True)
    assert more == [Effect.THAW, Effect.WATCH_LIVE]


def test_a_paused_program_is_thawed_before_it_is_asked_to_stop() -> None:
    _, asked = play(*UP, Told.PAUSE, Told.FROZEN, Told.STOP)

    assert asked[-4:] == [Effect.THAW, Effect.DISARM, Effect.UNWATCH, Effect.TAKE_STEP]


def test_a_paused_program_that_is_killed_runs_again() -> None:
    instance, _ = play(*UP, Told.PAUSE, Told.FROZEN, bad())

    assert instance.phase is Phase.BACKOFF


@pytest.mark.parametrize("reload", [ReloadPolicy(signal="HUP"), ReloadPolicy(exec=("r",))])
def test_reload_tells_the_program(reload: ReloadPolicy) -> None:
    instance, asked = play(*UP, Told.RELOAD, spec=with_(reload=reload))

    assert instance.phase is Phase.RUNNING
    assert asked[-1] is Effect.RELOAD


def test_what_cannot_reload_is_restarted() -> None:
    instance, _ = play(*UP, Told.RELOAD)

    assert (instance.phase, instance.again) == (Phase.STOPPING, True)


def test_reset_re_arms_what_failed_if_it_is_meant_to_be_up() -> None:
    failed = Instance(phase=Phase.FAILED, wanted=True, failures=(1.0,))

    assert play(Told.RESET, instance=failed)[0].phase is Phase.STARTING
    unwanted, _ = play(Told.RESET, instance=replace(failed, wanted=False))
    assert (unwanted.phase, unwanted.failures) == (Phase.STOPPED, ())


def test_reset_ends_a_backoff_and_elsewhere_only_forgives() -> None:
    waiting = Instance(phase=Phase.BACKOFF, wanted=True, tries=3)
    running = Instance(phase=Phase.RUNNING, tries=3, failures=(1.0,))

    assert play(Told.RESET, instance=waiting)[0].phase is Phase.STARTING
    assert play(Told.RESET, instance=running) == (Instance(phase=Phase.RUNNING), [])
