"""What follows a run: the policy, the waits and the budgets."""

from __future__ import annotations

from dataclasses import replace

import pytest

from svcctl.engine.life import Effect, Ending, Input, Instance, Phase, Stage, Told
from svcctl.spec.policy import (
    Hooks,
    RestartWhen,
)
from svcctl.spec.service import Type
from svcctl.testing.play import UP, bad, ok, play, policy, with_

# --- crash, backoff, budget


def test_each_crash_waits_longer_and_then_the_service_gives_up() -> None:
    instance, _ = play(*UP)
    delays = []
    for _ in range(4):
        instance, _ = play(bad(), instance=instance)
        delays.append(instance.delay)
        if instance.phase is Phase.BACKOFF:
            instance, _ = play(Told.TIME_OVER, Told.SPAWNED, Told.READY, instance=instance)

    assert delays == [1.0, 2.0, 4.0, 0.0]
    assert (instance.phase, instance.restarts) == (Phase.FAILED, 3)
    assert instance.reason == "gave up after 4 failures; the last: exit code 1"


def test_failures_older_than_the_window_are_forgotten() -> None:
    instance, _ = play(*UP, bad(at=3), Told.TIME_OVER, Told.SPAWNED, Told.READY)

    instance, _ = play(bad(at=500), instance=instance)

    assert instance.failures == (500,)


def test_a_failure_counts_until_the_window_is_over() -> None:
    before = replace(play(*UP)[0], failures=(60.0,))

    within, _ = play(bad(at=159.0), instance=before)
    over, _ = play(bad(at=160.0), instance=before)

    assert (within.failures, over.failures) == ((60.0, 159.0), (160.0,))


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


# --- bad health and too much memory


def test_a_failed_live_probe_restarts_under_a_budget_of_its_own() -> None:
    sick = Input(kind=Told.PROBE_FAILED, at=2.0, reason="live probe failed")
    instance, _ = play(*UP)
    delays = []
    for _ in range(4):
        instance, _ = play(sick, bad(), Told.SWEPT, instance=instance)
        delays.append(instance.delay)
        if instance.phase is Phase.BACKOFF:
            instance, _ = play(Told.TIME_OVER, Told.SPAWNED, Told.READY, instance=instance)

    assert delays == [1.0, 2.0, 4.0, 0.0]
    assert (instance.phase, instance.failures) == (Phase.FAILED, ())
    assert len(instance.probe_failures) == 4
    assert instance.reason == "gave up after 4 failures; the last: live probe failed"


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
