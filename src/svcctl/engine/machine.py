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
freeze-failed  pausing: running            thaw-failed  resuming: paused
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
for; else by the restart policy backoff (starting at once where the delay is 0), finished or, with
the crash budget spent, failed; instead of the last two, starting where a scheduled run is queued.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from svcctl.engine.life import Cause, Effect, Ending, Input, Instance, Phase, Stage, Told
from svcctl.engine.outcome import is_stable, outcome
from svcctl.spec.policy import Overlap
from svcctl.spec.service import ServiceSpec, Type

Step = tuple[Instance, tuple[Effect, ...]]
Row = Callable[[Instance, Input, ServiceSpec], Step]


def step(instance: Instance, told: Input, spec: ServiceSpec) -> Step:
    """Decide; an input that means nothing in this phase changes nothing."""
    row = _TABLE.get((instance.phase, told.kind)) or _ANYWHERE.get(told.kind)
    return row(instance, told, spec) if row else (instance, ())


# --- on the way up


def _start(instance: Instance, spec: ServiceSpec) -> Step:
    """A start that was asked for, or is due: failures are forgiven."""
    return _begin(replace(instance.forgiven(), wanted=True, queued=False), spec)


def _begin(instance: Instance, spec: ServiceSpec) -> Step:
    """Go through the stages of a start from the first one that applies."""
    fresh = replace(
        instance,
        phase=Phase.STARTING,
        again=False,
        delay=0.0,
        stable=False,
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
    if not instance.wanted:
        return _rest(instance, Phase.STOPPED, instance.reason)
    return _start_failed(instance, told, spec)


def _start_failed(instance: Instance, told: Input, spec: ServiceSpec) -> Step:
    """A start that failed counts as a crash does."""
    ending = Ending.NEVER if told.permanent else Ending.BAD
    return _over(replace(instance, ending=ending, reason=told.reason), told, spec)


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
    return _start_failed(instance, told, spec)


def _starting_time_over(instance: Instance, told: Input, spec: ServiceSpec) -> Step:
    if instance.stage is not Stage.WARMING:
        return instance, ()
    return _take_down(instance, told, spec, cause=Cause.NOT_READY, reason="not ready in time")


# --- on the way down


def _take_down(
    instance: Instance, told: Input, spec: ServiceSpec, *, cause: Cause, reason: str
) -> Step:
    """Ask the program to end; *cause* decides what follows."""
    going = replace(
        instance,
        phase=Phase.STOPPING,
        ready=False,
        stable=is_stable(instance, told, spec),
        step=0,
        cause=cause,
        reason=reason,
    )
    thaw = (Effect.THAW,) if instance.phase in {Phase.PAUSED, Phase.PAUSING} else ()
    before = (*thaw, Effect.DISARM, Effect.UNWATCH)
    if spec.hook.pre_stop and cause is not Cause.NOT_READY:
        return replace(going, stage=Stage.PRE_STOP), (*before, Effect.RUN_PRE_STOP)
    return replace(going, stage=Stage.ASKING), (*before, Effect.TAKE_STEP)


def _stop(instance: Instance, told: Input, spec: ServiceSpec) -> Step:
    unwanted = replace(instance, wanted=False, queued=False)
    if instance.stage is Stage.SPAWNING:
        return replace(unwanted, reason=told.reason), _disarming(spec)
    if not instance.child:
        after, effects = _rest(unwanted, Phase.STOPPED, told.reason)
        return after, (*effects, Effect.UNWATCH, *_disarming(spec))
    after, effects = _take_down(unwanted, told, spec, cause=Cause.ASKED, reason=told.reason)
    return after, (*effects, *_disarming(spec))


def _stop_while_stopping(instance: Instance, told: Input, spec: ServiceSpec) -> Step:
    """The last word counts: no start follows, whatever this stop was begun for."""
    unwanted = replace(
        instance, wanted=False, again=False, queued=False, cause=Cause.ASKED, reason=told.reason
    )
    return unwanted, _disarming(spec)


def _restart(instance: Instance, told: Input, spec: ServiceSpec) -> Step:
    if instance.stage is Stage.SPAWNING:
        return _want(instance, told, spec)
    if not instance.child:
        after, effects = _start(instance, spec)
        return after, (Effect.UNWATCH, *effects)
    again = replace(instance.forgiven(), wanted=True, again=True)
    return _take_down(again, told, spec, cause=Cause.ASKED, reason="restart")


def _queue_start(instance: Instance, _: Input, spec: ServiceSpec) -> Step:
    """A stop may have disarmed the schedule just before."""
    return replace(instance.forgiven(), wanted=True, again=True), _arming(spec)


def _want(instance: Instance, _: Input, spec: ServiceSpec) -> Step:
    return replace(instance, wanted=True), _arming(spec)


def _stopping_hooks_over(instance: Instance, told: Input, spec: ServiceSpec) -> Step:
    if instance.stage is Stage.PRE_STOP:
        return replace(instance, stage=Stage.ASKING), (Effect.TAKE_STEP,)
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
    ending, reason = told.ending, told.reason
    unready = instance.stage is Stage.WARMING and spec.type is Type.SERVICE
    if unready and ending is Ending.OK:
        ending, reason = Ending.BAD, f"{reason} before it was ready"
    gone = replace(
        instance,
        child=False,
        ready=False,
        stable=is_stable(instance, told, spec),
        ending=ending,
        cause=Cause.EXITED,
        reason=reason,
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
    """The run is over and swept up: go where that leads."""
    after = outcome(instance, told, spec)
    match after.phase:
        case Phase.STARTING:
            return _begin(after, spec)
        case Phase.BACKOFF:
            return replace(after, stage=Stage.NONE), (Effect.DISARM, Effect.WAIT)
        case _:
            return _rest(after, after.phase, after.reason)


def _begin_again(instance: Instance, _: Input, spec: ServiceSpec) -> Step:
    """The wait is over."""
    return _begin(replace(instance, restarts=instance.restarts + 1), spec)


def _rest(instance: Instance, phase: Phase, reason: str) -> Step:
    resting = replace(
        instance, phase=phase, stage=Stage.NONE, delay=0.0, cause=Cause.NONE, reason=reason
    )
    return resting, (Effect.DISARM,)


# --- the rest


def _probe_failed(instance: Instance, told: Input, spec: ServiceSpec) -> Step:
    return _take_down(instance, told, spec, cause=Cause.PROBE, reason=told.reason)


def _memory_exceeded(instance: Instance, told: Input, spec: ServiceSpec) -> Step:
    return _take_down(instance, told, spec, cause=Cause.MEMORY, reason=told.reason)


def _pause(instance: Instance, _: Input, __: ServiceSpec) -> Step:
    pausing = replace(instance, phase=Phase.PAUSING, ready=False, reason="")
    return pausing, (Effect.UNWATCH, Effect.FREEZE)


def _frozen(instance: Instance, _: Input, __: ServiceSpec) -> Step:
    return replace(instance, phase=Phase.PAUSED), ()


def _resume(instance: Instance, _: Input, __: ServiceSpec) -> Step:
    return replace(instance, phase=Phase.RESUMING, reason=""), (Effect.THAW,)


def _running_again(instance: Instance, told: Input, __: ServiceSpec) -> Step:
    """It goes on: because it was to, or because it could not be made to stand still."""
    running = replace(instance, phase=Phase.RUNNING, ready=True, reason=told.reason)
    return running, (Effect.WATCH_LIVE,)


def _still_paused(instance: Instance, told: Input, __: ServiceSpec) -> Step:
    return replace(instance, phase=Phase.PAUSED, reason=told.reason), ()


def _reload(instance: Instance, told: Input, spec: ServiceSpec) -> Step:
    if told.obliging or spec.reload.signal or spec.reload.exec:
        return instance, (Effect.RELOAD,)
    return _restart(instance, told, spec)


def _reset_failed(instance: Instance, _: Input, spec: ServiceSpec) -> Step:
    forgiven = instance.forgiven()
    if instance.wanted:
        return _begin(forgiven, spec)
    return _rest(forgiven, Phase.STOPPED, "")


def _reset_backoff(instance: Instance, _: Input, spec: ServiceSpec) -> Step:
    return _begin(instance.forgiven(), spec)


def _reset(instance: Instance, _: Input, __: ServiceSpec) -> Step:
    return instance.forgiven(), ()


def _arming(spec: ServiceSpec) -> tuple[Effect, ...]:
    return (Effect.ARM_SCHEDULE,) if spec.schedule else ()


def _disarming(spec: ServiceSpec) -> tuple[Effect, ...]:
    return (Effect.DISARM_SCHEDULE,) if spec.schedule else ()


def _due_at_rest(instance: Instance, _: Input, spec: ServiceSpec) -> Step:
    if spec.schedule is None or not instance.wanted:
        return instance, ()
    after, effects = _start(instance, spec)
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


def _start_scheduled(instance: Instance, _: Input, spec: ServiceSpec) -> Step:
    """A start from rest also arms the schedule."""
    after, effects = _start(instance, spec)
    return after, (*_arming(spec), *effects)


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
    (Phase.PAUSING, Told.FREEZE_FAILED): _running_again,
    (Phase.RESUMING, Told.THAWED): _running_again,
    (Phase.RESUMING, Told.THAW_FAILED): _still_paused,
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
    Told.ARM: _want,
    Told.DUE: _due_while_active,
}
