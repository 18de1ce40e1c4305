"""What follows the end of a run: another one, now or after a wait, or rest."""

from __future__ import annotations

from dataclasses import replace

from svcctl.engine.backoff import wait
from svcctl.engine.life import Cause, Ending, Input, Instance, Phase
from svcctl.spec.policy import RestartWhen
from svcctl.spec.service import ServiceSpec, Type

_RETRIED = {
    RestartWhen.ALWAYS: frozenset({Ending.OK, Ending.BAD, Ending.ABNORMAL}),
    RestartWhen.ON_FAILURE: frozenset({Ending.BAD, Ending.ABNORMAL}),
    RestartWhen.ON_ABNORMAL: frozenset({Ending.ABNORMAL}),
    RestartWhen.NEVER: frozenset[Ending](),
}


def outcome(instance: Instance, told: Input, spec: ServiceSpec) -> Instance:
    """Give *instance* in the phase that follows, with counts, delay and reason; it is swept up.

    That is starting where a start is queued or the end was a restart, stopped where it was asked
    for, and else what the restart policy says.
    """
    if instance.again:
        return replace(instance, phase=Phase.STARTING)
    match instance.cause:
        case Cause.ASKED:
            return replace(instance, phase=Phase.STOPPED)
        case Cause.MEMORY:
            return _restarted(instance)
        case Cause.PROBE:
            return _after_bad_health(instance, told, spec)
        case Cause.NOT_READY:
            return _by_policy(replace(instance, ending=Ending.ABNORMAL), told, spec)
        case _:
            return _by_policy(instance, told, spec)


def is_stable(instance: Instance, told: Input, spec: ServiceSpec) -> bool:
    """Say whether the run that ends now was a good one; it was not if it never became ready."""
    long_enough = told.at - instance.spawned_at >= spec.restart.min_uptime
    return long_enough and instance.phase is not Phase.STARTING


def _by_policy(instance: Instance, told: Input, spec: ServiceSpec) -> Instance:
    when, ending = spec.restart.policy, instance.ending
    runs_once = spec.type is Type.ONESHOT or spec.schedule is not None
    if ending is Ending.OK and (runs_once or when is not RestartWhen.ALWAYS):
        return _concluded(instance.forgiven(), Phase.FINISHED)
    if ending not in _RETRIED[when]:
        return _concluded(instance, Phase.FAILED)
    return _after_crash(instance, told, spec)


def _after_crash(instance: Instance, told: Input, spec: ServiceSpec) -> Instance:
    tries = 1 if instance.stable else instance.tries + 1
    failed = not (instance.stable and instance.ending is Ending.OK)
    failures = _counted(instance.failures, told, spec, failed=failed)
    after = replace(instance, tries=tries, failures=failures)
    return _retried(after, told, spec, tries=tries, failures=len(failures))


def _after_bad_health(instance: Instance, told: Input, spec: ServiceSpec) -> Instance:
    if spec.restart.policy is RestartWhen.NEVER:
        return _concluded(instance, Phase.FAILED)
    tries = 1 if instance.stable else instance.probe_tries + 1
    failures = _counted(instance.probe_failures, told, spec, failed=True)
    after = replace(instance, probe_tries=tries, probe_failures=failures)
    return _retried(after, told, spec, tries=tries, failures=len(failures))


def _counted(
    failures: tuple[float, ...], told: Input, spec: ServiceSpec, *, failed: bool
) -> tuple[float, ...]:
    """Give the failures that count; without a limit none does, and the journal does not grow."""
    if not spec.restart.max:
        return ()
    recent = tuple(at for at in failures if told.at - at < spec.restart.window)
    return (*recent, told.at) if failed else recent


def _retried(
    instance: Instance, told: Input, spec: ServiceSpec, *, tries: int, failures: int
) -> Instance:
    """Start again after a wait, unless the budget is spent."""
    policy = spec.restart
    if failures > policy.max:
        reason = f"gave up after {failures} failures; the last: {instance.reason}"
        return _concluded(replace(instance, reason=reason), Phase.FAILED)
    delay = wait(
        tries,
        first=policy.delay,
        factor=policy.factor,
        most=policy.max_delay,
        jitter=policy.jitter,
        chance=told.chance,
    )
    if delay <= 0:
        return _restarted(instance)
    return replace(instance, phase=Phase.BACKOFF, delay=delay)


def _restarted(instance: Instance) -> Instance:
    return replace(instance, phase=Phase.STARTING, restarts=instance.restarts + 1)


def _concluded(instance: Instance, phase: Phase) -> Instance:
    """No retry follows: rest, unless one more scheduled run is due."""
    if instance.queued:
        return replace(instance.forgiven(), phase=Phase.STARTING, queued=False)
    return replace(instance, phase=phase)
