"""The life of one instance, as a table.

``step(instance, told, spec)`` gives the next instance and the effects to carry out.  Nothing here
knows a clock, a process or a file: every path can be tested in microseconds, and no two platforms
can differ in what they decide.  What is not in the table changes nothing.

=============  =============================================================================
told           in phase: what follows
=============  =============================================================================
start          stopped failed finished backoff: starting, failures forgiven; stopping: queued
stop           starting without a program, backoff: stopped; with a program: stopping;
               stopping: a queued start is forgotten; failed finished: stopped;
               while a spawn is under way: as soon as that is over
restart        with a program: stopping, then starting; stopping: queued; else as start
pause          running: pausing            frozen  pausing: paused
resume         paused: resuming            thawed  resuming: running
reload         running: told to the program, or restarted where it cannot be
reset          failed: starting if it is meant to be up, else stopped; backoff: starting;
               else only the failures are forgotten
arm            the schedule is armed
due            at rest: starting; active: skipped, queued or restarted
needs-met      starting/needs: pre_start or spawn
hooks-done     starting/pre_start: spawn; stopping/pre_stop: asking; stopping/post_stop: over
hooks-failed   starting/pre_start: failure; stopping: as hooks-done
spawned        starting: warming           spawn-failed  starting: failure (or failed at once)
ready          starting/warming: running
time-over      warming: stopping; asking: next step, then killing; killing: killing; backoff:
               starting
probe-failed   running: stopping, then failure under a budget of its own
memory-exc…    running: stopping, then starting
exited         stopping: sweeping; else: over, by way of sweeping and post_stop where needed
swept          sweeping: post_stop or over
=============  =============================================================================

*Over* means: starting where a start is queued or the end was a restart; stopped where it was asked
for; else by the restart policy finished, backoff (starting at once where the delay is 0) or, with
the crash budget spent, failed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from svcctl.engine.backoff import wait
from svcctl.engine.life import Cause, Effect, Ending, Input, Instance, Phase, Stage, Told
from svcctl.spec.policy import Overlap, RestartWhen
from svcctl.spec.service import ServiceSpec, Type

Step = tuple[Instance, tuple[Effect, ...]]
Row = Callable[[Instance, Input, ServiceSpec], Step]

_RETRIED = {
    RestartWhen.ALWAYS: frozenset({Ending.OK, Ending.BAD, Ending.ABNORMAL}),
    RestartWhen.ON_FAILURE: frozenset({Ending.BAD, Ending.ABNORMAL}),
    RestartWhen.ON_ABNORMAL: frozenset({Ending.ABNORMAL}),
    RestartWhen.NEVER: frozenset[Ending](),
}


def step(instance: Instance, told: Input, spec: ServiceSpec) -> Step:
    """Decide; an input that means nothing in this phase changes nothing."""
    row = _TABLE.get((instance.phase, told.kind)) or _ANYWHERE.get(told.kind)
    return row(instance, told, spec) if row else (instance, ())


# --- on the way up


def _start(instance: Instance, told: Input, spec: ServiceSpec) -> Step:
    """A person's start: failures are forgiven."""
    return _begin(_forgiven(replace(instance, wanted=True)), told, spec)


def _begin(instance: Instance, _: Input, spec: ServiceSpec) -> Step:
    """Go through the stages of a start from the first one that applies."""
    fresh = replace(
        instance,
        phase=Phase.STARTING,
        ready=False,
        again=False,
        queued=False,
        delay=0.0,
        step=0,
        ending=None,
        cause=Cause.NONE,
        reason="",
    )
    if spec.needs or spec.after:
        return replace(fresh, stage=Stage.NEEDS), (Effect.DISARM, Effect.AWAIT_NEEDS)
    after, effects = _prepare(fresh, spec)
    return after, (Effect.DISARM, *effects)


def _prepare(instance: Instance, spec: ServiceSpec) -> Step:
    if spec.hook.pre_start:
        return replace(instance, stage=Stage.PRE_START), (Effect.RUN_PRE_START,)
    return replace(instance, stage=Stage.SPAWNING), (Effect.SPAWN,)


def _needs_met(instance: Instance, _: Input, spec: ServiceSpec) -> Step:
    return _prepare(instance, spec) if instance.stage is Stage.NEEDS else (instance, ())


def _spawned(instance: Instance, told: Input, spec: ServiceSpec) -> Step:
    if instance.stage is not Stage.SPAWNING:
        return instance, ()
    warming = replace(instance, stage=Stage.WARMING, child=True, spawned_at=told.at)
    if not instance.wanted:
        return _take_down(warming, told, spec, cause=Cause.ASKED, reason=instance.reason)
    return warming, (Effect.WATCH_READY,)


def _spawn_failed(instance: Instance, told: Input, spec: ServiceSpec) -> Step:
    if instance.stage is not Stage.SPAWNING:
        return instance, ()
    ended = replace(instance, ending=Ending.BAD, reason=told.reason, spawned_at=told.at)
    if not instance.wanted:
        return _rest(ended, Phase.STOPPED, instance.reason)
    if told.permanent:
        return _fail(ended, told.reason)
    return _retry(ended, told, spec)


def _ready(instance: Instance, _: Input, spec: ServiceSpec) -> Step:
    if instance.stage is not Stage.WARMING:
        return instance, ()
    running = replace(instance, phase=Phase.RUNNING, stage=Stage.NONE, ready=True, reason="")
    hooks = (Effect.RUN_POST_START,) if spec.hook.post_start else ()
    return running, (Effect.DISARM, Effect.WATCH_LIVE, *hooks)


def _starting_hooks_done(instance: Instance, _: Input, __: ServiceSpec) -> Step:
    if instance.stage is not Stage.PRE_START:
        return instance, ()
    return replace(instance, stage=Stage.SPAWNING), (Effect.SPAWN,)


def _starting_hooks_failed(instance: Instance, told: Input, spec: ServiceSpec) -> Step:
    if instance.stage is not Stage.PRE_START:
        return instance, ()
    ended = replace(instance, ending=Ending.BAD, reason=told.reason, spawned_at=told.at)
    return _retry(ended, told, spec)


def _starting_time_over(instance: Instance, told: Input, spec: ServiceSpec) -> Step:
    if instance.stage is not Stage.WARMING:
        return instance, ()
    return _take_down(instance, told, spec, cause=Cause.NOT_READY, reason="not ready in time")


# --- on the way down


def _take_down(
    instance: Instance, _: Input, spec: ServiceSpec, *, cause: Cause, reason: str
) -> Step:
    """Ask the program to end; *cause* decides what follows."""
    going = replace(instance, phase=Phase.STOPPING, ready=False, step=0, cause=cause, reason=reason)
    thaw = (Effect.THAW,) if instance.phase in {Phase.PAUSED, Phase.PAUSING} else ()
    before = (*thaw, Effect.DISARM, Effect.UNWATCH)
    if spec.hook.pre_stop and cause is not Cause.NOT_READY:
        return replace(going, stage=Stage.PRE_STOP), (*before, Effect.RUN_PRE_STOP)
    return replace(going, stage=Stage.ASKING), (*before, Effect.TAKE_STEP)


def _stop(instance: Instance, told: Input, spec: ServiceSpec) -> Step:
    unwanted = replace(instance, wanted=False, again=False, queued=False)
    disarm = (Effect.DISARM_SCHEDULE,) if spec.schedule else ()
    if instance.stage is Stage.SPAWNING:
        return replace(unwanted, reason=told.reason), disarm
    if not instance.child:
        after, effects = _rest(unwanted, Phase.STOPPED, told.reason)
        return after, (*effects, Effect.UNWATCH, *disarm)
    after, effects = _take_down(unwanted, told, spec, cause=Cause.ASKED, reason=told.reason)
    return after, (*effects, *disarm)


def _stop_while_stopping(instance: Instance, told: Input, spec: ServiceSpec) -> Step:
    """The last word counts: no start follows, whatever this stop was begun for."""
    disarm = (Effect.DISARM_SCHEDULE,) if spec.schedule else ()
    unwanted = replace(
        instance, wanted=False, again=False, queued=False, cause=Cause.ASKED, reason=told.reason
    )
    return unwanted, disarm


def _restart(instance: Instance, told: Input, spec: ServiceSpec) -> Step:
    if instance.stage is Stage.SPAWNING:
        return _want(instance, told, spec)
    if not instance.child:
        after, effects = _start(instance, told, spec)
        return after, (Effect.UNWATCH, *effects)
    again = replace(_forgiven(instance), wanted=True, again=True)
    return _take_down(again, told, spec, cause=Cause.ASKED, reason="restart")


def _queue_start(instance: Instance, _: Input, __: ServiceSpec) -> Step:
    return replace(instance, wanted=True, again=True), ()


def _want(instance: Instance, _: Input, __: ServiceSpec) -> Step:
    return replace(instance, wanted=True), ()


def _stopping_hooks_over(instance: Instance, told: Input, spec: ServiceSpec) -> Step:
    if instance.stage is Stage.PRE_STOP:
        return replace(instance, stage=Stage.ASKING, step=0), (Effect.TAKE_STEP,)
    if instance.stage is Stage.POST_STOP:
        return _over(instance, told, spec)
    return instance, ()


def _stopping_time_over(instance: Instance, _: Input, spec: ServiceSpec) -> Step:
    if instance.stage is Stage.ASKING and instance.step + 1 < len(spec.stop.steps()):
        return replace(instance, step=instance.step + 1), (Effect.TAKE_STEP,)
    if instance.stage in {Stage.ASKING, Stage.KILLING}:
        return replace(instance, stage=Stage.KILLING), (Effect.KILL,)
    return instance, ()


def _exited_while_stopping(instance: Instance, told: Input, _: ServiceSpec) -> Step:
    if not instance.child:
        return instance, ()
    gone = replace(instance, child=False, stage=Stage.SWEEPING, ending=told.ending)
    return gone, (Effect.DISARM, Effect.UNWATCH, Effect.SWEEP)


def _swept(instance: Instance, told: Input, spec: ServiceSpec) -> Step:
    if instance.stage is not Stage.SWEEPING:
        return instance, ()
    if spec.hook.post_stop:
        return replace(instance, stage=Stage.POST_STOP), (Effect.RUN_POST_STOP,)
    return _over(instance, told, spec)


def _exited(instance: Instance, told: Input, spec: ServiceSpec) -> Step:
    """The program ended, and nobody had asked it to."""
    if not instance.child:
        return instance, ()
    ending = told.ending
    unready = instance.stage is Stage.WARMING and spec.type is Type.SERVICE
    if unready and ending is Ending.OK:
        ending = Ending.BAD
    gone = replace(
        instance,
        child=False,
        ready=False,
        ending=ending,
        cause=Cause.EXITED,
        reason=told.reason,
    )
    before = (Effect.DISARM, Effect.UNWATCH)
    if told.leftover:
        sweeping = replace(gone, phase=Phase.STOPPING, stage=Stage.SWEEPING)
        return sweeping, (*before, Effect.SWEEP)
    if spec.hook.post_stop:
        stopping = replace(gone, phase=Phase.STOPPING, stage=Stage.POST_STOP)
        return stopping, (*before, Effect.RUN_POST_STOP)
    after, effects = _over(gone, told, spec)
    return after, (*before, *effects)


# --- what comes after a run


def _over(instance: Instance, told: Input, spec: ServiceSpec) -> Step:
    """The run is over and swept up: decide what comes next."""
    if instance.again:
        return _begin(instance, told, spec)
    match instance.cause:
        case Cause.ASKED:
            after, effects = _rest(instance, Phase.STOPPED, instance.reason)
        case Cause.MEMORY:
            return _begin_again(instance, told, spec)
        case Cause.PROBE:
            after, effects = _retry_unhealthy(instance, told, spec)
        case Cause.NOT_READY:
            abnormal = replace(instance, ending=Ending.ABNORMAL)
            after, effects = _by_policy(abnormal, told, spec)
        case _:
            after, effects = _by_policy(instance, told, spec)
    if instance.queued and after.phase in {Phase.FINISHED, Phase.FAILED}:
        return _start(after, told, spec)
    return after, effects


def _begin_again(instance: Instance, told: Input, spec: ServiceSpec) -> Step:
    """Start by itself: this is what ``restarts`` counts."""
    return _begin(replace(instance, restarts=instance.restarts + 1), told, spec)


def _by_policy(instance: Instance, told: Input, spec: ServiceSpec) -> Step:
    ending = instance.ending
    runs_once = spec.type is Type.ONESHOT or spec.schedule is not None
    if ending is Ending.OK and (runs_once or spec.restart.policy is not RestartWhen.ALWAYS):
        done = replace(instance, tries=0, failures=(), probe_tries=0, probe_failures=())
        return _rest(done, Phase.FINISHED, instance.reason)
    if ending not in _RETRIED[spec.restart.policy]:
        return _fail(instance, instance.reason)
    return _retry(instance, told, spec)


def _retry(instance: Instance, told: Input, spec: ServiceSpec) -> Step:
    """Start again after a wait, unless the crash budget is spent."""
    policy = spec.restart
    stable = told.at - instance.spawned_at >= policy.min_uptime
    tries = (0 if stable else instance.tries) + 1
    counted = not (stable and instance.ending is Ending.OK)
    failures = tuple(at for at in instance.failures if told.at - at < policy.window)
    if counted:
        failures = (*failures, told.at)
    after = replace(instance, tries=tries, failures=_bounded(failures, policy.max))
    if 0 < policy.max < len(failures):
        return _fail(after, _gave_up(len(failures), instance.reason))
    return _back_off(after, tries, told, spec)


def _retry_unhealthy(instance: Instance, told: Input, spec: ServiceSpec) -> Step:
    """As :func:`_retry`, with the budget and backoff of failed probes."""
    policy = spec.restart
    if policy.policy is RestartWhen.NEVER:
        return _fail(instance, instance.reason)
    stable = told.at - instance.spawned_at >= policy.min_uptime
    tries = (0 if stable else instance.probe_tries) + 1
    failures = tuple(at for at in instance.probe_failures if told.at - at < policy.window)
    failures = (*failures, told.at)
    after = replace(instance, probe_tries=tries, probe_failures=_bounded(failures, policy.max))
    if 0 < policy.max < len(failures):
        return _fail(after, _gave_up(len(failures), instance.reason))
    return _back_off(after, tries, told, spec)


def _bounded(failures: tuple[float, ...], most: int) -> tuple[float, ...]:
    """Keep no more than decide anything: the journal must not grow."""
    return failures[-(most + 1) :] if most else ()


def _back_off(instance: Instance, tries: int, told: Input, spec: ServiceSpec) -> Step:
    policy = spec.restart
    delay = wait(
        tries,
        first=policy.delay,
        factor=policy.factor,
        most=policy.max_delay,
        jitter=policy.jitter,
        chance=told.chance,
    )
    if delay <= 0:
        return _begin_again(instance, told, spec)
    waiting = replace(instance, phase=Phase.BACKOFF, stage=Stage.NONE, delay=delay, child=False)
    return waiting, (Effect.DISARM, Effect.WAIT)


def _gave_up(failures: int, reason: str) -> str:
    return f"gave up after {failures} failures; the last: {reason}"


def _fail(instance: Instance, reason: str) -> Step:
    return _rest(instance, Phase.FAILED, reason)


def _rest(instance: Instance, phase: Phase, reason: str) -> Step:
    resting = replace(
        instance,
        phase=phase,
        stage=Stage.NONE,
        child=False,
        ready=False,
        again=False,
        delay=0.0,
        cause=Cause.NONE,
        reason=reason,
    )
    return resting, (Effect.DISARM,)


def _forgiven(instance: Instance) -> Instance:
    return replace(instance, failures=(), probe_failures=(), tries=0, probe_tries=0)


# --- the rest


def _probe_failed(instance: Instance, told: Input, spec: ServiceSpec) -> Step:
    return _take_down(instance, told, spec, cause=Cause.PROBE, reason=told.reason)


def _memory_exceeded(instance: Instance, told: Input, spec: ServiceSpec) -> Step:
    return _take_down(instance, told, spec, cause=Cause.MEMORY, reason=told.reason)


def _pause(instance: Instance, _: Input, __: ServiceSpec) -> Step:
    pausing = replace(instance, phase=Phase.PAUSING, ready=False)
    return pausing, (Effect.UNWATCH, Effect.FREEZE)


def _frozen(instance: Instance, _: Input, __: ServiceSpec) -> Step:
    return replace(instance, phase=Phase.PAUSED), ()


def _resume(instance: Instance, _: Input, __: ServiceSpec) -> Step:
    return replace(instance, phase=Phase.RESUMING), (Effect.THAW,)


def _thawed(instance: Instance, _: Input, __: ServiceSpec) -> Step:
    return replace(instance, phase=Phase.RUNNING, ready=True), (Effect.WATCH_LIVE,)


def _reload(instance: Instance, told: Input, spec: ServiceSpec) -> Step:
    if spec.reload.signal or spec.reload.exec:
        return instance, (Effect.RELOAD,)
    return _restart(instance, told, spec)


def _reset_failed(instance: Instance, told: Input, spec: ServiceSpec) -> Step:
    forgiven = _forgiven(instance)
    if instance.wanted:
        return _begin(forgiven, told, spec)
    return _rest(forgiven, Phase.STOPPED, "")


def _reset_backoff(instance: Instance, told: Input, spec: ServiceSpec) -> Step:
    return _begin(_forgiven(instance), told, spec)


def _reset(instance: Instance, _: Input, __: ServiceSpec) -> Step:
    return _forgiven(instance), ()


def _arm(instance: Instance, _: Input, spec: ServiceSpec) -> Step:
    effects = (Effect.ARM_SCHEDULE,) if spec.schedule else ()
    return replace(instance, wanted=True), effects


def _due_at_rest(instance: Instance, told: Input, spec: ServiceSpec) -> Step:
    if not instance.wanted:
        return instance, ()
    after, effects = _start(instance, told, spec)
    return after, (Effect.ARM_SCHEDULE, *effects)


def _due_while_active(instance: Instance, told: Input, spec: ServiceSpec) -> Step:
    if spec.schedule is None or not instance.wanted:
        return instance, ()
    if spec.schedule.overlap is Overlap.SKIP:
        return instance, (Effect.ARM_SCHEDULE, Effect.SKIP_RUN)
    if spec.schedule.overlap is Overlap.QUEUE:
        return replace(instance, queued=True), (Effect.ARM_SCHEDULE,)
    if instance.phase is Phase.STOPPING:
        return replace(instance, again=True), (Effect.ARM_SCHEDULE,)
    after, effects = _restart(instance, told, spec)
    return after, (Effect.ARM_SCHEDULE, *effects)


def _start_scheduled(instance: Instance, told: Input, spec: ServiceSpec) -> Step:
    """A start from rest also arms the schedule."""
    after, effects = _start(instance, told, spec)
    return after, (*((Effect.ARM_SCHEDULE,) if spec.schedule else ()), *effects)


_AT_REST = (Phase.STOPPED, Phase.FAILED, Phase.FINISHED)
_WITH_PROGRAM = (Phase.RUNNING, Phase.PAUSING, Phase.PAUSED, Phase.RESUMING)

_TABLE: dict[tuple[Phase, Told], Row] = {
    **{(phase, Told.START): _start_scheduled for phase in (*_AT_REST, Phase.BACKOFF)},
    **{(phase, Told.RESTART): _start_scheduled for phase in (*_AT_REST, Phase.BACKOFF)},
    **{(phase, Told.DUE): _due_at_rest for phase in (*_AT_REST, Phase.BACKOFF)},
    **{(phase, Told.START): _want for phase in (Phase.STARTING, *_WITH_PROGRAM)},
    **{(phase, Told.RESTART): _restart for phase in (Phase.STARTING, *_WITH_PROGRAM)},
    **{(phase, Told.EXITED): _exited for phase in (Phase.STARTING, *_WITH_PROGRAM)},
    (Phase.STARTING, Told.NEEDS_MET): _needs_met,
    (Phase.STARTING, Told.HOOKS_DONE): _starting_hooks_done,
    (Phase.STARTING, Told.HOOKS_FAILED): _starting_hooks_failed,
    (Phase.STARTING, Told.SPAWNED): _spawned,
    (Phase.STARTING, Told.SPAWN_FAILED): _spawn_failed,
    (Phase.STARTING, Told.READY): _ready,
    (Phase.STARTING, Told.TIME_OVER): _starting_time_over,
    (Phase.RUNNING, Told.PAUSE): _pause,
    (Phase.PAUSING, Told.FROZEN): _frozen,
    (Phase.PAUSED, Told.RESUME): _resume,
    (Phase.RESUMING, Told.THAWED): _thawed,
    (Phase.RUNNING, Told.RELOAD): _reload,
    (Phase.RUNNING, Told.PROBE_FAILED): _probe_failed,
    (Phase.RUNNING, Told.MEMORY_EXCEEDED): _memory_exceeded,
    (Phase.BACKOFF, Told.TIME_OVER): _begin_again,
    (Phase.BACKOFF, Told.RESET): _reset_backoff,
    (Phase.FAILED, Told.RESET): _reset_failed,
    (Phase.STOPPING, Told.START): _queue_start,
    (Phase.STOPPING, Told.RESTART): _queue_start,
    (Phase.STOPPING, Told.STOP): _stop_while_stopping,
    (Phase.STOPPING, Told.HOOKS_DONE): _stopping_hooks_over,
    (Phase.STOPPING, Told.HOOKS_FAILED): _stopping_hooks_over,
    (Phase.STOPPING, Told.TIME_OVER): _stopping_time_over,
    (Phase.STOPPING, Told.EXITED): _exited_while_stopping,
    (Phase.STOPPING, Told.SWEPT): _swept,
}

_ANYWHERE: dict[Told, Row] = {
    Told.STOP: _stop,
    Told.RESET: _reset,
    Told.ARM: _arm,
    Told.DUE: _due_while_active,
}
