"""The machine decides; these tests never wait and never start a process."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from svcctl.engine.life import Cause, Effect, Ending, Input, Instance, Phase, Stage, Told
from svcctl.engine.machine import step
from svcctl.spec.policy import (
    Hooks,
    Overlap,
    ReloadPolicy,
    RestartPolicy,
    RestartWhen,
    Schedule,
    StopPolicy,
    StopStep,
)
from svcctl.spec.service import Need, ServiceSpec, Type

SPEC = ServiceSpec(
    name="web",
    exec=("web",),
    restart=RestartPolicy(delay=1.0, factor=2.0, max_delay=8.0, jitter=0.0, max=3, window=100.0),
)
UP = (Told.START, Told.SPAWNED, Told.READY)


def play(
    *told: Told | Input, spec: ServiceSpec = SPEC, instance: Instance | None = None
) -> tuple[Instance, list[Effect]]:
    """Feed inputs, one second apart, to an instance; give where it ended and all it asked for."""
    instance = instance or Instance()
    asked: list[Effect] = []
    for number, each in enumerate(told):
        given = each if isinstance(each, Input) else Input(kind=each, at=float(number))
        instance, effects = step(instance, given, spec)
        asked += effects
    return instance, asked


def with_(spec: ServiceSpec = SPEC, **changes: object) -> ServiceSpec:
    return replace(spec, **changes)  # type: ignore[arg-type]


def bad(*, at: float = 3.0, leftover: bool = False) -> Input:
    return Input(
        kind=Told.EXITED, at=at, ending=Ending.BAD, leftover=leftover, reason="exit code 1"
    )


def ok(*, at: float = 3.0) -> Input:
    return Input(kind=Told.EXITED, at=at, ending=Ending.OK, reason="exit code 0")


def policy(**changes: object) -> ServiceSpec:
    return with_(restart=replace(SPEC.restart, **changes))  # type: ignore[arg-type]


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


# --- crash, backoff, budget


def test_each_crash_waits_longer_and_then_the_service_gives_up() -> None:
    instance, _ = play(*UP)
    delays = []
    while instance.phase is not Phase.FAILED:
        instance, _ = play(bad(), instance=instance)
        delays.append(instance.delay)
        if instance.phase is Phase.BACKOFF:
            instance, _ = play(Told.TIME_OVER, Told.SPAWNED, Told.READY, instance=instance)

    assert delays == [1.0, 2.0, 4.0, 0.0]
    assert instance.restarts == 3
    assert instance.reason == "gave up after 4 failures; the last: exit code 1"


def test_failures_older_than_the_window_are_forgotten() -> None:
    instance, _ = play(*UP, bad(at=3), Told.TIME_OVER, Told.SPAWNED, Told.READY)

    instance, _ = play(bad(at=500), instance=instance)

    assert instance.failures == (500,)


def test_without_a_limit_it_never_gives_up_and_the_journal_does_not_grow() -> None:
    spec = policy(max=0)
    instance, _ = play(*UP, spec=spec)
    for _ in range(50):
        instance, _ = play(
            bad(), Told.TIME_OVER, Told.SPAWNED, Told.READY, spec=spec, instance=instance
        )

    assert instance.phase is Phase.RUNNING
    assert instance.failures == ()


def test_a_long_run_resets_the_wait() -> None:
    instance, _ = play(*UP, bad(), Told.TIME_OVER, Told.SPAWNED, Told.READY)

    instance, _ = play(bad(at=50), instance=instance)

    assert (instance.tries, instance.delay) == (1, 1.0)


def test_the_time_hooks_take_after_a_crash_does_not_make_its_run_stable() -> None:
    spec = with_(hook=Hooks(post_stop=(("sleep", "20"),)))
    before = replace(play(*UP, spec=spec)[0], tries=1)
    hooks_done = Input(kind=Told.HOOKS_DONE, at=90.0)

    instance, _ = play(bad(at=3.0), hooks_done, spec=spec, instance=before)

    assert (instance.tries, instance.delay) == (2, 2.0)


def test_a_long_wait_for_its_readiness_is_no_stable_run() -> None:
    warming = replace(play(Told.START, Told.SPAWNED)[0], tries=1)
    time_over = Input(kind=Told.TIME_OVER, at=60.0)

    timed_out, _ = play(time_over, ok(at=61.0), Told.SWEPT, instance=warming)
    crashed, _ = play(bad(at=60.0), instance=warming)

    assert (timed_out.tries, timed_out.delay) == (2, 2.0)
    assert (crashed.tries, crashed.delay) == (2, 2.0)


def test_what_never_ran_is_no_stable_run_even_if_no_uptime_is_asked_for() -> None:
    before = Instance(phase=Phase.BACKOFF, wanted=True, tries=1)

    instance, _ = play(
        Told.TIME_OVER, Told.SPAWN_FAILED, spec=policy(min_uptime=0.0), instance=before
    )

    assert instance.tries == 2


def test_a_run_is_stable_from_the_very_end_of_the_time_asked_for() -> None:
    before = replace(play(*UP)[0], tries=1, spawned_at=1.0)

    stable, _ = play(bad(at=11.0), instance=before)
    short, _ = play(bad(at=10.9), instance=before)

    assert (stable.tries, short.tries) == (1, 2)


def test_no_delay_means_starting_again_in_the_same_step() -> None:
    instance, asked = play(*UP, bad(), spec=policy(delay=0.0))

    assert (instance.phase, instance.restarts) == (Phase.STARTING, 1)
    assert asked[-1] is Effect.SPAWN


@pytest.mark.parametrize(
    ("when", "ending", "phase"),
    [
        (RestartWhen.ALWAYS, Ending.OK, Phase.BACKOFF),
        (RestartWhen.ALWAYS, Ending.BAD, Phase.BACKOFF),
        (RestartWhen.ALWAYS, Ending.NEVER, Phase.FAILED),
        (RestartWhen.ON_FAILURE, Ending.OK, Phase.FINISHED),
        (RestartWhen.ON_FAILURE, Ending.BAD, Phase.BACKOFF),
        (RestartWhen.ON_FAILURE, Ending.NEVER, Phase.FAILED),
        (RestartWhen.ON_ABNORMAL, Ending.BAD, Phase.FAILED),
        (RestartWhen.ON_ABNORMAL, Ending.ABNORMAL, Phase.BACKOFF),
        (RestartWhen.NEVER, Ending.OK, Phase.FINISHED),
        (RestartWhen.NEVER, Ending.ABNORMAL, Phase.FAILED),
    ],
)
def test_the_policy_decides_what_an_end_leads_to(
    when: RestartWhen, ending: Ending, phase: Phase
) -> None:
    instance, _ = play(*UP, Input(kind=Told.EXITED, ending=ending), spec=policy(policy=when))

    assert instance.phase is phase


def test_a_long_run_that_ended_well_is_no_failure() -> None:
    instance, _ = play(*UP, ok(at=60), spec=policy(policy=RestartWhen.ALWAYS))

    assert (instance.phase, instance.failures) == (Phase.BACKOFF, ())


def test_a_oneshot_is_finished_whatever_the_policy() -> None:
    spec = with_(policy(policy=RestartWhen.ALWAYS), type=Type.ONESHOT)

    instance, _ = play(Told.START, Told.SPAWNED, ok(), spec=spec)

    assert instance.phase is Phase.FINISHED


def test_what_a_crash_left_behind_is_swept_before_the_next_start() -> None:
    sweeping, asked = play(*UP, bad(leftover=True))
    after, _ = play(Told.SWEPT, instance=sweeping)

    assert (sweeping.phase, sweeping.stage) == (Phase.STOPPING, Stage.SWEEPING)
    assert asked[-1] is Effect.SWEEP
    assert after.phase is Phase.BACKOFF


def test_post_stop_hooks_run_after_a_crash_too() -> None:
    spec = with_(hook=Hooks(post_stop=(("true",),)))

    stopping, asked = play(*UP, bad(), spec=spec)
    after, _ = play(Told.HOOKS_FAILED, spec=spec, instance=stopping)

    assert asked[-1] is Effect.RUN_POST_STOP
    assert after.phase is Phase.BACKOFF


def test_an_exit_without_a_program_changes_nothing() -> None:
    starting, _ = play(Told.START)

    assert play(bad(), instance=starting) == (starting, [])


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
        *(Told.STOP, Told.TIME_OVER, Told.TIME_OVER, Told.TIME_OVER),
        spec=with_(stop=StopPolicy(sequence=steps)),
    )

    assert asked.count(Effect.TAKE_STEP) == 3
    assert instance.stage is Stage.KILLING


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


# --- pause, reload, reset, probes, memory


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


def test_a_failed_live_probe_restarts_under_a_budget_of_its_own() -> None:
    sick = Input(kind=Told.PROBE_FAILED, at=2.0, reason="live probe failed")
    instance, _ = play(*UP)
    delays = []
    while instance.phase is not Phase.FAILED:
        instance, _ = play(sick, bad(), Told.SWEPT, instance=instance)
        delays.append(instance.delay)
        if instance.phase is Phase.BACKOFF:
            instance, _ = play(Told.TIME_OVER, Told.SPAWNED, Told.READY, instance=instance)

    assert delays == [1.0, 2.0, 4.0, 0.0]
    assert (instance.failures, len(instance.probe_failures)) == ((), 4)
    assert "live probe failed" in instance.reason


def test_a_long_healthy_run_resets_the_wait_after_failed_probes() -> None:
    before = replace(play(*UP)[0], probe_tries=3)
    sick = Input(kind=Told.PROBE_FAILED, at=90.0)

    instance, _ = play(sick, bad(at=91.0), Told.SWEPT, instance=before)

    assert instance.probe_tries == 1


def test_the_time_a_sick_program_takes_to_stop_does_not_make_its_run_stable() -> None:
    before = replace(play(*UP)[0], probe_tries=1)
    swept = Input(kind=Told.SWEPT, at=90.0)

    instance, _ = play(Told.PROBE_FAILED, bad(at=89.0), swept, instance=before)

    assert (instance.probe_tries, instance.delay) == (2, 2.0)


def test_a_failed_probe_fails_what_is_never_restarted() -> None:
    spec = policy(policy=RestartWhen.NEVER)

    instance, _ = play(*UP, Told.PROBE_FAILED, bad(), Told.SWEPT, spec=spec)

    assert instance.phase is Phase.FAILED


def test_too_much_memory_is_a_restart_and_no_failure() -> None:
    instance, _ = play(*UP, Told.MEMORY_EXCEEDED, bad(), Told.SWEPT)

    assert (instance.phase, instance.restarts, instance.failures) == (Phase.STARTING, 1, ())


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

    instance, _ = play(*UP, Told.DUE, Told.DUE, bad(), Told.SWEPT, spec=spec)

    assert instance.phase is Phase.STARTING


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


# --- the whole table

EVERYTHING = with_(
    needs={"db": Need.READY},
    hook=Hooks(pre_start=(("a",),), pre_stop=(("b",),), post_stop=(("c",),)),
)
WARM: tuple[Told | Input, ...] = (Told.START, Told.NEEDS_MET, Told.HOOKS_DONE, Told.SPAWNED)
RUN = (*WARM, Told.READY)
STOPPED_SO_FAR = (*RUN, Told.STOP, Told.HOOKS_DONE)
WAYS: dict[str, tuple[Told | Input, ...]] = {
    "stopped": (),
    "starting/needs": WARM[:1],
    "starting/pre_start": WARM[:2],
    "starting/spawning": WARM[:3],
    "starting/warming": WARM,
    "running": RUN,
    "pausing": (*RUN, Told.PAUSE),
    "paused": (*RUN, Told.PAUSE, Told.FROZEN),
    "resuming": (*RUN, Told.PAUSE, Told.FROZEN, Told.RESUME),
    "stopping/pre_stop": (*RUN, Told.STOP),
    "stopping/asking": STOPPED_SO_FAR,
    "stopping/killing": (*STOPPED_SO_FAR, Told.TIME_OVER),
    "stopping/sweeping": (*STOPPED_SO_FAR, bad()),
    "stopping/post_stop": (*STOPPED_SO_FAR, bad(), Told.SWEPT),
    "backoff": (*RUN, bad(), Told.HOOKS_DONE),
    "failed": (*WARM[:3], Input(kind=Told.SPAWN_FAILED, permanent=True)),
    "finished": (*RUN, ok(), Told.HOOKS_DONE),
}
_UP = "start: {0}  arm: {0}  stop: stopping/pre_stop  restart: stopping/pre_stop"
_DOWN = "start: {0}  arm: {0}  restart: {0}  stop: {0}"
_REST = "start: starting/needs  restart: starting/needs  stop: stopped  arm: {0}"
LIFE = {
    "stopped": _REST,
    "starting/needs": """start: {0}  arm: {0}  restart: {0}  stop: stopped
        needs-met: starting/pre_start""",
    "starting/pre_start": """start: {0}  arm: {0}  restart: starting/needs  stop: stopped
        hooks-done: starting/spawning  hooks-failed: backoff""",
    "starting/spawning": """start: {0}  arm: {0}  restart: {0}  stop: {0}
        spawned: starting/warming  spawn-failed: backoff""",
    "starting/warming": f"""{_UP}
        ready: running  time-over: stopping/asking  exited: stopping/post_stop""",
    "running": f"""{_UP}  reload: stopping/pre_stop  pause: pausing  exited: stopping/post_stop
        probe-failed: stopping/pre_stop  memory-exceeded: stopping/pre_stop""",
    "pausing": f"{_UP}  frozen: paused  exited: stopping/post_stop",
    "paused": f"{_UP}  resume: resuming  exited: stopping/post_stop",
    "resuming": f"{_UP}  thawed: running  exited: stopping/post_stop",
    "stopping/pre_stop": f"""{_DOWN}  exited: stopping/sweeping
        hooks-done: stopping/asking  hooks-failed: stopping/asking""",
    "stopping/asking": f"{_DOWN}  exited: stopping/sweeping  time-over: stopping/killing",
    "stopping/killing": f"{_DOWN}  exited: stopping/sweeping  time-over: stopping/killing",
    "stopping/sweeping": f"{_DOWN}  swept: stopping/post_stop",
    "stopping/post_stop": f"{_DOWN}  hooks-done: stopped  hooks-failed: stopped",
    "backoff": f"{_REST}  reset: starting/needs  time-over: starting/needs",
    "failed": f"{_REST}  reset: starting/needs",
    "finished": _REST,
}


def where(instance: Instance) -> str:
    staged = instance.stage is not Stage.NONE
    return f"{instance.phase}/{instance.stage}" if staged else f"{instance.phase}"


@pytest.mark.parametrize("place", WAYS)
def test_whatever_it_is_told_it_goes_where_the_table_says(place: str) -> None:
    instance, _ = play(*WAYS[place], spec=EVERYTHING)
    leads = dict(re.findall(r"([a-z-]+): ([a-z/_]+)", LIFE[place].format(place)))

    assert where(instance) == place
    for told in Told:
        after, asked = play(told, spec=EVERYTHING, instance=instance)
        assert where(after) == leads.get(told, place), told
        if told not in leads:
            assert (after, asked) == (instance.forgiven() if told == "reset" else instance, [])


def test_an_input_without_a_meaning_changes_nothing() -> None:
    assert play(Told.FROZEN) == (Instance(), [])
